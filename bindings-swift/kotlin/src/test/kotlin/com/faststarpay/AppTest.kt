package com.faststarpay

import java.io.IOException
import java.math.BigDecimal
import java.time.Instant
import java.util.Locale
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

private fun session(status: String, total: Long = 1079) =
    Session("cs_1", SessionStatus.of(status), 999, 80, total, "USD")

/** What an app has, without a key. */
@OptIn(ExperimentalCoroutinesApi::class)
internal class AppTest {
    @Test
    fun a_watch_gives_each_change_and_ends_with_the_session() = runTest {
        val states = ArrayDeque(listOf("open", "open", "paused", "complete", "never").map(::session))
        val seen = Session.watch { states.removeFirst() }.toList()
        assertEquals(listOf("open", "paused", "complete"), seen.map { it.status.value })
        assertEquals(1, states.size)
        assertEquals(1000L + 1500 + 1000, currentTime)
    }

    @Test
    fun a_watch_asks_less_and_less_often() = runTest {
        val times = mutableListOf<Long>()
        var asked = 0
        val seen = Session.watch {
            times += currentTime
            session(if (++asked < 12) "open" else "expired")
        }.toList()
        assertEquals(2, seen.size)
        val waits = times.zipWithNext { one, next -> next - one }
        assertEquals(listOf(1000L, 1500, 2250, 3375, 5062, 7593, 10_000, 10_000), waits.take(8))
    }

    @Test
    fun a_watch_bears_five_failures_in_a_row() = runTest {
        var asked = 0
        val seen = Session.watch {
            asked += 1
            when {
                asked % 6 != 0 -> throw IOException("offline")
                asked < 12 -> session("open")
                else -> session("complete")
            }
        }.toList()
        assertEquals(2, seen.size)

        asked = 0
        val error = runCatching {
            Session.watch {
                asked += 1
                throw IOException("offline")
            }.toList()
        }.exceptionOrNull()
        assertTrue(error is IOException)
        assertEquals(6, asked)
    }

    @Test
    fun a_watch_ends_at_once_where_asking_again_is_of_no_use() = runTest {
        for (wrong in listOf(IllegalStateException(), runCatching { Money(1, "") }.exceptionOrNull()!!)) {
            var asked = 0
            val error = runCatching {
                Session.watch {
                    asked += 1
                    throw wrong
                }.toList()
            }.exceptionOrNull()
            assertEquals(wrong.javaClass, error?.javaClass)
            assertEquals(1, asked)
        }
    }

    @Test
    fun a_fetch_that_ran_out_of_time_is_borne_and_then_an_error() = runTest {
        var asked = 0
        val seen = Session.watch {
            asked += 1
            if (asked % 6 != 0) withTimeout(100) { awaitCancellation() }
            session(if (asked < 12) "open" else "complete")
        }.toList()
        assertEquals(listOf("open", "complete"), seen.map { it.status.value })

        var ended = false
        val error = runCatching {
            Session.watch { withTimeout(100) { awaitCancellation() } }.collect()
            ended = true
        }.exceptionOrNull()
        assertTrue(error is IOException, "$error")
        assertFalse(ended)
    }

    @Test
    fun a_fetch_that_was_cancelled_alone_is_an_error() = runTest {
        val gone = CompletableDeferred<Session>().apply { cancel() }
        val error = runCatching { Session.watch { gone.await() }.collect() }.exceptionOrNull()
        assertTrue(error is IllegalStateException && error !is CancellationException, "$error")
    }

    @Test
    fun a_watch_that_is_cancelled_ends_as_cancelled() = runTest {
        var asked = 0
        val watch = Session.watch {
            asked += 1
            awaitCancellation()
        }
        assertEquals(null, withTimeoutOrNull(100) { watch.collect() })
        val job = launch { watch.collect() }
        runCurrent()
        job.cancelAndJoin()
        assertTrue(job.isCancelled)
        assertEquals(2, asked)
    }

    @Test
    fun a_watch_bears_what_the_app_says_may_pass() = runTest {
        class HttpException(val status: Int) : RuntimeException()
        val answers = ArrayDeque(listOf(503, 503, 200))
        val busy = { error: Throwable -> error is HttpException && error.status == 503 }
        val seen = Session.watch(retryIf = busy) {
            val status = answers.removeFirst()
            if (status == 200) session("complete") else throw HttpException(status)
        }.toList()
        assertEquals(1, seen.size)

        var asked = 0
        for ((status, times) in listOf(404 to 1, 503 to 6)) {
            asked = 0
            val watch = Session.watch(busy) {
                asked += 1
                throw HttpException(status)
            }
            assertTrue(runCatching { watch.collect() }.exceptionOrNull() is HttpException)
            assertEquals(times, asked)
        }
        // Beside the built-in rule, not in its place.
        answers.addAll(listOf(1, 2))
        Session.watch(busy) { if (answers.removeFirst() == 1) throw IOException() else session("complete") }.collect()
        assertEquals(0, answers.size)
    }

