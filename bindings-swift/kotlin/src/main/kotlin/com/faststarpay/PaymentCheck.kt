@file:JvmName("PaymentChecks")

package com.faststarpay

import com.faststarpay.glue.RawMoney
import com.faststarpay.glue.RawPaidEvent
import com.faststarpay.glue.RawPaymentCheck
import com.faststarpay.glue.RawSoldSession
import com.faststarpay.glue.judgePayment

/** What a payment is to an order. */
public enum class PaymentVerdict {
    /** The payment settles the order: fulfil. */
    PAID,

    /** Less was paid than the order comes to. */
    UNDERPAID,

    /** More was paid than the order comes to. */
    OVERPAID,

    /** The payment is in another currency than the order. */
    OTHER_CURRENCY,

    /** There is no such order. */
    UNKNOWN_ORDER,

    /** The amount differs from the order's, and no session tells whether tax came on top. */
    SESSION_NEEDED,
}

/**
 * What [checkPayment] found.
 *
 * Fulfil where [isPaid]. No other verdict changes by waiting: set the order aside for a person, and let
 * the webhook answer 200.
 */
public data class PaymentCheck(
    /** What the payment is to the order. */
    public val verdict: PaymentVerdict,
    /**
     * What should have been paid: the session's total where the session sold this order, else the order's
     * amount. Null where there is no order.
     */
    public val expected: Money?,
    /** What was paid. */
    public val paid: Money,
    /** The session that was paid, `cs_…`, where the payment names one. */
    public val sessionId: String?,
    /** The finding in a sentence, for a log or for the person who looks into the order. */
    public val message: String,
) {
    /** Whether to fulfil: true for [PaymentVerdict.PAID] alone. */
    public val isPaid: Boolean
        get() = verdict == PaymentVerdict.PAID

    internal companion object {
        @JvmSynthetic
        fun of(raw: RawPaymentCheck): PaymentCheck = PaymentCheck(
            verdict = PaymentVerdict.valueOf(raw.verdict.uppercase()),
            expected = raw.expected?.let { Money(it.amount, it.currency) },
            paid = Money(raw.paid.amount, raw.paid.currency),
            sessionId = raw.sessionId,
            message = raw.message,
        )
    }
}

/**
 * Judges whether a `payment.succeeded` settles an order; sends nothing.
 *
 * An equal amount is paid. Where another amount was paid, the session decides: it must have sold the
 * order's subtotal, and its total must have been paid. [Sessions.checkPayment] reads it where it is needed.
 *
 * @param event a `payment.succeeded`
 * @param order the order's subtotal, its prices before tax that comes on top; null where there is no such
 *   order
 * @param session the session that was paid, read anew
 * @throws FastStarException.Validation where the event is no `payment.succeeded`, or the session another
 *   payment's
 */
@JvmOverloads
public fun checkPayment(event: Event, order: Money?, session: Session? = null): PaymentCheck {
    val paid = RawPaidEvent(event.id, event.type.value, event.data)
    val ordered = order?.let { RawMoney(it.amount, it.currency) }
    val sold = session?.let {
        RawSoldSession(it.id, it.status.value, it.amountSubtotal, it.amountTotal, it.currency, it.clientReferenceId)
    }
    return PaymentCheck.of(native(paid, ordered, sold) { judgePayment(paid, ordered, sold) })
}
