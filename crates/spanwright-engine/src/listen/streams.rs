//! HTTP/2: one connection carries many requests at once, for a sender that always has some of them on their way. Whoever begins with its
//! preface (RFC 9113 section 3.3), or agrees on `h2` below TLS, is served so.
//!
//! What always holds: a request beyond the first that is open on a connection has a place as a connection has, so that of all together no
//! more are open than there may be connections; it has it until its answer is taken, and where its sender takes it back, until it is
//! decided. What floods (resets of what nobody has looked at yet, frames of a head that never ends, empty ones) is ended by the library.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use spanwright_core::{
    codes,
    door::{Refused, reception::stopping},
};
use spanwright_shape::text::Failure;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{MissedTickBehavior, interval, sleep},
};

use super::{HEAD_TIME_MOST, STREAM_BYTES_MOST, STREAMS_BYTES_MOST, STREAMS_MOST, TOLD_TIME_MOST, request::Office, serve::Peer};

/// How a connection of HTTP/2 begins, as far as it tells it from a request of HTTP/1.1.
pub(super) const PREFACE: &[u8; 3] = b"PRI";
/// Bytes of an answer that go over at once, and that wait for the peer behind our back.
const PIECE_BYTES_MOST: usize = 16 << 10;
/// An answer of so few bytes goes at once.
const SMALL_BYTES_MOST: usize = 1 << 10;
/// Bytes of a head that the library reads: a larger one it refuses itself, by the status alone. So most are told why, as on HTTP/1.1.
const READ_HEAD_BYTES_MOST: usize = 64 << 10;

/// How long things may take.
#[derive(Clone, Copy)]
struct Times {
    /// A connection is looked at so often: who has asked nothing since, or has taken nothing of an answer, is let go of.
    idle: Duration,
    /// Who was told that we end has so long to say that it heard it.
    told: Duration,
}

/// Serves one connection to its end.
pub(super) async fn connection<S>(stream: S, peer: Peer, office: Arc<Office>, places: Arc<Semaphore>, stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let clerk = office.clone();
    let answer = move |request, refused: Option<Refused>| {
        let office = clerk.clone();
        async move {
            match refused {
                Some(refused) => office.refused(request, peer, &refused),
                None => office.serve(request, peer).await,
            }
        }
    };
    let times = Times { idle: HEAD_TIME_MOST, told: TOLD_TIME_MOST };
    // How it ends otherwise is the sender's affair: what it brought is in the journal, or was not taken.
    if let Err(why) = served(stream, places, times, stopped, answer).await
        && let Some(why) = fault(&why)
    {
        let says = format!("this is no HTTP/2 that can be read: {why}");
        office.unreadable(peer, &Refused::new(400, Failure::new(&codes::UNREADABLE, says)));
    }
}

/// What the peer did that ended the connection, where it did.
fn fault(why: &hyper::Error) -> Option<&h2::Error> {
    std::error::Error::source(why).and_then(|why| why.downcast_ref::<h2::Error>()).filter(|why| why.is_library())
}

/// Serves one connection to its end. A request is answered by `answer`, or refused by it where it is told so.
async fn served<S, A, F>(
    stream: S,
    places: Arc<Semaphore>,
    times: Times,
    mut stopped: watch::Receiver<bool>,
    answer: A,
) -> Result<(), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>, Option<Refused>) -> F,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let streams = Arc::new(Streams { places, open: Mutex::default() });
    let theirs = streams.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (asked, refused) = match theirs.asked() {
            Ok(asked) => (Some(asked), None),
            Err(refused) => (None, Some(refused)),
        };
        let (is_head, streams) = (request.method() == Method::HEAD, theirs.clone());
        let answer = answer(request, refused);
        ToItsEnd(Some(Box::pin(async move {
            let answer = answer.await;
            Ok::<_, Infallible>(streams.answered(asked, is_head, answer).await)
        })))
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MOST).max_header_list_size(READ_HEAD_BYTES_MOST as u32);
    builder.initial_stream_window_size(STREAM_BYTES_MOST).initial_connection_window_size(STREAMS_BYTES_MOST);
    builder.max_send_buf_size(PIECE_BYTES_MOST);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let (mut is_told, mut is_stalled, mut was_over, mut looks) = (false, false, false, interval(times.idle));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.reset();
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            _ = stopped.changed(), if !is_told => {}
            // Twice: the last answer may have been given over just now.
            () = sleep(times.told), if is_told => match std::mem::replace(&mut was_over, streams.is_over()) && was_over {
                true => return Ok(()),
                false => continue,
            },
            _ = looks.tick() => match streams.looked_at() {
                Seen::Busy => continue,
                Seen::Idle if !is_told => {}
                // Behind a proxy that may be one of many: the others are answered.
                Seen::Stalled if !std::mem::replace(&mut is_stalled, true) => {}
                Seen::Idle | Seen::Stalled => return Ok(()),
            },
        }
        if is_told {
            continue;
        }
        connection.as_mut().graceful_shutdown();
        is_told = true;
    }
}

