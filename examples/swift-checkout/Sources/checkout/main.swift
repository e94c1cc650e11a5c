// The main job from a phone's side: a session, its cashier page, the way back, and its end.
//
//     checkout FASTSTAR
//
// FASTSTAR is the sandbox's program. A server, an app and a buyer play in this one process.

import FastStarPay
import Foundation
import ShopApp

/// The shop's server. It alone has the key.
struct Server: ShopServer {
    let client: FastStar
    let returns: ReturnURLs

    func createSession(_ cart: [LineItem]) async throws -> CreatedSession {
        try await client.checkout.sessions.create(
            CreateSession(
                mode: .payment,
                lineItems: cart,
                presentation: .link,
                successURL: returns.success,
                cancelURL: returns.cancel,
                buyerCountry: "US",
                clientReferenceID: "order_10042"))
    }

    func session(_ id: String) async throws -> Session {
        try await client.checkout.sessions.retrieve(id)
    }
}

guard CommandLine.arguments.count == 2 else {
    print("usage: checkout FASTSTAR, the sandbox's program: target/debug/faststar")
    exit(2)
}
let sandbox = try Sandbox(CommandLine.arguments[1])
print("A sandbox plays FastStar at \(sandbox.url).")

// Universal links of the app, of one path.
let returns = try ReturnURLs(
    success: "https://shop.example/checkout/back?way=success",
    cancel: "https://shop.example/checkout/back?way=cancel")
// In your shop it is FastStar.fromEnvironment(), on your server.
let client = try FastStar(apiKey: sandbox.apiKey, options: ClientOptions(baseURL: sandbox.url))
let checkout = try Checkout(
    server: Server(client: client, returns: returns),
    cashier: Cashier(allowedOrigins: [sandbox.url]),
    returns: returns)

let cart = [LineItem.adHoc(amount: 999, currency: "USD", description: "Star atlas")]
let quote = try CreateSession(mode: .payment, lineItems: cart, buyerCountry: "US").quote()
let total = try Money(quote.total, quote.currency)
print("The app shows \(total.formatted(locale: Locale(identifier: "en_US"))), computed offline.")

let session = try await checkout.sell(cart) { url in
    print("The buyer pays at \(url.host() ?? "")\(url.path()).")
    try sandbox.run("complete", url.lastPathComponent)
    return URL(string: returns.success)
} show: { session in
    print("\(session.id) is \(session.status).")
}
guard session.status == .complete, session.amountTotal == quote.total else {
    print("this is not what the buyer had to pay")
    exit(1)
}
print("\(session.clientReferenceID ?? "") is paid. The server ships it when its webhook says so.")

// In an app it watches on for a while: a buyer may have paid before.
var impatient = checkout
impatient.patience = .zero
let left = try await impatient.sell(cart, browse: { _ in nil }, show: { _ in })
print("Another buyer closed the browser: \(left.status).")
