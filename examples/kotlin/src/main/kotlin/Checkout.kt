// Opens the one session of an order in the sandbox, watches it, and pays it as the buyer would. `run` starts it.

import com.faststarpay.Cashier
import com.faststarpay.CreateSession
import com.faststarpay.FastStar
import com.faststarpay.FastStarException
import com.faststarpay.LineItem
import com.faststarpay.Mode
import com.faststarpay.Money
import com.faststarpay.SessionStatus
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.util.Locale
import kotlinx.coroutines.runBlocking

private val sandbox: String = System.getenv("FASTSTAR_BASE_URL")

fun main(): Unit = runBlocking {
    FastStar.fromEnvironment().use { client ->
        val request = CreateSession(
            mode = Mode.PAYMENT,
            lineItems = listOf(LineItem.adHoc(999, "USD", description = "Green tea, 100 g")),
            successUrl = "https://shop.example/success",
            cancelUrl = "https://shop.example/cancel",
            buyerCountry = "US",
        )
        val quote = request.quote()
        println("Offline it comes to ${Money(quote.total, quote.currency).format(Locale.US)}.")

        // What the buyer's two taps come to: Orders.kt keeps one open session for the order.
        val orders = Orders(client)
        val created = (orders.openSession("order_10042", request) as Opened.Open).created
        check(orders.openSession("order_10042", request) == Opened.Open(created))
        val url = Cashier(sandbox).check(created.url)
        println("The buyer would open $url")

        client.checkout.sessions.watch(created.session.id).collect { session ->
            println("${session.id} is ${session.status}: ${session.total.format(Locale.US)}")
            if (session.status == SessionStatus.OPEN) pay(session.id)
        }
        check(orders.openSession("order_10042", request) is Opened.Complete) // nobody pays twice

        try {
            client.checkout.sessions.create(request.copy(lineItems = listOf(LineItem.price("price_1", 0))))
        } catch (error: FastStarException.Validation) {
            println("A wrong request is not sent: ${error.message}")
        }
    }
}

/** Plays the buyer. Only a sandbox can do that. */
private fun pay(session: String) {
    val request = HttpRequest.newBuilder(URI("$sandbox/sandbox/v1/sessions/$session/complete"))
        .header("X-API-Key", System.getenv("FASTSTAR_API_KEY"))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString("{}"))
        .build()
    val answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString())
    check(answer.statusCode() == 200) { answer.body() }
}
