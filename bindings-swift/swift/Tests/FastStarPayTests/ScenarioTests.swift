import FastStarPay
import Foundation
import Testing

/// Runs every file of tests/scenarios against the live sandbox; tests/README.md has the rules.
@Suite struct ScenarioTests {
    static func all() throws -> [JSON] { try files("scenarios").flatMap { $0.json["scenarios"].items } }

    @Test func thereAreScenarios() throws {
        let ids = try Self.ids()
        #expect(ids.count >= 15)
        #expect(Set(ids).count == ids.count)
    }

    // Named here: a closure within the macro's arguments crashes Swift 6.0.
    static func ids() throws -> [String] { try all().compactMap { $0["id"].string } }

    @Test(arguments: try ids())
    func scenario(_ id: String) async throws {
        let scenario = try #require(Self.all().first { $0["id"].string == id })
        #expect(Set(scenario.fields.keys).isSubset(of: ["id", "merchant", "client", "steps", "why"]))
        var world = try await World(scenario)
        for (number, step) in scenario["steps"].items.enumerated() {
            try #require((step.fields["ok"] == nil) != (step.fields["error"] == nil), "step \(number)")
            if let wanted = step.fields["error"] {
                await world.take(step, failingWith: wanted, number)
                continue
            }
            let answer = try await world.take(step)
            let differing = differences(world.filled(step["ok"]), answer, at: "step \(number)")
            #expect(differing.isEmpty)
            for (name, path) in step["save"].fields {
                world.saved[name] = answer[path: try #require(path.string)]
            }
        }
        #expect(world.webhooks.requests.isEmpty, "a webhook that no step received")
        world.webhooks.stop()
    }
}

/// A merchant of its own, a listener for its webhooks, and what was saved on the way.
private struct World {
    let merchant: Merchant
    let client: FastStar
    let webhooks: Server
    var saved: [String: JSON] = [:]

    init(_ scenario: JSON) async throws {
        merchant = try await Sandbox.merchant(try #require(scenario["merchant"].string))
        webhooks = try Server { _ in .json(200, "") }
        let chosen = scenario["client"]
        client = try merchant.client(
            ClientOptions(merchant: chosen["merchant"].string.map(MerchantKind.init)),
            apiKey: chosen["api_key"].string)
        _ = try await merchant.drive("webhook_endpoints", .object(["url": .string("\(webhooks.url)/hook")]))
    }

    func filled(_ value: JSON) -> JSON {
        switch value {
        case .object(let fields): .object(fields.mapValues(filled))
        case .array(let items): .array(items.map(filled))
        case .string(let text) where text.hasPrefix("$"): saved[String(text.dropFirst())] ?? .null
        default: value
        }
    }

    func take(_ step: JSON) async throws -> JSON {
        let given = filled(step["with"])
        if let name = step["call"].string { return try await call(name, given, step["options"]) }
        if let verb = step["sandbox"].string { return try await drive(verb, given) }
        try #require(step["receive"] == .string("webhook"))
        let request = try await webhooks.requests.next()
        return try written(
            Webhook.verify(
                request.body,
                signature: request.headers["x-webhook-signature"],
                secret: merchant.webhookSecret,
                eventID: request.headers["x-webhook-id"]))
    }

    func take(_ step: JSON, failingWith wanted: JSON, _ number: Int) async {
        do {
            let answer = try await take(step)
            Issue.record("step \(number) did not fail: \(answer.text)")
        } catch let error as FastStarError {
            #expect(error.code == wanted["code"].string, "step \(number)")
            if let param = wanted["param"].string { #expect(error.param == param, "step \(number)") }
            if let status = wanted["status"].integer {
                #expect(error.status == Int(status), "step \(number)")
            }
            if let kind = wanted["kind"].string { #expect(error.kind.rawValue == kind, "step \(number)") }
            if wanted["sent"] == .bool(false) {
                #expect(
                    error.status == nil && error.requestID == nil && error.attempts == 0, "step \(number)")
            }
        } catch let error as Sandbox.Refused {
            #expect(error.code == wanted["code"].string, "step \(number)")
            if let status = wanted["status"].integer {
                #expect(error.status == Int(status), "step \(number)")
            }
        } catch {
            Issue.record("step \(number): \(error)")
        }
    }

    func drive(_ verb: String, _ given: JSON) async throws -> JSON {
        var body = given.fields
        if verb == "advance" { return try await merchant.drive("clock/advance", given) }
        let session = try #require(body.removeValue(forKey: "session")?.string)
        return try await merchant.drive("sessions/\(session)/\(verb)", .object(body))
    }

    func call(_ name: String, _ given: JSON, _ chosen: JSON) async throws -> JSON {
        let options = CallOptions(idempotencyKey: chosen["idempotency_key"].string)
        let (products, prices) = (client.catalog.products, client.catalog.prices)
        let limit = given["limit"].integer.map(Int.init)
        let cursor = given["cursor"].string
        switch name {
        case "checkout.sessions.create":
            let request = try CreateSession(json: given.data)
            return try JSON(of: await client.checkout.sessions.create(request, options: options))
        case "checkout.sessions.retrieve":
            let id = try #require(given["id"].string)
            return try JSON(of: await client.checkout.sessions.retrieve(id, options: options))
        case "catalog.products.create":
            let request = CreateProduct(
                name: try #require(given["name"].string), taxCategory: given["tax_category"].string)
            #expect(Set(given.fields.keys).isSubset(of: ["name", "tax_category"]))
            return try JSON(of: await products.create(request, options: options))
        case "catalog.prices.create":
            let request = CreatePrice(
                productID: try #require(given["product_id"].string),
                currency: try #require(given["currency"].string),
                unitAmount: try #require(given["unit_amount"].integer),
                type: given["type"].string.map(PriceType.init) ?? .oneTime,
                recurringInterval: given["recurring_interval"].string.map(Interval.init),
                recurringIntervalCount: given["recurring_interval_count"].integer,
                trialPeriodDays: given["trial_period_days"].integer)
            return try JSON(of: await prices.create(request, options: options))
        case "catalog.products.list":
            return try page(await products.list(limit: limit, cursor: cursor, options: options))
        case "catalog.prices.list":
            return try page(await prices.list(limit: limit, cursor: cursor, options: options))
        case "catalog.products.list_all":
            return try await all(products.all(limit: limit, options: options))
        case "catalog.prices.list_all":
            return try await all(prices.all(limit: limit, options: options))
        default:
            throw JSON.Malformed(text: "there is no call \(name)")
        }
    }

    func page<Item: Encodable>(_ page: Page<Item>) throws -> JSON {
        .object([
            "items": .array(try page.items.map { try JSON(of: $0) }), "next_cursor": .text(page.nextCursor),
        ])
    }

    func all<Item: Encodable>(_ walk: Items<Item>) async throws -> JSON {
        var items: [JSON] = []
        for try await item in walk { items.append(try JSON(of: item)) }
        return .object(["items": .array(items)])
    }
}
