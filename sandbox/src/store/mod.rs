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
mod faults;
mod idempotency;
mod identity;
mod merchants;
mod queue;
mod sessions;
mod steps;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use faststar::error::{Error, ErrorKind, code};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::clock;

pub use catalog::{
    PAGE_BYTES, add_example_catalog, add_price, add_product, catalog_of, list_prices,
    list_products, product_exists,
};
pub use deliveries::{Attempt, Due, GONE, Taken, record_attempt, take_due};
pub use endpoints::{
    Endpoint, MOST_ENDPOINTS, add_endpoint, delete_endpoint, enable_endpoint, list_endpoints,
    set_start_endpoint,
};
pub use events::{
    DELIVERY_STATES, EventRow, ListedEvent, add_event, events_of_session, list_events, resend,
};
pub use faults::{faults_of, set_faults};
pub use idempotency::{Answer as KeptAnswer, Owner, find_answer, keep_answer};
pub use merchants::{
    Merchant, add_key, add_merchant, find_merchant, first_merchant, list_keys, list_merchants,
    merchant_of_key, move_clock,
};
pub use queue::{Pace, Room, is_settled, note_slow};
pub use sessions::{SessionRow, add_session, find_session, list_sessions, update_session};
pub use steps::{Step, add_step, steps_of};

