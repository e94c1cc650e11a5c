package com.faststarpay

import com.sun.jna.Native
import java.io.File
import java.net.URI
import java.nio.file.FileSystems
import java.nio.file.Files
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import kotlinx.coroutines.Job
import org.jetbrains.annotations.NotNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import proguard.Configuration
import proguard.ConfigurationParser
import proguard.ProGuard

/** What a user's build does to an app, with the rules in the jar and one for the app's `main`. */
internal class ShrinkTest {
    @Test
    fun the_example_runs_after_it_was_shrunk(@TempDir folder: File) {
        val shrunk = folder.resolve("shrunk.jar")
        val tests = location(ShrinkTest::class.java)
        val libraries = listOf(Unit::class.java, NotNull::class.java, Job::class.java).map(::location)
        val arguments = listOf(
            "-injars", "$tests(CheckoutKt*.class,Orders*.class,Opened*.class,Attempt*.class)",
            "-injars", "${location(FastStar::class.java)}",
            "-injars", "${location(Native::class.java)}(!META-INF/**,!module-info.class)",
            "-outjars", "$shrunk",
            "-include", "$ROOT/bindings-swift/kotlin/src/main/resources/META-INF/proguard/faststar.pro",
            "-keep", "class CheckoutKt { public static void main(java.lang.String[]); }",
            // Its optimiser makes code that the JVM refuses. R8 has another.
            "-dontoptimize", "-dontnote",
        ) + (libraries + jdk(folder)).flatMap { listOf("-libraryjars", "$it") }
        val configuration = Configuration()
        ConfigurationParser(arguments.toTypedArray(), System.getProperties()).use { it.parse(configuration) }
        ProGuard(configuration).execute()

        val merchant = Sandbox.merchant()
        val printed = runMain(
            "CheckoutKt",
            classpath = (libraries + shrunk).joinToString(File.pathSeparator),
            environment = mapOf("FASTSTAR_API_KEY" to merchant.apiKey, "FASTSTAR_BASE_URL" to Sandbox.url),
        )
        assertTrue(" is complete: $10.79" in printed, printed)
        assertTrue("quantity must be at least 1" in printed, printed)
    }

    private fun location(type: Class<*>): File = File(type.protectionDomain.codeSource.location.toURI())

    /** A jar of what the program needs of the JDK, which not every JDK has as a file. */
    private fun jdk(folder: File): File {
        val modules = FileSystems.getFileSystem(URI("jrt:/")).getPath("/modules")
        val jar = folder.resolve("jdk.jar")
        ZipOutputStream(jar.outputStream()).use { zip ->
            for (module in listOf("java.base", "java.logging", "java.net.http").map(modules::resolve)) {
                Files.walk(module).filter { "$it".endsWith(".class") && "$it" != "$module/module-info.class" }.forEach {
                    zip.putNextEntry(ZipEntry("${module.relativize(it)}"))
                    Files.copy(it, zip)
                }
            }
        }
        return jar
    }
}
