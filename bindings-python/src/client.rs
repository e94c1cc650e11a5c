//! The client: reads an operation, has the core carry it out, hands over the result.

use std::future::pending;
use std::time::Duration;

use faststar::client::{Call, ListParams, Terms};
use faststar::error::{Error, Result, code};
use faststar::{
    ClientBuilder, CreatePrice, CreateProduct, CreateSession, ErrorKind, MerchantKind, blocking,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};
use tokio::task::AbortHandle;

use crate::convert::{optional_text, text, to_json};
use crate::error::{caught, guarded, misconfigured, raise};
use crate::results::Outcome;
use crate::runtime::{self, Bridge, PerProcess};

/// How often a blocking call looks whether Ctrl-C was pressed.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// Calls the API, on the caller's thread or for an event loop.
#[pyclass(frozen, module = "faststar._faststar")]
pub struct Client {
    /// Each process makes its connections from it.
    builder: ClientBuilder,
    blocking: PerProcess<blocking::Client>,
    asynchronous: PerProcess<faststar::Client>,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (api_key, base_url, timeout, max_retries, merchant, user_agent))]
    fn new(
        py: Python<'_>,
        api_key: Option<&Bound<'_, PyAny>>,
        base_url: Option<&Bound<'_, PyAny>>,
        timeout: Option<&Bound<'_, PyAny>>,
        max_retries: Option<&Bound<'_, PyAny>>,
        merchant: Option<&Bound<'_, PyAny>>,
        user_agent: String,
    ) -> PyResult<Self> {
        runtime::watch_forks();
        guarded(py, || {
            let api_key = optional_text(api_key, "api_key").map_err(in_setup)?;
            let base_url = optional_text(base_url, "base_url").map_err(in_setup)?;
            let merchant = optional_text(merchant, "merchant").map_err(in_setup)?;
            // The environment is read once: a client does not change under its user.
            let mut builder = match api_key {
                Some(key) => ClientBuilder::new(key).base_url_from_env(),
                None => ClientBuilder::from_env()?,
            };
            if let Some(url) = base_url {
                builder = builder.base_url(&url);
            }
            if let Some(timeout) = timeout {
                builder = builder.timeout(seconds(timeout, "timeout").map_err(in_setup)?);
            }
            if let Some(retries) = max_retries {
                builder = builder.max_retries(count(retries, "max_retries").map_err(in_setup)?);
            }
            if let Some(merchant) = merchant {
                builder = builder.merchant(MerchantKind::from(merchant.as_str()));
            }
            let client = Self {
                builder: builder.user_agent(user_agent).terms(Terms::PYTHON),
                blocking: PerProcess::new(),
                asynchronous: PerProcess::new(),
            };
            client.blocking()?; // finds what cannot work before the first call
            Ok(client)
        })
    }

    /// Carries an operation out on this thread and gives its result.
    fn send<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        argument: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Py<PyAny>> {
        let (client, operation, options) = guarded(py, || {
            let operation = Operation::read(operation, argument)?;
            Ok((self.blocking()?, operation, Options::read(options)?))
        })?;
        let sent = py.detach(|| caught(|| Ok(operation.send(client, &options))));
        match sent.map_err(|error| raise(py, &error))?? {
            Ok(outcome) => outcome.into_python(py),
            Err(error) => Err(raise(py, &error)),
        }
    }

    /// Starts an operation whose result goes to a future of the bridge's event loop.
    fn start<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        argument: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
        bridge: &Bridge,
        future: Py<PyAny>,
    ) -> PyResult<Started> {
        guarded(py, || {
            let operation = Operation::read(operation, argument)?;
            let options = Options::read(options)?;
            let client = self.asynchronous.get_or_make(|| self.builder.clone().build())?;
            let client = client.clone();
            let promise = bridge.promise(future);
            let task = runtime::io()?.spawn(async move {
                let outcome = operation.run(client, &options).await;
                promise.keep(Box::new(move |py| match outcome {
                    Ok(outcome) => outcome.into_python(py),
                    Err(error) => Err(raise(py, &error)),
                }));
            });
            Ok(Started { task: task.abort_handle() })
        })
    }
}

impl Client {
    fn blocking(&self) -> Result<&blocking::Client> {
        self.blocking.get_or_make(|| self.builder.clone().build_blocking())
    }
}

/// A call that is under way on the I/O thread.
#[pyclass(frozen, module = "faststar._faststar")]
pub struct Started {
    task: AbortHandle,
}

#[pymethods]
impl Started {
    /// Gives the call up: its connection is closed.
    fn cancel(&self) {
        self.task.abort();
    }
}

/// What a call is to do.
enum Operation {
    CreateSession(CreateSession),
    RetrieveSession(String),
    CreateProduct(CreateProduct),
    ListProducts(ListParams),
    CreatePrice(CreatePrice),
    ListPrices(ListParams),
}

