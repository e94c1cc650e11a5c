//! The client: reads a request, has the core carry it out, hands over the answer.

use std::any::Any;
use std::future::pending;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use faststar::client::{Call, Cursors, ListParams, Terms, io};
use faststar::error::{Error, Result};
use faststar::schema::check_range;
use faststar::{Client, ClientBuilder, MerchantKind};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, select};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::{RawError, defect, guarded, misconfigured};
use crate::types::{
    FromAnswer, RawCreatePrice, RawCreateProduct, RawCreateSession, RawCreatedSession, RawPrice,
    RawPricePage, RawProduct, RawProductPage, RawSession, answered,
};

/// Whose names errors use for options.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum RawLanguage {
    Kotlin,
    Swift,
}

impl RawLanguage {
    fn terms(self) -> Terms {
        match self {
            Self::Kotlin => Terms::KOTLIN,
            Self::Swift => Terms::SWIFT,
        }
    }
}

#[derive(uniffi::Record)]
pub struct RawConfig {
    pub language: RawLanguage,
    /// `FASTSTAR_API_KEY` and `FASTSTAR_BASE_URL` of the environment where it is absent.
    pub api_key: Option<String>,
    pub base_url: Option<String>,
    pub timeout_ms: Option<i64>,
    pub connect_timeout_ms: Option<i64>,
    pub max_retries: Option<i64>,
    pub merchant: Option<String>,
    pub root_certificates_pem: Vec<Vec<u8>>,
    /// The program's and the package's; the version comes behind it.
    pub user_agent: String,
}

/// Per-call overrides.
#[derive(uniffi::Record)]
pub struct RawCallOptions {
    pub idempotency_key: Option<String>,
    pub timeout_ms: Option<i64>,
    pub max_retries: Option<i64>,
    /// How much of the timeout has passed before, while the call waited for a thread.
    #[uniffi(default = 0)]
    pub waited_ms: i64,
}

#[derive(uniffi::Record)]
pub struct RawListParams {
    pub limit: Option<i64>,
    pub cursor: Option<String>,
}

/// Gives a call up from outside, for a language whose glue does not drop the future of a cancelled
/// task. One for each call.
#[derive(uniffi::Object)]
pub struct RawCancel(watch::Sender<bool>);

#[uniffi::export]
impl RawCancel {
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, RawError> {
        guarded(|| Ok(Arc::new(Self(watch::Sender::new(false)))))
    }

    /// Gives the call up: its connection is closed. Before the call, it ends as soon as it starts.
    pub fn cancel(&self) -> Result<(), RawError> {
        guarded(|| {
            self.0.send_replace(true);
            Ok(())
        })
    }
}

/// Calls the API until it is closed.
#[derive(uniffi::Object)]
pub struct RawClient {
    /// None once it is closed.
    open: watch::Sender<Option<Client>>,
    terms: Terms,
}

#[uniffi::export]
impl RawClient {
    #[uniffi::constructor]
    pub fn new(config: RawConfig) -> Result<Arc<Self>, RawError> {
        guarded(|| {
            let terms = config.language.terms();
            let client = config.builder(&terms)?.build()?;
            Ok(Arc::new(Self { open: watch::Sender::new(Some(client)), terms }))
        })
    }

    /// Ends the calls under way with an error and refuses later ones, being shut down again too.
    ///
    /// Not `close`, which in Kotlin's glue frees the memory.
    pub fn shut_down(&self) -> Result<(), RawError> {
        guarded(|| self.open.send_replace(None).map(drop).ok_or_else(closed))
    }

    pub async fn create_session(
        &self,
        request: RawCreateSession,
        options: RawCallOptions,
        cancel: Option<Arc<RawCancel>>,
    ) -> Result<RawCreatedSession, RawError> {
        self.call(options, cancel, |client| {
            Ok(client.checkout().sessions().create(request.read()?))
        })
        .await
    }

