//! The client over real sockets, against a server that misbehaves on purpose.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use faststar::client::MAX_RESPONSE_BYTES;
use faststar::error::NetworkError;
use faststar::{Client, ClientBuilder, CreateProduct, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

const PRODUCT: &str = r#"{"success": true, "message": "ok", "data": {"id": "prod_1"}}"#;

/// What becomes of a request.
#[derive(Clone, Copy)]
enum Reply {
    /// An answer with this body.
    Json(&'static str),
    /// These bytes.
    Raw(&'static str),
    /// Half an answer, and then the connection is closed.
    Half,
    /// An answer that never ends, as fast as it is read.
    Endless,
    /// An answer of which a byte comes now and then.
    Drip,
    /// Nothing.
    Silence,
}

/// A server on a port of its own, on a thread of its own.
struct Server {
    url: String,
    seen: Arc<Seen>,
    stop: Option<oneshot::Sender<()>>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    closed: AtomicUsize,
    /// Tells a connection to close when it stands idle.
    close: Notify,
    requests: Mutex<Vec<String>>,
}

impl Server {
    /// Starts a server that gives the replies in turn, and the last one for ever.
    fn start(replies: &'static [Reply]) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Seen>::default();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let serve = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        shared.connections.fetch_add(1, Ordering::SeqCst);
                        tokio::spawn(serve(stream, Arc::clone(&shared), replies));
                    }
                };
                tokio::select! { () = serve => {}, _ = stopped => {} }
            });
        });
        Self { url, seen, stop: Some(stop) }
    }

    fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder("sk_test_1").base_url(&self.url)
    }

    fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// How many connections are closed, by whichever side.
    fn closed(&self) -> usize {
        self.seen.closed.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are closed, while the client's own tasks go on.
    async fn has_closed(&self, connections: usize) {
        let limit = Instant::now() + Duration::from_secs(5);
        while self.closed() < connections {
            assert!(Instant::now() < limit, "a connection stays open");
            tokio::task::yield_now().await;
        }
        // Once more, so that the client's tasks hear of it too.
        tokio::task::yield_now().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Seen>, replies: &'static [Reply]) {
    loop {
        let request = tokio::select! {
            request = read_request(&mut stream) => request,
            () = seen.close.notified() => None,
        };
        let Some(request) = request else { break };
        let index = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        let reply = replies[index.min(replies.len() - 1)];
        let json = |body: &str| {
            let size = body.len();
            format!(
                "HTTP/1.1 200 OK\r\nX-Request-Id: req_1\r\nContent-Length: {size}\r\n\r\n{body}"
            )
        };
        let written = match reply {
            Reply::Json(body) => stream.write_all(json(body).as_bytes()).await,
            Reply::Raw(text) => stream.write_all(text.as_bytes()).await,
            Reply::Half => {
                let answer = json(PRODUCT);
                let _ = stream.write_all(&answer.as_bytes()[..answer.len() - 9]).await;
                break;
            }
            Reply::Endless => {
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                let mut written = stream.write_all(head.as_bytes()).await;
                let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
                while written.is_ok() {
                    written = stream.write_all(chunk.as_bytes()).await;
                }
                written
            }
            Reply::Drip => {
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
                let mut written = stream.write_all(head.as_bytes()).await;
                while written.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    written = stream.write_all(b" ").await;
                }
                written
            }
            Reply::Silence => Ok(()),
        };
        if written.is_err() {
            break;
        }
    }
    drop(stream);
    seen.closed.fetch_add(1, Ordering::SeqCst);
}

