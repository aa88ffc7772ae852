//! A connection that counts what goes through it, so that "was anything sent?" has an answer when all else fails.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// What went through a connection, above TLS. Bytes count as sent *before* they are handed on, and are taken back where
/// they were not: another thread that looks in between says "maybe" and never a wrong "no".
#[derive(Debug, Default)]
pub(super) struct Count {
    sent: AtomicU64,
    got: AtomicU64,
}

impl Count {
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }

    pub(super) fn got(&self) -> u64 {
        self.got.load(Ordering::Acquire)
    }
}

/// A stream, bare or in TLS.
pub(super) enum Stream {
    Bare(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A stream with its count.
pub(super) struct Counted {
    stream: Stream,
    count: Arc<Count>,
}

impl Counted {
    pub(super) fn new(stream: Stream) -> (Counted, Arc<Count>) {
        let count = Arc::new(Count::default());
        (Counted { stream, count: count.clone() }, count)
    }

    fn writing(&mut self, bytes: usize, write: impl FnOnce(&mut Stream) -> Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.count.sent.fetch_add(bytes as u64, Ordering::AcqRel);
        let written = write(&mut self.stream);
        let taken = match &written {
            Poll::Ready(Ok(taken)) => *taken,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        };
        self.count.sent.fetch_sub((bytes - taken) as u64, Ordering::AcqRel);
        written
    }
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let read = match &mut this.stream {
            Stream::Bare(stream) => Pin::new(stream).poll_read(context, into),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, into),
        };
        this.count.got.fetch_add((into.filled().len() - before) as u64, Ordering::AcqRel);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().writing(bytes.len(), |stream| match stream {
            Stream::Bare(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        })
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let bytes = pieces.iter().map(|piece| piece.len()).sum();
        self.get_mut().writing(bytes, |stream| match stream {
            Stream::Bare(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        })
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Bare(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Bare(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Bare(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
