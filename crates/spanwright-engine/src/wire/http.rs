//! HTTP/1.1: one request, one try, one answer.

use std::{error::Error, io, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response, Uri,
    body::{Body, Incoming},
    client::conn::http1,
    header::{ACCEPT_ENCODING, HOST, HeaderName, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use spanwright_core::{
    connector::{HttpRequest, Reached},
    desk::Report,
};
use tokio::time::{Sleep, sleep};

use super::{
    ANSWER_BYTES_MOST, ANSWER_HEAD_BYTES_MOST, ANSWER_HEADERS_MOST, WHOLE_BYTES_MOST,
    amqp::Amqp,
    answer::{Answer, AnswerBody, Reply, Silence},
    connect::{Names, Origin, Reach},
    counted::{Count, Counted},
    idle::{Idle, Line},
    pipe::Tail,
    tls::{Tls, TlsFault},
};
use crate::clock::Clock;

/// How the wire is set up.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// A PEM file of certificates to trust beside the machine's.
    pub further_roots: Option<PathBuf>,
    /// Nothing but the public Internet is reached.
    pub public_only: bool,
}

/// The HTTP wire: connections to every origin, shared by all flows.
pub struct Http {
    reach: Reach,
    idle: Idle,
    clock: Arc<Clock>,
}

/// What is known of a try while it is under way.
#[derive(Default)]
struct Leg {
    /// The connection's count, and what it stood at when the request was handed over.
    count: Option<(Arc<Count>, u64, u64)>,
    handed_over: bool,
}

impl Leg {
    fn on(&mut self, count: &Arc<Count>) {
        self.count = Some((count.clone(), count.sent(), count.got()));
    }

    fn moved(&self) -> (u64, u64) {
        self.count.as_ref().map_or((0, 0), |(count, sent, got)| (count.sent() - sent, count.got() - got))
    }

    /// The connection is over and its count stands still.
    fn after_the_end(&self) -> Reached {
        if self.moved().0 > 0 { Reached::Maybe } else { Reached::No }
    }

    /// The connection may still be writing: once the request is handed over, nobody can call it back for certain.
    fn at_the_deadline(&self) -> Reached {
        if self.handed_over { Reached::Maybe } else { Reached::No }
    }
}

impl Http {
    /// A wire with no connection yet.
    ///
    /// # Errors
    /// [`TlsFault`]
    pub fn new(settings: &HttpSettings, clock: Arc<Clock>) -> Result<Http, TlsFault> {
        let tls = Tls::new(settings.further_roots.as_deref())?;
        let reach = Reach { tls, public_only: settings.public_only, names: Names::System };
        Ok(Http { reach, idle: Idle::default(), clock })
    }

    /// The same, where a resolver says what it is told to say.
    #[cfg(test)]
    pub(super) fn with_names(self, names: Names) -> Http {
        Http { reach: Reach { names, ..self.reach }, ..self }
    }

    /// The wire to brokers, set up as this one is.
    pub(crate) fn brokers(&self) -> Amqp {
        let Reach { tls, public_only, names } = &self.reach;
        Amqp::new(Reach { tls: tls.without_protocol(), public_only: *public_only, names: names.clone() })
    }

    /// One exchange, over within `timeout` from connecting to the last byte of the answer.
    pub async fn exchange(&self, request: HttpRequest, timeout: Duration) -> Reply {
        self.exchange_up_to(ANSWER_BYTES_MOST, request, timeout).await.0
    }

    /// The same; but of an answer with more than [`WHOLE_BYTES_MOST`] the reply has the beginning and waits for the rest,
    /// which comes while somebody [brings](Http::bring) it.
    pub(crate) async fn exchange_in_pieces(&self, request: HttpRequest, timeout: Duration) -> (Reply, Option<Tail>) {
        self.exchange_up_to(WHOLE_BYTES_MOST, request, timeout).await
    }

    /// Brings the rest of an answer to its reader: each MiB of it within the time of a whole exchange, in which the
    /// time that the reader takes does not count.
    pub(crate) async fn bring(&self, tail: Tail) {
        if let Some((origin, line)) = tail.bring().await {
            self.idle.put(origin, line, self.clock.now());
        }
    }

    async fn exchange_up_to(&self, most: usize, request: HttpRequest, timeout: Duration) -> (Reply, Option<Tail>) {
        let (at, mut leg) = (self.clock.now(), Leg::default());
        let mut deadline = std::pin::pin!(sleep(timeout));
        let heard = tokio::select! {
            heard = self.ask(request, &mut leg) => heard,
            () = &mut deadline => Err(Stopped::Late(format!("no answer within {} s", timeout.as_secs_f32()))),
        };
        let mut tail = None;
        let heard = match heard {
            Ok((origin, line, response)) => {
                let (answer, rest) = self.read(most, (origin, line), response, deadline.as_mut(), timeout).await;
                tail = rest;
                Ok(answer)
            }
            Err(Stopped::Late(why)) => Err(Silence { reached: leg.at_the_deadline(), why }),
            Err(Stopped::Broken(why)) => Err(Silence { reached: leg.after_the_end(), why }),
        };
        let status = heard.as_ref().map_or(0, |answer| answer.status);
        let (sent, got) = leg.moved();
        let took = self.clock.now().since(at);
        let budget = heard.as_ref().ok().and_then(|answer| super::budget::budget(&answer.headers, self.clock.wall()));
        (Reply { heard, report: Report { at, took, status, sent, got, budget, drift: 0 } }, tail)
    }

    /// Up to the head of the answer.
    async fn ask(&self, request: HttpRequest, leg: &mut Leg) -> Result<(Origin, Line, Response<Incoming>), Stopped> {
        let uri: Uri = request.url.parse().map_err(|why| Stopped::Broken(format!("the URL of the request cannot be read: {why}")))?;
        let origin = Origin::of(&uri, request.certificate.clone()).map_err(Stopped::Broken)?;
        let mut request = assemble(request, &uri, &origin).map_err(Stopped::Broken)?;
        while let Some(line) = self.idle.take(&origin, self.clock.now()) {
            match self.send(line, request, leg).await? {
                Sent::Answered(line, response) => return Ok((origin, line, response)),
                Sent::NotTaken(back) => request = *back,
            }
        }
        let line = self.open(&origin).await.map_err(Stopped::Broken)?;
        match self.send(line, request, leg).await? {
            Sent::Answered(line, response) => Ok((origin, line, response)),
            Sent::NotTaken(_) => Err(Stopped::Broken(format!("{origin} closed the connection before anything was sent"))),
        }
    }

    async fn open(&self, origin: &Origin) -> Result<Line, String> {
        let (stream, count) = Counted::new(self.reach.connect(origin).await?);
        let builder = {
            let mut builder = http1::Builder::new();
            builder.max_headers(ANSWER_HEADERS_MOST).max_buf_size(ANSWER_HEAD_BYTES_MOST);
            builder
        };
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|why| words(&why))?;
        // Its error is told to the exchange that was on it.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Line { sender, count })
    }

    /// Hands the request over, unless the connection turns out to be closed before it takes it.
    async fn send(&self, mut line: Line, request: Request<Full<Bytes>>, leg: &mut Leg) -> Result<Sent, Stopped> {
        if line.sender.ready().await.is_err() {
            return Ok(Sent::NotTaken(Box::new(request)));
        }
        leg.on(&line.count);
        leg.handed_over = true;
        match line.sender.try_send_request(request).await {
            Ok(response) if head_bytes(&response) > ANSWER_HEAD_BYTES_MOST => {
                Err(Stopped::Broken(format!("the head of the answer is larger than {} KiB", ANSWER_HEAD_BYTES_MOST >> 10)))
            }
            Ok(response) => Ok(Sent::Answered(line, response)),
            Err(mut refused) => match refused.take_message() {
                Some(request) => {
                    leg.handed_over = false;
                    Ok(Sent::NotTaken(Box::new(request)))
                }
                None => Err(Stopped::Broken(self.broken(refused.error(), leg))),
            },
        }
    }

    fn broken(&self, error: &hyper::Error, leg: &Leg) -> String {
        match leg.moved() {
            (0, _) => format!("the connection broke before anything was sent: {}", words(error)),
            (sent, 0) => format!("the connection broke after {sent} bytes were sent and before an answer came: {}", words(error)),
            (sent, got) => format!("the connection broke after {sent} bytes were sent and {got} came back: {}", words(error)),
        }
    }

    /// The answer, or its first `most` bytes and the tail that brings the others.
    async fn read(
        &self,
        most: usize,
        from: (Origin, Line),
        response: Response<Incoming>,
        deadline: Pin<&mut Sleep>,
        timeout: Duration,
    ) -> (Answer, Option<Tail>) {
        let (head, mut incoming) = response.into_parts();
        let (status, headers) = (head.status.as_u16(), lines(&head.headers));
        let (bytes, end) = gather(&mut incoming, most, deadline, timeout).await;
        let (body, tail) = match end {
            End::Whole => {
                self.idle.put(from.0, from.1, self.clock.now());
                (AnswerBody::whole(bytes), None)
            }
            End::Cut(kind, why) => (AnswerBody::cut(bytes, kind, why), None),
            End::More(next) if most < ANSWER_BYTES_MOST => {
                let (tail, pipe) = Tail::new(from, incoming, next, timeout);
                (AnswerBody::piped(bytes, pipe), Some(tail))
            }
            End::More(_) => {
                let why = format!("the answer is larger than {} MiB", ANSWER_BYTES_MOST >> 20);
                (AnswerBody::cut(bytes, io::ErrorKind::FileTooLarge, why), None)
            }
        };
        (Answer { status, headers, body }, tail)
    }
}

