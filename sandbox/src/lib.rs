//! FastStar's checkout API on your own machine.
//!
//! The sandbox plays the other side of the wire: it takes the documented requests, computes totals
//! with the core's own code, plays the buyer, and sends signed webhooks, all on loopback and without
//! an account. What it adds to the documentation is listed in `docs/fidelity.md`.

#![forbid(unsafe_code)]

mod app;
mod assets;
mod body;
mod budget;
pub mod card;
mod checkout;
pub mod clock;
mod connection;
mod delivery;
mod extract;
mod faults;
mod frames;
mod guard;
mod ids;
mod journal;
mod limits;
mod live;
mod mask;
mod no_answer;
mod receivers;
mod reply;
mod routes;
mod server;
mod socket;
mod store;
mod trust;

pub use app::{App, NewMerchant};
pub use delivery::SCHEDULE;
pub use limits::raise_descriptors;
pub use receivers::Receivers;
pub use routes::{document as openapi, fidelity};
pub use server::{Config, Sandbox};
pub use store::{Location, Merchant};
