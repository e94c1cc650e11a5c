package com.faststarpay

/**
 * A text of the wire that may have values this version does not know. They are kept as they came.
 *
 * Compare with the constants of the class: `if (session.status == SessionStatus.COMPLETE)`.
 */
public abstract class WireValue internal constructor(
    /** The text on the wire. */
    public val value: String,
) {
    final override fun equals(other: Any?): Boolean =
        other is WireValue && other.javaClass == javaClass && other.value == value

    final override fun hashCode(): Int = value.hashCode()

    final override fun toString(): String = value
}

/** Says what a session is for. */
public class Mode private constructor(value: String) : WireValue(value) {
    public companion object {
        /** A one-off payment. */
        @JvmField public val PAYMENT: Mode = Mode("payment")

        /** A subscription; every line item names a recurring price. */
        @JvmField public val SUBSCRIPTION: Mode = Mode("subscription")

        /** A card is saved, nothing is charged. */
        @JvmField public val SETUP: Mode = Mode("setup")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): Mode = Mode(value)
    }
}

/** Says how the buyer sees the cashier. */
public class Presentation private constructor(value: String) : WireValue(value) {
    public companion object {
        /** On top of the merchant's page. */
        @JvmField public val IFRAME: Presentation = Presentation("iframe")

        /** A page of its own; what an app opens. */
        @JvmField public val LINK: Presentation = Presentation("link")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): Presentation = Presentation(value)
    }
}

/** Says where a session is in its life. */
public class SessionStatus private constructor(value: String) : WireValue(value) {
    public companion object {
        /** The buyer can pay. */
        @JvmField public val OPEN: SessionStatus = SessionStatus("open")

        /** Paid, or the card saved, or the subscription started. */
        @JvmField public val COMPLETE: SessionStatus = SessionStatus("complete")

        /** Nobody paid in time. */
        @JvmField public val EXPIRED: SessionStatus = SessionStatus("expired")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): SessionStatus = SessionStatus(value)
    }
}

/** Says whether the money is there. */
public class PaymentStatus private constructor(value: String) : WireValue(value) {
    public companion object {
        /** Not yet. */
        @JvmField public val UNPAID: PaymentStatus = PaymentStatus("unpaid")

        /** It is. */
        @JvmField public val PAID: PaymentStatus = PaymentStatus("paid")

        /** There is nothing to pay now. */
        @JvmField public val NO_PAYMENT_REQUIRED: PaymentStatus = PaymentStatus("no_payment_required")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): PaymentStatus = PaymentStatus(value)
    }
}

/** Says whether a price is charged once or again and again. */
public class PriceType private constructor(value: String) : WireValue(value) {
    public companion object {
        /** For sessions in payment mode. */
        @JvmField public val ONE_TIME: PriceType = PriceType("one_time")

        /** For sessions in subscription mode. */
        @JvmField public val RECURRING: PriceType = PriceType("recurring")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): PriceType = PriceType(value)
    }
}

/** The unit of a recurring price's period. */
public class Interval private constructor(value: String) : WireValue(value) {
    public companion object {
        /** Days. */
        @JvmField public val DAY: Interval = Interval("day")

        /** Weeks. */
        @JvmField public val WEEK: Interval = Interval("week")

        /** Months. */
        @JvmField public val MONTH: Interval = Interval("month")

        /** Years. */
        @JvmField public val YEAR: Interval = Interval("year")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): Interval = Interval(value)
    }
}

