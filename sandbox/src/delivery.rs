//! The delivery of webhooks: from the outbox to the receivers, at least once.
//!
//! One request at a time goes to an endpoint, in the order of the events. An attempt that fails is
//! tried again by the schedule, and holds back only what tells of the same session. What is in the
//! outbox survives a crash, so an event may come twice and never not at all.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faststar::error::{Error, Result, code};
use faststar::webhook;
use futures_util::FutureExt;
use reqwest::redirect;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::clock::{machine_now_ms, wall_now_ms};
use crate::faults::Fault;
use crate::ids;
use crate::no_answer::NoAnswer;
use crate::receivers::{AllowedAddresses, Receivers};
use crate::store::{self, Attempt, Due, GONE, Pace, Room, Taken};
use crate::trust::Trust;

/// How long to wait after the first, second, … failed attempt; after the last one it is parked.
pub const SCHEDULE: &[Duration] = &[
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(6 * 60 * 60),
    Duration::from_secs(12 * 60 * 60),
];

/// How long a receiver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection to a receiver is kept open for the next webhook.
const KEPT_OPEN: Duration = Duration::from_secs(5);
/// How long to sleep when nothing is known to be due.
const IDLE: Duration = Duration::from_secs(60);
/// How long a receiver may take before it counts as a slow one.
const SLOW: Duration = Duration::from_millis(250);
/// How long to wait before an attempt is made for which there was no descriptor.
const NO_DESCRIPTOR_PAUSE: Duration = Duration::from_millis(500);
/// How long to wait before an attempt is noted that could not be, at first and at the most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long an attempt is told to have taken at the most.
const MOST_DURATION_MS: i64 = 60_000;
/// How long a stop waits for requests that are under way.
const GRACE: Duration = Duration::from_secs(2);

