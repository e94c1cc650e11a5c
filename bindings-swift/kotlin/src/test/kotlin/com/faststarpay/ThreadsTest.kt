package com.faststarpay

import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

private val REQUEST = CreateSession(Mode.PAYMENT, listOf(LineItem.adHoc(999, "USD")))

/** On which threads calls run, and on which a user's code. */
internal class ThreadsTest {
    @Test
    fun callbacks_that_wait_for_calls_end_on_one_processor_and_on_two() {
        val merchant = Sandbox.merchant()
        val environment = mapOf("FASTSTAR_API_KEY" to merchant.apiKey, "FASTSTAR_BASE_URL" to Sandbox.url)
        for (processors in 1..2) {
            val printed = runMain(
                Callbacks::class.java.name,
                "-XX:ActiveProcessorCount=$processors",
                environment = environment,
            )
            assertEquals(listOf("callbacks ended", "watches ended"), printed.trim().lines(), "$processors processors")
        }
    }

    @Test
    fun futures_complete_on_the_executor_of_the_client() {
        val executor = Executors.newSingleThreadExecutor { Thread(it, "the-shops") }
        val options = ClientOptions(baseUrl = Sandbox.url, executor = executor)
        FastStar(Sandbox.merchant().apiKey, options).use { client ->
            val sessions = client.checkout.sessions
            val id = sessions.createFuture(REQUEST).join().session.id
            val held = CountDownLatch(1)
            executor.execute { held.await() }
            // What hangs on it is added before it can complete.
            val calls = listOf(
                sessions.retrieveFuture(id),
                sessions.retrieveFuture("cs_none"),
                client.catalog.products.listFuture(),
                client.catalog.prices.listAllFuture(),
            ).map { it.handle { _, _ -> Thread.currentThread().name } }
            val seen = CompletableFuture<String>()
            val watch = sessions.watchFuture(id, { seen.complete(Thread.currentThread().name) })
            held.countDown()
            (calls + seen).forEach { assertEquals("the-shops", it.get(30, TimeUnit.SECONDS).substringBefore(" @")) }
            watch.cancel(true)
        }
        executor.shutdown()
    }

    @OptIn(DelicateCoroutinesApi::class)
    @Test
    fun no_code_of_a_caller_runs_on_the_threads_of_the_calls(): Unit = runBlocking {
        Sandbox.merchant().client().use { client ->
            val sessions = client.checkout.sessions
            // More than there are threads, all blocked where an unconfined coroutine goes on.
            val waits = List(20) {
                GlobalScope.async(Dispatchers.Unconfined) {
                    runCatching { sessions.retrieve("cs_none") }
                    val name = Thread.currentThread().name
                    val id = sessions.createFuture(REQUEST).join().session.id
                    name to id
                }
            }
            for ((name, _) in waits.awaitAll()) {
                assertFalse(name.startsWith("faststar"), name)
            }
        }
    }

    @Test
    fun the_wait_for_a_thread_counts_in_the_timeout(): Unit = runBlocking {
        var requests = 0
        val server = Server { exchange, _ ->
            requests += 1
            Server.reply(exchange, 200, "{}")
        }
        server.use {
            val timeout = Duration.ofMillis(50)
            FastStar("key", ClientOptions(baseUrl = server.url, timeout = timeout)).use { client ->
                val held = CountDownLatch(1)
                holdCalls(held)
                val call = async(Dispatchers.Default) {
                    runCatching { client.checkout.sessions.retrieve("cs_1") }.exceptionOrNull()
                }
                val future = CompletableDeferred<CompletableFuture<Session>>()
                launch(Dispatchers.Default) { future.complete(client.checkout.sessions.retrieveFuture("cs_1")) }
                future.await()
                val begun = System.nanoTime()
                while (System.nanoTime() - begun < timeout.toNanos() + 1_000_000) yield()
                held.countDown()
                val late = assertThrows<CompletionException> { future.await().join() }.cause
                for (error in listOf(call.await(), late)) {
                    assertTrue(error is FastStarException.Timeout, "$error")
                    assertEquals(0, (error as FastStarException.Timeout).attempts)
                }
            }
        }
        assertEquals(0, requests)
    }

    @Test
    fun a_stack_trace_has_the_caller(): Unit = runBlocking {
        Sandbox.merchant().client().use { client ->
            val here = ThreadsTest::class.java.name
            val sessions = client.checkout.sessions
            val calls: List<suspend () -> Any> = listOf(
                { sessions.retrieve("cs_none") },
                { sessions.create(REQUEST.copy(mode = Mode.of("none"))) },
                { client.catalog.products.list(limit = -1) },
                { unwrapped { sessions.retrieveFuture("cs_none").join() } },
                { unwrapped { client.catalog.prices.listAllFuture(-1).join() } },
                { yield().also { sessions.retrieve("cs_none") } },
            )
            calls.forEachIndexed { number, call ->
                val error = runCatching { call() }.exceptionOrNull()
                assertTrue(error is FastStarException, "$number: $error")
                assertTrue(error!!.stackTrace.any { it.className.startsWith(here) }, "$number: ${error.stackTraceToString()}")
            }
        }
    }

    @Test
    fun a_shutdown_ends_the_threads_and_the_calls_and_all_starts_anew(): Unit = runBlocking {
        val merchant = Sandbox.merchant()
        val unclosed = merchant.client()
        unclosed.checkout.sessions.create(REQUEST)
        val asked = CountDownLatch(1)
        val server = Server { _, _ ->
            asked.countDown()
            // No answer.
            CountDownLatch(1).await()
        }
        server.use {
            val silent = FastStar("key", ClientOptions(baseUrl = server.url))
            val call = async(Dispatchers.IO) {
                runCatching { silent.checkout.sessions.create(REQUEST) }.exceptionOrNull()
            }
            assertTrue(asked.await(30, TimeUnit.SECONDS))
            FastStar.shutdown()
            val error = call.await()
            assertTrue(error is FastStarException.Configuration, "$error")
            error as FastStarException
            assertTrue(error.isOutcomeUnknown && error.idempotencyKey != null, "$error")
        }
        val ours = Thread.getAllStackTraces().keys.map { it.name }.filter { it.startsWith("faststar") }
        assertEquals(emptyList<String>(), ours)
        val error = runCatching { unclosed.checkout.sessions.create(REQUEST) }.exceptionOrNull()
        assertTrue(error is FastStarException.Configuration, "$error")
        merchant.client().use { client ->
            assertEquals(1079, client.checkout.sessions.create(REQUEST.copy(buyerCountry = "US")).session.amountTotal)
        }
        repeat(2) { FastStar.shutdown() }
        assertEquals("0.01 USD", "${Money(1, "USD")}")
    }
}

private inline fun unwrapped(call: () -> Any): Any =
    try {
        call()
    } catch (error: CompletionException) {
        throw error.cause!!
    }
