import Foundation
import Testing

@testable import FastStarPay

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../../..")
    .standardized

/// A folder of `tests`, read in place.
func files(_ folder: String) throws -> [(name: String, json: JSON)] {
    let urls = try FileManager.default.contentsOfDirectory(
        at: root.appending(path: "tests/\(folder)"), includingPropertiesForKeys: nil)
    return try urls.sorted { $0.path < $1.path }.map {
        ($0.deletingPathExtension().lastPathComponent, try JSON(Data(contentsOf: $0)))
    }
}

/// A sandbox of this run. It ends with it, since its standard input then closes.
final class Sandbox: Sendable {
    static let shared = Result { try Sandbox() }

    let url: String
    let apiKey: String
    private let process: Process
    private let input: Pipe

    private init() throws {
        let environment = ProcessInfo.processInfo.environment
        let target = environment["CARGO_TARGET_DIR"] ?? root.appending(path: "target").path
        process = Process()
        process.executableURL = URL(
            fileURLWithPath: environment["FASTSTAR_SANDBOX"] ?? "\(target)/debug/faststar")
        process.arguments = ["sandbox", "--port", "0", "--json", "--until-stdin-closes"]
        input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty, "the sandbox ended")
            line += more
        }
        let info = try JSON(line)
        url = try #require(info["url"].string)
        apiKey = try #require(info["api_key"].string)
    }

    /// Makes a merchant of its own.
    static func merchant(_ kind: String = "direct") async throws -> Merchant {
        let sandbox = try shared.get()
        let made = try await sandbox.post(
            "/sandbox/v1/merchants", .object(["kind": .string(kind)]), apiKey: sandbox.apiKey)
        return Merchant(
            sandbox: sandbox,
            apiKey: try #require(made["api_key"].string),
            webhookSecret: try #require(made["webhook_secret"].string))
    }

    /// Posts as a developer does, and gives the answer's data.
    func post(_ path: String, _ body: JSON, apiKey: String) async throws -> JSON {
        var request = URLRequest(url: URL(string: url + path)!)
        request.httpMethod = "POST"
        request.httpBody = body.data
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue(apiKey, forHTTPHeaderField: "X-API-Key")
        let (data, answer) = try await URLSession.shared.data(for: request)
        let status = (answer as! HTTPURLResponse).statusCode
        let json = try JSON(data)
        if status >= 400 {
            throw Refused(status: status, code: json[path: "error.code"].string)
        }
        return json["data"]
    }

    /// What the sandbox refuses when it is driven.
    struct Refused: Error {
        let status: Int
        let code: String?
    }
}

struct Merchant: Sendable {
    let sandbox: Sandbox
    let apiKey: String
    let webhookSecret: String

    func client(_ options: ClientOptions = ClientOptions(), apiKey: String? = nil) throws -> FastStar {
        var options = options
        options.baseURL = sandbox.url
        return try FastStar(apiKey: apiKey ?? self.apiKey, options: options)
    }

    func drive(_ path: String, _ body: JSON = .object([:])) async throws -> JSON {
        try await sandbox.post("/sandbox/v1/\(path)", body, apiKey: apiKey)
    }
}

/// Hands values from a thread to a test that waits for them.
final class Mailbox<Value: Sendable>: @unchecked Sendable {
    private let arrived = NSCondition()
    private var values: [Value] = []

    func put(_ value: Value) {
        arrived.withLock { values.append(value) }
        arrived.signal()
    }

    /// Takes a value that is there.
    func take() -> Value { arrived.withLock { values.removeFirst() } }

    var isEmpty: Bool { arrived.withLock { values.isEmpty } }

    /// Waits for the next value, on a thread that may wait.
    func next() async throws -> Value {
        let value: Value? = await withCheckedContinuation { waiting in
            Thread.detachNewThread { [self] in
                let patience = Date(timeIntervalSinceNow: 120)
                arrived.lock()
                while values.isEmpty, arrived.wait(until: patience) {}
                let value = values.isEmpty ? nil : values.removeFirst()
                arrived.unlock()
                waiting.resume(returning: value)
            }
        }
        return try #require(value, "nothing came")
    }
}

/// An HTTP server on this machine that answers as a test says.
final class Server: @unchecked Sendable {
    struct Request: Sendable {
        let line: String
        let headers: [String: String]
        let body: Data
    }

    enum Answer: Sendable {
        case json(Int, String, [String: String] = [:])
        /// The connection stays open until the client closes it.
        case never

        static func ok(_ data: String) -> Answer { .json(200, #"{"success":true,"data":\#(data)}"#) }
    }

    let url: String
    let requests = Mailbox<Request>()
    /// One entry for each connection that a client closed while it waited for an answer.
    let givenUp = Mailbox<Void>()
    private let listener: Int32
    private let answer: @Sendable (Request) -> Answer

    init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        self.answer = answer
        #if canImport(Glibc)
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, length) = (listener, size)
        let works = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        try #require(works)
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        Thread.detachNewThread { [self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                Thread.detachNewThread { [self] in
                    serve(connection)
                    close(connection)
                }
            }
            // By nobody else: its number is then another server's.
            close(listener)
        }
    }

    /// Takes no more connections.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve(_ connection: Int32) {
        var buffer = Data()
        while let request = read(connection, &buffer) {
            requests.put(request)
            switch answer(request) {
            case .json(let status, let body, let headers):
                let extra = headers.map { "\($0): \($1)\r\n" }.joined()
                let head =
                    "HTTP/1.1 \(status) x\r\nX-Request-Id: req_1\r\nContent-Length: \(body.utf8.count)\r\n"
                let bytes = Array((head + extra + "\r\n" + body).utf8)
                #if canImport(Glibc)
                    _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                #else
                    _ = send(connection, bytes, bytes.count, 0)
                #endif
            case .never:
                while more(connection, &buffer) {}
                givenUp.put(())
            }
        }
    }

    private func more(_ connection: Int32, _ buffer: inout Data) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(connection, &bytes, bytes.count, 0)
        if count > 0 { buffer += bytes[..<count] }
        return count > 0
    }

    private func read(_ connection: Int32, _ buffer: inout Data) -> Request? {
        while true {
            if let end = buffer.range(of: Data("\r\n\r\n".utf8)) {
                var lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(
                    separatedBy: "\r\n")
                let line = lines.removeFirst()
                var headers: [String: String] = [:]
                for header in lines {
                    let parts = header.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
                }
                let length = headers["content-length"].flatMap(Int.init) ?? 0
                if buffer.endIndex - end.upperBound >= length {
                    let body = Data(buffer[end.upperBound..<end.upperBound + length])
                    buffer = Data(buffer[(end.upperBound + length)...])
                    return Request(line: line, headers: headers, body: body)
                }
            }
            if !more(connection, &buffer) { return nil }
        }
    }
}

/// Gives the error that a call throws.
func failure<T>(of work: () async throws -> T) async throws -> FastStarError {
    do {
        _ = try await work()
    } catch let error as FastStarError {
        return error
    }
    throw Issue()
}

private struct Issue: Error, CustomStringConvertible {
    let description = "it did not fail"
}

let session = """
    {"id":"cs_1","status":"open","amount_subtotal":999,"amount_tax":80,"amount_total":1079,"currency":"USD",\
    "session_token":"CANARY-token","expires_at":"2026-06-13T12:00:00Z","customer_email":"CANARY@shop.example",\
    "tomorrow":{"new":[1,18446744073709551615,2.5]}}
    """
let created = """
    {"session":\(session),"url":"https://cashier.faststarpay.com/checkout/cs_1?token=CANARY","session_token":"CANARY"}
    """
