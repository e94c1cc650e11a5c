// Declares of AuthenticationServices what CheckoutView.swift uses, so that Linux's compiler can read it.

import Foundation

public class ASPresentationAnchor {
    public init() {}
}

@MainActor public protocol ASWebAuthenticationPresentationContextProviding: AnyObject {
    func presentationAnchor(for session: ASWebAuthenticationSession) -> ASPresentationAnchor
}

public enum ASWebAuthenticationSessionError: Error {
    case canceledLogin
}

@MainActor public class ASWebAuthenticationSession {
    public typealias CompletionHandler = @Sendable (URL?, (any Error)?) -> Void

    public struct Callback {
        public static func https(host: String, path: String) -> Self { Self() }
    }

    public var prefersEphemeralWebBrowserSession = false
    public weak var presentationContextProvider: (any ASWebAuthenticationPresentationContextProviding)?

    public init(url: URL, callback: Callback, completionHandler: @escaping CompletionHandler) {}
    public init(url: URL, callbackURLScheme: String?, completionHandler: @escaping CompletionHandler) {}
    public func start() -> Bool { false }
}
