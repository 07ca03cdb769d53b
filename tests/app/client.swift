// A client of the reference service as an app would write it. It prints what it saw, one line a step.
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

struct Client {
    let base: String
    let token: String

    /// Sends a request and reads the answer; what is read must be the same JSON when it is written again.
    func call<Answer: Codable>(_ method: String, _ path: String, body: Data? = nil, as: Answer.Type) async throws -> Answer {
        var request = URLRequest(url: URL(string: base + path)!)
        request.httpMethod = method
        request.httpBody = body
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let (data, _) = try await URLSession.shared.data(for: request)
        let answer = try JSONDecoder().decode(Answer.self, from: data)
        let again = try JSONEncoder().encode(answer)
        let same = try JSONDecoder().decode(JSONValue.self, from: data) == JSONDecoder().decode(JSONValue.self, from: again)
        print(method, Answer.self, same ? "unchanged" : "changed: \(String(decoding: again, as: UTF8.self))")
        return answer
    }
}

let environment = ProcessInfo.processInfo.environment
let client = Client(base: environment["SERVICE"]!, token: environment["TOKEN"]!)
_ = try await client.call("GET", "/health", as: Health.self)

let wish = try JSONEncoder().encode(ProjectCreate(name: "Apollo", description: .value("é \u{2028} \u{1F600}")))
let project = try await client.call("POST", "/api/projects", body: wish, as: Project.self)
print(project.name, project.status == .active, project.createdAt == project.updatedAt)

let page = try await client.call("GET", "/api/projects?limit=1", as: ProjectPage.self)
print(page.items == [project], page.nextCursor == nil)

let path = "/api/projects/\(project.id)"
let forget = try JSONEncoder().encode(ProjectUpdate(description: .null))
let forgotten = try await client.call("PATCH", path, body: forget, as: Project.self)
print(forgotten.description == nil, forgotten.updatedAt >= project.updatedAt)
let pause = try JSONEncoder().encode(ProjectUpdate(status: .paused))
let paused = try await client.call("PATCH", path, body: pause, as: Project.self)
print(paused.description == nil, paused.status == .paused)

let problem = try await client.call("POST", "/api/projects", body: wish, as: Problem.self)
print(problem.status)
let invalid = try await client.call("POST", "/api/projects", body: Data("{}".utf8), as: Problem.self)
print(invalid.status, invalid.errors?.isEmpty == false)
