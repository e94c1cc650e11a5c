//! The commands that drive a running sandbox: `complete`, `expire`, `clock`, `events`.

use std::fmt::Write;
use std::time::Duration;

use clap::Subcommand;
use faststar::error::{Error, ErrorKind, code};
use faststar::{Money, Secret};
use reqwest::Method;
use serde_json::{Value, json};
use url::{Host, Url, form_urlencoded};

use super::sandbox::PORT;
use super::{block_on, failure, print};

/// The longest answer that is read, as in the client.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// What helps where nobody gets an event.
const NO_ENDPOINT: &str = "start the sandbox with --webhook URL";

/// Which sandbox, and whose.
#[derive(clap::Args)]
pub(super) struct Target {
    /// The sandbox's URL, with or without /api/v1
    #[arg(long, env = "FASTSTAR_BASE_URL", value_name = "URL", default_value_t = default_url())]
    url: String,
    /// The merchant's API key
    #[arg(long, env = "FASTSTAR_API_KEY", hide_env_values = true, value_name = "KEY")]
    api_key: String,
    /// Print the answer's data as JSON
    #[arg(long)]
    json: bool,
}

/// Play the buyer of a session: pay, subscribe or save a card.
#[derive(clap::Args)]
pub(super) struct Complete {
    /// The session, cs_…
    session: String,
    /// What card: success, declined, authentication, or a test card's number
    #[arg(long, default_value = "success")]
    card: String,
    /// How the bank's check ends, where the card asks for one
    #[arg(long, value_parser = ["approved", "failed"])]
    authentication: Option<String>,
    #[command(flatten)]
    target: Target,
}

/// Expire a session before its time.
#[derive(clap::Args)]
pub(super) struct Expire {
    /// The session, cs_…
    session: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Subcommand)]
pub(super) enum Clock {
    /// Show the merchant's time
    Show {
        #[command(flatten)]
        target: Target,
    },
    /// Move the merchant's time forward: sessions expire, webhooks become due
    Advance {
        /// How far: 25h, 90m, 3d, 1d12h
        by: String,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Subcommand)]
pub(super) enum Events {
    /// List events, the newest first, and what came of their deliveries, by the merchant's clock
    List {
        /// How many, 1 to 100
        #[arg(long, default_value_t = 20)]
        limit: u8,
        /// Only events with a delivery in this state
        #[arg(long, value_parser = ["pending", "delivered", "parked"])]
        state: Option<String>,
        /// Go on after this event, as the end of a list says
        #[arg(long, value_name = "EVENT")]
        cursor: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Send an event to its endpoints again
    Resend {
        /// The event, evt_…
        event: String,
        #[command(flatten)]
        target: Target,
    },
}

fn default_url() -> String {
    format!("http://127.0.0.1:{PORT}")
}

impl Complete {
    pub(super) fn run(self) -> Result<(), Error> {
        let body = json!({"card": self.card, "authentication": self.authentication});
        let path = ["sessions", &self.session, "complete"];
        let ended = self.target.call(Method::POST, &path, Some(body), session_line);
        ended.map_err(|error| match error.code() {
            code::AUTHENTICATION_REQUIRED => {
                let message = "the bank asks the buyer to authenticate; \
                               run it again with --authentication approved, or failed";
                Error::new(error.kind(), code::AUTHENTICATION_REQUIRED, message)
                    .with_param("--authentication")
            }
            _ => error,
        })
    }
}

impl Expire {
    pub(super) fn run(self) -> Result<(), Error> {
        let path = ["sessions", &self.session, "expire"];
        self.target.call(Method::POST, &path, None, session_line)
    }
}

impl Clock {
    pub(super) fn run(self) -> Result<(), Error> {
        let line = |data: &Value| {
            format!("{} ({} s ahead of this machine)", text(&data["now"]), data["seconds_ahead"])
        };
        match self {
            Self::Show { target } => target.call(Method::GET, &["clock"], None, line),
            Self::Advance { by, target } => {
                target.call(Method::POST, &["clock", "advance"], Some(json!({"by": by})), line)
            }
        }
    }
}

impl Events {
    pub(super) fn run(self) -> Result<(), Error> {
        match self {
            Self::List { limit, state, cursor, mut target } => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.append_pair("limit", &limit.to_string());
                query.extend_pairs(state.map(|state| ("state", state)));
                query.extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
                if target.url.is_empty() {
                    target.url = default_url();
                }
                target.url = format!("{}?{}", target.url, query.finish());
                target.call(Method::GET, &["events"], None, event_lines)
            }
            Self::Resend { event, target } => {
                let path = ["events", &event, "resend"];
                target.call(Method::POST, &path, None, |data| {
                    let id = text(&data["id"]);
                    match data["endpoints"].as_u64() {
                        Some(0) => format!("no endpoint gets {id}: {NO_ENDPOINT}"),
                        _ => format!("{id} will be sent again"),
                    }
                })
            }
        }
    }
}

