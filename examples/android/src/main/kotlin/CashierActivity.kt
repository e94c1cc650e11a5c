// Opens the cashier and gives the way that the buyer came back. docs/kotlin.md explains it.

package com.example.checkout

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Bundle

/**
 * Lies below the browser's tab while the buyer pays. It is not exported: the app alone starts it, with a URL
 * that it has checked. Its result's data is the link that brought the buyer back, or null where the tab
 * was closed.
 */
class CashierActivity : Activity() {
    private var isOpened = false // outlives a rotation, and the process

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        isOpened = state?.getBoolean(OPENED) ?: false
        // Started by a link while no checkout is under way: there is nothing to open.
        if (intent.getStringExtra(URL) == null) finish()
    }

    override fun onResume() {
        super.onResume()
        when {
            isFinishing -> Unit
            isOpened -> end(RESULT_OK, null) // the buyer closed the tab
            else -> open(Uri.parse(intent.getStringExtra(URL)))
        }
    }

    /** The link, by [RedirectActivity]; it closes the tab above. */
    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        end(RESULT_OK, intent.data)
    }

    private fun open(url: Uri) {
        isOpened = true
        // What androidx.browser's CustomTabsIntent sends, which is the nicer way in a real app.
        val tab = Intent(Intent.ACTION_VIEW, url)
        tab.putExtras(Bundle().apply { putBinder("android.support.customtabs.extra.SESSION", null) })
        try {
            startActivity(tab)
        } catch (_: ActivityNotFoundException) {
            end(NO_BROWSER, null)
        }
    }

    private fun end(result: Int, link: Uri?) {
        setResult(result, Intent().setData(link))
        finish()
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putBoolean(OPENED, isOpened)
    }

    companion object {
        const val URL: String = "url"
        const val NO_BROWSER: Int = RESULT_FIRST_USER
        private const val OPENED = "opened"
    }
}

/**
 * Takes the App Links, and nothing else is exported. A link is handed to the checkout that waits for it; it
 * starts none.
 */
class RedirectActivity : Activity() {
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        val back = Intent(this, CashierActivity::class.java).setData(intent.data)
        startActivity(back.addFlags(Intent.FLAG_ACTIVITY_CLEAR_TOP or Intent.FLAG_ACTIVITY_SINGLE_TOP))
        finish()
    }
}
