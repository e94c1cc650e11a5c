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
    /// How long to watch the session of a buyer who closed the browser.
    public var patience: Duration = .seconds(30)

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
        // Anyone can open a link, and a buyer may pay and close the browser: what counts is what the server
        // says.
        let limit: Duration? =
            switch try back.map(returns.outcome) ?? .other {
            case .success: nil
            case .cancel: .zero
            case .other: patience
            }
        return try await watch(created, for: limit, show: show)
    }

    private struct StillOpen: Error {}

    private func watch(
        _ created: CreatedSession, for limit: Duration?, show: @MainActor (Session) async -> Void
    ) async throws -> Session {
        let start = ContinuousClock.now
        let watcher = SessionWatcher {
            let session = try await server.session(created.id)
            if let limit, session.status == .open, ContinuousClock.now - start >= limit { throw StillOpen() }
            return session
        }
        var last = created.session
        do {
            for try await session in watcher {
                await show(session)
                last = session
            }
        } catch is StillOpen {
            // The buyer gave up; the webhook tells the server where that was wrong.
        }
        return last
    }
}
