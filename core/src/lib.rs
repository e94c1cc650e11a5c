//! FastStar Pay checkout sessions.

#![forbid(unsafe_code)]

pub mod cashier;
pub mod error;
pub mod event;
mod open_enum;
mod secret;
pub mod webhook;

pub use cashier::{Cashier, CashierUrl, ReturnOutcome, ReturnUrls};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, EventData, EventType, PaymentData};
pub use secret::Secret;
