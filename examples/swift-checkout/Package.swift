// swift-tools-version: 6.0

import PackageDescription

var app = Target.target(name: "ShopApp", dependencies: [.product(name: "FastStarPay", package: "swift")])
var targets = [app, .executableTarget(name: "checkout", dependencies: ["ShopApp"])]
#if os(Linux)
    // Declarations alone, so that the compiler reads CheckoutView.swift here too. An app has the real ones.
    targets += ["SwiftUI", "AuthenticationServices"].map { .target(name: $0, path: "StandIns/\($0)") }
    app.dependencies += ["SwiftUI", "AuthenticationServices"]
#endif

let package = Package(
    name: "swift-checkout",
    platforms: [.iOS("16.4"), .macOS("13.3")],
    dependencies: [.package(path: "../../bindings-swift/swift")],
    targets: targets,
    swiftLanguageModes: [.v6]
)
