//! A socket that gives up on who does not read, and that knows whether anything is left to be read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use faststar::error::{Error, ErrorKind, code};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::reply::raw_refusal;

/// How large a request's head may be; hyper holds no more of a connection than this.
pub const MAX_HEAD: usize = 64 * 1024;
/// How long the other side may take to read what it was sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// What has been read from a socket so far.
#[derive(Debug, Default)]
pub struct Activity {
    reads: AtomicU64,
    drained: AtomicBool,
}

impl Activity {
    /// Gives a number that is another one after each read.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Tells whether everything that has come was taken in.
    ///
    /// hyper reads only when it holds no whole request. So after a read that found nothing, no
    /// request waits in its buffer either.
    pub fn is_drained(&self) -> bool {
        self.drained.load(Ordering::Relaxed)
    }

    fn note(&self, found: bool) {
        self.reads.fetch_add(u64::from(found), Ordering::Relaxed);
        self.drained.store(!found, Ordering::Relaxed);
    }
}

/// A connection's socket as hyper uses it.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// Runs from when a write had to wait until all is written.
    give_up: Option<Pin<Box<Sleep>>>,
    /// Whether what is written next begins an answer.
    begins: bool,
    /// What goes out in place of what hyper writes.
    instead: Option<Vec<u8>>,
}

impl Socket {
    /// Wraps a connection's stream.
    pub fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity, give_up: None, begins: true, instead: None }
    }

    /// Gives the stream back.
    pub fn into_inner(self) -> TcpStream {
        self.stream
    }

    /// Writes to the stream, and fails where the other side has not read for too long.
    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Poll::Ready(sent) = Pin::new(&mut self.stream).poll_write(cx, bytes) {
            return Poll::Ready(sent);
        }
        let sleep = || Box::pin(tokio::time::sleep(WRITE_TIMEOUT));
        ready!(self.give_up.get_or_insert_with(sleep).as_mut().poll(cx));
        // Else the kernel would go on to offer the rest for minutes after the end.
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.activity.note(polled.is_ready());
        polled
    }
}

// Without vectored writes hyper puts head and body together itself, so that an answer begins where
// a write after a flush does.
impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if std::mem::take(&mut self.begins) && is_bare_refusal(bytes) {
            self.instead = Some(raw_refusal(unreadable(&bytes[9..12])));
        }
        let Some(mut instead) = self.instead.take() else {
            return self.poll_send(cx, bytes);
        };
        while !instead.is_empty() {
            match self.poll_send(cx, &instead) {
                Poll::Ready(sent) => drop(instead.drain(..sent?)),
                Poll::Pending => {
                    self.instead = Some(instead);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    /// hyper flushes when it has written all that it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.begins = true;
        self.give_up = None;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Tells whether this is hyper's own answer to what it cannot read: all of ours have a request id.
fn is_bare_refusal(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.")
        && answer.get(9) == Some(&b'4')
        && !answer.windows(14).any(|part| part == b"\r\nx-request-id")
}

/// Makes the error that one of hyper's own statuses stands for.
pub fn unreadable(status: &[u8]) -> Error {
    let (code, status, message) = match status {
        b"431" => (
            code::HEAD_TOO_LARGE,
            431,
            format!("the request's head must have at most {MAX_HEAD} bytes and 100 headers"),
        ),
        _ => (
            code::MALFORMED_REQUEST,
            400,
            "this is not an HTTP/1.1 request; check its first line and its headers".to_owned(),
        ),
    };
    Error::new(ErrorKind::Validation, code, message).with_status(status)
}
