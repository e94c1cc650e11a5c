import FastStarPay
import Foundation

/// How the cashier's page ended, as far as the phone can tell. Whether the order is paid is for the server to say.
public enum PresentationResult: Equatable, Sendable {
    /// The buyer came back by the success link.
    case completed
    /// The buyer came back by the cancel link.
    case canceled
    /// The buyer closed the page, and may have paid before.
    case pending
    /// The page could not be shown.
    case failed(String)
}

/// Shows the cashier's page of a session. `CheckoutView.swift` has the one for iOS and macOS.
public protocol CashierPresenter: Sendable {
    @MainActor func present(_ session: CreatedSession) async -> PresentationResult
}

/// What the buyer sees of an order.
public enum CheckoutState: Equatable, Sendable {
    case ready
    case opening
    case paid
    /// Paid perhaps: the bank or the network takes its time.
    case pending
    case canceled
    case failed(String)
    case expired
    case offline

    /// What the buyer can do.
    public enum Action: Equatable, Sendable {
        /// Opens the cashier: the same session while it is open, so that nobody pays twice.
        case pay
        /// Asks the server again.
        case check
    }

    /// What the button does; nil where there is nothing to do.
    public var action: Action? {
        switch self {
        case .ready, .canceled, .failed, .expired: .pay
        case .pending, .offline: .check
        case .opening, .paid: nil
        }
    }
}

/// Remembers which order the buyer is paying, so that a new process can go on with it.
public protocol OrderMemory: Sendable {
    func load() -> Order.ID?
    func save(_ id: Order.ID?)
}

/// Takes one order to its end.
public struct Checkout: Sendable {
    let server: any ShopServer
    let presenter: any CashierPresenter
    let memory: any OrderMemory
    /// How long to watch a session of which nobody knows whether it was paid.
    public var patience: Duration = .seconds(30)

    public init(server: any ShopServer, presenter: any CashierPresenter, memory: any OrderMemory) {
        self.server = server
        self.presenter = presenter
        self.memory = memory
    }

    /// Opens the cashier for an order and shows what became of it.
    public func pay(_ id: Order.ID, show: @MainActor (CheckoutState) -> Void) async {
        memory.save(id)
        await show(.opening)
        await attempt(show) {
            guard case .open(let created) = try await server.openSession(of: id) else { return .paid }
            switch await presenter.present(created) {
            case .completed:
                await show(.pending)
                return try await watch(id, for: patience, else: .pending)
            case .pending:
                await show(.pending)
                return try await watch(id, for: patience, else: .canceled)
            case .canceled:
                return try await watch(id, for: .zero, else: .canceled)
            case .failed(let reason):
                return .failed(reason)
            }
        }
    }

    /// Asks the server how an order stands.
    public func check(_ id: Order.ID, show: @MainActor (CheckoutState) -> Void) async {
        await attempt(show) {
            if try await server.order(id).isPaid { return .paid }
            return switch try await server.session(of: id)?.status {
            case .complete: .paid
            case .expired: .expired
            case nil: .ready
            default: .canceled
            }
        }
    }

    /// Goes on with the order of a process that was ended; gives its id, nil where there was none.
    public func resume(show: @MainActor (CheckoutState) -> Void) async -> Order.ID? {
        guard let id = memory.load() else { return nil }
        await check(id, show: show)
        return id
    }

    private func attempt(
        _ show: @MainActor (CheckoutState) -> Void, _ work: () async throws -> CheckoutState
    ) async {
        do {
            let state = try await work()
            if state == .paid { memory.save(nil) }
            await show(state)
        } catch is CancellationError {
            // The screen is gone; the next one asks the server.
        } catch {
            await show(isOffline(error) ? .offline : .failed(error.localizedDescription))
        }
    }

    private struct StillOpen: Error {}

    private func watch(
        _ id: Order.ID, for limit: Duration, else open: CheckoutState
    ) async throws -> CheckoutState {
        let start = ContinuousClock.now
        let watcher = SessionWatcher {
            guard let session = try await server.session(of: id) else { throw StillOpen() }
            if session.status == .open, ContinuousClock.now - start >= limit { throw StillOpen() }
            return session
        }
        do {
            for try await session in watcher {
                if session.status == .complete { return .paid }
                if session.status == .expired { return .expired }
            }
        } catch is StillOpen {}
        return open
    }
}

private func isOffline(_ error: any Error) -> Bool {
    (error as NSError).domain == NSURLErrorDomain || (error as? FastStarError)?.kind == .connection
}
