import FastStarPay
import Foundation

/// What the app asks its own server for. The server holds the API key; the app never does.
public protocol ShopServer: Sendable {
    func createSession(_ cart: [LineItem]) async throws -> CreatedSession
    func session(_ id: String) async throws -> Session
}

/// A checkout as the app sees it.
public struct Checkout: Sendable {
    let server: any ShopServer
    let cashier: Cashier
    let returns: ReturnURLs

    /// - Parameters:
    ///   - cashier: In what you ship, `Cashier()`; a sandbox is allowed by its origin.
    ///   - returns: By which links the buyer comes back: the session's own `success_url` and `cancel_url`
    ///     where they are universal links, or deep links that the pages at them redirect to.
    public init(server: any ShopServer, cashier: Cashier = Cashier(), returns: ReturnURLs) {
        self.server = server
        self.cashier = cashier
        self.returns = returns
    }

    /// Sells what is in the cart, and gives the session as it ended; still open where the buyer gave up.
    ///
    /// - Parameters:
    ///   - browse: Shows a page in the system's in-app browser; gives the link by which the buyer came
    ///     back, nil where the buyer closed the browser.
    ///   - show: Shows what became of the session.
    public func sell(
        _ cart: [LineItem],
        browse: @MainActor (URL) async throws -> URL?,
        show: @MainActor (Session) async -> Void
    ) async throws -> Session {
        let created = try await server.createSession(cart)
        let page = try cashier.check(created.url)
        let back = try await browse(page.url)
        guard let back, try returns.outcome(of: back) == .success else {
            // A buyer may have paid and closed the browser then: the server knows.
            return try await server.session(created.id)
        }
        // Anyone can open a link. What counts is what the server says.
        var last = created.session
        for try await session in SessionWatcher(fetch: { try await server.session(created.id) }) {
            await show(session)
            last = session
        }
        return last
    }
}
