//! The listener: who is served, and a stop that loses nothing.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use faststar::MerchantKind;
use faststar::error::{Error, ErrorKind, Result, code};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::app::{App, NewMerchant};
use crate::connection;
use crate::delivery;
use crate::receivers::Receivers;
use crate::routes;
use crate::store::{Location, Store};

/// How many connections are served at once.
const CONNECTIONS: usize = 512;
/// How many more are told that there are too many; those beyond wait to be accepted.
const REFUSED: usize = 64;
/// How many connections may wait to be accepted; the kernel keeps fewer.
const BACKLOG: usize = 4096;
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
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            database: Location::Memory,
            merchant: None,
            receivers: Receivers::default(),
            webhook: None,
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
    /// Kind `Configuration` where the database or the port cannot be had, and `invalid_url` where the
    /// receiver is not allowed.
    pub async fn start(config: Config) -> Result<Self> {
        let store = Store::open(&config.database)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await;
        let (listener, address) = listener
            .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
            .map_err(|error| cannot_listen(config.port, &error))?;
        let app = Arc::new(App::new(store, config.receivers, format!("http://{address}")));
        let first_merchant = app.first_merchant(config.merchant).await?;
        if let Some(url) = &config.webhook {
            // Before anything is sent: the URL of an earlier start may be another program's by now.
            app.add_webhook(&first_merchant.merchant, url).await?;
        }
        let client = delivery::client(config.receivers)?;
        let (stop, stopped) = watch::channel(false);
        let delivering = tokio::spawn(delivery::run(Arc::clone(&app), client, stopped.clone()));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&app), stopped));
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

/// Serves who connects until the stop, and then waits until the last one is answered.
async fn accept(listener: TcpListener, app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let (router, refusing) = (routes::router(Arc::clone(&app)), routes::refusing(app));
    let serving = stop.clone();
    let mut connections = JoinSet::new();
    let admit = |connections: &mut JoinSet<()>, stream| {
        let router = if connections.len() < CONNECTIONS { &router } else { &refusing };
        connections.spawn(connection::serve(stream, router.clone(), serving.clone()));
    };
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS + REFUSED => {
                match accepted {
                    Ok((stream, _)) => admit(&mut connections, stream),
                    Err(error) => {
                        // Out of file descriptors, most likely: let some connections end first.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            }
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    // Who has connected before the stop may have sent a request. The kernel is asked itself, since
    // the runtime may not have heard of all of them yet.
    if let Ok(listener) = listener.into_std() {
        let waiting = listener.incoming().map_while(|stream| {
            let stream = stream.ok()?;
            stream.set_nonblocking(true).ok()?;
            TcpStream::from_std(stream).ok()
        });
        waiting.take(BACKLOG).for_each(|stream| admit(&mut connections, stream));
    }
    let all_gone = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all_gone).await;
}
