// The server's half of a checkout: one open session for each order. docs/kotlin.md explains it.

import com.faststarpay.CallOptions
import com.faststarpay.CreateSession
import com.faststarpay.CreatedSession
import com.faststarpay.FastStar
import com.faststarpay.Session
import com.faststarpay.SessionStatus
import java.util.UUID
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/** One attempt to have an order paid: the call as it is sent, and the session once it is known. */
data class Attempt(
    val key: String,
    val request: CreateSession,
    val created: CreatedSession? = null,
)

/**
 * Keeps the attempts of an order, oldest first. Here in memory; in a shop a table of its database, unique in
 * reference and number, whose row is written before the call, so that it outlives a crash.
 */
class Attempts {
    private val all = ConcurrentHashMap<String, List<Attempt>>()

    fun of(reference: String): List<Attempt> = all[reference].orEmpty()

    fun add(reference: String, attempt: Attempt): Unit = all.merge(reference, listOf(attempt), List<Attempt>::plus).let {}

    fun created(reference: String, key: String, created: CreatedSession) {
        all.computeIfPresent(reference) { _, attempts ->
            attempts.map { if (it.key == key) it.copy(created = created) else it }
        }
    }
}

/** What the buyer of an order is to do. */
sealed interface Opened {
    /** Pay in this session. */
    data class Open(val created: CreatedSession) : Opened

    /** Nothing: the order is paid, by this session. */
    data class Complete(val session: Session) : Opened
}

class Orders(private val client: FastStar, private val attempts: Attempts = Attempts()) {
    private val locks = ConcurrentHashMap<String, Mutex>()

    /**
     * Gives the order's open session, and makes one where there is none: at first, after the cart has changed,
     * and after the last one has expired. [request] is priced here, from the order, and never by an app.
     *
     * Where several servers sell, the table's unique number takes the place of the lock: the one that loses
     * reads the row of the other and sends the same call under the same key, which gives the same session.
     */
    suspend fun openSession(reference: String, request: CreateSession): Opened =
        locks.computeIfAbsent(reference) { Mutex() }.withLock {
            val wanted = request.copy(clientReferenceId = reference)
            // An earlier session may be paid although a newer one exists.
            val sessions = attempts.of(reference).associateWith { it.created?.let { made -> client.checkout.sessions.retrieve(made.session.id) } }
            sessions.values.firstOrNull { it?.status == SessionStatus.COMPLETE }?.let { return Opened.Complete(it) }
            val (last, session) = sessions.entries.lastOrNull()?.toPair() ?: (null to null)
            if (last != null && sameCart(last.request, wanted)) {
                val created = last.created
                if (created == null) return Opened.Open(create(reference, last)) // a call whose end nobody knows
                if (session?.status == SessionStatus.OPEN) return Opened.Open(created)
            }
            val next = Attempt(UUID.randomUUID().toString(), wanted)
            attempts.add(reference, next)
            Opened.Open(create(reference, next))
        }

    private suspend fun create(reference: String, attempt: Attempt): CreatedSession {
        val created = client.checkout.sessions.create(attempt.request, CallOptions(idempotencyKey = attempt.key))
        attempts.created(reference, attempt.key, created)
        return created
    }

    /** Another host name changes where the buyer returns, and nothing else. */
    private fun sameCart(one: CreateSession, other: CreateSession) =
        one.copy(successUrl = null, cancelUrl = null) == other.copy(successUrl = null, cancelUrl = null)

    /** The order's last session, for an app that asks where its order is. */
    suspend fun lastSession(reference: String): Session? {
        val sessions = attempts.of(reference).mapNotNull { it.created }.map { client.checkout.sessions.retrieve(it.session.id) }
        return sessions.firstOrNull { it.status == SessionStatus.COMPLETE } ?: sessions.lastOrNull()
    }
}
