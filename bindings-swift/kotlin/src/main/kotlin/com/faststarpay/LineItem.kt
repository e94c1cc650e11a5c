package com.faststarpay

import com.faststarpay.glue.RawLineItem

/**
 * A line of a session: a price or a product of the catalog, or an ad hoc amount, and how many.
 *
 * [price], [product] and [adHoc] make one.
 */
public data class LineItem(
    /** A price of the catalog, `price_…`. */
    public val priceId: String? = null,
    /** A product of the catalog, `prod_…`; its default price is used. */
    public val productId: String? = null,
    /** How many, from 1 up. */
    public val quantity: Long = 1,
    /** The price of one in the currency's smallest unit; Direct/PSP merchants only. */
    public val adHocAmount: Long? = null,
    /** The currency of [adHocAmount], ISO 4217; the merchant's default where it is absent. */
    public val adHocCurrency: String? = null,
    /** The text that the cashier shows. */
    public val description: String? = null,
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    override fun toString(): String =
        "LineItem(priceId=$priceId, productId=$productId, quantity=$quantity, adHocAmount=$adHocAmount, " +
            "adHocCurrency=$adHocCurrency, description=$description)"

    public companion object {
        /** A line with a price of the catalog. */
        @JvmStatic
        @JvmOverloads
        public fun price(id: String, quantity: Long = 1): LineItem =
            LineItem(priceId = id, quantity = quantity)

        /** A line with a product of the catalog, at its default price. */
        @JvmStatic
        @JvmOverloads
        public fun product(id: String, quantity: Long = 1): LineItem =
            LineItem(productId = id, quantity = quantity)

        /** A line with an amount that the catalog does not have, in the smallest unit. Direct/PSP merchants only. */
        @JvmStatic
        @JvmOverloads
        public fun adHoc(
            amount: Long,
            currency: String,
            quantity: Long = 1,
            description: String? = null,
        ): LineItem = LineItem(
            adHocAmount = amount,
            adHocCurrency = currency,
            quantity = quantity,
            description = description,
        )

        @JvmSynthetic
        internal fun of(raw: RawLineItem): LineItem = LineItem(
            priceId = raw.priceId,
            productId = raw.productId,
            quantity = raw.quantity,
            adHocAmount = raw.adHocAmount,
            adHocCurrency = raw.adHocCurrency,
            description = raw.description,
            extra = raw.extra,
        )
    }

    @JvmSynthetic
    internal fun raw(): RawLineItem = RawLineItem(
        priceId = priceId,
        productId = productId,
        quantity = quantity,
        adHocAmount = adHocAmount,
        adHocCurrency = adHocCurrency,
        description = description,
        extra = extra,
    )
}
