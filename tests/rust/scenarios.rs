//! Runs every file of `tests/scenarios` against a live sandbox; `tests/README.md` has the schema.

#![allow(clippy::unwrap_used)] // clippy does not see that the helpers are tests

mod compare;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use faststar::schema::{self, Strictness};
use faststar::webhook::{ID_HEADER, SIGNATURE_HEADER, Verifier};
use faststar::{
    Client, CreatePrice, CreateProduct, CreateSession, Currency, Error, Event, MerchantKind, Secret,
};
use faststar_sandbox::{Config, Sandbox};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use compare::check_ok;

/// How long a webhook may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a step gives: data, or a refusal with its HTTP status where an answer came.
type Given = Result<Value, Error>;

/// A merchant of its own for one scenario, and what was saved on the way.
struct World {
    address: String,
    api_key: Secret,
    client: Client,
    verifier: Verifier,
    webhooks: mpsc::UnboundedReceiver<Webhook>,
    saved: BTreeMap<String, Value>,
}

struct Webhook {
    signature: String,
    id: String,
    body: Vec<u8>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_holds() {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let (mut failures, mut names, mut ran) = (Vec::new(), BTreeSet::new(), 0);
    for (file, scenarios) in files() {
        assert!(!scenarios.is_empty(), "{file} has no scenarios");
        for scenario in scenarios {
            let id = text(&scenario["id"]);
            assert!(names.insert(id.clone()), "{id} is there twice");
            if let Err(problem) = run(&sandbox, &scenario).await {
                failures.push(format!("{file}/{id}: {problem}"));
            }
            ran += 1;
        }
    }
    sandbox.stop().await;
    assert!(ran >= 15, "only {ran} scenarios");
    assert!(failures.is_empty(), "{} of {ran} failed:\n{}", failures.len(), failures.join("\n"));
}

fn files() -> Vec<(String, Vec<Value>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, file["scenarios"].as_array().unwrap().clone())
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

async fn run(sandbox: &Sandbox, scenario: &Value) -> Result<(), String> {
    let mut world = World::new(sandbox, scenario).await;
    let steps = scenario["steps"].as_array().ok_or("no steps")?;
    for (n, step) in steps.iter().enumerate() {
        let given = world.take(step).await.map_err(|problem| format!("step {n}: {problem}"))?;
        world.check(step, given).map_err(|problem| format!("step {n}: {problem}"))?;
    }
    match world.webhooks.try_recv() {
        Ok(webhook) => Err(format!("a webhook too many: {}", webhook.id)),
        Err(_) => Ok(()),
    }
}

impl World {
    async fn new(sandbox: &Sandbox, scenario: &Value) -> Self {
        let kind = MerchantKind::from(text(&scenario["merchant"]));
        assert!(kind.is_known(), "{kind}");
        let new = sandbox.app().add_merchant(kind, Currency::USD).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        sandbox.app().add_webhook(&new.merchant, &url).await.unwrap();
        let (sender, webhooks) = mpsc::unbounded_channel();
        tokio::spawn(listen(listener, sender));
        let chosen = &scenario["client"];
        let key = chosen["api_key"].as_str().map_or_else(|| new.api_key.clone(), Secret::from);
        let mut client = Client::builder(key).base_url(sandbox.url());
        if let Some(merchant) = chosen["merchant"].as_str() {
            client = client.merchant(merchant.into());
        }
        Self {
            address: sandbox.url().trim_start_matches("http://").to_owned(),
            api_key: new.api_key,
            client: client.build().unwrap(),
            verifier: Verifier::new(new.merchant.webhook_secret).unwrap(),
            webhooks,
            saved: BTreeMap::new(),
        }
    }

    async fn take(&mut self, step: &Value) -> Result<Given, String> {
        let with = self.fill_in(&step["with"]);
        if let Some(call) = step["call"].as_str() {
            self.call(call, with, &step["options"]).await
        } else if let Some(verb) = step["sandbox"].as_str() {
            self.drive(verb, &with).await
        } else if step["receive"] == "webhook" {
            self.receive().await.map(Ok)
        } else {
            Err(format!("unknown step {step}"))
        }
    }

