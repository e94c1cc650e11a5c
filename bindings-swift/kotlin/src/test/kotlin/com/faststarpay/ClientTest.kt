package com.faststarpay

import com.faststarpay.glue.RawCallOptions
import com.faststarpay.glue.RawCancel
import com.faststarpay.glue.RawClient
import com.faststarpay.glue.RawException
import com.faststarpay.glue.panicHere
import com.faststarpay.glue.panicLater
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.drop
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

private const val CANARY = "CANARY-key"

private val REQUEST = CreateSession(Mode.PAYMENT, listOf(LineItem.adHoc(999, "USD")), buyerCountry = "US")

private const val CREATED = """{"success": true, "data": {
    "session": {"id": "cs_1", "status": "open", "amount_total": 1079, "currency": "USD",
        "session_token": "CANARY-token", "customer_email": "CANARY@shop.example"},
    "url": "https://cashier.faststarpay.com/checkout/cs_1?token=CANARY-token",
    "session_token": "CANARY-token", "new": 1}}"""

/** Takes one connection, reads the request, never answers, and sees when the client hangs up. */
private class Silent : AutoCloseable {
    private val socket = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    val url: String = "http://127.0.0.1:${socket.localPort}"
    val asked = CountDownLatch(1)
    val hungUp = CountDownLatch(1)

    init {
        thread(isDaemon = true) { socket.accept().use(::listen) }
    }

    private fun listen(connection: Socket) {
        val input = connection.getInputStream()
        input.read()
        asked.countDown()
        runCatching { input.transferTo(OutputStream.nullOutputStream()) }
        hungUp.countDown()
    }

    override fun close() = socket.close()
}

private fun CountDownLatch.wait(what: String) = assertTrue(await(20, TimeUnit.SECONDS), what)

internal class ClientTest {
    private fun client(url: String) = FastStar(CANARY, ClientOptions(baseUrl = url, maxRetries = 0))

    @Test
    fun the_documentations_session_is_created() = runBlocking {
        Sandbox.merchant().client().use { client ->
            val created = client.checkout.sessions.create(REQUEST)
            assertEquals(1079, created.session.amountTotal)
            assertEquals(SessionStatus.OPEN, created.session.status)
            assertNotNull(created.requestId)
            val url = Cashier(Sandbox.url).check(created.url)
            assertEquals(created.session.id, url.sessionId)
        }
    }

    private fun paid(session: String?, amount: Long, type: String = "payment.succeeded"): Event {
        val payment = """"payment_id":"pi_1","amount":$amount,"currency":"USD","status":"succeeded","""
        val of = if (session == null) "null" else "\"$session\""
        val data = """{$payment "checkout_session_id":$of}"""
        return Event.parse("""{"id":"evt_1","type":"$type","data":$data}""".encodeToByteArray())
    }

    @Test
    fun the_session_is_read_where_another_amount_was_paid(): Unit = runBlocking {
        val order = Money(999, "USD")
        Sandbox.merchant().client().use { client ->
            val sessions = client.checkout.sessions
            val id = sessions.create(REQUEST).session.id
            val check = sessions.checkPayment(paid(id, 1079), order)
            assertEquals(PaymentVerdict.PAID, check.verdict)
            assertTrue(check.isPaid)
            assertEquals(Money(1079, "USD"), check.expected)
            assertEquals(id, check.sessionId)
            assertEquals(PaymentVerdict.UNDERPAID, sessions.checkPayment(paid(id, 1000), order).verdict)
            assertEquals(PaymentVerdict.OVERPAID, sessions.checkPaymentFuture(paid(id, 1080), order).get().verdict)
            assertThrows<FastStarException.NotFound> { sessions.checkPayment(paid("cs_none", 1079), order) }
        }
        // Where no session is read, no server is needed.
        client("http://127.0.0.1:1").use { client ->
            val sessions = client.checkout.sessions
            assertTrue(sessions.checkPayment(paid("cs_1", 999), order).isPaid)
            assertEquals(PaymentVerdict.UNKNOWN_ORDER, sessions.checkPayment(paid("cs_1", 999), null).verdict)
            assertEquals(PaymentVerdict.SESSION_NEEDED, sessions.checkPayment(paid(null, 1079), order).verdict)
        }
    }

