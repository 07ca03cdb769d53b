// A client of the reference service that knows nothing but the generated types. Prints what it has seen as JSON.
import { DecodeError, Problem, Project, ProjectPage, ServerMessage } from "./types.js";
import type { ClientMessage, Decoder, ProjectCreate, ProjectUpdate } from "./types.js";

declare const process: { readonly argv: readonly string[] };

const [, , address = "", token = ""] = process.argv;

async function call<T>(decoder: Decoder<T>, method: string, path: string, body?: ProjectCreate | ProjectUpdate): Promise<T> {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(`http://${address}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return decoder.decode(answer.status === 204 ? null : await answer.json());
}

/** One line for each kind of message: the compiler says when a kind is forgotten. */
function told(message: ServerMessage): string {
  switch (message.type) {
    case "hello":
      return `hello ${message.release}`;
    case "project.created":
    case "project.updated":
      return `${message.type} ${message.project.name} ${message.project.description}`;
    case "project.deleted":
      return `${message.type} ${message.project_id}`;
    case "subscribed":
      return `subscribed ${message.ref} ${message.all}`;
    case "pong":
      return `pong ${message.ref}`;
    case "error":
      return `error ${message.code}`;
  }
}

const lines: string[] = [];
const socket = new WebSocket(`ws://${address}/ws`, ["projects.v1", `bearer.${token}`]);
const waiting: Array<(line: string) => void> = [];
socket.onmessage = (event: MessageEvent<string>) => {
  const line = told(ServerMessage.decode(JSON.parse(event.data)));
  const next = waiting.shift();
  next ? next(line) : lines.push(line);
};
const heard = async (): Promise<string> => lines.shift() ?? new Promise((resolve) => waiting.push(resolve));
const send = (message: ClientMessage): void => socket.send(JSON.stringify(message));

const events = [await heard()];
send({ type: "subscribe", ref: "a1" });
events.push(await heard());

const created = await call(Project, "POST", "/api/projects", { name: "Apollo", description: "To the moon." });
const kept = await call(Project, "PATCH", `/api/projects/${created.id}`, { name: "Apollo 11" });
const removed = await call(Project, "PATCH", `/api/projects/${created.id}`, { description: null });
const page = await call(ProjectPage, "GET", "/api/projects?limit=1");
const refused = await call(Problem, "POST", "/api/projects", { name: "" });
const missing = await call(Problem, "GET", "/api/projects/3f2b8c9e-5d1a-4c7b-9e2f-6a8d0b1c2d3e");
events.push(await heard(), await heard(), await heard());
send({ type: "ping", ref: "a2" });
events.push(await heard());
socket.close();

let fault = "";
try {
  Project.decode({ ...created, status: "unheard of" });
} catch (error) {
  fault = error instanceof DecodeError ? error.message : "";
}
console.log(
  JSON.stringify({
    events,
    descriptions: [created.description, kept.description, removed.description],
    page: [page.items.map((item) => item.name), page.next_cursor],
    refused: [refused.type, refused.status, refused.errors?.map((error) => `${error.in} ${error.pointer}`)],
    missing: [missing.type, missing.errors === undefined],
    fault,
  }),
);