    async fn call(&self, call: &str, with: Value, options: &Value) -> Result<Given, String> {
        let (sessions, products, prices) = (
            self.client.checkout().sessions(),
            self.client.catalog().products(),
            self.client.catalog().prices(),
        );
        let limit = with["limit"].as_u64().map(|limit| u32::try_from(limit).unwrap());
        let cursor = with["cursor"].as_str();
        // One arm per call: what a user would write, and its answer as JSON.
        Ok(match call {
            "checkout.sessions.create" => match read::<CreateSession>(&CreateSession::SCHEMA, with)
            {
                Err(error) => Err(error),
                Ok(request) => {
                    let mut call = sessions.create(request);
                    if let Some(key) = options["idempotency_key"].as_str() {
                        call = call.idempotency_key(key);
                    }
                    call.await.map(|created| json!(*created))
                }
            },
            "checkout.sessions.retrieve" => {
                sessions.retrieve(text(&with["id"])).await.map(|session| json!(*session))
            }
            "catalog.products.create" => match read(&CreateProduct::SCHEMA, with) {
                Err(error) => Err(error),
                Ok(request) => products.create(request).await.map(|product| json!(*product)),
            },
            "catalog.prices.create" => match read(&CreatePrice::SCHEMA, with) {
                Err(error) => Err(error),
                Ok(request) => prices.create(request).await.map(|price| json!(*price)),
            },
            "catalog.products.list" => {
                let mut list = products.list();
                list = limit.into_iter().fold(list, |list, limit| list.limit(limit));
                list = cursor.into_iter().fold(list, |list, cursor| list.cursor(cursor));
                let page = list.send().await;
                page.map(|page| json!({"items": page.items, "next_cursor": page.next_cursor}))
            }
            "catalog.products.list_all" => {
                let list = limit.into_iter().fold(products.list(), |list, limit| list.limit(limit));
                let items = list.stream().try_collect::<Vec<_>>().await;
                items.map(|items| json!({"items": items}))
            }
            "catalog.prices.list_all" => {
                let list = limit.into_iter().fold(prices.list(), |list, limit| list.limit(limit));
                let items = list.stream().try_collect::<Vec<_>>().await;
                items.map(|items| json!({"items": items}))
            }
            other => return Err(format!("unknown call {other}")),
        })
    }

    /// Does what a language's testing package does: drives the sandbox beside the client.
    async fn drive(&self, verb: &str, with: &Value) -> Result<Given, String> {
        let session = with["session"].as_str().unwrap_or_default();
        let path = match verb {
            "complete" | "expire" => format!("/sandbox/v1/sessions/{session}/{verb}"),
            "advance" => "/sandbox/v1/clock/advance".to_owned(),
            other => return Err(format!("unknown verb {other}")),
        };
        let mut body = with.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("session");
        }
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nX-API-Key: {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.api_key.expose(),
            body.len(),
        );
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut envelope: Value = serde_json::from_str(body).unwrap();
        if status == 200 {
            return Ok(Ok(envelope["data"].take()));
        }
        let kind = faststar::ErrorKind::from_status(status);
        let code = text(&envelope["error"]["code"]);
        Ok(Err(Error::new(kind, code, text(&envelope["message"])).with_status(status)))
    }

    async fn receive(&mut self) -> Result<Value, String> {
        let received = tokio::time::timeout(PATIENCE, self.webhooks.recv()).await;
        let Webhook { signature, id, body } =
            received.map_err(|_| "no webhook came")?.ok_or("the listener has ended")?;
        let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
        let event: Result<Event, Error> =
            self.verifier.verify_with_id(&body, &signature, Some(&id), now);
        event.map(|event| json!(event)).map_err(|error| error.to_string())
    }

    fn check(&mut self, step: &Value, given: Given) -> Result<(), String> {
        match (step.get("ok"), step.get("error"), given) {
            (Some(wanted), None, Ok(data)) => {
                check_ok(&self.fill_in(wanted), &data, "ok")?;
                for (name, path) in step["save"].as_object().into_iter().flatten() {
                    let pointer = format!("/{}", text(path).replace('.', "/"));
                    let value = data.pointer(&pointer).ok_or("there is nothing to save")?;
                    self.saved.insert(name.clone(), value.clone());
                }
                Ok(())
            }
            (None, Some(wanted), Err(error)) => check_error(wanted, &error),
            (Some(_), None, Err(error)) => Err(format!("refused: {error:?}")),
            (None, Some(_), Ok(data)) => Err(format!("not refused: {data}")),
            _ => Err("a step has either ok or error".into()),
        }
    }

    /// Puts what was saved in the place of `$name`.
    fn fill_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some(name) => self.saved.get(name).unwrap_or_else(|| panic!("no {name}")).clone(),
                None => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.fill_in(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), self.fill_in(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(
    object: &'static schema::Object,
    value: Value,
) -> Result<T, Error> {
    schema::from_value(object, value, Strictness::Types)
}

fn check_error(wanted: &Value, error: &Error) -> Result<(), String> {
    let has = json!({
        "code": error.code(),
        "kind": error.kind().as_str(),
        "param": error.param(),
        "status": error.status(),
        "sent": error.status().is_some(),
    });
    check_ok(wanted, &has, "error").map_err(|problem| format!("{problem} ({error:?})"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text")).to_owned()
}

async fn listen(listener: TcpListener, webhooks: mpsc::UnboundedSender<Webhook>) {
    while let Ok((stream, _)) = listener.accept().await {
        if let Ok(webhook) = answer(stream).await
            && webhooks.send(webhook).is_err()
        {
            return;
        }
    }
}

async fn answer(mut stream: TcpStream) -> std::io::Result<Webhook> {
    let mut reader = BufReader::new(&mut stream);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None if line.trim().is_empty() => break,
            None => None,
        };
    }
    let header = |name: &str| headers.get(&name.to_lowercase()).cloned().unwrap_or_default();
    let mut body = vec![0; header("content-length").parse().unwrap()];
    reader.read_exact(&mut body).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await?;
    Ok(Webhook { signature: header(SIGNATURE_HEADER), id: header(ID_HEADER), body })
}
