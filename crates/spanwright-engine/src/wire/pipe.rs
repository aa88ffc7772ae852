//! From the reactor, which may not wait, to a reader on a thread, who may: a bounded pipe for the rest of a large answer.
//!
//! Where the reader is slow the pipe is full, the socket is not read, and the other side waits: that is the back-pressure.

use std::{io, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::{Instant, sleep_until},
};

use super::{PIECE_BYTES, PIPED_BYTES_MOST, connect::Origin, http::words, idle::Line};

/// Pieces of a body that wait for their reader; none has more bytes than the connection's buffer.
const PIECES_MOST: usize = 4;

type Fault = (io::ErrorKind, String);

enum Piece {
    Bytes(Bytes),
    End,
    Fault(Fault),
}

/// The reader's end.
#[derive(Debug)]
pub(super) struct Pipe {
    pieces: Receiver<Piece>,
}

impl Pipe {
    /// The next bytes; waits for them. `None` at the end of the body.
    pub(super) fn draw(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        match self.pieces.blocking_recv() {
            Some(Piece::Bytes(bytes)) => Ok(Some(bytes.into())),
            Some(Piece::End) => Ok(None),
            Some(Piece::Fault(fault)) => Err(fault),
            None => Err((io::ErrorKind::Interrupted, "the engine ended while the answer still came".into())),
        }
    }
}

/// The rest of an answer, still on its connection.
pub(crate) struct Tail {
    from: (Origin, Line),
    body: Incoming,
    next: Bytes,
    timeout: Duration,
    into: Sender<Piece>,
}

impl Tail {
    /// `next`: bytes that were read and are not with the reader yet.
    pub(super) fn new(from: (Origin, Line), body: Incoming, next: Bytes, timeout: Duration) -> (Tail, Pipe) {
        let (into, pieces) = channel(PIECES_MOST);
        (Tail { from, body, next, timeout, into }, Pipe { pieces })
    }

    /// Brings all of it; the connection, where it can be used again. Ends early where nobody reads any more.
    pub(super) async fn bring(mut self) -> Option<(Origin, Line)> {
        let mut got = self.next.len() as u64;
        let next = std::mem::take(&mut self.next);
        self.into.send(Piece::Bytes(next)).await.ok()?;
        let (mut left, mut since) = (self.timeout, got);
        loop {
            let began = Instant::now();
            let end = tokio::select! {
                frame = self.body.frame() => match frame {
                    None => Some(Piece::End),
                    Some(Err(error)) => Some(broken(&error, got)),
                    Some(Ok(frame)) => {
                        let bytes = frame.into_data().unwrap_or_default();
                        got += bytes.len() as u64;
                        left = left.saturating_sub(began.elapsed());
                        self.into.send(Piece::Bytes(bytes)).await.ok()?;
                        None
                    }
                },
                () = sleep_until(began + left) => Some(self.late(got)),
            };
            if got - since >= PIECE_BYTES as u64 {
                (left, since) = (self.timeout, got);
            }
            match end.or_else(|| too_large(got)) {
                None => {}
                Some(Piece::End) => {
                    self.into.send(Piece::End).await.ok()?;
                    return Some(self.from);
                }
                Some(end) => {
                    self.into.send(end).await.ok()?;
                    return None;
                }
            }
        }
    }

    fn late(&self, got: u64) -> Piece {
        let why = format!(
            "the next MiB of the answer did not come within {} s, after {got} bytes behind its beginning",
            self.timeout.as_secs_f32()
        );
        Piece::Fault((io::ErrorKind::TimedOut, why))
    }
}

fn broken(error: &hyper::Error, got: u64) -> Piece {
    let why = format!("the connection broke inside the answer, {got} bytes behind its beginning: {}", words(error));
    Piece::Fault((io::ErrorKind::UnexpectedEof, why))
}

fn too_large(got: u64) -> Option<Piece> {
    let why = || format!("the answer is larger than {} GiB", PIPED_BYTES_MOST >> 30);
    (got > PIPED_BYTES_MOST).then(|| Piece::Fault((io::ErrorKind::FileTooLarge, why())))
}
