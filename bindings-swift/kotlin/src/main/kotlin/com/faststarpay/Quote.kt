package com.faststarpay

import com.faststarpay.glue.RawCart
import com.faststarpay.glue.RawCartLine
import com.faststarpay.glue.RawQuote
import com.faststarpay.glue.RawQuoteOptions
import com.faststarpay.glue.cartFromJson
import com.faststarpay.glue.quoteCart
import com.faststarpay.glue.taxRate
import java.time.LocalDate

/**
 * What a cart or a session comes to, in the currency's smallest unit.
 *
 * The tax is an estimate from a bundled table of national and statewide standard rates. FastStar
 * computes the binding tax. Not tax advice.
 */
public data class Quote(
    /** The currency, ISO 4217. */
    public val currency: String,
    /** The sum of the lines. */
    public val subtotal: Long,
    /** The tax: inside the subtotal if inclusive, on top of it if exclusive. */
    public val tax: Long,
    /** What the buyer pays. */
    public val total: Long,
    /** Whether the prices contain the tax; null while no place is known or nothing is charged. */
    public val behaviour: TaxBehaviour?,
    /** How the tax was rounded. */
    public val rounding: Rounding,
    /** Each line's figures, in the order of the input. */
    public val lines: List<Line>,
    /** Each distinct rate's figures, the lowest rate first. */
    public val taxes: List<Tax>,
    /** Whether a rate of the bundled table went into it. */
    public val isEstimated: Boolean,
    /**
     * False where the bundled table has no rate for the place that was named: those lines' tax is 0 for want of
     * one. FastStar computes the binding tax.
     */
    public val isRateKnown: Boolean,
    /** The date of the oldest figure that was taken from the table. */
    public val ratesAsOf: LocalDate?,
) {
    /** What a line comes to. */
    public data class Line(
        /** The price of one. */
        public val unitAmount: Long,
        /** How many. */
        public val quantity: Long,
        /** Unit amount times quantity. */
        public val amount: Long,
        /** The line's tax; null where the rounding is per rate. */
        public val tax: Long?,
        /** The tax rate in parts per million. */
        public val ratePpm: Long,
        /** What the tax is called, where the rate is from the table. */
        public val taxName: String?,
        /** The text that the cashier shows. */
        public val description: String?,
    )

    /** What a rate comes to. */
    public data class Tax(
        /** The rate in parts per million. */
        public val ratePpm: Long,
        /** The sum of its lines. */
        public val amount: Long,
        /** Their tax. */
        public val tax: Long,
    )

    internal companion object {
        @JvmSynthetic
        fun of(raw: RawQuote): Quote = Quote(
            currency = raw.currency,
            subtotal = raw.subtotal,
            tax = raw.tax,
            total = raw.total,
            behaviour = raw.behaviour?.let(TaxBehaviour::of),
            rounding = Rounding.of(raw.rounding),
            lines = raw.lines.fixed { line ->
                Line(
                    unitAmount = line.unitAmount,
                    quantity = line.quantity,
                    amount = line.amount,
                    tax = line.tax,
                    ratePpm = line.ratePpm.toLong(),
                    taxName = line.taxName,
                    description = line.description,
                )
            },
            taxes = raw.taxes.fixed { Tax(it.ratePpm.toLong(), it.amount, it.tax) },
            isEstimated = raw.estimated,
            isRateKnown = raw.rateKnown,
            ratesAsOf = raw.ratesAsOf?.let(LocalDate::parse),
        )
    }
}

/** What a quote of a session needs to know beside the request and the catalog. */
public data class QuoteOptions @JvmOverloads constructor(
    /** The date whose rates hold; today in UTC where it is absent. */
    public val on: LocalDate? = null,
    /** Who sells; null skips the rules for a Merchant of Record. */
    public val merchant: MerchantKind? = null,
    /** The currency of an ad hoc amount that names none; USD where it is absent. */
    public val defaultCurrency: String? = null,
    /** How the tax is rounded. */
    public val rounding: Rounding? = null,
) {
    @JvmSynthetic
    internal fun raw(): RawQuoteOptions =
        RawQuoteOptions(on?.toString(), merchant?.value, defaultCurrency, rounding?.value)
}

