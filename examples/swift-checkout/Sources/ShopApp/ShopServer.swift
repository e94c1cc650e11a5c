import FastStarPay
import Foundation

/// What the app asks its own server for. The server holds the API key and the prices; the app has neither.
public protocol ShopServer: Sendable {
    /// Prices what the buyer chose, keeps it as an order, and gives that.
    func placeOrder(_ choice: [Choice]) async throws -> Order

    /// Gives an order as the server knows it.
    func order(_ id: Order.ID) async throws -> Order

    /// Gives the order's open session: the same one as before while it can be paid, a new one after it expired.
    func openSession(of id: Order.ID) async throws -> OpenSession

    /// Gives the order's latest session as FastStar has it now; nil where none was opened.
    func session(of id: Order.ID) async throws -> Session?
}

/// What the buyer chose. It has no price: that is the server's.
public struct Choice: Codable, Hashable, Sendable {
    public let item: String
    public let quantity: Int

    public init(item: String, quantity: Int) {
        self.item = item
        self.quantity = quantity
    }
}

/// An order, which the server made and priced.
public struct Order: Codable, Hashable, Identifiable, Sendable {
    public let id: String
    /// What is to be paid, before tax that may come on top.
    public let amount: Money
    /// Whether the server's webhook has heard of the payment.
    public let isPaid: Bool

    public init(id: String, amount: Money, isPaid: Bool) {
        self.id = id
        self.amount = amount
        self.isPaid = isPaid
    }
}

/// What there is to pay an order with.
public enum OpenSession: Sendable {
    case open(CreatedSession)
    /// The order is paid; there is nothing to open.
    case paid
}
