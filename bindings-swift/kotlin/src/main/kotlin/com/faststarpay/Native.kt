package com.faststarpay

import com.faststarpay.glue.InternalException
import com.faststarpay.glue.RawException
import com.faststarpay.glue.uniffiRustFutureContinuationCallbackImpl
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import com.sun.jna.Platform
import java.nio.charset.CharacterCodingException
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.future.future
import kotlinx.coroutines.withContext

/** Calls the native half and turns what it throws into a [FastStarException]. */
internal inline fun <T> native(call: () -> T): T =
    try {
        call()
    } catch (error: RawException.Failed) {
        throw exception(error)
    } catch (_: RawException.Cancelled) {
        throw CancellationException("the call was cancelled")
    } catch (_: InternalException) {
        throw defect()
    } catch (_: CharacterCodingException) {
        throw notUnicode()
    } catch (error: LinkageError) {
        throw unavailable(error)
    }

/** Gives JSON's bytes; a lone surrogate throws. */
internal fun utf8(json: String): ByteArray = json.encodeToByteArray(throwOnInvalidSequence = true)

/**
 * Makes a call of the client.
 *
 * On another thread than the caller's, which may be an app's main thread: the first call loads the
 * library. And so that no code of a user's runs on the one thread that all calls wait on, as it would
 * with an unconfined dispatcher. A coroutine that is cancelled frees the native call, which closes its
 * connection.
 */
internal suspend fun <T> nativeCall(call: suspend () -> T): T =
    withContext(Dispatchers.Default) {
        native {
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
        message = error.description,
        code = error.code,
        reason = error.text,
        param = error.param,
        status = error.status?.toInt(),
        requestId = error.requestId,
        attempts = error.attempts.toInt(),
        isRetryable = error.retryable,
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
    return FastStarException.Internal(FastStarException.Details(message, "internal", message))
}

internal fun notUnicode(): FastStarException {
    val message = "a text must be valid Unicode, without lone surrogates"
    return FastStarException.Validation(FastStarException.Details(message, "invalid_string", message))
}

internal fun unavailable(cause: LinkageError): FastStarException {
    val message = "the native library of the faststar package could not be loaded on ${Platform.RESOURCE_PREFIX}; " +
        "the jar must have been made for it"
    val details = FastStarException.Details(message, "invalid_configuration", message)
    return FastStarException.Configuration(details).apply { initCause(cause) }
}
