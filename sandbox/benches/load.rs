//! How many durable sessions a second the sandbox creates, and whether that stays so.
//!
//! `cargo bench -p faststar-sandbox --bench load -- 1000000` creates a million sessions over 64
//! connections in a database file, each with an idempotency key, and prints the rate of each tenth,
//! the median and the 99th percentile of the time that one create takes.

#![allow(clippy::print_stdout, clippy::float_arithmetic)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use faststar_sandbox::{Config, Location, Sandbox};

const CONNECTIONS: usize = 64;

fn main() {
    let number = std::env::args().filter_map(|text| text.parse::<usize>().ok()).next();
    let total = number.unwrap_or(30_000);
    let folder = std::env::temp_dir().join(format!("faststar-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the database");
    let database = folder.join("sandbox.db");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { database: Location::File(database.clone()), ..Config::default() };
    let sandbox = runtime.block_on(Sandbox::start(config)).expect("the sandbox starts");
    let address = sandbox.url().trim_start_matches("http://").to_owned();
    let key = sandbox.first_merchant().api_key.expose().to_owned();

    println!("{:>10} {:>12} {:>10} {:>10}", "sessions", "creates/s", "p50 ms", "p99 ms");
    let done = AtomicUsize::new(0);
    for tenth in 1..=10 {
        let end = total * tenth / 10;
        let (began, from) = (Instant::now(), done.load(Ordering::Relaxed));
        let mut times: Vec<Duration> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CONNECTIONS)
                .map(|_| scope.spawn(|| create_until(&address, &key, &done, end)))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a client ends")).collect()
        });
        let seconds = began.elapsed().as_secs_f64();
        times.sort_unstable();
        let ms = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
        let rate = (end - from) as f64 / seconds;
        println!("{end:>10} {rate:>12.0} {:>10.1} {:>10.1}", ms(50), ms(99));
    }
    runtime.block_on(sandbox.stop());
    let size = std::fs::metadata(&database).map(|file| file.len()).unwrap_or(0);
    println!("database: {} bytes a session", size / total.max(1) as u64);
    let _ = std::fs::remove_dir_all(&folder);
}

fn create_until(address: &str, key: &str, done: &AtomicUsize, end: usize) -> Vec<Duration> {
    let body = r#"{"mode":"payment","presentation":"iframe","line_items":[{"ad_hoc_amount":999,"ad_hoc_currency":"USD","quantity":1}],"buyer_country":"US","client_reference_id":"order_10042"}"#;
    let stream = TcpStream::connect(address).expect("the sandbox listens");
    stream.set_nodelay(true).expect("a socket option");
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut writer = stream;
    let mut times = Vec::new();
    loop {
        let n = done.fetch_add(1, Ordering::Relaxed);
        if n >= end {
            done.fetch_sub(1, Ordering::Relaxed);
            return times;
        }
        let began = Instant::now();
        write!(
            writer,
            "POST /api/v1/public/checkout/sessions HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\n\
             Idempotency-Key: load-{n}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("a request is sent");
        read_answer(&mut reader);
        times.push(began.elapsed());
    }
}

fn read_answer(reader: &mut impl BufRead) {
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).expect("an answer comes");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).expect("a header comes");
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body comes");
}
