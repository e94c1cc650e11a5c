@file:JvmSynthetic // Java does not see these.

package com.faststarpay

import com.faststarpay.glue.IntegrityCheckingUniffiLib
import com.faststarpay.glue.UniffiLib
import com.faststarpay.glue.uniffiEnsureInitialized
import com.faststarpay.glue.uniffiRustFutureContinuationCallbackImpl
import com.sun.jna.Native
import com.sun.jna.Structure
import java.util.concurrent.atomic.AtomicReference
import java.util.concurrent.locks.ReentrantReadWriteLock
import kotlin.concurrent.write

internal fun useLibrary(): Unit = Library.use()

internal fun releaseLibrary(): Unit = Library.release()

/** Frees an object of the glue's, such as in JNA's thread. */
internal fun unlessReleased(free: Runnable): Unit = Library.unlessReleased(free)

/** The native library, as JNA has bound it to the glue. */
private object Library {
    private enum class State { UNUSED, BOUND, RELEASED }

    private val glue = listOf(IntegrityCheckingUniffiLib::class.java, UniffiLib::class.java)

    @Volatile private var state = State.UNUSED

    fun use() {
        if (state != State.BOUND) bind()
    }

    private fun bind() = synchronized(this) {
        val thread = Thread.currentThread()
        val before = thread.contextClassLoader
        // JNA starts threads, which keep what they find here: not the loader of one program of several.
        thread.contextClassLoader = ClassLoader.getSystemClassLoader()
        try {
            when (state) {
                State.UNUSED -> uniffiEnsureInitialized()
                State.BOUND -> Unit
                State.RELEASED -> glue.forEach { Native.register(it, name()) }
            }
        } finally {
            thread.contextClassLoader = before
        }
        state = State.BOUND
    }

    /** Takes the glue out of JNA, which would keep its class loader. */
    fun release() = synchronized(this) {
        if (state == State.BOUND) {
            glue.forEach(Native::unregister)
            forgetGlue()
            state = State.RELEASED
        }
    }

    /**
     * Frees an object. Not while the library is released: JNA would learn of the glue's types anew. Between a
     * shutdown and the next call there is no library to free it in.
     */
    fun unlessReleased(free: Runnable) = synchronized(this) {
        if (state == State.BOUND) free.run()
    }

    /** As in the glue. */
    private fun name() = System.getProperty("uniffi.component.faststar_mobile.libraryOverride") ?: "faststar_mobile"
}

/**
 * Takes out what JNA has no function for and would keep for good: the callback, what it knows of the glue's
 * types, and this thread's structures.
 */
private fun forgetGlue() {
    val loader = UniffiLib::class.java.classLoader
    try {
        val callbacks = Class.forName("com.sun.jna.CallbackReference")
        synchronized(field(callbacks, "pointerCallbackMap")) {
            (field(callbacks, "directCallbackMap") as MutableMap<*, *>).remove(uniffiRustFutureContinuationCallbackImpl)
        }
        forgetClasses(field(Native::class.java, "typeOptions"), loader)
        (field(Structure::class.java, "cacheStructureLock") as ReentrantReadWriteLock).write {
            for (cache in listOf("layoutInfo", "fieldOrder", "fieldList", "validationMap")) {
                forgetClasses(field(Structure::class.java, cache), loader)
            }
        }
        for (local in listOf("busy", "reads")) (field(Structure::class.java, local) as ThreadLocal<*>).remove()
    } catch (_: ReflectiveOperationException) {
        // Another JNA has other fields.
    } catch (_: RuntimeException) {
        // As a module it shows none. A module is not unloaded.
    }
}

private fun forgetClasses(cache: Any, loader: ClassLoader?) {
    (cache as MutableMap<*, *>).keys.removeIf { (it as Class<*>).classLoader === loader }
}

private fun field(type: Class<*>, name: String): Any = type.getDeclaredField(name).apply { isAccessible = true }.get(null)

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