impl Target {
    fn call(
        self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
        show: impl Fn(&Value) -> String,
    ) -> Result<(), Error> {
        let url = self.locate(path)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let data = block_on(send(method, url, Secret::new(self.api_key), body), runtime)?;
        if self.json {
            print(data);
        } else {
            print(show(&data));
        }
        Ok(())
    }

    fn locate(&self, path: &[&str]) -> Result<Url, Error> {
        // A sandbox listens on this machine alone. The key may be a live one, since the client reads
        // the same variables, so it goes nowhere else.
        let wrong = || {
            let message =
                "the sandbox's URL must be on this machine, over http: http://127.0.0.1:4250";
            Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message)
                .with_param("--url")
        };
        // A variable that is set to nothing is not set.
        let given = if self.url.is_empty() { default_url() } else { self.url.clone() };
        let mut url = Url::parse(&given).map_err(|_| wrong())?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() != "http" || !is_here || !url.username().is_empty() {
            return Err(wrong());
        }
        let query = url.query().map(str::to_owned);
        url.set_path("");
        url.path_segments_mut()
            .map_err(|()| wrong())?
            .pop_if_empty()
            .extend(["sandbox", "v1"])
            .extend(path);
        url.set_query(query.as_deref());
        Ok(url)
    }
}

async fn send(
    method: Method,
    url: Url,
    api_key: Secret,
    body: Option<Value>,
) -> Result<Value, Error> {
    let unreachable = |error: reqwest::Error| {
        let message = "no sandbox answers there; start one with: faststar sandbox";
        Error::new(ErrorKind::Connection, code::CONNECTION_FAILED, message)
            .with_param("--url")
            .with_source(error.without_url())
    };
    // Loopback speaks plain HTTP; reqwest wants a provider of cryptography all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .map_err(|error| failure(error.to_string()))?;
    let mut request = client.request(method, url).header("X-API-Key", api_key.expose());
    if let Some(body) = body {
        request = request.header("Content-Type", "application/json").body(body.to_string());
    }
    let mut answer = request.send().await.map_err(unreachable)?;
    let status = answer.status().as_u16();
    let no_sandbox = || failure("what answers there is not a FastStar sandbox");
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(no_sandbox());
        }
        bytes.extend_from_slice(&chunk);
    }
    let mut envelope: Value = serde_json::from_slice(&bytes).map_err(|_| no_sandbox())?;
    if !envelope["message"].is_string() {
        return Err(no_sandbox());
    }
    if envelope["success"] == true {
        return Ok(envelope["data"].take());
    }
    let error = &envelope["error"];
    let told = Error::new(
        ErrorKind::from_status(status),
        text(&error["code"]).to_owned(),
        text(&envelope["message"]),
    );
    Err(match error["param"].as_str() {
        Some(param) => told.with_param(param),
        None => told,
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn session_line(session: &Value) -> String {
    let total = session["amount_total"].as_i64().zip(text(&session["currency"]).parse().ok());
    let total = total.map(|(amount, currency)| Money::new(amount, currency).to_string());
    format!(
        "{} is {}, {} ({})",
        text(&session["id"]),
        text(&session["status"]),
        text(&session["payment_status"]),
        total.unwrap_or_default()
    )
}

fn event_lines(data: &Value) -> String {
    let mut out = String::new();
    for item in data["items"].as_array().into_iter().flatten() {
        let event = &item["event"];
        let _ = writeln!(out, "{}  {}", text(&event["id"]), text(&event["type"]));
        let deliveries = item["deliveries"].as_array().map_or(&[][..], Vec::as_slice);
        if deliveries.is_empty() {
            let _ = writeln!(out, "    no endpoint gets it: {NO_ENDPOINT}");
        }
        for delivery in deliveries {
            let attempts = delivery["attempts"].as_array().map_or(0, Vec::len);
            let _ = write!(
                out,
                "    {}  {} after {attempts} attempts",
                text(&delivery["url"]),
                text(&delivery["state"])
            );
            if let Some(error) = delivery["attempts"][attempts.saturating_sub(1)]["error"].as_str()
            {
                let _ = write!(out, ": {error}");
            }
            if let Some(next) = delivery["next_attempt_at"].as_str() {
                let _ = write!(out, ", next at {next}");
            }
            out.push('\n');
        }
    }
    if let Some(cursor) = data["next_cursor"].as_str() {
        let _ = writeln!(out, "more with --cursor {cursor}");
    }
    if out.is_empty() { "no such events yet".into() } else { out.trim_end().to_owned() }
}