/**
 * A cart with its prices, to be summed up without a catalog.
 *
 * ```
 * val quote = Cart("EUR", listOf(Cart.Line(4900)), country = "DE").quote()
 * check(quote.total == 4900L && quote.tax == 782L) // VAT is inside the price
 * ```
 */
public data class Cart @JvmOverloads constructor(
    /** The currency, ISO 4217. */
    public val currency: String,
    /** The lines, at least one. */
    public val lines: List<Line>,
    /** The buyer's country, ISO 3166-1 alpha-2. */
    public val country: String? = null,
    /** The region within it, the part of ISO 3166-2 after the hyphen. */
    public val region: String? = null,
    /** Whether the prices contain the tax; the place's own where it is absent. */
    public val behaviour: TaxBehaviour? = null,
    /** How the tax is rounded. */
    public val rounding: Rounding? = null,
    /** The date of the look-up; today in UTC where it is absent. */
    public val asOf: LocalDate? = null,
) {
    /** A line of a cart. */
    public data class Line @JvmOverloads constructor(
        /** The price of one in the smallest unit. */
        public val unitAmount: Long,
        /** How many, from 1 to 1,000,000. */
        public val quantity: Long = 1,
        /** The tax rate in parts per million; looked up where it is absent. */
        public val taxRatePpm: Long? = null,
        /** The category for the look-up; `standard` where it is absent. */
        public val taxCategory: String? = null,
        /** The line's currency, which must be the cart's. */
        public val currency: String? = null,
    )

    /**
     * Computes what the cart comes to.
     *
     * @throws FastStarException.Validation with the place of the mistake
     */
    public fun quote(): Quote {
        val lines = lines.map {
            RawCartLine(it.unitAmount, it.quantity, it.taxRatePpm, it.taxCategory, it.currency)
        }
        val raw = RawCart(
            currency = currency,
            lines = lines,
            country = country.orEmpty(),
            region = region.orEmpty(),
            behaviour = behaviour?.value,
            rounding = rounding?.value,
            asOf = asOf?.toString(),
        )
        return Quote.of(native(raw) { quoteCart(raw) })
    }

    public companion object {
        /**
         * Reads a cart in JSON, with the names of `faststar quote`.
         *
         * @throws FastStarException.Validation with the place of the mistake
         */
        @JvmStatic
        public fun fromJson(json: String): Cart {
            val raw = native { cartFromJson(utf8(json)) }
            return Cart(
                currency = raw.currency,
                lines = raw.lines.fixed {
                    Line(it.unitAmount, it.quantity, it.taxRatePpm, it.taxCategory, it.currency)
                },
                country = raw.country.ifEmpty { null },
                region = raw.region.ifEmpty { null },
                behaviour = raw.behaviour?.let(TaxBehaviour::of),
                rounding = raw.rounding?.let(Rounding::of),
                asOf = raw.asOf?.let(LocalDate::parse),
            )
        }
    }
}

/** A rate of the bundled table: an estimate, not tax advice. */
public data class TaxRate(
    /** The rate in parts per million: 190,000 is 19 %. */
    public val ratePpm: Long,
    /** Whether prices there contain the tax. */
    public val behaviour: TaxBehaviour,
    /** What the tax is called there. */
    public val name: String,
    /** The category that the rate is for. */
    public val category: String,
    /** The date of the figure, where its source has one. */
    public val asOf: LocalDate?,
    /** How sure the table is of it. */
    public val confidence: Confidence,
) {
    public companion object {
        /**
         * Looks a rate up for a [place] such as `DE` or `US-CA`, on a date, today in UTC where it is absent.
         *
         * @throws FastStarException.Validation where the table has none
         */
        @JvmStatic
        @JvmOverloads
        public fun find(place: String, category: String? = null, on: LocalDate? = null): TaxRate {
            val raw = native(place, category) { taxRate(place, category, on?.toString()) }
            return TaxRate(
                ratePpm = raw.ratePpm.toLong(),
                behaviour = TaxBehaviour.of(raw.behaviour),
                name = raw.name,
                category = raw.category,
                asOf = raw.asOf?.let(LocalDate::parse),
                confidence = Confidence.of(raw.confidence),
            )
        }
    }
}
