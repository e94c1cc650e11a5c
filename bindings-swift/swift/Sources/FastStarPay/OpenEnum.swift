/// A text of the wire that may have values which this version does not know. They are kept as they
/// came, in `unknown`.
///
/// Later versions may know more values: a `switch` over one has a `default`. Make one of a text with
/// `init(rawValue:)`, which knows the texts of the other cases: `.unknown("open")` equals `.open`, but a
/// `switch` takes it as `unknown`.
public protocol OpenEnum: RawRepresentable<String>, Codable, Hashable, Sendable, CustomStringConvertible {
    /// The values that this version knows.
    static var known: [Self] { get }
    /// A value that this version does not know, as it came.
    static func unknown(_ text: String) -> Self
}

extension OpenEnum {
    /// Takes a text of the wire.
    public init(rawValue: String) {
        self = Self.known.first { $0.rawValue == rawValue } ?? .unknown(rawValue)
    }

    /// Compares the texts of the wire.
    public static func == (left: Self, right: Self) -> Bool { left.rawValue == right.rawValue }

    /// Hashes the text of the wire.
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

    /// The text of the wire.
    public var description: String { rawValue }
}

/// Says what a session is for.
public enum Mode: OpenEnum {
    /// A one-off payment.
    case payment
    /// A subscription; every line item names a recurring price.
    case subscription
    /// A card is saved, nothing is charged.
    case setup
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.payment, .subscription, .setup]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .payment: "payment"
        case .subscription: "subscription"
        case .setup: "setup"
        case .unknown(let text): text
        }
    }
}

/// Says how the buyer sees the cashier.
public enum Presentation: OpenEnum {
    /// On top of the merchant's page.
    case iframe
    /// A page of its own; what an app opens.
    case link
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.iframe, .link]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .iframe: "iframe"
        case .link: "link"
        case .unknown(let text): text
        }
    }
}

/// Says where a session is in its life.
public enum SessionStatus: OpenEnum {
    /// The buyer can pay.
    case open
    /// Paid, or the card saved, or the subscription started.
    case complete
    /// Nobody paid in time.
    case expired
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.open, .complete, .expired]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .open: "open"
        case .complete: "complete"
        case .expired: "expired"
        case .unknown(let text): text
        }
    }
}

/// Says whether the money is there.
public enum PaymentStatus: OpenEnum {
    /// Not yet.
    case unpaid
    /// It is.
    case paid
    /// There is nothing to pay now.
    case noPaymentRequired
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.unpaid, .paid, .noPaymentRequired]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .unpaid: "unpaid"
        case .paid: "paid"
        case .noPaymentRequired: "no_payment_required"
        case .unknown(let text): text
        }
    }
}

/// Says whether a price is charged once or again and again.
public enum PriceType: OpenEnum {
    /// For sessions in payment mode.
    case oneTime
    /// For sessions in subscription mode.
    case recurring
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.oneTime, .recurring]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .oneTime: "one_time"
        case .recurring: "recurring"
        case .unknown(let text): text
        }
    }
}

/// Names the unit of a recurring price's period.
public enum Interval: OpenEnum {
    /// Days.
    case day
    /// Weeks.
    case week
    /// Months.
    case month
    /// Years.
    case year
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.day, .week, .month, .year]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .day: "day"
        case .week: "week"
        case .month: "month"
        case .year: "year"
        case .unknown(let text): text
        }
    }
}

/// Says what happened.
public enum EventType: OpenEnum {
    /// The money is there. Fulfil on this one, and only here.
    case paymentSucceeded
    /// The payment did not go through.
    case paymentFailed
    /// The payment was given up.
    case paymentCanceled
    /// The payment was given back.
    case paymentRefunded
    /// A refund reached the buyer.
    case refundSucceeded
    /// A subscription started.
    case subscriptionCreated
    /// A subscription changed.
    case subscriptionUpdated
    /// A subscription ended.
    case subscriptionCanceled
    /// A subscription's invoice was paid.
    case invoicePaid
    /// A subscription's invoice could not be collected.
    case invoicePaymentFailed
    /// A buyer disputes a payment.
    case disputeCreated
    /// A dispute changed.
    case disputeUpdated
    /// A dispute ended.
    case disputeClosed
    /// Money was settled to the merchant.
    case settlementSucceeded
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [
        .paymentSucceeded, .paymentFailed, .paymentCanceled, .paymentRefunded, .refundSucceeded,
        .subscriptionCreated, .subscriptionUpdated, .subscriptionCanceled, .invoicePaid,
        .invoicePaymentFailed, .disputeCreated, .disputeUpdated, .disputeClosed, .settlementSucceeded,
    ]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .paymentSucceeded: "payment.succeeded"
        case .paymentFailed: "payment.failed"
        case .paymentCanceled: "payment.canceled"
        case .paymentRefunded: "payment.refunded"
        case .refundSucceeded: "refund.succeeded"
        case .subscriptionCreated: "subscription.created"
        case .subscriptionUpdated: "subscription.updated"
        case .subscriptionCanceled: "subscription.canceled"
        case .invoicePaid: "invoice.paid"
        case .invoicePaymentFailed: "invoice.payment_failed"
        case .disputeCreated: "dispute.created"
        case .disputeUpdated: "dispute.updated"
        case .disputeClosed: "dispute.closed"
        case .settlementSucceeded: "settlement.succeeded"
        case .unknown(let text): text
        }
    }
}

/// Says who sells to the buyer.
public enum MerchantKind: OpenEnum {
    /// The merchant sells, FastStar processes the payment.
    case direct
    /// FastStar is the Merchant of Record; every line item references the catalog.
    case merchantOfRecord
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.direct, .merchantOfRecord]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .direct: "direct"
        case .merchantOfRecord: "mor"
        case .unknown(let text): text
        }
    }
}

/// Tells whether a price contains the tax or the tax comes on top.
public enum TaxBehaviour: OpenEnum {
    /// The price contains the tax: EU VAT and the like.
    case inclusive
    /// The tax comes on top: US sales tax and the like.
    case exclusive
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.inclusive, .exclusive]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .inclusive: "inclusive"
        case .exclusive: "exclusive"
        case .unknown(let text): text
        }
    }
}

/// Says what is rounded to whole units, and which way a tie goes.
public enum Rounding: OpenEnum {
    /// Each line's tax, ties up. The default.
    case perLineHalfUp
    /// The sum of each distinct rate, ties up.
    case perRateHalfUp
    /// Each line's tax, ties to the even unit.
    case perLineHalfEven
    /// The sum of each distinct rate, ties to the even unit.
    case perRateHalfEven
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [
        .perLineHalfUp, .perRateHalfUp, .perLineHalfEven, .perRateHalfEven,
    ]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .perLineHalfUp: "per_line_half_up"
        case .perRateHalfUp: "per_rate_half_up"
        case .perLineHalfEven: "per_line_half_even"
        case .perRateHalfEven: "per_rate_half_even"
        case .unknown(let text): text
        }
    }
}

/// Says how sure the bundled table is of a rate.
public enum Confidence: OpenEnum {
    /// Two or more sources agree.
    case high
    /// One source says so.
    case medium
    /// A placeholder, or sources that disagree.
    case low
    /// One that this version does not know.
    case unknown(String)

    /// The values that this version knows.
    public static let known: [Self] = [.high, .medium, .low]

    /// The text of the wire.
    public var rawValue: String {
        switch self {
        case .high: "high"
        case .medium: "medium"
        case .low: "low"
        case .unknown(let text): text
        }
    }
}
