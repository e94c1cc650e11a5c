//! What calls answer, as immutable Python objects.
//!
//! Each holds the core's value and gives its fields as attributes. `repr` leaves out what is secret
//! or long; `to_dict` has everything, as on the wire.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use faststar::client::{Page as CorePage, Response};
use faststar::{self as core, Error, ErrorKind, error::code};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use pyo3::{IntoPyObjectExt, PyClass};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::convert::to_python;
use crate::error::raise;

/// What the answer said around a value.
#[derive(Clone, Default)]
pub struct Meta {
    request_id: Option<String>,
    status: Option<u16>,
    attempts: Option<u32>,
}

/// What an operation came to.
pub enum Outcome {
    CreatedSession(Response<core::CreatedSession>),
    Session(Response<core::Session>),
    Product(Response<core::Product>),
    Price(Response<core::Price>),
    Products(Response<CorePage<core::Product>>),
    Prices(Response<CorePage<core::Price>>),
}

impl Outcome {
    /// Makes the object that the user gets.
    pub fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::CreatedSession(response) => wrap(py, response, CreatedSession::new),
            Self::Session(response) => wrap(py, response, Session::new),
            Self::Product(response) => wrap(py, response, Product::new),
            Self::Price(response) => wrap(py, response, Price::new),
            Self::Products(response) => {
                wrap(py, response, |page, meta| Page::new(py, page, meta, Product::new))
            }
            Self::Prices(response) => {
                wrap(py, response, |page, meta| Page::new(py, page, meta, Price::new))
            }
        }
    }
}

fn wrap<T, P>(
    py: Python<'_>,
    response: Response<T>,
    new: impl FnOnce(T, Meta) -> P,
) -> PyResult<Py<PyAny>>
where
    P: IntoWrapped,
{
    let meta = Meta {
        request_id: response.request_id().map(str::to_owned),
        status: Some(response.status()),
        attempts: Some(response.attempts()),
    };
    new(response.into_inner(), meta).into_wrapped(py)
}

/// Something that becomes a Python object, or failed to.
pub trait IntoWrapped {
    fn into_wrapped(self, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

/// Makes the JSON text that pickling keeps and equality compares.
fn to_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a result is JSON")
}

fn from_text<T: DeserializeOwned>(py: Python<'_>, text: &str) -> PyResult<T> {
    serde_json::from_str(text).map_err(|_| {
        let message = "the pickled data is not one of this version of faststar";
        raise(py, &Error::new(ErrorKind::Validation, code::INVALID_VALUE, message))
    })
}

/// Makes plain Python of a value that is JSON on the wire.
pub fn as_python<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, &serde_json::to_value(value).expect("a result is JSON"))
}

/// Defines a class for a value of the core: its getters, and what all results can do.
///
/// The names behind `repr` are the fields that it shows.
macro_rules! result_class {
    (
        $(#[$meta:meta])*
        $name:ident wraps $core:ty, repr($($shown:ident),*) {
            $($field:ident: $type:ty = |$value:ident, $py:ident| $get:expr;)*
        }
    ) => {
        $(#[$meta])*
        #[pyclass(frozen, module = "faststar")]
        pub struct $name {
            value: $core,
            meta: Meta,
        }

        impl $name {
            /// Wraps a value.
            pub fn new(value: $core, meta: Meta) -> Self {
                Self { value, meta }
            }

            /// Gives the core's value.
            #[allow(dead_code)] // not every class is passed back in
            pub fn value(&self) -> &$core {
                &self.value
            }
        }

        impl IntoWrapped for $name {
            fn into_wrapped(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                Ok(Py::new(py, self)?.into_any())
            }
        }

        #[pymethods]
        impl $name {
            $(
                #[getter]
                fn $field<'py>(&self, $py: Python<'py>) -> PyResult<$type> {
                    let $value = &self.value;
                    let _ = $py;
                    Ok($get)
                }
            )*

            #[getter]
            fn request_id(&self) -> Option<&str> {
                self.meta.request_id.as_deref()
            }

            #[getter]
            fn _status(&self) -> Option<u16> {
                self.meta.status
            }

            #[getter]
            fn _attempts(&self) -> Option<u32> {
                self.meta.attempts
            }

            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                as_python(py, &self.value)
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                let fields: [(&str, Bound<'_, PyAny>); _] =
                    [$((stringify!($shown), self.$shown(py)?.into_bound_py_any(py)?)),*];
                represent(stringify!($name), &fields)
            }

            fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
                let py = other.py();
                match other.cast::<Self>() {
                    Ok(other) => {
                        (self.value == other.get().value).into_py_any(py)
                    }
                    Err(_) => Ok(py.NotImplemented()),
                }
            }

            fn __hash__(&self) -> u64 {
                let mut hasher = DefaultHasher::new();
                to_text(&self.value).hash(&mut hasher);
                hasher.finish()
            }

            fn __copy__(slf: Py<Self>) -> Py<Self> {
                slf
            }

            fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
                slf
            }

            fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
                let make = slf.get_type().getattr("_from_json")?;
                let this = slf.get();
                let arguments = (to_text(&this.value), this.meta.request_id.clone());
                (make, arguments).into_pyobject(slf.py())
            }

            #[staticmethod]
            #[pyo3(signature = (text, request_id=None))]
            fn _from_json(
                py: Python<'_>,
                text: &str,
                request_id: Option<String>,
            ) -> PyResult<Self> {
                let meta = Meta { request_id, ..Meta::default() };
                Ok(Self::new(from_text(py, text)?, meta))
            }
        }
    };
}

