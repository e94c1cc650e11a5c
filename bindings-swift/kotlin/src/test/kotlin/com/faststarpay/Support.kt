package com.faststarpay

import com.google.gson.GsonBuilder
import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.google.gson.JsonPrimitive
import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import java.io.File
import java.math.BigDecimal
import java.net.HttpURLConnection
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.URI
import java.util.concurrent.Executors
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.fail

/** The checkout's root: Maven runs tests in the module's folder. */
internal val ROOT: File = File("../..").canonicalFile

private val gson = GsonBuilder().serializeNulls().disableHtmlEscaping().create()

internal fun text(json: JsonElement): String = gson.toJson(json)

internal fun parse(json: String): JsonElement = JsonParser.parseString(json)

internal fun JsonObject.string(name: String): String? = get(name)?.takeUnless { it.isJsonNull }?.asString

internal fun JsonObject.long(name: String): Long? = get(name)?.takeUnless { it.isJsonNull }?.asLong

/** Writes a value as JSON; null is left out of objects. */
internal fun json(value: Any?): JsonElement = when (value) {
    null -> JsonNull.INSTANCE
    is JsonElement -> value
    is String -> JsonPrimitive(value)
    is Number -> JsonPrimitive(value)
    is Boolean -> JsonPrimitive(value)
    is WireValue -> JsonPrimitive(value.value)
    is List<*> -> JsonArray().also { array -> value.forEach { array.add(json(it)) } }
    is Map<*, *> -> JsonObject().also { all -> value.forEach { (k, v) -> all.add(k as String, json(v)) } }
    is CreateSession -> json(value)
    is LineItem -> json(value)
    is Quote -> json(value)
    else -> JsonPrimitive(value.toString())
}

private fun known(extra: String?, vararg fields: Pair<String, Any?>): JsonObject {
    val all = extra?.let { parse(it).asJsonObject } ?: JsonObject()
    fields.forEach { (name, value) -> if (value != null) all.add(name, json(value)) }
    return all
}

internal fun json(item: LineItem): JsonObject = known(
    item.extra,
    "price_id" to item.priceId,
    "product_id" to item.productId,
    "quantity" to item.quantity,
    "ad_hoc_amount" to item.adHocAmount,
    "ad_hoc_currency" to item.adHocCurrency,
    "description" to item.description,
)

internal fun json(request: CreateSession): JsonObject = known(
    request.extra,
    "mode" to request.mode,
    "presentation" to request.presentation,
    "line_items" to request.lineItems.map { json(it) }.ifEmpty { null },
    "customer_email" to request.customerEmail,
    "success_url" to request.successUrl,
    "cancel_url" to request.cancelUrl,
    "buyer_country" to request.buyerCountry,
    "client_reference_id" to request.clientReferenceId,
)

internal fun json(session: Session): JsonObject = known(
    session.extra,
    "id" to session.id,
    "status" to session.status,
    "amount_subtotal" to session.amountSubtotal,
    "amount_tax" to session.amountTax,
    "amount_total" to session.amountTotal,
    "currency" to session.currency,
    "session_token" to session.sessionToken,
    "expires_at" to session.expiresAt,
    "payment_status" to session.paymentStatus,
    "mode" to session.mode,
    "presentation" to session.presentation,
    "line_items" to session.lineItems.map { json(it) },
    "customer_email" to session.customerEmail,
    "success_url" to session.successUrl,
    "cancel_url" to session.cancelUrl,
    "buyer_country" to session.buyerCountry,
    "client_reference_id" to session.clientReferenceId,
)

internal fun json(created: CreatedSession): JsonObject = known(
    created.extra,
    "session" to json(created.session),
    "url" to created.url,
    "session_token" to created.sessionToken,
)

internal fun json(product: Product): JsonObject = known(
    product.extra,
    "id" to product.id,
    "name" to product.name,
    "description" to product.description,
    "tax_category" to product.taxCategory,
    "images" to product.images,
    "metadata" to product.metadata,
    "default_price_id" to product.defaultPriceId,
)

internal fun json(price: Price): JsonObject = known(
    price.extra,
    "id" to price.id,
    "product_id" to price.productId,
    "currency" to price.currency,
    "unit_amount" to price.unitAmount,
    "type" to price.type,
    "recurring_interval" to price.recurringInterval,
    "recurring_interval_count" to price.recurringIntervalCount,
    "trial_period_days" to price.trialPeriodDays,
)

internal fun json(event: Event): JsonObject = known(
    null,
    "id" to event.id,
    "type" to event.type,
    "created" to event.created,
    "data" to parse(event.data),
    "livemode" to event.livemode,
    "api_version" to event.apiVersion,
)

internal fun json(quote: Quote): JsonObject = known(
    null,
    "currency" to quote.currency,
    "subtotal" to quote.subtotal,
    "tax" to quote.tax,
    "total" to quote.total,
    "behaviour" to quote.behaviour,
    "rounding" to quote.rounding,
    "lines" to quote.lines.map {
        known(
            null,
            "unit_amount" to it.unitAmount,
            "quantity" to it.quantity,
            "amount" to it.amount,
            "tax" to it.tax,
            "rate_ppm" to it.ratePpm,
            "tax_name" to it.taxName,
            "description" to it.description,
        )
    },
    "taxes" to quote.taxes.map {
        known(null, "rate_ppm" to it.ratePpm, "amount" to it.amount, "tax" to it.tax)
    },
    "estimated" to quote.isEstimated,
    "rate_known" to quote.isRateKnown,
    "rates_as_of" to quote.ratesAsOf?.toString(),
)

