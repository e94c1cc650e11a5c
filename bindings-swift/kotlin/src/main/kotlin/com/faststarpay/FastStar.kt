package com.faststarpay

import com.faststarpay.glue.RawCallOptions
import com.faststarpay.glue.RawClient
import com.faststarpay.glue.RawConfig
import com.faststarpay.glue.RawCursors
import com.faststarpay.glue.RawLanguage
import com.faststarpay.glue.RawListParams
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicBoolean
import java.util.function.Consumer
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.toList

/**
 * Calls the API on behalf of one merchant, on a server.
 *
 * **An API key does not belong in an app**: whoever has the app has the key. An app's own server
 * creates the session, and the app gets its `url`; see [CreatedSession.fromJson], [Cashier] and
 * [Session.watch].
 *
 * ```
 * FastStar(apiKey).use { client ->
 *     val created = client.checkout.sessions.create(
 *         CreateSession(Mode.PAYMENT, listOf(LineItem.price("price_xxx")), buyerCountry = "US"),
 *     )
 *     println(created.session.amountTotal)
 * }
 * ```
 *
 * Make one and share it: it keeps its connections, and may be called by many coroutines at once. What
 * fails and may pass is tried again, under one idempotency key and within one deadline. A coroutine
 * that is cancelled closes its request's connection. Java calls the functions that give a
 * [CompletableFuture].
 */
public class FastStar private constructor(config: RawConfig, executor: Executor?) : AutoCloseable {
    private val client = Handle(native(config) { RawClient(config) } to executor)
    private val isClosed = AtomicBoolean()

    init {
        opened(this)
    }

    /** The calls about checkout sessions. */
    public val checkout: Checkout = Checkout(client)

    /** The calls about products and prices. */
    public val catalog: CatalogCalls = CatalogCalls(client)

    /**
     * Makes a client. It connects when it is first called.
     *
     * @param apiKey the merchant's API key
     * @param options what differs from the defaults
     * @throws FastStarException.Configuration where one of them cannot work
     */
    @JvmOverloads
    public constructor(apiKey: String, options: ClientOptions = ClientOptions()) :
        this(options.raw(apiKey), options.executor)

    /**
     * Closes the connections: calls under way end with a [FastStarException.Configuration], and so do
     * later ones. Closing again does nothing.
     */
    override fun close() {
        if (isClosed.compareAndSet(false, true)) {
            native {
                client.raw.shutDown()
                client.raw.destroy()
            }
        }
    }

    override fun toString(): String = "FastStar"

    public companion object {
        /**
         * Makes a client from the environment: `FASTSTAR_API_KEY` and, where it is set,
         * `FASTSTAR_BASE_URL`.
         *
         * @throws FastStarException.Configuration where the key is not set
         */
        @JvmStatic
        @JvmOverloads
        public fun fromEnvironment(options: ClientOptions = ClientOptions()): FastStar =
            FastStar(options.raw(apiKey = null), options.executor)

        /**
         * Closes all clients, ends the threads of this package, and lets go of the native library: for a server
         * that unloads the program and goes on, such as when a web application is deployed anew. It returns
         * when the threads have ended. Whatever is used afterwards starts anew.
         */
        @JvmStatic
        public fun shutdown() {
            shutDownPackage()
        }
    }
}

/** How a client differs from the defaults. */
public data class ClientOptions @JvmOverloads constructor(
    /** Where the API is, such as a sandbox; FastStar's live platform where it is absent. */
    public val baseUrl: String? = null,
    /** How long a call may take, all its attempts and the waits between them; 30 s where it is absent. */
    public val timeout: Duration? = null,
    /** How often a failed attempt is repeated; 2 where it is absent. */
    public val maxRetries: Int? = null,
    /** Who sells, so that what such a merchant must not send is refused before it is sent. */
    public val merchant: MerchantKind? = null,
    /** Names your program in `User-Agent`: `my-shop/1.2`. */
    public val userAgent: String? = null,
    /** Root certificates in PEM that are trusted beside Mozilla's. */
    public val rootCertificatesPem: List<String> = emptyList(),
    /** How long one attempt may take to connect; 10 s where it is absent. */
    public val connectTimeout: Duration? = null,
    /**
     * Where the futures for Java complete, and with them what `thenApply` and the like were given; where it
     * is absent, what `CompletableFuture.supplyAsync` uses. One that runs its tasks at once, in the thread
     * that brings them, must not be made to wait there.
     */
    public val executor: Executor? = null,
) {
    @JvmSynthetic
    internal fun raw(apiKey: String?): RawConfig = RawConfig(
        apiKey = apiKey,
        baseUrl = baseUrl,
        timeoutMs = timeout?.let(::millis),
        connectTimeoutMs = connectTimeout?.let(::millis),
        maxRetries = maxRetries?.toLong(),
        merchant = merchant?.value,
        rootCertificatesPem = rootCertificatesPem.map(String::encodeToByteArray),
        language = RawLanguage.KOTLIN,
        userAgent = listOfNotNull(userAgent, "faststar-kotlin").joinToString(" "),
    )
}

