import Foundation

/// JSON whose numbers stay as they are written, however large.
enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    struct Malformed: Error {
        let text: String
    }

    init(_ data: Data) throws {
        var parser = Parser(bytes: Array(data))
        self = try parser.value()
        try parser.end()
    }

    init(_ text: String) throws { try self.init(Data(text.utf8)) }

    init(of value: some Encodable) throws { try self.init(JSONEncoder().encode(value)) }

    static func integer(_ value: some BinaryInteger) -> JSON { .number("\(value)") }
    static func text(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
    static func wire(_ value: (some RawRepresentable<String>)?) -> JSON { text(value?.rawValue) }

    /// The value at a key of an object; null where there is none.
    subscript(key: String) -> JSON {
        if case .object(let fields) = self { fields[key] ?? .null } else { .null }
    }

    /// The value at a path such as `session.id`.
    subscript(path path: String) -> JSON {
        path.split(separator: ".").reduce(self) { $0[String($1)] }
    }

    var fields: [String: JSON] {
        if case .object(let fields) = self { fields } else { [:] }
    }

    var items: [JSON] {
        if case .array(let items) = self { items } else { [] }
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var integer: Int64? {
        if case .number(let text) = self { Int64(text) } else { nil }
    }

    var strings: [String] { items.compactMap(\.string) }

    var data: Data { Data(text.utf8) }

    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let text): text
        case .string(let text): Self.quoted(text)
        case .array(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
        case .object(let fields):
            "{" + fields.map { "\(Self.quoted($0)):\($1.text)" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

private struct Parser {
    let bytes: [UInt8]
    var at = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    func wrong(_ what: String) -> JSON.Malformed { JSON.Malformed(text: "\(what) at byte \(at)") }

    mutating func skip() {
        while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard bytes[at...].starts(with: wanted) else { return false }
        at += wanted.count
        return true
    }

    mutating func end() throws {
        skip()
        if at < bytes.count { throw wrong("more than one value") }
    }

    mutating func value() throws -> JSON {
        skip()
        guard at < bytes.count else { throw wrong("no value") }
        switch bytes[at] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        default:
            if take("null") { return .null }
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            let start = at
            while at < bytes.count, "+-.0123456789eE".utf8.contains(bytes[at]) { at += 1 }
            if start == at { throw wrong("no value") }
            return .number(String(decoding: bytes[start..<at], as: UTF8.self))
        }
    }

    mutating func object() throws -> JSON {
        at += 1
        var fields: [String: JSON] = [:]
        skip()
        if take("}") { return .object(fields) }
        while true {
            skip()
            let key = try string()
            skip()
            guard take(":") else { throw wrong("no colon") }
            guard fields.updateValue(try value(), forKey: key) == nil else { throw wrong("\(key) twice") }
            skip()
            if take("}") { return .object(fields) }
            guard take(",") else { throw wrong("no comma") }
        }
    }

    mutating func array() throws -> JSON {
        at += 1
        var items: [JSON] = []
        skip()
        if take("]") { return .array(items) }
        while true {
            items.append(try value())
            skip()
            if take("]") { return .array(items) }
            guard take(",") else { throw wrong("no comma") }
        }
    }

    mutating func string() throws -> String {
        guard take("\"") else { throw wrong("no text") }
        var units: [UInt16] = []
        var plain = at
        func text(_ end: Int) -> [UInt16] { Array(String(decoding: bytes[plain..<end], as: UTF8.self).utf16) }
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\"") {
                units += text(at)
                at += 1
                return String(decoding: units, as: UTF16.self)
            }
            guard bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count else {
                at += 1
                continue
            }
            units += text(at)
            let escape = Character(UnicodeScalar(bytes[at + 1]))
            at += 2
            let named: [Character: UInt16] = ["n": 10, "t": 9, "r": 13, "b": 8, "f": 12]
            if escape == "u" {
                let digits = String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self)
                guard let unit = UInt16(digits, radix: 16) else { throw wrong("no escape") }
                units.append(unit)
                at += 4
            } else {
                units.append(named[escape] ?? escape.utf16.first!)
            }
            plain = at
        }
        throw wrong("no end of a text")
    }
}

/// What differs, by the rules of tests/README.md: an object may have more, null stands for absent.
func differences(_ wanted: JSON, _ got: JSON, at place: String = "ok") -> [String] {
    switch (wanted, got) {
    case (.object(let fields), .object):
        fields.flatMap { differences($1, got[$0], at: "\(place).\($0)") }
    case (.array(let items), .array(let others)) where items.count == others.count:
        zip(items, others).enumerated().flatMap { differences($1.0, $1.1, at: "\(place)[\($0)]") }
    default:
        wanted == got ? [] : ["\(place) is \(got.text), not \(wanted.text)"]
    }
}