    @Test
    fun what_the_collector_throws_is_not_taken_for_a_failed_fetch() = runTest {
        var asked = 0
        val flow = Session.watch {
            asked += 1
            session("open")
        }
        val error = runCatching { flow.collect { throw IOException("the screen's") } }.exceptionOrNull()
        assertTrue(error is IOException)
        assertEquals(1, asked)
        assertEquals(1, flow.take(1).toList().size) // each collection starts anew
    }

    @Test
    fun a_live_session_is_watched_until_it_is_paid() = runTest {
        val merchant = Sandbox.merchant()
        merchant.client().use { client ->
            val request = CreateSession(Mode.PAYMENT, listOf(LineItem.adHoc(999, "USD")))
            val id = client.checkout.sessions.create(request).session.id
            val seen = client.checkout.sessions.watch(id)
                .onEach { if (it.status == SessionStatus.OPEN) Sandbox.complete(merchant, id) }
                .toList()
            assertEquals(listOf(SessionStatus.OPEN, SessionStatus.COMPLETE), seen.map { it.status })
            assertEquals(PaymentStatus.PAID, seen.last().paymentStatus)
        }
    }

    @Test
    fun what_a_server_passes_on_is_read() {
        val created = """{"session": {"id": "cs_1", "status": "paused", "amount_total": 1079,
            "currency": "USD", "expires_at": "2026-11-23T12:00:00Z", "new": [1]},
            "url": "https://cashier.faststarpay.com/checkout/cs_1?token=t", "session_token": "t"}"""
        val forms = listOf(created, """{"success": true, "message": "ok", "data": $created}""")
        for (read in forms.map(CreatedSession::fromJson)) {
            assertEquals("paused", read.session.status.value)
            assertEquals(Instant.parse("2026-11-23T12:00:00Z"), read.session.expiresAt)
            assertEquals("""{"new":[1]}""", read.session.extra)
            assertEquals("cs_1", Cashier().check(read.url).sessionId)
        }
        for (wrong in listOf("", "[]", """{"session": {"id": 1}}""", """{"success": false, "data": null}""")) {
            assertThrows<FastStarException.Validation>(wrong) { CreatedSession.fromJson(wrong) }
        }
        assertEquals(session("open", 0).id, Session.fromJson("""{"id": "cs_1", "status": "open"}""").id)
    }

    @Test
    fun a_server_passes_a_session_on_as_json() {
        val session = session("paused").copy(
            sessionToken = "t",
            expiresAt = Instant.parse("2026-11-23T12:00:00Z"),
            paymentStatus = PaymentStatus.of("later"),
            mode = Mode.PAYMENT,
            presentation = Presentation.of("hologram"),
            lineItems = listOf(LineItem.price("price_1", 2).copy(extra = """{"new":{"a":[1.5]}}""")),
            customerEmail = "buyer@shop.example",
            successUrl = "https://shop.example/a",
            cancelUrl = "https://shop.example/b",
            buyerCountry = "DE",
            clientReferenceId = "order \"1\" \ud83c\udf75",
            extra = """{"big":9007199254740993,"new":null}""",
        )
        assertEquals(session, Session.fromJson(session.toJson()))
        assertEquals(session("open"), Session.fromJson(session("open").toJson()))
        val created = CreatedSession(session, "https://cashier.faststarpay.com/checkout/cs_1?token=t", "t", """{"new":1}""")
        assertEquals(created, CreatedSession.fromJson(created.toJson()))
        // A field that is known says what it says.
        val other = session.copy(extra = """{"id": "cs_2", "new": 1}""")
        assertEquals(session.copy(extra = """{"new":1}"""), Session.fromJson(other.toJson()))
        val item = LineItem.price("price_1")
        for ((wrong, place) in listOf(
            session.copy(extra = "[]") to "session.extra",
            session.copy(extra = "{") to "session.extra",
            session.copy(lineItems = listOf(item, item.copy(extra = "1"))) to "session.line_items[1].extra",
            session.copy(expiresAt = Instant.MAX) to "session.expires_at",
        )) {
            val error = assertThrows<FastStarException.Validation> { created.copy(session = wrong).toJson() }
            assertEquals(place, error.param)
        }
    }