/** Says what happened. */
public class EventType private constructor(value: String) : WireValue(value) {
    public companion object {
        /** The money is there. Fulfil on this one, and only here. */
        @JvmField public val PAYMENT_SUCCEEDED: EventType = EventType("payment.succeeded")

        /** The payment did not go through. */
        @JvmField public val PAYMENT_FAILED: EventType = EventType("payment.failed")

        /** The payment was given up. */
        @JvmField public val PAYMENT_CANCELED: EventType = EventType("payment.canceled")

        /** The payment was given back. */
        @JvmField public val PAYMENT_REFUNDED: EventType = EventType("payment.refunded")

        /** A refund reached the buyer. */
        @JvmField public val REFUND_SUCCEEDED: EventType = EventType("refund.succeeded")

        /** A subscription started. */
        @JvmField public val SUBSCRIPTION_CREATED: EventType = EventType("subscription.created")

        /** A subscription changed. */
        @JvmField public val SUBSCRIPTION_UPDATED: EventType = EventType("subscription.updated")

        /** A subscription ended. */
        @JvmField public val SUBSCRIPTION_CANCELED: EventType = EventType("subscription.canceled")

        /** A subscription's invoice was paid. */
        @JvmField public val INVOICE_PAID: EventType = EventType("invoice.paid")

        /** A subscription's invoice could not be collected. */
        @JvmField public val INVOICE_PAYMENT_FAILED: EventType = EventType("invoice.payment_failed")

        /** A buyer disputes a payment. */
        @JvmField public val DISPUTE_CREATED: EventType = EventType("dispute.created")

        /** A dispute changed. */
        @JvmField public val DISPUTE_UPDATED: EventType = EventType("dispute.updated")

        /** A dispute ended. */
        @JvmField public val DISPUTE_CLOSED: EventType = EventType("dispute.closed")

        /** Money was settled to the merchant. */
        @JvmField public val SETTLEMENT_SUCCEEDED: EventType = EventType("settlement.succeeded")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): EventType = EventType(value)
    }
}

/** Says who sells to the buyer. */
public class MerchantKind private constructor(value: String) : WireValue(value) {
    public companion object {
        /** The merchant sells, FastStar processes the payment. */
        @JvmField public val DIRECT: MerchantKind = MerchantKind("direct")

        /** FastStar is the Merchant of Record; every line item references the catalog. */
        @JvmField public val MERCHANT_OF_RECORD: MerchantKind = MerchantKind("mor")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): MerchantKind = MerchantKind(value)
    }
}

/** Tells whether a price contains the tax or the tax comes on top. */
public class TaxBehaviour private constructor(value: String) : WireValue(value) {
    public companion object {
        /** The price contains the tax: EU VAT and the like. */
        @JvmField public val INCLUSIVE: TaxBehaviour = TaxBehaviour("inclusive")

        /** The tax comes on top: US sales tax and the like. */
        @JvmField public val EXCLUSIVE: TaxBehaviour = TaxBehaviour("exclusive")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): TaxBehaviour = TaxBehaviour(value)
    }
}

/** Says what is rounded to whole units, and which way a tie goes. */
public class Rounding private constructor(value: String) : WireValue(value) {
    public companion object {
        /** Each line's tax, ties up. The default. */
        @JvmField public val PER_LINE_HALF_UP: Rounding = Rounding("per_line_half_up")

        /** The sum of each distinct rate, ties up. */
        @JvmField public val PER_RATE_HALF_UP: Rounding = Rounding("per_rate_half_up")

        /** Each line's tax, ties to the even unit. */
        @JvmField public val PER_LINE_HALF_EVEN: Rounding = Rounding("per_line_half_even")

        /** The sum of each distinct rate, ties to the even unit. */
        @JvmField public val PER_RATE_HALF_EVEN: Rounding = Rounding("per_rate_half_even")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): Rounding = Rounding(value)
    }
}

/** How sure the bundled table is of a rate. */
public class Confidence private constructor(value: String) : WireValue(value) {
    public companion object {
        /** Two or more sources agree. */
        @JvmField public val HIGH: Confidence = Confidence("high")

        /** One source says so. */
        @JvmField public val MEDIUM: Confidence = Confidence("medium")

        /** A placeholder, or sources that disagree. */
        @JvmField public val LOW: Confidence = Confidence("low")

        /** Takes a text of the wire. */
        @JvmStatic public fun of(value: String): Confidence = Confidence(value)
    }
}