/// Reads a request, its head in lower case; `None` where the client has left.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let size = head.split("content-length: ").nth(1);
            let size = size.and_then(|rest| rest.lines().next()?.parse().ok());
            if body.len() >= size.unwrap_or(0) {
                return Some(format!("{head}\r\n\r\n{body}"));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn tea() -> CreateProduct {
    CreateProduct::new("Tea")
}

#[tokio::test]
async fn one_connection_serves_calls_in_a_row() {
    let server = Server::start(&[Reply::Json(PRODUCT)]);
    let client = server.client();
    for _ in 0..20 {
        let product = client.catalog().products().create(tea()).await.unwrap();
        assert_eq!((product.id.as_str(), product.attempts()), ("prod_1", 1));
        assert_eq!(product.request_id(), Some("req_1"));
    }
    assert_eq!(server.connections(), 1);
    let request = server.requests().remove(0);
    for part in [
        "post /api/v1/merchant/catalog/products http/1.1",
        "x-api-key: sk_test_1",
        "content-type: application/json",
        "accept: application/json",
        concat!("user-agent: faststar-rust/", env!("CARGO_PKG_VERSION")),
        "idempotency-key: fs_",
        "\r\n\r\n{\"name\":\"Tea\"}",
    ] {
        assert!(request.contains(part), "{part} is not in {request}");
    }
    assert!(!request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn a_client_with_fresh_connections_shares_none_and_is_configured_alike() {
    let server = Server::start(&[Reply::Json(PRODUCT)]);
    let client = server.builder().user_agent("shop/1.2").build().unwrap();
    let fresh = client.with_fresh_connections().unwrap();
    for client in [&client, &fresh, &client, &fresh] {
        client.catalog().products().create(tea()).await.unwrap();
    }
    assert_eq!(server.connections(), 2);
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.contains("shop/1.2")));
    assert!(requests.iter().all(|request| request.contains("x-api-key: sk_test_1")));
}

#[test]
fn a_server_on_this_machine_is_not_asked_for_through_a_proxy() {
    // A variable can be set safely for another process only.
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_connection_serves_calls_in_a_row"])
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
async fn an_answer_keeps_its_text_and_does_not_print_it() {
    const DATA: &str = r#"{"id": "prod_1", "name": "Tea", "n": 18446744073709551616, "d": 0.10}"#;
    let server = Server::start(&[Reply::Json(
        r#"{"success": true, "data": {"id": "prod_1", "name": "Tea", "n": 18446744073709551616, "d": 0.10}}"#,
    )]);
    let response = server.client().catalog().products().create(tea()).await.unwrap();
    assert_eq!(response.data_json(), DATA);
    assert!(!format!("{response:?}").contains("18446744073709551616"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Server::start(&[Reply::Raw(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    )]);
    let call = server.client().catalog().products().create(tea());
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert_eq!(error.status(), Some(307));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_refused_connection_is_told_and_may_be_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder("sk_test_1").base_url(&format!("http://{address}"));
    let client = client.max_retries(0).build().unwrap();
    let error = client.catalog().products().list().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(error.code(), "connection_failed");
    assert_eq!(error.network_error(), Some(NetworkError::Refused));
    assert!(error.is_retryable());
    let message = error.message();
    assert!(message.contains(&address.to_string()), "{message}");
    assert!(message.contains("refused"), "{message}");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_told() {
    let client = Client::builder("sk_test_1").base_url("https://api.faststar.invalid");
    let client = client.max_retries(0).build().unwrap();
    let error = client.catalog().products().list().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert_eq!(error.network_error(), Some(NetworkError::Dns), "{error}");
}

#[tokio::test]
async fn a_broken_answer_says_that_the_server_closed_and_the_outcome_is_unknown() {
    let server = Server::start(&[Reply::Half]);
    let call = server.client().catalog().products().create(tea()).max_retries(0);
    let error = call.await.unwrap_err();
    assert_eq!(error.network_error(), Some(NetworkError::Closed), "{error:?}");
    assert!(error.is_outcome_unknown() && error.idempotency_key().is_some(), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_gets_no_key() {
    let server = Server::start(&[Reply::Json(PRODUCT)]);
    let builder = server.builder().base_url(&server.url.replace("http", "https"));
    let client = builder.max_retries(0).timeout(Duration::from_millis(500)).build().unwrap();
    let error = client.catalog().products().list().send().await.unwrap_err();
    assert!(
        matches!(error.network_error(), Some(NetworkError::Tls | NetworkError::Timeout)),
        "{error:?}"
    );
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
}

#[tokio::test]
async fn a_broken_answer_is_asked_for_again_with_the_same_key() {
    let server = Server::start(&[Reply::Half, Reply::Json(PRODUCT)]);
    let product = server.client().catalog().products().create(tea()).await;
    assert_eq!(product.unwrap().attempts(), 2);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0], requests[1]);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_costs_no_attempt() {
    let server = Server::start(&[Reply::Json(PRODUCT)]);
    let client = server.client();
    for calls in 1..=5 {
        let product = client.catalog().products().create(tea()).await.unwrap();
        assert_eq!(product.attempts(), 1);
        server.seen.close.notify_one();
        server.has_closed(calls).await;
    }
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn an_answer_that_drips_is_given_up_at_the_deadline() {
    let server = Server::start(&[Reply::Drip]);
    let started = Instant::now();
    let call = server.client().catalog().products().create(tea());
    let error = call.timeout(Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(started.elapsed() < Duration::from_secs(2));
    server.has_closed(1).await;
}

#[tokio::test]
async fn an_endless_answer_is_read_up_to_the_limit() {
    let server = Server::start(&[Reply::Endless]);
    let error = server.client().catalog().products().list().send().await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "response_too_large");
    assert!(error.message().contains(&MAX_RESPONSE_BYTES.to_string()));
    assert!(!error.is_retryable());
    server.has_closed(1).await;
}

#[tokio::test]
async fn a_length_that_lies_is_not_believed() {
    let server = Server::start(&[Reply::Raw(
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{}",
    )]);
    let list = server.client().catalog().products().list();
    let error = list.timeout(Duration::from_millis(200)).max_retries(0);
    let error = error.send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Connection), "{error}");
}

#[tokio::test]
async fn what_is_not_http_is_told() {
    let server = Server::start(&[Reply::Raw("SSH-2.0-OpenSSH_9.2\r\n\r\n")]);
    let list = server.client().catalog().products().list();
    let error = list.max_retries(0).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let server = Server::start(&[Reply::Silence]);
    let call = server.client().catalog().products().create(tea());
    let dropped = tokio::time::timeout(Duration::from_millis(200), call).await;
    assert!(dropped.is_err());
    server.has_closed(1).await;
    assert_eq!(server.requests().len(), 1);
}

#[cfg(feature = "blocking")]
mod blocking {
    use std::thread;

    use faststar::blocking::Client;

    use super::*;

    fn create(client: &Client) {
        let product = client.catalog().products().create(tea()).send().unwrap();
        assert_eq!((product.id.as_str(), product.attempts()), ("prod_1", 1));
    }

    fn client(server: &Server) -> Client {
        server.builder().build_blocking().unwrap()
    }

    #[test]
    fn one_connection_serves_calls_in_a_row_whatever_their_thread() {
        let server = Server::start(&[Reply::Json(PRODUCT)]);
        let client = client(&server);
        for _ in 0..10 {
            create(&client);
            thread::scope(|scope| scope.spawn(|| create(&client)).join().unwrap());
        }
        assert_eq!(server.connections(), 1);
    }

    #[test]
    fn threads_at_once_have_a_connection_each() {
        let server = Server::start(&[Reply::Json(PRODUCT)]);
        let client = client(&server);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..50).for_each(|_| create(&client)));
            }
        });
        assert_eq!(server.requests().len(), 400);
        assert!(server.connections() <= 8, "{}", server.connections());
    }

    #[test]
    fn a_connection_that_the_server_closed_meanwhile_costs_no_attempt() {
        let server = Server::start(&[Reply::Json(PRODUCT)]);
        let client = client(&server);
        for calls in 1..=20 {
            create(&client);
            server.seen.close.notify_one();
            while server.closed() < calls {
                thread::yield_now();
            }
        }
        assert_eq!(server.connections(), 20);
    }

    #[test]
    fn a_list_is_walked_through() {
        let server = Server::start(&[
            Reply::Json(
                r#"{"success": true, "data": {
                    "items": [{"id": "a"}, {"id": "b"}], "next_cursor": "c"
                }}"#,
            ),
            Reply::Json(r#"{"success": true, "data": [{"id": "last"}]}"#),
        ]);
        let client = client(&server);
        let products = client.catalog().products().list().limit(2).iter();
        let ids: Vec<_> = products.map(|product| product.unwrap().id).collect();
        assert_eq!(ids, ["a", "b", "last"]);
        let page = client.catalog().products().list().send().unwrap();
        assert_eq!(page.items[0].id, "last");
    }

    #[tokio::test]
    async fn in_async_code_there_is_an_error_and_no_panic() {
        let server = Server::start(&[Reply::Json(PRODUCT)]);
        let client = client(&server);
        let check = |client: &Client| {
            let error = client.catalog().products().create(tea()).send().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let mut items = client.catalog().products().list().iter();
            let error = items.next().unwrap().unwrap_err();
            assert_eq!(error.code(), "invalid_configuration");
            assert!(items.next().is_none());
        };
        check(&client);
        let clone = client.clone();
        tokio::spawn(async move { check(&clone) }).await.unwrap();
        // Where tokio lets a thread block, so does the client; and it may be dropped anywhere.
        let there = tokio::task::spawn_blocking(move || {
            create(&client);
            client
        });
        drop(there.await.unwrap());
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn in_async_code_of_many_threads_there_is_an_error_too() {
        let server = Server::start(&[Reply::Json(PRODUCT)]);
        let client = client(&server);
        let error = client.catalog().products().create(tea()).send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let task = tokio::spawn(async move {
            let error = client.catalog().products().create(tea()).send().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            tokio::task::block_in_place(|| create(&client));
        });
        task.await.unwrap();
    }

    #[test]
    fn where_tokio_cannot_be_asked_the_call_is_made_and_does_not_panic() {
        let server = Server::start(&[Reply::Json(PRODUCT)]);
        let client = client(&server);
        for mut builder in [
            tokio::runtime::Builder::new_current_thread(),
            tokio::runtime::Builder::new_multi_thread(),
        ] {
            let runtime = builder.enable_all().build().unwrap();
            runtime.block_on(tokio::task::unconstrained(async { create(&client) }));
            let task = {
                let client = client.clone();
                tokio::task::unconstrained(async move { create(&client) })
            };
            runtime.block_on(runtime.spawn(task)).unwrap();
            let _entered = runtime.enter();
            create(&client);
        }
        assert_eq!(server.connections(), 1);
    }

    #[test]
    fn a_client_with_fresh_connections_shares_none() {
        let server = Server::start(&[Reply::Json(PRODUCT)]);
        let client = client(&server);
        let fresh = client.with_fresh_connections();
        (0..3).for_each(|_| create(&client));
        (0..3).for_each(|_| create(&fresh));
        assert_eq!(server.connections(), 2);
    }

    #[test]
    fn no_key_is_printed() {
        let client = Client::new("CANARY").unwrap();
        assert!(!format!("{client:?}").contains("CANARY"));
    }
}
