//! What every request can reach.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use faststar::error::{Error, ErrorKind, code};
use faststar::{Currency, MerchantKind, Secret};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, mpsc};

use crate::budget::Budget;
use crate::card::TestCard;
use crate::checkout;
use crate::clock;
use crate::ids;
use crate::journal::{Journal, Raw};
use crate::live::Live;
use crate::mask;
use crate::receivers::Receivers;
use crate::reply::Reply;
use crate::store::{self, Endpoint, Failure, Merchant, Outcome, Owner, Store};

/// How long to wait for webhooks that are under way: longer than two slow receivers take.
const SETTLE: Duration = Duration::from_secs(25);

/// The sandbox's state, shared by all requests.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub store: Store,
    /// Which receivers of webhooks are allowed.
    pub receivers: Receivers,
    /// Wakes the delivery of webhooks.
    pub outbox: Notify,
    /// Tells that an attempt to deliver has ended.
    pub attempted: Notify,
    /// Where the sandbox listens: `http://127.0.0.1:4250`.
    pub origin: String,
    /// Tells who looks at the console that something has changed.
    pub live: Live,
    /// The last requests.
    pub journal: Journal,
    /// What large bodies and answers may still take of the memory.
    pub budget: Budget,
    /// Opens the console, which acts for every merchant.
    pub console_token: Secret,
    callers: Mutex<HashMap<[u8; 32], Arc<Caller>>>,
    /// The same callers by their merchant's id: all keys of one share its clock.
    by_merchant: Mutex<HashMap<String, Arc<Caller>>>,
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
    /// Gives whose idempotency keys the merchant's are.
    pub fn owner(&self) -> Owner {
        Owner::merchant(&self.merchant.id)
    }

    /// Gives the time by the merchant's clock, in unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        clock::machine_now_ms().saturating_add(self.clock_offset_ms())
    }

    /// Tells how far the merchant's clock is ahead of the machine's.
    pub fn clock_offset_ms(&self) -> i64 {
        self.clock_offset_ms.load(Ordering::Relaxed)
    }

    /// Takes over a move of the clock, which only goes forward: the farthest one counts, whichever
    /// is told last.
    fn advance_to(&self, clock_offset_ms: i64) {
        self.clock_offset_ms.fetch_max(clock_offset_ms, Ordering::Relaxed);
    }
}

/// A merchant that was just made, with the secrets that are shown once.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    /// The merchant.
    pub merchant: Merchant,
    /// Its API key; the database has only the hash.
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
        let hint = mask::secret(self.api_key.expose());
        store::add_key(db, &hash_of(&self.api_key), &hint, &self.merchant.id, now)
    }
}

