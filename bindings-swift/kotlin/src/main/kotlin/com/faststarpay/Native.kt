@file:JvmSynthetic // Java does not see these.

package com.faststarpay

import com.faststarpay.glue.InternalException
import com.faststarpay.glue.RawCallOptions
import com.faststarpay.glue.RawClient
import com.faststarpay.glue.RawException
import java.time.Duration
import java.util.Collections
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.function.Consumer
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.last
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.future.future

/**
 * A client of the glue's, and where its futures complete. Java does not see a constructor that takes a
 * value class.
 */
@JvmInline
internal value class Handle(private val both: Pair<RawClient, Executor?>) {
    val raw: RawClient get() = both.first
    val executor: Executor? get() = both.second
}

/**
 * Calls the native half and turns what it throws into a [FastStarException].
 *
 * [given] is what the call hands over and has texts in it. The glue writes each argument into memory of
 * its own, and where a later one is no Unicode, the earlier ones stay there for good.
 */
internal inline fun <T> native(vararg given: Any?, call: () -> T): T {
    given.forEach(::checkUnicode)
    return try {
        useLibrary()
        call()
    } catch (error: RawException.Failed) {
        throw exception(error)
    } catch (_: RawException.Cancelled) {
        throw CancellationException("the call was cancelled")
    } catch (_: InternalException) {
        throw defect()
    } catch (error: CancellationException) {
        throw error
    } catch (_: IllegalStateException) {
        // The glue's, of an object that was freed.
        throw closed()
    } catch (error: LinkageError) {
        throw unavailable(error)
    }
}

/** Checks all texts of a value: a record of the glue's, and a collection, is written with what it holds. */
internal fun checkUnicode(value: Any?) {
    if (!isUnicode(value.toString())) {
        val message = "a text must be valid Unicode, without lone surrogates"
        throw FastStarException.Validation(FastStarException.Details("invalid_string", message))
    }
}

/** Whether each surrogate has its other half. */
internal fun isUnicode(text: String): Boolean {
    var index = 0
    while (index < text.length) {
        val point = text.codePointAt(index)
        if (point in 0xD800..0xDFFF) return false
        index += Character.charCount(point)
    }
    return true
}

/** Gives JSON's bytes. */
internal fun utf8(json: String): ByteArray {
    checkUnicode(json)
    return json.encodeToByteArray()
}

/** Maps to a list that Java cannot change either. */
internal fun <T, R> List<T>.fixed(transform: (T) -> R): List<R> = Collections.unmodifiableList(map(transform))

/**
 * Makes a call of the client.
 *
 * On a thread of the package's own: the first call loads the library, which is nothing for an app's main
 * thread, and no call waits for a thread that a caller's code holds. What has passed until the call
 * starts counts in its timeout. A coroutine that is cancelled frees the native call, which closes its
 * connection.
 */
internal suspend fun <T> nativeCall(
    options: CallOptions,
    vararg given: Any?,
    call: suspend (RawCallOptions) -> T,
): T {
    val begun = System.nanoTime()
    val caller = Throwable()
    val chosen = options.raw()
    try {
        return onOwnThread {
            native(chosen, *given) {
                call(chosen.copy(waitedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)))
            }
        }
    } catch (error: FastStarException) {
        throw error.seenFrom(caller)
    }
}

/** Shows where the call was made, in place of the threads that it went through. */
private fun FastStarException.seenFrom(caller: Throwable): FastStarException = apply {
    val own = if (this is FastStarException.Internal) stackTrace else emptyArray()
    stackTrace = caller.stackTrace + own
}

/**
 * Starts [call] for a caller that has no coroutines; cancelling the future cancels the call.
 *
 * It begins on the caller's thread, where its timeout begins too, and completes on [executor].
 */
internal fun <T> started(executor: Executor?, call: suspend () -> T): CompletableFuture<T> {
    val caller = Throwable()
    return CoroutineScope(elsewhere(executor)).future(start = CoroutineStart.UNDISPATCHED) {
        try {
            call()
        } catch (error: FastStarException) {
            throw error.seenFrom(caller)
        }
    }
}

/** Starts a watch, all of whose code that is a user's runs on [executor]. */
internal fun watched(
    executor: Executor?,
    onChange: Consumer<Session>,
    watch: () -> Flow<Session>,
): CompletableFuture<Session> =
    CoroutineScope(elsewhere(executor)).future { watch().onEach(onChange::accept).last() }

internal fun exception(error: RawException.Failed): FastStarException {
    val details = FastStarException.Details(
        code = error.code,
        reason = error.text,
        param = error.param,
        status = error.status?.toInt(),
        requestId = error.requestId,
        attempts = error.attempts.toInt(),
        isRetryable = error.retryable,
        retryAfter = error.retryAfterMs?.let { Duration.ofMillis(it.toLong()) },
        headers = error.headers,
        idempotencyKey = error.idempotencyKey,
        isOutcomeUnknown = error.outcomeUnknown,
        networkError = error.networkError,
    )
    return when (error.kind) {
        "validation" -> FastStarException.Validation(details)
        "authentication" -> FastStarException.Authentication(details)
        "permission" -> FastStarException.Permission(details)
        "not_found" -> FastStarException.NotFound(details)
        "conflict" -> FastStarException.Conflict(details)
        "payment" -> FastStarException.Payment(details)
        "rate_limit" -> FastStarException.RateLimit(details)
        "connection" -> FastStarException.Connection(details)
        "timeout" -> FastStarException.Timeout(details)
        "server" -> FastStarException.Server(details)
        "signature" -> FastStarException.Signature(details)
        "configuration" -> FastStarException.Configuration(details)
        "unexpected_response" -> FastStarException.UnexpectedResponse(details)
        else -> FastStarException.Internal(details)
    }
}

internal fun closed(): FastStarException {
    val details = FastStarException.Details("invalid_configuration", "the client is closed; make a new one", "client")
    return FastStarException.Configuration(details)
}

internal fun defect(): FastStarException {
    val message = "a defect of the faststar package; please report it with the stack trace"
    return FastStarException.Internal(FastStarException.Details("internal", message))
}
