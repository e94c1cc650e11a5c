//! The main job from end to end: a session, its totals, a payment, the signed webhook, verified.
//!
//! `scripts/demo --rust` runs it. By itself: build the sandbox, then
//! `cargo run -p faststar --example checkout -- target/debug/faststar`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use faststar::webhook::{self, Verifier};
use faststar::{
    Client, CreatePrice, CreateProduct, CreateSession, CreatedSession, Interval, LineItem, Money,
};
use serde::Deserialize;

/// What the sandbox prints first.
#[derive(Deserialize)]
struct Ready {
    url: String,
    api_key: String,
    webhook_secret: String,
}

/// A sandbox that ends with this value.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let faststar = std::env::args().nth(1).unwrap_or_else(|| "faststar".into());
    let database = std::env::temp_dir().join(format!("faststar-demo-{}.db", std::process::id()));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let receiver = format!("http://{}/webhooks/faststar", listener.local_addr()?);

    title("A sandbox plays FastStar on this machine");
    let mut child = Command::new(&faststar)
        .args(["sandbox", "--json", "--port", "0", "--webhook", &receiver, "--db"])
        .arg(&database)
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().ok_or("no output of the sandbox")?;
    let _sandbox = Sandbox(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let ready: Ready = serde_json::from_str(&line)?;
    println!("It listens at {} and sends webhooks to {receiver}.", ready.url);

    title("The merchant fills the catalog");
    let client = Client::builder(ready.api_key.as_str()).base_url(&ready.url).build()?;
    let product = client.catalog().products().create(CreateProduct::new("Star atlas")).await?;
    let usd = CreatePrice::one_time(&product.id, "USD", 999);
    let usd = client.catalog().prices().create(usd).await?;
    let eur = CreatePrice::one_time(&product.id, "EUR", 4900);
    let eur = client.catalog().prices().create(eur).await?;
    let monthly = CreatePrice::recurring(&product.id, "EUR", 500, Interval::Month);
    let monthly = client.catalog().prices().create(monthly).await?;
    for price in [&usd, &eur, &monthly] {
        let amount = Money::new(price.unit_amount, price.currency.parse()?);
        println!("{}  {amount:>10}  {}", price.id, price.price_type);
    }

    title("A buyer in the United States: the tax comes on top");
    let request = CreateSession::payment([LineItem::price(&usd.id)])
        .success_url("https://yoursite.com/success")
        .cancel_url("https://yoursite.com/cancel")
        .buyer_country("US")
        .client_reference_id("order_10042");
    let american = client.checkout().sessions().create(request).await?;
    print_totals(&american)?;

    title("A buyer in Germany: the tax is inside the price");
    let request = CreateSession::payment([LineItem::price(&eur.id)]).buyer_country("DE");
    print_totals(&*client.checkout().sessions().create(request).await?)?;

    title("The American pays");
    let paid = Command::new(&faststar)
        .args(["complete", &american.session.id, "--url", &ready.url])
        .env("FASTSTAR_API_KEY", &ready.api_key)
        .status()?;
    if !paid.success() {
        return Err("the payment failed".into());
    }

    title("The signed webhook arrives and is verified");
    let (signature, id, body) = receive(&listener)?;
    println!("X-Webhook-Signature: {}…", &signature[..32]);
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_secs())?;
    let verifier = Verifier::new(ready.webhook_secret)?;
    let event = verifier.verify_with_id(&body, &signature, Some(&id), now)?;
    let payment = event.payment()?;
    let amount = Money::new(payment.amount, payment.currency.parse()?);
    println!("{} {}: {amount}", event.id(), event.event_type());
    if !event.fulfils() || payment.amount != american.session.amount_total {
        return Err("this is not the payment of the session".into());
    }
    let order = payment.client_reference_id.unwrap_or_default();
    println!("The signature holds, and so does the amount. {order} can be shipped.");

    let session = client.checkout().sessions().retrieve(&american.session.id).await?;
    println!("The session is {}.", session.status);
    let mut forged = body;
    forged.push(b' ');
    let error = verifier.verify(&forged, &signature, now).err().ok_or("a forgery was taken")?;
    println!("With one byte more the verifier says: {error}");

    drop(_sandbox);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", database.display()));
    }
    Ok(())
}

fn title(text: &str) {
    println!("\n\u{2192} {text}");
}

fn print_totals(created: &CreatedSession) -> Result<(), Box<dyn Error>> {
    let session = &created.session;
    let money = |amount| session.currency.parse().map(|currency| Money::new(amount, currency));
    println!("{} is {}", session.id, session.status);
    println!("  subtotal {:>12}", money(session.amount_subtotal)?.to_string());
    println!("  tax      {:>12}", money(session.amount_tax)?.to_string());
    println!("  total    {:>12}", money(session.amount_total)?.to_string());
    Ok(())
}

/// Takes one webhook: the signature, the event's id, and the body as it came.
///
/// A server framework does this for you; keep the raw bytes.
fn receive(listener: &TcpListener) -> Result<(String, String, Vec<u8>), Box<dyn Error>> {
    let (mut stream, _) = listener.accept()?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut signature, mut id, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case(webhook::SIGNATURE_HEADER) {
            signature = value.to_owned();
        } else if name.eq_ignore_ascii_case(webhook::ID_HEADER) {
            id = value.to_owned();
        } else if name.eq_ignore_ascii_case("content-length") {
            length = value.parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    Ok((signature, id, body))
}