/// Makes the operation's call with a client, async or blocking, and sends it.
macro_rules! dispatch {
    ($operation:expr, $client:expr, $options:expr, |$call:ident| $send:expr) => {{
        let (client, options) = ($client, $options);
        match $operation {
            Self::CreateSession(request) => {
                let $call = options.apply(client.checkout().sessions().create(request));
                $send.map(Outcome::CreatedSession)
            }
            Self::RetrieveSession(id) => {
                let $call = options.apply(client.checkout().sessions().retrieve(id));
                $send.map(Outcome::Session)
            }
            Self::CreateProduct(request) => {
                let $call = options.apply(client.catalog().products().create(request));
                $send.map(Outcome::Product)
            }
            Self::ListProducts(params) => {
                let $call = options.apply(client.catalog().products().list().params(params).page());
                $send.map(Outcome::Products)
            }
            Self::CreatePrice(request) => {
                let $call = options.apply(client.catalog().prices().create(request));
                $send.map(Outcome::Price)
            }
            Self::ListPrices(params) => {
                let $call = options.apply(client.catalog().prices().list().params(params).page());
                $send.map(Outcome::Prices)
            }
        }
    }};
}

impl Operation {
    fn read(name: &str, argument: &Bound<'_, PyAny>) -> Result<Self> {
        let json = || to_json(argument);
        Ok(match name {
            "checkout.sessions.create" => Self::CreateSession(CreateSession::from_value(json()?)?),
            "checkout.sessions.retrieve" => Self::RetrieveSession(text(argument, "id")?),
            "catalog.products.create" => Self::CreateProduct(CreateProduct::from_value(json()?)?),
            "catalog.products.list" => Self::ListProducts(ListParams::from_value(json()?)?),
            "catalog.prices.create" => Self::CreatePrice(CreatePrice::from_value(json()?)?),
            "catalog.prices.list" => Self::ListPrices(ListParams::from_value(json()?)?),
            other => {
                let message = format!("there is no operation {other}");
                return Err(Error::new(ErrorKind::Internal, code::INTERNAL, message));
            }
        })
    }

    /// Carries it out on this thread; the outer error is an exception that a signal handler raised.
    fn send(
        self,
        client: &blocking::Client,
        options: &Options,
    ) -> std::result::Result<Result<Outcome>, PyErr> {
        Ok(dispatch!(self, client, options, |call| call.send_unless(interrupted())?))
    }

    async fn run(self, client: faststar::Client, options: &Options) -> Result<Outcome> {
        dispatch!(self, client, options, |call| call.send().await)
    }
}

/// Per-call overrides.
#[derive(Default)]
struct Options {
    idempotency_key: Option<String>,
    timeout: Option<Duration>,
    max_retries: Option<u32>,
}

impl Options {
    fn read(given: &Bound<'_, PyDict>) -> Result<Self> {
        let mut options = Self::default();
        for (name, value) in given {
            if value.is_none() {
                continue;
            }
            match name.to_string().as_str() {
                "idempotency_key" => {
                    options.idempotency_key = Some(text(&value, "idempotency_key")?);
                }
                "timeout" => options.timeout = Some(seconds(&value, "timeout")?),
                "max_retries" => options.max_retries = Some(count(&value, "max_retries")?),
                other => return Err(wrong(other, "is no option of a call")),
            }
        }
        Ok(options)
    }

    fn apply<T, C>(&self, mut call: Call<T, C>) -> Call<T, C> {
        if let Some(key) = &self.idempotency_key {
            call = call.idempotency_key(key);
        }
        if let Some(timeout) = self.timeout {
            call = call.timeout(timeout);
        }
        if let Some(retries) = self.max_retries {
            call = call.max_retries(retries);
        }
        call
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::validation(code::INVALID_TYPE, name, format!("{name} {what}"))
}

/// Turns the error of a call's argument into that of a client's.
fn in_setup(error: Error) -> Error {
    misconfigured(error.param().unwrap_or_default(), error.message())
}

/// Reads a number of seconds, an int or a float.
fn seconds(given: &Bound<'_, PyAny>, name: &str) -> Result<Duration> {
    let number = match given.is_instance_of::<PyBool>() {
        true => None,
        false => given.extract::<f64>().ok(),
    };
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| wrong(name, "must be a number of seconds, such as 2.5"))
}

fn count(given: &Bound<'_, PyAny>, name: &str) -> Result<u32> {
    let number = match given.is_instance_of::<PyBool>() {
        true => None,
        false => given.extract::<u32>().ok(),
    };
    number.ok_or_else(|| wrong(name, "must be an int from 0 up"))
}

/// Ends when a signal handler has raised: Ctrl-C's `KeyboardInterrupt`.
async fn interrupted() -> PyErr {
    loop {
        tokio::time::sleep(SIGNAL_CHECK).await;
        // Python runs signal handlers on its main thread only; another one need not ask again.
        // Nothing where Python is ending, with this call under way.
        let looked = Python::try_attach(|py| match is_main_thread(py) {
            Ok(true) => py.check_signals().map(|()| true),
            other => other,
        });
        match looked {
            Some(Ok(true)) => {}
            Some(Ok(false)) | None => pending().await,
            Some(Err(raised)) => return raised,
        }
    }
}

fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import(intern!(py, "threading"))?;
    let here = threading.call_method0(intern!(py, "get_ident"))?;
    let main = threading.call_method0(intern!(py, "main_thread"))?;
    here.eq(main.getattr(intern!(py, "ident"))?)
}
