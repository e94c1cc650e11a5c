internal import FastStarGlue
import Foundation

/// Says which origins are the cashier's. An app checks a `url` with it before it opens it.
///
/// ```swift
/// let page = try Cashier().check(created.url)
/// let browser = ASWebAuthenticationSession(url: page.url, callbackURLScheme: "myapp") { … }
/// ```
public struct Cashier: Hashable, Sendable {
    /// The origins that are allowed beside FastStar's own.
    public let allowedOrigins: [String]

    /// Allows FastStar's own origins.
    public init() {
        allowedOrigins = []
    }

    /// Allows FastStar's own origins, and those given, such as the sandbox's `http://127.0.0.1:4250`.
    /// Keep the sandbox out of what you ship.
    ///
    /// Plain `http` is for loopback alone, which a simulator shares with its Mac. A phone reaches a sandbox
    /// on another machine by a tunnel with `https`.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation` at `origin` where one is no such origin.
    public init(allowedOrigins: [String]) throws(FastStarError) {
        self.allowedOrigins = allowedOrigins
        try native { try checkCashierOrigins(allowOrigins: allowedOrigins) }
    }

    /// Checks that a URL is the cashier's: scheme, host and port are those of an allowed origin.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation` where it is not; do not open it.
    public func check(_ url: String) throws(FastStarError) -> CashierURL {
        let raw = try native(sized: url.utf8.count) {
            try checkCashierUrl(url: url, allowOrigins: allowedOrigins)
        }
        guard let url = URL(string: raw.url), url.absoluteString == raw.url else {
            let message = "the cashier's URL must be one that the system can open"
            throw FastStarError(kind: .validation, code: "invalid_url", message: message, param: "url")
        }
        return CashierURL(url: url, sessionID: raw.sessionId, description: raw.shown)
    }
}

/// A URL that is the cashier's. Its description and its mirror leave out the query, which has the session
/// token.
public struct CashierURL: Hashable, Sendable {
    /// What to open, in place of the text that was checked. Keep it out of logs.
    public let url: URL
    /// The session's id, out of the path.
    public let sessionID: String?
    /// What a log may have.
    public let description: String
}

extension CashierURL: CustomStringConvertible, CustomReflectable {
    /// What a dump may have.
    public var customMirror: Mirror {
        Mirror(self, children: ["sessionID": sessionID as Any, "url": description], displayStyle: .struct)
    }
}

/// The two links by which a buyer comes back to the app, to tell which one it was: the session's
/// `success_url` and `cancel_url` where they are universal links, or deep links that the pages at them
/// redirect to.
///
/// This is for the buyer's screen: anyone can open a deep link. Whether the session is paid is for the
/// app's server to say.
public struct ReturnURLs: Hashable, Sendable {
    /// Which way the buyer came back.
    public enum Outcome: String, Sendable {
        /// By the success URL.
        case success
        /// By the cancel URL.
        case cancel
        /// By neither, or by one that could be both.
        case other
    }

    /// The link after success: `myapp://checkout/success`.
    public let success: String
    /// The link after giving up.
    public let cancel: String

    /// Takes the two links.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation` where one is not an absolute URL.
    public init(success: String, cancel: String) throws(FastStarError) {
        self.success = success
        self.cancel = cancel
        _ = try outcome(of: "")
    }

    /// Tells which way the buyer came back.
    public func outcome(of url: URL) throws(FastStarError) -> Outcome {
        try outcome(of: url.absoluteString)
    }

    /// Tells which way the buyer came back.
    public func outcome(of url: String) throws(FastStarError) -> Outcome {
        let outcome = try native(sized: url.utf8.count) {
            try returnOutcome(successUrl: success, cancelUrl: cancel, cameBackTo: url)
        }
        return switch outcome {
        case .success: .success
        case .cancel: .cancel
        case .other: .other
        }
    }
}