/// Bytes of an answer's head, as they stand on the wire. What reads it stops at a bound too, but looks only when all of what
/// has come is no whole head.
fn head_bytes(response: &Response<Incoming>) -> usize {
    let lines = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    lines.sum::<usize>() + "HTTP/1.1 200 \r\n\r\n".len()
}

/// What came of handing a request over.
enum Sent {
    /// A head came back.
    Answered(Line, Response<Incoming>),
    /// Not a byte of it was taken; here it is again.
    NotTaken(Box<Request<Full<Bytes>>>),
}

/// Why there is no answer.
enum Stopped {
    /// The deadline.
    Late(String),
    /// Anything else.
    Broken(String),
}

/// The request as it goes out: `host`, `user-agent` and `accept-encoding` where the connector set none.
fn assemble(request: HttpRequest, uri: &Uri, origin: &Origin) -> Result<Request<Full<Bytes>>, String> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut out =
        Request::builder().method(request.method).uri(path).body(Full::new(Bytes::from(request.body))).map_err(|why| why.to_string())?;
    let headers = out.headers_mut();
    let default_port = if origin.tls { 443 } else { 80 };
    let host = if origin.port == default_port { uri.host().unwrap_or_default().to_string() } else { origin.to_string() };
    headers.insert(HOST, HeaderValue::try_from(host).map_err(|why| format!("the host of the URL: {why}"))?);
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("spanwright/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    set(headers, request.headers)?;
    Ok(out)
}

