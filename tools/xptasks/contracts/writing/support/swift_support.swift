// The parts that generated Swift carries along, each only where it is needed. Compiled as it is by the tests.
// A part is a block between blank lines at the left margin; what it mentions is copied too.

import Foundation

/// A property that may be left out, may be null, and may have a value: JSON tells the three apart.
public enum Presence<Value> {
    case absent
    case null
    case value(Value)

    /// The value, if there is one.
    public var value: Value? {
        if case .value(let value) = self { return value }
        return nil
    }
}

extension Presence: Equatable where Value: Equatable {}

extension Presence: Hashable where Value: Hashable {}

extension Presence: Sendable where Value: Sendable {}

/// Storage on the heap: a struct that contains itself needs it.
@propertyWrapper
public indirect enum Boxed<Value> {
    case value(Value)

    public init(wrappedValue: Value) {
        self = .value(wrappedValue)
    }

    public var wrappedValue: Value {
        get {
            switch self {
            case .value(let value): return value
            }
        }
        set { self = .value(newValue) }
    }
}

extension Boxed: Equatable where Value: Equatable {}

extension Boxed: Hashable where Value: Hashable {}

extension Boxed: Sendable where Value: Sendable {}

/// Any JSON value.
public enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}

/// A type that no value has. Its optional is the type of null.
public enum Nothing: Codable, Hashable, Sendable {
    public init(from decoder: any Decoder) throws {
        let context = DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "No value is allowed here.")
        throw DecodingError.dataCorrupted(context)
    }

    public func encode(to encoder: any Encoder) throws {}
}

/// A type with exactly one JSON value.
public protocol ConstantValue: Codable, Hashable, Sendable {
    static var json: JSONValue { get }
    init()
}

extension ConstantValue {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard try container.decode(JSONValue.self) == Self.json else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "Expected the constant \(Self.json).")
        }
        self.init()
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Self.json)
    }
}

/// An enum whose values are not all strings or all integers.
public protocol JSONEnum: RawRepresentable, Codable where RawValue == JSONValue {}

extension JSONEnum {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let json = try container.decode(JSONValue.self)
        guard let value = Self(rawValue: json) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "Unknown value \(json).")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// A string with a format. It keeps its text, so that it is sent exactly as it was received.
public protocol FormattedText: Codable, Hashable, Sendable, LosslessStringConvertible {}

extension FormattedText {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "Not a valid \(Self.self): \(text)")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A moment (RFC 3339), e.g. `2026-01-02T03:04:05.678901+02:00`. Equal moments are equal, however they are written.
public struct DateTime: FormattedText, Comparable {
    public let description: String
    /// The moment, exact to less than a microsecond.
    public let date: Date

    public init?(_ description: String) {
        var scanner = DigitScanner(description)
        guard let days = scanner.date(), scanner.skip(oneOf: "Tt "), let seconds = scanner.time() else { return nil }
        let fraction = scanner.fraction()
        guard let offset = scanner.offset(), scanner.isAtEnd else { return nil }
        let since1970 = Double(days * 86_400 + seconds - offset)
        self.description = description
        self.date = Date(timeIntervalSinceReferenceDate: since1970 - 978_307_200 + fraction)
    }

    /// The moment in UTC, to the microsecond.
    public init(_ date: Date) {
        let microseconds = Int((date.timeIntervalSinceReferenceDate * 1_000_000).rounded()) + 978_307_200_000_000
        let (seconds, fraction) = microseconds.flooring(by: 1_000_000)
        let (days, time) = seconds.flooring(by: 86_400)
        let clock = "\((time / 3600).padded(2)):\((time / 60 % 60).padded(2)):\((time % 60).padded(2))"
        let digits = fraction == 0 ? "" : ".\(fraction.padded(6))"
        self.description = "\(DateOnly(daysSince1970: days))T\(clock)\(digits)Z"
        self.date = date
    }

