// swift-tools-version: 6.0

import PackageDescription

let package = Package(
    name: "swift-checkout",
    platforms: [.iOS("16.4"), .macOS("13.3")],
    dependencies: [.package(path: "../../bindings-swift/swift")],
    targets: [
        .target(name: "ShopApp", dependencies: [.product(name: "FastStarPay", package: "swift")]),
        .executableTarget(name: "checkout", dependencies: ["ShopApp"]),
    ],
    swiftLanguageModes: [.v6]
)
