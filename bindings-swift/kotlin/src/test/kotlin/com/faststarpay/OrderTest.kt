package com.faststarpay

import Opened
import Orders
import com.example.checkout.Action
import com.example.checkout.Checkout
import com.example.checkout.OrderState
import com.example.checkout.Presented
import com.example.checkout.Shop
import com.example.checkout.settle
import com.google.gson.JsonObject
import java.io.IOException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

private fun cart(amount: Long = 999, host: String = "shop.example") = CreateSession(
    Mode.PAYMENT,
    listOf(LineItem.adHoc(amount, "USD")),
    successUrl = "https://$host/success",
    cancelUrl = "https://$host/cancel",
)

/** One order, which the server knows: the server's half of the examples, and the app's. */
internal class OrderTest {
    private val merchant = Sandbox.merchant()

    private fun with(block: suspend (Orders) -> Unit) = runBlocking { merchant.client().use { block(Orders(it)) } }

    private fun expire(id: String) = Sandbox.post(merchant.apiKey, "sessions/$id/expire", JsonObject())

    private suspend fun Orders.open(request: CreateSession = cart()): CreatedSession =
        (openSession("order_1", request) as Opened.Open).created

    @Test
    fun forty_clicks_at_once_are_one_session() = with { orders ->
        val ids = runBlocking(Dispatchers.Default) { List(40) { async { orders.open().session.id } }.awaitAll() }
        assertEquals(1, ids.toSet().size)
    }

    @Test
    fun another_session_is_made_for_another_cart_and_after_the_end_and_for_nothing_else() = with { orders ->
        val first = orders.open()
        assertEquals(first, orders.open(cart(host = "www.shop.example")))
        runCatching { Sandbox.post(merchant.apiKey, "sessions/${first.session.id}/decline", JsonObject()) }
        assertEquals(first.session.id, orders.open().session.id)
        val changed = orders.open(cart(1999))
        assertNotEquals(first.session.id, changed.session.id)
        expire(changed.session.id)
        val anew = orders.open(cart(1999))
        assertNotEquals(changed.session.id, anew.session.id)
        // The first one is paid although a newer one is open.
        Sandbox.complete(merchant, first.session.id)
        val paid = orders.openSession("order_1", cart(1999)) as Opened.Complete
        assertEquals(first.session.id, paid.session.id)
        assertEquals(first.session.id, orders.lastSession("order_1")?.id)
    }

    @Test
    fun the_screen_of_an_order_has_an_action_for_each_state() = with { orders ->
        val shop = object : Shop {
            var isOffline = false
            var opened = mutableListOf<String>()

            override suspend fun openSession(order: String): CreatedSession? {
                if (isOffline) throw IOException("offline")
                return when (val opened = orders.openSession(order, cart())) {
                    is Opened.Open -> opened.created.also { this.opened += it.session.id }
                    is Opened.Complete -> null
                }
            }

            override suspend fun lastSession(order: String): Session? {
                if (isOffline) throw IOException("offline")
                return orders.lastSession(order)
            }
        }
        var buyer: suspend (CreatedSession) -> ReturnOutcome = { ReturnOutcome.OTHER }
        val checkout = Checkout("order_2", shop) { created ->
            Cashier(Sandbox.url).check(created.url)
            settle(buyer(created)) { shop.lastSession("order_2") }
        }
        suspend fun seen(step: suspend () -> Unit): Pair<OrderState, Action?> {
            step()
            return checkout.state.value.let { it to it.action }
        }

        assertEquals(OrderState.UNPAID to Action.PAY, seen { checkout.refresh() })
        shop.isOffline = true
        assertEquals(OrderState.OFFLINE to Action.CHECK_AGAIN, seen { checkout.pay() })
        shop.isOffline = false
        // The tab is closed; the same session is opened again, and a second tap meanwhile does nothing.
        assertEquals(OrderState.CANCELED to Action.PAY, seen { checkout.pay() })
        assertEquals(OrderState.CANCELED, seen { checkout.refresh() }.first)
        val back = CompletableDeferred<ReturnOutcome>()
        buyer = { back.await() }
        runBlocking {
            repeat(2) { launch { checkout.pay() } }
            launch { back.complete(ReturnOutcome.SUCCESS) }
        }
        assertEquals(OrderState.PENDING to Action.CHECK_AGAIN, seen { })
        assertEquals(1, shop.opened.toSet().size)
        assertEquals(2, shop.opened.size)
        buyer = { created -> ReturnOutcome.OTHER.also { expire(created.session.id) } }
        assertEquals(OrderState.EXPIRED to Action.PAY, seen { checkout.pay() })
        // Paid, and the tab closed before the page went back.
        buyer = { created -> ReturnOutcome.OTHER.also { Sandbox.complete(merchant, created.session.id) } }
        assertEquals(OrderState.PAID to Action.SHOW_ORDER, seen { checkout.pay() })
        assertEquals(2, shop.opened.toSet().size)
        // Another tap, and another process: the server knows.
        assertEquals(OrderState.PAID, seen { checkout.pay() }.first)
        val later = Checkout("order_2", shop) { Presented.FAILED }
        later.refresh()
        assertEquals(OrderState.PAID, later.state.value)
    }

    @Test
    fun a_page_that_is_not_the_cashiers_fails_the_checkout() = with { orders ->
        val shop = object : Shop {
            override suspend fun openSession(order: String): CreatedSession = orders.open().copy(url = "https://evil.example/")
            override suspend fun lastSession(order: String): Session? = orders.lastSession(order)
        }
        val checkout = Checkout("order_1", shop) { created ->
            Cashier(Sandbox.url).check(created.url)
            Presented.COMPLETED
        }
        checkout.pay()
        assertEquals(OrderState.FAILED to Action.PAY, checkout.state.value.let { it to it.action })
        assertTrue(OrderState.entries.filter { it.action == null }.all { it == OrderState.LOADING || it == OrderState.PAYING })
    }
}
