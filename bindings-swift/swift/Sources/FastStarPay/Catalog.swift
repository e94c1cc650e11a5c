internal import FastStarGlue
import Foundation

/// Asks for a new product.
public struct CreateProduct: Hashable, Sendable {
    /// The name that a buyer sees.
    public var name: String
    /// More about it.
    public var description: String?
    /// The category that decides its tax rate; `standard` where it is absent.
    public var taxCategory: String?
    /// URLs of pictures.
    public var images: [String]
    /// The merchant's own texts by key.
    public var metadata: [String: String]
    /// Fields that this version does not know, as the text of a JSON object.
    public var extra: String?

    /// Makes a request.
    public init(
        name: String,
        description: String? = nil,
        taxCategory: String? = nil,
        images: [String] = [],
        metadata: [String: String] = [:],
        extra: String? = nil
    ) {
        self.name = name
        self.description = description
        self.taxCategory = taxCategory
        self.images = images
        self.metadata = metadata
        self.extra = extra
    }

    var raw: RawCreateProduct {
        RawCreateProduct(
            name: name,
            description: description,
            taxCategory: taxCategory,
            images: images,
            metadata: metadata,
            extra: extra)
    }
}

/// A product of the catalog.
public struct Product: Hashable, Identifiable, Sendable {
    /// The id, `prod_…`.
    public let id: String
    /// The name that a buyer sees.
    public let name: String
    /// More about it.
    public let description: String?
    /// The category that decides its tax rate.
    public let taxCategory: String?
    /// URLs of pictures.
    public let images: [String]
    /// The merchant's own texts by key.
    public let metadata: [String: String]
    /// The price that a line item with only this product uses. The sandbox says it; the live platform may
    /// not.
    public let defaultPriceID: String?
    /// Fields that this version does not know, as the text of a JSON object.
    public let extra: String?
    /// The `X-Request-Id` of the answer that it came with; nil in a list. Two products are equal without it.
    public var requestID: String? { answer.requestID }
    let answer: Answer

    /// Makes a product for an offline quote.
    public init(
        id: String,
        name: String,
        description: String? = nil,
        taxCategory: String? = nil,
        images: [String] = [],
        metadata: [String: String] = [:],
        defaultPriceID: String? = nil,
        extra: String? = nil
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.taxCategory = taxCategory
        self.images = images
        self.metadata = metadata
        self.defaultPriceID = defaultPriceID
        self.extra = extra
        self.answer = Answer()
    }
}

extension Product: WireCodable {
    /// Reads a product with the wire's names.
    public init(from decoder: any Decoder) throws { self = try decoded(Product.self, from: decoder) }

    /// Writes the wire's names.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    // The core reads a product within a catalog.
    init(json: Data) throws(FastStarError) { self = try Catalog(json: json).products[0] }

    static var place: String { "products[0]" }

    static func wrapped(_ value: Wire) -> Wire { .object(["products": .list([value])]) }

    var wire: [String: Wire] {
        get throws {
            try Wire.fields(
                [
                    "id": .text(id),
                    "name": .text(name),
                    "description": description.map(Wire.text),
                    "tax_category": taxCategory.map(Wire.text),
                    "images": .list(images.map(Wire.text)),
                    "metadata": .object(metadata.mapValues(Wire.text)),
                    "default_price_id": defaultPriceID.map(Wire.text),
                ],
                extra: extra)
        }
    }
}

extension Product {
    init(_ raw: RawProduct) {
        id = raw.id
        name = raw.name
        description = raw.description
        taxCategory = raw.taxCategory
        images = raw.images
        metadata = raw.metadata
        defaultPriceID = raw.defaultPriceId
        extra = raw.extra
        answer = Answer(requestID: raw.requestId)
    }

    var raw: RawProduct {
        RawProduct(
            id: id,
            name: name,
            description: description,
            taxCategory: taxCategory,
            images: images,
            metadata: metadata,
            defaultPriceId: defaultPriceID,
            extra: extra,
            requestId: requestID)
    }
}

/// Asks for a new price of a product.
///
/// ``oneTime(productID:currency:unitAmount:)`` and
/// ``recurring(productID:currency:unitAmount:interval:intervalCount:trialPeriodDays:)`` make one.
public struct CreatePrice: Hashable, Sendable {
    /// The product that it is a price of.
    public var productID: String
    /// The currency, ISO 4217.
    public var currency: String
    /// The price of one, in the currency's smallest unit: 999 is 9.99 USD.
    public var unitAmount: Int64
    /// One-time or recurring.
    public var type: PriceType
    /// The unit of the period of a recurring price.
    public var recurringInterval: Interval?
    /// How many units one period has; 1 where it is absent.
    public var recurringIntervalCount: Int64?
    /// Days before the first charge of a subscription.
    public var trialPeriodDays: Int64?
    /// Fields that this version does not know, as the text of a JSON object.
    public var extra: String?

    /// Makes a request field by field.
    public init(
        productID: String,
        currency: String,
        unitAmount: Int64,
        type: PriceType = .oneTime,
        recurringInterval: Interval? = nil,
        recurringIntervalCount: Int64? = nil,
        trialPeriodDays: Int64? = nil,
        extra: String? = nil
    ) {
        self.productID = productID
        self.currency = currency
        self.unitAmount = unitAmount
        self.type = type
        self.recurringInterval = recurringInterval
        self.recurringIntervalCount = recurringIntervalCount
        self.trialPeriodDays = trialPeriodDays
        self.extra = extra
    }

    /// Makes a request for a price that is charged once.
    public static func oneTime(productID: String, currency: String, unitAmount: Int64) -> CreatePrice {
        CreatePrice(productID: productID, currency: currency, unitAmount: unitAmount)
    }

