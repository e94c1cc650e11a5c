import FastStarGlue
import Foundation
import Testing

@testable import FastStarPay

/// Runs every file of tests/vectors through the public face; tests/README.md has the rules.
@Suite struct VectorTests {
    static let keys: Set = ["id", "why", "source", "note", "tags", "input", "ok", "error"]
    static let errorKeys: Set = ["code", "kind", "param", "message_mentions", "message_never_contains"]

    static let ops: [String: @Sendable (JSON) throws -> JSON] = {
        var ops: [String: @Sendable (JSON) throws -> JSON] = [
            "totals": { input in
                var cart = try Cart(json: input.data)
                cart.asOf = cart.asOf ?? "2026-11-22"
                return try quoted(cart.quote())
            },
            "quote": { input in
                let request = try CreateSession(json: input["request"].data)
                let catalog = input["catalog"] == .null ? Catalog() : try Catalog(json: input["catalog"].data)
                let options = input["options"]
                return try quoted(
                    request.quote(
                        catalog: catalog,
                        options: QuoteOptions(
                            on: options["on"].string,
                            merchant: options["merchant"].string.map(MerchantKind.init),
                            defaultCurrency: options["default_currency"].string,
                            rounding: options["rounding"].string.map(Rounding.init))))
            },
            "line_items": { input in
                try CreateSession(json: input["request"].data)
                    .validate(merchant: input["merchant"].string.map(MerchantKind.init))
                return .object([:])
            },
            "create_session_types": { try JSON(of: CreateSession(json: $0["value"].data)) },
            "money_format": { input in
                let money = try Money(amount(input), input["currency"].string ?? "")
                return .object(["text": .string("\(money)")])
            },
            "money_parse": { input in
                let money = try Money(parsing: input["text"].string ?? "")
                return .object(["amount": .integer(money.amount), "currency": .string(money.currency)])
            },
            "tax_rate": { input in
                let rate = try TaxRate(
                    of: input["place"].string ?? "", category: input["category"].string,
                    on: input["on"].string)
                return .object([
                    "rate_ppm": .integer(rate.ratePPM),
                    "behaviour": .wire(rate.behaviour),
                    "name": .string(rate.name),
                    "category": .string(rate.category),
                    "as_of": .text(rate.asOf),
                    "confidence": .wire(rate.confidence),
                ])
            },
            "webhook_verify": { input in
                try written(
                    Webhook.verify(
                        body(input),
                        signature: input["header"].string,
                        secrets: input["secrets"].strings,
                        eventID: input["event_id"].string,
                        toleranceSeconds: input["tolerance_s"].integer,
                        now: input["now"].integer))
            },
            "webhook_sign": { input in
                let header = try Webhook.signForTest(
                    body(input), secrets: input["secrets"].strings, timestamp: input["timestamp"].integer)
                return .object(["header": .string(header)])
            },
            "event_parse": { try written(Event(parsing: body($0))) },
            "check_payment": { input in
                let event = try Event(parsing: input["event"].data)
                var order: Money?
                if input["order"] != .null {
                    order = try Money(amount(input["order"]), input["order"]["currency"].string ?? "")
                }
                let session = input["session"] == .null ? nil : try Session(json: input["session"].data)
                let check = try checkPayment(event, order: order, session: session)
                func money(_ money: Money) -> JSON {
                    .object(["amount": .integer(money.amount), "currency": .string(money.currency)])
                }
                return .object([
                    "verdict": .string(check.verdict.rawValue),
                    "is_paid": .bool(check.isPaid),
                    "expected": check.expected.map(money) ?? .null,
                    "paid": money(check.paid),
                    "session_id": .text(check.sessionID),
                    "message": .string(check.message),
                ])
            },
            "cashier_url": { input in
                let page = try Cashier(allowedOrigins: input["allow_origins"].strings)
                    .check(input["url"].string ?? "")
                return .object([
                    "url": .string(page.url.absoluteString),
                    "session_id": .text(page.sessionID),
                    "shown": .string("\(page)"),
                ])
            },
            "cashier_return": { input in
                let urls = try ReturnURLs(
                    success: input["success_url"].string ?? "", cancel: input["cancel_url"].string ?? "")
                let outcome = try urls.outcome(of: input["came_back_to"].string ?? "")
                return .object(["outcome": .wire(outcome)])
            },
        ]
        // What is the server's side, or happens inside a call, has no face of its own.
        for rule in [
            "create_price_strict", "create_product_strict", "create_session_strict", "place_parse",
            "outcome_unknown", "retry_decision", "session_status", "session_transition", "subscription_start",
        ] {
            ops[rule] = { input in
                do {
                    return try JSON(applyRule(rule: rule, input: input.data))
                } catch let error as RawError {
                    throw FastStarError(error)
                }
            }
        }
        return ops
    }()

