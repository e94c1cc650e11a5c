package com.faststarpay

import com.faststarpay.glue.RawCreateSession
import com.faststarpay.glue.checkSession
import com.faststarpay.glue.createSessionFromJson
import com.faststarpay.glue.quoteSession

/**
 * Asks for a new checkout session. `toString` leaves out what is personal.
 *
 * ```
 * val request = CreateSession(
 *     mode = Mode.PAYMENT,
 *     lineItems = listOf(LineItem.price("price_xxx")),
 *     presentation = Presentation.LINK,
 *     successUrl = "https://shop.example/checkout/success",
 *     cancelUrl = "https://shop.example/checkout/cancel",
 *     buyerCountry = "US",
 * )
 * ```
 */
public data class CreateSession @JvmOverloads constructor(
    /** What the session is for. */
    public val mode: Mode,
    /** What it sells; may be empty in setup mode only. */
    public val lineItems: List<LineItem> = emptyList(),
    /** How the buyer sees the cashier. */
    public val presentation: Presentation = Presentation.LINK,
    /** Where the buyer lands after success, `https` or `http`; an App Link brings the buyer to an app. */
    public val successUrl: String? = null,
    /** Where the buyer lands after giving up, as [successUrl]. */
    public val cancelUrl: String? = null,
    /** The buyer's country, with its region where tax needs one: `DE`, `US-CA`. */
    public val buyerCountry: String? = null,
    /** The merchant's own order number, returned unchanged. */
    public val clientReferenceId: String? = null,
    /** The buyer's e-mail address, filled in beforehand. */
    public val customerEmail: String? = null,
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    /**
     * Checks the request by all that a client can know, as a client does before it sends it.
     *
     * @throws FastStarException.Validation with the place of the mistake
     */
    @JvmOverloads
    public fun validate(merchant: MerchantKind? = null) {
        val raw = raw()
        native(raw, merchant) { checkSession(raw, merchant?.value) }
    }

    /**
     * Computes offline what the session would come to, with the [catalog] that it references.
     *
     * The tax is an estimate from a bundled table; FastStar computes the binding one.
     *
     * @throws FastStarException with the place of the mistake
     */
    @JvmOverloads
    public fun quote(
        catalog: Catalog = Catalog(),
        options: QuoteOptions = QuoteOptions(),
    ): Quote {
        val request = raw()
        val known = catalog.raw()
        val chosen = options.raw()
        return Quote.of(native(request, known, chosen) { quoteSession(request, known, chosen) })
    }

    override fun toString(): String =
        "CreateSession(mode=$mode, lineItems=$lineItems, presentation=$presentation, clientReferenceId=$clientReferenceId)"

    public companion object {
        /**
         * Reads a request in JSON, with the wire's names.
         *
         * @throws FastStarException.Validation with the place of the mistake
         */
        @JvmStatic
        public fun fromJson(json: String): CreateSession {
            val raw = native { createSessionFromJson(utf8(json)) }
            return CreateSession(
                mode = Mode.of(raw.mode),
                presentation = Presentation.of(raw.presentation),
                lineItems = raw.lineItems.fixed(LineItem::of),
                customerEmail = raw.customerEmail,
                successUrl = raw.successUrl,
                cancelUrl = raw.cancelUrl,
                buyerCountry = raw.buyerCountry,
                clientReferenceId = raw.clientReferenceId,
                extra = raw.extra,
            )
        }
    }

    @JvmSynthetic
    internal fun raw(): RawCreateSession = RawCreateSession(
        mode = mode.value,
        presentation = presentation.value,
        lineItems = lineItems.map(LineItem::raw),
        customerEmail = customerEmail,
        successUrl = successUrl,
        cancelUrl = cancelUrl,
        buyerCountry = buyerCountry,
        clientReferenceId = clientReferenceId,
        extra = extra,
    )
}
