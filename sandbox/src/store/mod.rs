//! The database: one thread, one connection, group commit, and an answer only after the commit.
//!
//! A job is a function of the connection. The thread takes what is queued, runs each job in a
//! savepoint of one transaction, commits once, and only then answers all of them. So a job never
//! sees half of another, one `fsync` serves many, and what was answered survives a crash. Reads
//! take the same way: an answer must not tell of a write that is not durable yet.
//!
//! SQL stands in this folder and nowhere else.

mod catalog;
mod deliveries;
mod endpoints;
mod events;
mod idempotency;
mod merchants;
mod sessions;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use faststar::error::{Error, ErrorKind, code};
use rusqlite::Connection;
use tokio::sync::oneshot;

pub use catalog::{add_price, add_product, catalog_of, list_prices, list_products, product_exists};
pub use deliveries::{Attempt, Due, record_attempt, take_due};
pub use endpoints::{Endpoint, add_endpoint, delete_endpoint, list_endpoints};
pub use events::{EventRow, add_event, list_events, resend};
pub use idempotency::{Answer as KeptAnswer, find_answer, keep_answer};
pub use merchants::{
    Merchant, add_key, add_merchant, find_merchant, first_merchant, merchant_of_key, move_clock,
};
pub use sessions::{SessionRow, add_session, find_session, update_session};

/// How many jobs may wait before new ones are refused.
const QUEUE: usize = 4096;
/// How many jobs share a commit at the most.
const BATCH: usize = 512;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_start.sql"),
    include_str!("../../migrations/0002_answers.sql"),
];

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In memory, gone when the sandbox stops.
    Memory,
    /// In a file, made when it is not there.
    File(PathBuf),
}

/// Why a job did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// The request is refused.
    Refused(Error),
    /// The database failed.
    Database(rusqlite::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Database(error) => {
                tracing::error!(%error, "the database failed");
                Self::new(ErrorKind::Internal, code::INTERNAL, "the database failed; see the log")
                    .with_source(error)
            }
        }
    }
}

/// What a job gives.
pub type Outcome<T> = Result<T, Failure>;

type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Gets no connection where the transaction could not begin: then it must not run, only answer.
type Job = Box<dyn FnOnce(Option<&Connection>) -> Answer + Send>;

/// Runs jobs on the database.
#[derive(Debug)]
pub struct Store {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the database, brings its tables up to date and starts its thread.
    ///
    /// # Errors
    ///
    /// Kind `Configuration` where the file cannot be opened, is in use by another sandbox, or is of
    /// a newer version.
    pub fn open(location: &Location) -> Result<Self, Error> {
        let refuse = |message: String| {
            Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message)
                .with_param("--db")
        };
        let connection = connect(location).map_err(|error| {
            refuse(match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                    "another sandbox has this database open; stop it or name another file".into()
                }
                _ => format!("the database cannot be opened: {error}"),
            })
        })?;
        migrate(&connection).map_err(|failure| match failure {
            Failure::Refused(error) => error.with_param("--db"),
            Failure::Database(error) => refuse(format!("the database is not usable: {error}")),
        })?;
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || serve(&connection, &jobs))
            .map_err(|error| refuse(format!("no thread for the database: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs a job and waits until what it wrote is durable.
    ///
    /// # Errors
    ///
    /// The job's own; `overloaded` when too many jobs wait; kind `Internal` when the database
    /// fails.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let outcome = connection.map(|connection| in_savepoint(connection, job));
            Box::new(move |committed| {
                let answer = committed.and_then(|()| match outcome {
                    Some(outcome) => outcome.map_err(Error::from),
                    None => Err(overloaded()),
                });
                // The asker may have gone; what was committed stays.
                let _ = sender.send(answer);
            })
        });
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => overloaded(),
            TrySendError::Disconnected(_) => stopped(),
        })?;
        receiver.await.map_err(|_| stopped())?
    }
}

