//! One connection: its time limits, and an end that loses no request and no answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Request, header};
use faststar::error::{Error, ErrorKind, code};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::body::{AnswerBody, RequestBody};
use crate::budget::Share;
use crate::reply::raw_refusal;
use crate::socket::{Activity, MAX_HEAD, Socket, unreadable};

/// How long a connection may take to send a request's head, or stay idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection must be silent after a stop before it is closed.
const DRAIN: Duration = Duration::from_millis(100);
/// How long a connection that ends early is read on: in all, without a byte, and after a stop.
const LINGER: Duration = Duration::from_secs(10);
const LINGER_IN_SILENCE: Duration = Duration::from_secs(2);
const LINGER_AT_STOP: Duration = Duration::from_secs(1);

/// Answers a connection's requests until it ends, or the sandbox stops and nothing is left to do.
pub async fn serve(stream: TcpStream, router: Router, stop: watch::Receiver<bool>) {
    // Answers are small and whole; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let activity = Arc::new(Activity::default());
    let socket = Socket::new(stream, Arc::clone(&activity));
    let router = TowerToHyperService::new(router);
    let early = AtomicBool::new(false);
    let (stop, drained, early) = (&stop, &activity, &early);
    let service = service_fn(move |request: Request<Incoming>| {
        let waits = request.headers().contains_key(header::EXPECT);
        let (parts, incoming) = request.into_parts();
        let body = RequestBody::new(incoming);
        let answering = router.call(Request::from_parts(parts, body.clone()));
        async move {
            let mut response = answering.await?;
            // To read the rest of what waits to be asked for is to ask for it.
            let reads_on = !waits && !says_close(response.headers());
            if !(body.is_end_stream() || reads_on && body.finish().await) {
                early.store(true, Ordering::Relaxed);
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            let stopping = *stop.borrow();
            if stopping {
                // Lets hyper look what has come behind this request; that is answered as well.
                tokio::task::yield_now().await;
                if drained.is_drained() {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
            }
            let share = response.extensions_mut().remove::<Arc<Share>>();
            Ok::<_, Infallible>(response.map(|body| AnswerBody::new(body, share)))
        }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(socket), service);
    let ended = tokio::select! {
        // The connection first: it reads what has come before its silence is judged.
        biased;
        ended = &mut connection => ended,
        () = silence_after_stop(stop.clone(), &activity) => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner().into_inner();
    let refusal = match &ended {
        // Half a head deserves an answer; a connection that was only idle is closed in silence.
        Err(error) if error.is_timeout() && !parts.read_buf.is_empty() => {
            let message =
                format!("the request's head must arrive within {} seconds", HEAD_TIMEOUT.as_secs());
            Some(Error::new(ErrorKind::Timeout, code::REQUEST_TIMEOUT, message))
        }
        // The one thing that hyper cannot read and gives no answer to.
        Err(error) if error.is_parse() && parts.read_buf.starts_with(b"PRI * HTTP/2.0") => {
            Some(unreadable(b"400"))
        }
        _ => None,
    };
    let mut early = early.load(Ordering::Relaxed) || !activity.is_drained();
    if let Some(error) = refusal {
        early = true;
        let _ = timeout(LINGER, stream.write_all(&raw_refusal(error))).await;
    }
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    if early {
        linger(stream, stop.clone()).await;
    }
}

fn says_close(headers: &HeaderMap) -> bool {
    headers.get(header::CONNECTION).is_some_and(|value| value == "close")
}

/// Reads on for a while what nobody wants: to close on unread bytes is to reset, which may destroy
/// the answer, and keeps a client that sends first from reading it.
async fn linger(mut stream: TcpStream, mut stop: watch::Receiver<bool>) {
    let mut rest = vec![0; 16 * 1024];
    let read_on = async {
        let _ = stream.shutdown().await;
        let mut more = true;
        while more {
            let read = timeout(LINGER_IN_SILENCE, stream.read(&mut rest)).await;
            more = matches!(read, Ok(Ok(1..)));
        }
    };
    let stopped = async {
        let _ = stop.wait_for(|stop| *stop).await;
        sleep(LINGER_AT_STOP).await;
    };
    tokio::select! {
        () = read_on => {}
        () = stopped => {}
        () = sleep(LINGER) => {}
    }
}

/// Waits until the sandbox stops and a connection has nothing more to read.
async fn silence_after_stop(mut stop: watch::Receiver<bool>, activity: &Activity) {
    // An error means that the sandbox is gone, which is a reason to stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
    loop {
        let reads = activity.reads();
        sleep(DRAIN).await;
        if activity.is_drained() && activity.reads() == reads {
            return;
        }
    }
}
