package com.faststarpay

import com.faststarpay.glue.RawCatalog
import com.faststarpay.glue.RawCreatePrice
import com.faststarpay.glue.RawCreateProduct
import com.faststarpay.glue.RawPrice
import com.faststarpay.glue.RawProduct
import com.faststarpay.glue.catalogFromJson
import java.util.Collections

/** Asks for a new product. */
public data class CreateProduct @JvmOverloads constructor(
    /** The name that a buyer sees. */
    public val name: String,
    /** More about it. */
    public val description: String? = null,
    /** The category that decides its tax rate; `standard` where it is absent. */
    public val taxCategory: String? = null,
    /** URLs of pictures. */
    public val images: List<String> = emptyList(),
    /** The merchant's own texts by key. */
    public val metadata: Map<String, String> = emptyMap(),
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    override fun toString(): String = "CreateProduct(name=$name)"

    @JvmSynthetic
    internal fun raw(): RawCreateProduct =
        RawCreateProduct(name, description, taxCategory, images, metadata, extra)
}

/** A product of the catalog. */
public data class Product(
    /** The id, `prod_…`. */
    public val id: String,
    /** The name that a buyer sees. */
    public val name: String,
    /** More about it. */
    public val description: String? = null,
    /** The category that decides its tax rate. */
    public val taxCategory: String? = null,
    /** URLs of pictures. */
    public val images: List<String> = emptyList(),
    /** The merchant's own texts by key. */
    public val metadata: Map<String, String> = emptyMap(),
    /** The price that a line item with only this product uses. The sandbox says it; the live platform may not. */
    public val defaultPriceId: String? = null,
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    /** The `X-Request-Id` of the answer that it came with; null in a list and in a copy. */
    public var requestId: String? = null
        internal set

    override fun toString(): String = "Product(id=$id, name=$name)"

    @JvmSynthetic
    internal fun raw(): RawProduct = RawProduct(
        id = id,
        name = name,
        description = description,
        taxCategory = taxCategory,
        images = images,
        metadata = metadata,
        defaultPriceId = defaultPriceId,
        extra = extra,
        requestId = requestId,
    )

    internal companion object {
        @JvmSynthetic
        fun of(raw: RawProduct): Product = Product(
            id = raw.id,
            name = raw.name,
            description = raw.description,
            taxCategory = raw.taxCategory,
            images = raw.images.fixed { it },
            metadata = Collections.unmodifiableMap(raw.metadata),
            defaultPriceId = raw.defaultPriceId,
            extra = raw.extra,
        ).also { it.requestId = raw.requestId }
    }
}

/**
 * Asks for a new price of a product.
 *
 * [oneTime] and [recurring] make one.
 */
public data class CreatePrice(
    /** The product that it is a price of. */
    public val productId: String,
    /** The currency, ISO 4217. */
    public val currency: String,
    /** The price of one, in the currency's smallest unit: 999 is 9.99 USD. */
    public val unitAmount: Long,
    /** One-time or recurring. */
    public val type: PriceType = PriceType.ONE_TIME,
    /** The unit of the period of a recurring price. */
    public val recurringInterval: Interval? = null,
    /** How many units one period has; 1 where it is absent. */
    public val recurringIntervalCount: Long? = null,
    /** Days before the first charge of a subscription. */
    public val trialPeriodDays: Long? = null,
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    override fun toString(): String =
        "CreatePrice(productId=$productId, currency=$currency, unitAmount=$unitAmount, type=$type)"

    @JvmSynthetic
    internal fun raw(): RawCreatePrice = RawCreatePrice(
        productId = productId,
        currency = currency,
        unitAmount = unitAmount,
        priceType = type.value,
        recurringInterval = recurringInterval?.value,
        recurringIntervalCount = recurringIntervalCount,
        trialPeriodDays = trialPeriodDays,
        extra = extra,
    )

    public companion object {
        /** A price that is charged once. */
        @JvmStatic
        public fun oneTime(productId: String, currency: String, unitAmount: Long): CreatePrice =
            CreatePrice(productId, currency, unitAmount)

        /** A price that is charged at each interval. */
        @JvmStatic
        @JvmOverloads
        public fun recurring(
            productId: String,
            currency: String,
            unitAmount: Long,
            interval: Interval,
            intervalCount: Long? = null,
            trialPeriodDays: Long? = null,
        ): CreatePrice = CreatePrice(
            productId,
            currency,
            unitAmount,
            PriceType.RECURRING,
            interval,
            intervalCount,
            trialPeriodDays,
        )
    }
}

