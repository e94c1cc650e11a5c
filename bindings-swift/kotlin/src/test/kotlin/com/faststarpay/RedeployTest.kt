package com.faststarpay

import com.sun.jna.Native
import java.io.File
import java.lang.ref.ReferenceQueue
import java.lang.ref.WeakReference
import java.net.URL
import java.net.URLClassLoader
import kotlinx.coroutines.Job
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** A server that unloads a web application and loads it anew, with JNA in a loader of its own. */
internal class RedeployTest {
    @Test
    fun no_class_loader_and_no_thread_stays_after_a_shutdown() {
        val merchant = Sandbox.merchant()
        val environment = mapOf("FASTSTAR_API_KEY" to merchant.apiKey, "FASTSTAR_BASE_URL" to Sandbox.url)
        val printed = runMain(Redeploys.javaClass.name, environment = environment)
        assertEquals(listOf("gone", "gone", "gone", "threads: []"), printed.trim().lines())
    }
}

internal object Redeploys {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val shared = URLClassLoader(arrayOf(place(Native::class.java)), ClassLoader.getPlatformClassLoader())
        // Starts JNA's thread, which would keep who starts it for as long as JNA has something to clean.
        shared.loadClass("com.sun.jna.Memory").getConstructor(Long::class.java).newInstance(1L)
        repeat(3) {
            val queue = ReferenceQueue<ClassLoader>()
            val loader = deploy(shared, queue)
            val deadline = System.nanoTime() + 30_000_000_000
            while (loader.get() != null && System.nanoTime() < deadline) {
                System.gc()
                queue.remove(100)
            }
            println(if (loader.get() == null) "gone" else "still there")
        }
        println("threads: " + Thread.getAllStackTraces().keys.map { it.name }.filter { it.startsWith("faststar") })
    }

    private fun deploy(shared: ClassLoader, queue: ReferenceQueue<ClassLoader>): WeakReference<ClassLoader> {
        val places = listOf(FastStar::class.java, Deployed::class.java, Unit::class.java, Job::class.java).map(::place)
        URLClassLoader(places.toTypedArray(), shared).use { loader ->
            loader.loadClass(Deployed::class.java.name).getMethod("run").invoke(null)
            return WeakReference(loader, queue)
        }
    }

    private fun place(type: Class<*>): URL = type.protectionDomain.codeSource.location
}

/** What is deployed: it keeps a client, calls it in all ways, and one watch is under way when it is stopped. */
internal object Deployed {
    private val client = FastStar.fromEnvironment()

    @JvmStatic
    fun run() {
        val sessions = client.checkout.sessions
        val request = CreateSession(Mode.PAYMENT, listOf(LineItem.adHoc(999, "USD")))
        val id = sessions.createFuture(request).join().session.id
        client.catalog.prices.listAllFuture().join()
        val body = """{"id": "evt_1", "type": "payment.succeeded", "data": {}}""".encodeToByteArray()
        Webhook.verify(body, Webhook.signForTest(body, "whsec_1"), "whsec_1")
        val watch = sessions.watchFuture(id, {})
        watch.cancel(true)
        FastStar.shutdown()
    }
}
