internal import FastStarGlue
import Foundation

/// Says what a payment is to an order.
public enum PaymentVerdict: String, Hashable, Sendable, CaseIterable {
    /// The payment settles the order: fulfil.
    case paid
    /// Less was paid than the order comes to.
    case underpaid
    /// More was paid than the order comes to.
    case overpaid
    /// The payment is in another currency than the order.
    case otherCurrency = "other_currency"
    /// There is no such order.
    case unknownOrder = "unknown_order"
    /// The amount differs from the order's, and no session tells whether tax came on top.
    case sessionNeeded = "session_needed"
}

/// What ``checkPayment(_:order:session:)`` found.
///
/// Fulfil where ``isPaid``. No other verdict changes by waiting: set the order aside for a person, and let
/// the webhook answer 200.
public struct PaymentCheck: Hashable, Sendable {
    /// What the payment is to the order.
    public let verdict: PaymentVerdict
    /// What should have been paid: the session's total where the session sold this order, else the order's
    /// amount. Nil where there is no order.
    public let expected: Money?
    /// What was paid.
    public let paid: Money
    /// The session that was paid, `cs_…`, where the payment names one.
    public let sessionID: String?
    /// The finding in a sentence, for a log or for the person who looks into the order.
    public let message: String

    /// Whether to fulfil: true for `paid` alone.
    public var isPaid: Bool { verdict == .paid }

    init(_ raw: RawPaymentCheck) throws(FastStarError) {
        guard let verdict = PaymentVerdict(rawValue: raw.verdict) else { throw .defect }
        self.verdict = verdict
        expected = try raw.expected.map { money throws(FastStarError) in
            try Money(money.amount, money.currency)
        }
        paid = try Money(raw.paid.amount, raw.paid.currency)
        sessionID = raw.sessionId
        message = raw.message
    }
}

/// Judges whether a `payment.succeeded` settles an order; sends nothing.
///
/// An equal amount is paid. Where another amount was paid, the session decides: it must have sold the
/// order's subtotal, and its total must have been paid. ``FastStar/Sessions/checkPayment(_:order:options:)``
/// reads it where it is needed.
///
/// - Parameters:
///   - event: A `payment.succeeded`.
///   - order: The order's subtotal, its prices before tax that comes on top; nil where there is no such
///     order.
///   - session: The session that was paid, read anew.
/// - Throws: ``FastStarError`` of the kind `validation` where the event is no `payment.succeeded`, or the
///   session another payment's.
public func checkPayment(
    _ event: Event, order: Money?, session: Session? = nil
) throws(FastStarError) -> PaymentCheck {
    let sold = session.map {
        RawSoldSession(
            id: $0.id, status: $0.status.rawValue, amountSubtotal: $0.amountSubtotal,
            amountTotal: $0.amountTotal, currency: $0.currency, clientReferenceId: $0.clientReferenceID)
    }
    let raw = try native(sized: event.data.utf8.count) {
        try judgePayment(
            event: RawPaidEvent(id: event.id, eventType: event.type.rawValue, data: event.data),
            order: order.map { RawMoney(amount: $0.amount, currency: $0.currency) },
            session: sold)
    }
    return try PaymentCheck(raw)
}
