/** FastStar Pay for Kotlin and Java: one {@code requires faststar} is enough. */
module faststar {
    requires transitive kotlin.stdlib;
    requires transitive kotlinx.coroutines.core;
    requires com.sun.jna;

    exports com.faststarpay;

    // JNA reads the fields of the glue's structures.
    exports com.faststarpay.glue to com.sun.jna;
    opens com.faststarpay.glue to com.sun.jna;
}
