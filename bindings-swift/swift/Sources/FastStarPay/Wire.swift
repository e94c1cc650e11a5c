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
    /// As in the core, where what is no integer of 64 bits is a double.
    case number(Double)
    case text(String)
    case list([Wire])
    case object([String: Wire])

    init(from decoder: any Decoder) throws {
        let limit = decoder.userInfo[Self.depthKey] as? Int ?? Self.maxDepth
        let path = decoder.codingPath
        guard path.count <= limit else {
            let message = "arrays and objects must not nest deeper than \(limit) levels"
            throw DecodingError.dataCorrupted(.init(codingPath: path, debugDescription: message))
        }
        self = try Self.scalar(decoder) ?? Self.list(decoder) ?? Self.object(decoder)
    }

    // In parts, so that a level takes little of the stack.
    func encode(to encoder: any Encoder) throws {
        switch self {
        case .list(let list):
            var items = encoder.unkeyedContainer()
            for item in list { try items.encode(item) }
        case .object(let object):
            var value = encoder.singleValueContainer()
            try value.encode(object)
        default:
            try encodeScalar(to: encoder)
        }
    }

    private func encodeScalar(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .bool(let bool): try value.encode(bool)
        case .integer(let integer): try value.encode(integer)
        case .large(let integer): try value.encode(integer)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        case .null, .list, .object: try value.encodeNil()
        }
    }

    private static func scalar(_ decoder: any Decoder) throws -> Wire? {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() { return .null }
        if let bool = try unlessOther({ try value.decode(Bool.self) }) { return .bool(bool) }
        if let text = try unlessOther({ try value.decode(String.self) }) { return .text(text) }
        // Every number fits a double or is none of JSON.
        guard let number = try unlessOther({ try value.decode(Double.self) }) else { return nil }
        if let integer = try? value.decode(Int64.self) { return .integer(integer) }
        if let integer = try? value.decode(UInt64.self) { return .large(integer) }
        return .number(number)
    }

    private static func list(_ decoder: any Decoder) throws -> Wire? {
        guard var items = try unlessOther({ try decoder.unkeyedContainer() }) else { return nil }
        var list: [Wire] = []
        while !items.isAtEnd { list.append(try items.decode(Wire.self)) }
        return .list(list)
    }

    private static func object(_ decoder: any Decoder) throws -> Wire {
        .object(try decoder.singleValueContainer().decode([String: Wire].self))
    }

    /// Gives nil where the value is of another kind; any other mistake is one.
    private static func unlessOther<T>(_ decode: () throws -> T) throws -> T? {
        do { return try decode() } catch DecodingError.typeMismatch { return nil }
    }

    var json: Data {
        get throws { try JSONEncoder().encode(self) }
    }
}

extension Wire {
    /// How deep a coder's value may be, with all that is around it. A level takes some 3 kB of the stack,
    /// and threads on Apple's systems have 512 kB.
    static let maxDepth = 64
    /// How deep the core reads answers: what it has read is always written.
    private static let maxDepthOfAnswers = 128
    private static let depthKey = CodingUserInfoKey(rawValue: "com.faststarpay.depth")!

    static func value(_ value: some OpenEnum) -> Wire { .text(value.rawValue) }

    /// Writes a time to the millisecond, in whole numbers: a formatter cuts off what a double lacks.
    static func time(_ date: Date) -> Wire {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        let seconds = (milliseconds / 1000).rounded(.down)
        let text = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
        let fraction = Int(milliseconds - seconds * 1000)
        return .text(fraction == 0 ? text : "\(text.dropLast()).\(String(1000 + fraction).dropFirst())Z")
    }

    /// Puts the fields that are there beside those that this version does not know.
    static func fields(_ known: [String: Wire?], extra: String? = nil) throws -> [String: Wire] {
        let known = known.compactMapValues { $0 }
        guard let extra else { return known }
        let decoder = JSONDecoder()
        decoder.userInfo[depthKey] = maxDepthOfAnswers
        return try decoder.decode([String: Wire].self, from: Data(extra.utf8)).merging(known) { $1 }
    }
}

/// What is read from JSON by the core, and written with the wire's names.
protocol WireCodable: Codable {
    init(json: Data) throws(FastStarError)
    /// Where the core reads the value within another one only: that one.
    static func wrapped(_ value: Wire) -> Wire
    /// The value's place in it: `products[0]`.
    static var place: String { get }
    var wire: [String: Wire] { get throws }
}

extension WireCodable {
    static func wrapped(_ value: Wire) -> Wire { value }
    static var place: String { "" }
}

func decoded<T: WireCodable>(_ type: T.Type, from decoder: any Decoder) throws -> T {
    let json = try T.wrapped(Wire(from: decoder)).json
    do {
        return try T(json: json)
    } catch {
        throw corrupted(error.within(T.place), at: decoder.codingPath)
    }
}

func encode(_ value: some WireCodable, to encoder: any Encoder) throws {
    let wire: [String: Wire]
    do {
        wire = try value.wire
    } catch {
        let message = "extra must be the text of a JSON object"
        throw EncodingError.invalidValue(
            value, .init(codingPath: encoder.codingPath, debugDescription: message, underlyingError: error))
    }
    try Wire.object(wire).encode(to: encoder)
}

/// Makes a decoder's error of the core's, whose place is within what was decoded.
func corrupted(_ error: FastStarError, at path: [any CodingKey]) -> DecodingError {
    .dataCorrupted(
        .init(
            codingPath: path + PlaceKey.path(error.param), debugDescription: error.description,
            underlyingError: error))
}

extension FastStarError {
    /// The same error, as seen from within a value at a place of what the core was given.
    fileprivate func within(_ place: String) -> FastStarError {
        guard !place.isEmpty, let param, param.hasPrefix(place) else { return self }
        let rest = param.dropFirst(place.count).drop { $0 == "." }
        return FastStarError(
            kind: kind, code: code, message: message, param: rest.isEmpty ? nil : String(rest))
    }
}

/// A key of a place as the core writes it: `line_items[2].quantity` has three.
private struct PlaceKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = "\(intValue)"
        self.intValue = intValue
    }

    static func path(_ place: String?) -> [PlaceKey] {
        (place ?? "").split { ".[]".contains($0) }.map { key in
            Int(key).map(PlaceKey.init(intValue:)) ?? PlaceKey(stringValue: String(key))
        }
    }
}
