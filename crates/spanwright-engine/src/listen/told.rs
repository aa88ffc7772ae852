//! A head that is too large is refused before it is a request: the reader of HTTP does so itself, with a status alone. Here
//! its sender is told why too, as everybody else is.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use hyper::StatusCode;
use spanwright_core::door::HttpAnswer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How the answer begins that has no body.
const BARE: &[u8] = b"HTTP/1.1 431 ";

/// A connection on which the refusal of a head has a body.
pub(super) struct Told<S> {
    stream: S,
    refusal: fn() -> HttpAnswer,
    /// What goes out in place of the bare answer, and how much of it has.
    instead: Option<(Vec<u8>, usize)>,
    said: Said,
}

/// What a flow itself has answered on a connection.
#[derive(Clone, Default)]
pub(super) struct Said(Arc<AtomicBool>);

impl Said {
    /// One more answer. A flow that replies with 431 means its own.
    pub(super) fn heard(&self, status: StatusCode) {
        if status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl<S> Told<S> {
    pub(super) fn of(stream: S, refusal: fn() -> HttpAnswer) -> Told<S> {
        Told { stream, refusal, instead: None, said: Said::default() }
    }

    /// To be told of each answer.
    pub(super) fn said(&self) -> Said {
        self.said.clone()
    }

    fn is_bare(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(BARE) && !self.said.0.load(Ordering::Relaxed)
    }
}

/// As it goes over the wire.
fn written(answer: &HttpAnswer) -> Vec<u8> {
    let mut bytes = [BARE, b"Request Header Fields Too Large\r\n"].concat();
    for (name, value) in &answer.headers {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", answer.body.len()).bytes());
    bytes.extend(&answer.body);
    bytes
}

impl<S: AsyncWrite + Unpin> Told<S> {
    /// The whole refusal, for so many bytes of the bare one.
    fn refuse(&mut self, context: &mut Context<'_>, bare: usize) -> Poll<io::Result<usize>> {
        let (bytes, at) = self.instead.get_or_insert_with(|| (written(&(self.refusal)()), 0));
        while *at < bytes.len() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[*at..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => *at += written,
            }
        }
        Poll::Ready(Ok(bare))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Told<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, bytes)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Told<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_bare(bytes) {
            return self.refuse(context, bytes.len());
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if pieces.first().is_some_and(|first| self.is_bare(first)) {
            return self.refuse(context, pieces.iter().map(|piece| piece.len()).sum());
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