    public static func == (left: DateTime, right: DateTime) -> Bool { left.date == right.date }
    public static func < (left: DateTime, right: DateTime) -> Bool { left.date < right.date }
    public func hash(into hasher: inout Hasher) { hasher.combine(date) }
}

/// A day of the calendar (RFC 3339), e.g. `2026-01-02`, without a time zone.
public struct DateOnly: FormattedText, Comparable {
    public let year: Int
    public let month: Int
    public let day: Int

    public init?(_ description: String) {
        var scanner = DigitScanner(description)
        guard let days = scanner.date(), scanner.isAtEnd else { return nil }
        self.init(daysSince1970: days)
    }

    // Days and dates of the Gregorian calendar, counted in eras of 400 years that begin in March.
    fileprivate init(daysSince1970 days: Int) {
        let (era, dayOfEra) = (days + 719_468).flooring(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    public var description: String { "\(year.padded(4))-\(month.padded(2))-\(day.padded(2))" }

    public static func < (left: DateOnly, right: DateOnly) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}

/// A time of day (RFC 3339), e.g. `03:04:05.5Z`; the offset from UTC may be missing.
public struct TimeOnly: FormattedText {
    public let description: String
    /// Seconds since midnight, where the clock hangs.
    public let seconds: Double
    /// Seconds ahead of UTC.
    public let offset: Int?

    public init?(_ description: String) {
        var scanner = DigitScanner(description)
        guard let seconds = scanner.time() else { return nil }
        self.description = description
        self.seconds = Double(seconds) + scanner.fraction()
        self.offset = scanner.offset()
        guard scanner.isAtEnd else { return nil }
    }
}

/// Reads dates and times, which have fixed numbers of digits.
fileprivate struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(oneOf characters: String) -> Bool {
        guard let first = rest.first, characters.utf8.contains(first) else { return false }
        rest.removeFirst()
        return true
    }

    /// A number with this many digits.
    mutating func number(_ count: Int, in range: ClosedRange<Int>) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let digit = rest.first, digit.isDigit else { return nil }
            value = value * 10 + Int(digit) - 48
            rest.removeFirst()
        }
        return range.contains(value) ? value : nil
    }

    /// `2026-01-02` as days since 1970.
    mutating func date() -> Int? {
        guard let year = number(4, in: 0...9999), skip(oneOf: "-"), let month = number(2, in: 1...12),
            skip(oneOf: "-"), let day = number(2, in: 1...31)
        else { return nil }
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        let length = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        guard day <= length else { return nil }
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooring(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `03:04:05` as seconds since midnight; a leap second counts as the next second.
    mutating func time() -> Int? {
        guard let hour = number(2, in: 0...23), skip(oneOf: ":"), let minute = number(2, in: 0...59),
            skip(oneOf: ":"), let second = number(2, in: 0...60)
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// `.678901`, or nothing.
    mutating func fraction() -> Double {
        guard let point = rest.first, point == 46, rest.dropFirst().first?.isDigit == true
        else { return 0 }
        let digits = rest.dropFirst().prefix(while: \.isDigit)
        rest = rest.dropFirst(digits.count + 1)
        return Double("0.\(Substring(digits))") ?? 0
    }

    /// `Z` or `+02:00` as seconds ahead of UTC.
    mutating func offset() -> Int? {
        if skip(oneOf: "Zz") { return 0 }
        let sign = rest.first == 45 ? -1 : 1
        guard skip(oneOf: "+-"), let hours = number(2, in: 0...23), skip(oneOf: ":"), let minutes = number(2, in: 0...59)
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}

fileprivate extension UInt8 {
    var isDigit: Bool { (48...57).contains(self) }
}

fileprivate extension Int {
    /// With zeros in front.
    func padded(_ width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }

    /// Quotient and remainder, the remainder never negative.
    func flooring(by divisor: Int) -> (Int, Int) {
        let remainder = ((self % divisor) + divisor) % divisor
        return ((self - remainder) / divisor, remainder)
    }
}

/// A UUID in the spelling of whoever made it.
public struct Uuid: FormattedText {
    public let description: String
    public let uuid: UUID

    public init?(_ description: String) {
        guard description.utf8.count == 36, let uuid = UUID(uuidString: description) else { return nil }
        self.description = description
        self.uuid = uuid
    }

    public init(_ uuid: UUID = UUID()) {
        self.description = uuid.uuidString.lowercased()
        self.uuid = uuid
    }

    public static func == (left: Uuid, right: Uuid) -> Bool { left.uuid == right.uuid }
    public func hash(into hasher: inout Hasher) { hasher.combine(uuid) }
}

/// A decimal number in a string, with all of its digits.
public struct DecimalText: FormattedText {
    public let description: String
    public let decimal: Decimal

    public init?(_ description: String) {
        var digits = description[...].utf8
        if digits.first == 43 || digits.first == 45 { digits.removeFirst() }
        let parts = digits.split(separator: 46, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isDigit) }),
            let decimal = Decimal(string: description)
        else { return nil }
        self.description = description
        self.decimal = decimal
    }

    public init(_ decimal: Decimal) {
        self.description = "\(decimal)"
        self.decimal = decimal
    }
}

/// Bytes as base64 text; the alphabet for URLs and missing padding are understood.
public struct Base64Data: FormattedText {
    public let description: String
    public let data: Data

    public init?(_ description: String) {
        var text = description.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard description.utf8.count % 4 != 1, let data = Data(base64Encoded: text) else { return nil }
        self.description = description
        self.data = data
    }

    public init(_ data: Data) {
        self.description = data.base64EncodedString()
        self.data = data
    }
}

/// A URI (RFC 3986) with its scheme.
public struct Uri: FormattedText {
    public let description: String

    public init?(_ description: String) {
        let parts = description.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let scheme = parts[0].unicodeScalars
        guard parts.count == 2, let first = scheme.first, first.isASCII, first.properties.isAlphabetic,
            scheme.allSatisfy({ $0.isASCII && ($0.properties.isAlphabetic || "0123456789+.-".unicodeScalars.contains($0)) }),
            !parts[1].unicodeScalars.contains(where: {
                $0.properties.isWhitespace || "<>\"{}|\\^`".unicodeScalars.contains($0)
            })
        else { return nil }
        self.description = description
    }

    /// For networking; nil when Foundation cannot read it.
    public var url: URL? { URL(string: description) }
}

/// An email address, as far as a pattern can tell.
public struct EmailText: FormattedText {
    public let description: String

    public init?(_ description: String) {
        let parts = description.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.contains(where: \.isWhitespace) }) else {
            return nil
        }
        self.description = description
    }
}

