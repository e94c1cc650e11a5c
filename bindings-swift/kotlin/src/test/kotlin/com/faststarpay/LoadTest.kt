package com.faststarpay

import com.sun.jna.Native
import java.io.File
import java.nio.file.Path
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** What is said where the library does not load. In a JVM of its own, where nothing has loaded it. */
internal class LoadTest {
    @Test
    fun a_folder_that_takes_no_files_is_named(@TempDir folder: Path) {
        val file = folder.resolve("file").toFile().apply { writeText("") }
        errors("-Djna.tmpdir=${File(file, "folder")}").forEach {
            assertTrue("jna.tmpdir" in it && "$file" in it, it)
        }
    }

    @Test
    fun a_library_that_is_missing_is_named() {
        errors("-Duniffi.component.faststar_mobile.libraryOverride=none").forEach {
            assertTrue("'none'" in it && "could not be loaded on ${System.getProperty("os.name")}" in it, it)
        }
    }

    @Test
    fun an_older_jna_of_the_app_is_named_with_the_version_that_is_needed() {
        val jna = "5.9.0"
        val printed = runMain(ACall.javaClass.name, classpath = classpathWith(jna))
        assertTrue("FastStarException\$Configuration" in printed, printed)
        assertTrue("the app has JNA 5.9.0, and the faststar package needs 5.12.0 or later" in printed, printed)
        assertEquals("true", "${isOlder("5.9.0", "5.12.0") && isOlder("4.5.2", "5.12.0") && !isOlder("5.19.1", "5.12.0")}")
    }

    @Test
    fun the_oldest_jna_that_is_named_works() {
        val merchant = Sandbox.merchant()
        val environment = mapOf("FASTSTAR_API_KEY" to merchant.apiKey, "FASTSTAR_BASE_URL" to Sandbox.url)
        val printed = runMain(ACall.javaClass.name, classpath = classpathWith("5.12.0"), environment = environment)
        assertEquals("9.99 USD", printed.trim())
    }

    private fun classpathWith(jna: String): String {
        val own = File(Native::class.java.protectionDomain.codeSource.location.toURI()).path
        val other = File(System.getProperty("faststar.jna"), "jna-$jna.jar").path
        val classpath = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
        val paths = classpath.split(File.pathSeparator)
        assertTrue(own in paths, "$own is not in $classpath")
        return paths.joinToString(File.pathSeparator) { if (it == own) other else it }
    }

    /** The first error, and the next one, when the JVM has forgotten why. */
    private fun errors(option: String): List<String> {
        val printed = runMain(TwoCalls.javaClass.name, option).split(TwoCalls.END).dropLast(1)
        assertEquals(2, printed.size, "$printed")
        printed.forEach { assertTrue(FastStarException.Configuration::class.java.name in it, it) }
        return printed
    }
}

internal object TwoCalls {
    const val END: String = "-- end --"

    @JvmStatic
    fun main(arguments: Array<String>) = repeat(2) {
        println(runCatching { Money(1, "USD") }.exceptionOrNull())
        println(END)
    }
}

internal object ACall {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val outcome = runCatching {
            val options = ClientOptions(baseUrl = System.getenv("FASTSTAR_BASE_URL"))
            FastStar(System.getenv("FASTSTAR_API_KEY") ?: "key", options).use { client ->
                client.checkout.sessions.create(CreateSession(Mode.PAYMENT, listOf(LineItem.adHoc(999, "USD")))).session.total
            }
        }
        println(outcome.getOrElse { it })
    }
}