    @Test
    fun what_cannot_be_checked_is_refused() {
        val order = Money(999, "USD")
        val wrong = assertThrows<FastStarException.Validation> { checkPayment(paid("cs_1", 999, "payment.failed"), order) }
        assertEquals("event", wrong.param)
        val other = Session("cs_2", SessionStatus.COMPLETE, 999, 80, 1079, "USD")
        val mixed = assertThrows<FastStarException.Validation> { checkPayment(paid("cs_1", 1079), order, other) }
        assertEquals("session.id", mixed.param)
        assertTrue(mixed.reason.contains("cs_1") && mixed.reason.contains("cs_2"), mixed.reason)
        val forged = paid("cs_1", 999, "payment.failed").copy(data = """{},"type":"payment.succeeded"""")
        assertEquals("data", assertThrows<FastStarException.Validation> { checkPayment(forged, order) }.param)
    }

    @Test
    fun what_cannot_work_is_refused_when_the_client_is_made() {
        val wrong = mapOf(
            "apiKey" to { FastStar("") },
            "baseUrl" to { FastStar("key", ClientOptions(baseUrl = "http://shop.example")) },
            "timeout" to { FastStar("key", ClientOptions(timeout = Duration.ofSeconds(-1))) },
            "connectTimeout" to { FastStar("key", ClientOptions(connectTimeout = Duration.ZERO)) },
            "maxRetries" to { FastStar("key", ClientOptions(maxRetries = -1)) },
            "merchant" to { FastStar("key", ClientOptions(merchant = MerchantKind.of("none"))) },
            "rootCertificatesPem" to { FastStar("key", ClientOptions(rootCertificatesPem = listOf("no"))) },
        )
        for ((param, make) in wrong) {
            val error = assertThrows<FastStarException.Configuration>(param) { make() }
            assertTrue(error.param!!.startsWith(param), "$param: $error")
        }
    }

    @Test
    fun every_call_after_close_is_refused_and_another_close_does_nothing(): Unit = runBlocking {
        val client = Sandbox.merchant().client()
        client.close()
        val calls: List<suspend () -> Any> = listOf(
            { client.checkout.sessions.create(REQUEST) },
            { client.checkout.sessions.retrieve("cs_1") },
            { client.catalog.products.create(CreateProduct("Tea")) },
            { client.catalog.products.list() },
            { client.catalog.prices.create(CreatePrice.oneTime("prod_1", "USD", 1)) },
            { client.catalog.prices.list() },
        )
        client.close()
        for (call in calls) {
            val error = runCatching { call() }.exceptionOrNull()
            assertTrue(error is FastStarException.Configuration && error.param == "client", "$error")
        }
    }

    @Test
    fun a_call_without_an_answer_says_why_and_has_its_key() = runBlocking {
        val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
        val client = FastStar(CANARY, ClientOptions(baseUrl = "http://127.0.0.1:$port", maxRetries = 1))
        val refused = assertThrows<FastStarException.Connection> {
            runBlocking { client.checkout.sessions.create(REQUEST) }
        }
        assertEquals(listOf("refused", 2, false), refused.run { listOf(networkError, attempts, isOutcomeUnknown) })
        assertTrue(refused.idempotencyKey!!.startsWith("fs_"))
        Silent().use { server ->
            val options = CallOptions(idempotencyKey = "order_1", timeout = Duration.ofMillis(200))
            val late = assertThrows<FastStarException.Timeout> {
                runBlocking { client(server.url).checkout.sessions.create(REQUEST, options) }
            }
            assertEquals(listOf("timeout", "order_1", true), late.run { listOf(networkError, idempotencyKey, isOutcomeUnknown) })
            assertTrue("order_1" in late.message!!, late.message)
        }
    }

    @Test
    fun close_ends_a_call_that_is_under_way() = runBlocking {
        Silent().use { server ->
            val client = client(server.url)
            val call = async(Dispatchers.IO) {
                runCatching { client.checkout.sessions.create(REQUEST) }.exceptionOrNull()
            }
            server.asked.wait("no request came")
            client.close()
            val error = call.await() as FastStarException.Configuration
            assertTrue(error.isOutcomeUnknown && error.idempotencyKey!!.startsWith("fs_"), "$error")
            server.hungUp.wait("the connection stayed open")
        }
    }

    @Test
    fun a_coroutine_that_is_cancelled_closes_its_connection() = runBlocking {
        Silent().use { server ->
            client(server.url).use { client ->
                val job = launch(Dispatchers.IO) { client.checkout.sessions.create(REQUEST) }
                server.asked.wait("no request came")
                job.cancelAndJoin()
                server.hungUp.wait("the connection stayed open")
            }
        }
    }

    @Test
    fun a_future_that_is_cancelled_closes_its_connection() {
        Silent().use { server ->
            client(server.url).use { client ->
                val future = client.checkout.sessions.createFuture(REQUEST)
                server.asked.wait("no request came")
                assertTrue(future.cancel(true))
                server.hungUp.wait("the connection stayed open")
            }
        }
    }

    @Test
    fun the_cancel_object_of_the_glue_gives_a_call_up() = runBlocking {
        Silent().use { server ->
            val raw = RawClient(ClientOptions(baseUrl = server.url).raw(CANARY))
            val options = RawCallOptions(null, null, null)
            val cancel = RawCancel()
            val call = async(Dispatchers.IO) {
                runCatching { raw.createSession(REQUEST.raw(), options, cancel) }.exceptionOrNull()
            }
            server.asked.wait("no request came")
            cancel.cancel()
            assertTrue(call.await() is RawException.Cancelled)
            server.hungUp.wait("the connection stayed open")

            val late = runCatching { raw.createSession(REQUEST.raw(), options, cancel) }
            assertTrue(late.exceptionOrNull() is RawException.Cancelled, "$late")
            val mapped = runCatching { native { throw RawException.Cancelled() } }
            assertTrue(mapped.exceptionOrNull() is CancellationException)
        }
    }

    @Test
    fun a_thousand_rounds_of_use_and_close_on_eight_threads_end_in_answers_or_typed_errors() {
        val merchant = Sandbox.merchant()
        val strange = ConcurrentLinkedQueue<Throwable>()
        val rounds = ConcurrentLinkedQueue((1..1000).toList())
        val answered = ConcurrentLinkedQueue<CreatedSession>()
        val threads = List(8) {
            thread {
                while (true) {
                    val round = rounds.poll() ?: break
                    runCatching {
                        val client = merchant.client()
                        val closers = listOf(client::close, client::close)
                        runBlocking(Dispatchers.Default) {
                            val calls = List(2) {
                                async { runCatching { client.checkout.sessions.create(REQUEST) } }
                            }
                            // Some rounds close after the answers, most in between.
                            if (round % 4 == 0) calls.awaitAll()
                            val closed = closers.map { close -> async { runCatching(close) } }.awaitAll()
                            assertEquals(2, closed.count { it.isSuccess }, "both closes are quiet")
                            calls.awaitAll().forEach { call -> call.onSuccess(answered::add) }
                            calls.awaitAll().mapNotNull { it.exceptionOrNull() }
                                .filterNot { it is FastStarException.Configuration }
                                .forEach(strange::add)
                        }
                    }.onFailure(strange::add)
                }
            }
        }
        threads.forEach(Thread::join)
        assertTrue(strange.isEmpty(), "$strange")
        assertTrue(answered.size >= 500, "${answered.size} answers")
    }

    @Test
    fun a_blocking_wait_in_an_unconfined_coroutine_does_not_stop_the_calls() = runBlocking {
        Sandbox.merchant().client().use { client ->
            withContext(Dispatchers.Unconfined) {
                client.checkout.sessions.create(REQUEST)
                // On whichever thread this goes on, another call must get its answer.
                runBlocking { client.checkout.sessions.create(REQUEST) }
            }
            Unit
        }
    }

    @Test
    fun options_reach_the_request() = runBlocking {
        val heads = ConcurrentLinkedQueue<Map<String, List<String>>>()
        val server = Server { exchange, _ ->
            heads.add(exchange.requestHeaders.toMap())
            Server.reply(exchange, 200, CREATED)
        }
        server.use {
            val options = ClientOptions(baseUrl = server.url, userAgent = "shop/1.2")
            FastStar(CANARY, options).use { client ->
                val created = client.checkout.sessions.create(REQUEST, CallOptions("order_1"))
                assertEquals("""{"new":1}""", created.extra)
                assertEquals("req_1", created.requestId)
                assertEquals("req_1", created.session.requestId)
            }
        }
        val head = heads.single()
        assertEquals(listOf("order_1"), head["Idempotency-key"])
        assertEquals(listOf(CANARY), head["X-api-key"])
        assertTrue(head.getValue("User-agent").single().startsWith("shop/1.2 faststar-kotlin/"))
    }

    @Test
    fun wrong_options_of_a_call_are_refused_before_anything_is_sent() = runBlocking {
        client("http://127.0.0.1:9").use { client ->
            val wrong = listOf(
                "idempotencyKey" to CallOptions(idempotencyKey = " "),
                "timeout" to CallOptions(timeout = Duration.ofMillis(-1)),
                "maxRetries" to CallOptions(maxRetries = -1),
            )
            for ((param, options) in wrong) {
                val error = assertThrows<FastStarException>(param) {
                    runBlocking { client.checkout.sessions.create(REQUEST, options) }
                }
                assertEquals(param to 0, error.param to error.attempts)
            }
        }
    }

    @Test
    fun an_error_tells_what_the_server_said() = runBlocking {
        Sandbox.merchant().client().use { client ->
            val error = runCatching { client.checkout.sessions.retrieve("cs_none") }.exceptionOrNull()
            error as FastStarException.NotFound
            assertEquals("not_found" to 404, error.code to error.status)
            assertNotNull(error.requestId)
            assertEquals(1, error.attempts)
            assertFalse(error.isRetryable)
            assertTrue(error.message!!.contains("404") && error.message!!.contains(error.reason))
        }
    }

    @Test
    fun no_secret_is_printed() = runBlocking {
        val server = Server { exchange, body ->
            val path = exchange.requestURI.path
            val echo = """{"success": false, "message": "no such key: $CANARY", "data": null}"""
            if (path.endsWith("/sessions") && body.isNotEmpty()) {
                Server.reply(exchange, 200, CREATED)
            } else {
                Server.reply(exchange, 401, echo)
            }
        }
        server.use {
            client(server.url).use { client ->
                val created = client.checkout.sessions.create(REQUEST)
                assertEquals("CANARY-token", created.sessionToken)
                val error = runCatching { client.checkout.sessions.retrieve("cs_1") }.exceptionOrNull()
                assertTrue(error is FastStarException.Authentication)
                val shown = listOf(
                    "$created",
                    "${created.copy(url = "https://shop.example/#CANARY")}",
                    "${created.session}",
                    "${Cashier().check(created.url)}",
                    "$client",
                    error!!.stackTraceToString(),
                )
                shown.forEach { assertFalse(it.contains("CANARY"), it) }
            }
        }
    }

    @Test
    fun a_panic_becomes_an_error_that_does_not_tell_what_it_said() {
        val raw = RawClient(ClientOptions().raw(CANARY))
        val here = assertThrows<FastStarException.Internal> { native { panicHere() } }
        val later = assertThrows<FastStarException.Internal> {
            runBlocking { nativeCall(CallOptions()) { panicLater(raw) } }
        }
        for (error in listOf(here, later)) {
            assertEquals("internal", error.code)
            assertNull(error.status)
            assertFalse(error.stackTraceToString().contains("CANARY"))
        }
    }

    @Test
    fun a_text_that_is_no_unicode_is_refused_before_anything_is_handed_over(): Unit = runBlocking {
        // Of the glue's it would be a CharacterCodingException, and what came before the text a leak.
        val wrong = "a\ud800"
        val session = Session("cs_1", SessionStatus.OPEN, 1, 0, 1, "USD")
        val catalog = Catalog(listOf(Product("prod_1", "Tea", metadata = mapOf("a" to wrong))))
        client("http://127.0.0.1:9").use { client ->
            val options = CallOptions(wrong)
            val sessions = client.checkout.sessions
            val products = client.catalog.products
            val prices = client.catalog.prices
            val price = CreatePrice.oneTime("prod_1", "USD", 1)
            val calls: List<suspend () -> Any> = listOf(
                { FastStar(wrong) },
                { FastStar("key", ClientOptions(baseUrl = wrong)) },
                { sessions.create(REQUEST.copy(clientReferenceId = wrong)) },
                { sessions.create(REQUEST.copy(lineItems = listOf(LineItem.price(wrong)))) },
                { sessions.create(REQUEST.copy(mode = Mode.of(wrong))) },
                { sessions.create(REQUEST, options) },
                { sessions.retrieve(wrong) },
                { sessions.retrieve("cs_1", options) },
                { products.create(CreateProduct("Tea", images = listOf(wrong))) },
                { products.create(CreateProduct("Tea"), options) },
                { products.list(cursor = wrong) },
                { products.list(options = options) },
                { prices.create(price.copy(currency = wrong)) },
                { prices.create(price, options) },
                { prices.list(cursor = wrong) },
                { prices.list(options = options) },
                { REQUEST.copy(extra = wrong).validate() },
                { REQUEST.validate(MerchantKind.of(wrong)) },
                { REQUEST.quote(catalog) },
                { REQUEST.quote(options = QuoteOptions(defaultCurrency = wrong)) },
                { CreateSession.fromJson("\"$wrong\"") },
                { Session.fromJson(wrong) },
                { CreatedSession.fromJson(wrong) },
                { Catalog.fromJson(wrong) },
                { Cart.fromJson(wrong) },
                { session.copy(lineItems = listOf(LineItem.price(wrong))).toJson() },
                { CreatedSession(session, "https://shop.example", wrong).toJson() },
                { Cart("EUR", listOf(Cart.Line(1, currency = wrong))).quote() },
                { TaxRate.find("DE", wrong) },
                { TaxRate.find(wrong) },
                { Money(1, wrong) },
                { Money.parse(wrong) },
                { Cashier(wrong) },
                { Cashier("http://127.0.0.1:4250").check(wrong) },
                { ReturnUrls("https://shop.example/a", wrong) },
                { ReturnUrls(wrong, "https://shop.example/a") },
                { Webhook.verify(ByteArray(0), wrong, "whsec_1") },
                { Webhook.verify(ByteArray(0), "t=1", wrong) },
                { Webhook.verify(ByteArray(0), "t=1", "whsec_1", wrong) },
                { Webhook.signForTest(ByteArray(0), wrong) },
                { Session.watch { session.copy(status = SessionStatus.of(wrong)) }.drop(1).first() },
            )
            calls.forEachIndexed { number, call ->
                val error = runCatching { call() }.exceptionOrNull()
                assertTrue(error is FastStarException.Validation && error.code == "invalid_string", "$number: $error")
            }
            REQUEST.copy(clientReferenceId = "\ud83c\udf75").validate()
        }
    }

    @Test
    fun extra_fields_are_sent_and_those_that_are_known_refused() {
        REQUEST.copy(extra = """{"new": 1}""").validate()
        val wrong = mapOf(
            """{"mode": "setup"}""" to "mode",
            "{" to "extra",
            "[]" to "extra",
        )
        for ((extra, param) in wrong) {
            val error = assertThrows<FastStarException.Validation> { REQUEST.copy(extra = extra).validate() }
            assertEquals(param, error.param)
        }
        val item = LineItem.price("price_1").copy(extra = "1")
        val error = assertThrows<FastStarException.Validation> {
            REQUEST.copy(lineItems = listOf(item)).validate()
        }
        assertEquals("line_items[0].extra", error.param)
    }
}
