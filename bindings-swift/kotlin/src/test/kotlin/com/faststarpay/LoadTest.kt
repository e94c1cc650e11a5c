package com.faststarpay

import java.io.File
import java.nio.file.Path
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