    pub async fn retrieve_session(
        &self,
        id: String,
        options: RawCallOptions,
        cancel: Option<Arc<RawCancel>>,
    ) -> Result<RawSession, RawError> {
        self.call(options, cancel, |client| Ok(client.checkout().sessions().retrieve(id))).await
    }

    pub async fn create_product(
        &self,
        request: RawCreateProduct,
        options: RawCallOptions,
        cancel: Option<Arc<RawCancel>>,
    ) -> Result<RawProduct, RawError> {
        self.call(options, cancel, |client| Ok(client.catalog().products().create(request.read()?)))
            .await
    }

    pub async fn list_products(
        &self,
        params: RawListParams,
        options: RawCallOptions,
        cancel: Option<Arc<RawCancel>>,
    ) -> Result<RawProductPage, RawError> {
        self.call(options, cancel, |client| {
            Ok(client.catalog().products().list().params(params.read()?).page())
        })
        .await
    }

    pub async fn create_price(
        &self,
        request: RawCreatePrice,
        options: RawCallOptions,
        cancel: Option<Arc<RawCancel>>,
    ) -> Result<RawPrice, RawError> {
        self.call(options, cancel, |client| Ok(client.catalog().prices().create(request.read()?)))
            .await
    }

    pub async fn list_prices(
        &self,
        params: RawListParams,
        options: RawCallOptions,
        cancel: Option<Arc<RawCancel>>,
    ) -> Result<RawPricePage, RawError> {
        self.call(options, cancel, |client| {
            Ok(client.catalog().prices().list().params(params.read()?).page())
        })
        .await
    }
}

impl RawClient {
    async fn call<T, R>(
        &self,
        options: RawCallOptions,
        cancel: Option<Arc<RawCancel>>,
        make: impl FnOnce(&Client) -> Result<Call<T>>,
    ) -> Result<R, RawError>
    where
        T: DeserializeOwned + Send + 'static,
        R: FromAnswer<T> + Send + 'static,
    {
        let (work, key) = guarded(|| {
            let client = self.open.borrow().clone().ok_or_else(closed)?;
            let mut call = options.apply(make(&client)?, &self.terms)?;
            let key = call.ensure_idempotency_key()?.map(str::to_owned);
            let work: Work = async move {
                let answer: R = answered(call.send().await?);
                Ok(Box::new(answer) as Box<dyn Any + Send>)
            }
            .boxed();
            Ok((work, key))
        })?;
        let answer = self.carry_out(work, key, cancel).boxed().await?;
        Ok(*answer.downcast().expect("the answer that the work made"))
    }

    /// Carries a call out on the I/O thread, until it is cancelled or the client is closed.
    async fn carry_out(
        &self,
        work: Work,
        key: Option<String>,
        cancel: Option<Arc<RawCancel>>,
    ) -> Result<Box<dyn Any + Send>, RawError> {
        if cancel.as_ref().is_some_and(|cancel| *cancel.0.borrow()) {
            return Err(RawError::Cancelled);
        }
        let mut open = self.open.subscribe();
        let task = guarded(|| Ok(Task(io::shared()?.spawn(work), key.clone())))?;
        let given_up = async {
            let closing = open.wait_for(Option::is_none).map(|_| {
                // What was sent may have taken effect.
                let closed = closed().with_outcome_unknown(key.is_some());
                RawError::from(closed.with_idempotency_key(key))
            });
            let cancelling = async {
                match &cancel {
                    Some(cancel) => {
                        drop(cancel.0.subscribe().wait_for(|cancelled| *cancelled).await);
                    }
                    None => pending().await,
                }
                RawError::Cancelled
            };
            select(pin!(cancelling), pin!(closing)).await.factor_first().0
        };
        // Asked first, so that an answer which came at the same time is not handed over.
        match select(pin!(given_up), task).await {
            Either::Left((error, _)) => Err(error),
            Either::Right((outcome, _)) => outcome.map_err(RawError::from),
        }
    }
}

