//! `faststar sandbox`

use std::path::PathBuf;

use clap::ValueEnum;
use faststar::error::Error;
use faststar::{MerchantKind, Secret};
use faststar_sandbox::card::TEST_CARDS;
use faststar_sandbox::{Config, Location, Receivers, Sandbox, raise_descriptors};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::{block_on, failure, print};

/// The port of a sandbox that was not told another.
pub(super) const PORT: u16 = 4250;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// The database file, made when it is not there; `:memory:` forgets everything at the end
    #[arg(long, value_name = "FILE", default_value = ":memory:")]
    db: PathBuf,
    /// What the merchant is: `mor` must reference the catalog, `direct` may use ad hoc amounts too
    ///
    /// With a --db that has merchants already, the first one of this kind is taken, or a new one is
    /// made. Without --merchant it is the first of any kind, and a direct one in a new database.
    #[arg(long, value_enum)]
    merchant: Option<Kind>,
    /// Send all events to this URL
    ///
    /// With --db, the next start's URL takes the place of this one, also for what still waits.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Trust the certificates of this PEM file in receivers of webhooks, beside the web's
    ///
    /// It has the authority that signed a receiver's certificate, or that certificate itself.
    #[arg(long, value_name = "FILE")]
    webhook_ca: Option<PathBuf>,
    /// Allow webhooks to go to other machines
    #[arg(long)]
    allow_remote_webhooks: bool,
    /// End when standard input is closed, and so with the program that holds its other end
    #[arg(long)]
    until_stdin_closes: bool,
    /// Print one JSON line with url, api_key, webhook_secret, merchant_id and console_url, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Mor,
    Direct,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Error> {
    // With --json the reader is a program, which wants to hear of what goes wrong only.
    let default = if arguments.json { "warn" } else { "info" };
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_env_var("FASTSTAR_LOG")
        .try_from_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_target(false).init();
    block_on(serve(arguments), tokio::runtime::Runtime::new())
}

async fn serve(arguments: Arguments) -> Result<(), Error> {
    let database = match arguments.db.to_str() {
        Some(":memory:") => Location::Memory,
        _ => Location::File(arguments.db),
    };
    let config = Config {
        port: arguments.port,
        database,
        merchant: arguments.merchant.map(|kind| match kind {
            Kind::Mor => MerchantKind::MerchantOfRecord,
            Kind::Direct => MerchantKind::Direct,
        }),
        receivers: Receivers { remote: arguments.allow_remote_webhooks },
        webhook: arguments.webhook,
        webhook_ca: arguments.webhook_ca,
    };
    raise_descriptors();
    // Before the first line goes out, so that whoever reads it can already end us well.
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| failure(e.to_string()))?;
    let started = Sandbox::start(config).await;
    let sandbox = started.map_err(|error| match error.param() {
        Some("url") => error.with_param("--webhook"),
        _ => error,
    })?;
    if arguments.json {
        print(ready_line(&sandbox));
    } else {
        let first = &sandbox.first_merchant().merchant;
        let has_example = sandbox.app().add_example_catalog(first).await?;
        print(welcome(&sandbox, has_example));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        () = stdin_closed(), if arguments.until_stdin_closes => {}
    }
    sandbox.stop().await;
    Ok(())
}

/// Waits for the end of standard input and forgets what it says.
async fn stdin_closed() {
    let (closed, wait) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime would wait for one of its own to come back from reading.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = closed.send(());
    });
    let _ = wait.await;
}

fn ready_line(sandbox: &Sandbox) -> String {
    let first = sandbox.first_merchant();
    json!({
        "url": sandbox.url(),
        "api_key": first.api_key,
        "webhook_secret": first.merchant.webhook_secret,
        "merchant_id": first.merchant.id,
        "console_url": sandbox.console_url(),
    })
    .to_string()
}

fn welcome(sandbox: &Sandbox, has_example: bool) -> String {
    let (url, first) = (sandbox.url(), sandbox.first_merchant());
    let expose = Secret::expose;
    let cards: Vec<_> =
        TEST_CARDS.iter().map(|card| format!("  {} {}", card.number, card.doc)).collect();
    let example = if has_example {
        "Its catalog has price_xxx, 9.99 USD, so the documentation's examples run as they stand.\n\n"
    } else {
        ""
    };
    format!(
        "The FastStar sandbox is ready. It is a {} merchant's; stop it with Ctrl-C.\n\n\
         See it all: {}\n\n\
         export FASTSTAR_BASE_URL={url}/api/v1\n\
         export FASTSTAR_API_KEY={}\n\
         export FASTSTAR_WEBHOOK_SECRET={}\n\n\
         {example}Test cards:\n{}\n\n\
         The API is described at {url}/openapi.json\n",
        first.merchant.kind,
        expose(&sandbox.console_url()),
        expose(&first.api_key),
        expose(&first.merchant.webhook_secret),
        cards.join("\n"),
    )
}
