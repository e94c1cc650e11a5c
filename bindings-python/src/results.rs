//! What calls answer, as immutable Python objects.
//!
//! Each holds the core's value and gives its fields as attributes. `repr` leaves out what is secret
//! or long; `to_dict` has everything, as on the wire, and so from the JSON text that came.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use faststar::client::{Page as CorePage, Response};
use faststar::{self as core, Error, ErrorKind, error::code, schema};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};
use pyo3::{IntoPyObjectExt, PyClass};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::convert::{self, text_to_python, to_python};
use crate::error::{guarded, raise};

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
                wrap(py, response, |page, json, meta| Page::new(py, page, json, meta, Product::new))
            }
            Self::Prices(response) => {
                wrap(py, response, |page, json, meta| Page::new(py, page, json, meta, Price::new))
            }
        }
    }
}

fn wrap<T, P>(
    py: Python<'_>,
    response: Response<T>,
    new: impl FnOnce(T, Text, Meta) -> P,
) -> PyResult<Py<PyAny>>
where
    P: IntoWrapped,
{
    let json = Some(response.data_json().into());
    let meta = Meta {
        request_id: response.request_id().map(str::to_owned),
        status: Some(response.status()),
        attempts: Some(response.attempts()),
    };
    new(response.into_inner(), json, meta).into_wrapped(py)
}

/// Something that becomes a Python object, or failed to.
pub trait IntoWrapped {
    fn into_wrapped(self, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

/// The JSON text that a value was read from; none where it was computed here.
type Text = Option<Box<str>>;

/// Gives the texts of the items of a list within a text.
fn items_of(json: &Text) -> Vec<Text> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow, default)]
        line_items: Option<Vec<&'a RawValue>>,
    }
    let wire = json.as_deref().and_then(|json| serde_json::from_str::<Wire<'_>>(json).ok());
    let items = wire.and_then(|wire| wire.line_items).unwrap_or_default();
    items.into_iter().map(|item| Some(item.get().into())).collect()
}

/// Gives the text of the session within the text of what creating it answered.
fn session_of(json: &Text) -> Text {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow)]
        session: &'a RawValue,
    }
    let wire = serde_json::from_str::<Wire<'_>>(json.as_deref()?).ok()?;
    Some(wire.session.get().into())
}

