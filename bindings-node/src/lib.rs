//! The native half of the Node package `faststar`.
//!
//! Each export converts, calls the core, and converts back; no rule is in here. Values cross as JSON
//! text, which V8 reads faster than it makes objects one property at a time. The face that users
//! see, typed and documented, is `src-ts`.

mod bridge;
mod client;
mod error;
mod offline;
#[cfg(feature = "panics")]
mod panics;
mod webhook;

/// How deep a request may nest.
#[napi_derive::napi]
pub const MAX_DEPTH: u32 = faststar::schema::MAX_DEPTH as u32;