/// One type for all calls: otherwise each had copies of its own of the runtime's task and the waits.
type Work = BoxFuture<'static, Result<Box<dyn Any + Send>>>;

/// A call on the I/O thread, which ends when nobody waits for it any more.
///
/// With its idempotency key.
pub struct Task<T>(pub JoinHandle<Result<T>>, pub Option<String>);

impl<T> Future for Task<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        self.0.poll_unpin(context).map(|ended| {
            // Nobody aborts it but `drop` and the end of the thread.
            ended.unwrap_or_else(|error| {
                let error = if error.is_cancelled() { stopped(self.1.take()) } else { defect() };
                Err(error)
            })
        })
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl RawConfig {
    fn builder(self, terms: &Terms) -> Result<ClientBuilder> {
        let mut builder = match self.api_key {
            Some(key) => ClientBuilder::new(key),
            None => ClientBuilder::from_env()?,
        };
        if let Some(url) = self.base_url {
            builder = builder.base_url(&url);
        }
        if let Some(ms) = self.timeout_ms {
            builder = builder.timeout(duration(ms, "timeout")?);
        }
        if let Some(ms) = self.connect_timeout_ms {
            builder = builder.connect_timeout(duration(ms, terms.connect_timeout)?);
        }
        if let Some(retries) = self.max_retries {
            builder = builder.max_retries(count(retries, terms.max_retries)?);
        }
        if let Some(merchant) = self.merchant {
            builder = builder.merchant(MerchantKind::from(merchant));
        }
        for pem in self.root_certificates_pem {
            builder = builder.add_root_certificate_pem(pem);
        }
        let user_agent = format!("{}/{}", self.user_agent, env!("CARGO_PKG_VERSION"));
        Ok(builder.user_agent(user_agent).terms(*terms))
    }
}

impl RawCallOptions {
    fn apply<T>(self, mut call: Call<T>, terms: &Terms) -> Result<Call<T>> {
        if let Some(key) = self.idempotency_key {
            call = call.idempotency_key(key);
        }
        if let Some(ms) = self.timeout_ms {
            call = call.timeout(duration(ms, "timeout")?);
        }
        if let Some(retries) = self.max_retries {
            call = call.max_retries(count(retries, terms.max_retries)?);
        }
        Ok(call.waited(duration(self.waited_ms, "timeout")?))
    }
}

impl RawListParams {
    fn read(self) -> Result<ListParams> {
        ListParams::from_value(serde_json::json!({"limit": self.limit, "cursor": self.cursor}))
    }
}

fn duration(ms: i64, name: &str) -> Result<Duration> {
    let ms = u64::try_from(ms);
    ms.map(Duration::from_millis).map_err(|_| misconfigured(name, "must not be negative"))
}

fn count(number: i64, name: &str) -> Result<u32> {
    check_range(number, 0, u32::MAX.into(), || name)
        .map_err(|error| misconfigured(name, error.message()))?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

fn closed() -> Error {
    misconfigured("client", "the client is closed; make a new one")
}

fn stopped(key: Option<String>) -> Error {
    misconfigured("client", "the package was shut down while the call was under way")
        .with_outcome_unknown(key.is_some())
        .with_idempotency_key(key)
}

/// Ends the I/O thread and the calls on it. A call after it starts the thread anew.
#[uniffi::export]
pub fn stop_io() -> Result<(), RawError> {
    guarded(|| {
        io::stop_shared();
        Ok(())
    })
}

/// The cursors that a walk through a list has followed.
#[derive(uniffi::Object)]
pub struct RawCursors(Mutex<Cursors>);

#[uniffi::export]
impl RawCursors {
    #[uniffi::constructor]
    pub fn new(start: Option<String>) -> Result<Arc<Self>, RawError> {
        guarded(|| Ok(Arc::new(Self(Mutex::new(start.into())))))
    }

    /// Gives the cursor of the next page; none after the last one.
    pub fn follow(&self, next: Option<String>) -> Result<Option<String>, RawError> {
        guarded(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).follow(next))
    }
}
