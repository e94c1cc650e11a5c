package com.faststarpay

import com.faststarpay.glue.RawWatch
import java.io.IOException
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

internal fun watchSession(fetch: suspend () -> Session): Flow<Session> = flow {
    val pace = native { RawWatch() }
    var last: Session? = null
    while (true) {
        // What the collector throws is not a failure of the fetch, so `emit` is outside.
        val fetched = try {
            fetch()
        } catch (error: Exception) {
            if (!mayPass(error)) throw error
            delay((native { pace.afterFailure() } ?: throw error).toLong())
            continue
        }
        if (fetched != last) emit(fetched)
        last = fetched
        delay((native { pace.afterStatus(fetched.status.value) } ?: break).toLong())
    }
}

private fun mayPass(error: Exception): Boolean =
    error is IOException || (error is FastStarException && error.isRetryable)