/// Makes the client that sends webhooks, and trusts the certificates of a file beside the web's.
///
/// # Errors
///
/// Kind `Internal` where TLS cannot be set up, `Configuration` where the file has no certificates.
pub fn client(receivers: Receivers, webhook_ca: Option<&Path>) -> Result<reqwest::Client> {
    let internal = |error: &dyn std::fmt::Display| {
        let message = format!("webhooks cannot be sent: {error}");
        Error::new(faststar::ErrorKind::Internal, code::INTERNAL, message)
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = Trust::new(webhook_ca, Arc::clone(&provider))?;
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| internal(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(AllowedAddresses(receivers)))
        .timeout(TIMEOUT)
        // What is kept open holds descriptors, beside those of the requests that are under way.
        .pool_idle_timeout(KEPT_OPEN)
        .pool_max_idle_per_host(2)
        .user_agent(concat!("faststar-sandbox/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| internal(&error))
}

/// Divides what may be under way at once, so that one merchant leaves room for the others, and its
/// endpoints that stall for those that do not.
fn room(most: usize, under_way: usize) -> Room {
    let part = |eighths: usize| u32::try_from((most * eighths / 8).max(1)).unwrap_or(u32::MAX);
    Room {
        all: most.saturating_sub(under_way),
        of_one: part(4),
        unknown: part(3),
        slow: part(1),
        prompt: part(1),
    }
}

/// Delivers what is due until told to stop, with at most `most` requests under way.
pub async fn run(
    app: Arc<App>,
    client: reqwest::Client,
    most: usize,
    mut stop: watch::Receiver<bool>,
) {
    let mut sends = JoinSet::new();
    loop {
        let mut wait = IDLE;
        let room = room(most, sends.len());
        if room.all > 0 {
            match app.store.run(move |db| store::take_due(db, machine_now_ms(), room)).await {
                Ok(Taken { due, wait_ms }) => {
                    if let Some(ms) = wait_ms {
                        wait = wait.min(Duration::from_millis(ms.max(1).unsigned_abs()));
                    }
                    for due in due {
                        let (app, client) = (Arc::clone(&app), client.clone());
                        sends.spawn(async move {
                            deliver(&app, &client, due).await;
                            app.attempted.notify_waiters();
                            app.live.changed();
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read");
                    wait = Duration::from_secs(1);
                }
            }
        }
        tokio::select! {
            _ = stop.changed() => break,
            () = app.outbox.notified() => {}
            () = tokio::time::sleep(wait) => {}
            Some(_) = sends.join_next() => {}
        }
    }
    // What does not end in time is sent again after the next start.
    let _ = tokio::time::timeout(GRACE, async { while sends.join_next().await.is_some() {} }).await;
}

/// Makes an attempt and notes it. One for which there is no descriptor is put off, and not counted.
async fn deliver(app: &App, client: &reqwest::Client, due: Due) {
    let made = loop {
        let mut making = pin!(attempt(app, client, &due));
        let made = match tokio::time::timeout(SLOW, &mut making).await {
            Ok(made) => made,
            Err(_) => {
                note_slow(app, &due).await;
                making.await
            }
        };
        if let Some(made) = made {
            break made;
        }
        let event = &due.event_id;
        tracing::warn!(event, "no file descriptor is left for a webhook; it is put off");
        tokio::time::sleep(NO_DESCRIPTOR_PAUSE).await;
    };
    note(app, made.of(due)).await;
}

/// Notes that an endpoint takes long, which makes room for its merchant's others.
async fn note_slow(app: &App, due: &Due) {
    let id = due.endpoint_id.clone();
    if app.store.run(move |db| store::note_slow(db, &id)).await.is_ok() {
        app.outbox.notify_one();
    }
}

/// An attempt that was made.
struct Made {
    at_ms: i64,
    took: Duration,
    status: Option<u16>,
    error: Option<String>,
    signature: Option<String>,
}

impl Made {
    fn of(self, due: Due) -> Attempt {
        let Self { at_ms, took, status, error, signature } = self;
        Attempt {
            at_ms,
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX).min(MOST_DURATION_MS),
            status,
            retry_in_ms: error.as_ref().and_then(|_| retry_in_ms(due.attempts)),
            error,
            signature,
            pace: if took < SLOW { Pace::Fast } else { Pace::Slow },
            due,
        }
    }
}

/// Sends a webhook once; `None` where this process had no descriptor for it.
async fn attempt(app: &App, client: &reqwest::Client, due: &Due) -> Option<Made> {
    let at_ms = machine_now_ms();
    let started = Instant::now();
    // The signature's time is what the machine's clock shows: a receiver compares it with its own.
    let signature = signature(due, wall_now_ms());
    let sent = send(app.receivers, client, due, signature.as_deref());
    let sent = AssertUnwindSafe(sent).catch_unwind().await;
    let sent = sent.unwrap_or_else(|_| Err(NoAnswer::Receiver("a defect of the sandbox".into())));
    let (status, error) = match sent {
        Ok(status @ 200..300) => (Some(status), None),
        Ok(status @ 300..400) => {
            (Some(status), Some("the receiver answered with a redirect; name its target".into()))
        }
        Ok(GONE) => {
            let message = "the receiver answered 410 Gone, so the endpoint is disabled; enable it \
                           once the receiver is back";
            (Some(GONE), Some(message.into()))
        }
        Ok(status) => (Some(status), Some(format!("the receiver answered {status}"))),
        Err(NoAnswer::Receiver(error)) => (None, Some(error)),
        Err(NoAnswer::NoDescriptors) => return None,
    };
    match &error {
        None => tracing::info!(event = due.event_id, status, "webhook delivered"),
        Some(error) => tracing::warn!(event = due.event_id, error, "webhook not delivered"),
    }
    Some(Made { at_ms, took: started.elapsed(), status, error, signature })
}

/// Notes an attempt, as often as it takes: until then nothing more goes to its endpoint.
async fn note(app: &App, attempt: Attempt) {
    let attempt = Arc::new(attempt);
    let mut pause = FIRST_PAUSE;
    loop {
        let noted = Arc::clone(&attempt);
        let Err(error) = app.store.run(move |db| store::record_attempt(db, &noted)).await else {
            return;
        };
        tracing::warn!(%error, "an attempt cannot be noted; its endpoint waits until it is");
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Signs what is sent; `None` where it is lost on purpose before.
fn signature(due: &Due, wall_ms: i64) -> Option<String> {
    let secret = match due.fault {
        Some(Fault::Drop) => return None,
        Some(Fault::CorruptSignature) => ids::secret("whsec_").into(),
        _ => due.secret.clone(),
    };
    Some(webhook::sign(due.body.as_bytes(), secret, wall_ms.div_euclid(1000)))
}

async fn send(
    receivers: Receivers,
    client: &reqwest::Client,
    due: &Due,
    signature: Option<&str>,
) -> Result<u16, NoAnswer> {
    let refused = |message: &str| NoAnswer::Receiver(message.to_owned());
    receivers.check(&due.url).map_err(|error| refused(error.message()))?;
    let Some(signature) = signature else {
        return Err(refused("lost on purpose, before it reached the receiver"));
    };
    let sent = client
        .post(&due.url)
        .header("Content-Type", "application/json")
        .header(webhook::SIGNATURE_HEADER, signature)
        .header(webhook::ID_HEADER, &due.event_id)
        .header(webhook::TIMESTAMP_HEADER, due.event_created_at.div_euclid(1000))
        .body(due.body.clone())
        .send()
        .await;
    match sent {
        Ok(_) if due.fault == Some(Fault::DropAnswer) => {
            Err(refused("the receiver's answer was lost on purpose"))
        }
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => Err(NoAnswer::of(&error, &due.url, TIMEOUT.as_secs())),
    }
}

/// Gives a wait between half of the schedule's step and all of it.
fn retry_in_ms(attempts_before: u32) -> Option<i64> {
    let step = SCHEDULE.get(attempts_before as usize)?.as_millis() as u64;
    i64::try_from(step / 2 + ids::random_below(step / 2 + 1)).ok()
}

#[cfg(test)]
mod tests {
    use faststar::{Currency, MerchantKind};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;
    use crate::store::{EventRow, Location, Store};

    /// Takes every webhook and says how many have come.
    async fn receiver() -> (String, mpsc::UnboundedReceiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                while !bytes.ends_with(b"{}") && stream.read_buf(&mut bytes).await.unwrap() > 0 {}
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                stream.write_all(answer).await.unwrap();
                let _ = sender.send(());
            }
        });
        (url, received)
    }

    #[tokio::test]
    async fn an_attempt_that_cannot_be_noted_is_noted_later_and_not_made_again() {
        let (url, mut received) = receiver().await;
        let store = Store::open(&Location::Memory).unwrap();
        let (app, _) = App::new(store, Receivers::default(), "http://127.0.0.1:1".into());
        let app = Arc::new(app);
        let new = app.add_merchant(MerchantKind::Direct, Currency::USD).await.unwrap();
        app.add_webhook(&new.merchant, &url).await.unwrap();
        let fail = "CREATE TRIGGER full BEFORE INSERT ON attempts
                    BEGIN SELECT RAISE(ABORT, 'no room'); END";
        app.store.run(move |db| Ok(db.execute_batch(fail)?)).await.unwrap();
        let event = EventRow {
            id: "evt_1".into(),
            merchant_id: new.merchant.id,
            session_id: "cs_1".into(),
            event_type: "payment.succeeded".into(),
            created_at: 0,
            body: "{}".into(),
        };
        app.store.run(move |db| store::add_event(db, &event)).await.unwrap();
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(run(
            Arc::clone(&app),
            client(Receivers::default(), None).unwrap(),
            256,
            stopped,
        ));
        received.recv().await.unwrap();
        // Each of these would have sent it again.
        for _ in 0..50 {
            app.outbox.notify_one();
            app.store.run(|_| Ok(())).await.unwrap();
        }
        app.store.run(|db| Ok(db.execute_batch("DROP TRIGGER full")?)).await.unwrap();
        let state = || {
            app.store.run(|db| {
                let sql = "SELECT state FROM deliveries";
                Ok(db.query_row(sql, [], |row| row.get::<_, String>(0))?)
            })
        };
        while state().await.unwrap() != "delivered" {
            tokio::task::yield_now().await;
        }
        assert!(received.try_recv().is_err(), "it came once");
    }

    #[test]
    fn waits_stay_within_their_step_and_end() {
        for (attempts, step) in SCHEDULE.iter().enumerate() {
            let wait = retry_in_ms(attempts as u32).unwrap();
            let step = step.as_millis() as i64;
            assert!((step / 2..=step).contains(&wait));
        }
        assert_eq!(retry_in_ms(SCHEDULE.len() as u32), None);
    }
}
