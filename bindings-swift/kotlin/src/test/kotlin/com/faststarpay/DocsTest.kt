package com.faststarpay

import docs.a_cart_offline_1
import docs.on_a_server_1
import docs.on_a_server_2
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** The blocks of docs/kotlin.md that need nothing but a sandbox. */
internal class DocsTest {
    @Test
    fun a_server_makes_a_session_and_passes_it_on() {
        // One that a person starts has price_xxx, and says what to export.
        val sandbox = Sandbox.start()
        val environment = sandbox.inputStream.bufferedReader().lineSequence()
            .mapNotNull { Regex("export (\\w+)=(.*)").matchEntire(it.trim())?.destructured }
            .map { (name, value) -> name to value }
            .take(2).toMap()
        val printed = runMain(OnAServer.javaClass.name, environment = environment).trim().lines()
        sandbox.outputStream.close()

        val created = CreatedSession.fromJson(printed[0])
        assertEquals("order_10042", created.session.clientReferenceId)
        assertEquals(1079, created.session.amountTotal)
        assertEquals("Your product", printed[1])
    }

    @Test
    fun a_cart_is_quoted_and_checked() = runBlocking {
        assertEquals(
            listOf("line_items[0].quantity: quantity must be at least 1"),
            shown { show -> a_cart_offline_1("", "", ByteArray(0), "", "", "", show, {}, { "" }) },
        )
    }

    @Test
    fun a_webhook_is_fulfilled() = runBlocking {
        val body = """{"id": "evt_1", "type": "payment.succeeded", "data": {"payment_id": "pi_1", "amount": 1079,
            "currency": "USD", "status": "succeeded", "client_reference_id": "order_10042"}}""".encodeToByteArray()
        val signature = Webhook.signForTest(body, "whsec_xxx")
        assertEquals(
            listOf("order_10042 paid 1079 USD"),
            shown { show -> on_a_server_2("", "", body, signature, "evt_1", "", show, {}, { "" }) },
        )
    }

    private suspend fun shown(block: suspend (show: (String) -> Unit) -> Unit): List<String> =
        mutableListOf<String>().also { shown -> block(shown::add) }
}

/** Its client is made from the environment, which is its own. */
internal object OnAServer {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        on_a_server_1("", "", ByteArray(0), "", "", "", ::println, ::println, { "" })
    }
}
