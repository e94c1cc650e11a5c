@file:JvmSynthetic // Java does not see these.

package com.faststarpay

import com.faststarpay.glue.InternalException
import com.faststarpay.glue.RawClient
import com.faststarpay.glue.RawException
import com.faststarpay.glue.uniffiRustFutureContinuationCallbackImpl
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import java.time.Duration
import java.util.Collections
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicReference
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.future.future
import kotlinx.coroutines.withContext

/** A client of the glue's. Java does not see a constructor that takes a value class. */
@JvmInline
internal value class Handle(val raw: RawClient)

/**
 * Calls the native half and turns what it throws into a [FastStarException].
 *
 * [given] is what the call hands over and has texts in it. The glue writes each argument into memory of
 * its own, and where a later one is no Unicode, the earlier ones stay there for good.
 */
internal inline fun <T> native(vararg given: Any?, call: () -> T): T {
    given.forEach(::checkUnicode)
    return try {
        call()
    } catch (error: RawException.Failed) {
        throw exception(error)
    } catch (_: RawException.Cancelled) {
        throw CancellationException("the call was cancelled")
    } catch (_: InternalException) {
        throw defect()
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
 * On another thread than the caller's, which may be an app's main thread: the first call loads the
 * library. And so that no code of a user's runs on the one thread that all calls wait on, as it would
 * with an unconfined dispatcher. A coroutine that is cancelled frees the native call, which closes its
 * connection.
 */
internal suspend fun <T> nativeCall(vararg given: Any?, call: suspend () -> T): T =
    withContext(Dispatchers.Default) {
        native(*given) {
            IoThread.keepAttached
            call()
        }
    }

/** Starts a call for a caller that has no coroutines; cancelling the future cancels the call. */
internal fun <T> started(call: suspend () -> T): CompletableFuture<T> =
    CoroutineScope(Dispatchers.Default).future { call() }

private object IoThread {
    /** Once: otherwise JNA attaches the I/O thread to the JVM anew for each callback, and costs half a call. */
    val keepAttached: Unit = Native.setCallbackThreadInitializer(
        uniffiRustFutureContinuationCallbackImpl,
        CallbackThreadInitializer(true, false, "faststar-io"),
    )
}

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

internal fun defect(): FastStarException {
    val message = "a defect of the faststar package; please report it with the stack trace"
    return FastStarException.Internal(FastStarException.Details("internal", message))
}

/** Says why the library does not load, without JNA, which may be what is missing. */
internal fun unavailable(error: LinkageError): FastStarException {
    val cause = Unavailable.first(error)
    val system = "${System.getProperty("os.name")} ${System.getProperty("os.arch")}"
    val message = "the native library of the faststar package could not be loaded on $system; the jar must have " +
        "been made for it, and jna.tmpdir name a folder to write to and to run from: " +
        (cause.message ?: cause.javaClass.name)
    val details = FastStarException.Details("invalid_configuration", message)
    return FastStarException.Configuration(details).apply { initCause(error) }
}

private object Unavailable {
    private val first = AtomicReference<Throwable>()

    /** The first failure has the reason. After it the JVM says only that a class could not be initialised. */
    fun first(error: LinkageError): Throwable {
        first.compareAndSet(null, generateSequence<Throwable>(error) { it.cause }.last())
        return first.get()
    }
}
