internal import FastStarGlue
import Foundation

/// What a cart or a session comes to, in the currency's smallest unit.
///
/// The tax is an estimate from a bundled table of national and statewide standard rates. FastStar
/// computes the binding tax. Not tax advice.
public struct Quote: Hashable, Sendable {
    /// The currency, ISO 4217.
    public let currency: String
    /// The sum of the lines.
    public let subtotal: Int64
    /// The tax: inside the subtotal if inclusive, on top of it if exclusive.
    public let tax: Int64
    /// What the buyer pays.
    public let total: Int64
    /// Whether the prices contain the tax; nil while no place is known or nothing is charged.
    public let behaviour: TaxBehaviour?
    /// How the tax was rounded.
    public let rounding: Rounding
    /// Each line's figures, in the order of the input.
    public let lines: [Line]
    /// Each distinct rate's figures, the lowest rate first.
    public let taxes: [Tax]
    /// Whether a rate of the bundled table went into it.
    public let isEstimated: Bool
    /// False where the bundled table has no rate for the place that was named: those lines' tax is 0 for want
    /// of one. FastStar computes the binding tax.
    public let isRateKnown: Bool
    /// The date of the oldest figure that was taken from the table: `2026-09-29`.
    public let ratesAsOf: String?

    /// What a line comes to.
    public struct Line: Hashable, Sendable {
        /// The price of one.
        public let unitAmount: Int64
        /// How many.
        public let quantity: Int64
        /// Unit amount times quantity.
        public let amount: Int64
        /// The line's tax; nil where the rounding is per rate.
        public let tax: Int64?
        /// The tax rate in parts per million.
        public let ratePPM: Int64
        /// What the tax is called, where the rate is from the table.
        public let taxName: String?
        /// The text that the cashier shows.
        public let description: String?
    }

    /// What a rate comes to.
    public struct Tax: Hashable, Sendable {
        /// The rate in parts per million.
        public let ratePPM: Int64
        /// The sum of its lines.
        public let amount: Int64
        /// Their tax.
        public let tax: Int64
    }

    init(_ raw: RawQuote) {
        currency = raw.currency
        subtotal = raw.subtotal
        tax = raw.tax
        total = raw.total
        behaviour = raw.behaviour.map(TaxBehaviour.init)
        rounding = Rounding(rawValue: raw.rounding)
        lines = raw.lines.map {
            Line(
                unitAmount: $0.unitAmount,
                quantity: $0.quantity,
                amount: $0.amount,
                tax: $0.tax,
                ratePPM: Int64($0.ratePpm),
                taxName: $0.taxName,
                description: $0.description)
        }
        taxes = raw.taxes.map { Tax(ratePPM: Int64($0.ratePpm), amount: $0.amount, tax: $0.tax) }
        isEstimated = raw.estimated
        isRateKnown = raw.rateKnown
        ratesAsOf = raw.ratesAsOf
    }
}

/// What a quote of a session needs to know beside the request and the catalog.
public struct QuoteOptions: Hashable, Sendable {
    /// The date whose rates hold, such as `2026-11-22`; today in UTC where it is absent.
    public var on: String?
    /// Who sells; nil skips the rules for a Merchant of Record.
    public var merchant: MerchantKind?
    /// The currency of an ad hoc amount that names none; USD where it is absent.
    public var defaultCurrency: String?
    /// How the tax is rounded.
    public var rounding: Rounding?

    /// Makes options.
    public init(
        on: String? = nil,
        merchant: MerchantKind? = nil,
        defaultCurrency: String? = nil,
        rounding: Rounding? = nil
    ) {
        self.on = on
        self.merchant = merchant
        self.defaultCurrency = defaultCurrency
        self.rounding = rounding
    }

    var raw: RawQuoteOptions {
        RawQuoteOptions(
            on: on,
            merchant: merchant?.rawValue,
            defaultCurrency: defaultCurrency,
            rounding: rounding?.rawValue)
    }
}

/// A cart with its prices, to be summed up without a catalog.
///
/// ```swift
/// let quote = try Cart(currency: "EUR", lines: [.init(unitAmount: 4900)], country: "DE").quote()
/// // quote.total is 4900, and quote.tax 782: VAT is inside the price.
/// ```
public struct Cart: Hashable, Sendable {
    /// The currency, ISO 4217.
    public var currency: String
    /// The lines, at least one.
    public var lines: [Line]
    /// The buyer's country, ISO 3166-1 alpha-2.
    public var country: String?
    /// The region within it, the part of ISO 3166-2 after the hyphen.
    public var region: String?
    /// Whether the prices contain the tax; the place's own where it is absent.
    public var behaviour: TaxBehaviour?
    /// How the tax is rounded; each line's, ties up, where it is absent. A cart that was read names it.
    public var rounding: Rounding?
    /// The date of the look-up, such as `2026-11-22`; today in UTC where it is absent.
    public var asOf: String?

    /// A line of a cart.
    public struct Line: Hashable, Sendable {
        /// The price of one in the smallest unit.
        public var unitAmount: Int64
        /// How many, from 1 to 1,000,000.
        public var quantity: Int64
        /// The tax rate in parts per million; looked up where it is absent.
        public var taxRatePPM: Int64?
        /// The category for the look-up; `standard` where it is absent.
        public var taxCategory: String?
        /// The line's currency, which must be the cart's.
        public var currency: String?

