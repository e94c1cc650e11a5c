package com.faststarpay

import com.faststarpay.glue.RawEvent
import com.faststarpay.glue.parseEvent
import com.faststarpay.glue.signWebhook
import com.faststarpay.glue.verifyWebhook
import java.time.Duration
import java.time.Instant

/** Verifies webhooks, on a server. */
public object Webhook {
    /**
     * Verifies a webhook and gives its event.
     *
     * @param body the raw bytes of the request's body, before any JSON parser
     * @param signature the value of the header `X-Webhook-Signature`
     * @param secrets the endpoint's secret; several during a rotation
     * @param eventId the value of the header `X-Webhook-ID`, which must then name the event
     * @param tolerance how far the signature's time may be from now; 300 s where it is absent
     * @param now the time; the system's where it is absent
     * @throws FastStarException.Signature where it must not be trusted: answer with a 4xx and do
     *   nothing else
     */
    @JvmStatic
    @JvmOverloads
    public fun verify(
        body: ByteArray,
        signature: String?,
        secrets: List<String>,
        eventId: String? = null,
        tolerance: Duration? = null,
        now: Instant? = null,
    ): Event = Event.of(
        native(signature, secrets, eventId) {
            verifyWebhook(body, signature, secrets, eventId, tolerance?.seconds, now?.epochSecond)
        },
    )

    /** Verifies a webhook with the endpoint's one [secret]. */
    @JvmStatic
    @JvmOverloads
    public fun verify(
        body: ByteArray,
        signature: String?,
        secret: String,
        eventId: String? = null,
    ): Event = verify(body, signature, listOf(secret), eventId)

    /** Signs a body as FastStar does, for tests; gives the value of `X-Webhook-Signature`. */
    @JvmStatic
    @JvmOverloads
    public fun signForTest(
        body: ByteArray,
        secrets: List<String>,
        timestamp: Instant? = null,
    ): String = native(secrets) { signWebhook(body, secrets, timestamp?.epochSecond) }

    /** Signs a body with one [secret], for tests. */
    @JvmStatic
    @JvmOverloads
    public fun signForTest(body: ByteArray, secret: String, timestamp: Instant? = null): String =
        signForTest(body, listOf(secret), timestamp)
}

/** An event that a webhook delivered. It may come more than once: remember the [id] to act once. */
public data class Event(
    /** The id, `evt_…`. */
    public val id: String,
    /** What happened. */
    public val type: EventType,
    /** When it happened, in unix seconds; 0 where the platform did not tell. */
    public val created: Long,
    /** The JSON text of `data`, as it came. */
    public val data: String,
    /** Whether it is about real money; false where the platform did not tell. */
    public val livemode: Boolean,
    /** The API version that wrote it; empty where the platform did not tell. */
    public val apiVersion: String,
    /** Whether to fulfil the order: true for `payment.succeeded` alone. Fulfil on it, and only here. */
    public val fulfils: Boolean,
    /** The payment, where [data] is one. Compare its amount with the order's. */
    public val payment: Payment?,
) {
    /** `toString` leaves out the data, which may be personal. */
    override fun toString(): String = "Event(id=$id, type=$type, livemode=$livemode)"

    public companion object {
        /**
         * Reads an event without verifying it; use it on what was verified before.
         *
         * @throws FastStarException.Validation where it is none
         */
        @JvmStatic
        public fun parse(body: ByteArray): Event = of(native { parseEvent(body) })

        @JvmSynthetic
        internal fun of(raw: RawEvent): Event = Event(
            id = raw.id,
            type = EventType.of(raw.eventType),
            created = raw.created,
            data = raw.data,
            livemode = raw.livemode,
            apiVersion = raw.apiVersion,
            fulfils = raw.fulfils,
            payment = raw.payment?.let {
                Payment(
                    paymentId = it.paymentId,
                    amount = it.amount,
                    currency = it.currency,
                    status = it.status,
                    clientReferenceId = it.clientReferenceId,
                    checkoutSessionId = it.checkoutSessionId,
                )
            },
        )
    }
}

/** The payment that an event is about. */
public data class Payment(
    /** The id, `pi_…`. */
    public val paymentId: String,
    /** The amount in the currency's smallest unit. */
    public val amount: Long,
    /** The currency, ISO 4217. */
    public val currency: String,
    /** The status, such as `succeeded`. */
    public val status: String,
    /** The merchant's own order number. A live event may lack it. */
    public val clientReferenceId: String?,
    /** The checkout session that was paid, `cs_…`. A live event may lack it. */
    public val checkoutSessionId: String?,
)
