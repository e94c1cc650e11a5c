// The screen of one order: what it says, and a button. docs/kotlin.md explains it.

package com.example.checkout

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.LinearLayout
import android.widget.TextView
import com.faststarpay.Cashier
import com.faststarpay.CreatedSession
import com.faststarpay.ReturnOutcome
import com.faststarpay.ReturnUrls
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** Shows the order that its intent names. It is not exported. */
abstract class OrderActivity : Activity() {
    abstract val shop: Shop

    /** What the button of a paid order opens. */
    abstract fun showOrder(order: String)

    private val scope = MainScope()
    private val order: String get() = requireNotNull(intent.getStringExtra(ORDER))
    private lateinit var checkout: Checkout
    private var waiting: CompletableDeferred<Pair<Int, String?>>? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        val text = TextView(this)
        val button = Button(this)
        setContentView(LinearLayout(this).apply { listOf(text, button).forEach(::addView) })
        // A rotation, and the end of the process, make another: it asks the server where the order is.
        checkout = Checkout(order, shop, ::present)
        scope.launch {
            checkout.state.collect { state ->
                text.text = state.text
                button.text = state.action?.name
                button.visibility = if (state.action == null) View.GONE else View.VISIBLE
                button.setOnClickListener { act(state.action) }
            }
        }
    }

    private fun act(action: Action?) {
        when (action) {
            Action.PAY -> scope.launch { checkout.pay() }
            Action.CHECK_AGAIN -> scope.launch { checkout.refresh() }
            Action.SHOW_ORDER -> showOrder(order)
            null -> Unit
        }
    }

    override fun onStart() {
        super.onStart()
        scope.launch { checkout.refresh() }
    }

    /** Opens the cashier, and tells how it ended. */
    private suspend fun present(session: CreatedSession): Presented {
        // Throws unless the page is the cashier's. The first call loads the library: not on the main thread.
        val url = withContext(Dispatchers.Default) { Cashier().check(session.url) }
        val back = CompletableDeferred<Pair<Int, String?>>().also { waiting = it }
        startActivityForResult(Intent(this, CashierActivity::class.java).putExtra(CashierActivity.URL, url.url), CASHIER)
        val (result, link) = back.await()
        if (result == CashierActivity.NO_BROWSER) return Presented.FAILED
        return settle(link?.let(returns::outcome) ?: ReturnOutcome.OTHER) { shop.lastSession(order) }
    }

    @Deprecated("androidx.activity has registerForActivityResult")
    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        // Where the process has ended meanwhile, nothing waits, and onStart has asked the server.
        if (request == CASHIER) waiting?.complete(result to data?.dataString)
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    companion object {
        const val ORDER: String = "order"
        private const val CASHIER = 1

        private val returns by lazy {
            ReturnUrls("https://shop.example/checkout/success", "https://shop.example/checkout/cancel")
        }
    }
}
