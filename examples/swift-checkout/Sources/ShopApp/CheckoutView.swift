// For iOS and macOS. On Linux the compiler takes it with stand-ins for Apple's frameworks; it never ran.
#if canImport(AuthenticationServices) && canImport(SwiftUI)
    import AuthenticationServices
    import FastStarPay
    import Foundation
    import SwiftUI

    /// Shows the cashier's page in an `ASWebAuthenticationSession`.
    public struct SystemBrowser: CashierPresenter {
        let cashier: Cashier
        let returns: ReturnURLs
        let scheme: String

        /// - Parameters:
        ///   - cashier: In what you ship, `Cashier()`; a sandbox is allowed by its origin.
        ///   - returns: The links by which the buyer comes back.
        ///   - scheme: The app's own scheme, `myapp`, where the pages at the session's `success_url` and
        ///     `cancel_url` redirect to it.
        public init(cashier: Cashier = Cashier(), returns: ReturnURLs, scheme: String) {
            self.cashier = cashier
            self.returns = returns
            self.scheme = scheme
        }

        @MainActor public func present(_ session: CreatedSession) async -> PresentationResult {
            do {
                let page = try cashier.check(session.url)
                return switch try returns.outcome(of: try await browse(page.url)) {
                case .success: .completed
                case .cancel: .canceled
                case .other: .pending
                }
            } catch ASWebAuthenticationSessionError.canceledLogin {
                return .pending
            } catch {
                return .failed(error.localizedDescription)
            }
        }

        @MainActor private func browse(_ page: URL) async throws -> URL {
            let anchor = Anchor()
            // Held until the end: the browser keeps neither.
            var browser: ASWebAuthenticationSession?
            defer { withExtendedLifetime((anchor, browser)) {} }
            return try await withCheckedThrowingContinuation { continuation in
                let made = session(page) { link, error in
                    if let link {
                        continuation.resume(returning: link)
                    } else {
                        continuation.resume(throwing: error ?? URLError(.unknown))
                    }
                }
                // With no cookies to share, the system does not ask "… wants to use … to sign in" first.
                made.prefersEphemeralWebBrowserSession = true
                made.presentationContextProvider = anchor
                browser = made
                if !made.start() { continuation.resume(throwing: URLError(.cannotLoadFromNetwork)) }
            }
        }

        @MainActor private func session(
            _ page: URL, _ ended: @escaping @Sendable (URL?, (any Error)?) -> Void
        ) -> ASWebAuthenticationSession {
            // A universal link ends it on newer systems alone, and where the app's Associated Domains name the
            // host. It is of one path: tell success from cancel by the query.
            if #available(iOS 17.4, macOS 14.4, *), let link = URL(string: returns.success),
                link.scheme == "https", let host = link.host()
            {
                return ASWebAuthenticationSession(
                    url: page, callback: .https(host: host, path: link.path()), completionHandler: ended)
            }
            return ASWebAuthenticationSession(
                url: page, callbackURLScheme: scheme, completionHandler: ended)
        }
    }

    @MainActor private final class Anchor: NSObject, ASWebAuthenticationPresentationContextProviding {
        func presentationAnchor(for session: ASWebAuthenticationSession) -> ASPresentationAnchor {
            ASPresentationAnchor()
        }
    }

    /// Pays one order: what is to pay, how it stands, and what the buyer can do.
    public struct CheckoutView: View {
        let checkout: Checkout
        let order: Order
        @State private var state: CheckoutState = .ready

        public init(_ checkout: Checkout, order: Order) {
            self.checkout = checkout
            self.order = order
        }

        public var body: some View {
            VStack {
                Text(order.amount.formatted())
                Text(message)
                if let action = state.action {
                    Button(action == .pay ? "Pay" : "Check again") {
                        Task {
                            switch action {
                            case .pay: await checkout.pay(order.id) { state = $0 }
                            case .check: await checkout.check(order.id) { state = $0 }
                            }
                        }
                    }
                }
            }
            // After a restart too: the server knows.
            .task { await checkout.check(order.id) { state = $0 } }
        }

        private var message: String {
            switch state {
            case .ready: ""
            case .opening: "Opening the cashier…"
            case .paid: "Paid. Thank you!"
            case .pending: "Waiting for the payment."
            case .canceled: "Not paid yet."
            case .failed(let reason): "That did not work: \(reason)"
            case .expired: "This took too long. You can pay again."
            case .offline: "No connection."
            }
        }
    }
#endif
