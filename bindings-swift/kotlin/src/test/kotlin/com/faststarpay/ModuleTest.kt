package com.faststarpay

import com.sun.jna.Native
import java.io.File
import java.util.spi.ToolProvider
import kotlinx.coroutines.Job
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** A program on the module path. */
internal class ModuleTest {
    @Test
    fun a_module_needs_one_requires(@TempDir folder: File) {
        val module = folder.resolve("module-info.java").apply { writeText("module shop { requires faststar; }") }
        val program = folder.resolve("shop/Shop.java")
        program.parentFile.mkdirs()
        program.writeText(
            """
            package shop;
            import com.faststarpay.*;
            import java.util.List;
            public class Shop {
                public static void main(String[] arguments) {
                    try (FastStar client = FastStar.fromEnvironment()) {
                        CreateSession request = new CreateSession(Mode.PAYMENT, List.of(LineItem.adHoc(999, "USD")));
                        Session session = client.getCheckout().getSessions().createFuture(request).join().getSession();
                        client.getCheckout().getSessions().retrieveFuture(session.getId()).join();
                        System.out.println(session.getTotal() + " in " + FastStar.class.getModule().getName());
                    }
                }
            }
            """.trimIndent(),
        )
        val path = listOf(FastStar::class.java, Unit::class.java, Job::class.java, Native::class.java)
            .joinToString(File.pathSeparator) { File(it.protectionDomain.codeSource.location.toURI()).path }
        val out = folder.resolve("out").path
        val javac = ToolProvider.findFirst("javac").orElseThrow()
        assertEquals(0, javac.run(System.out, System.err, "-p", path, "-d", out, "$module", "$program"))
        val merchant = Sandbox.merchant()
        val java = File(System.getProperty("java.home"), "bin/java").path
        val process = ProcessBuilder(java, "-p", path + File.pathSeparator + out, "-m", "shop/shop.Shop")
            .redirectErrorStream(true)
            .apply { environment() += mapOf("FASTSTAR_API_KEY" to merchant.apiKey, "FASTSTAR_BASE_URL" to Sandbox.url) }
            .start()
        val printed = process.inputStream.bufferedReader().readText()
        assertEquals("9.99 USD in faststar", printed.trim())
        assertEquals(0, process.waitFor())
    }
}
