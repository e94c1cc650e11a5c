//! The client: reads an operation, has the core carry it out, hands over the result.

use std::sync::Arc;
use std::time::Duration;

use faststar::client::{Call, ListParams, Response, Terms};
use faststar::error::{Error, ErrorKind, Result, code};
use faststar::{
    ClientBuilder, CreatePrice, CreateProduct, CreateSession, CreatedSession, MerchantKind, Price,
    Product, Session,
};
use napi_derive::napi;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::bridge::{Bridge, Shared};
use crate::error::{guarded, text};

/// Calls the API for one event loop.
#[napi]
pub struct Client {
    client: faststar::Client,
    bridge: Arc<Shared>,
}

/// How a client is set up. The face has checked the types.
#[napi(object)]
pub struct Setup {
    pub api_key: String,
    pub base_url: Option<String>,
    /// In milliseconds.
    pub timeout: Option<f64>,
    pub max_retries: Option<u32>,
    pub merchant: Option<String>,
    pub user_agent: String,
}

#[napi]
impl Client {
    #[napi(constructor)]
    pub fn new(bridge: &Bridge, setup: Setup) -> napi::Result<Self> {
        guarded(|| {
            let mut builder = ClientBuilder::new(setup.api_key);
            builder = builder.user_agent(setup.user_agent).terms(Terms::NODE);
            if let Some(url) = setup.base_url {
                builder = builder.base_url(&url);
            }
            if let Some(timeout) = setup.timeout {
                builder = builder.timeout(milliseconds(timeout)?);
            }
            if let Some(retries) = setup.max_retries {
                builder = builder.max_retries(retries);
            }
            if let Some(merchant) = setup.merchant {
                builder = builder.merchant(MerchantKind::from(&*merchant));
            }
            Ok(Self { client: builder.build()?, bridge: bridge.share() })
        })
    }

    /// Starts an operation; what it comes to is told to the bridge's function under its number.
    ///
    /// `argument` is JSON text, and an id for an operation that takes one. Gives the idempotency key that
    /// the call sends, where it sends one.
    #[napi]
    pub fn start(
        &self,
        id: u32,
        operation: String,
        argument: String,
        idempotency_key: Option<String>,
        timeout: Option<f64>,
        max_retries: Option<u32>,
    ) -> napi::Result<Option<String>> {
        guarded(|| {
            let timeout = timeout.map(milliseconds).transpose()?;
            let options = Options { idempotency_key, timeout, max_retries };
            let (client, bridge) = (&self.client, &self.bridge);
            let json = || serde_json::from_str::<Value>(&argument).map_err(not_json);
            match operation.as_str() {
                "checkout.sessions.create" => {
                    let request = CreateSession::from_value(json()?)?;
                    let call = client.checkout().sessions().create(request);
                    start::<CreatedSession>(bridge, id, options.apply(call))
                }
                "checkout.sessions.retrieve" => {
                    let call = client.checkout().sessions().retrieve(argument);
                    start::<Session>(bridge, id, options.apply(call))
                }
                "catalog.products.create" => {
                    let request = CreateProduct::from_value(json()?)?;
                    let call = client.catalog().products().create(request);
                    start::<Product>(bridge, id, options.apply(call))
                }
                "catalog.products.list" => {
                    let params = ListParams::from_value(json()?)?;
                    let call = client.catalog().products().list().params(params).page();
                    start(bridge, id, options.apply(call))
                }
                "catalog.prices.create" => {
                    let request = CreatePrice::from_value(json()?)?;
                    let call = client.catalog().prices().create(request);
                    start::<Price>(bridge, id, options.apply(call))
                }
                "catalog.prices.list" => {
                    let params = ListParams::from_value(json()?)?;
                    let call = client.catalog().prices().list().params(params).page();
                    start(bridge, id, options.apply(call))
                }
                other => {
                    let message = format!("there is no operation {other}");
                    Err(Error::new(ErrorKind::Internal, code::INTERNAL, message))
                }
            }
        })
    }
}

/// Per-call overrides.
struct Options {
    idempotency_key: Option<String>,
    timeout: Option<Duration>,
    max_retries: Option<u32>,
}

impl Options {
    fn apply<T>(self, mut call: Call<T>) -> Call<T> {
        if let Some(key) = self.idempotency_key {
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

/// What the face reads of a call that succeeded.
#[derive(Serialize)]
struct Answered<'a, T> {
    ok: &'a T,
    request_id: Option<&'a str>,
    status: u16,
    attempts: u32,
    /// What came, where it may have an integer that `ok` has rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

fn start<T: DeserializeOwned + Serialize + Send + 'static>(
    bridge: &Arc<Shared>,
    id: u32,
    mut call: Call<T>,
) -> Result<Option<String>> {
    let key = call.ensure_idempotency_key()?.map(str::to_owned);
    bridge.start(id, send(call))?;
    Ok(key)
}

async fn send<T: DeserializeOwned + Serialize + Send + 'static>(call: Call<T>) -> String {
    match call.send().await {
        Ok(response) => answered(&response),
        Err(error) => format!(r#"{{"error":{}}}"#, text(&error)),
    }
}

fn answered<T: Serialize>(response: &Response<T>) -> String {
    let json = response.data_json();
    let answered = Answered {
        ok: &**response,
        request_id: response.request_id(),
        status: response.status(),
        attempts: response.attempts(),
        data: has_long_number(json).then(|| serde_json::from_str(json).ok()).flatten(),
    };
    serde_json::to_string(&answered).expect("a result is JSON")
}

/// Tells whether a text may have an integer beyond 64 bits, which serde's values round.
fn has_long_number(json: &str) -> bool {
    json.as_bytes().split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() > 18)
}

fn milliseconds(number: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(number / 1000.0).map_err(|_| {
        let message = "timeout must be a number of milliseconds, such as 2500";
        Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message)
            .with_param("timeout")
    })
}

fn not_json(error: serde_json::Error) -> Error {
    // The face writes the text, so only a defect of its ends here; serde's text shows no value.
    Error::new(ErrorKind::Validation, code::MALFORMED_JSON, error.to_string())
}
