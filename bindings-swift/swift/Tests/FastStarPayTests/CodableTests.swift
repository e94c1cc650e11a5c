import Foundation
import Testing

@testable import FastStarPay

/// What a coder passes on: hostile values, exact numbers, places of mistakes.
@Suite struct CodableTests {
    func nested(_ depth: Int, _ open: String, _ close: String) -> String {
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }

    func with(_ field: String) -> Data {
        Data(#"{"id":"cs_1","status":"open","tomorrow":\#(field)}"#.utf8)
    }

    /// Runs on a thread with the stack of Apple's threads.
    func onASmallStack<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        let done = Mailbox<Result<T, any Error>>()
        let thread = Thread { done.put(Result(catching: work)) }
        thread.stackSize = 512 * 1024
        thread.start()
        return try await done.next().get()
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
    func aValueThatNestsWithoutEndIsADecodingError(_ open: String, _ close: String) async throws {
        let json = with(nested(400, open, close))
        do {
            _ = try await onASmallStack { try JSONDecoder().decode(Session.self, from: json) }
            Issue.record("it was read")
        } catch DecodingError.dataCorrupted(let context) {
            #expect(context.codingPath.count == 64 + 1)
            #expect(context.debugDescription.contains("64"))
        }
        let allowed = with(nested(64 - 1, open, close))
        _ = try await onASmallStack { try JSONDecoder().decode(Session.self, from: allowed) }
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
    func whatTheCoreHasReadIsWritten(_ open: String, _ close: String) async throws {
        for depth in [40, 100, 126] {
            let json = with(nested(depth, open, close))
            let session = try Session(json: json)
            let written = try await onASmallStack { try JSONEncoder().encode(session) }
            #expect(try Session(json: written) == session)
        }
    }

    @Test(arguments: [
        "1e200", "1e-200", "-1.7976931348623157e308", "5e-324", "0.1", "2.5", "1e20", "18446744073709551615",
        "-9223372036854775808", "123456789.125", #""\ud83d\ude00\u0000""#, "null",
        #"[null,true,{"":[]}]"#,
    ])
    func unknownFieldsKeepTheirValues(_ text: String) throws {
        let session = try Session(json: with(text))
        let written = try JSONEncoder().encode(session)
        #expect(try Session(json: written) == session)
        #expect(try JSONDecoder().decode(Session.self, from: written) == session)
        #expect(try JSONDecoder().decode(Session.self, from: with(text)) == session)
    }

    @Test(arguments: [
        ("2026-06-13T12:00:00Z", "2026-06-13T12:00:00Z"),
        ("2026-06-13T12:00:00.000Z", "2026-06-13T12:00:00Z"),
        ("2026-06-13T14:00:00.123+02:00", "2026-06-13T12:00:00.123Z"),
        ("2026-06-13T12:00:00.009Z", "2026-06-13T12:00:00.009Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ("9999-12-30T00:00:00.999Z", "9999-12-30T00:00:00.999Z"),
    ])
    func aTimeKeepsItsMilliseconds(_ read: String, _ written: String) throws {
        let session = try Session(json: Data(#"{"id":"cs_1","status":"open","expires_at":"\#(read)"}"#.utf8))
        #expect(try JSON(of: session)["expires_at"] == .string(written))
        #expect(try JSONDecoder().decode(Session.self, from: JSONEncoder().encode(session)) == session)
    }

    @Test func everyMillisecondIsWrittenAsItWasRead() throws {
        for millisecond in 0..<1000 {
            let date = Date(timeIntervalSince1970: 1_781_352_000).addingTimeInterval(
                Double(millisecond) / 1000)
            let fraction = String(1000 + millisecond).dropFirst()
            let text = millisecond == 0 ? "2026-06-13T12:00:00Z" : "2026-06-13T12:00:00.\(fraction)Z"
            #expect(Wire.time(date) == .text(text))
        }
    }

    @Test func aTextThatIsNoneIsToldAsThat() throws {
        for text in [Data(#""\ud800""#.utf8), Data([34, 0xff, 34]), Data("\"\u{1}\"".utf8)] {
            let json = Data(#"{"id":"cs_1","status":"open","tomorrow":[0,"#.utf8) + text + Data("]}".utf8)
            do {
                _ = try JSONDecoder().decode(Session.self, from: json)
                Issue.record("it was read")
            } catch DecodingError.dataCorrupted {
                // And not that a dictionary was expected.
            }
        }
    }

    @Test(arguments: [
        Data(#"{"id":"cs_1","status":"open","status":"complete"}"#.utf8),
        Data(#"{"id":"cs_1","status":"open","amount_total":1.0}"#.utf8),
        // With keys that end the program in Foundation's decoder.
        Data(#"{"id":"cs_1","status":"open","\ud800":1}"#.utf8),
        Data(#"{"id":"cs_1","status":"open",""#.utf8) + Data([0xff]) + Data(#"":1}"#.utf8),
        Data("{\"id\":\"cs_1\",\"status\":\"open\",\"\u{1}\":1}".utf8),
    ])
    func bytesThatNobodyVouchesForAreRefusedWithAnError(_ json: Data) {
        #expect(throws: FastStarError.self) { try Session(json: json) }
    }

    @Test func aPropertyListHoldsASession() throws {
        let session = try Session(json: Data(session.utf8))
        for format in [PropertyListSerialization.PropertyListFormat.xml, .binary] {
            let encoder = PropertyListEncoder()
            encoder.outputFormat = format
            let read = try PropertyListDecoder().decode(Session.self, from: encoder.encode(session))
            #expect(read == session)
        }
    }

    struct Shop: Decodable {
        let items: [LineItem]?
        let products: [Product]?
        let prices: [Price]?
        let request: CreateSession?
        let lines: [Cart.Line]?
        let price: Money?
    }

    @Test(
        arguments: [
            (#"{"items":[{},{"quantity":"1"}]}"#, "quantity", ["items", "Index 1", "quantity"]),
            (#"{"items":[{},7]}"#, nil, ["items", "Index 1"]),
            (
                #"{"products":[{"id":"prod_1","name":"Tea","images":["a",true]}]}"#, "images[1]",
                ["products", "Index 0", "images", "1"]
            ),
            (
                #"{"prices":[{"id":"price_1","product_id":"prod_1","currency":"USD","unit_amount":1.5}]}"#,
                "unit_amount", ["prices", "Index 0", "unit_amount"]
            ),
            (#"{"lines":[{"unit_amount":1,"quantity":0}]}"#, "quantity", ["lines", "Index 0", "quantity"]),
            (#"{"price":{"amount":1,"currency":"dollars"}}"#, "currency", ["price", "currency"]),
            (
                #"{"request":{"mode":"payment","presentation":"link","line_items":[{},{"quantity":true}]}}"#,
                "line_items[1].quantity", ["request", "line_items", "1", "quantity"]
            ),
        ] as [(String, String?, [String])])
    func aMistakeIsToldWithItsOwnPlace(_ json: String, _ param: String?, _ path: [String]) throws {
        do {
            _ = try JSONDecoder().decode(Shop.self, from: Data(json.utf8))
            Issue.record("it was read")
        } catch DecodingError.dataCorrupted(let context) {
            let error = try #require(context.underlyingError as? FastStarError)
            #expect(error.kind == .validation && error.param == param)
            #expect(context.codingPath.map(\.stringValue) == path)
            #expect(!"\(error)".contains("[0]") && context.debugDescription == "\(error)")
        }
    }

    @Test func moneyIsWrittenAsTheWireHasIt() throws {
        let written = try JSON(of: Money(999, "usd"))
        #expect(written == .object(["amount": .integer(999), "currency": .string("USD")]))
    }

    @Test func anInputOfTwoGigabytesIsATypedError() {
        // Never touched, so the system gives no memory for it.
        let large = Data(count: Int(Int32.max) + 1)
        for read in [
            { (json: Data) throws(FastStarError) in _ = try Session(json: json) },
            { (json: Data) throws(FastStarError) in _ = try CreatedSession(json: json) },
            { (json: Data) throws(FastStarError) in _ = try CreateSession(json: json) },
            { (json: Data) throws(FastStarError) in _ = try Catalog(json: json) },
            { (json: Data) throws(FastStarError) in _ = try Cart(json: json) },
            { (json: Data) throws(FastStarError) in _ = try Event(parsing: json) },
            { (json: Data) throws(FastStarError) in _ = try Webhook.signForTest(json, secrets: ["s"]) },
        ] {
            do {
                try read(large)
                Issue.record("it was read")
            } catch {
                #expect(error.kind == .validation && error.code == "body_too_large")
            }
        }
        do {
            _ = try Webhook.verify(large, signature: "t=1,v1=00", secret: "whsec_1")
            Issue.record("it was trusted")
        } catch {
            #expect(error.kind == .signature && error.code == "body_too_large")
        }
    }

    @Test func extraThatIsNoObjectIsAnEncodingError() {
        var item = LineItem.price("price_1")
        for extra in ["[1]", "{", ""] {
            item.extra = extra
            #expect(throws: EncodingError.self) { try JSONEncoder().encode(item) }
        }
    }
}
