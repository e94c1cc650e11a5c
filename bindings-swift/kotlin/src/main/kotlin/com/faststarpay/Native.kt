@file:JvmSynthetic // Java does not see these.

package com.faststarpay

import com.faststarpay.glue.InternalException
import com.faststarpay.glue.RawCallOptions
import com.faststarpay.glue.RawClient
import com.faststarpay.glue.RawException
import com.faststarpay.glue.stopIo
import com.faststarpay.glue.uniffiRustFutureContinuationCallbackImpl
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import java.time.Duration
import java.util.Collections
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference
import java.util.function.Consumer
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.last
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.future.future
import kotlinx.coroutines.withContext

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
        return withContext(Calls) {
            native(chosen, *given) {
                Calls.keepAttached
                call(chosen.copy(waitedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)))
            }
        }
    } catch (error: FastStarException) {
        throw error.seenFrom(caller)
    } finally {
        leaveOurThread()
    }
}

/** A caller without a dispatcher would go on on the thread that the answer came on. */
private suspend fun leaveOurThread() {
    val interceptor = currentCoroutineContext()[ContinuationInterceptor]
    if (interceptor == null || interceptor == Dispatchers.Unconfined) {
        withContext(NonCancellable + Elsewhere) {}
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

private fun elsewhere(executor: Executor?): CoroutineDispatcher = executor?.asCoroutineDispatcher() ?: Elsewhere

/** Where a future of the JDK's completes: its pool, or a thread for each where the pool has but one. */
private object Elsewhere : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) {
        CompletableFuture.runAsync(block)
    }
}

/** The threads that calls start and end on. They end by themselves where nothing is called for a while. */
private object Calls : CoroutineDispatcher() {
    private const val IDLE_SECONDS = 5L
    private const val STOP_SECONDS = 10L
    val COUNT: Int = Runtime.getRuntime().availableProcessors().coerceAtLeast(2)
    private val number = AtomicInteger()
    private var threads: ThreadPoolExecutor? = null

    @Volatile private var hasCalled = false

    /** Once: otherwise JNA attaches the I/O thread to the JVM anew for each callback, and costs half a call. */
    val keepAttached: Unit by lazy {
        Native.setCallbackThreadInitializer(
            uniffiRustFutureContinuationCallbackImpl,
            CallbackThreadInitializer(true, false, "faststar-io"),
        )
        hasCalled = true
    }

    override fun dispatch(context: CoroutineContext, block: Runnable) = synchronized(this) {
        (threads ?: start().also { threads = it }).execute(block)
    }

    private fun start(): ThreadPoolExecutor {
        val queue = LinkedBlockingQueue<Runnable>()
        return ThreadPoolExecutor(COUNT, COUNT, IDLE_SECONDS, TimeUnit.SECONDS, queue) { work ->
            Thread(work, "faststar-calls-${number.incrementAndGet()}").apply { isDaemon = true }
        }.apply { allowCoreThreadTimeOut(true) }
    }

    /** Ends them, and the I/O thread with what runs on it. The next call starts them anew. */
    fun stop() {
        if (hasCalled) native { stopIo() }
        val stopping = synchronized(this) { threads.also { threads = null } } ?: return
        stopping.shutdown()
        stopping.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)
    }
}

/** For a test: holds all threads of the calls until [released]. */
internal fun holdCalls(released: CountDownLatch) {
    val holding = CountDownLatch(Calls.COUNT)
    repeat(Calls.COUNT) {
        Calls.dispatch(EmptyCoroutineContext) {
            holding.countDown()
            released.await()
        }
    }
    holding.await()
}

internal fun shutDownPackage(): Unit = Calls.stop()

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
    val reason = cause.message ?: cause.javaClass.name
    val system = "${System.getProperty("os.name")} ${System.getProperty("os.arch")}"
    val jna = jnaVersion()
    val message = when {
        jna != null && isOlder(jna, OLDEST_JNA) ->
            "the app has JNA $jna, and the faststar package needs $OLDEST_JNA or later; set the version of " +
                "net.java.dev.jna:jna in your build: $reason"
        else ->
            "the native library of the faststar package could not be loaded on $system; the jar must have been made " +
                "for it, and jna.tmpdir name a folder to write to and to run from: $reason"
    }
    val details = FastStarException.Details("invalid_configuration", message)
    return FastStarException.Configuration(details).apply { initCause(error) }
}

/** The oldest JNA that has what the glue calls. A test runs with it. */
private const val OLDEST_JNA = "5.12.0"

/** Asked for at run time: the compiler would put in the version that it sees. Null where JNA does not start. */
private fun jnaVersion(): String? =
    try {
        // A constant that is inherited from what is not public.
        Class.forName("com.sun.jna.Native").getField("VERSION").apply { isAccessible = true }.get(null) as? String
    } catch (_: Exception) {
        null
    } catch (_: LinkageError) {
        null
    }

internal fun isOlder(version: String, than: String): Boolean {
    val (one, other) = listOf(version, than).map { text -> text.split('.', '-').map { it.toIntOrNull() ?: 0 } }
    val first = one.zip(other).firstOrNull { (a, b) -> a != b } ?: return one.size < other.size
    return first.first < first.second
}

private object Unavailable {
    private val first = AtomicReference<Throwable>()

    /** The first failure has the reason. After it the JVM says only that a class could not be initialised. */
    fun first(error: LinkageError): Throwable {
        first.compareAndSet(null, generateSequence<Throwable>(error) { it.cause }.last())
        return first.get()
    }
}
