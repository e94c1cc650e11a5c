// swift-tools-version: 6.0

import Foundation
import PackageDescription

// The native half. `prepare` builds it and writes the glue; neither is committed.
#if os(Linux)
    // PKG_CONFIG_PATH names the folder with `faststar.pc` and the library. Without it, the linker alone would
    // complain, of every function.
    let folders =
        (Context.environment["PKG_CONFIG_PATH"] ?? "").split(separator: ":").map(String.init)
        + ["/usr/local", "/usr"].flatMap { ["\($0)/lib/pkgconfig", "\($0)/share/pkgconfig"] }
    if !folders.contains(where: { FileManager.default.fileExists(atPath: "\($0)/faststar.pc") }) {
        let native = "\(Context.packageDirectory)/native"
        let message = "set PKG_CONFIG_PATH to the folder with faststar.pc, here \(native)\n"
        FileHandle.standardError.write(Data(message.utf8))
        exit(1)
    }
    let native = Target.systemLibrary(name: "FastStarFFI", path: "Sources/FastStarFFI", pkgConfig: "faststar")
    // A server has no file to carry along.
    let (excluded, resources): ([String], [Resource]) = (["PrivacyInfo.xcprivacy"], [])
#else
    let native = Target.binaryTarget(name: "FastStarFFI", path: "FastStarFFI.xcframework")
    let (excluded, resources): ([String], [Resource]) = ([], [.copy("PrivacyInfo.xcprivacy")])
#endif

let package = Package(
    name: "faststar-swift",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "FastStarPay", targets: ["FastStarPay"])
    ],
    targets: [
        native,
        // What uniffi writes. Its asynchronous code is not ready for the language mode 6.
        .target(
            name: "FastStarGlue", dependencies: ["FastStarFFI"], swiftSettings: [.swiftLanguageMode(.v5)],
            // What Rust's standard library and TLS call.
            linkerSettings: [
                .linkedFramework("Security", .when(platforms: [.iOS, .macOS])),
                .linkedFramework("CoreFoundation", .when(platforms: [.iOS, .macOS])),
            ]),
        .target(
            name: "FastStarPay", dependencies: ["FastStarGlue"], exclude: excluded, resources: resources),
        .testTarget(name: "FastStarPayTests", dependencies: ["FastStarPay", "FastStarGlue"]),
    ],
    swiftLanguageModes: [.v6]
)
