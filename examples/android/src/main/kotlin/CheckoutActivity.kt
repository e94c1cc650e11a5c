// How an Android app opens the cashier and learns of the end. docs/kotlin.md explains it.

package com.example.checkout

import android.app.Activity
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
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** The app's own server, by whatever HTTP client the app has. It holds the API key; the app does not. */
interface Shop {
    /** Has the server create a session, and gives the JSON that FastStar answered. */
    suspend fun startCheckout(cart: String): String

    /** Gives the JSON of a session, as the server retrieved it. */
    suspend fun fetchSession(id: String): String
}

/**
 * Declared in the manifest with `android:launchMode="singleTop"` and an intent filter for the App Links
 * below `https://shop.example/checkout`, so that the cashier's return comes to [onNewIntent].
 */
abstract class CheckoutActivity : Activity() {
    abstract val shop: Shop

    private val scope: CoroutineScope = MainScope()
    private val returns = ReturnUrls("https://shop.example/checkout/success", "https://shop.example/checkout/cancel")
    private var sessionId: String? = null
    private var watching: Job? = null
    private lateinit var status: TextView

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        status = TextView(this)
        setContentView(status)
        sessionId = state?.getString(SESSION)
        scope.launch {
            try {
                if (sessionId == null) open(CreatedSession.fromJson(shop.startCheckout("cart_1")))
            } catch (error: FastStarException) {
                // Its message is for a log.
                status.text = "The shop sent nothing that may be opened."
            } catch (error: IOException) {
                status.text = "You are offline."
            }
        }
    }

    private fun open(created: CreatedSession) {
        // Throws unless the page is the cashier's, so that nobody's else is opened in its name.
        val url = Cashier().check(created.url)
        sessionId = created.session.id
        // What androidx.browser's CustomTabsIntent sends, which is the nicer way in a real app.
        val tab = Intent(Intent.ACTION_VIEW, Uri.parse(url.url))
        tab.putExtras(Bundle().apply { putBinder("android.support.customtabs.extra.SESSION", null) })
        startActivity(tab)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        // For the screen alone: anyone can open a link. The server's answer decides.
        status.text = when (returns.outcome(intent.dataString.orEmpty())) {
            ReturnOutcome.SUCCESS -> "Thank you. Waiting for the payment…"
            ReturnOutcome.CANCEL -> "You can pay later."
            ReturnOutcome.OTHER -> return
        }
    }

    override fun onStart() {
        super.onStart()
        val id = sessionId ?: return
        // Anew whenever the app is seen again, so that the first question goes out at once.
        watching = scope.launch {
            try {
                Session.watch { Session.fromJson(shop.fetchSession(id)) }.collect(::show)
            } catch (error: FastStarException) {
                status.text = "The shop sent something else than the session."
            } catch (error: IOException) {
                status.text = "You are offline."
            }
        }
    }

    private fun show(session: Session) {
        status.text = when (session.status) {
            SessionStatus.COMPLETE -> "Paid: ${session.total.format()}"
            SessionStatus.EXPIRED -> "This checkout has expired."
            else -> "To pay: ${session.total.format()}"
        }
    }

    override fun onStop() {
        watching?.cancel()
        super.onStop()
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putString(SESSION, sessionId)
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    private companion object {
        const val SESSION = "session"
    }
}