/// What is open on a connection.
struct Streams {
    /// Of all connections.
    places: Arc<Semaphore>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    /// Requests that have no answer yet, also those that their sender has taken back.
    asked: usize,
    /// Answers that the peer has not taken: those of which a piece went since the last look, and those of which one went before it. Which
    /// is which, the number of looks tells.
    untaken: [usize; 2],
    looks: usize,
    /// A request came since the last look.
    came: bool,
    /// Whoever was told that we end has had the time to hear it.
    over: bool,
}

/// What a look at a connection finds.
enum Seen {
    Busy,
    /// Nobody asks.
    Idle,
    /// Of an answer nothing was taken since the look before.
    Stalled,
}

impl Open {
    /// What is open counts, whether or not it waits for us.
    fn count(&self) -> usize {
        self.asked + self.untaken[0] + self.untaken[1]
    }
}

impl Streams {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more request, which has room.
    fn asked(self: &Arc<Streams>) -> Result<Asked, Refused> {
        let mut open = self.open();
        open.came = true;
        if open.over {
            return Err(stopping());
        }
        // The connection has a place itself. More than so many are open only of who takes requests back.
        let place = match open.count() {
            0 => None,
            count if count >= 2 * STREAMS_MOST as usize => return Err(no_place()),
            _ => Some(self.places.clone().try_acquire_owned().map_err(|_| no_place())?),
        };
        open.asked += 1;
        Ok(Asked { streams: self.clone(), place })
    }

    /// The answer, as a body that is counted until the peer has taken it.
    async fn answered(self: Arc<Streams>, mut asked: Option<Asked>, is_head: bool, answer: Response<Full<Bytes>>) -> Response<Answer> {
        let (head, body) = answer.into_parts();
        // RFC 9110 sections 9.3.2, 15.3.5 and 15.4.5.
        let is_bare = is_head || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let Ok(body) = body.collect().await;
        let rest = if is_bare { Bytes::new() } else { body.to_bytes() };
        let place = asked.as_mut().and_then(|asked| asked.place.take());
        let mut open = self.open();
        let look = open.looks;
        open.untaken[look % 2] += 1;
        drop(open);
        Response::from_parts(head, Answer { rest, is_whole: true, look, streams: self, _place: place })
    }

    fn looked_at(&self) -> Seen {
        let mut open = self.open();
        let before = (open.looks + 1) % 2;
        if open.untaken[before] > 0 {
            return Seen::Stalled;
        }
        open.looks += 1;
        match std::mem::take(&mut open.came) || open.count() > 0 {
            true => Seen::Busy,
            false => Seen::Idle,
        }
    }

    /// Whether nothing is open. From now on nothing more is taken.
    fn is_over(&self) -> bool {
        let mut open = self.open();
        open.over = true;
        open.count() == 0
    }
}

fn no_place() -> Refused {
    let says = "as many requests are open as may be at once";
    Refused::new(503, Failure::new(&codes::NO_ROOM, says)).with("retry-after", "10")
}

/// A request that has no answer yet.
struct Asked {
    streams: Arc<Streams>,
    place: Option<OwnedSemaphorePermit>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.streams.open().asked -= 1;
    }
}

/// Goes on to its end where nobody waits for it any more: who takes back what we are at, again and again, has as many open as it asked for.
struct ToItsEnd<F>(Option<Pin<Box<F>>>)
where
    F: Future<Output: Send> + Send + 'static;

impl<F> Future for ToItsEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(rest) = &mut self.0 else { return Poll::Pending };
        let out = ready!(rest.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(out)
    }
}

impl<F> Drop for ToItsEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        // Where the thread ends, all that it was at ends with it.
        if let (Some(rest), Ok(here)) = (self.0.take(), Handle::try_current()) {
            drop(here.spawn(rest));
        }
    }
}

/// The body of an answer, until the peer has taken it.
struct Answer {
    rest: Bytes,
    /// Nothing of it went yet.
    is_whole: bool,
    /// The number of looks when a piece of it went last.
    look: usize,
    streams: Arc<Streams>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.streams.open().untaken[self.look % 2] -= 1;
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let answer = &mut *self;
        let mut open = answer.streams.open();
        open.untaken[answer.look % 2] -= 1;
        answer.look = open.looks;
        open.untaken[answer.look % 2] += 1;
        // The library has room for each piece whose first byte the peer takes. Of what is not small the last byte goes by itself, so that the
        // answer counts until the peer has room for all of it.
        let (left, is_small) = (answer.rest.len(), answer.rest.len() <= SMALL_BYTES_MOST && answer.is_whole);
        let length = if is_small { left } else { left.saturating_sub(1).clamp(left.min(1), PIECE_BYTES_MOST) };
        answer.is_whole = false;
        Poll::Ready((length > 0).then(|| Ok(Frame::data(answer.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests;
