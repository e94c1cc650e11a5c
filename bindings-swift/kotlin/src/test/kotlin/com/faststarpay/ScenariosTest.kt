package com.faststarpay

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonObject
import com.google.gson.JsonPrimitive
import java.io.File
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory

/** Runs every file of tests/scenarios against a live sandbox; tests/README.md has the rules. */
internal class ScenariosTest {
    @TestFactory
    fun every_scenario_holds(): List<DynamicTest> {
        val scenarios = File(ROOT, "tests/scenarios").listFiles()!!.sorted().flatMap { file ->
            parse(file.readText()).asJsonObject.getAsJsonArray("scenarios").map { it.asJsonObject }
        }
        val ids = scenarios.map { it.string("id")!! }
        assertTrue(ids.size >= 15 && ids.toSet().size == ids.size, "$ids")
        return scenarios.map { scenario ->
            DynamicTest.dynamicTest(scenario.string("id")) { World(scenario).use { it.run() } }
        }
    }
}

/** A merchant of its own, a listener for its webhooks, and what was saved on the way. */
private class World(private val scenario: JsonObject) : AutoCloseable {
    private class Delivery(val body: ByteArray, val signature: String, val id: String)

    private val merchant = Sandbox.merchant(scenario.string("merchant")!!)
    private val deliveries = LinkedBlockingQueue<Delivery>()
    private val listener = Server { exchange, body ->
        val headers = exchange.requestHeaders
        deliveries.add(
            Delivery(body, headers.getFirst("X-Webhook-Signature"), headers.getFirst("X-Webhook-ID")),
        )
        Server.reply(exchange, 200, "")
    }
    private val saved = mutableMapOf<String, JsonElement>()
    private val client: FastStar

    init {
        assertTrue(setOf("id", "merchant", "client", "steps", "why").containsAll(scenario.keySet()))
        val endpoint = JsonObject().apply { addProperty("url", "${listener.url}/hook") }
        Sandbox.post(merchant.apiKey, "webhook_endpoints", endpoint)
        val chosen = scenario.getAsJsonObject("client") ?: JsonObject()
        client = FastStar(
            chosen.string("api_key") ?: merchant.apiKey,
            ClientOptions(
                baseUrl = Sandbox.url,
                merchant = chosen.string("merchant")?.let(MerchantKind::of),
            ),
        )
    }

    override fun close() {
        client.close()
        listener.close()
    }

    fun run() {
        scenario.getAsJsonArray("steps").map { it.asJsonObject }.forEachIndexed { number, step ->
            assertTrue(step.has("ok") != step.has("error"), "step $number")
            val outcome = runCatching { take(step) }
            val where = "step $number: $outcome"
            if (step.has("error")) {
                expect(step.getAsJsonObject("error"), outcome.exceptionOrNull(), where)
                return@forEachIndexed
            }
            val answer = outcome.getOrThrow()
            compare(fillIn(step.get("ok")), answer, where)
            step.getAsJsonObject("save")?.entrySet()?.forEach { (name, path) ->
                saved[name] = path.asString.split('.').fold(answer) { at, key -> at.asJsonObject.get(key) }
            }
        }
        assertTrue(deliveries.isEmpty(), "a webhook that no step received")
    }

    private fun expect(wanted: JsonObject, error: Throwable?, where: String) {
        when (error) {
            is FastStarException -> {
                assertEquals(wanted.string("code"), error.code, where)
                if (wanted.has("param")) assertEquals(wanted.string("param"), error.param, where)
                if (wanted.has("status")) assertEquals(wanted.get("status").asInt, error.status, where)
                wanted.string("kind")?.let { assertEquals(it, kind(error), where) }
                if (wanted.get("sent")?.asBoolean == false) {
                    assertNull(error.status, where)
                    assertNull(error.requestId, where)
                }
            }
            is Sandbox.Refused -> {
                assertEquals(wanted.string("code"), error.code, where)
                if (wanted.has("status")) assertEquals(wanted.get("status").asInt, error.status, where)
            }
            else -> fail<Unit>(where, error)
        }
    }

