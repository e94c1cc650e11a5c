// For iOS and macOS. This file was never compiled with Apple's frameworks, which Linux does not have; the
// compiler took it with stand-ins for them.
#if canImport(AuthenticationServices) && canImport(SwiftUI)
    import AuthenticationServices
    import FastStarPay
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

        /// - Parameter scheme: The scheme of the deep links in the checkout's `returns`: `myapp`.
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
                let session = try await checkout.sell(cart) { url in
                    do {
                        return try await browser.authenticate(using: url, callbackURLScheme: scheme)
                    } catch ASWebAuthenticationSessionError.canceledLogin {
                        return nil
                    }
                } show: {
                    status = $0.status
                }
                status = session.status
            } catch {
                problem = error.localizedDescription
            }
        }
    }
#endif
