//! A peer may ask for one answer after the other and take none of them. It would hold its connection, and what was written for it, for
//! ever. So a write that cannot go on has a time, and each byte that goes gives it anew.
//!
//! It stands below TLS: what TLS has taken over is with nobody yet.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A connection that fails where nobody takes what is written.
pub(super) struct Attended<S> {
    stream: S,
    stalls_most: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Attended<S> {
    /// A write waits so long for its next byte.
    pub(super) fn of(stream: S, stalls_most: Duration) -> Attended<S> {
        Attended { stream, stalls_most, stalled: None }
    }

    fn timed(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let most = self.stalls_most;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(most)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nobody takes the answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Attended<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, bytes)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Attended<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.timed(context, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.timed(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    // A socket has nothing to flush and closes at once: neither waits for the peer.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods)] // sockets of its own
    use std::{convert::Infallible, error::Error as _, task::Waker};

    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
    use hyper_util::rt::TokioIo;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
        net::TcpSocket,
        runtime::{Builder, Runtime},
        time::timeout,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(60);
    /// So small that a system's buffers on both sides hold no whole answer.
    const BUFFER_BYTES: u32 = 4 << 10;
    const ANSWER_BYTES: usize = 1 << 20;

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn whoever_asks_again_and_again_and_takes_no_answer_is_let_go() {
        runtime().block_on(async {
            let (there, here) = (TcpSocket::new_v4().unwrap(), TcpSocket::new_v4().unwrap());
            there.set_recv_buffer_size(BUFFER_BYTES).unwrap();
            // Connections that are taken have what the listener has.
            here.set_send_buffer_size(BUFFER_BYTES).unwrap();
            here.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let listener = here.listen(1).unwrap();
            let mut peer = there.connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            let answers = service_fn(|_: Request<Incoming>| async {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(vec![b'x'; ANSWER_BYTES]))))
            });
            let served = http1::Builder::new().serve_connection(TokioIo::new(Attended::of(stream, SHORT)), answers);
            peer.write_all("GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(16).as_bytes()).await.unwrap();
            let ended = timeout(LONG, served).await.expect("it ends by itself");
            let why = ended.unwrap_err();
            let kind = why.source().and_then(|why| why.downcast_ref::<io::Error>()).map(io::Error::kind);
            assert_eq!(kind, Some(io::ErrorKind::TimedOut), "{why:?}");
            drop(peer);
        });
    }

    #[test]
    fn each_byte_that_is_taken_gives_a_write_its_time_anew() {
        runtime().block_on(async {
            let (stream, mut peer) = tokio::io::duplex(1);
            let mut stream = Attended::of(stream, LONG);
            let write =
                |stream: &mut Attended<DuplexStream>| Pin::new(stream).poll_write(&mut Context::from_waker(Waker::noop()), b"x").is_ready();
            assert!(write(&mut stream) && stream.stalled.is_none());
            assert!(!write(&mut stream) && stream.stalled.is_some());
            peer.read_u8().await.unwrap();
            assert!(write(&mut stream) && stream.stalled.is_none());
        });
    }
}