/// How many jobs may wait before new ones are refused.
const QUEUE: usize = 4096;
/// How many jobs share a commit at the most.
const BATCH: usize = 512;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_start.sql"),
    include_str!("../../migrations/0002_outbox.sql"),
    include_str!("../../migrations/0003_answers.sql"),
    include_str!("../../migrations/0004_answers_age.sql"),
    include_str!("../../migrations/0005_console.sql"),
    include_str!("../../migrations/0006_endpoints.sql"),
    include_str!("../../migrations/0007_rate_known.sql"),
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
/// Gets an error where the transaction could not begin: then it must not run, only answer.
type Job = Box<dyn FnOnce(Result<&Connection, Error>) -> Answer + Send>;

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
    /// Kind `Configuration` where the file cannot be opened, is in use by another sandbox, is another
    /// program's, or is of a newer version.
    pub fn open(location: &Location) -> Result<Self, Error> {
        let refuse = |message: String| {
            Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message)
                .with_param("--db")
        };
        let explain = |failure| match failure {
            Failure::Refused(error) => error.with_param("--db"),
            Failure::Database(error) => refuse(match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                    "another sandbox has this database open; stop it or name another file".into()
                }
                _ => format!("the database cannot be opened: {error}"),
            }),
        };
        if let Location::File(path) = location {
            make_private(path).map_err(|error| {
                refuse(format!("the database file cannot be made: {error}; name another one"))
            })?;
            identity::check_file(path).map_err(explain)?;
        }
        let connection = connect(location).map_err(explain)?;
        let usable = migrate(&connection)
            .and_then(|()| deliveries::pull_in(&connection, clock::machine_now_ms()))
            .and_then(|()| queue::start(&connection));
        usable.map_err(|failure| match failure {
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
        let job: Job = Box::new(move |begun| {
            let outcome =
                begun.and_then(|connection| in_savepoint(connection, job).map_err(Error::from));
            Box::new(move |committed| {
                // The asker may have gone; what was committed stays.
                let _ = sender.send(committed.and(outcome));
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

/// Makes the error of a server that ends.
pub fn stopped() -> Error {
    Error::new(ErrorKind::Server, code::OVERLOADED, "the sandbox is stopping")
        .with_status(503)
        .with_retryable(true)
}

/// Makes the file where it is not there, for its owner alone: it holds secrets. SQLite gives the
/// files that it puts beside it the same permissions.
fn make_private(path: &Path) -> std::io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn connect(location: &Location) -> Outcome<Connection> {
    let connection = match location {
        Location::Memory => Connection::open_in_memory()?,
        Location::File(path) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            // The bundled SQLite takes what begins with `file:` for a URI; a path never does here.
            Connection::open_with_flags(Path::new(".").join(path), flags)?
        }
    };
    // A file that is in use stays so: its sandbox locks it until it ends.
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;")?;
    // Once more, now that what a crash left beside the file is seen too; and marked before the rest,
    // while that goes to the file itself.
    identity::check(&connection)?;
    identity::mark(&connection)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
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
        if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
            first(Err(failed("to begin", error)))(Ok(()));
            continue;
        }
        let mut answers = vec![first(Ok(connection))];
        // On a full disk and the like SQLite may end the whole transaction by itself. What came
        // before is lost then, and what came after would commit alone.
        while answers.len() < BATCH && !connection.is_autocommit() {
            match jobs.try_recv() {
                Ok(job) => answers.push(job(Ok(connection))),
                Err(_) => break,
            }
        }
        // Fails where there is no transaction any more.
        let committed = connection.execute_batch("COMMIT");
        if committed.is_err() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        let committed = committed.map_err(|error| failed("to commit", error));
        for answer in answers {
            answer(committed.as_ref().copied().map_err(again));
        }
    }
}

fn failed(what: &str, error: rusqlite::Error) -> Error {
    tracing::error!(%error, "the database failed {what}");
    let message = format!("the database failed {what}: {error}");
    Error::new(ErrorKind::Internal, code::INTERNAL, message).with_source(error)
}

/// Makes the same error for another job of the batch.
fn again(error: &Error) -> Error {
    Error::new(ErrorKind::Internal, code::INTERNAL, error.message())
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
    if connection.is_autocommit() {
        // SQLite has rolled back everything, and the savepoint is gone.
        return outcome;
    }
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
    use std::os::unix::fs::PermissionsExt;

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

    /// A file in a folder that is gone when the test is.
    pub struct Scratch(PathBuf);

    impl Scratch {
        pub fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("faststar-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub fn file(&self) -> PathBuf {
            self.0.join("sandbox.db")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_database_of_every_older_version_is_brought_up_to_date_and_keeps_its_rows() {
        let tables = |db: &Connection| -> Vec<String> {
            let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
            let mut statement = db.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let new = Connection::open_in_memory().unwrap();
        migrate(&new).unwrap();
        for old in 1..MIGRATIONS.len() {
            let db = Connection::open_in_memory().unwrap();
            db.pragma_update(None, "foreign_keys", true).unwrap();
            for migration in &MIGRATIONS[..old] {
                db.execute_batch(migration).unwrap();
            }
            db.execute_batch(&format!(
                "PRAGMA user_version = {old};
                 INSERT INTO merchants (id, kind, default_currency, webhook_secret,
                     clock_offset_ms, created_at) VALUES ('mer_1', 'direct', 'USD', 's', 0, 0);
                 INSERT INTO api_keys (hash, merchant_id, created_at) VALUES (x'01', 'mer_1', 0);"
            ))
            .unwrap();
            migrate(&db).unwrap();
            assert_eq!(tables(&db), tables(&new), "from version {old}");
            let found = merchant_of_key(&db, &[1]).unwrap();
            assert_eq!(found.map(|merchant| merchant.id).as_deref(), Some("mer_1"));
            assert_eq!(list_keys(&db, "mer_1", 5).unwrap()[0].hint, "");
        }
    }

    #[tokio::test]
    async fn the_files_are_their_owners_alone_and_a_locked_one_is_refused_without_a_wait() {
        let scratch = Scratch::new("private");
        let store = Store::open(&Location::File(scratch.file())).unwrap();
        let wait = store
            .run(|db| Ok(db.pragma_query_value(None, "busy_timeout", |row| row.get::<_, i64>(0))?));
        assert_eq!(wait.await.unwrap(), 0);
        let files = std::fs::read_dir(&scratch.0).unwrap();
        let modes: Vec<_> = files
            .map(|file| file.unwrap().metadata().unwrap().permissions().mode() & 0o777)
            .collect();
        assert!(modes.len() >= 2, "the database and its write-ahead log");
        assert!(modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
        let refused = Store::open(&Location::File(scratch.file())).unwrap_err();
        assert!(refused.message().contains("another sandbox has this database open"));
    }

    /// Gives the id that the file itself has, whatever is still in its write-ahead log.
    fn id_in(path: &Path) -> Vec<u8> {
        std::fs::read(path).unwrap()[68..72].to_vec()
    }

    #[test]
    fn another_programs_file_is_refused_and_not_touched() {
        let scratch = Scratch::new("foreign");
        let tables = "CREATE TABLE django_migrations (id INTEGER); INSERT INTO django_migrations VALUES (1);";
        let own_names = "CREATE TABLE merchants (id); CREATE TABLE api_keys (id); CREATE TABLE deliveries (id);";
        for (name, setup) in [
            ("a Django project's", tables.to_owned()),
            ("one in WAL mode", format!("PRAGMA journal_mode = WAL; {tables}")),
            ("one with a version", format!("{tables} PRAGMA user_version = 3;")),
            ("one with such tables", own_names.into()),
            ("one with an id", format!("PRAGMA application_id = 1196444487; {tables}")),
            ("an empty one with an id", "PRAGMA application_id = 1196444487;".into()),
            ("an empty one with a version", "PRAGMA user_version = 3;".into()),
        ] {
            let _ = std::fs::remove_file(scratch.file());
            Connection::open(scratch.file()).unwrap().execute_batch(&setup).unwrap();
            let before = std::fs::read(scratch.file()).unwrap();
            let refused = Store::open(&Location::File(scratch.file())).unwrap_err();
            assert_eq!(refused.param(), Some("--db"), "{name}");
            let message = refused.message();
            assert!(message.contains("another program's") && !message.contains('\n'), "{message}");
            assert!(std::fs::read(scratch.file()).unwrap() == before, "{name} was changed");
            let files = std::fs::read_dir(&scratch.0).unwrap().count();
            assert_eq!(files, 1, "{name} has files beside it");
        }
        std::fs::write(scratch.file(), "{\"name\": \"package.json\"}".repeat(100)).unwrap();
        let refused = Store::open(&Location::File(scratch.file())).unwrap_err();
        assert!(refused.message().contains("not an SQLite database"), "{refused}");
    }

    #[test]
    fn another_programs_file_in_use_is_refused_as_such() {
        let scratch = Scratch::new("in-use");
        let other = Connection::open(scratch.file()).unwrap();
        other
            .execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE; INSERT INTO t VALUES (1);")
            .unwrap();
        let refused = Store::open(&Location::File(scratch.file())).unwrap_err();
        assert!(refused.message().contains("another program's"), "{refused}");
        other.execute_batch("COMMIT").unwrap();
    }

    #[test]
    fn a_database_is_marked_at_once_and_an_older_one_when_it_is_opened() {
        let scratch = Scratch::new("marked");
        for old in 0..=MIGRATIONS.len() {
            let _ = std::fs::remove_file(scratch.file());
            let db = Connection::open(scratch.file()).unwrap();
            for migration in &MIGRATIONS[..old] {
                db.execute_batch(migration).unwrap();
            }
            db.pragma_update(None, "user_version", old as i64).unwrap();
            drop(db);
            for _ in 0..2 {
                drop(Store::open(&Location::File(scratch.file())).unwrap());
                assert_eq!(id_in(&scratch.file()), b"FSsb", "from version {old}");
            }
        }
        let _ = std::fs::remove_file(scratch.file());
        let store = Store::open(&Location::File(scratch.file())).unwrap();
        assert_eq!(id_in(&scratch.file()), b"FSsb", "a new one, before its log is taken in");
        drop(store);
    }

    #[test]
    fn a_name_that_looks_like_a_uri_is_only_a_path() {
        let scratch = Scratch::new("uri");
        let uri = format!("file:{}?mode=memory", scratch.file().display());
        // As a path it lies in a folder `file:`, which is not there.
        let refused = Store::open(&Location::File(uri.into())).unwrap_err();
        assert!(refused.message().contains("cannot be made"), "{refused}");
    }

    #[tokio::test]
    async fn on_a_full_disk_what_is_answered_ok_is_durable_and_what_failed_is_not() {
        let scratch = Scratch::new("full");
        let store = Store::open(&Location::File(scratch.file())).unwrap();
        let prepare = store.run(|db| {
            db.execute_batch("CREATE TABLE notes (text TEXT)")?;
            let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
            Ok(db.pragma_update(None, "max_page_count", pages + 4)?)
        });
        prepare.await.unwrap();
        let insert = |text: String| {
            store.run(move |db| Ok(db.execute("INSERT INTO notes VALUES (?1)", [text])?))
        };
        // Holds the thread until the others wait, so that all are one batch.
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let mut first = Box::pin(store.run(move |db| {
            let _ = blocked.recv();
            Ok(db.execute("INSERT INTO notes VALUES ('first')", [])?)
        }));
        assert!((&mut first).now_or_never().is_none());
        let mut batch = Vec::new();
        for text in ["before".to_owned(), "x".repeat(100_000), "after".into(), "last".into()] {
            let mut job = Box::pin(insert(text));
            assert!((&mut job).now_or_never().is_none());
            batch.push(job);
        }
        release.send(()).unwrap();
        let mut answers = vec![("first".to_owned(), first.await.is_ok())];
        for (job, text) in batch.into_iter().zip(["before", "large", "after", "last"]) {
            answers.push((text.into(), job.await.is_ok()));
        }
        assert!(answers.contains(&("large".into(), false)), "{answers:?}");
        drop(store);
        let db = Connection::open(scratch.file()).unwrap();
        for (text, is_ok) in answers {
            let count: i64 = db
                .query_row("SELECT count(*) FROM notes WHERE text = ?1", [&text], |row| row.get(0))
                .unwrap();
            assert_eq!(count, i64::from(is_ok), "{text}");
        }
    }

    #[tokio::test]
    async fn a_failing_or_panicking_job_leaves_nothing_behind() {
        let store = Store::open(&Location::Memory).unwrap();
        let insert =
            "INSERT INTO api_keys (hash, merchant_id, created_at) VALUES (x'01', 'mer_1', 0)";
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
