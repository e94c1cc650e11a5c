//! The listener: who is served, and a stop that loses nothing.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use faststar::error::{Error, ErrorKind, Result, code};
use faststar::{MerchantKind, Secret};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::app::{App, NewMerchant};
use crate::connection;
use crate::delivery;
use crate::journal;
use crate::limits::Limits;
use crate::receivers::Receivers;
use crate::routes;
use crate::store::{Location, Store};

/// How many connections may wait to be accepted, where the kernel allows it.
const BACKLOG: u32 = 4096;
/// How much of an answer the kernel holds for a client that does not read.
const SEND_BUFFER: u32 = 128 * 1024;
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
    /// Where all events of that merchant go, what still waits from an earlier start too.
    pub webhook: Option<String>,
    /// A PEM file with certificates that receivers of webhooks may have, beside the web's.
    pub webhook_ca: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            database: Location::Memory,
            merchant: None,
            receivers: Receivers::default(),
            webhook: None,
            webhook_ca: None,
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
    /// Kind `Configuration` where the database, the port or the certificates cannot be had, and
    /// `invalid_url` where the receiver is not allowed.
    pub async fn start(config: Config) -> Result<Self> {
        let limits = Limits::of_this_process();
        let client = delivery::client(config.receivers, config.webhook_ca.as_deref())?;
        let store = Store::open(&config.database)?;
        let (listener, address) = listen(config.port)
            .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
            .map_err(|error| cannot_listen(config.port, &error))?;
        let (app, requests) = App::new(store, config.receivers, format!("http://{address}"));
        let app = Arc::new(app);
        tokio::spawn(journal::run(Arc::downgrade(&app), requests));
        let first_merchant = app.first_merchant(config.merchant).await?;
        if let Some(url) = &config.webhook {
            // Before anything is sent: the URL of an earlier start may be another program's by now.
            app.add_webhook(&first_merchant.merchant, url).await?;
        }
        let (stop, stopped) = watch::channel(false);
        let sending = delivery::run(Arc::clone(&app), client, limits.sends, stopped.clone());
        let delivering = tokio::spawn(sending);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&app), limits, stopped));
        Ok(Self { app, first_merchant, stop, accepting, delivering })
    }

    /// Gives the URL without a path: `http://127.0.0.1:4250`.
    pub fn url(&self) -> &str {
        &self.app.origin
    }

    /// Gives the link that opens the console; whoever has it acts for every merchant.
    pub fn console_url(&self) -> Secret {
        format!("{}/#token={}", self.url(), self.app.console_token.expose()).into()
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
        self.app.live.stop();
        let _ = self.accepting.await;
        let _ = self.delivering.await;
    }
}

fn cannot_listen(port: u16, error: &std::io::Error) -> Error {
    let message = format!("port {port} cannot be had ({error}); --port 0 picks a free one");
    Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message).with_param("--port")
}

/// Listens on loopback. What is accepted has the listener's send buffer.
fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

/// The connections that are open.
struct Connections {
    limits: Limits,
    router: Router,
    refusing: Router,
    stop: watch::Receiver<bool>,
    served: JoinSet<()>,
    refused: JoinSet<()>,
    /// The refused ones, the oldest first; some may have ended.
    crowd: VecDeque<AbortHandle>,
}

impl Connections {
    fn new(app: Arc<App>, limits: Limits, stop: watch::Receiver<bool>) -> Self {
        let (router, refusing) = (routes::router(Arc::clone(&app)), routes::refusing(app));
        let (served, refused) = (JoinSet::new(), JoinSet::new());
        Self { limits, router, refusing, stop, served, refused, crowd: VecDeque::new() }
    }

    /// Takes a connection in: to be served, or else to be told that there are too many.
    ///
    /// So none waits for the end of others, however many stall. Where too many are being refused,
    /// the oldest has to go: it had its time to ask.
    async fn admit(&mut self, stream: TcpStream) {
        let stop = self.stop.clone();
        if self.served.len() < self.limits.served {
            self.served.spawn(connection::serve(stream, self.router.clone(), stop));
            return;
        }
        while self.refused.len() >= self.limits.refused {
            self.evict();
            // Its descriptor is free when it has ended, and not before.
            self.refused.join_next().await;
        }
        let refusing = connection::serve(stream, self.refusing.clone(), stop);
        let handle = self.refused.spawn(refusing);
        self.crowd.push_back(handle);
    }

    /// Closes the oldest of those that are refused.
    fn evict(&mut self) {
        while let Some(oldest) = self.crowd.pop_front() {
            if !oldest.is_finished() {
                oldest.abort();
                break;
            }
        }
    }

    /// Waits until one has ended; for ever where there is none.
    async fn one_ended(&mut self) {
        tokio::select! {
            Some(_) = self.served.join_next() => {}
            Some(_) = self.refused.join_next() => {
                while self.crowd.front().is_some_and(AbortHandle::is_finished) {
                    self.crowd.pop_front();
                }
            }
            else => std::future::pending().await,
        }
    }

    async fn all_ended(&mut self) {
        while !self.served.is_empty() || !self.refused.is_empty() {
            self.one_ended().await;
        }
    }
}

/// Serves the clients that connect until the stop, and then waits until the last one is answered.
async fn accept(
    listener: TcpListener,
    app: Arc<App>,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = Connections::new(app, limits, stop.clone());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connections.admit(stream).await,
                Err(error) => {
                    // Out of file descriptors, most likely: one that is refused gives its own.
                    tracing::warn!(%error, "a connection could not be accepted");
                    connections.evict();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            () = connections.one_ended() => {}
            _ = stop.changed() => break,
        }
    }
    // A client that connected before the stop may have sent a request. The kernel is asked itself,
    // since the runtime may not have heard of all of them yet.
    if let Ok(listener) = listener.into_std() {
        let waiting = listener.incoming().map_while(|stream| {
            let stream = stream.ok()?;
            stream.set_nonblocking(true).ok()?;
            TcpStream::from_std(stream).ok()
        });
        for stream in waiting.take(BACKLOG as usize) {
            connections.admit(stream).await;
        }
    }
    let _ = tokio::time::timeout(GRACE, connections.all_ended()).await;
}
