package com.faststarpay

import java.io.File
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

    /** Kotlin's `internal` is public in bytecode. Its functions are mangled, its classes are named here. */
    private val internal = setOf("Details", "NativeKt", "WatchKt", "IoThread", "Currencies")

    @Test
    fun no_type_of_the_glue_is_in_the_public_api() {
        val public = classes.filter { type ->
            Modifier.isPublic(type.modifiers) && internal.none(type.name::endsWith)
        }
        assertTrue(public.size > 30, "${public.size} public classes")
        val methods = public.flatMap { it.declaredMethods.toList() }.filter { method ->
            // An internal companion makes values of the glue's.
            val isOfCompanion = method.name == "of" && method.declaringClass.simpleName == "Companion"
            Modifier.isPublic(method.modifiers) && '$' !in method.name && !isOfCompanion
        }
        val leaks = methods.filter { method ->
            val types = method.genericParameterTypes + method.genericReturnType
            types.any { "com.faststarpay.glue" in it.typeName }
        }
        assertEquals(emptyList<Any>(), leaks)
    }
}
