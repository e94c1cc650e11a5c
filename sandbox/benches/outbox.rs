//! How long a webhook takes from the payment to its receiver when the outbox is crowded.
//!
//! `cargo bench -p faststar-sandbox --bench outbox` measures 200 payments three times: with nothing
//! else there, beside 2,000 endpoints that want other events, and beside 20,000 events that are held
//! back behind one that its receiver refuses.

#![allow(clippy::print_stdout, clippy::float_arithmetic)]

use std::time::Instant;

use faststar_sandbox::{Config, Sandbox};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const PAYMENTS: usize = 200;
const ENDPOINTS: usize = 2_000;
const HELD: usize = 20_000;

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        println!("{:<40} {:>10}", "beside", "mean ms");
        let shop = Shop::open().await;
        show("nothing", shop.pay_all().await);
        let shop = Shop::open().await;
        for n in 0..ENDPOINTS {
            let url = format!("http://127.0.0.1:9/{n}");
            let idle = json!({"url": url, "events": ["dispute.closed"]});
            shop.post("/sandbox/v1/webhook_endpoints", &idle).await;
        }
        show("2,000 idle endpoints", shop.pay_all().await);
        let mut shop = Shop::open().await;
        let session = shop.create("refused").await;
        let began = Instant::now();
        for _ in 0..HELD {
            let path = format!("/sandbox/v1/sessions/{session}/complete");
            shop.post(&path, &json!({"card": "declined"})).await;
        }
        let each = began.elapsed().as_secs_f64() * 1e3 / HELD as f64;
        println!("{:<40} {each:>10.2}", "(each of 20,000 declined payments)");
        shop.forget().await;
        show("20,000 held events", shop.pay_all().await);
    });
}

fn show(beside: &str, ms: f64) {
    println!("{beside:<40} {ms:>10.2}");
}

/// A sandbox, a caller and a receiver that refuses what tells of the order `refused`.
struct Shop {
    sandbox: Sandbox,
    client: Client,
    arrived: tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>,
}

impl Shop {
    async fn open() -> Self {
        let sandbox = Sandbox::start(Config::default()).await.expect("the sandbox starts");
        let client = Client::builder().no_proxy().build().expect("a client");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let (sender, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(receive(stream, sender.clone()));
            }
        });
        let merchant = &sandbox.first_merchant().merchant;
        sandbox.app().add_webhook(merchant, &url).await.expect("an endpoint");
        Self { sandbox, client, arrived: arrived.into() }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self
            .client
            .post(format!("{}{path}", self.sandbox.url()))
            .header("X-API-Key", self.sandbox.first_merchant().api_key.expose())
            .header("Content-Type", "application/json")
            .body(body.to_string());
        let answer = request.send().await.expect("an answer comes");
        let bytes = answer.bytes().await.expect("a body comes");
        serde_json::from_slice(&bytes).expect("the answer is JSON")
    }

    async fn create(&self, reference: &str) -> String {
        let request = json!({
            "mode": "payment", "presentation": "iframe", "client_reference_id": reference,
            "line_items": [{"ad_hoc_amount": 999, "ad_hoc_currency": "USD", "quantity": 1}],
        });
        let made = self.post("/api/v1/public/checkout/sessions", &request).await;
        made["data"]["session"]["id"].as_str().expect("an id").to_owned()
    }

    /// Forgets what arrived so far.
    async fn forget(&mut self) {
        while self.arrived.get_mut().try_recv().is_ok() {}
    }

    /// Pays one session after the other; gives the mean time from asking to pay to the webhook.
    async fn pay_all(&self) -> f64 {
        let mut arrived = self.arrived.lock().await;
        let mut sum = 0.0;
        for _ in 0..PAYMENTS {
            let session = self.create("paid").await;
            let began = Instant::now();
            self.post(&format!("/sandbox/v1/sessions/{session}/complete"), &json!({})).await;
            arrived.recv().await.expect("a webhook comes");
            sum += began.elapsed().as_secs_f64() * 1e3;
        }
        sum / PAYMENTS as f64
    }
}

async fn receive(mut stream: TcpStream, arrived: mpsc::UnboundedSender<()>) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    while !bytes.ends_with(b"}") {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
    }
    let is_refused = String::from_utf8_lossy(&bytes).contains("\"refused\"");
    let status = if is_refused { "500 No" } else { "200 OK" };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    if !is_refused {
        let _ = arrived.send(());
    }
}
