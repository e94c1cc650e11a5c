@file:JvmSynthetic // Java does not see these.

package com.faststarpay

import com.faststarpay.glue.stopIo
import com.faststarpay.glue.uniffiRustFutureContinuationCallbackImpl
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import java.util.Collections
import java.util.WeakHashMap
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.resume
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/** Carries the native half of a call out on a thread of the package's own. */
internal suspend fun <T> onOwnThread(call: suspend () -> T): T =
    try {
        withContext(Calls) {
            native { Calls.keepAttached }
            call()
        }
    } finally {
        leaveOwnThread()
    }

/** A caller without a dispatcher would go on on the thread that the answer came on. */
private suspend fun leaveOwnThread() {
    val interceptor = currentCoroutineContext()[ContinuationInterceptor]
    if (interceptor == null || interceptor == Dispatchers.Unconfined) {
        // Not `withContext`, which goes on here where the other thread was quick.
        suspendCoroutineUninterceptedOrReturn<Unit> { caller ->
            CompletableFuture.runAsync { caller.intercepted().resume(Unit) }
            COROUTINE_SUSPENDED
        }
    }
}

internal fun elsewhere(executor: Executor?): CoroutineDispatcher = executor?.asCoroutineDispatcher() ?: Elsewhere

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

internal fun stopCalls(): Unit = Calls.stop()

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

/** The clients that are open. */
private val clients: MutableSet<FastStar> = Collections.synchronizedSet(Collections.newSetFromMap(WeakHashMap()))

internal fun opened(client: FastStar): Unit = clients.plusAssign(client)

internal fun shutDownPackage() {
    synchronized(clients) { clients.toList() }.forEach(FastStar::close)
    clients.clear()
    stopCalls()
    releaseLibrary()
}
