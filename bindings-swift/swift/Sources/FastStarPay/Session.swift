internal import FastStarGlue
import Foundation

/// A checkout session.
///
/// An app reads what its server passes on, with `JSONDecoder` or ``init(json:)``. Its description and
/// its mirror leave out the token and what is personal; what `JSONEncoder` writes has both.
public struct Session: Hashable, Identifiable, Sendable {
    /// The id, `cs_…`.
    public let id: String
    /// Where it is in its life.
    public let status: SessionStatus
    /// The sum of the lines, in the currency's smallest unit; 0 where the platform did not tell, as the two
    /// below.
    public let amountSubtotal: Int64
    /// The tax, in the smallest unit.
    public let amountTax: Int64
    /// What the buyer pays, in the smallest unit.
    public let amountTotal: Int64
    /// The currency, ISO 4217; empty where the platform did not tell.
    public let currency: String
    /// What lets a browser see this session. Keep it out of logs.
    public let sessionToken: String?
    /// When it expires, where the platform told it as a time. Writing keeps its milliseconds.
    public let expiresAt: Date?
    /// Whether the money is there. The sandbox says it; the live platform may not, as all below.
    public let paymentStatus: PaymentStatus?
    /// What it is for.
    public let mode: Mode?
    /// How the buyer sees the cashier.
    public let presentation: Presentation?
    /// What it sells.
    public let lineItems: [LineItem]
    /// The buyer's e-mail address.
    public let customerEmail: String?
    /// Where the buyer lands after success.
    public let successURL: String?
    /// Where the buyer lands after giving up.
    public let cancelURL: String?
    /// The buyer's country, with its region where tax needs one.
    public let buyerCountry: String?
    /// False where the sandbox has no tax rate for ``buyerCountry``: the tax is 0 for want of one.
    public let isRateKnown: Bool?
    /// The merchant's own order number.
    public let clientReferenceID: String?
    /// Fields that this version does not know, as the text of a JSON object.
    public let extra: String?
    /// The `X-Request-Id` of the answer that it came with. Two sessions are equal without it.
    public var requestID: String? { answer.requestID }
    let answer: Answer

    /// Reads a session that FastStar answered and a server passed on to its app: by itself, or in the
    /// envelope of the answer.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation` where it is something else.
    public init(json: Data) throws(FastStarError) {
        self.init(try native(sized: json.count) { try sessionFromJson(json: json) })
    }

    /// What the buyer pays, to be shown: `session.total.formatted()`.
    ///
    /// - Throws: ``FastStarError`` where ``currency`` is none.
    public var total: Money {
        get throws(FastStarError) { try Money(amountTotal, currency) }
    }
}

extension Session: WireCodable {
    /// Reads a session with the wire's names.
    public init(from decoder: any Decoder) throws { self = try decoded(Session.self, from: decoder) }

    /// Writes the wire's names, the token too.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    var wire: [String: Wire] {
        get throws {
            let items = try lineItems.map { Wire.object(try $0.wire) }
            let known: [String: Wire?] = [
                "id": .text(id),
                "status": .value(status),
                "amount_subtotal": .integer(amountSubtotal),
                "amount_tax": .integer(amountTax),
                "amount_total": .integer(amountTotal),
                "currency": .text(currency),
                "session_token": sessionToken.map(Wire.text),
                "expires_at": expiresAt.map(Wire.time),
                "payment_status": paymentStatus.map(Wire.value),
                "mode": mode.map(Wire.value),
                "presentation": presentation.map(Wire.value),
                "line_items": items.isEmpty ? nil : .list(items),
                "customer_email": customerEmail.map(Wire.text),
                "success_url": successURL.map(Wire.text),
                "cancel_url": cancelURL.map(Wire.text),
                "buyer_country": buyerCountry.map(Wire.text),
                "rate_known": isRateKnown.map(Wire.bool),
                "client_reference_id": clientReferenceID.map(Wire.text),
            ]
            return try Wire.fields(known, extra: extra)
        }
    }
}