/// A duration (ISO 8601), e.g. `P1DT2H30M`. Months and years have no fixed length, so it stays text.
public struct DurationText: FormattedText {
    public let description: String

    public init?(_ description: String) {
        let pattern = #"^P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$"#
        guard description.utf8.allSatisfy({ $0 > 32 && $0 < 127 }),
            description.range(of: pattern, options: .regularExpression) != nil
        else { return nil }
        self.description = description
    }
}

/// An IPv4 address, e.g. `127.0.0.1`.
public struct IPv4: FormattedText {
    public let description: String

    public init?(_ description: String) {
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4,
            parts.allSatisfy({ UInt8($0) != nil && $0.utf8.allSatisfy(\.isDigit) && ($0 == "0" || $0.first != "0") })
        else { return nil }
        self.description = description
    }
}

/// An IPv6 address, e.g. `::1`.
public struct IPv6: FormattedText {
    public let description: String

    public init?(_ description: String) {
        var address = in6_addr()
        guard inet_pton(AF_INET6, description, &address) == 1 else { return nil }
        self.description = description
    }
}

/// A property name that is not known in advance.
fileprivate struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// The keys of an object without known properties.
fileprivate struct NoKeys: CodingKey {
    var stringValue: String { "" }
    var intValue: Int? { nil }

    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
}