/// Makes the JSON text that equality compares.
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
/// The text is what a message calls it; the names behind `repr` are the fields that it shows.
macro_rules! result_class {
    (
        $(#[$meta:meta])*
        $name:ident wraps $core:ty, $called:literal, repr($($shown:ident),*) {
            $($(#[$doc:meta])* $field:ident: $type:ty = |$this:ident, $py:ident| $get:expr;)*
        }
    ) => {
        $(#[$meta])*
        #[pyclass(frozen, module = "faststar")]
        pub struct $name {
            value: $core,
            json: Text,
            meta: Meta,
        }

        impl $name {
            /// Wraps a value.
            pub fn new(value: $core, json: Text, meta: Meta) -> Self {
                Self { value, json, meta }
            }

            fn text(&self) -> String {
                self.json.as_deref().map_or_else(|| to_text(&self.value), str::to_owned)
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
                $(#[$doc])*
                #[getter]
                fn $field<'py>(&self, $py: Python<'py>) -> PyResult<$type> {
                    let $this = self;
                    let _ = $py;
                    Ok($get)
                }
            )*

            /// The ``X-Request-Id`` of the answer that it came in. Quote it to support.
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

            /// Makes one from its fields, as on the wire: for a test, or what `to_dict` gave.
            ///
            /// Raises:
            ///     ValidationError: A field is missing or of another type; `param` names the place.
            #[classmethod]
            fn from_dict(
                _cls: &Bound<'_, PyType>,
                fields: &Bound<'_, PyAny>,
            ) -> PyResult<Self> {
                guarded(fields.py(), || {
                    let json = convert::to_text(fields)?;
                    let value = schema::read_answer($called, &json)?;
                    Ok(Self::new(value, Some(json.into()), Meta::default()))
                })
            }

            /// Gives all fields as on the wire, secrets and those unknown to this version too.
            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                match &self.json {
                    Some(json) => text_to_python(py, json),
                    None => as_python(py, &self.value),
                }
            }

            /// Gives what `to_dict` gives, as a JSON text with every digit of every number.
            fn to_json(&self) -> String {
                self.text()
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
                let arguments = (this.text(), this.meta.request_id.clone());
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
                Ok(Self::new(from_text(py, text)?, Some(text.into()), meta))
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
    LineItem wraps core::LineItem, "a line item", repr(price_id, product_id, quantity, ad_hoc_amount, ad_hoc_currency) {
        /// The price of the catalog, ``price_…``.
        price_id: Option<String> = |this, py| this.value.price_id.clone();
        /// The product of the catalog, ``prod_…``, with its default price.
        product_id: Option<String> = |this, py| this.value.product_id.clone();
        /// How many.
        quantity: i64 = |this, py| this.value.quantity;
        /// The price of one in the smallest unit, where the line is not from the catalog.
        ad_hoc_amount: Option<i64> = |this, py| this.value.ad_hoc_amount;
        /// The currency of `ad_hoc_amount`.
        ad_hoc_currency: Option<String> = |this, py| this.value.ad_hoc_currency.clone();
        /// The text that the cashier shows.
        description: Option<String> = |this, py| this.value.description.clone();
    }
}

result_class! {
    /// A checkout session. Amounts are in the currency's smallest unit.
    ///
    /// The fields from `payment_status` on are answered by the sandbox and not documented for the live
    /// platform, so they may be ``None``.
    Session wraps core::Session, "a session", repr(id, status, amount_total, currency) {
        /// The id, ``cs_…``.
        id: String = |this, py| this.value.id.clone();
        /// Where it is in its life.
        status: String = |this, py| this.value.status.as_str().to_owned();
        /// The sum of the lines.
        amount_subtotal: i64 = |this, py| this.value.amount_subtotal;
        /// The tax: inside the subtotal in tax-inclusive regions, on top of it elsewhere.
        amount_tax: i64 = |this, py| this.value.amount_tax;
        /// What the buyer pays.
        amount_total: i64 = |this, py| this.value.amount_total;
        /// The currency, ISO 4217.
        currency: String = |this, py| this.value.currency.clone();
        /// Opens the cashier for the buyer; a secret, so ``repr`` leaves it out.
        session_token: Option<String> = |this, py| {
            this.value.session_token.as_ref().map(|token| token.expose().to_owned())
        };
        /// When it expires unless it is completed, in UTC.
        expires_at: Option<core::Timestamp> = |this, py| this.value.expires_at;
        /// Whether the money has come.
        payment_status: Option<String> = |this, py| {
            this.value.payment_status.as_ref().map(|status| status.as_str().to_owned())
        };
        /// What it is for.
        mode: Option<String> = |this, py| this.value.mode.as_ref().map(|mode| mode.as_str().to_owned());
        /// How the buyer sees the cashier.
        presentation: Option<String> = |this, py| {
            this.value.presentation.as_ref().map(|how| how.as_str().to_owned())
        };
        /// What it sells.
        line_items: Bound<'py, PyTuple> = |this, py| {
            let mut texts = items_of(&this.json).into_iter();
            let items = this.value.line_items.iter().map(|item| {
                LineItem::new(item.clone(), texts.next().flatten(), Meta::default())
            });
            PyTuple::new(py, items.collect::<Vec<_>>())?
        };
        /// The buyer's e-mail address.
        customer_email: Option<String> = |this, py| this.value.customer_email.clone();
        /// Where the buyer lands after success.
        success_url: Option<String> = |this, py| this.value.success_url.clone();
        /// Where the buyer lands after giving up.
        cancel_url: Option<String> = |this, py| this.value.cancel_url.clone();
        /// The buyer's country, with its region where it has one: ``US-CA``.
        buyer_country: Option<String> = |this, py| this.value.buyer_country.clone();
        /// ``False`` where the sandbox has no tax rate for `buyer_country`: the tax is 0 for want of
        /// one. ``None`` where it is not told, as on the live platform.
        rate_known: Option<bool> = |this, py| this.value.rate_known;
        /// Your own order number.
        client_reference_id: Option<String> = |this, py| this.value.client_reference_id.clone();
    }
}

result_class! {
    /// The answer to a session's creation: the session, and where the buyer pays.
    CreatedSession wraps core::CreatedSession, "a created session", repr(session) {
        /// The session.
        session: Session = |this, py| {
            Session::new(this.value.session.clone(), session_of(&this.json), Meta::default())
        };
        /// The hosted cashier page, for the buyer's browser. It holds the session token, so keep it
        /// out of logs; ``repr`` leaves it out.
        url: String = |this, py| this.value.url.clone();
        /// The token in `url`.
        session_token: String = |this, py| this.value.session_token.expose().to_owned();
    }
}

result_class! {
    /// A product of the catalog.
    Product wraps core::Product, "a product", repr(id, name) {
        /// The id, ``prod_…``.
        id: String = |this, py| this.value.id.clone();
        /// The name that a buyer sees.
        name: String = |this, py| this.value.name.clone();
        /// More about it.
        description: Option<String> = |this, py| this.value.description.clone();
        /// The category that decides its tax rate.
        tax_category: Option<String> = |this, py| this.value.tax_category.clone();
        /// URLs of pictures.
        images: Bound<'py, PyTuple> = |this, py| PyTuple::new(py, &this.value.images)?;
        /// Your own texts by key; a new dict each time.
        metadata: Bound<'py, PyAny> = |this, py| as_python(py, &this.value.metadata)?;
        /// The price that a line item with only this product uses, where the server says it.
        default_price_id: Option<String> = |this, py| this.value.default_price_id.clone();
    }
}

result_class! {
    /// A price of a product.
    Price wraps core::Price, "a price", repr(id, unit_amount, currency, r#type) {
        /// The id, ``price_…``.
        id: String = |this, py| this.value.id.clone();
        /// The product that it is a price of.
        product_id: String = |this, py| this.value.product_id.clone();
        /// The currency, ISO 4217.
        currency: String = |this, py| this.value.currency.clone();
        /// The price of one, in the smallest unit.
        unit_amount: i64 = |this, py| this.value.unit_amount;
        /// One-time or recurring.
        r#type: String = |this, py| this.value.price_type.as_str().to_owned();
        /// The unit of the period of a recurring price.
        recurring_interval: Option<String> = |this, py| {
            this.value.recurring_interval.as_ref().map(|interval| interval.as_str().to_owned())
        };
        /// How many units one period has; 1 where it is ``None``.
        recurring_interval_count: Option<i64> = |this, py| this.value.recurring_interval_count;
        /// Days before the first charge of a subscription.
        trial_period_days: Option<i64> = |this, py| this.value.trial_period_days;
    }
}

result_class! {
    /// What a cart or a session comes to, in the currency's smallest unit.
    Quote wraps core::Quote, "a quote", repr(subtotal, tax, total, currency, estimated) {
        /// The currency.
        currency: String = |this, py| this.value.currency.code().to_owned();
        /// The sum of the lines.
        subtotal: i64 = |this, py| this.value.subtotal;
        /// The tax: inside the subtotal if inclusive, on top of it if exclusive.
        tax: i64 = |this, py| this.value.tax;
        /// What the buyer pays.
        total: i64 = |this, py| this.value.total;
        /// Whether the prices contain the tax; ``None`` while no place is known.
        behaviour: Bound<'py, PyAny> = |this, py| as_python(py, &this.value.behaviour)?;
        /// How the tax was rounded.
        rounding: Bound<'py, PyAny> = |this, py| as_python(py, &this.value.rounding)?;
        /// Each line's figures.
        lines: Bound<'py, PyTuple> = |this, py| {
            let lines = this.value.lines.iter().map(|line| QuoteLine::new(line.clone(), None, Meta::default()));
            PyTuple::new(py, lines.collect::<Vec<_>>())?
        };
        /// Each distinct rate's figures, the lowest rate first.
        taxes: Bound<'py, PyTuple> = |this, py| {
            let taxes = this.value.taxes.iter().map(|tax| QuoteTax::new(*tax, None, Meta::default()));
            PyTuple::new(py, taxes.collect::<Vec<_>>())?
        };
        /// Whether a rate of the bundled table went into it. FastStar computes the binding tax.
        estimated: bool = |this, py| this.value.estimated;
        /// ``False`` where the bundled table has no rate for the place: those lines' tax is 0 for
        /// want of one. FastStar computes the binding tax.
        rate_known: bool = |this, py| this.value.rate_known;
        /// The date of the oldest figure of the table that went into it, where it has one.
        rates_as_of: Option<core::Date> = |this, py| this.value.rates_as_of;
    }
}

result_class! {
    /// What a line comes to.
    QuoteLine wraps core::QuoteLine, "a line of a quote", repr(unit_amount, quantity, amount, tax) {
        /// The price of one.
        unit_amount: i64 = |this, py| this.value.unit_amount;
        /// How many.
        quantity: i64 = |this, py| this.value.quantity;
        /// Unit amount times quantity.
        amount: i64 = |this, py| this.value.amount;
        /// The line's tax; ``None`` where the rounding is per rate.
        tax: Option<i64> = |this, py| this.value.tax;
        /// The tax rate in parts per million: 190000 is 19 %.
        rate_ppm: u32 = |this, py| this.value.rate.ppm();
        /// What the tax is called, where the rate is from the table.
        tax_name: Option<String> = |this, py| this.value.tax_name.clone();
        /// The text that the cashier shows.
        description: Option<String> = |this, py| this.value.description.clone();
    }
}

result_class! {
    /// What the lines of one tax rate come to.
    QuoteTax wraps core::totals::RateTotals, "a tax of a quote", repr(rate_ppm, tax) {
        /// The rate in parts per million.
        rate_ppm: u32 = |this, py| this.value.rate.ppm();
        /// The sum of its lines.
        amount: i64 = |this, py| this.value.amount;
        /// Their tax.
        tax: i64 = |this, py| this.value.tax;
    }
}

/// Gives the JSON text of a result, where an object is one.
pub fn text_of(object: &Bound<'_, PyAny>) -> Option<String> {
    macro_rules! first_of {
        ($($class:ty)*) => {
            $(if let Ok(object) = object.cast::<$class>() {
                return Some(object.get().text());
            })*
        };
    }
    first_of!(CreatedSession LineItem Payment Price Product Quote QuoteLine QuoteTax Session);
    None
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
        json: Text,
        meta: Meta,
        new: impl Fn(T, Text, Meta) -> P,
    ) -> PyResult<Self> {
        let texts =
            json.and_then(|json| serde_json::from_str::<CorePage<Box<RawValue>>>(&json).ok());
        let mut texts = texts.map(|page| page.items).unwrap_or_default().into_iter();
        let wrap = |item| {
            let json = texts.next().map(|text| text.get().into());
            Py::new(py, new(item, json, Meta::default()))
        };
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

/// What a webhook tells. Take it from `Webhook.verify`.
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
    /// The id, ``evt_…``. A redelivery has the same: remember it to act once.
    #[getter]
    fn id(&self) -> &str {
        self.value.id()
    }

    /// What happened.
    #[getter]
    fn r#type(&self) -> &str {
        self.value.event_type().as_str()
    }

    /// When, in unix seconds; 0 where the platform did not tell.
    #[getter]
    fn created(&self) -> i64 {
        self.value.created()
    }

    /// Whether it is about real money.
    #[getter]
    fn livemode(&self) -> bool {
        self.value.livemode()
    }

    /// The API version that wrote it; empty where the platform did not tell.
    #[getter]
    fn api_version(&self) -> &str {
        self.value.api_version()
    }

    /// Whether to fulfil the order: true for ``payment.succeeded`` alone.
    #[getter]
    fn fulfils(&self) -> bool {
        self.value.fulfils()
    }

    /// What it is about, as plain Python with every digit of its integers; read anew each time.
    ///
    /// Raises:
    ///     ValidationError: It nests deeper, or has an integer of more digits, than Python reads.
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        text_to_python(py, self.value.data_json())
    }

    /// What it is about, as the JSON text that was signed.
    #[getter]
    fn data_json(&self) -> &str {
        self.value.data_json()
    }

    /// What it is about, read as a payment.
    ///
    /// Raises:
    ///     ValidationError: It is not about a payment.
    #[getter]
    fn payment(&self, py: Python<'_>) -> PyResult<Payment> {
        let payment = self.value.payment().map_err(|error| raise(py, &error))?;
        let json = Some(self.value.data_json().into());
        Ok(Payment::new(payment, json, Meta::default()))
    }

    /// Gives all fields as on the wire.
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

    /// Gives all fields as a JSON text, which `parse` reads.
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

    /// Makes an event from its fields, as on the wire: for a test, or what `to_dict` gave.
    ///
    /// Raises:
    ///     ValidationError: ``id`` or ``type`` is missing, or a field is of another type.
    #[classmethod]
    fn from_dict(_cls: &Bound<'_, PyType>, fields: &Bound<'_, PyAny>) -> PyResult<Self> {
        let event =
            guarded(fields.py(), || core::Event::parse(convert::to_text(fields)?.as_bytes()));
        event.map(Self::new)
    }

    /// Reads an event without verifying it: one that you verified and stored.
    ///
    /// Raises:
    ///     ValidationError: ``malformed_json``.
    #[staticmethod]
    fn parse(py: Python<'_>, body: &Bound<'_, PyAny>) -> PyResult<Self> {
        let body = crate::webhook::Body::read(body)?;
        let event = core::Event::parse(body.bytes()).map_err(|error| raise(py, &error))?;
        Ok(Self::new(event))
    }
}

result_class! {
    /// The payment that a ``payment.*`` event is about.
    Payment wraps core::PaymentData, "a payment", repr(payment_id, amount, currency, status, client_reference_id) {
        /// The payment's id, ``pi_…``.
        payment_id: String = |this, py| this.value.payment_id.clone();
        /// The amount in the currency's smallest unit.
        amount: i64 = |this, py| this.value.amount;
        /// The currency, ISO 4217.
        currency: String = |this, py| this.value.currency.clone();
        /// The payment's status, such as ``succeeded``.
        status: String = |this, py| this.value.status.clone();
        /// Your own order number, where the server says it.
        client_reference_id: Option<String> = |this, py| this.value.client_reference_id.clone();
        /// The session that was paid, where the server says it.
        checkout_session_id: Option<String> = |this, py| this.value.checkout_session_id.clone();
    }
}
