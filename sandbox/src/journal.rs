//! The last requests, for who looks at the console: in memory, bounded, and without secrets.
//!
//! A request leaves what it carries in a queue and goes on; a task of its own masks and keeps it.
//! Under load most are counted and not kept, so that being looked at does not slow the sandbox down.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri, header};
use faststar::error::{Error, ErrorKind, code};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::app::App;
use crate::{clock, mask};

/// How many requests are kept, and how many bytes they may have together: their bodies, and what is
/// around these at the most.
const MOST: usize = 500;
const MOST_BYTES: usize = 4 * 1024 * 1024;
const AROUND: usize = 2048;
/// How large a body may be to be kept; of others the size is told.
const MOST_BODY: usize = 32 * 1024;
/// How many requests may wait to be kept.
const QUEUE: usize = 256;
/// How many requests are kept in a row, and how many a second after that.
const BURST: u64 = 100;
const PER_SECOND: u64 = 20;
/// How long a shown path, query or header may be.
const MOST_TEXT: usize = 300;

/// What handlers leave of a request for the journal.
#[derive(Debug, Default)]
pub struct Tape {
    /// Who called.
    pub merchant_id: OnceLock<String>,
    /// The request's body.
    pub body: OnceLock<Bytes>,
}

/// The body of an answer, left in its extensions.
#[derive(Clone, Debug)]
pub struct Answered(pub Bytes);

/// A body as it was sent. One that is too large to be kept does not wait in the queue either.
pub struct Sent {
    bytes: usize,
    content: Option<Bytes>,
}

impl From<&Bytes> for Sent {
    fn from(content: &Bytes) -> Self {
        let bytes = content.len();
        Self { bytes, content: (bytes <= MOST_BODY).then(|| content.clone()) }
    }
}

/// A request and its answer as they were, secrets and all: only the journal's task gets it.
pub struct Raw {
    /// The request's id.
    pub id: String,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The request's headers.
    pub headers: HeaderMap,
    /// Who called.
    pub merchant_id: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// The request's body.
    pub body: Option<Sent>,
    /// The answer's body, where it is JSON.
    pub answer: Option<Sent>,
    /// How long the answer took.
    pub duration_us: u64,
}

/// A request that is kept, masked.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    #[serde(flatten)]
    head: Head,
    headers: Vec<(&'static str, String)>,
    request: Text,
    response: Text,
}

/// What the list tells of a request.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    seq: u64,
    id: String,
    at: String,
    method: String,
    path: String,
    query: String,
    status: u16,
    duration_us: u64,
    merchant_id: Option<String>,
    session_id: Option<String>,
    error_code: Option<String>,
}

/// A body, where it can be shown.
#[derive(Clone, Debug, Serialize)]
struct Text {
    bytes: usize,
    json: Option<Value>,
}

/// The requests that are kept.
#[derive(Debug)]
pub struct Journal {
    queue: mpsc::Sender<Raw>,
    kept: Mutex<Kept>,
    began: Instant,
    /// How many requests may be kept from the start until now, less those that were: a bucket that
    /// drips, in one number.
    taken: AtomicU64,
    skipped: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<(Arc<Entry>, usize)>,
    bytes: usize,
    next_seq: u64,
}

