import FastStarPay
import Foundation
import ShopApp

/// The shop's server. It alone has the key and the prices. A real one keeps this in its database.
actor Shop: ShopServer {
    private struct Record {
        var order: Order
        let lines: [LineItem]
        /// How many sessions were begun; it names the latest one's idempotency key.
        var attempt = 0
        var created: CreatedSession?
    }

    private let client: FastStar
    private let returns: ReturnURLs
    private let prices: [String: Int64] = ["Star atlas": 999]
    private var records: [Order.ID: Record] = [:]

    init(client: FastStar, returns: ReturnURLs) {
        self.client = client
        self.returns = returns
    }

    struct NoSuchItem: Error {}

    func placeOrder(_ choice: [Choice]) throws -> Order {
        let lines = try choice.map { choice in
            guard let price = prices[choice.item] else { throw NoSuchItem() }
            return LineItem.adHoc(
                amount: price, currency: "USD", quantity: Int64(choice.quantity), description: choice.item)
        }
        let amount = try CreateSession(mode: .payment, lineItems: lines).quote().subtotal
        let id = "order_\(10042 + records.count)"
        let order = Order(id: id, amount: try Money(amount, "USD"), isPaid: false)
        records[order.id] = Record(order: order, lines: lines)
        return order
    }

    func order(_ id: Order.ID) -> Order {
        records[id]!.order
    }

    func openSession(of id: Order.ID) async throws -> OpenSession {
        if let session = try await session(of: id) {
            if session.status == .complete { return .paid }
            if session.status == .open, let created = records[id]?.created { return .open(created) }
            records[id]?.attempt += 1
            records[id]?.created = nil
        }
        let record = records[id]!
        // A second tap at the same time asks with the same key, and so gets the same session.
        let created = try await client.checkout.sessions.create(
            CreateSession(
                mode: .payment, lineItems: record.lines, presentation: .link, successURL: returns.success,
                cancelURL: returns.cancel, buyerCountry: "US", clientReferenceID: id),
            options: CallOptions(idempotencyKey: "\(id)-\(record.attempt)"))
        records[id]?.created = created
        return .open(created)
    }

    func session(of id: Order.ID) async throws -> Session? {
        guard let created = records[id]?.created else { return nil }
        return try await client.checkout.sessions.retrieve(created.id)
    }
}
