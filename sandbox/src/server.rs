//! The listener: connections, their time limits, and a stop that loses nothing.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use faststar::MerchantKind;
use faststar::error::{Error, ErrorKind, Result, code};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::app::{App, NewMerchant};
use crate::clock;
use crate::delivery;
use crate::ids;
use crate::receivers::Receivers;
use crate::reply::refusal_body;
use crate::routes;
use crate::store::{Location, Store};

/// How long a connection may take to send a request's head, or stay idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a stop waits for requests that are under way.
const GRACE: Duration = Duration::from_secs(10);

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on loopback; 0 picks a free one.
    pub port: u16,
    /// Where the database is.
    pub database: Location,
    /// What the merchant is that the start gives a key of: the first of this kind that the database
    /// has, or a new one. `None` takes the first of any kind, or makes a direct one.
    pub merchant: Option<MerchantKind>,
    /// Which receivers of webhooks are allowed.
    pub receivers: Receivers,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            database: Location::Memory,
            merchant: None,
            receivers: Receivers::default(),
        }
    }
}

/// A sandbox that runs in this process until [`Sandbox::stop`].
///
/// ```no_run
/// # async fn run() -> Result<(), faststar::Error> {
/// use faststar_sandbox::{Config, Sandbox};
///
/// let sandbox = Sandbox::start(Config::default()).await?;
/// println!("{} {}", sandbox.url(), sandbox.first_merchant().api_key.expose());
/// sandbox.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sandbox {
    app: Arc<App>,
    first_merchant: NewMerchant,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    delivering: JoinHandle<()>,
}

impl Sandbox {
    /// Opens the database, listens on loopback and starts to answer.
    ///
    /// # Errors
    ///
    /// Kind `Configuration` where the database or the port cannot be had.
    pub async fn start(config: Config) -> Result<Self> {
        let store = Store::open(&config.database)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await;
        let (listener, address) = listener
            .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
            .map_err(|error| cannot_listen(config.port, &error))?;
        let app = Arc::new(App::new(store, config.receivers, format!("http://{address}")));
        let first_merchant = app.first_merchant(config.merchant).await?;
        let client = delivery::client(config.receivers)?;
        let (stop, stopped) = watch::channel(false);
        let delivering = tokio::spawn(delivery::run(Arc::clone(&app), client, stopped.clone()));
        let accepting = tokio::spawn(accept(listener, routes::router(Arc::clone(&app)), stopped));
        Ok(Self { app, first_merchant, stop, accepting, delivering })
    }

    /// Gives the URL without a path: `http://127.0.0.1:4250`.
    pub fn url(&self) -> &str {
        &self.app.origin
    }

    /// Gives the merchant that the sandbox was started with, and its key.
    pub fn first_merchant(&self) -> &NewMerchant {
        &self.first_merchant
    }

    /// Gives the state behind the API, to make more merchants or endpoints without HTTP.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Answers the requests that have come, sends what is being sent, and ends.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.accepting.await;
        let _ = self.delivering.await;
    }
}

fn cannot_listen(port: u16, error: &std::io::Error) -> Error {
    let message = format!("port {port} cannot be had ({error}); --port 0 picks a free one");
    Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message).with_param("--port")
}

async fn accept(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    // Every connection holds a sender; the receiver learns when the last one is gone.
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    let serve = |stream: TcpStream| {
        let (router, stop, alive) = (router.clone(), stop.clone(), alive.clone());
        tokio::spawn(async move {
            serve_connection(stream, router, stop).await;
            drop(alive);
        });
    };
    let mut stopping = stop.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve(stream),
                Err(error) => {
                    // Out of file descriptors, most likely: let some connections end first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = stopping.changed() => break,
        }
    }
    // Serves who has connected before the stop; a request that is not read by then may still be lost.
    while let Ok(Ok((stream, _))) = tokio::time::timeout(Duration::ZERO, listener.accept()).await {
        serve(stream);
    }
    drop((listener, alive));
    stop.mark_unchanged();
    let _ = tokio::time::timeout(GRACE, all_gone.recv()).await;
}

async fn serve_connection(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    // Answers are small and whole; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = told_to_stop(&mut stop) => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    match ended {
        Ok(()) => {}
        Err(error) if error.is_timeout() => {
            let parts = connection.into_parts();
            // Half a head deserves an answer; a connection that was only idle is closed in silence.
            if !parts.read_buf.is_empty() {
                let mut stream = parts.io.into_inner();
                let _ = stream.write_all(&head_timeout()).await;
                let _ = stream.shutdown().await;
            }
        }
        Err(error) => tracing::debug!(%error, "a connection ended early"),
    }
}

async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // An error means that the sandbox is gone, which is a reason to stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Gives the answer to a request whose head did not arrive in time.
fn head_timeout() -> Vec<u8> {
    let message =
        format!("the request's head must arrive within {} seconds", HEAD_TIMEOUT.as_secs());
    let body = refusal_body(&Error::new(ErrorKind::Timeout, code::REQUEST_TIMEOUT, message));
    let head = format!(
        "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nx-request-id: {}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        ids::id("req_", clock::machine_now_ms()),
        body.len(),
    );
    [head.into_bytes(), body].concat()
}