/// The connector's lines, in order; the first of a name takes the place of ours.
fn set(headers: &mut HeaderMap, lines: Vec<(Arc<str>, Vec<u8>)>) -> Result<(), String> {
    let mut named: Vec<HeaderName> = Vec::with_capacity(lines.len());
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no name of a header"))?;
        // The value may be a secret: it is not quoted.
        let value = HeaderValue::from_maybe_shared(Bytes::from(value))
            .map_err(|_| format!("the value of the header `{name}` has a line break or another control character"))?;
        if named.contains(&name) {
            headers.append(name, value);
        } else {
            headers.insert(name.clone(), value);
            named.push(name);
        }
    }
    Ok(())
}

/// How the gathering of a body ended.
enum End {
    Whole,
    Cut(io::ErrorKind, String),
    /// It has more bytes than were wanted: the first of them.
    More(Bytes),
}

/// The first `most` bytes of a body.
async fn gather(body: &mut Incoming, most: usize, mut deadline: Pin<&mut Sleep>, timeout: Duration) -> (Vec<u8>, End) {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0).min(most);
    let mut bytes = Vec::with_capacity(expected);
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = deadline.as_mut() => {
                let why = format!("the answer did not end within {} s; {} bytes of it came", timeout.as_secs_f32(), bytes.len());
                return (bytes, End::Cut(io::ErrorKind::TimedOut, why));
            }
        };
        match frame {
            None => return (bytes, End::Whole),
            Some(Err(error)) => {
                let why = format!("the connection broke inside the answer, after {} bytes: {}", bytes.len(), words(&error));
                return (bytes, End::Cut(io::ErrorKind::UnexpectedEof, why));
            }
            Some(Ok(frame)) => {
                let Ok(mut piece) = frame.into_data() else { continue };
                let more = piece.split_off(piece.len().min(most - bytes.len()));
                bytes.extend_from_slice(&piece);
                if !more.is_empty() {
                    return (bytes, End::More(more));
                }
            }
        }
    }
}

fn lines(headers: &HeaderMap) -> Vec<(Arc<str>, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().to_vec())).collect()
}

/// An error and its causes, in one line.
pub(super) fn words(error: &dyn Error) -> String {
    let (mut words, mut cause) = (error.to_string(), error.source());
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}
