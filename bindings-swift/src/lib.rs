//! The native half of the Swift and Kotlin packages.
//!
//! Each export converts, calls the core, and converts back; no rule is in here. uniffi makes the
//! glue of both languages from it. What users see is written by hand above the glue, so every type
//! here has a name with `Raw` in front that cannot be taken for theirs.
//!
//! Every export returns a `Result`: an export that cannot throw would trap on a panic.

mod client;
mod error;
mod offline;
#[cfg(feature = "testing")]
mod testing;
mod types;
mod watch;
mod webhook;

uniffi::setup_scaffolding!("faststar_mobile");