    @Test func everyOperationHasAFileAndEveryFileAnOperation() throws {
        #expect(try Set(Self.names()) == Set(Self.ops.keys))
    }

    static func names() throws -> [String] { try files("vectors").map(\.name) }

    @Test(arguments: try names())
    func vectors(_ name: String) throws {
        let file = try #require(files("vectors").first { $0.name == name }).json
        #expect(Set(file.fields.keys) == ["op", "cases"])
        #expect(file["op"] == .string(name), "the op must be named like the file")
        let op = try #require(Self.ops[name])
        let cases = file["cases"].items
        #expect(!cases.isEmpty)
        let ids = cases.map { $0["id"].string ?? "" }
        #expect(Set(ids).count == ids.count, "two cases of one id")
        for item in cases {
            for problem in problems(of: item, op) {
                Issue.record("\(name)/\(item["id"].string ?? "?"): \(problem)")
            }
        }
    }

    func problems(of item: JSON, _ op: (JSON) throws -> JSON) -> [String] {
        var problems: [String] = []
        if !Set(item.fields.keys).isSubset(of: Self.keys) { problems.append("a key that is not known") }
        if item["id"].string?.wholeMatch(of: /[a-z0-9_]+/) == nil { problems.append("its id") }
        if (item.fields["ok"] == nil) == (item.fields["error"] == nil) {
            problems.append("either ok or error")
        }
        do {
            let got = try op(item["input"])
            guard let wanted = item.fields["ok"] else { return problems + ["it did not fail: \(got.text)"] }
            return problems + differences(wanted, got)
        } catch let error as FastStarError {
            guard let wanted = item.fields["error"] else { return problems + ["\(error)"] }
            if !Set(wanted.fields.keys).isSubset(of: Self.errorKeys) { problems.append("a key of its error") }
            if error.code != wanted["code"].string || error.param != wanted["param"].string {
                problems.append("\(error.code) at \(error.param ?? "no place")")
            }
            if let kind = wanted["kind"].string, error.kind.rawValue != kind {
                problems.append("\(error.kind)")
            }
            for text in wanted["message_mentions"].strings where !error.message.contains(text) {
                problems.append("no \(text) in \(error.message)")
            }
            var shown = "\(error) \(error.localizedDescription) \(String(reflecting: error))"
            dump(error, to: &shown)
            for text in wanted["message_never_contains"].strings where shown.contains(text) {
                problems.append("\(text) in \(shown)")
            }
            return problems
        } catch {
            return problems + ["another error: \(error)"]
        }
    }
}

private func amount(_ input: JSON) throws -> Int64 { try #require(input["amount"].integer) }

private func body(_ input: JSON) throws -> Data {
    if let encoded = input["body_b64"].string { return try #require(Data(base64Encoded: encoded)) }
    return Data(try #require(input["body"].string).utf8)
}

private func quoted(_ quote: Quote) throws -> JSON {
    .object([
        "currency": .string(quote.currency),
        "subtotal": .integer(quote.subtotal),
        "tax": .integer(quote.tax),
        "total": .integer(quote.total),
        "behaviour": .wire(quote.behaviour),
        "rounding": .wire(quote.rounding),
        "estimated": .bool(quote.isEstimated),
        "rate_known": .bool(quote.isRateKnown),
        "rates_as_of": .text(quote.ratesAsOf),
        "lines": .array(
            quote.lines.map {
                .object([
                    "unit_amount": .integer($0.unitAmount),
                    "quantity": .integer($0.quantity),
                    "amount": .integer($0.amount),
                    "tax": $0.tax.map { .integer($0) } ?? .null,
                    "rate_ppm": .integer($0.ratePPM),
                    "tax_name": .text($0.taxName),
                    "description": .text($0.description),
                ])
            }),
        "taxes": .array(
            quote.taxes.map {
                .object([
                    "rate_ppm": .integer($0.ratePPM), "amount": .integer($0.amount), "tax": .integer($0.tax),
                ])
            }),
    ])
}

func written(_ event: Event) throws -> JSON {
    .object([
        "id": .string(event.id),
        "type": .wire(event.type),
        "created": .integer(event.created),
        "data": try JSON(event.data),
        "livemode": .bool(event.livemode),
        "api_version": .string(event.apiVersion),
    ])
}
