// One order on a phone, from the first tap to the end: a server, an app and a buyer play in this one process.
//
//     checkout FASTSTAR
//
// FASTSTAR is the sandbox's program.

import FastStarPay
import Foundation
import ShopApp

guard CommandLine.arguments.count == 2 else {
    print("usage: checkout FASTSTAR, the sandbox's program: target/debug/faststar")
    exit(2)
}
let sandbox = try Sandbox(CommandLine.arguments[1])
print("A sandbox plays FastStar at \(sandbox.url).")

/// Universal links of the app, of one path.
let returns = try ReturnURLs(
    success: "https://shop.example/checkout/back?way=success",
    cancel: "https://shop.example/checkout/back?way=cancel")
// In your shop it is FastStar.fromEnvironment(), on your server.
let client = try FastStar(apiKey: sandbox.apiKey, options: ClientOptions(baseURL: sandbox.url))
let shop = Shop(client: client, returns: returns)
let buyer = Buyer(cashier: try Cashier(allowedOrigins: [sandbox.url]))
let memory = Memory()
let screen = Screen()

func checkout(_ server: any ShopServer = shop) -> Checkout {
    var checkout = Checkout(server: server, presenter: buyer, memory: memory)
    checkout.patience = .zero
    return checkout
}

func expect(_ state: CheckoutState, _ story: String) async {
    let shown = await screen.state
    print("\(story): \(shown)")
    guard shown == state else {
        print("it had to be \(state)")
        exit(1)
    }
}

let order = try await shop.placeOrder([Choice(item: "Star atlas", quantity: 1)])
print("The server asks \(order.amount.formatted(locale: Locale(identifier: "en_US"))) for \(order.id).")

await buyer.plan { _ in .pending }
await checkout().pay(order.id, show: screen.show)
await expect(.canceled, "The buyer closes the page while the bank works")

await buyer.plan { _ in .failed("no browser") }
await checkout().pay(order.id, show: screen.show)
await expect(.failed("no browser"), "The page cannot be shown")

await checkout(Offline()).pay(order.id, show: screen.show)
await expect(.offline, "The phone is in a tunnel")

await buyer.plan { session in
    try? sandbox.run("complete", session.id)
    return .completed
}
await checkout().pay(order.id, show: screen.show)
await expect(.paid, "The buyer taps Pay again, and pays")

let opened = await buyer.sessions
guard opened.count == 3, Set(opened).count == 1 else {
    print("one order had to have one session: \(opened)")
    exit(1)
}
print("All three times it was the session \(opened[0]).")

await checkout().pay(order.id, show: screen.show)
await expect(.paid, "A tap after that opens nothing")
guard await buyer.sessions.count == 3 else { exit(1) }

let second = try await shop.placeOrder([Choice(item: "Star atlas", quantity: 2)])
await buyer.plan { session in
    try? sandbox.run("expire", session.id)
    return .pending
}
await checkout().pay(second.id, show: screen.show)
await expect(.expired, "The next buyer takes too long")

await buyer.plan { _ in .canceled }
await checkout().pay(second.id, show: screen.show)
await expect(.canceled, "Pay opens a new session, and the buyer gives up")
guard await Set(buyer.sessions).count == 3 else { exit(1) }

// The system ends the app; the next process asks the server.
let resumed = await checkout().resume(show: screen.show)
await expect(.canceled, "A new process goes on with \(resumed ?? "nothing")")
guard resumed == second.id else { exit(1) }
print("The server ships when its webhook says so, and not before.")