/** Compares as tests/README.md says: an object may have more, null stands for absent. */
internal fun compare(wanted: JsonElement, got: JsonElement?, where: String) {
    when {
        wanted.isJsonNull -> if (got != null && !got.isJsonNull) fail<Unit>("$where: $got, not null")
        wanted.isJsonObject -> {
            if (got == null || !got.isJsonObject) fail<Unit>("$where: $got is no object")
            wanted.asJsonObject.entrySet().forEach { (key, value) ->
                compare(value, got!!.asJsonObject.get(key), "$where.$key")
            }
        }
        wanted.isJsonArray -> {
            if (got == null || !got.isJsonArray) fail<Unit>("$where: $got is no list")
            assertEquals(wanted.asJsonArray.size(), got!!.asJsonArray.size(), where)
            wanted.asJsonArray.zip(got.asJsonArray).forEachIndexed { index, (one, other) ->
                compare(one, other, "$where[$index]")
            }
        }
        wanted.asJsonPrimitive.isNumber -> {
            if (got == null || !got.isJsonPrimitive || !got.asJsonPrimitive.isNumber) {
                fail<Unit>("$where: $got, not $wanted")
            }
            assertEquals(BigDecimal(wanted.asString), BigDecimal(got!!.asString), where)
        }
        else -> assertEquals(wanted, got, where)
    }
}

/** A sandbox process for the whole run, and the calls that only a sandbox has. */
internal object Sandbox {
    private val process = start("--json")
    private val info = parse(process.inputStream.bufferedReader().readLine()).asJsonObject
    val url: String = info.string("url")!!

    /** Starts one. It ends with this JVM, also where that is killed. */
    fun start(vararg options: String): Process {
        val target = System.getenv("CARGO_TARGET_DIR") ?: "$ROOT/target"
        val binary = System.getenv("FASTSTAR_SANDBOX") ?: "$target/debug/faststar"
        return ProcessBuilder(binary, "sandbox", "--port", "0", "--until-stdin-closes", *options)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()
    }

    /** Makes a merchant of its own. */
    fun merchant(kind: String = "direct"): Merchant {
        val made = post(info.string("api_key")!!, "merchants", known(null, "kind" to kind))
        return Merchant(made.string("api_key")!!, made.string("webhook_secret")!!)
    }

    /** Posts to a path of the sandbox's own. */
    fun post(apiKey: String, path: String, body: JsonElement): JsonObject {
        val connection = URI("$url/sandbox/v1/$path").toURL().openConnection() as HttpURLConnection
        connection.requestMethod = "POST"
        connection.doOutput = true
        connection.setRequestProperty("X-API-Key", apiKey)
        connection.setRequestProperty("Content-Type", "application/json")
        // One that is kept may be closed by the sandbox as it is used again.
        connection.setRequestProperty("Connection", "close")
        connection.outputStream.use { it.write(text(body).toByteArray()) }
        val status = connection.responseCode
        val answer = if (status >= 400) connection.errorStream else connection.inputStream
        val json = parse(answer.bufferedReader().readText()).asJsonObject
        if (status >= 300) throw Refused(status, json.getAsJsonObject("error").string("code")!!)
        return json.getAsJsonObject("data")
    }

    fun complete(merchant: Merchant, session: String) {
        post(merchant.apiKey, "sessions/$session/complete", JsonObject())
    }

    class Merchant(val apiKey: String, val webhookSecret: String) {
        fun client(): FastStar = FastStar(apiKey, ClientOptions(baseUrl = url))
    }

    class Refused(val status: Int, val code: String) : Exception("$status $code")
}

/** Runs the `main` of a class in a JVM of its own, and gives what it printed. */
internal fun runMain(
    program: String,
    vararg options: String,
    classpath: String = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path"),
    environment: Map<String, String> = emptyMap(),
): String {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val builder = ProcessBuilder(java, *options, "-cp", classpath, program).redirectErrorStream(true)
    builder.environment().putAll(environment)
    val process = builder.start()
    val printed = process.inputStream.bufferedReader().readText()
    assertEquals(0, process.waitFor(), printed)
    return printed
}

/** A server that answers as a test says. */
internal class Server(private val answer: (HttpExchange, ByteArray) -> Unit) : AutoCloseable {
    private val threads = Executors.newCachedThreadPool { Thread(it).apply { isDaemon = true } }
    private val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
    val url: String get() = "http://127.0.0.1:${server.address.port}"

    init {
        server.executor = threads
        server.createContext("/") { exchange -> answer(exchange, exchange.requestBody.readBytes()) }
        server.start()
    }

    override fun close() {
        server.stop(0)
        threads.shutdownNow()
    }

    companion object {
        fun reply(exchange: HttpExchange, status: Int, body: String) {
            val bytes = body.encodeToByteArray()
            exchange.responseHeaders.add("X-Request-Id", "req_1")
            exchange.sendResponseHeaders(status, bytes.size.toLong())
            exchange.responseBody.use { it.write(bytes) }
        }
    }
}
