package com.faststarpay

import com.faststarpay.glue.RawCreatedSession
import com.faststarpay.glue.RawSession
import com.faststarpay.glue.createdSessionFromJson
import com.faststarpay.glue.createdSessionToJson
import com.faststarpay.glue.sessionFromJson
import com.faststarpay.glue.sessionToJson
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.function.Consumer
import java.util.function.Predicate
import java.util.function.Supplier
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.future.await

/**
 * A checkout session.
 *
 * `toString` leaves out the token and what is personal.
 */
public data class Session(
    /** The id, `cs_…`. */
    public val id: String,
    /** Where it is in its life. */
    public val status: SessionStatus,
    /** The sum of the lines, in the currency's smallest unit. */
    public val amountSubtotal: Long,
    /** The tax, in the smallest unit. */
    public val amountTax: Long,
    /** What the buyer pays, in the smallest unit. */
    public val amountTotal: Long,
    /** The currency, ISO 4217. */
    public val currency: String,
    /** What lets a browser see this session. Keep it out of logs. */
    public val sessionToken: String? = null,
    /** When it expires. */
    public val expiresAt: Instant? = null,
    /** Whether the money is there. The sandbox says it; the live platform may not, as all below. */
    public val paymentStatus: PaymentStatus? = null,
    /** What it is for. */
    public val mode: Mode? = null,
    /** How the buyer sees the cashier. */
    public val presentation: Presentation? = null,
    /** What it sells. */
    public val lineItems: List<LineItem> = emptyList(),
    /** The buyer's e-mail address. */
    public val customerEmail: String? = null,
    /** Where the buyer lands after success. */
    public val successUrl: String? = null,
    /** Where the buyer lands after giving up. */
    public val cancelUrl: String? = null,
    /** The buyer's country, with its region where tax needs one. */
    public val buyerCountry: String? = null,
    /** False where the sandbox has no tax rate for [buyerCountry]: the tax is 0 for want of one. */
    public val isRateKnown: Boolean? = null,
    /** The merchant's own order number. */
    public val clientReferenceId: String? = null,
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    /** The `X-Request-Id` of the answer that it came with; null in a copy. Two sessions are equal without it. */
    public var requestId: String? = null
        internal set

    /**
     * What the buyer pays, to be shown: `session.total.format()`.
     *
     * @throws FastStarException.Validation where [currency] is none
     */
    public val total: Money
        get() = Money(amountTotal, currency)

    /**
     * Writes the JSON that [fromJson] reads, with the token and the fields that this version does not know.
     *
     * @throws FastStarException.Validation where an `extra` is no JSON object, or a time is beyond what RFC 3339 can tell
     */
    public fun toJson(): String {
        val raw = raw()
        return native(raw) { sessionToJson(raw) }
    }

    override fun toString(): String =
        "Session(id=$id, status=$status, amountTotal=$amountTotal, currency=$currency)"

    public companion object {
        /**
         * Reads a session that FastStar answered and a server passed on to its app: by itself, or in
         * the envelope of the answer.
         *
         * @throws FastStarException.Validation where it is something else
         */
        @JvmStatic
        public fun fromJson(json: String): Session =
            of(native { sessionFromJson(utf8(json)) })

        /**
         * Watches a session until it ends: gives it at once and after each change, and completes
         * after the last one, which is [SessionStatus.COMPLETE] or [SessionStatus.EXPIRED].
         *
         * ```
         * Session.watch { shop.fetchSession(id) }.collect { session -> show(session.status) }
         * ```
         *
         * [fetch] asks the app's own server, since an app holds no API key. It is called again after
         * 1 s at first, then after longer and longer, up to 10 s. An `IOException` or a
         * [FastStarException] that may pass, a `withTimeout` within [fetch] that ran out, and what
         * [retryIf] says may pass of your HTTP client's exceptions, are borne five times in a row; any other
         * exception ends the flow at once. Collect it anew when the buyer comes back, and the session is
         * asked for at once. Only the webhook tells a server to fulfil: this is for the buyer's screen.
         */
        @JvmStatic
        public fun watch(
            retryIf: (Throwable) -> Boolean = { false },
            fetch: suspend () -> Session,
        ): Flow<Session> = watchSession(retryIf, fetch)

        /**
         * [watch] for Java: calls [onChange], one call after the other, and completes with the session that
         * has ended. Cancelling the future ends the watch. All three functions run on [executor], or where
         * it is null on what `CompletableFuture.supplyAsync` uses.
         */
        @JvmStatic
        @JvmOverloads
        public fun watchFuture(
            fetch: Supplier<out CompletionStage<Session>>,
            onChange: Consumer<Session>,
            retryIf: Predicate<Throwable> = Predicate { false },
            executor: Executor? = null,
        ): CompletableFuture<Session> =
            watched(executor, onChange) { watch(retryIf::test) { fetch.get().await() } }

        @JvmSynthetic
        internal fun of(raw: RawSession): Session = Session(
            id = raw.id,
            status = SessionStatus.of(raw.status),
            amountSubtotal = raw.amountSubtotal,
            amountTax = raw.amountTax,
            amountTotal = raw.amountTotal,
            currency = raw.currency,
            sessionToken = raw.sessionToken,
            expiresAt = raw.expiresAt,
            paymentStatus = raw.paymentStatus?.let(PaymentStatus::of),
            mode = raw.mode?.let(Mode::of),
            presentation = raw.presentation?.let(Presentation::of),
            lineItems = raw.lineItems.fixed(LineItem::of),
            customerEmail = raw.customerEmail,
            successUrl = raw.successUrl,
            cancelUrl = raw.cancelUrl,
            buyerCountry = raw.buyerCountry,
            isRateKnown = raw.rateKnown,
            clientReferenceId = raw.clientReferenceId,
            extra = raw.extra,
        ).also { it.requestId = raw.requestId }
    }

    @JvmSynthetic
    internal fun raw(): RawSession = RawSession(
        id = id,
        status = status.value,
        amountSubtotal = amountSubtotal,
        amountTax = amountTax,
        amountTotal = amountTotal,
        currency = currency,
        sessionToken = sessionToken,
        expiresAt = expiresAt,
        paymentStatus = paymentStatus?.value,
        mode = mode?.value,
        presentation = presentation?.value,
        lineItems = lineItems.map(LineItem::raw),
        customerEmail = customerEmail,
        successUrl = successUrl,
        cancelUrl = cancelUrl,
        buyerCountry = buyerCountry,
        rateKnown = isRateKnown,
        clientReferenceId = clientReferenceId,
        extra = extra,
        requestId = requestId,
    )
}