    /// Makes a request for a price that is charged at each interval.
    public static func recurring(
        productID: String,
        currency: String,
        unitAmount: Int64,
        interval: Interval,
        intervalCount: Int64? = nil,
        trialPeriodDays: Int64? = nil
    ) -> CreatePrice {
        CreatePrice(
            productID: productID,
            currency: currency,
            unitAmount: unitAmount,
            type: .recurring,
            recurringInterval: interval,
            recurringIntervalCount: intervalCount,
            trialPeriodDays: trialPeriodDays)
    }

    var raw: RawCreatePrice {
        RawCreatePrice(
            productId: productID,
            currency: currency,
            unitAmount: unitAmount,
            priceType: type.rawValue,
            recurringInterval: recurringInterval?.rawValue,
            recurringIntervalCount: recurringIntervalCount,
            trialPeriodDays: trialPeriodDays,
            extra: extra)
    }
}

/// A price of a product.
public struct Price: Hashable, Identifiable, Sendable {
    /// The id, `price_…`.
    public let id: String
    /// The product that it is a price of.
    public let productID: String
    /// The currency, ISO 4217.
    public let currency: String
    /// The price of one, in the currency's smallest unit.
    public let unitAmount: Int64
    /// One-time or recurring.
    public let type: PriceType
    /// The unit of the period of a recurring price.
    public let recurringInterval: Interval?
    /// How many units one period has; 1 where it is absent.
    public let recurringIntervalCount: Int64?
    /// Days before the first charge of a subscription.
    public let trialPeriodDays: Int64?
    /// Fields that this version does not know, as the text of a JSON object.
    public let extra: String?
    /// The `X-Request-Id` of the answer that it came with; nil in a list. Two prices are equal without it.
    public var requestID: String? { answer.requestID }
    let answer: Answer

    /// Makes a price for an offline quote.
    public init(
        id: String,
        productID: String,
        currency: String,
        unitAmount: Int64,
        type: PriceType = .oneTime,
        recurringInterval: Interval? = nil,
        recurringIntervalCount: Int64? = nil,
        trialPeriodDays: Int64? = nil,
        extra: String? = nil
    ) {
        self.id = id
        self.productID = productID
        self.currency = currency
        self.unitAmount = unitAmount
        self.type = type
        self.recurringInterval = recurringInterval
        self.recurringIntervalCount = recurringIntervalCount
        self.trialPeriodDays = trialPeriodDays
        self.extra = extra
        self.answer = Answer()
    }
}

extension Price: WireCodable {
    /// Reads a price with the wire's names.
    public init(from decoder: any Decoder) throws { self = try decoded(Price.self, from: decoder) }

    /// Writes the wire's names.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    // The core reads a price within a catalog.
    init(json: Data) throws(FastStarError) { self = try Catalog(json: json).prices[0] }

    static var place: String { "prices[0]" }

    static func wrapped(_ value: Wire) -> Wire { .object(["prices": .list([value])]) }

    var wire: [String: Wire] {
        get throws {
            try Wire.fields(
                [
                    "id": .text(id),
                    "product_id": .text(productID),
                    "currency": .text(currency),
                    "unit_amount": .integer(unitAmount),
                    "type": .value(type),
                    "recurring_interval": recurringInterval.map(Wire.value),
                    "recurring_interval_count": recurringIntervalCount.map(Wire.integer),
                    "trial_period_days": trialPeriodDays.map(Wire.integer),
                ],
                extra: extra)
        }
    }
}

extension Price {
    init(_ raw: RawPrice) {
        id = raw.id
        productID = raw.productId
        currency = raw.currency
        unitAmount = raw.unitAmount
        type = PriceType(rawValue: raw.priceType)
        recurringInterval = raw.recurringInterval.map(Interval.init)
        recurringIntervalCount = raw.recurringIntervalCount
        trialPeriodDays = raw.trialPeriodDays
        extra = raw.extra
        answer = Answer(requestID: raw.requestId)
    }

    var raw: RawPrice {
        RawPrice(
            id: id,
            productId: productID,
            currency: currency,
            unitAmount: unitAmount,
            priceType: type.rawValue,
            recurringInterval: recurringInterval?.rawValue,
            recurringIntervalCount: recurringIntervalCount,
            trialPeriodDays: trialPeriodDays,
            extra: extra,
            requestId: requestID)
    }
}

/// The products and prices that an offline quote of a session knows.
public struct Catalog: Hashable, Sendable {
    /// The products.
    public var products: [Product]
    /// The prices.
    public var prices: [Price]

    /// Makes a catalog.
    public init(products: [Product] = [], prices: [Price] = []) {
        self.products = products
        self.prices = prices
    }

    /// Reads a catalog in JSON, `{"products": […], "prices": […]}`.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation`, with the place of the mistake.
    public init(json: Data) throws(FastStarError) {
        let raw = try native(sized: json.count) { try catalogFromJson(json: json) }
        self.init(products: raw.products.map(Product.init), prices: raw.prices.map(Price.init))
    }

    var raw: RawCatalog { RawCatalog(products: products.map(\.raw), prices: prices.map(\.raw)) }
}

extension Catalog: WireCodable {
    /// Reads a catalog with the wire's names.
    public init(from decoder: any Decoder) throws { self = try decoded(Catalog.self, from: decoder) }

    /// Writes the wire's names.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    var wire: [String: Wire] {
        get throws {
            [
                "products": .list(try products.map { .object(try $0.wire) }),
                "prices": .list(try prices.map { .object(try $0.wire) }),
            ]
        }
    }
}