impl Drop for Store {
    /// Lets the queued jobs end and closes the database.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes the error of a server that has too much to do.
pub fn overloaded() -> Error {
    Error::new(ErrorKind::Server, code::OVERLOADED, "too many requests at once; retry in a second")
        .with_status(503)
        .with_retryable(true)
}

fn stopped() -> Error {
    Error::new(ErrorKind::Server, code::OVERLOADED, "the sandbox is stopping")
        .with_status(503)
        .with_retryable(true)
}

fn connect(location: &Location) -> rusqlite::Result<Connection> {
    let connection = match location {
        Location::Memory => Connection::open_in_memory()?,
        Location::File(path) => Connection::open(path)?,
    };
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -65536;
         PRAGMA wal_autocheckpoint = 4000;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn migrate(connection: &Connection) -> Outcome<()> {
    let done: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = done as usize;
    if done > MIGRATIONS.len() {
        let message = "the database was made by a newer version; upgrade, or name another file";
        return Err(
            Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message).into()
        );
    }
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let version = index + 1;
        connection.execute_batch(&format!(
            "BEGIN; {migration} PRAGMA user_version = {version}; COMMIT;"
        ))?;
    }
    Ok(())
}

fn serve(connection: &Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let begun = connection.execute_batch("BEGIN IMMEDIATE");
        let usable = begun.is_ok().then_some(connection);
        let mut answers = vec![first(usable)];
        while answers.len() < BATCH {
            match jobs.try_recv() {
                Ok(job) => answers.push(job(usable)),
                Err(_) => break,
            }
        }
        let committed = begun.and_then(|()| connection.execute_batch("COMMIT"));
        if committed.is_err() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        let failure = committed.err().map(|error| {
            tracing::error!(%error, "the database failed to commit");
            error.to_string()
        });
        for answer in answers {
            answer(match &failure {
                None => Ok(()),
                Some(message) => Err(Error::new(
                    ErrorKind::Internal,
                    code::INTERNAL,
                    format!("the database failed to commit: {message}"),
                )),
            });
        }
    }
}

/// Runs a job so that it leaves nothing behind when it fails or panics.
fn in_savepoint<T>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Outcome<T>,
) -> Outcome<T> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let outcome = catch_unwind(AssertUnwindSafe(|| job(connection))).unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Internal, code::INTERNAL, "a defect of the sandbox").into())
    });
    if outcome.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    outcome
}

/// Reads JSON that this store wrote.
fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("the database has a row that cannot be read: {error}");
        Error::new(ErrorKind::Internal, code::INTERNAL, message).into()
    })
}

/// Writes JSON for a column.
fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what the sandbox stores is made of texts and integers")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::stream::{FuturesUnordered, StreamExt};

    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_loses_nothing_that_it_took() {
        let store = Store::open(&Location::Memory).unwrap();
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let mut first = Box::pin(store.run(move |_| Ok(blocked.recv().is_ok())));
        assert!((&mut first).now_or_never().is_none());
        let mut others: FuturesUnordered<_> =
            (0..QUEUE + 10).map(|_| store.run(|_| Ok(()))).collect();
        for _ in 0..9 {
            let refused = others.next().await.unwrap().unwrap_err();
            assert_eq!((refused.code(), refused.status()), ("overloaded", Some(503)));
            assert!(refused.is_retryable());
        }
        release.send(()).unwrap();
        assert!(first.await.unwrap());
        let taken = others.filter(|taken| std::future::ready(taken.is_ok()));
        assert!(taken.count().await >= QUEUE);
    }

    #[tokio::test]
    async fn a_failing_or_panicking_job_leaves_nothing_behind() {
        let store = Store::open(&Location::Memory).unwrap();
        let insert = "INSERT INTO api_keys VALUES (x'01', 'mer_1', 0)";
        let refused = store.run(move |db| -> Outcome<()> {
            db.execute_batch("PRAGMA defer_foreign_keys = ON")?;
            db.execute(insert, [])?;
            Err(overloaded().into())
        });
        assert_eq!(refused.await.unwrap_err().code(), "overloaded");
        let panicked = store.run(|_| -> Outcome<()> { panic!("a defect") }).await.unwrap_err();
        assert_eq!(panicked.code(), "internal");
        let count = store.run(|db| {
            Ok(db.query_row("SELECT count(*) FROM api_keys", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(count.await.unwrap(), 0);
    }
}
