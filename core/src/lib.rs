//! FastStar Pay checkout sessions: the domain, the rules, the totals, the webhooks and the client.
//!
//! A merchant's server creates a session with its API key, hands the answer's `url` to the buyer's
//! browser, and fulfils the order when the signed webhook `payment.succeeded` arrives, on nothing
//! else.
//!
//! | to | use |
//! | --- | --- |
//! | create a session, read it back | `Client`, [`CreateSession`], [`LineItem`] |
//! | know what a cart comes to, offline | [`quote()`], [`Cart`] |
//! | trust a webhook | [`webhook::verify`], [`webhook::Verifier`], [`Event`] |
//! | know whether a payment settles an order | [`check_payment()`], `Sessions::check_payment` |
//! | open the cashier from an app | [`Cashier`], [`ReturnUrls`] |
//! | show an amount | [`Money`] |
//!
//! Amounts are integers in the currency's smallest unit: 999 is 9.99 USD. Everything that fails
//! gives an [`Error`] that names the place of the mistake, `line_items[2].quantity`, and says what
//! to do. What this version does not know (a new status, a new event type, a new field) it keeps.
//!
//! With the feature `client` off, the crate is the domain alone and does no I/O.

#![forbid(unsafe_code)]

pub mod cashier;
pub mod catalog;
#[cfg(feature = "client")]
pub mod client;
pub mod error;
pub mod event;
pub mod line_item;
pub mod money;
mod open_enum;
pub mod payment_check;
pub mod quote;
pub mod schema;
mod secret;
pub mod session;
pub mod subscription;
pub mod tax;
pub mod totals;
pub mod webhook;
mod wire;

pub use jiff::Timestamp;
pub use jiff::civil::Date;

pub use cashier::{Cashier, CashierUrl, ReturnOutcome, ReturnUrls};
pub use catalog::{Catalog, CreatePrice, CreateProduct, Interval, Price, PriceType, Product};
#[cfg(feature = "blocking")]
pub use client::blocking;
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, EventData, EventType, PaymentData};
pub use line_item::{LineItem, MerchantKind};
pub use money::{Currency, Money};
pub use payment_check::{PaymentCheck, PaymentVerdict, check_payment};
pub use quote::{Cart, CartLine, Quote, QuoteLine, QuoteOptions, quote};
pub use secret::Secret;
pub use session::{
    CreateSession, CreatedSession, Mode, PaymentStatus, Presentation, Session, SessionStatus,
    Transition,
};
pub use subscription::{SubscriptionStart, SubscriptionStatus};
pub use tax::{Behaviour, Place, Rounding};
pub use totals::Totals;

/// The README's Rust, compiled and run.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;
