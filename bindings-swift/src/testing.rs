//! What the tests of both packages call, and no user.

use std::sync::Arc;

use faststar::client::{io, rules};
use faststar::schema;

use crate::client::{RawClient, Task};
use crate::error::{RawError, guarded};

const TEXT: &str = "CANARY: what a panic says is not shown to callers";

/// Applies a rule that the faces have no function for, to a case of `tests/vectors`.
#[uniffi::export]
pub fn apply_rule(rule: String, input: Vec<u8>) -> Result<String, RawError> {
    guarded(|| Ok(rules::apply(&rule, schema::parse(&input)?)?.to_string()))
}

/// Panics in an export.
#[uniffi::export]
pub fn panic_here() -> Result<(), RawError> {
    guarded(|| panic!("{TEXT}"))
}

/// Panics in a call, on the I/O thread.
#[uniffi::export]
pub async fn panic_later(_client: Arc<RawClient>) -> Result<(), RawError> {
    let task = guarded(|| Ok(Task(io::shared()?.spawn(async { panic!("{TEXT}") }), None)))?;
    Ok(task.await?)
}
