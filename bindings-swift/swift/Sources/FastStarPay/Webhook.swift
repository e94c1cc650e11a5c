internal import FastStarGlue
import Foundation

/// Verifies webhooks, on a server.
public enum Webhook {
    /// Verifies a webhook and gives its event.
    ///
    /// ```swift
    /// let event = try Webhook.verify(body, signature: headers["X-Webhook-Signature"], secret: secret)
    /// if event.fulfils { … }
    /// ```
    ///
    /// - Parameters:
    ///   - body: The raw bytes of the request's body, before any JSON parser.
    ///   - signature: The value of the header `X-Webhook-Signature`.
    ///   - secret: The endpoint's secret.
    ///   - eventID: The value of the header `X-Webhook-ID`, which must then name the event.
    /// - Throws: ``FastStarError`` of the kind `signature` where it must not be trusted: answer with a 4xx
    ///   and do nothing else.
    public static func verify(
        _ body: Data, signature: String?, secret: String, eventID: String? = nil
    ) throws(FastStarError) -> Event {
        try verify(body, signature: signature, secrets: [secret], eventID: eventID)
    }

    /// Verifies a webhook with any of several secrets, as during a rotation.
    ///
    /// - Parameters:
    ///   - body: The raw bytes of the request's body, before any JSON parser.
    ///   - signature: The value of the header `X-Webhook-Signature`.
    ///   - secrets: The endpoint's secrets.
    ///   - eventID: The value of the header `X-Webhook-ID`, which must then name the event.
    ///   - toleranceSeconds: How far the signature's time may be from now; 300 where it is absent.
    ///   - now: The time in unix seconds; the system's where it is absent.
    /// - Throws: ``FastStarError`` of the kind `signature` where it must not be trusted: answer with a 4xx
    ///   and do nothing else.
    public static func verify(
        _ body: Data,
        signature: String?,
        secrets: [String],
        eventID: String? = nil,
        toleranceSeconds: Int64? = nil,
        now: Int64? = nil
    ) throws(FastStarError) -> Event {
        Event(
            try native(sized: body.count, else: .signature) {
                try verifyWebhook(
                    body: body,
                    header: signature,
                    secrets: secrets,
                    eventId: eventID,
                    toleranceSeconds: toleranceSeconds,
                    now: now)
            })
    }

    /// Signs a body as FastStar does, for tests; gives the value of `X-Webhook-Signature`.
    public static func signForTest(
        _ body: Data, secrets: [String], timestamp: Int64? = nil
    ) throws(FastStarError) -> String {
        try native(sized: body.count) { try signWebhook(body: body, secrets: secrets, timestamp: timestamp) }
    }
}

/// An event that a webhook delivered. It may come more than once: remember the ``id`` to act once.
///
/// Its description and its mirror leave out the data, which may be personal.
public struct Event: Hashable, Identifiable, Sendable {
    /// The id, `evt_…`.
    public let id: String
    /// What happened.
    public let type: EventType
    /// When it happened, in unix seconds; 0 where the platform did not tell.
    public let created: Int64
    /// The JSON text of `data`, as it came.
    public let data: String
    /// Whether it is about real money; false where the platform did not tell.
    public let livemode: Bool
    /// The API version that wrote it; empty where the platform did not tell.
    public let apiVersion: String
    /// Whether to fulfil the order: true for `payment.succeeded` alone. Fulfil on it, and only here.
    public let fulfils: Bool
    /// The payment, where ``data`` is one. Compare its amount with the order's.
    public let payment: Payment?

    /// The payment that an event is about.
    public struct Payment: Hashable, Sendable {
        /// The id, `pi_…`.
        public let paymentID: String
        /// The amount in the currency's smallest unit.
        public let amount: Int64
        /// The currency, ISO 4217.
        public let currency: String
        /// The status, such as `succeeded`.
        public let status: String
        /// The merchant's own order number. A live event may lack it.
        public let clientReferenceID: String?
        /// The checkout session that was paid, `cs_…`. A live event may lack it.
        public let checkoutSessionID: String?
    }

    /// Reads an event without verifying it; use it on what was verified before.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation` where it is none.
    public init(parsing body: Data) throws(FastStarError) {
        self.init(try native(sized: body.count) { try parseEvent(body: body) })
    }

    init(_ raw: RawEvent) {
        id = raw.id
        type = EventType(rawValue: raw.eventType)
        created = raw.created
        data = raw.data
        livemode = raw.livemode
        apiVersion = raw.apiVersion
        fulfils = raw.fulfils
        payment = raw.payment.map {
            Payment(
                paymentID: $0.paymentId,
                amount: $0.amount,
                currency: $0.currency,
                status: $0.status,
                clientReferenceID: $0.clientReferenceId,
                checkoutSessionID: $0.checkoutSessionId)
        }
    }
}

extension Event: CustomStringConvertible, CustomReflectable {
    /// What a log may have.
    public var description: String { "Event(id: \(id), type: \(type), livemode: \(livemode))" }

    /// What a dump may have.
    public var customMirror: Mirror {
        Mirror(self, children: ["id": id, "type": type, "livemode": livemode], displayStyle: .struct)
    }
}
