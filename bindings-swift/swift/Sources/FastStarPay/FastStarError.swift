internal import FastStarGlue
import Foundation

/// Says what went wrong, where, and what to do.
///
/// ```swift
/// do {
///     let created = try await client.checkout.sessions.create(request)
/// } catch let error as FastStarError where error.kind == .validation {
///     print(error)  // line_items[2].quantity: quantity must be at least 1
/// }
/// ```
///
/// Look at ``kind`` for what a program does about it, and at ``code`` for the very mistake. No part of
/// it has an API key, a webhook secret or a session token. A call whose task was cancelled throws a
/// `CancellationError` instead.
public struct FastStarError: Error, Hashable, Sendable {
    /// What went wrong, as far as a caller acts on it.
    public enum Kind: OpenEnum {
        /// The input is wrong: refused here before any request (no ``FastStarError/status``), or by the server.
        case validation
        /// The API key is missing or not known.
        case authentication
        /// The key is known and may not do this.
        case permission
        /// No such object, or another merchant's.
        case notFound
        /// The object's state or the idempotency key does not allow it.
        case conflict
        /// The card was declined or the bank asks for authentication.
        case payment
        /// Too many requests.
        case rateLimit
        /// No answer came: refused, reset, unresolved, or TLS failed.
        case connection
        /// The call's deadline passed.
        case timeout
        /// The server failed.
        case server
        /// A webhook that must not be trusted.
        case signature
        /// The client was set up wrongly, or is closed.
        case configuration
        /// An answer that the API does not give.
        case unexpectedResponse
        /// A defect of this package.
        case `internal`
        /// One that this version does not know.
        case unknown(String)

        /// The values that this version knows.
        public static let known: [Self] = [
            .validation, .authentication, .permission, .notFound, .conflict, .payment, .rateLimit,
            .connection, .timeout, .server, .signature, .configuration, .unexpectedResponse, .internal,
        ]

        /// The name that every language has it by.
        public var rawValue: String {
            switch self {
            case .validation: "validation"
            case .authentication: "authentication"
            case .permission: "permission"
            case .notFound: "not_found"
            case .conflict: "conflict"
            case .payment: "payment"
            case .rateLimit: "rate_limit"
            case .connection: "connection"
            case .timeout: "timeout"
            case .server: "server"
            case .signature: "signature"
            case .configuration: "configuration"
            case .unexpectedResponse: "unexpected_response"
            case .internal: "internal"
            case .unknown(let text): text
            }
        }
    }

    /// What went wrong, as far as a caller acts on it.
    public let kind: Kind
    /// The stable code, such as `out_of_range`.
    public let code: String
    /// The message, without the place and the status.
    public let message: String
    /// The place of the mistake: `line_items[2].quantity`.
    public let param: String?
    /// The HTTP status, where an answer came.
    public let status: Int?
    /// The `X-Request-Id` of the answer; quote it to support.
    public let requestID: String?
    /// How many attempts the call made; 0 where nothing was sent.
    public let attempts: Int
    /// Whether the same call, with the same idempotency key, may succeed later.
    public let isRetryable: Bool
    /// How long the server asked to wait (`Retry-After`).
    public let retryAfter: Duration?
    /// The answer's headers, names in lower case; empty where no answer came.
    public let headers: [String: String]
    /// The idempotency key that the call sent, yours or the client's own; `nil` where the call changes nothing
    /// or was refused before it was sent.
    public let idempotencyKey: String?
    /// Whether the request may have taken effect although no answer says so. Make the same call with
    /// ``idempotencyKey`` to learn the outcome.
    public let isOutcomeUnknown: Bool
    /// Why no answer came, where the network says so: `refused`, `dns`, `unreachable`, `reset`, `closed`, `tls`,
    /// `certificate` or `timeout`.
    public let networkError: String?
    /// All of it in a line, as for a log.
    public let description: String
}

extension FastStarError {
    /// Makes an error, as for a test of what an app does about it.
    public init(
        kind: Kind,
        code: String,
        message: String,
        param: String? = nil,
        status: Int? = nil,
        requestID: String? = nil,
        attempts: Int = 0,
        isRetryable: Bool = false,
        retryAfter: Duration? = nil,
        headers: [String: String] = [:],
        idempotencyKey: String? = nil,
        isOutcomeUnknown: Bool = false,
        networkError: String? = nil
    ) {
        let request = requestID.map { ", request \($0)" } ?? ""
        let answer = status.map { " (status \($0)\(request))" } ?? ""
        let unknown =
            isOutcomeUnknown
            ? idempotencyKey.map { "; outcome unknown, ask again with the idempotency key \($0)" } ?? "" : ""
        self.init(
            kind: kind,
            code: code,
            message: message,
            param: param,
            status: status,
            requestID: requestID,
            attempts: attempts,
            isRetryable: isRetryable,
            retryAfter: retryAfter,
            headers: headers,
            idempotencyKey: idempotencyKey,
            isOutcomeUnknown: isOutcomeUnknown,
            networkError: networkError,
            description: [param, message].compactMap { $0 }.joined(separator: ": ") + answer + unknown)
    }
}

extension FastStarError: CustomStringConvertible, LocalizedError {
    /// What ``description`` says.
    public var errorDescription: String? { description }
}

extension FastStarError {
    init(_ error: RawError) {
        switch error {
        case .Failed(
            let kind, let code, let text, let description, let param, let status, let requestId, let attempts,
            let retryable, let retryAfter, let headers, let idempotencyKey, let outcomeUnknown,
            let networkError):
            self.init(
                kind: Kind(rawValue: kind),
                code: code,
                message: text,
                param: param,
                status: status.map(Int.init),
                requestID: requestId,
                attempts: Int(attempts),
                isRetryable: retryable,
                retryAfter: retryAfter.map { .milliseconds($0) },
                headers: headers,
                idempotencyKey: idempotencyKey,
                isOutcomeUnknown: outcomeUnknown,
                networkError: networkError,
                description: description)
        case .Cancelled:
            self.init(kind: .internal, code: "internal", message: "\(error)")
        }
    }

    /// What the glue throws beside the core's errors says that the two do not fit.
    static var defect: Self {
        Self(
            kind: .internal, code: "internal",
            message: "a defect of the faststar package; please report it with the stack trace")
    }
}

/// Calls the native half with an input of any size. The lengths that cross have 32 bits, and the glue would
/// end the program.
func native<T>(
    sized count: Int, else kind: FastStarError.Kind = .validation, _ call: () throws -> T
) throws(FastStarError) -> T {
    // A length goes before the bytes.
    guard count <= Int(Int32.max) - 4 else {
        throw FastStarError(
            kind: kind, code: "body_too_large", message: "the input must be smaller than 2 GiB")
    }
    return try native(call)
}

/// Calls the native half.
func native<T>(_ call: () throws -> T) throws(FastStarError) -> T {
    do {
        return try call()
    } catch let error as RawError {
        throw FastStarError(error)
    } catch {
        throw .defect
    }
}

/// Makes a call of the client, which ends early where the task is cancelled: the glue does not tell
/// Rust by itself.
func nativeCall<T>(_ call: (RawCancel) async throws -> T) async throws -> T {
    let cancel = try native { try RawCancel() }
    do {
        return try await withTaskCancellationHandler {
            try await call(cancel)
        } onCancel: {
            try? cancel.cancel()
        }
    } catch RawError.Cancelled {
        throw CancellationError()
    } catch let error as RawError {
        throw FastStarError(error)
    } catch {
        throw FastStarError.defect
    }
}