impl Journal {
    /// Makes an empty journal, and the end of the queue that [`run`] takes.
    pub fn new() -> (Self, mpsc::Receiver<Raw>) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let journal = Self {
            queue,
            kept: Mutex::default(),
            began: Instant::now(),
            taken: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
        };
        (journal, receiver)
    }

    /// Tells whether the next request is to be kept.
    pub fn wants(&self) -> bool {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wanted = self.admit(now.saturating_mul(PER_SECOND) / 1000);
        if !wanted {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
        wanted
    }

    /// Takes one of what has dripped; what was not taken in time is lost but for a burst.
    fn admit(&self, dripped: u64) -> bool {
        let take = |taken: u64| {
            let taken = taken.max(dripped);
            (taken < dripped + BURST).then_some(taken + 1)
        };
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Leaves a request to be kept, and does not wait.
    pub fn leave(&self, raw: Raw) {
        if self.queue.try_send(raw).is_err() {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells how many requests were not kept because there were too many at once.
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    /// Lists what is kept, the newest first.
    pub fn heads(&self) -> Vec<Head> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entries.iter().rev().map(|(entry, _)| entry.head.clone()).collect()
    }

    /// Finds a request by its id.
    ///
    /// # Errors
    ///
    /// `not_found` also for one that was kept and had to go.
    pub fn find(&self, id: &str) -> Result<Arc<Entry>, Error> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.entries.iter().find(|(entry, _)| entry.head.id == id);
        found.map(|(entry, _)| Arc::clone(entry)).ok_or_else(|| {
            let message = format!("this request is not kept; only the last {MOST} are");
            Error::new(ErrorKind::NotFound, code::NOT_FOUND, message).with_param("id")
        })
    }

    fn keep(&self, mut entry: Entry) {
        let shown =
            [&entry.request, &entry.response].into_iter().filter(|body| body.json.is_some());
        let size = AROUND + shown.map(|body| body.bytes).sum::<usize>();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.next_seq += 1;
        entry.head.seq = kept.next_seq;
        kept.bytes += size;
        kept.entries.push_back((Arc::new(entry), size));
        while kept.entries.len() > MOST || kept.bytes > MOST_BYTES {
            let Some((_, size)) = kept.entries.pop_front() else { break };
            kept.bytes -= size;
        }
    }
}

/// Masks and keeps what requests leave, until the sandbox is gone.
pub async fn run(app: std::sync::Weak<App>, mut queue: mpsc::Receiver<Raw>) {
    while let Some(raw) = queue.recv().await {
        let Some(app) = app.upgrade() else { return };
        app.journal.keep(masked(&raw));
        app.live.changed();
    }
}

fn masked(raw: &Raw) -> Entry {
    let request = body(raw.body.as_ref());
    let response = body(raw.answer.as_ref());
    let told = |pointer: &str| {
        let text = response.json.as_ref()?.pointer(pointer)?.as_str()?;
        Some(text.to_owned())
    };
    let path = short(mask::path(raw.uri.path()));
    let in_path = path.split('/').find(|part| part.starts_with("cs_")).map(str::to_owned);
    let head = Head {
        seq: 0,
        id: raw.id.clone(),
        at: clock::exact(clock::machine_now_ms()).to_string(),
        method: raw.method.to_string(),
        query: short(mask::query(raw.uri.query().unwrap_or_default())),
        status: raw.status,
        duration_us: raw.duration_us,
        merchant_id: raw.merchant_id.clone(),
        session_id: in_path.or_else(|| told("/data/session/id")),
        error_code: told("/error/code"),
        path,
    };
    Entry { head, headers: headers(&raw.headers), request, response }
}

fn body(sent: Option<&Sent>) -> Text {
    let json = sent.and_then(|sent| sent.content.as_ref()).and_then(|content| mask::json(content));
    Text { bytes: sent.map_or(0, |sent| sent.bytes), json }
}

fn headers(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    let shown = [
        (header::CONTENT_TYPE.as_str(), false),
        (header::USER_AGENT.as_str(), false),
        (header::ORIGIN.as_str(), false),
        ("idempotency-key", false),
        ("x-api-key", true),
    ];
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let shown = shown.into_iter().filter_map(|(name, is_secret)| {
        let value = text(name)?;
        Some((name, short(if is_secret { mask::secret(value) } else { mask::text(value) })))
    });
    shown.collect()
}

fn short(text: String) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(body: String) -> Raw {
        Raw {
            id: "req_1".into(),
            method: Method::POST,
            uri: "/api/v1/x".parse().unwrap(),
            headers: HeaderMap::new(),
            merchant_id: None,
            status: 200,
            body: Some((&Bytes::from(body)).into()),
            answer: None,
            duration_us: 1,
        }
    }

    #[test]
    fn it_keeps_the_newest_within_its_count() {
        let (journal, _queue) = Journal::new();
        for _ in 0..MOST + 7 {
            journal.keep(masked(&raw("{}".into())));
        }
        let heads = journal.heads();
        assert_eq!(heads.len(), MOST);
        assert_eq!((heads[0].seq, heads[MOST - 1].seq), (507, 8));
    }

    #[test]
    fn it_keeps_the_newest_within_its_bytes() {
        let (journal, _queue) = Journal::new();
        let body = format!("\"{}\"", "x ".repeat(MOST_BODY / 2 - 8));
        for _ in 0..300 {
            journal.keep(masked(&raw(body.clone())));
        }
        let kept = journal.kept.lock().unwrap();
        assert!(kept.bytes <= MOST_BYTES && kept.bytes > MOST_BYTES - 2 * (MOST_BODY + AROUND));
        let sum: usize = kept.entries.iter().map(|(_, size)| size).sum();
        assert_eq!(sum, kept.bytes);
    }

    #[test]
    fn of_what_is_large_or_no_json_only_the_size_is_kept() {
        for body in [format!("\"{}\"", "x".repeat(MOST_BODY)), "{\"secret\": \"hunter2\"".into()] {
            let entry = masked(&raw(body.clone()));
            assert_eq!((entry.request.bytes, entry.request.json), (body.len(), None));
        }
    }

    #[test]
    fn a_burst_is_kept_and_then_what_drips() {
        let (journal, _queue) = Journal::new();
        let admitted = |dripped| (0..1000).filter(|_| journal.admit(dripped)).count() as u64;
        assert_eq!(admitted(0), BURST);
        assert_eq!(admitted(30), 30);
        assert_eq!(admitted(1_000_000), BURST, "what was not taken does not pile up");
    }

    #[test]
    fn a_full_queue_is_counted_and_nobody_waits() {
        let (journal, _queue) = Journal::new();
        (0..QUEUE + 3).for_each(|_| journal.leave(raw("{}".into())));
        assert_eq!(journal.skipped(), 3);
    }
}
