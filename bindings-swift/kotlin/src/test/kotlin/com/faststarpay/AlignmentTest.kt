package com.faststarpay

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** What `scripts/package` says of the libraries for phones. */
internal class AlignmentTest {
    @Test
    fun a_library_that_is_aligned_to_less_than_16_kib_is_refused(@TempDir folder: File) {
        val source = folder.resolve("one.c").apply { writeText("int one(void) { return 1; }") }
        val aligned = listOf(4096, 16384, 65536).associateWith { size ->
            val library = folder.resolve("lib$size.so")
            run("cc", "-shared", "-fPIC", "-Wl,-z,max-page-size=$size", "-o", "$library", "$source")
            library.path
        }
        assertEquals(0, check(aligned.getValue(16384), aligned.getValue(65536)).first)
        val (status, said) = check(aligned.getValue(16384), aligned.getValue(4096))
        assertEquals(1, status)
        assertTrue("lib4096.so: aligned to 4096 bytes" in said && "lib16384" !in said, said)
        assertEquals(1, check(source.path).first)
        assertEquals(1, check().first)
    }

    private fun check(vararg files: String) = run("$ROOT/bindings-swift/kotlin/check-alignment", *files)

    private fun run(vararg command: String): Pair<Int, String> {
        val process = ProcessBuilder(*command).redirectErrorStream(true).start()
        val said = process.inputStream.bufferedReader().readText()
        return process.waitFor() to said
    }
}