        /// Makes a line.
        public init(
            unitAmount: Int64,
            quantity: Int64 = 1,
            taxRatePPM: Int64? = nil,
            taxCategory: String? = nil,
            currency: String? = nil
        ) {
            self.unitAmount = unitAmount
            self.quantity = quantity
            self.taxRatePPM = taxRatePPM
            self.taxCategory = taxCategory
            self.currency = currency
        }
    }

    /// Makes a cart.
    public init(
        currency: String,
        lines: [Line],
        country: String? = nil,
        region: String? = nil,
        behaviour: TaxBehaviour? = nil,
        rounding: Rounding? = nil,
        asOf: String? = nil
    ) {
        self.currency = currency
        self.lines = lines
        self.country = country
        self.region = region
        self.behaviour = behaviour
        self.rounding = rounding
        self.asOf = asOf
    }

    /// Reads a cart in JSON, with the names of `faststar quote`.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation`, with the place of the mistake.
    public init(json: Data) throws(FastStarError) {
        let raw = try native(sized: json.count) { try cartFromJson(json: json) }
        self.init(
            currency: raw.currency,
            lines: raw.lines.map {
                Line(
                    unitAmount: $0.unitAmount,
                    quantity: $0.quantity,
                    taxRatePPM: $0.taxRatePpm,
                    taxCategory: $0.taxCategory,
                    currency: $0.currency)
            },
            country: raw.country.isEmpty ? nil : raw.country,
            region: raw.region.isEmpty ? nil : raw.region,
            behaviour: raw.behaviour.map(TaxBehaviour.init),
            rounding: raw.rounding.map(Rounding.init),
            asOf: raw.asOf)
    }

    /// Computes what the cart comes to.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation`, with the place of the mistake.
    public func quote() throws(FastStarError) -> Quote {
        let raw = RawCart(
            currency: currency,
            lines: lines.map {
                RawCartLine(
                    unitAmount: $0.unitAmount,
                    quantity: $0.quantity,
                    taxRatePpm: $0.taxRatePPM,
                    taxCategory: $0.taxCategory,
                    currency: $0.currency)
            },
            country: country ?? "",
            region: region ?? "",
            behaviour: behaviour?.rawValue,
            rounding: rounding?.rawValue,
            asOf: asOf)
        return Quote(try native { try quoteCart(cart: raw) })
    }
}

extension Cart: WireCodable {
    /// Reads a cart with the names of `faststar quote`.
    public init(from decoder: any Decoder) throws { self = try decoded(Cart.self, from: decoder) }

    /// Writes the names of `faststar quote`.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    var wire: [String: Wire] {
        get throws {
            let known: [String: Wire?] = [
                "currency": .text(currency),
                "lines": .list(try lines.map { .object(try $0.wire) }),
                "country": country.map(Wire.text),
                "region": region.map(Wire.text),
                "behaviour": behaviour.map(Wire.value),
                "rounding": rounding.map(Wire.value),
                "as_of": asOf.map(Wire.text),
            ]
            return try Wire.fields(known)
        }
    }
}

extension Cart.Line: WireCodable {
    /// Reads a line with the names of `faststar quote`.
    public init(from decoder: any Decoder) throws { self = try decoded(Cart.Line.self, from: decoder) }

    /// Writes the names of `faststar quote`.
    public func encode(to encoder: any Encoder) throws { try FastStarPay.encode(self, to: encoder) }

    // The core reads a line within a cart.
    init(json: Data) throws(FastStarError) { self = try Cart(json: json).lines[0] }

    static var place: String { "lines[0]" }

    static func wrapped(_ value: Wire) -> Wire {
        .object(["currency": .text("USD"), "lines": .list([value])])
    }

    var wire: [String: Wire] {
        get throws {
            try Wire.fields([
                "unit_amount": .integer(unitAmount),
                "quantity": .integer(quantity),
                "tax_rate_ppm": taxRatePPM.map(Wire.integer),
                "tax_category": taxCategory.map(Wire.text),
                "currency": currency.map(Wire.text),
            ])
        }
    }
}

/// A rate of the bundled table: an estimate, not tax advice.
public struct TaxRate: Hashable, Sendable {
    /// The rate in parts per million: 190,000 is 19 %.
    public let ratePPM: Int64
    /// Whether prices there contain the tax.
    public let behaviour: TaxBehaviour
    /// What the tax is called there.
    public let name: String
    /// The category that the rate is for.
    public let category: String
    /// The date of the figure, where its source has one: `2026-09-29`.
    public let asOf: String?
    /// How sure the table is of it.
    public let confidence: Confidence

    /// Looks a rate up.
    ///
    /// - Parameters:
    ///   - place: A country, with its region where tax needs one: `DE`, `US-CA`.
    ///   - category: The product's tax category; `standard` where it is absent.
    ///   - on: The date whose rate holds, such as `2026-11-22`; today in UTC where it is absent.
    /// - Throws: ``FastStarError`` of the kind `validation` where the table has none.
    public init(of place: String, category: String? = nil, on: String? = nil) throws(FastStarError) {
        let raw = try native { try taxRate(place: place, category: category, on: on) }
        ratePPM = Int64(raw.ratePpm)
        behaviour = TaxBehaviour(rawValue: raw.behaviour)
        name = raw.name
        self.category = raw.category
        asOf = raw.asOf
        confidence = Confidence(rawValue: raw.confidence)
    }
}
