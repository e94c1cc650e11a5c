internal import FastStarGlue
import Foundation

/// A line of a session: a price or a product of the catalog, or an ad hoc amount, and how many.
///
/// ``price(_:quantity:)``, ``product(_:quantity:)`` and ``adHoc(amount:currency:quantity:description:)``
/// make one.
public struct LineItem: Hashable, Sendable {
    /// A price of the catalog, `price_…`.
    public var priceID: String?
    /// A product of the catalog, `prod_…`; its default price is used.
    public var productID: String?
    /// How many, from 1 up.
    public var quantity: Int64
    /// The price of one in the currency's smallest unit; Direct/PSP merchants only.
    public var adHocAmount: Int64?
    /// The currency of ``adHocAmount``, ISO 4217; the merchant's default where it is absent.
    public var adHocCurrency: String?
    /// The text that the cashier shows.
    public var description: String?
    /// Fields that this version does not know, as the text of a JSON object.
    public var extra: String?

    /// Makes a line field by field.
    public init(
        priceID: String? = nil,
        productID: String? = nil,
        quantity: Int64 = 1,
        adHocAmount: Int64? = nil,
        adHocCurrency: String? = nil,
        description: String? = nil,
        extra: String? = nil
    ) {
        self.priceID = priceID
        self.productID = productID
        self.quantity = quantity
        self.adHocAmount = adHocAmount
        self.adHocCurrency = adHocCurrency
        self.description = description
        self.extra = extra
    }

    /// Makes a line with a price of the catalog.
    public static func price(_ id: String, quantity: Int64 = 1) -> LineItem {
        LineItem(priceID: id, quantity: quantity)
    }

    /// Makes a line with a product of the catalog, at its default price.
    public static func product(_ id: String, quantity: Int64 = 1) -> LineItem {
        LineItem(productID: id, quantity: quantity)
    }

    /// Makes a line with an amount that the catalog does not have, in the smallest unit. Direct/PSP
    /// merchants only.
    public static func adHoc(
        amount: Int64, currency: String, quantity: Int64 = 1, description: String? = nil
    ) -> LineItem {
        LineItem(quantity: quantity, adHocAmount: amount, adHocCurrency: currency, description: description)
    }
}

extension LineItem: WireCodable {
    /// Reads an item with the wire's names.
    public init(from decoder: any Decoder) throws { self = try decoded(LineItem.self, from: decoder) }

    /// Writes the wire's names.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    // The core reads an item within a request.
    init(json: Data) throws(FastStarError) { self = try CreateSession(json: json).lineItems[0] }

    static var place: String { "line_items[0]" }

    static func wrapped(_ value: Wire) -> Wire {
        .object(["mode": .text("setup"), "presentation": .text("link"), "line_items": .list([value])])
    }

    var wire: [String: Wire] {
        get throws {
            try Wire.fields(
                [
                    "price_id": priceID.map(Wire.text),
                    "product_id": productID.map(Wire.text),
                    "quantity": .integer(quantity),
                    "ad_hoc_amount": adHocAmount.map(Wire.integer),
                    "ad_hoc_currency": adHocCurrency.map(Wire.text),
                    "description": description.map(Wire.text),
                ],
                extra: extra)
        }
    }
}

extension LineItem {
    init(_ raw: RawLineItem) {
        self.init(
            priceID: raw.priceId,
            productID: raw.productId,
            quantity: raw.quantity,
            adHocAmount: raw.adHocAmount,
            adHocCurrency: raw.adHocCurrency,
            description: raw.description,
            extra: raw.extra)
    }

    var raw: RawLineItem {
        RawLineItem(
            priceId: priceID,
            productId: productID,
            quantity: quantity,
            adHocAmount: adHocAmount,
            adHocCurrency: adHocCurrency,
            description: description,
            extra: extra)
    }
}
