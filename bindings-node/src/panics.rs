//! Exports that panic, so that the tests see what becomes of a panic.

use napi_derive::napi;

use crate::bridge::Bridge;
use crate::error::guarded;

const TEXT: &str = "CANARY: what a panic says is not shown to callers";

/// Panics in an export.
#[napi]
pub fn panic_here() -> napi::Result<()> {
    guarded(|| panic!("{TEXT}"))
}

/// Panics in a call, on the I/O thread.
#[napi]
pub fn panic_later(bridge: &Bridge, id: u32) -> napi::Result<()> {
    guarded(|| bridge.share().start(id, async { panic!("{TEXT}") }))
}