fn represent(name: &str, fields: &[(&str, Bound<'_, PyAny>)]) -> PyResult<String> {
    let shown: Vec<_> = fields
        .iter()
        .map(|(name, value)| Ok(format!("{}={}", name.trim_start_matches("r#"), value.repr()?)))
        .collect::<PyResult<_>>()?;
    Ok(format!("{name}({})", shown.join(", ")))
}

result_class! {
    /// A line of a session.
    LineItem wraps core::LineItem, repr(price_id, product_id, quantity, ad_hoc_amount, ad_hoc_currency) {
        price_id: Option<String> = |value, py| value.price_id.clone();
        product_id: Option<String> = |value, py| value.product_id.clone();
        quantity: i64 = |value, py| value.quantity;
        ad_hoc_amount: Option<i64> = |value, py| value.ad_hoc_amount;
        ad_hoc_currency: Option<String> = |value, py| value.ad_hoc_currency.clone();
        description: Option<String> = |value, py| value.description.clone();
    }
}

result_class! {
    /// A checkout session.
    Session wraps core::Session, repr(id, status, amount_total, currency) {
        id: String = |value, py| value.id.clone();
        status: String = |value, py| value.status.as_str().to_owned();
        amount_subtotal: i64 = |value, py| value.amount_subtotal;
        amount_tax: i64 = |value, py| value.amount_tax;
        amount_total: i64 = |value, py| value.amount_total;
        currency: String = |value, py| value.currency.clone();
        session_token: Option<String> = |value, py| {
            value.session_token.as_ref().map(|token| token.expose().to_owned())
        };
        expires_at: Option<core::Timestamp> = |value, py| value.expires_at;
        payment_status: Option<String> = |value, py| {
            value.payment_status.as_ref().map(|status| status.as_str().to_owned())
        };
        mode: Option<String> = |value, py| value.mode.as_ref().map(|mode| mode.as_str().to_owned());
        presentation: Option<String> = |value, py| {
            value.presentation.as_ref().map(|how| how.as_str().to_owned())
        };
        line_items: Bound<'py, PyTuple> = |value, py| {
            let items = value.line_items.iter().map(|item| LineItem::new(item.clone(), Meta::default()));
            PyTuple::new(py, items.collect::<Vec<_>>())?
        };
        customer_email: Option<String> = |value, py| value.customer_email.clone();
        success_url: Option<String> = |value, py| value.success_url.clone();
        cancel_url: Option<String> = |value, py| value.cancel_url.clone();
        buyer_country: Option<String> = |value, py| value.buyer_country.clone();
        client_reference_id: Option<String> = |value, py| value.client_reference_id.clone();
    }
}

result_class! {
    /// The answer to a session's creation.
    CreatedSession wraps core::CreatedSession, repr(session) {
        session: Session = |value, py| Session::new(value.session.clone(), Meta::default());
        url: String = |value, py| value.url.clone();
        session_token: String = |value, py| value.session_token.expose().to_owned();
    }
}

result_class! {
    /// A product of the catalog.
    Product wraps core::Product, repr(id, name) {
        id: String = |value, py| value.id.clone();
        name: String = |value, py| value.name.clone();
        description: Option<String> = |value, py| value.description.clone();
        tax_category: Option<String> = |value, py| value.tax_category.clone();
        images: Bound<'py, PyTuple> = |value, py| PyTuple::new(py, &value.images)?;
        metadata: Bound<'py, PyAny> = |value, py| as_python(py, &value.metadata)?;
        default_price_id: Option<String> = |value, py| value.default_price_id.clone();
    }
}

result_class! {
    /// A price of a product.
    Price wraps core::Price, repr(id, unit_amount, currency, r#type) {
        id: String = |value, py| value.id.clone();
        product_id: String = |value, py| value.product_id.clone();
        currency: String = |value, py| value.currency.clone();
        unit_amount: i64 = |value, py| value.unit_amount;
        r#type: String = |value, py| value.price_type.as_str().to_owned();
        recurring_interval: Option<String> = |value, py| {
            value.recurring_interval.as_ref().map(|interval| interval.as_str().to_owned())
        };
        recurring_interval_count: Option<i64> = |value, py| value.recurring_interval_count;
        trial_period_days: Option<i64> = |value, py| value.trial_period_days;
    }
}

result_class! {
    /// What a cart or a session comes to.
    Quote wraps core::Quote, repr(subtotal, tax, total, currency, estimated) {
        currency: String = |value, py| value.currency.code().to_owned();
        subtotal: i64 = |value, py| value.subtotal;
        tax: i64 = |value, py| value.tax;
        total: i64 = |value, py| value.total;
        behaviour: Bound<'py, PyAny> = |value, py| as_python(py, &value.behaviour)?;
        rounding: Bound<'py, PyAny> = |value, py| as_python(py, &value.rounding)?;
        lines: Bound<'py, PyTuple> = |value, py| {
            let lines = value.lines.iter().map(|line| QuoteLine::new(line.clone(), Meta::default()));
            PyTuple::new(py, lines.collect::<Vec<_>>())?
        };
        taxes: Bound<'py, PyTuple> = |value, py| {
            let taxes = value.taxes.iter().map(|tax| QuoteTax::new(*tax, Meta::default()));
            PyTuple::new(py, taxes.collect::<Vec<_>>())?
        };
        estimated: bool = |value, py| value.estimated;
        rates_as_of: Option<core::Date> = |value, py| value.rates_as_of;
    }
}