    private fun fillIn(value: JsonElement): JsonElement = when {
        value.isJsonObject -> JsonObject().also { filled ->
            value.asJsonObject.entrySet().forEach { (key, item) -> filled.add(key, fillIn(item)) }
        }
        value.isJsonArray -> JsonArray().also { filled -> value.asJsonArray.forEach { filled.add(fillIn(it)) } }
        value is JsonPrimitive && value.isString && value.asString.startsWith("$") ->
            saved.getValue(value.asString.drop(1))
        else -> value
    }

    private fun take(step: JsonObject): JsonElement {
        val given = fillIn(step.get("with") ?: JsonObject()).asJsonObject
        step.string("call")?.let { return runBlocking { call(it, given, step.getAsJsonObject("options")) } }
        step.string("sandbox")?.let { return drive(it, given) }
        assertEquals("webhook", step.string("receive"))
        return receive()
    }

    private suspend fun call(name: String, given: JsonObject, chosen: JsonObject?): JsonElement {
        val options = CallOptions(idempotencyKey = chosen?.string("idempotency_key"))
        val limit = given.long("limit")?.toInt()
        return when (name) {
            "checkout.sessions.create" ->
                json(client.checkout.sessions.create(CreateSession.fromJson(text(given)), options))
            "checkout.sessions.retrieve" ->
                json(client.checkout.sessions.retrieve(given.string("id")!!, options))
            "catalog.products.create" -> json(client.catalog.products.create(product(given), options))
            "catalog.products.list" ->
                page(client.catalog.products.list(limit, given.string("cursor"))) { json(it) }
            "catalog.products.list_all" ->
                json(mapOf("items" to client.catalog.products.listAll(limit).toList().map { json(it) }))
            "catalog.prices.create" -> json(client.catalog.prices.create(price(given), options))
            "catalog.prices.list" ->
                page(client.catalog.prices.list(limit, given.string("cursor"))) { json(it) }
            "catalog.prices.list_all" ->
                json(mapOf("items" to client.catalog.prices.listAll(limit).toList().map { json(it) }))
            else -> fail("there is no call $name")
        }
    }

    private fun <T> page(page: Page<T>, item: (T) -> JsonObject): JsonElement {
        assertNotNull(page.requestId)
        return json(mapOf("items" to page.items.map(item), "next_cursor" to page.nextCursor))
    }

    private fun product(given: JsonObject) = CreateProduct(
        name = given.string("name")!!,
        description = given.string("description"),
        taxCategory = given.string("tax_category"),
        extra = rest(given, "name", "description", "tax_category"),
    )

    private fun price(given: JsonObject) = CreatePrice(
        productId = given.string("product_id")!!,
        currency = given.string("currency")!!,
        unitAmount = given.long("unit_amount")!!,
        type = given.string("type")?.let(PriceType::of) ?: PriceType.ONE_TIME,
        recurringInterval = given.string("recurring_interval")?.let(Interval::of),
        recurringIntervalCount = given.long("recurring_interval_count"),
        trialPeriodDays = given.long("trial_period_days"),
        extra = rest(
            given,
            "product_id",
            "currency",
            "unit_amount",
            "type",
            "recurring_interval",
            "recurring_interval_count",
            "trial_period_days",
        ),
    )

    private fun rest(given: JsonObject, vararg known: String): String? {
        val rest = given.deepCopy()
        known.forEach(rest::remove)
        return if (rest.isEmpty) null else text(rest)
    }

    private fun drive(verb: String, given: JsonObject): JsonElement {
        val session = given.remove("session")?.asString
        val path = if (verb == "advance") "clock/advance" else "sessions/$session/$verb"
        return Sandbox.post(merchant.apiKey, path, given)
    }

    private fun receive(): JsonElement {
        val delivery = deliveries.poll(20, TimeUnit.SECONDS) ?: fail("no webhook came")
        val secrets = listOf(merchant.webhookSecret)
        return json(Webhook.verify(delivery.body, delivery.signature, secrets, delivery.id))
    }
}
