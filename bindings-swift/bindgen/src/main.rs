//! Writes the Swift and Kotlin glue out of the library that was built. `bindings-swift/generate`
//! runs it.

fn main() {
    uniffi::uniffi_bindgen_main();
}
