internal import FastStarGlue
import Foundation

/// Asks for a new checkout session.
///
/// ```swift
/// let request = CreateSession(
///     mode: .payment,
///     lineItems: [.price("price_xxx")],
///     successURL: "https://shop.example/checkout/success",
///     cancelURL: "https://shop.example/checkout/cancel",
///     buyerCountry: "US")
/// ```
public struct CreateSession: Hashable, Sendable {
    /// What the session is for.
    public var mode: Mode
    /// What it sells; may be empty in setup mode only.
    public var lineItems: [LineItem]
    /// How the buyer sees the cashier.
    public var presentation: Presentation
    /// Where the buyer lands after success.
    public var successURL: String?
    /// Where the buyer lands after giving up.
    public var cancelURL: String?
    /// The buyer's country, with its region where tax needs one: `DE`, `US-CA`.
    public var buyerCountry: String?
    /// The merchant's own order number, returned unchanged.
    public var clientReferenceID: String?
    /// The buyer's e-mail address, filled in beforehand.
    public var customerEmail: String?
    /// Fields that this version does not know, as the text of a JSON object.
    public var extra: String?

    /// Makes a request.
    public init(
        mode: Mode,
        lineItems: [LineItem] = [],
        presentation: Presentation = .link,
        successURL: String? = nil,
        cancelURL: String? = nil,
        buyerCountry: String? = nil,
        clientReferenceID: String? = nil,
        customerEmail: String? = nil,
        extra: String? = nil
    ) {
        self.mode = mode
        self.lineItems = lineItems
        self.presentation = presentation
        self.successURL = successURL
        self.cancelURL = cancelURL
        self.buyerCountry = buyerCountry
        self.clientReferenceID = clientReferenceID
        self.customerEmail = customerEmail
        self.extra = extra
    }

    /// Reads a request in JSON, with the wire's names, and checks types alone.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation`, with the place of the mistake.
    public init(json: Data) throws(FastStarError) {
        self.init(try native(sized: json.count) { try createSessionFromJson(json: json) })
    }

    /// Checks the request by all that a client can know, as a client does before it sends it.
    ///
    /// - Parameter merchant: Who sells; nil skips the rules for a Merchant of Record.
    /// - Throws: ``FastStarError`` of the kind `validation`, with the place of the mistake.
    public func validate(merchant: MerchantKind? = nil) throws(FastStarError) {
        try native { try checkSession(request: raw, merchant: merchant?.rawValue) }
    }

    /// Computes offline what the session would come to, with the catalog that it references.
    ///
    /// The tax is an estimate from a bundled table; FastStar computes the binding one.
    ///
    /// - Throws: ``FastStarError`` with the place of the mistake.
    public func quote(
        catalog: Catalog = Catalog(), options: QuoteOptions = QuoteOptions()
    ) throws(FastStarError) -> Quote {
        Quote(
            try native { try quoteSession(request: raw, catalog: catalog.raw, options: options.raw) })
    }
}

extension CreateSession: WireCodable {
    /// Reads a request with the wire's names.
    public init(from decoder: any Decoder) throws { self = try decoded(CreateSession.self, from: decoder) }

    /// Writes the wire's names.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    var wire: [String: Wire] {
        get throws {
            let items = try lineItems.map { Wire.object(try $0.wire) }
            let known: [String: Wire?] = [
                "mode": .value(mode),
                "presentation": .value(presentation),
                "line_items": items.isEmpty ? nil : .list(items),
                "customer_email": customerEmail.map(Wire.text),
                "success_url": successURL.map(Wire.text),
                "cancel_url": cancelURL.map(Wire.text),
                "buyer_country": buyerCountry.map(Wire.text),
                "client_reference_id": clientReferenceID.map(Wire.text),
            ]
            return try Wire.fields(known, extra: extra)
        }
    }
}

/// What is personal stays out of descriptions.
extension CreateSession: CustomStringConvertible, CustomReflectable {
    /// What a log may have.
    public var description: String { "CreateSession(mode: \(mode), lineItems: \(lineItems.count))" }

    /// What a dump may have.
    public var customMirror: Mirror {
        Mirror(self, children: ["mode": mode, "lineItems": lineItems], displayStyle: .struct)
    }
}

extension CreateSession {
    init(_ raw: RawCreateSession) {
        self.init(
            mode: Mode(rawValue: raw.mode),
            lineItems: raw.lineItems.map(LineItem.init),
            presentation: Presentation(rawValue: raw.presentation),
            successURL: raw.successUrl,
            cancelURL: raw.cancelUrl,
            buyerCountry: raw.buyerCountry,
            clientReferenceID: raw.clientReferenceId,
            customerEmail: raw.customerEmail,
            extra: raw.extra)
    }

    var raw: RawCreateSession {
        RawCreateSession(
            mode: mode.rawValue,
            presentation: presentation.rawValue,
            lineItems: lineItems.map(\.raw),
            customerEmail: customerEmail,
            successUrl: successURL,
            cancelUrl: cancelURL,
            buyerCountry: buyerCountry,
            clientReferenceId: clientReferenceID,
            extra: extra)
    }
}
