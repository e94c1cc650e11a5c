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
/// first, then after longer and longer, up to 10 s. A `URLError`, and a ``FastStarError`` that may pass,
/// is borne five times in a row; any other error ends the loop at once. Start anew when the buyer comes
/// back, and the session is asked for at once. Only the webhook tells a server to fulfil: this is for the
/// buyer's screen.
public struct SessionWatcher: AsyncSequence, Sendable {
    /// What is given.
    public typealias Element = Session

    private let clock: any Clock<Duration>
    private let fetch: @Sendable () async throws -> Session

    /// Watches what a closure fetches.
    ///
    /// - Parameters:
    ///   - clock: Whose time passes between two fetches; a test gives its own.
    ///   - fetch: Asks the app's server for the session.
    public init(
        clock: any Clock<Duration> = ContinuousClock(),
        fetch: @escaping @Sendable () async throws -> Session
    ) {
        self.clock = clock
        self.fetch = fetch
    }

    /// Starts to watch.
    public func makeAsyncIterator() -> Iterator {
        Iterator(clock: clock, fetch: fetch)
    }

    /// A watch on its way.
    public struct Iterator: AsyncIteratorProtocol {
        let clock: any Clock<Duration>
        let fetch: @Sendable () async throws -> Session
        private var pace: RawWatch?
        private var last: Session?
        private var wait: UInt64? = 0

        init(clock: any Clock<Duration>, fetch: @escaping @Sendable () async throws -> Session) {
            self.clock = clock
            self.fetch = fetch
        }

        /// Waits for the next change.
        public mutating func next() async throws -> Session? {
            let pace = try self.pace ?? native { try RawWatch() }
            self.pace = pace
            while let milliseconds = wait {
                if milliseconds > 0 {
                    try await clock.sleep(for: .milliseconds(milliseconds))
                }
                try Task.checkCancellation()
                let fetched: Session
                do {
                    fetched = try await fetch()
                } catch  where mayPass(error) && !Task.isCancelled {
                    wait = try native { try pace.afterFailure() }
                    if wait == nil { throw error }
                    continue
                } catch {
                    wait = nil
                    throw error
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
    // Not by `URLError` itself, which on Linux would bring all of FoundationNetworking.
    return (error as? any CustomNSError).map { type(of: $0).errorDomain } == NSURLErrorDomain
}
