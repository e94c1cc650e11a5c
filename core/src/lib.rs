//! FastStar Pay checkout sessions.

#![forbid(unsafe_code)]

pub mod catalog;
pub mod error;
pub mod line_item;
pub mod money;
mod open_enum;
pub mod quote;
pub mod schema;
mod secret;
pub mod session;
pub mod tax;
pub mod totals;
mod wire;

pub use jiff::Timestamp;
pub use jiff::civil::Date;

pub use catalog::{Catalog, CreatePrice, CreateProduct, Interval, Price, PriceType, Product};
pub use error::{Error, ErrorKind, Result};
pub use line_item::{LineItem, MerchantKind};
pub use money::{Currency, Money};
pub use quote::{Cart, CartLine, Quote, QuoteLine, QuoteOptions, quote};
pub use secret::Secret;
pub use session::{
    CreateSession, CreatedSession, Mode, PaymentStatus, Presentation, Session, SessionStatus,
    Transition,
};
pub use tax::{Behaviour, Place, Rounding};
pub use totals::Totals;
