internal import FastStarGlue
import Foundation

/// An amount in its currency's smallest unit: 999 and USD are 9.99 US dollars.
public struct Money: Hashable, Sendable {
    /// The amount in the smallest unit.
    public let amount: Int64
    /// The currency in upper case, ISO 4217.
    public let currency: String
    /// How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD.
    public let decimals: Int

    /// Makes an amount.
    ///
    /// - Throws: ``FastStarError`` of the kind `validation` where the currency is not three letters.
    public init(_ amount: Int64, _ currency: String) throws(FastStarError) {
        let info = try native(sized: currency.utf8.count) { try currencyInfo(currency: currency) }
        self.amount = amount
        self.currency = info.code
        self.decimals = Int(info.decimals)
    }

    /// Reads what ``description`` writes: `10.79 USD`.
    ///
    /// - Throws: ``FastStarError`` for another form or another number of decimals.
    public init(parsing text: String) throws(FastStarError) {
        let raw = try native(sized: text.utf8.count) { try parseMoney(text: text) }
        try self.init(raw.amount, raw.currency)
    }

    /// The amount in the currency's main unit, exactly: 9.99.
    public var decimal: Decimal {
        Decimal(
            sign: amount < 0 ? .minus : .plus, exponent: -decimals, significand: Decimal(amount.magnitude))
    }

    /// Writes the amount for a person by Foundation's own formatter: `10,79 €`.
    ///
    /// The decimals are the currency's by ISO 4217, also where the platform's formatter leaves them out:
    /// an amount in an app is the one on the cashier's page.
    public func formatted(locale: Locale = .autoupdatingCurrent) -> String {
        decimal.formatted(
            .currency(code: currency).precision(.fractionLength(decimals)).locale(locale))
    }
}

extension Money: Codable {
    private enum CodingKeys: String, CodingKey {
        case amount, currency
    }

    /// Reads `{"amount": 999, "currency": "USD"}`.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let amount = try fields.decode(Int64.self, forKey: .amount)
        let currency = try fields.decode(String.self, forKey: .currency)
        do {
            try self.init(amount, currency)
        } catch {
            throw corrupted(error, at: decoder.codingPath)
        }
    }
}

extension Money: CustomStringConvertible {
    /// The amount for a log or a test, the same everywhere: `10.79 USD`.
    public var description: String {
        // The currency was read before, so there is nothing left to refuse.
        (try? formatMoney(amount: amount, currency: currency)) ?? "\(decimal) \(currency)"
    }
}
