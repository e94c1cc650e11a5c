package com.faststarpay

import com.faststarpay.glue.RawCurrency
import com.faststarpay.glue.currencyInfo
import com.faststarpay.glue.formatMoney
import com.faststarpay.glue.parseMoney
import java.math.BigDecimal
import java.text.NumberFormat
import java.util.Currency
import java.util.Locale
import java.util.concurrent.ConcurrentHashMap

/**
 * An amount in its currency's smallest unit: 999 and USD are 9.99 US dollars.
 *
 * @property amount the amount in the smallest unit
 * @throws FastStarException.Validation where the currency is not three letters
 */
public class Money(public val amount: Long, currency: String) {
    private val info = Currencies.info(currency)

    /** The currency in upper case, ISO 4217. */
    public val currency: String = info.code

    /** How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD. */
    public val decimals: Int = info.decimals.toInt()

    /** The amount in the currency's main unit, exactly: 9.99. */
    public fun toBigDecimal(): BigDecimal = BigDecimal.valueOf(amount, decimals)

    /**
     * Writes the amount for a person by the platform's own formatter: `10,79 €`.
     *
     * The decimals are the currency's by ISO 4217, also where the platform's formatter leaves them
     * out: an amount on a phone is the one on the cashier's page.
     */
    @JvmOverloads
    public fun format(locale: Locale = Locale.getDefault()): String {
        val known = Currencies.platform(currency)
        val format = when (known) {
            null -> NumberFormat.getNumberInstance(locale)
            else -> NumberFormat.getCurrencyInstance(locale).also { it.currency = known }
        }
        format.minimumFractionDigits = decimals
        format.maximumFractionDigits = decimals
        val number = format.format(toBigDecimal())
        return if (known == null) "$number\u00a0$currency" else number
    }

    override fun equals(other: Any?): Boolean =
        other is Money && other.amount == amount && other.currency == currency

    override fun hashCode(): Int = 31 * amount.hashCode() + currency.hashCode()

    /** The amount for a log or a test, the same everywhere: `10.79 USD`. [parse] reads it. */
    override fun toString(): String = native(currency) { formatMoney(amount, currency) }

    public companion object {
        /**
         * Reads what [toString] writes.
         *
         * @throws FastStarException.Validation for another form or another number of decimals
         */
        @JvmStatic
        public fun parse(text: String): Money {
            val raw = native(text) { parseMoney(text) }
            return Money(raw.amount, raw.currency)
        }
    }
}

private object Currencies {
    private val infos = ConcurrentHashMap<String, RawCurrency>()

    // What is no currency throws and is not kept, so the map is bounded.
    fun info(code: String): RawCurrency =
        infos[code] ?: native(code) { currencyInfo(code) }.also { infos[code] = it }

    /** The platform's, or null where it does not know the code. */
    fun platform(code: String): Currency? =
        try {
            Currency.getInstance(code)
        } catch (_: IllegalArgumentException) {
            null
        }
}