result_class! {
    /// What a line comes to.
    QuoteLine wraps core::QuoteLine, repr(unit_amount, quantity, amount, tax) {
        unit_amount: i64 = |value, py| value.unit_amount;
        quantity: i64 = |value, py| value.quantity;
        amount: i64 = |value, py| value.amount;
        tax: Option<i64> = |value, py| value.tax;
        rate_ppm: u32 = |value, py| value.rate.ppm();
        tax_name: Option<String> = |value, py| value.tax_name.clone();
        description: Option<String> = |value, py| value.description.clone();
    }
}

result_class! {
    /// What the lines of one tax rate come to.
    QuoteTax wraps core::totals::RateTotals, repr(rate_ppm, tax) {
        rate_ppm: u32 = |value, py| value.rate.ppm();
        amount: i64 = |value, py| value.amount;
        tax: i64 = |value, py| value.tax;
    }
}

/// One page of a list.
#[pyclass(frozen, module = "faststar._faststar")]
pub struct Page {
    items: Py<PyTuple>,
    next_cursor: Option<String>,
    meta: Meta,
}

impl Page {
    fn new<T, P: Into<PyClassInitializer<P>> + PyClass>(
        py: Python<'_>,
        page: CorePage<T>,
        meta: Meta,
        new: impl Fn(T, Meta) -> P,
    ) -> PyResult<Self> {
        let wrap = |item| Py::new(py, new(item, Meta::default()));
        let items = page.items.into_iter().map(wrap).collect::<PyResult<Vec<_>>>()?;
        Ok(Self { items: PyTuple::new(py, items)?.unbind(), next_cursor: page.next_cursor, meta })
    }
}

