//! FastStar Pay checkout sessions.

#![forbid(unsafe_code)]

pub mod error;
mod open_enum;
mod secret;

pub use error::{Error, ErrorKind, Result};
pub use secret::Secret;
