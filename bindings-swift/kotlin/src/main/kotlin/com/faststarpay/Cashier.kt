package com.faststarpay

import com.faststarpay.glue.RawReturnOutcome
import com.faststarpay.glue.checkCashierOrigins
import com.faststarpay.glue.checkCashierUrl
import com.faststarpay.glue.returnOutcome

/**
 * Says which origins are the cashier's. An app checks a `url` with it before it opens it.
 *
 * ```
 * val url = Cashier().check(created.url)
 * CustomTabsIntent.Builder().build().launchUrl(activity, Uri.parse(url.url))
 * ```
 *
 * FastStar's own origins are allowed.
 *
 * @param allowOrigins what is allowed beside them, scheme, host and port, such as the sandbox's
 *   `http://127.0.0.1:4250`; keep it out of what you ship
 * @throws FastStarException.Validation where one of them is no origin
 */
public class Cashier(allowOrigins: List<String>) {
    private val allowOrigins = allowOrigins.toList()

    init {
        native(this.allowOrigins) { checkCashierOrigins(this.allowOrigins) }
    }

    /** Allows FastStar's own origins, and those given. */
    public constructor(vararg allowOrigins: String) : this(allowOrigins.asList())

    /**
     * Checks that a URL is the cashier's: scheme, host and port are those of an allowed origin.
     *
     * @throws FastStarException.Validation where it is not; do not open it
     */
    public fun check(url: String): CashierUrl {
        val raw = native(url, allowOrigins) { checkCashierUrl(url, allowOrigins) }
        return CashierUrl(raw.url, raw.sessionId, raw.shown)
    }
}

/** A URL that is the cashier's. `toString` leaves out the query, which has the session token. */
public class CashierUrl internal constructor(
    /** The text to open, and not the one that was checked. Keep it out of logs. */
    public val url: String,
    /** The session's id, out of the path. */
    public val sessionId: String?,
    private val shown: String,
) {
    override fun equals(other: Any?): Boolean = other is CashierUrl && other.url == url

    override fun hashCode(): Int = url.hashCode()

    override fun toString(): String = shown
}

/** Says which way the buyer came back. */
public enum class ReturnOutcome {
    /** By the `success_url`. */
    SUCCESS,

    /** By the `cancel_url`. */
    CANCEL,

    /** By neither, or by one that could be both. */
    OTHER,
}

/**
 * The two links that bring the buyer back to the app, to tell which one it was: the URLs that the
 * session was created with where they are App Links, or deep links (`myapp://…`) that the pages at
 * those URLs redirect to.
 *
 * This is for the buyer's screen: anyone can open a deep link. Whether the session is paid is for
 * the app's server to say.
 *
 * @throws FastStarException.Validation where one is not an absolute URL
 */
public data class ReturnUrls(
    /** The link after success: `https://shop.example/checkout/success`. */
    public val successUrl: String,
    /** The link after giving up. */
    public val cancelUrl: String,
) {
    init {
        outcome("")
    }

    /** Tells which way the buyer came back. It takes any text: what is no link of the two is [ReturnOutcome.OTHER]. */
    public fun outcome(cameBackTo: String): ReturnOutcome {
        if (!isUnicode(cameBackTo)) return ReturnOutcome.OTHER
        return when (native(successUrl, cancelUrl) { returnOutcome(successUrl, cancelUrl, cameBackTo) }) {
            RawReturnOutcome.SUCCESS -> ReturnOutcome.SUCCESS
            RawReturnOutcome.CANCEL -> ReturnOutcome.CANCEL
            RawReturnOutcome.OTHER -> ReturnOutcome.OTHER
        }
    }
}
