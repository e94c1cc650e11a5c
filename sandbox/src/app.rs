//! What every request can reach.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use faststar::error::{Error, ErrorKind, code};
use faststar::{Currency, MerchantKind, Secret};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::clock;
use crate::ids;
use crate::receivers::Receivers;
use crate::reply::Reply;
use crate::store::{self, Endpoint, Failure, Merchant, Outcome, Store};

/// The sandbox's state, shared by all requests.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub store: Store,
    /// Which receivers of webhooks are allowed.
    pub receivers: Receivers,
    /// Wakes the delivery of webhooks.
    pub outbox: Notify,
    /// Where the sandbox listens: `http://127.0.0.1:4250`.
    pub origin: String,
    callers: Mutex<HashMap<[u8; 32], Arc<Caller>>>,
    in_flight: Mutex<HashSet<(String, String)>>,
}

/// A merchant who calls, with its clock.
#[derive(Debug)]
pub struct Caller {
    /// The merchant as it was when it first called; its clock moves below.
    pub merchant: Merchant,
    clock_offset_ms: AtomicI64,
}

impl Caller {
    /// Gives the time by the merchant's clock, in unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        clock::machine_now_ms().saturating_add(self.clock_offset_ms.load(Ordering::Relaxed))
    }

    /// Tells the caller that its clock was moved.
    pub fn set_clock_offset_ms(&self, offset: i64) {
        self.clock_offset_ms.store(offset, Ordering::Relaxed);
    }
}

/// A merchant that was just made, with the secrets that are shown once.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    /// The merchant.
    pub merchant: Merchant,
    /// Its API key. The database has the hash; the key itself only in the answer that was kept where
    /// the merchant was made under an idempotency key, for 24 hours.
    pub api_key: Secret,
}

impl NewMerchant {
    /// Makes up a merchant and its first API key.
    pub fn new(kind: MerchantKind, default_currency: Currency) -> Self {
        let merchant = Merchant {
            id: ids::id("mer_", clock::machine_now_ms()),
            kind,
            default_currency,
            webhook_secret: ids::secret("whsec_").into(),
            clock_offset_ms: 0,
        };
        Self { merchant, api_key: ids::secret("fs_test_").into() }
    }

    /// Stores both.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn add(&self, db: &rusqlite::Connection) -> Outcome<()> {
        let now = clock::machine_now_ms();
        store::add_merchant(db, &self.merchant, now)?;
        store::add_key(db, &hash_of(&self.api_key), &self.merchant.id, now)
    }
}

impl App {
    /// Puts the state together.
    pub fn new(store: Store, receivers: Receivers, origin: String) -> Self {
        Self {
            store,
            receivers,
            outbox: Notify::new(),
            origin,
            callers: Mutex::default(),
            in_flight: Mutex::default(),
        }
    }

    /// Makes a merchant and its first API key.
    ///
    /// # Errors
    ///
    /// Kind `Internal` when the database fails, `overloaded` when too much waits for it.
    pub async fn add_merchant(
        &self,
        kind: MerchantKind,
        default_currency: Currency,
    ) -> Result<NewMerchant, Error> {
        let new = NewMerchant::new(kind, default_currency);
        let row = new.clone();
        self.store.run(move |db| row.add(db)).await?;
        Ok(new)
    }

    /// Makes the first merchant, or another key for the one that the database has.
    ///
    /// # Errors
    ///
    /// Kind `Internal` when the database fails, `overloaded` when too much waits for it.
    pub async fn first_merchant(&self, kind: MerchantKind) -> Result<NewMerchant, Error> {
        match self.store.run(store::first_merchant).await? {
            Some(merchant) => self.add_key(merchant).await,
            None => self.add_merchant(kind, Currency::USD).await,
        }
    }

    async fn add_key(&self, merchant: Merchant) -> Result<NewMerchant, Error> {
        let api_key = Secret::from(ids::secret("fs_test_"));
        let (hash, id) = (hash_of(&api_key), merchant.id.clone());
        let now = clock::machine_now_ms();
        self.store.run(move |db| store::add_key(db, &hash, &id, now)).await?;
        Ok(NewMerchant { merchant, api_key })
    }