impl App {
    /// Puts the state together, and gives what `journal::run` is to keep.
    pub fn new(store: Store, receivers: Receivers, origin: String) -> (Self, mpsc::Receiver<Raw>) {
        let (journal, queue) = Journal::new();
        let app = Self {
            store,
            receivers,
            outbox: Notify::new(),
            attempted: Notify::new(),
            origin,
            live: Live::default(),
            journal,
            budget: Budget::default(),
            console_token: ids::secret("").into(),
            callers: Mutex::default(),
            by_merchant: Mutex::default(),
            in_flight: Mutex::default(),
        };
        (app, queue)
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

    /// Gives another key of the first merchant that the database has, of a kind where one is given;
    /// makes one where there is none.
    ///
    /// # Errors
    ///
    /// Kind `Internal` when the database fails, `overloaded` when too much waits for it.
    pub async fn first_merchant(&self, kind: Option<MerchantKind>) -> Result<NewMerchant, Error> {
        let wanted = kind.clone();
        let find = move |db: &rusqlite::Connection| {
            store::first_merchant(db, wanted.as_ref().map(MerchantKind::as_str))
        };
        match self.store.run(find).await? {
            Some(merchant) => self.add_key(merchant).await,
            None => self.add_merchant(kind.unwrap_or(MerchantKind::Direct), Currency::USD).await,
        }
    }

    /// Makes another key of a merchant.
    ///
    /// # Errors
    ///
    /// Kind `Internal` when the database fails, `overloaded` when too much waits for it.
    pub async fn add_key(&self, merchant: Merchant) -> Result<NewMerchant, Error> {
        let api_key = Secret::from(ids::secret("fs_test_"));
        let (hash, id) = (hash_of(&api_key), merchant.id.clone());
        let hint = mask::secret(api_key.expose());
        let now = clock::machine_now_ms();
        self.store.run(move |db| store::add_key(db, &hash, &hint, &id, now)).await?;
        Ok(NewMerchant { merchant, api_key })
    }

    /// Gives a merchant without a catalog the product and the price that the documentation's example
    /// names, so that it runs as it stands; tells whether the merchant has them.
    ///
    /// # Errors
    ///
    /// Kind `Internal` when the database fails, `overloaded` when too much waits for it.
    pub async fn add_example_catalog(&self, merchant: &Merchant) -> Result<bool, Error> {
        let id = merchant.id.clone();
        self.store.run(move |db| store::add_example_catalog(db, &id)).await
    }

    /// Sends all of a merchant's events to a URL, signed with the merchant's secret.
    ///
    /// A merchant has one such endpoint: with another URL it moves there, with what waits for it.
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
            disabled: false,
        };
        let merchant_id = merchant.id.clone();
        self.store.run(move |db| store::set_start_endpoint(db, &merchant_id, &endpoint)).await
    }

    /// Waits until everything that is due for a merchant has been attempted.
    ///
    /// # Errors
    ///
    /// `request_timeout` where receivers take too long.
    pub async fn settle(&self, merchant_id: &str) -> Result<(), Error> {
        let settled = async {
            loop {
                // Before the look, so that an attempt that ends right after it wakes us.
                let mut attempted = pin!(self.attempted.notified());
                attempted.as_mut().enable();
                self.outbox.notify_one();
                let (id, now) = (merchant_id.to_owned(), clock::machine_now_ms());
                if self.store.run(move |db| store::is_settled(db, &id, now)).await? {
                    return Ok(());
                }
                attempted.await;
            }
        };
        tokio::time::timeout(SETTLE, settled).await.unwrap_or_else(|_| {
            let message = "webhooks are still being sent; ask again, or make the receiver faster";
            Err(Error::new(ErrorKind::Timeout, code::REQUEST_TIMEOUT, message))
        })
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
        let caller = self.caller_of(merchant);
        lock(&self.callers).insert(hash, Arc::clone(&caller));
        Ok(caller)
    }

    /// Lets the console act for a merchant.
    ///
    /// # Errors
    ///
    /// `not_found` for an unknown merchant.
    pub async fn act_for(&self, merchant_id: &str) -> Result<Arc<Caller>, Error> {
        if let Some(caller) = lock(&self.by_merchant).get(merchant_id) {
            return Ok(Arc::clone(caller));
        }
        let id = merchant_id.to_owned();
        let merchant = self.store.run(move |db| store::find_merchant(db, &id)).await?;
        let merchant = merchant.ok_or_else(|| {
            let message = "this sandbox has no such merchant; /console/v1/merchants lists them";
            Error::new(ErrorKind::NotFound, code::NOT_FOUND, message).with_param("X-Merchant")
        })?;
        Ok(self.caller_of(merchant))
    }

    fn caller_of(&self, merchant: Merchant) -> Arc<Caller> {
        let mut known = lock(&self.by_merchant);
        let caller = known.entry(merchant.id.clone()).or_insert_with(|| {
            let clock_offset_ms = AtomicI64::new(merchant.clock_offset_ms);
            Arc::new(Caller { merchant, clock_offset_ms })
        });
        Arc::clone(caller)
    }

    /// Moves a merchant's clock forward, once per idempotency key, and answers with its offset then.
    ///
    /// # Errors
    ///
    /// `invalid_value` at `by` where an RFC 3339 time could not tell the new one, and those of
    /// [`App::once`].
    pub async fn advance_clock(
        self: &Arc<Self>,
        caller: Arc<Caller>,
        by_ms: i64,
        key: Option<String>,
        request_hash: [u8; 32],
        answer: fn(i64) -> Reply,
    ) -> Result<Reply, Error> {
        let app = Arc::clone(self);
        let work = async move {
            let id = caller.merchant.id.clone();
            let most = clock::LAST_MS - clock::machine_now_ms();
            let moved = app.once(caller.owner(), key, request_hash, move |db| {
                let offset = store::move_clock(db, &id, by_ms, most)?.ok_or_else(|| {
                    let message = "by must leave the clock before the year 9000";
                    Error::validation(code::INVALID_VALUE, "by", message)
                })?;
                Ok(answer(offset))
            });
            let reply = moved.await?;
            // Read back, since an answer that came again has moved nothing and says an old offset.
            let id = caller.merchant.id.clone();
            if let Some(merchant) = app.store.run(move |db| store::find_merchant(db, &id)).await? {
                caller.advance_to(merchant.clock_offset_ms);
            }
            app.outbox.notify_one();
            Ok(reply)
        };
        // Goes on where the asker hangs up: the clock has moved all the same.
        tokio::spawn(work).await.unwrap_or_else(|_| Err(store::stopped()))
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
        owner: Owner,
        key: Option<String>,
        request_hash: [u8; 32],
        job: impl FnOnce(&rusqlite::Connection) -> Outcome<Reply> + Send + 'static,
    ) -> Result<Reply, Error> {
        let Some(key) = key else {
            return self.store.run(job).await;
        };
        let _in_flight = InFlight::enter(self, (owner.name().to_owned(), key.clone()))?;
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

    /// Pays as [`App::once_with_events`] does, and notes that the bank asked for authentication: the
    /// job that found out has done nothing and is rolled back.
    ///
    /// # Errors
    ///
    /// Those of [`App::once`].
    pub async fn pay_once(
        self: &Arc<Self>,
        owner: Owner,
        key: Option<String>,
        request_hash: [u8; 32],
        (session_id, card): (String, &'static TestCard),
        job: impl FnOnce(&rusqlite::Connection) -> Outcome<Reply> + Send + 'static,
    ) -> Result<Reply, Error> {
        let reply = self.once_with_events(owner, key, request_hash, job).await;
        if reply.as_ref().is_err_and(|error| error.code() == code::AUTHENTICATION_REQUIRED) {
            let note = move |db: &rusqlite::Connection| {
                checkout::note_authentication(db, &session_id, card, clock::machine_now_ms())
            };
            self.store.run(note).await?;
        }
        reply
    }

    /// Runs a job as [`App::once`] does, and then wakes the delivery for the events that it wrote.
    ///
    /// It goes on where the asker hangs up: what is durable must not wait for the next wake-up.
    ///
    /// # Errors
    ///
    /// Those of [`App::once`].
    pub async fn once_with_events(
        self: &Arc<Self>,
        owner: Owner,
        key: Option<String>,
        request_hash: [u8; 32],
        job: impl FnOnce(&rusqlite::Connection) -> Outcome<Reply> + Send + 'static,
    ) -> Result<Reply, Error> {
        let app = Arc::clone(self);
        let work = async move {
            let reply = app.once(owner, key, request_hash, job).await;
            app.outbox.notify_one();
            reply
        };
        tokio::spawn(work).await.unwrap_or_else(|_| Err(store::stopped()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_of_the_clock_that_is_told_late_does_not_set_it_back() {
        let merchant = Merchant {
            id: "mer_1".into(),
            kind: MerchantKind::Direct,
            default_currency: Currency::USD,
            webhook_secret: Secret::from("whsec_1"),
            clock_offset_ms: 0,
        };
        let caller = Caller { merchant, clock_offset_ms: AtomicI64::new(0) };
        caller.advance_to(2_000_000);
        caller.advance_to(1_000_000);
        assert!(caller.now_ms() >= clock::machine_now_ms() + 1_999_000);
    }
}
