//! The delivery of webhooks: from the outbox to the receivers, at least once.
//!
//! One request at a time goes to an endpoint, in the order of the events. An attempt that fails is
//! tried again by the schedule, and holds back only what tells of the same session. What is in the
//! outbox survives a crash, so an event may come twice and never not at all.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faststar::error::{Error, Result, code};
use faststar::webhook;
use reqwest::redirect;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::clock;
use crate::ids;
use crate::receivers::{AllowedAddresses, Receivers};
use crate::store::{self, Attempt, Due};

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
    let mut busy = HashSet::new();
    let mut sends = JoinSet::new();
    loop {
        let mut wait = IDLE;
        match app.store.run(|db| store::take_due(db, clock::machine_now_ms())).await {
            Ok(nexts) => {
                for next in nexts {
                    if let Some(ms) = next.wait_ms {
                        wait = wait.min(Duration::from_millis(ms.max(1).unsigned_abs()));
                    }
                    if let Some(due) = next.due
                        && busy.insert(next.endpoint_id.clone())
                    {
                        let (app, client) = (Arc::clone(&app), client.clone());
                        sends.spawn(async move {
                            attempt(&app, &client, due).await;
                            next.endpoint_id
                        });
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read");
                wait = Duration::from_secs(1);
            }
        }
        tokio::select! {
            _ = stop.changed() => break,
            () = app.outbox.notified() => {}
            () = tokio::time::sleep(wait) => {}
            Some(done) = sends.join_next() => match done {
                Ok(endpoint_id) => { busy.remove(&endpoint_id); }
                // A send that panicked leaves its endpoint to be tried again.
                Err(_) => busy.clear(),
            },
        }
    }
    // What does not end in time is sent again after the next start.
    let _ = tokio::time::timeout(GRACE, async { while sends.join_next().await.is_some() {} }).await;
}

async fn attempt(app: &App, client: &reqwest::Client, due: Due) {
    let at_ms = clock::machine_now_ms();
    let started = Instant::now();
    let (status, error) = match send(app.receivers, client, &due, at_ms).await {
        Ok(status) if (200..300).contains(&status) => (Some(status), None),
        Ok(status) if (300..400).contains(&status) => {
            (Some(status), Some("the receiver answered with a redirect; name its target".into()))
        }
        Ok(status) => (Some(status), Some(format!("the receiver answered {status}"))),
        Err(error) => (None, Some(error)),
    };
    let retry_in_ms = error.as_ref().and_then(|_| retry_in_ms(due.attempts));
    let attempt = Attempt {
        seq: due.seq,
        at_ms,
        duration_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
        status,
        error,
        retry_in_ms,
    };
    match &attempt.error {
        None => tracing::info!(event = due.event_id, status, "webhook delivered"),
        Some(error) => tracing::warn!(event = due.event_id, error, "webhook not delivered"),
    }
    if let Err(error) = app.store.run(move |db| store::record_attempt(db, &attempt)).await {
        tracing::warn!(%error, "an attempt could not be noted; the event will be sent again");
    }
}

async fn send(
    receivers: Receivers,
    client: &reqwest::Client,
    due: &Due,
    at_ms: i64,
) -> Result<u16, String> {
    receivers.check(&due.url).map_err(|error| error.message().to_owned())?;
    // The signature's time is the machine's: a receiver compares it with its own clock.
    let signature = webhook::sign(due.body.as_bytes(), due.secret.clone(), at_ms.div_euclid(1000));
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
    use super::*;

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
