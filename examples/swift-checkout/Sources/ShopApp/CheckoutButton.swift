// For iOS and macOS. This file was never compiled with Apple's frameworks, which Linux does not have; the
// compiler took it with stand-ins for them.
#if canImport(AuthenticationServices) && canImport(SwiftUI)
    import AuthenticationServices
    import FastStarPay
    import Foundation
    import SwiftUI

    /// Buys what is in the cart, in an `ASWebAuthenticationSession`.
    public struct CheckoutButton: View {
        @Environment(\.webAuthenticationSession) private var browser
        @State private var status: SessionStatus?
        @State private var problem: String?
        @State private var isBusy = false
        let checkout: Checkout
        let scheme: String
        let cart: [LineItem]
        let total: Money

        /// - Parameter scheme: The app's own scheme, `myapp`, of the deep links that the pages at the session's
        ///   `success_url` and `cancel_url` redirect to.
        public init(_ checkout: Checkout, scheme: String, cart: [LineItem], total: Money) {
            self.checkout = checkout
            self.scheme = scheme
            self.cart = cart
            self.total = total
        }

        public var body: some View {
            VStack {
                Button("Pay \(total.formatted())") { Task { await pay() } }
                    .disabled(isBusy || status == .complete)
                if let status { Text(status == .complete ? "Thank you" : "Not paid yet") }
                if let problem { Text(problem) }
            }
        }

        private func pay() async {
            isBusy = true
            defer { isBusy = false }
            do {
                status = try await checkout.sell(cart, browse: browse) { status = $0.status }.status
            } catch {
                problem = error.localizedDescription
            }
        }

        /// Shows a page until the buyer comes back by a link; gives nil where the buyer closed the browser.
        private func browse(_ page: URL) async throws -> URL? {
            do {
                // A universal link ends it on newer systems alone, and where the app's Associated Domains
                // name the host. It is of one path: tell success from cancel by the query.
                if #available(iOS 17.4, macOS 14.4, *), let link = URL(string: checkout.returns.success),
                    link.scheme == "https", let host = link.host()
                {
                    return try await browser.authenticate(
                        using: page, callback: .https(host: host, path: link.path()),
                        additionalHeaderFields: [:])
                }
                return try await browser.authenticate(using: page, callbackURLScheme: scheme)
            } catch ASWebAuthenticationSessionError.canceledLogin {
                return nil
            }
        }
    }
#endif