extension Session: CustomStringConvertible, CustomReflectable {
    /// What a log may have.
    public var description: String {
        "Session(id: \(id), status: \(status), amountTotal: \(amountTotal), currency: \(currency))"
    }

    /// What a dump may have.
    public var customMirror: Mirror {
        Mirror(
            self,
            children: ["id": id, "status": status, "amountTotal": amountTotal, "currency": currency],
            displayStyle: .struct)
    }
}

extension Session {
    init(_ raw: RawSession) {
        id = raw.id
        status = SessionStatus(rawValue: raw.status)
        amountSubtotal = raw.amountSubtotal
        amountTax = raw.amountTax
        amountTotal = raw.amountTotal
        currency = raw.currency
        sessionToken = raw.sessionToken
        expiresAt = raw.expiresAt
        paymentStatus = raw.paymentStatus.map(PaymentStatus.init)
        mode = raw.mode.map(Mode.init)
        presentation = raw.presentation.map(Presentation.init)
        lineItems = raw.lineItems.map(LineItem.init)
        customerEmail = raw.customerEmail
        successURL = raw.successUrl
        cancelURL = raw.cancelUrl
        buyerCountry = raw.buyerCountry
        isRateKnown = raw.rateKnown
        clientReferenceID = raw.clientReferenceId
        extra = raw.extra
        answer = Answer(requestID: raw.requestId)
    }
}

/// The answer to a session's creation: the session, and where the buyer pays.
///
/// A server passes it on to its app with `JSONEncoder`, and the app reads it with `JSONDecoder` or
/// ``init(json:)``. Its description and its mirror leave out the token, and the query of the URL, which
/// has it too.
public struct CreatedSession: Hashable, Identifiable, Sendable {
    /// The session.
    public let session: Session
    /// The cashier's page. An app checks it with ``Cashier/check(_:)`` before it opens it. Keep it out
    /// of logs.
    public let url: String
    /// What lets a browser see this session. Keep it out of logs.
    public let sessionToken: String
    /// Fields that this version does not know, as the text of a JSON object.
    public let extra: String?
    /// The `X-Request-Id` of the answer that it came with. Two values are equal without it.
    public var requestID: String? { answer.requestID }
    let answer: Answer

    /// The session's id.
    public var id: String { session.id }

    /// Reads what FastStar answered and a server passed on to its app: `{"session", "url", …}` by
    /// itself, or in the envelope of the answer.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation` where it is something else.
    public init(json: Data) throws(FastStarError) {
        self.init(try native(sized: json.count) { try createdSessionFromJson(json: json) })
    }
}

extension CreatedSession: WireCodable {
    /// Reads the answer with the wire's names.
    public init(from decoder: any Decoder) throws { self = try decoded(CreatedSession.self, from: decoder) }

    /// Writes the wire's names, the token too.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    var wire: [String: Wire] {
        get throws {
            let known: [String: Wire?] = [
                "session": .object(try session.wire),
                "url": .text(url),
                "session_token": .text(sessionToken),
            ]
            return try Wire.fields(known, extra: extra)
        }
    }
}

extension CreatedSession: CustomStringConvertible, CustomReflectable {
    /// What a log may have.
    public var description: String { "CreatedSession(session: \(session))" }

    /// What a dump may have.
    public var customMirror: Mirror {
        Mirror(self, children: ["session": session], displayStyle: .struct)
    }
}

extension CreatedSession {
    init(_ raw: RawCreatedSession) {
        session = Session(raw.session)
        url = raw.url
        sessionToken = raw.sessionToken
        extra = raw.extra
        answer = Answer(requestID: raw.requestId)
    }
}

/// Which answer a value came with. It does not make two values differ.
struct Answer: Hashable, Sendable {
    let requestID: String?

    init(requestID: String? = nil) { self.requestID = requestID }

    static func == (left: Self, right: Self) -> Bool { true }

    func hash(into hasher: inout Hasher) {}
}
