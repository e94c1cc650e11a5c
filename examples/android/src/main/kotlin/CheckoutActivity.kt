// How an Android app opens the cashier and learns of the end. docs/kotlin.md explains it.

package com.example.checkout

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.widget.TextView
import com.faststarpay.Cashier
import com.faststarpay.CreatedSession
import com.faststarpay.FastStarException
import com.faststarpay.ReturnOutcome
import com.faststarpay.ReturnUrls
import com.faststarpay.Session
import com.faststarpay.SessionStatus
import java.io.IOException
import java.util.UUID
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** The app's own server, by whatever HTTP client the app has. It holds the API key; the app does not. */
interface Shop {
    /**
     * Has the server create a session, and gives the JSON that it passed on. The server takes [order] as
     * the idempotency key, so that an order which is started again is the same session.
     */
    suspend fun startCheckout(order: String, cart: String): String

    /** Gives the JSON of a session, as the server retrieved it. */
    suspend fun fetchSession(id: String): String
}

/**
 * The manifest beside it says `singleTask`: the buyer's return comes to [onNewIntent], or to [onCreate]
 * where the system has ended the app meanwhile.
 */
abstract class CheckoutActivity : Activity() {
    abstract val shop: Shop

    private val scope: CoroutineScope = MainScope()
    private var work: Job? = null
    private lateinit var status: TextView

    // What outlives a rotation, and the process.
    private lateinit var order: String
    private var sessionId: String? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        status = TextView(this)
        setContentView(status)
        order = state?.getString(ORDER) ?: UUID.randomUUID().toString()
        sessionId = state?.getString(SESSION)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        setIntent(intent)
        // An activity that is not stopped meanwhile gets no onStart.
        begin()
    }

    override fun onStart() {
        super.onStart()
        begin()
    }

    /** Anew whenever the app is seen again, so that the first question goes out at once. */
    private fun begin() {
        work?.cancel()
        work = scope.launch {
            try {
                checkOut()
            } catch (error: FastStarException) {
                // Its message is for a log.
                status.text = "The shop sent something else than a session."
            } catch (error: IOException) {
                status.text = "You are offline."
            } catch (error: ActivityNotFoundException) {
                status.text = "There is no browser to pay in."
            }
        }
    }

    private suspend fun checkOut() {
        // The first call loads the library, which is nothing for the main thread.
        val outcome = withContext(Dispatchers.Default) { returns.outcome(intent.dataString.orEmpty()) }
        val id = sessionId
        if (id != null) {
            Session.watch { Session.fromJson(shop.fetchSession(id)) }.collect { show(it, outcome) }
        } else if (intent.data == null) {
            open(CreatedSession.fromJson(shop.startCheckout(order, "cart_1")))
        } else {
            // A link, and nothing of ours is under way. Anyone can open a link: it starts no checkout.
            status.text = "Look at your orders."
        }
    }

    private fun open(created: CreatedSession) {
        // Throws unless the page is the cashier's, so that nobody else's is opened in its name.
        val url = Cashier().check(created.url)
        // What androidx.browser's CustomTabsIntent sends, which is the nicer way in a real app.
        val tab = Intent(Intent.ACTION_VIEW, Uri.parse(url.url))
        tab.putExtras(Bundle().apply { putBinder("android.support.customtabs.extra.SESSION", null) })
        startActivity(tab)
        sessionId = created.session.id
    }

    /** The link is for the screen alone; what the server says of the session decides. */
    private fun show(session: Session, outcome: ReturnOutcome) {
        val total = session.total.format()
        status.text = when (session.status) {
            SessionStatus.COMPLETE -> "Paid: $total"
            SessionStatus.EXPIRED -> "This checkout has expired."
            else -> when (outcome) {
                ReturnOutcome.SUCCESS -> "Thank you. Waiting for the payment of $total…"
                ReturnOutcome.CANCEL -> "You can pay $total later."
                ReturnOutcome.OTHER -> "To pay: $total"
            }
        }
    }

    override fun onStop() {
        work?.cancel()
        super.onStop()
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putString(ORDER, order)
        state.putString(SESSION, sessionId)
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    private companion object {
        const val ORDER = "order"
        const val SESSION = "session"

        val returns by lazy {
            ReturnUrls("https://shop.example/checkout/success", "https://shop.example/checkout/cancel")
        }
    }
}
