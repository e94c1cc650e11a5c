//! The native half of the Python package `faststar`.
//!
//! Each function converts, calls the core, and converts back; no rule is in here. The face that
//! users see, typed and documented, is `python/faststar`.

mod client;
mod convert;
mod error;
mod offline;
mod results;
mod runtime;
mod webhook;

use pyo3::prelude::*;

/// The functions and classes that the Python face is made of.
#[pymodule]
mod _faststar {
    #[pymodule_export]
    use crate::client::{Client, Started};
    #[pymodule_export]
    use crate::offline::{
        Cursors, apply_rule, check_cashier_url, check_payment, check_session, currency_decimals,
        format_money, parse_money, quote_cart, quote_session, return_outcome, tax_rate,
    };
    #[pymodule_export]
    use crate::results::{
        CreatedSession, Event, LineItem, Page, Payment, Price, Product, Quote, QuoteLine, QuoteTax,
        Session,
    };
    #[pymodule_export]
    use crate::runtime::Bridge;
    #[pymodule_export]
    use crate::webhook::{sign_webhook, verify_webhook};

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
