internal import FastStarGlue
import Foundation

/// Watches a session until it ends: gives it at once and after each change, and ends after the last
/// one, which is ``SessionStatus/complete`` or ``SessionStatus/expired``.
///
/// ```swift
/// for try await session in SessionWatcher(fetch: { try await shop.session(id) }) {
///     show(session.status)
/// }
/// ```
///
/// The closure asks the app's own server, since an app holds no API key. It is called again after 1 s at
/// first, then after longer and longer, up to 10 s, also where the status is one that this version does
/// not know. What may pass is borne five times in a row: the network's errors of `URLSession`, a
/// ``FastStarError`` that may pass, and what `retryIf` says. Any other error ends the loop at once, and
/// so does the task's cancellation, by a `CancellationError`. Start anew when the buyer comes back, and
/// the session is asked for at once. Only the webhook tells a server to fulfil: this is for the buyer's
/// screen.
public struct SessionWatcher: AsyncSequence, Sendable {
    /// What is given.
    public typealias Element = Session

    private let clock: any Clock<Duration>
    private let retryIf: @Sendable (any Error) -> Bool
    private let fetch: @Sendable () async throws -> Session

    /// Watches what a closure fetches.
    ///
    /// - Parameters:
    ///   - clock: Whose time passes between two fetches; a test gives its own.
    ///   - retryIf: Which other errors of `fetch` may pass, such as one that stands for a status 503.
    ///   - fetch: Asks the app's server for the session.
    public init(
        clock: any Clock<Duration> = ContinuousClock(),
        retryIf: @escaping @Sendable (any Error) -> Bool = { _ in false },
        fetch: @escaping @Sendable () async throws -> Session
    ) {
        self.clock = clock
        self.retryIf = retryIf
        self.fetch = fetch
    }

    /// Starts to watch.
    public func makeAsyncIterator() -> Iterator {
        Iterator(watcher: self)
    }

    /// A watch on its way.
    public struct Iterator: AsyncIteratorProtocol {
        private let watcher: SessionWatcher
        private var pace: RawWatch?
        private var last: Session?
        private var wait: UInt64? = 0

        fileprivate init(watcher: SessionWatcher) {
            self.watcher = watcher
        }

        /// Waits for the next change.
        public mutating func next() async throws -> Session? {
            do {
                return try await change()
            } catch {
                wait = nil
                // `URLSession` has an error of its own for a task that is cancelled.
                throw Task.isCancelled ? CancellationError() : error
            }
        }

        private mutating func change() async throws -> Session? {
            let pace = try self.pace ?? native { try RawWatch() }
            self.pace = pace
            while let milliseconds = wait {
                if milliseconds > 0 {
                    try await watcher.clock.sleep(for: .milliseconds(milliseconds))
                }
                try Task.checkCancellation()
                let fetched: Session
                do {
                    fetched = try await watcher.fetch()
                } catch  where !Task.isCancelled && (mayPass(error) || watcher.retryIf(error)) {
                    wait = try native { try pace.afterFailure() }
                    if wait == nil { throw error }
                    continue
                }
                wait = try native { try pace.afterStatus(status: fetched.status.rawValue) }
                if fetched != last {
                    last = fetched
                    return fetched
                }
            }
            return nil
        }
    }
}

private func mayPass(_ error: any Error) -> Bool {
    if let error = error as? FastStarError { return error.isRetryable }
    // Not as `URLError`, which on Linux would bring all of FoundationNetworking.
    let error = error as NSError
    return error.domain == NSURLErrorDomain && passingCodes.contains(error.code)
}

/// The codes of `URLError` for a network or a server that is away for a while.
private let passingCodes: Set<Int> = [
    NSURLErrorTimedOut, NSURLErrorCannotFindHost, NSURLErrorCannotConnectToHost,
    NSURLErrorNetworkConnectionLost, NSURLErrorDNSLookupFailed, NSURLErrorResourceUnavailable,
    NSURLErrorNotConnectedToInternet, NSURLErrorBadServerResponse, NSURLErrorInternationalRoamingOff,
    NSURLErrorCallIsActive, NSURLErrorDataNotAllowed, NSURLErrorSecureConnectionFailed,
    NSURLErrorCannotLoadFromNetwork,
]