/** What one call has otherwise than its client. */
public data class CallOptions @JvmOverloads constructor(
    /**
     * The idempotency key, 1 to 255 visible ASCII characters, instead of a random one. An order
     * number keeps an order from being created twice.
     */
    public val idempotencyKey: String? = null,
    /** How long this call may take. */
    public val timeout: Duration? = null,
    /** How often this call is repeated where it fails and may succeed later. */
    public val maxRetries: Int? = null,
) {
    @JvmSynthetic
    internal fun raw(): RawCallOptions =
        RawCallOptions(idempotencyKey, timeout?.let(::millis), maxRetries?.toLong())
}

/** The calls about checkout. */
public class Checkout internal constructor(client: Handle) {
    /** The calls about sessions. */
    public val sessions: Sessions = Sessions(client)
}

/** The calls about checkout sessions. All throw a [FastStarException]. */
public class Sessions internal constructor(private val client: Handle) {
    /** Creates a session. A wrong request is refused before it is sent, with the place of the mistake. */
    public suspend fun create(
        request: CreateSession,
        options: CallOptions = CallOptions(),
    ): CreatedSession {
        val raw = request.raw()
        return CreatedSession.of(nativeCall(options, raw) { client.raw.createSession(raw, it, null) })
    }

    /** Retrieves a session. */
    public suspend fun retrieve(id: String, options: CallOptions = CallOptions()): Session {
        return Session.of(nativeCall(options, id) { client.raw.retrieveSession(id, it, null) })
    }

    /**
     * Judges whether a `payment.succeeded` settles an order, and reads its session anew where another amount
     * was paid; see [com.faststarpay.checkPayment].
     *
     * ```
     * val check = client.checkout.sessions.checkPayment(event, order?.subtotal)
     * if (check.isPaid) fulfil(order) else setAside(order, check.message) // for a person; answer 200
     * ```
     *
     * @param event a `payment.succeeded`
     * @param order the order's subtotal, before tax that comes on top; null where there is no such order
     * @param options for the call that reads the session
     * @return the verdict; [PaymentVerdict.SESSION_NEEDED] only where the payment names no session
     */
    public suspend fun checkPayment(
        event: Event,
        order: Money?,
        options: CallOptions = CallOptions(),
    ): PaymentCheck {
        val check = com.faststarpay.checkPayment(event, order)
        val id = check.sessionId
        if (check.verdict != PaymentVerdict.SESSION_NEEDED || id == null) return check
        return com.faststarpay.checkPayment(event, order, retrieve(id, options))
    }

    /** Watches a session until it ends; see [Session.watch]. */
    public fun watch(id: String, options: CallOptions = CallOptions()): Flow<Session> =
        Session.watch { retrieve(id, options) }

