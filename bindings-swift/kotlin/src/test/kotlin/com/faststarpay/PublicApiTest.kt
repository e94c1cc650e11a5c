package com.faststarpay

import java.io.File
import java.lang.reflect.Executable
import java.lang.reflect.Modifier
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

internal class PublicApiTest {
    /** The classes of the face, as they were compiled. */
    private val classes: List<Class<*>> = run {
        val folder = File(FastStar::class.java.protectionDomain.codeSource.location.toURI())
        folder.resolve("com/faststarpay").listFiles { file -> file.extension == "class" }!!
            .map { Class.forName("com.faststarpay.${it.nameWithoutExtension}") }
    }

    @Test
    fun no_type_of_the_glue_is_in_what_java_sees() {
        // Kotlin's `internal` is public in bytecode. Java does not see what is synthetic. Nothing that it
        // sees takes or gives a handle.
        val public = classes.filter { Modifier.isPublic(it.modifiers) && !it.isSynthetic } - Handle::class.java
        assertTrue(public.size > 30, "${public.size} public classes")
        val members = public.flatMap { it.declaredMethods.toList() + it.declaredConstructors + it.declaredFields }
            .filter { Modifier.isPublic(it.modifiers) && !it.isSynthetic }
        assertTrue(members.size > 300, "${members.size} public members")
        val leaks = members.filter { "com.faststarpay.glue" in it.toString() + (it as? Executable)?.toGenericString() }
        assertEquals(emptyList<Any>(), leaks)
    }
}