    @Test
    fun what_may_be_personal_or_secret_is_not_printed() {
        val extra = """{"client_secret": "CANARY"}"""
        val shown = listOf(
            CreateSession(Mode.SETUP, customerEmail = "CANARY@shop.example", extra = extra),
            LineItem.price("price_1").copy(extra = extra),
            CreateProduct("Tea", extra = extra),
            CreatePrice("prod_1", "USD", 1, extra = extra),
            Product("prod_1", "Tea", extra = extra),
            Price("price_1", "prod_1", "USD", 1, extra = extra),
            Page(listOf(1), null, extra),
            session("open").copy(customerEmail = "CANARY", sessionToken = "CANARY", extra = extra),
        )
        shown.forEach { assertFalse("CANARY" in "$it", "$it") }
        val created = CreatedSession(session("open"), "https://shop.example/cs_1", "t")
        assertTrue("url=https://shop.example/cs_1)" in "$created")
        assertTrue("url=https://shop.example/#[redacted])" in "${created.copy(url = "https://shop.example/#t")}")
        assertTrue("url=https://shop.example/?[redacted])" in "${created.copy(url = "https://shop.example/?t#t?t")}")
    }

    @Test
    fun origins_are_checked_when_they_are_given() {
        for (wrong in listOf("", "127.0.0.1:4250", "http://127.0.0.1:4250/x", "file:///tmp")) {
            assertThrows<FastStarException.Validation>(wrong) { Cashier(wrong) }
        }
        val origins = mutableListOf("http://127.0.0.1:4250")
        val cashier = Cashier(origins)
        origins.clear()
        assertEquals("cs_1", cashier.check("http://127.0.0.1:4250/checkout/cs_1").sessionId)
    }

    @Test
    fun what_is_given_back_is_not_changed_by_java() {
        val session = Session.fromJson("""{"id": "cs_1", "status": "open", "line_items": [{"price_id": "a"}, {"price_id": "b"}]}""")
        val cart = Cart("EUR", listOf(Cart.Line(1)), country = "DE")
        val catalog = Catalog.fromJson(
            """{"products": [{"id": "prod_1", "name": "Tea", "images": ["https://shop.example/a"], "metadata": {"a": "b"}}], "prices": []}""",
        )
        val lists = listOf(
            session.lineItems,
            cart.quote().lines,
            cart.quote().taxes,
            catalog.products,
            catalog.products[0].images,
            catalog.products[0].metadata.keys,
        )
        for (list in lists) {
            val items = (list as MutableCollection<*>).iterator().apply { next() }
            assertThrows<UnsupportedOperationException>("$list") { items.remove() }
        }
    }

    @Test
    fun a_test_of_yours_makes_the_errors() {
        val error: FastStarException =
            FastStarException.Validation(FastStarException.Details("out_of_range", "quantity must be at least 1", "quantity"))
        assertEquals("quantity: quantity must be at least 1", error.message)
        assertEquals("out_of_range" to "quantity", error.code to error.param)
    }

    @Test
    fun amounts_are_written_by_the_platforms_formatter_with_the_currencys_decimals() {
        val shown = listOf(
            Triple(1079L, "USD", Locale.US) to "$10.79",
            Triple(107_900L, "EUR", Locale.GERMANY) to "1.079,00\u00a0€",
            Triple(1079L, "JPY", Locale.JAPAN) to "￥1,079",
            Triple(-5L, "USD", Locale.US) to "-$0.05",
            Triple(1079L, "xxq", Locale.US) to "10.79\u00a0XXQ",
            Triple(Long.MAX_VALUE, "USD", Locale.US) to "$92,233,720,368,547,758.07",
        )
        for ((money, text) in shown) {
            val (amount, currency, locale) = money
            assertEquals(text, Money(amount, currency).format(locale))
        }
        // Formatters that leave out decimals would show another amount than the cashier's page.
        val dinar = Money(1_234_567, "KWD")
        assertEquals(BigDecimal("1234.567"), dinar.toBigDecimal())
        assertTrue(dinar.format(Locale.US).endsWith("1,234.567"))
        assertTrue(Money(1079, "ALL").format(Locale.US).endsWith("10.79"))
        assertEquals(Money(1, "usd"), Money(1, "USD"))
        assertNotEquals(Money(1, "USD"), Money(1, "EUR"))
        assertEquals("$10.79", session("open").total.format(Locale.US))
    }

    @Test
    fun a_cart_is_quoted_and_checked_offline() {
        val quote = Cart("EUR", listOf(Cart.Line(4900)), country = "DE").quote()
        assertEquals(Triple(4900L, 782L, 4900L), Triple(quote.subtotal, quote.tax, quote.total))
        assertEquals(TaxBehaviour.INCLUSIVE, quote.behaviour)
        val catalog = Catalog(
            listOf(Product("prod_1", "Tea", defaultPriceId = "price_1")),
            listOf(Price("price_1", "prod_1", "USD", 999)),
        )
        val request = CreateSession(Mode.PAYMENT, listOf(LineItem.product("prod_1")), buyerCountry = "US")
        assertEquals(1079, request.quote(catalog).total)
        val wrong = request.copy(lineItems = listOf(LineItem.price("price_1", quantity = 0)))
        val error = assertThrows<FastStarException.Validation> { wrong.validate() }
        assertEquals("line_items[0].quantity", error.param)
        assertEquals("line_items[0].quantity: quantity must be at least 1", error.message)
    }

    @Test
    fun return_urls_are_checked_when_they_are_given() {
        val error = assertThrows<FastStarException.Validation> { ReturnUrls("/success", "myapp://cancel") }
        assertEquals("success_url", error.param)
        val urls = ReturnUrls("myapp://checkout/success", "myapp://checkout/cancel")
        assertEquals(ReturnOutcome.SUCCESS, urls.outcome("myapp://checkout/success?session_id=cs_1"))
        for (hostile in listOf("\ud800", "myapp://checkout/success?\udc00", "", "\u0000", "myapp:")) {
            assertEquals(ReturnOutcome.OTHER, urls.outcome(hostile))
        }
    }
}