    /** [create] for Java. */
    @JvmOverloads
    public fun createFuture(
        request: CreateSession,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<CreatedSession> = started(client.executor) { create(request, options) }

    /** [retrieve] for Java. */
    @JvmOverloads
    public fun retrieveFuture(
        id: String,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<Session> = started(client.executor) { retrieve(id, options) }

    /** [checkPayment] for Java. */
    @JvmOverloads
    public fun checkPaymentFuture(
        event: Event,
        order: Money?,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<PaymentCheck> = started(client.executor) { checkPayment(event, order, options) }

    /** [watch] for Java; see [Session.watchFuture]. */
    @JvmOverloads
    public fun watchFuture(
        id: String,
        onChange: Consumer<Session>,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<Session> = watched(client.executor, onChange) { watch(id, options) }
}

/** The calls about the catalog. */
public class CatalogCalls internal constructor(client: Handle) {
    /** The calls about products. */
    public val products: Products = Products(client)

    /** The calls about prices. */
    public val prices: Prices = Prices(client)
}

/** The calls about products. All throw a [FastStarException]. */
public class Products internal constructor(private val client: Handle) {
    /** Creates a product. */
    public suspend fun create(
        request: CreateProduct,
        options: CallOptions = CallOptions(),
    ): Product {
        val raw = request.raw()
        return Product.of(nativeCall(options, raw) { client.raw.createProduct(raw, it, null) })
    }

    /** Gives a page, with [limit] items at the most, after [cursor]. */
    public suspend fun list(
        limit: Int? = null,
        cursor: String? = null,
        options: CallOptions = CallOptions(),
    ): Page<Product> {
        val params = RawListParams(limit?.toLong(), cursor)
        val page = nativeCall(options, params) { client.raw.listProducts(params, it, null) }
        return Page(page.items.fixed(Product::of), page.nextCursor, page.extra).also { it.requestId = page.requestId }
    }

    /** Gives all products, page after page; a page is asked for when the one before was collected. */
    public fun listAll(limit: Int? = null, options: CallOptions = CallOptions()): Flow<Product> =
        walk { cursor -> list(limit, cursor, options) }

    /** [create] for Java. */
    @JvmOverloads
    public fun createFuture(
        request: CreateProduct,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<Product> = started(client.executor) { create(request, options) }

    /** [list] for Java. */
    @JvmOverloads
    public fun listFuture(
        limit: Int? = null,
        cursor: String? = null,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<Page<Product>> = started(client.executor) { list(limit, cursor, options) }

    /** All that [listAll] gives, for Java. */
    @JvmOverloads
    public fun listAllFuture(
        limit: Int? = null,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<List<Product>> = started(client.executor) { listAll(limit, options).toList().fixed { it } }
}

/** The calls about prices. All throw a [FastStarException]. */
public class Prices internal constructor(private val client: Handle) {
    /** Creates a price. */
    public suspend fun create(request: CreatePrice, options: CallOptions = CallOptions()): Price {
        val raw = request.raw()
        return Price.of(nativeCall(options, raw) { client.raw.createPrice(raw, it, null) })
    }

    /** Gives a page, with [limit] items at the most, after [cursor]. */
    public suspend fun list(
        limit: Int? = null,
        cursor: String? = null,
        options: CallOptions = CallOptions(),
    ): Page<Price> {
        val params = RawListParams(limit?.toLong(), cursor)
        val page = nativeCall(options, params) { client.raw.listPrices(params, it, null) }
        return Page(page.items.fixed(Price::of), page.nextCursor, page.extra).also { it.requestId = page.requestId }
    }

    /** Gives all prices, page after page; a page is asked for when the one before was collected. */
    public fun listAll(limit: Int? = null, options: CallOptions = CallOptions()): Flow<Price> =
        walk { cursor -> list(limit, cursor, options) }

    /** [create] for Java. */
    @JvmOverloads
    public fun createFuture(
        request: CreatePrice,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<Price> = started(client.executor) { create(request, options) }

    /** [list] for Java. */
    @JvmOverloads
    public fun listFuture(
        limit: Int? = null,
        cursor: String? = null,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<Page<Price>> = started(client.executor) { list(limit, cursor, options) }

    /** All that [listAll] gives, for Java. */
    @JvmOverloads
    public fun listAllFuture(
        limit: Int? = null,
        options: CallOptions = CallOptions(),
    ): CompletableFuture<List<Price>> = started(client.executor) { listAll(limit, options).toList().fixed { it } }
}

/** Of a duration that does not fit, the longest that does. */
private fun millis(duration: Duration): Long =
    try {
        duration.toMillis()
    } catch (_: ArithmeticException) {
        if (duration.isNegative) Long.MIN_VALUE else Long.MAX_VALUE
    }

private fun <T> walk(page: suspend (cursor: String?) -> Page<T>): Flow<T> = flow {
    native { RawCursors(null) }.use { cursors ->
        var cursor: String? = null
        do {
            val got = page(cursor)
            got.items.forEach { emit(it) }
            cursor = native(got.nextCursor) { cursors.follow(got.nextCursor) }
        } while (cursor != null)
    }
}
