@file:JvmSynthetic // Java does not see it.

package com.faststarpay

import com.faststarpay.glue.RawWatch
import java.io.IOException
import java.io.UncheckedIOException
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

internal fun watchSession(retryIf: (Throwable) -> Boolean, fetch: suspend () -> Session): Flow<Session> = flow {
    native { RawWatch() }.use { pace ->
        var last: Session? = null
        while (true) {
            // What the collector throws is not a failure of the fetch, so `emit` is outside.
            val fetched = try {
                fetch()
            } catch (error: Exception) {
                // Of a collector that was cancelled this is the end.
                currentCoroutineContext().ensureActive()
                val failure = failure(error)
                if (!mayPass(failure) && !retryIf(failure)) throw failure
                delay((native { pace.afterFailure() } ?: throw failure).toLong())
                continue
            }
            if (fetched != last) emit(fetched)
            last = fetched
            delay((native(fetched.status) { pace.afterStatus(fetched.status.value) } ?: break).toLong())
        }
    }
}

/** A cancellation is passed on by no coroutine: the flow would seem to be complete. */
private fun failure(error: Exception): Exception = when (error) {
    is TimeoutCancellationException -> IOException("fetching the session took too long", error)
    is CancellationException -> IllegalStateException("what fetches the session was cancelled", error)
    else -> error
}

private fun mayPass(error: Exception): Boolean =
    error is IOException || error is UncheckedIOException || (error is FastStarException && error.isRetryable)
