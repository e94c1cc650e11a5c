// What the screen of an order shows, without Android: a test runs it.

package com.example.checkout

import com.faststarpay.CreatedSession
import com.faststarpay.FastStarException
import com.faststarpay.PaymentStatus
import com.faststarpay.ReturnOutcome
import com.faststarpay.Session
import com.faststarpay.SessionStatus
import java.io.IOException
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.sync.Mutex

/**
 * The app's own server. It knows the order and its price, and holds the API key. The app names the order and
 * nothing else.
 */
interface Shop {
    /** Gives the order's one open session, or null where the order is paid. */
    suspend fun openSession(order: String): CreatedSession?

    /** Gives the order's last session as FastStar tells it now, or null where there is none yet. */
    suspend fun lastSession(order: String): Session?
}

/** How the cashier ended, as `present` tells it. */
enum class Presented { COMPLETED, CANCELED, PENDING, FAILED }

/**
 * Tells how the cashier ended. The way back is a hint, since anyone can open a link and a buyer may pay and
 * close the tab: the server decides.
 */
suspend fun settle(back: ReturnOutcome, lastSession: suspend () -> Session?): Presented {
    val session = try {
        lastSession()
    } catch (_: IOException) {
        return Presented.PENDING // nobody knows: the screen asks again
    }
    return when {
        session == null || session.status == SessionStatus.EXPIRED -> Presented.FAILED
        session.status == SessionStatus.COMPLETE ->
            if (session.paymentStatus == PaymentStatus.UNPAID) Presented.PENDING else Presented.COMPLETED
        back == ReturnOutcome.SUCCESS -> Presented.PENDING
        else -> Presented.CANCELED
    }
}

/** What a button of the screen does. */
enum class Action { PAY, CHECK_AGAIN, SHOW_ORDER }

/** Where the order is, what the screen says, and what the buyer can do. */
enum class OrderState(val text: String, val action: Action?) {
    LOADING("…", null),
    UNPAID("Ready to pay.", Action.PAY),
    PAYING("Continue in the cashier.", null),
    PAID("Thank you, your order is paid.", Action.SHOW_ORDER),
    PENDING("Your payment is being confirmed.", Action.CHECK_AGAIN),
    CANCELED("You have not paid. Nothing was charged.", Action.PAY),
    FAILED("The payment did not work. Nothing was charged.", Action.PAY),
    EXPIRED("This checkout has expired. You can start another.", Action.PAY),
    OFFLINE("You are offline.", Action.CHECK_AGAIN),
}

/** The checkout of one order. Nothing of it need outlive the process: the server knows the order. */
class Checkout(
    private val order: String,
    private val shop: Shop,
    private val present: suspend (CreatedSession) -> Presented,
) {
    private val states = MutableStateFlow(OrderState.LOADING)
    private val paying = Mutex()

    val state: StateFlow<OrderState> get() = states

    /** Opens the cashier, the same session as often as it is called. A second tap meanwhile does nothing. */
    suspend fun pay() {
        if (!paying.tryLock()) return
        try {
            states.value = OrderState.PAYING
            states.value = told {
                val created = shop.openSession(order)
                if (created == null) OrderState.PAID else after(present(created))
            }
        } finally {
            paying.unlock()
        }
    }

    /** Asks the server anew: when the screen is seen, and by the buttons of "pending" and "offline". */
    suspend fun refresh() {
        if (paying.isLocked) return
        states.value = told {
            val session = shop.lastSession(order)
            when {
                session == null -> OrderState.UNPAID
                session.status == SessionStatus.EXPIRED -> OrderState.EXPIRED
                session.status != SessionStatus.COMPLETE ->
                    // "Canceled" and "pending" say more than "unpaid", and are still true.
                    states.value.takeIf { it == OrderState.CANCELED || it == OrderState.PENDING } ?: OrderState.UNPAID
                else -> after(settle(ReturnOutcome.OTHER) { session })
            }
        }
    }

    private suspend fun after(presented: Presented): OrderState = when (presented) {
        Presented.COMPLETED -> OrderState.PAID
        Presented.CANCELED -> OrderState.CANCELED
        Presented.PENDING -> OrderState.PENDING
        Presented.FAILED ->
            if (shop.lastSession(order)?.status == SessionStatus.EXPIRED) OrderState.EXPIRED else OrderState.FAILED
    }

    private suspend fun told(state: suspend () -> OrderState): OrderState =
        try {
            state()
        } catch (_: IOException) {
            OrderState.OFFLINE
        } catch (_: FastStarException) {
            OrderState.FAILED // such as a page that is not the cashier's
        }
}