    /// Sends all of a merchant's events to a URL, signed with the merchant's secret.
    ///
    /// Does nothing where an endpoint has the URL already.
    ///
    /// # Errors
    ///
    /// `invalid_url` for a receiver that is not allowed.
    pub async fn add_webhook(&self, merchant: &Merchant, url: &str) -> Result<(), Error> {
        self.receivers.check(url)?;
        let endpoint = Endpoint {
            id: ids::id("we_", clock::machine_now_ms()),
            url: url.to_owned(),
            secret: merchant.webhook_secret.clone(),
            events: Vec::new(),
        };
        let merchant_id = merchant.id.clone();
        let add = move |db: &rusqlite::Connection| {
            let known = store::list_endpoints(db, &merchant_id)?;
            if known.iter().any(|known| known.url == endpoint.url) {
                return Ok(());
            }
            store::add_endpoint(db, &merchant_id, &endpoint)
        };
        self.store.run(add).await
    }

    /// Finds who calls by the API key.
    ///
    /// # Errors
    ///
    /// `invalid_api_key`, without the key.
    pub async fn authenticate(&self, key: &Secret) -> Result<Arc<Caller>, Error> {
        let hash = hash_of(key);
        if let Some(caller) = lock(&self.callers).get(&hash) {
            return Ok(Arc::clone(caller));
        }
        let merchant = self.store.run(move |db| store::merchant_of_key(db, &hash)).await?;
        let merchant = merchant.ok_or_else(|| {
            Error::new(
                ErrorKind::Authentication,
                code::INVALID_API_KEY,
                "the API key is not one of this sandbox; its start prints one",
            )
        })?;
        let mut callers = lock(&self.callers);
        // Two keys of one merchant share its clock.
        let known = callers.values().find(|caller| caller.merchant.id == merchant.id).cloned();
        let caller = known.unwrap_or_else(|| {
            let clock_offset_ms = AtomicI64::new(merchant.clock_offset_ms);
            Arc::new(Caller { merchant, clock_offset_ms })
        });
        callers.insert(hash, Arc::clone(&caller));
        Ok(caller)
    }

    /// Runs a job that makes something, once per idempotency key of its owner: a merchant, or the
    /// session whose buyer acts.
    ///
    /// The key and the job are in one transaction, so that either both are durable or none is. What
    /// the job fails with is not kept: it did nothing and may be tried again under the same key.
    ///
    /// # Errors
    ///
    /// `idempotency_in_flight`, `idempotency_key_reused`, and those of the job.
    pub async fn once(
        &self,
        owner: &str,
        key: Option<String>,
        request_hash: [u8; 32],
        job: impl FnOnce(&rusqlite::Connection) -> Outcome<Reply> + Send + 'static,
    ) -> Result<Reply, Error> {
        let Some(key) = key else {
            return self.store.run(job).await;
        };
        let owner = owner.to_owned();
        let _in_flight = InFlight::enter(self, (owner.clone(), key.clone()))?;
        let now = clock::machine_now_ms();
        self.store
            .run(move |db| {
                let kept = store::find_answer(db, &owner, &key, &request_hash, now)?;
                if let Some(answer) = kept {
                    return Ok(Reply::replay(answer));
                }
                let reply = job(db)?;
                store::keep_answer(db, &owner, &key, &request_hash, &reply.to_keep(), now)?;
                Ok::<_, Failure>(reply)
            })
            .await
    }
}

/// Holds an idempotency key for as long as its request runs.
struct InFlight<'a> {
    app: &'a App,
    key: (String, String),
}

impl<'a> InFlight<'a> {
    fn enter(app: &'a App, key: (String, String)) -> Result<Self, Error> {
        if lock(&app.in_flight).insert(key.clone()) {
            return Ok(Self { app, key });
        }
        Err(Error::new(
            ErrorKind::Conflict,
            code::IDEMPOTENCY_IN_FLIGHT,
            "a request with this idempotency key has not ended yet; retry in a second",
        )
        .with_retryable(true))
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        lock(&self.app.in_flight).remove(&self.key);
    }
}

fn hash_of(key: &Secret) -> [u8; 32] {
    Sha256::digest(key.expose()).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
