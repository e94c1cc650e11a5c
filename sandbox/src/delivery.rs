//! The delivery of webhooks: from the outbox to the receivers, at least once.
//!
//! One request at a time goes to an endpoint, in the order of the events. An attempt that fails is
//! tried again by the schedule, and holds back only what tells of the same session. What is in the
//! outbox survives a crash, so an event may come twice and never not at all.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faststar::error::{Error, Result, code};
use faststar::webhook;
use futures_util::FutureExt;
use reqwest::redirect;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::clock::machine_now_ms;
use crate::faults::Fault;
use crate::ids;
use crate::receivers::{AllowedAddresses, Receivers};
use crate::store::{self, Attempt, Due, Room, Taken};

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
/// How long to sleep when nothing is known to be due.
const IDLE: Duration = Duration::from_secs(60);
/// How many requests may be under way at once, and how many of one merchant's.
const MAX_SENDS: usize = 256;
const MAX_SENDS_OF_ONE: u32 = 32;
/// How long to wait before an attempt is noted that could not be, at first and at the most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a stop waits for requests that are under way.
const GRACE: Duration = Duration::from_secs(2);

/// Makes the client that sends webhooks.
///
/// # Errors
///
/// Kind `Internal` where TLS cannot be set up.
pub fn client(receivers: Receivers) -> Result<reqwest::Client> {
    let internal = |error: &dyn std::fmt::Display| {
        let message = format!("webhooks cannot be sent: {error}");
        Error::new(faststar::ErrorKind::Internal, code::INTERNAL, message)
    };
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| internal(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(AllowedAddresses(receivers)))
        .timeout(TIMEOUT)
        .user_agent(concat!("faststar-sandbox/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| internal(&error))
}

/// Delivers what is due until told to stop.
pub async fn run(app: Arc<App>, client: reqwest::Client, mut stop: watch::Receiver<bool>) {
    let mut sends = JoinSet::new();
    loop {
        let mut wait = IDLE;
        let room = Room { all: MAX_SENDS - sends.len(), of_one: MAX_SENDS_OF_ONE };
        if room.all > 0 {
            match app.store.run(move |db| store::take_due(db, machine_now_ms(), room)).await {
                Ok(Taken { due, wait_ms }) => {
                    if let Some(ms) = wait_ms {
                        wait = wait.min(Duration::from_millis(ms.max(1).unsigned_abs()));
                    }
                    for due in due {
                        let (app, client) = (Arc::clone(&app), client.clone());
                        sends.spawn(async move {
                            note(&app, attempt(&app, &client, due).await).await;
                            app.attempted.notify_waiters();
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

async fn attempt(app: &App, client: &reqwest::Client, due: Due) -> Attempt {
    let at_ms = machine_now_ms();
    let started = Instant::now();
    let sent = AssertUnwindSafe(send(app.receivers, client, &due, at_ms)).catch_unwind().await;
    let (status, error) = match sent.unwrap_or_else(|_| Err("a defect of the sandbox".into())) {
        Ok(status) if (200..300).contains(&status) => (Some(status), None),
        Ok(status) if (300..400).contains(&status) => {
            (Some(status), Some("the receiver answered with a redirect; name its target".into()))
        }
        Ok(status) => (Some(status), Some(format!("the receiver answered {status}"))),
        Err(error) => (None, Some(error)),
    };
    match &error {
        None => tracing::info!(event = due.event_id, status, "webhook delivered"),
        Some(error) => tracing::warn!(event = due.event_id, error, "webhook not delivered"),
    }
    Attempt {
        at_ms,
        duration_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
        status,
        retry_in_ms: error.as_ref().and_then(|_| retry_in_ms(due.attempts)),
        error,
        due,
    }
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

async fn send(
    receivers: Receivers,
    client: &reqwest::Client,
    due: &Due,
    at_ms: i64,
) -> Result<u16, String> {
    receivers.check(&due.url).map_err(|error| error.message().to_owned())?;
    if due.fault == Some(Fault::Drop) {
        return Err("lost on purpose, before it reached the receiver".into());
    }
    let secret = match due.fault {
        Some(Fault::CorruptSignature) => ids::secret("whsec_").into(),
        _ => due.secret.clone(),
    };
    // The signature's time is the machine's: a receiver compares it with its own clock.
    let signature = webhook::sign(due.body.as_bytes(), secret, at_ms.div_euclid(1000));
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
            Err("the receiver's answer was lost on purpose".into())
        }
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) if error.is_timeout() => {
            Err(format!("no answer within {} seconds", TIMEOUT.as_secs()))
        }
        Err(error) if error.is_connect() => Err("the receiver could not be reached".into()),
        Err(error) => Err(error.without_url().to_string()),
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
        let app = Arc::new(App::new(store, Receivers::default(), "http://127.0.0.1:1".into()));
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
        tokio::spawn(run(Arc::clone(&app), client(Receivers::default()).unwrap(), stopped));
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