/** A price of a product. */
public data class Price(
    /** The id, `price_…`. */
    public val id: String,
    /** The product that it is a price of. */
    public val productId: String,
    /** The currency, ISO 4217. */
    public val currency: String,
    /** The price of one, in the currency's smallest unit. */
    public val unitAmount: Long,
    /** One-time or recurring. */
    public val type: PriceType = PriceType.ONE_TIME,
    /** The unit of the period of a recurring price. */
    public val recurringInterval: Interval? = null,
    /** How many units one period has; 1 where it is absent. */
    public val recurringIntervalCount: Long? = null,
    /** Days before the first charge of a subscription. */
    public val trialPeriodDays: Long? = null,
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    /** The `X-Request-Id` of the answer that it came with; null in a list and in a copy. */
    public var requestId: String? = null
        internal set

    override fun toString(): String =
        "Price(id=$id, productId=$productId, currency=$currency, unitAmount=$unitAmount, type=$type)"

    @JvmSynthetic
    internal fun raw(): RawPrice = RawPrice(
        id = id,
        productId = productId,
        currency = currency,
        unitAmount = unitAmount,
        priceType = type.value,
        recurringInterval = recurringInterval?.value,
        recurringIntervalCount = recurringIntervalCount,
        trialPeriodDays = trialPeriodDays,
        extra = extra,
        requestId = requestId,
    )

    internal companion object {
        @JvmSynthetic
        fun of(raw: RawPrice): Price = Price(
            id = raw.id,
            productId = raw.productId,
            currency = raw.currency,
            unitAmount = raw.unitAmount,
            type = PriceType.of(raw.priceType),
            recurringInterval = raw.recurringInterval?.let(Interval::of),
            recurringIntervalCount = raw.recurringIntervalCount,
            trialPeriodDays = raw.trialPeriodDays,
            extra = raw.extra,
        ).also { it.requestId = raw.requestId }
    }
}

/** A page of a list. */
public data class Page<T>(
    /** The items, in the server's order. */
    public val items: List<T>,
    /** What `list` takes for the page after this one; null on the last one. */
    public val nextCursor: String?,
    /** Fields that this version does not know, as the text of a JSON object. */
    public val extra: String? = null,
) {
    /** The `X-Request-Id` of the answer that it came with; null in a copy. */
    public var requestId: String? = null
        internal set

    override fun toString(): String = "Page(items=$items, nextCursor=$nextCursor)"
}

/** The products and prices that an offline quote of a session knows. */
public data class Catalog @JvmOverloads constructor(
    /** The products. */
    public val products: List<Product> = emptyList(),
    /** The prices. */
    public val prices: List<Price> = emptyList(),
) {
    @JvmSynthetic
    internal fun raw(): RawCatalog = RawCatalog(products.map(Product::raw), prices.map(Price::raw))

    public companion object {
        /**
         * Reads a catalog in JSON, `{"products": […], "prices": […]}`.
         *
         * @throws FastStarException.Validation with the place of the mistake
         */
        @JvmStatic
        public fun fromJson(json: String): Catalog {
            val raw = native { catalogFromJson(utf8(json)) }
            return Catalog(raw.products.fixed(Product::of), raw.prices.fixed(Price::of))
        }
    }
}
