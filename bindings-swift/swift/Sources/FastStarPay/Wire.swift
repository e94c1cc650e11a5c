import Foundation

/// A value of JSON, as far as `Codable` passes it on.
///
/// Reading goes to the core as JSON, so that the rules of reading are in one place. And a dictionary's
/// keys are left alone by a coder's key strategy, so that any `JSONDecoder` reads the wire's names.
enum Wire: Codable, Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case large(UInt64)
    case number(Decimal)
    case text(String)
    case list([Wire])
    case object([String: Wire])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let integer = try? value.decode(UInt64.self) {
            self = .large(integer)
        } else if let number = try? value.decode(Decimal.self) {
            self = .number(number)
        } else if let list = try? value.decode([Wire].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: Wire].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .bool(let bool): try value.encode(bool)
        case .integer(let integer): try value.encode(integer)
        case .large(let integer): try value.encode(integer)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        case .list(let list): try value.encode(list)
        case .object(let object): try value.encode(object)
        }
    }

    var json: Data {
        get throws { try JSONEncoder().encode(self) }
    }
}

/// What is read from JSON by the core, and written with the wire's names.
protocol WireCodable: Codable {
    init(json: Data) throws(FastStarError)
    /// Where JSON has the value alone, what goes around it to be read.
    static func wrapped(_ value: Wire) -> Wire
    var wire: [String: Wire] { get throws }
}

extension WireCodable {
    static func wrapped(_ value: Wire) -> Wire { value }
}

func decoded<T: WireCodable>(_ type: T.Type, from decoder: any Decoder) throws -> T {
    let json = try T.wrapped(Wire(from: decoder)).json
    do {
        return try T(json: json)
    } catch {
        let context = DecodingError.Context(
            codingPath: decoder.codingPath, debugDescription: error.description, underlyingError: error)
        throw DecodingError.dataCorrupted(context)
    }
}

func encode(_ value: some WireCodable, to encoder: any Encoder) throws {
    try Wire.object(value.wire).encode(to: encoder)
}

/// Puts the fields that are there beside those that this version does not know.
func fields(_ known: [String: Wire?], extra: String?) throws -> [String: Wire] {
    let unknown = try extra.map { try JSONDecoder().decode([String: Wire].self, from: Data($0.utf8)) }
    return (unknown ?? [:]).merging(known.compactMapValues { $0 }) { $1 }
}

extension Wire {
    static func value(_ value: some OpenEnum) -> Wire { .text(value.rawValue) }
}
