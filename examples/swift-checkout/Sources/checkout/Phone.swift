import FastStarPay
import Foundation
import ShopApp

/// Plays the buyer and the browser: checks the page as an app does, and ends as planned.
actor Buyer: CashierPresenter {
    private let cashier: Cashier
    private var end: @Sendable (CreatedSession) -> PresentationResult = { _ in .pending }
    /// The sessions whose page was opened.
    private(set) var sessions: [String] = []

    init(cashier: Cashier) {
        self.cashier = cashier
    }

    func plan(_ end: @escaping @Sendable (CreatedSession) -> PresentationResult) {
        self.end = end
    }

    @MainActor func present(_ session: CreatedSession) async -> PresentationResult {
        do {
            _ = try cashier.check(session.url)
            return await open(session)
        } catch {
            return .failed("\(error)")
        }
    }

    private func open(_ session: CreatedSession) -> PresentationResult {
        sessions.append(session.id)
        return end(session)
    }
}

/// What the buyer sees.
@MainActor final class Screen {
    private(set) var state: CheckoutState = .ready

    nonisolated init() {}

    func show(_ state: CheckoutState) {
        self.state = state
    }
}

/// In an app, `UserDefaults`.
final class Memory: OrderMemory, @unchecked Sendable {
    private let lock = NSLock()
    private var id: Order.ID?

    func load() -> Order.ID? { lock.withLock { id } }
    func save(_ id: Order.ID?) { lock.withLock { self.id = id } }
}

/// A server that cannot be reached.
struct Offline: ShopServer {
    private var away: NSError { NSError(domain: NSURLErrorDomain, code: NSURLErrorNotConnectedToInternet) }

    func placeOrder(_ choice: [Choice]) throws -> Order { throw away }
    func order(_ id: Order.ID) throws -> Order { throw away }
    func openSession(of id: Order.ID) throws -> OpenSession { throw away }
    func session(of id: Order.ID) throws -> Session? { throw away }
}
