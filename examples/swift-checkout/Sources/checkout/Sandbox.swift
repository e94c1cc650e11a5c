import FastStarPay
import Foundation

/// A sandbox that ends with this program.
final class Sandbox: Sendable {
    let url: String
    let apiKey: String
    private let program: URL
    private let input = Pipe()

    private struct Line: Decodable {
        let url: String
        let apiKey: String
    }

    init(_ path: String) throws {
        program = URL(fileURLWithPath: path)
        let output = Pipe()
        let process = Process()
        process.executableURL = program
        process.arguments = ["sandbox", "--port", "0", "--json", "--until-stdin-closes"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { throw CocoaError(.fileReadCorruptFile) }
            line += more
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let said = try decoder.decode(Line.self, from: line)
        url = said.url
        apiKey = said.apiKey
    }

    /// Runs a command of the sandbox's program, such as `complete cs_…`.
    func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ["FASTSTAR_BASE_URL": url, "FASTSTAR_API_KEY": apiKey]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw CocoaError(.executableLoad) }
    }
}
