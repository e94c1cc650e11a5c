//! A running sandbox, and the plainest HTTP client there is.

// Each test file uses its part of this.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

/// The binary that is tested.
pub const FASTSTAR: &str = env!("CARGO_BIN_EXE_faststar");

pub struct Sandbox {
    pub process: Child,
    pub ready: Value,
    log: Option<JoinHandle<String>>,
}

impl Sandbox {
    pub fn start(arguments: &[&str]) -> Self {
        Self::run(Command::new(FASTSTAR), arguments)
    }

    /// Starts it with a limit to its file descriptors.
    pub fn start_with_descriptors(limit: usize, arguments: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\""), FASTSTAR]);
        Self::run(shell, arguments)
    }

    fn run(mut command: Command, arguments: &[&str]) -> Self {
        let mut process = command
            .args(["sandbox", "--port", "0", "--json"])
            .args(arguments)
            .env("FASTSTAR_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).expect("the first line is JSON");
        let mut stderr = process.stderr.take().unwrap();
        // A pipe that nobody reads fills up and stops the sandbox.
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            let _ = stderr.read_to_string(&mut log);
            log
        });
        Self { process, ready, log: Some(log) }
    }

    /// Takes a sandbox that a test has started in its own way.
    pub fn of(process: Child, ready: &str) -> Self {
        let ready = serde_json::from_str(ready).expect("the first line is JSON");
        Self { process, ready, log: None }
    }

    pub fn text(&self, field: &str) -> String {
        self.ready[field].as_str().unwrap().to_owned()
    }

    pub fn address(&self) -> String {
        self.text("url").strip_prefix("http://").unwrap().to_owned()
    }

    pub fn caller(&self) -> Caller {
        Caller { address: self.address(), key: self.text("api_key") }
    }

    /// Sends a signal and does not wait for what comes of it.
    pub fn send_signal(&self, signal: &str) {
        // the shell's own, since not every machine has a program `kill`
        let kill = format!("kill {signal} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    pub fn signal(&mut self, signal: &str) {
        self.send_signal(signal);
        self.process.wait().unwrap();
    }

    /// Stops the sandbox and gives what it logged.
    pub fn stop(mut self) -> String {
        self.signal("-TERM");
        self.log.take().unwrap().join().unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A merchant that calls the sandbox.
#[derive(Clone)]
pub struct Caller {
    pub address: String,
    pub key: String,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Caller {
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("X-API-Key", self.key.as_str()), ("Content-Type", "application/json")];
        send(&self.address, "POST", path, &headers, body.to_string().as_bytes()).unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        send(&self.address, "GET", path, &[("X-API-Key", &self.key)], b"").unwrap()
    }

    /// Posts and gives `data`; anything but success fails the test.
    pub fn make(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body);
        assert_eq!(answer.status, 200, "{path} {}", answer.json());
        answer.json()["data"].take()
    }

    pub fn create_session(&self, request: &Value) -> Value {
        self.make("/api/v1/public/checkout/sessions", request)
    }

    pub fn retrieve(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/v1/public/checkout/sessions/{id}"));
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()["data"].take()
    }

    pub fn complete(&self, id: &str, body: &Value) -> Answer {
        self.post(&format!("/sandbox/v1/sessions/{id}/complete"), body)
    }

    pub fn add_merchant(&self, kind: &str) -> (Caller, Value) {
        let made = self.make("/sandbox/v1/merchants", &json!({"kind": kind}));
        let key = made["api_key"].as_str().unwrap().to_owned();
        (Caller { address: self.address.clone(), key }, made)
    }

    /// Waits until every webhook that is due was attempted; gives the newest event's first delivery.
    pub fn deliver(&self) -> Value {
        let events = self.make("/sandbox/v1/deliver", &json!({}));
        events.pointer("/items/0/deliveries/0").cloned().unwrap_or_default()
    }

    /// Makes a product and a price, and gives the price's id.
    pub fn add_price(&self, price: &Value) -> String {
        let product = self.make("/api/v1/merchant/catalog/products", &json!({"name": "Tea"}));
        let mut price = price.clone();
        price["product_id"] = product["id"].clone();
        let made = self.make("/api/v1/merchant/catalog/prices", &price);
        made["id"].as_str().unwrap().to_owned()
    }
}

/// An ad hoc session of 19.99 USD.
pub fn ad_hoc() -> Value {
    json!({
        "mode": "payment", "presentation": "iframe",
        "line_items": [{"ad_hoc_amount": 1999, "ad_hoc_currency": "USD", "quantity": 1}],
    })
}

pub fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    read_answer(&mut write(address, method, path, headers, body)?)
}

/// Connects and writes a request, and does not wait for its answer.
pub fn write(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<TcpStream> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    let mut stream = connect(address)?;
    stream.write_all(&[head.as_bytes(), body].concat())?;
    Ok(stream)
}

/// Connects, with a limit to how long a test waits.
pub fn connect(address: &str) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// Reads the one answer of a connection: by its length, or to the end of the connection.
pub fn read_answer(stream: &mut TcpStream) -> std::io::Result<Answer> {
    read_next_answer(&mut BufReader::new(stream))
}

/// Reads one of the answers of a connection.
pub fn read_next_answer(reader: &mut impl BufRead) -> std::io::Result<Answer> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head)? == 0 || head.len() - before == 2 {
            break;
        }
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let mut answer = Answer { status, head, body: Vec::new() };
    match answer.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => {
            answer.body.resize(length, 0);
            reader.read_exact(&mut answer.body)?;
        }
        None => {
            reader.read_to_end(&mut answer.body)?;
        }
    }
    Ok(answer)
}

/// A webhook as its receiver got it.
#[derive(Clone, Debug)]
pub struct Received {
    pub head: String,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> String {
        let found = self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A real listener for webhooks; `answer` says what the nth request gets.
pub struct Receiver {
    pub url: String,
    received: std::sync::mpsc::Receiver<Received>,
}

impl Receiver {
    pub fn start(answer: impl Fn(usize) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, received) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let Some(request) = read_request(&mut stream) else {
                    continue;
                };
                let line = answer(n);
                // Before the answer: what was answered has been received.
                if sender.send(request).is_err() {
                    return;
                }
                let _ = stream.write_all(
                    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                        .as_bytes(),
                );
            }
        });
        Self { url, received }
    }

    pub fn accepting() -> Self {
        Self::start(|_| "200 OK".into())
    }

    pub fn next(&self) -> Received {
        self.received.recv_timeout(Duration::from_secs(20)).expect("a webhook arrives")
    }

    /// Fails where a webhook has come that nobody took.
    pub fn expect_no_more(&self) {
        if let Ok(unexpected) = self.received.try_recv() {
            panic!("unexpected webhook: {}", unexpected.json());
        }
    }

    /// Waits a moment for a webhook that must not come.
    pub fn expect_silence(&self) {
        if let Ok(unexpected) = self.received.recv_timeout(Duration::from_millis(300)) {
            panic!("unexpected webhook: {}", unexpected.json());
        }
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head.len() - before == 2 {
            break;
        }
    }
    let mut received = Received { head, body: Vec::new() };
    let length = received.header("content-length").parse().ok()?;
    received.body.resize(length, 0);
    reader.read_exact(&mut received.body).ok()?;
    Some(received)
}

/// A folder that is gone when the test is.
pub struct Folder(std::path::PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("faststar-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
