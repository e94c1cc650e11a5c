package com.faststarpay

import com.faststarpay.glue.applyRule
import com.google.gson.JsonElement
import com.google.gson.JsonObject
import java.io.File
import java.time.Duration
import java.time.Instant
import java.time.LocalDate
import java.util.Base64
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.assertThrows

/** Runs every file of tests/vectors through the public face; tests/README.md has the rules. */
internal class VectorsTest {
    private val files = File(ROOT, "tests/vectors").listFiles()!!.sorted()

    @TestFactory
    fun every_vector_holds(): List<DynamicTest> = files.flatMap { file ->
        val content = parse(file.readText()).asJsonObject
        assertEquals(setOf("op", "cases"), content.keySet(), file.name)
        val op = content.string("op")!!
        assertEquals("$op.json", file.name, "the op must be named like the file")
        val cases = content.getAsJsonArray("cases").map { it.asJsonObject }
        assertTrue(cases.isNotEmpty(), "$op has no cases")
        assertEquals(cases.size, cases.map { it.string("id") }.toSet().size, "$op: two cases of one id")
        cases.map { case -> DynamicTest.dynamicTest("$op/${case.string("id")}") { run(op, case) } }
    }

    @Test
    fun every_op_has_a_file_and_every_file_an_op() {
        assertEquals(OPS.keys, files.map { it.nameWithoutExtension }.toSet())
    }

    private fun run(op: String, case: JsonObject) {
        assertTrue(KEYS.containsAll(case.keySet()), "${case.keySet()}")
        assertTrue(case.has("ok") != case.has("error"), "either ok or error")
        val given = case.getAsJsonObject("input")
        if (case.has("ok")) {
            compare(case.get("ok"), OPS.getValue(op)(given), "ok")
            return
        }
        val wanted = case.getAsJsonObject("error")
        assertTrue(ERROR_KEYS.containsAll(wanted.keySet()), "${wanted.keySet()}")
        val error = assertThrows<FastStarException> { OPS.getValue(op)(given) }
        assertEquals(wanted.string("code"), error.code, "$error")
        assertEquals(wanted.string("param"), error.param, "$error")
        wanted.string("kind")?.let { assertEquals(it, kind(error)) }
        wanted.getAsJsonArray("message_mentions")?.forEach {
            assertTrue(error.reason.contains(it.asString), "$error")
        }
        wanted.getAsJsonArray("message_never_contains")?.forEach {
            assertFalse(error.stackTraceToString().contains(it.asString), "$error")
        }
    }

    private companion object {
        val KEYS = setOf("id", "why", "source", "note", "tags", "input", "ok", "error")
        val ERROR_KEYS = setOf("code", "kind", "param", "message_mentions", "message_never_contains")

        fun body(given: JsonObject): ByteArray =
            given.string("body_b64")?.let(Base64.getDecoder()::decode)
                ?: given.string("body")!!.encodeToByteArray()

        fun secrets(given: JsonObject) = given.getAsJsonArray("secrets").map { it.asString }

        fun request(given: JsonObject) = CreateSession.fromJson(text(given.get("request")))

        fun merchant(given: JsonObject) = given.string("merchant")?.let(MerchantKind::of)

        /** What is the server's side, or happens inside a call, has no face of its own. */
        fun rule(name: String): (JsonObject) -> JsonElement =
            { given -> native { parse(applyRule(name, utf8(text(given)))) } }

        val OPS = mapOf<String, (JsonObject) -> JsonElement>(
            "totals" to { given ->
                // The rates of a day, so that the figures do not change with the calendar.
                if (!given.has("as_of")) given.addProperty("as_of", "2026-11-22")
                json(Cart.fromJson(text(given)).quote())
            },
            "quote" to { given ->
                val options = given.getAsJsonObject("options")
                val on = options.string("on")?.let(LocalDate::parse)
                val chosen = QuoteOptions(
                    on,
                    merchant(options),
                    options.string("default_currency"),
                    options.string("rounding")?.let(Rounding::of),
                )
                val catalog = Catalog.fromJson(text(given.get("catalog")))
                json(request(given).quote(catalog, chosen))
            },
            "line_items" to { given ->
                request(given).validate(merchant(given))
                JsonObject()
            },
            "create_session_types" to { given ->
                json(CreateSession.fromJson(text(given.get("value"))))
            },
            "money_format" to { given ->
                json(mapOf("text" to "${Money(given.long("amount")!!, given.string("currency")!!)}"))
            },
            "money_parse" to { given ->
                val money = Money.parse(given.string("text")!!)
                json(mapOf("amount" to money.amount, "currency" to money.currency))
            },
            "tax_rate" to { given ->
                val on = LocalDate.parse(given.string("on"))
                val rate = TaxRate.find(given.string("place")!!, given.string("category"), on)
                json(
                    mapOf(
                        "rate_ppm" to rate.ratePpm,
                        "behaviour" to rate.behaviour,
                        "name" to rate.name,
                        "category" to rate.category,
                        "as_of" to rate.asOf,
                        "confidence" to rate.confidence,
                    ),
                )
            },
            "webhook_verify" to { given ->
                json(
                    Webhook.verify(
                        body(given),
                        given.string("header"),
                        secrets(given),
                        given.string("event_id"),
                        given.long("tolerance_s")?.let(Duration::ofSeconds),
                        Instant.ofEpochSecond(given.long("now")!!),
                    ),
                )
            },
            "webhook_sign" to { given ->
                val at = Instant.ofEpochSecond(given.long("timestamp")!!)
                json(mapOf("header" to Webhook.signForTest(body(given), secrets(given), at)))
            },
            "event_parse" to { given -> json(Event.parse(body(given))) },
            "check_payment" to { given ->
                val event = Event.parse(text(given.get("event")).encodeToByteArray())
                val order = given.getAsJsonObject("order")?.let {
                    Money(it.long("amount")!!, it.string("currency")!!)
                }
                val session = given.get("session")?.let { Session.fromJson(text(it)) }
                val check = checkPayment(event, order, session)
                val money = { it: Money? -> it?.let { mapOf("amount" to it.amount, "currency" to it.currency) } }
                json(
                    mapOf(
                        "verdict" to check.verdict.name.lowercase(),
                        "is_paid" to check.isPaid,
                        "expected" to money(check.expected),
                        "paid" to money(check.paid),
                        "session_id" to check.sessionId,
                        "message" to check.message,
                    ),
                )
            },
            "cashier_url" to { given ->
                val origins = given.getAsJsonArray("allow_origins")?.map { it.asString }.orEmpty()
                val url = Cashier(origins).check(given.string("url")!!)
                json(mapOf("url" to url.url, "session_id" to url.sessionId, "shown" to "$url"))
            },
            "cashier_return" to { given ->
                val urls = ReturnUrls(given.string("success_url")!!, given.string("cancel_url")!!)
                json(mapOf("outcome" to urls.outcome(given.string("came_back_to")!!).name.lowercase()))
            },
        ) + listOf(
            "create_price_strict",
            "create_product_strict",
            "create_session_strict",
            "place_parse",
            "outcome_unknown",
            "retry_decision",
            "session_status",
            "session_transition",
            "subscription_start",
        ).associateWith(::rule)
    }
}

/** The kind's name as every language has it. */
internal fun kind(error: FastStarException): String =
    error.javaClass.simpleName.replace(Regex("(?<=[a-z])[A-Z]"), "_$0").lowercase()