fileprivate extension KeyedDecodingContainer {
    /// A property that may be absent, but not null.
    func decodeUnlessAbsent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        contains(key) ? try decode(type, forKey: key) : nil
    }
}

fileprivate extension KeyedDecodingContainer {
    /// A property that may be absent, null, or a value.
    func decodePresence<Value: Decodable>(of type: Value.Type, forKey key: Key) throws -> Presence<Value> {
        guard contains(key) else { return .absent }
        return try decodeNil(forKey: key) ? .null : .value(decode(type, forKey: key))
    }
}

fileprivate extension KeyedDecodingContainer {
    /// A property that always has this value.
    func decodeConstant<Value: Decodable & Equatable>(_ value: Value, forKey key: Key) throws {
        guard try decode(Value.self, forKey: key) == value else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "Expected \(value).")
        }
    }
}

fileprivate extension KeyedEncodingContainer {
    mutating func encodePresence<Value: Encodable>(_ presence: Presence<Value>, forKey key: Key) throws {
        switch presence {
        case .absent: break
        case .null: try encodeNil(forKey: key)
        case .value(let value): try encode(value, forKey: key)
        }
    }
}

fileprivate extension UnkeyedDecodingContainer {
    /// An item that the list may be too short for.
    mutating func decodeUnlessAtEnd<Value: Decodable>(_ type: Value.Type) throws -> Value? {
        isAtEnd ? nil : try decode(type)
    }
}

fileprivate extension UnkeyedDecodingContainer {
    /// All further items.
    mutating func decodeRest<Value: Decodable>(of type: Value.Type) throws -> [Value] {
        var items: [Value] = []
        while !isAtEnd { items.append(try decode(type)) }
        return items
    }
}

fileprivate extension UnkeyedDecodingContainer {
    func refuseFurtherItems() throws {
        guard isAtEnd else {
            throw DecodingError.dataCorruptedError(in: self, debugDescription: "The list is too long.")
        }
    }
}

fileprivate extension Decoder {
    /// The properties beyond the known ones.
    func additionalProperties<Value: Decodable, Known: CodingKey>(
        _ type: Value.Type, besides known: Known.Type
    ) throws -> [String: Value] {
        let container = try container(keyedBy: AnyKey.self)
        var found: [String: Value] = [:]
        for key in container.allKeys where Known(stringValue: key.stringValue) == nil {
            found[key.stringValue] = try container.decode(type, forKey: key)
        }
        return found
    }
}

fileprivate extension Decoder {
    func refuseAdditionalProperties<Known: CodingKey>(besides known: Known.Type) throws {
        let container = try container(keyedBy: AnyKey.self)
        if let key = container.allKeys.first(where: { Known(stringValue: $0.stringValue) == nil }) {
            let message = "There must be no property \(key.stringValue)."
            throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: message)
        }
    }
}

fileprivate extension Encoder {
    /// The properties beyond the known ones; a name that is known is left to its own property.
    func encodeAdditional<Value: Encodable, Known: CodingKey>(
        _ properties: [String: Value], besides known: Known.Type
    ) throws {
        var container = container(keyedBy: AnyKey.self)
        for (name, value) in properties where Known(stringValue: name) == nil {
            try container.encode(value, forKey: AnyKey(stringValue: name))
        }
    }
}

fileprivate extension Decoder {
    /// The value of the property that tells the alternatives of a union apart.
    func discriminator(_ name: String) throws -> String {
        try container(keyedBy: AnyKey.self).decode(String.self, forKey: AnyKey(stringValue: name))
    }
}

fileprivate extension Decoder {
    func noVariant<Union>(of union: Union.Type) -> DecodingError {
        let message = "The value fits no alternative of \(union)."
        return .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: message))
    }
}
