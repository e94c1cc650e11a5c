//! Bodies on their way through a connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::timeout;

use crate::budget::Share;

/// How much of a body that nobody wanted is read so that its connection can be used again, and for
/// how long.
const SMALL: u64 = 64 * 1024;
const SOON: Duration = Duration::from_millis(50);
/// How much of an answer is copied to the connection at once.
const SLICE: usize = 16 * 1024;

/// A request's body, which its connection can read on after the handler has let go of it.
#[derive(Clone, Debug)]
pub struct RequestBody(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    incoming: Incoming,
    ended: bool,
}

impl RequestBody {
    /// Wraps a body as hyper gives it.
    pub fn new(incoming: Incoming) -> Self {
        let ended = incoming.is_end_stream();
        Self(Arc::new(Mutex::new(State { incoming, ended })))
    }

    /// Reads the rest where it is small and comes soon; tells whether the body has ended.
    pub async fn finish(mut self) -> bool {
        if self.is_end_stream() {
            return true;
        }
        if self.size_hint().lower() > SMALL {
            return false;
        }
        let read_on = async {
            let mut read = 0;
            while let Some(Ok(frame)) = self.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len) as u64;
                if read > SMALL {
                    break;
                }
            }
        };
        let _ = timeout(SOON, read_on).await;
        self.is_end_stream()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ended {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut state.incoming).poll_frame(cx));
        state.ended = frame.is_none() || state.incoming.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ended
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).incoming.size_hint()
    }
}

/// An answer's body in slices: hyper copies what it gets, and so holds little of it at a time.
#[derive(Debug)]
pub struct AnswerBody<B> {
    body: B,
    rest: Bytes,
    /// Its share of the memory, until it is sent or given up.
    _share: Option<Arc<Share>>,
}

impl<B> AnswerBody<B> {
    /// Wraps a body, with its share of the memory where it has one.
    pub fn new(body: B, share: Option<Arc<Share>>) -> Self {
        Self { body, rest: Bytes::new(), _share: share }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> Body for AnswerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                ended => return Poll::Ready(ended),
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let length = self.rest.len().min(SLICE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