/**
 * The answer to a session's creation: the session, and where the buyer pays.
 *
 * `toString` leaves out the token, and the query and the fragment of the URL, which may have it too.
 */
public data class CreatedSession(
    /** The session. */
    public val session: Session,
    /** The cashier's page. An app checks it with [Cashier.check] before it opens it. Keep it out of logs. */
    public val url: String,
    /** What lets a browser see this session. Keep it out of logs. */
    public val sessionToken: String,
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    /** The `X-Request-Id` of the answer that it came with; null in a copy. Two values are equal without it. */
    public var requestId: String? = null
        internal set

    /**
     * Writes the JSON that [fromJson] reads, for a server to pass on to its app.
     *
     * @throws FastStarException.Validation where an `extra` is no JSON object, or a time is beyond what RFC 3339 can tell
     */
    public fun toJson(): String {
        val raw = RawCreatedSession(session.raw(), url, sessionToken, extra, requestId)
        return native(raw) { createdSessionToJson(raw) }
    }

    override fun toString(): String {
        val end = url.indexOfAny(charArrayOf('?', '#')) + 1
        val shown = if (end == 0) url else url.take(end) + "[redacted]"
        return "CreatedSession(session=$session, url=$shown)"
    }

    public companion object {
        /**
         * Reads what FastStar answered and a server passed on to its app: `{"session", "url", …}` by
         * itself, or in the envelope of the answer.
         *
         * @throws FastStarException.Validation where it is something else
         */
        @JvmStatic
        public fun fromJson(json: String): CreatedSession =
            of(native { createdSessionFromJson(utf8(json)) })

        @JvmSynthetic
        internal fun of(raw: RawCreatedSession): CreatedSession = CreatedSession(
            session = Session.of(raw.session),
            url = raw.url,
            sessionToken = raw.sessionToken,
            extra = raw.extra,
        ).also { it.requestId = raw.requestId }
    }
}