impl IntoWrapped for PyResult<Page> {
    fn into_wrapped(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, self?)?.into_any())
    }
}

#[pymethods]
impl Page {
    #[getter]
    fn items(&self, py: Python<'_>) -> Py<PyTuple> {
        self.items.clone_ref(py)
    }

    #[getter]
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    #[getter]
    fn request_id(&self) -> Option<&str> {
        self.meta.request_id.as_deref()
    }

    #[getter]
    fn _status(&self) -> Option<u16> {
        self.meta.status
    }

    #[getter]
    fn _attempts(&self) -> Option<u32> {
        self.meta.attempts
    }
}

/// A webhook's event.
#[pyclass(frozen, module = "faststar")]
pub struct Event {
    value: core::Event,
}

impl Event {
    /// Wraps an event.
    pub fn new(value: core::Event) -> Self {
        Self { value }
    }

    /// Gives the core's value.
    pub fn value(&self) -> &core::Event {
        &self.value
    }
}

#[pymethods]
impl Event {
    #[getter]
    fn id(&self) -> &str {
        self.value.id()
    }

    #[getter]
    fn r#type(&self) -> &str {
        self.value.event_type().as_str()
    }

    #[getter]
    fn created(&self) -> i64 {
        self.value.created()
    }

    #[getter]
    fn livemode(&self) -> bool {
        self.value.livemode()
    }

    #[getter]
    fn api_version(&self) -> &str {
        self.value.api_version()
    }

    #[getter]
    fn fulfils(&self) -> bool {
        self.value.fulfils()
    }

    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let data = self.value.data_as::<serde_json::Value>().map_err(|error| raise(py, &error))?;
        to_python(py, &data)
    }

    #[getter]
    fn data_json(&self) -> &str {
        self.value.data_json()
    }

    #[getter]
    fn payment(&self, py: Python<'_>) -> PyResult<Payment> {
        let payment = self.value.payment().map_err(|error| raise(py, &error))?;
        Ok(Payment::new(payment, Meta::default()))
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("id", self.id())?;
        dict.set_item("type", self.r#type())?;
        dict.set_item("created", self.created())?;
        dict.set_item("data", self.data(py)?)?;
        dict.set_item("livemode", self.livemode())?;
        dict.set_item("api_version", self.api_version())?;
        Ok(dict)
    }

    fn to_json(&self) -> String {
        to_text(&self.value)
    }

    fn __repr__(&self) -> String {
        let (id, what, created) = (self.id(), self.r#type(), self.created());
        format!(
            "Event(id='{}', type='{}', created={created})",
            id.escape_debug(),
            what.escape_debug()
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = other.py();
        match other.cast::<Self>() {
            Ok(other) => (self.value == other.get().value).into_py_any(py),
            Err(_) => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.value.id().hash(&mut hasher);
        hasher.finish()
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let parse = slf.get_type().getattr("parse")?;
        let body = PyBytes::new(py, slf.get().to_json().as_bytes());
        (parse, (body,)).into_pyobject(py)
    }

    /// Reads an event without verifying it.
    #[staticmethod]
    fn parse(py: Python<'_>, body: &Bound<'_, PyAny>) -> PyResult<Self> {
        let body = crate::webhook::Body::read(body)?;
        let event = core::Event::parse(body.bytes()).map_err(|error| raise(py, &error))?;
        Ok(Self::new(event))
    }
}

result_class! {
    /// The payment that a `payment.*` event is about.
    Payment wraps core::PaymentData, repr(payment_id, amount, currency, status, client_reference_id) {
        payment_id: String = |value, py| value.payment_id.clone();
        amount: i64 = |value, py| value.amount;
        currency: String = |value, py| value.currency.clone();
        status: String = |value, py| value.status.clone();
        client_reference_id: Option<String> = |value, py| value.client_reference_id.clone();
        checkout_session_id: Option<String> = |value, py| value.checkout_session_id.clone();
    }
}
