//! One request: to its door, to the desk, and back.

use std::{
    cell::RefCell,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Response, Version,
    body::{Body, Incoming},
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING},
    http::{request::Parts, uri::Authority},
};
use spanwright_core::{
    codes,
    connector::{CORRELATION_DEFAULT, With},
    desk::{Brought, Event, Word, message_id},
    door::{
        Asked, Found, HttpAnswer, Network, Refused, Request, Route, Routes, Said,
        at_once::{self, Asks},
        reception::{self, MESSAGES, Who, full_disk, no_keys, stopping},
    },
    fact::Moment,
    plan::Plan,
    run::Arrival,
};
use spanwright_shape::{room::Room, text::Failure};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};

use super::{
    AtOnce, BODIES_BYTES_MOST, BODY_BYTES_MOST, BODY_TIME_MOST, HEAD_BYTES_MOST, HEADERS_MOST, KEEP_TIME_MOST, coding,
    keys::KeySets,
    lanes,
    quick::Quick,
    sender::{sender, spoke_tls},
    serve::{Peer, head_too_large},
    state::Whereabouts,
    turned_away::{Register, Seen},
    waiters::{Waiters, Waiting},
};
use crate::{
    clock::{Clock, Dice},
    codes as own,
    shell::{Disk, Hands, Inbox, Rank, guarded},
    variables::Variables,
    wire::Http,
};

/// What serving a request needs.
pub(crate) struct Office {
    routes: Routes,
    pub(super) waiters: Arc<Waiters>,
    clock: Arc<Clock>,
    variables: Arc<Variables>,
    hands: Hands,
    inbox: Inbox,
    disk: Arc<Disk>,
    whereabouts: Whereabouts,
    register: Register,
    at_once: Arc<AtOnce>,
    quick: Quick,
    dice: Dice,
    bodies: Arc<Semaphore>,
    keys: KeySets,
}

/// A body takes no more room than this until more of it has come.
const SMALL_BODY_BYTES_MOST: usize = 64 << 10;

/// A request, owned: it goes to a worker.
struct Carried {
    method: String,
    origin: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
    /// Who sent it, behind the proxies that we trust.
    from: IpAddr,
    certificate: Option<[u8; 32]>,
    /// What its body takes up of the room for bodies, until somebody waits for its word.
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

/// What became of a request that was looked at.
enum Taken {
    /// It is on its way to the desk.
    Brought(OnItsWay),
    Answer(HttpAnswer),
    /// Nobody can say who came before this key set is fetched.
    Wants(String),
}

/// What is on its way to the desk.
struct OnItsWay {
    waiting: Waiting,
    asked: Asked,
    correlation: Option<String>,
    /// How long its sender waits, at most.
    patience: Duration,
}

/// What a request turns out to be, once it is taken apart.
enum Looked {
    Answer(HttpAnswer),
    Message(reception::Message),
    /// Nobody can say who came before this key set is fetched.
    Wants(String),
}

impl Office {
    #[allow(clippy::too_many_arguments)] // one place puts it together
    pub(crate) fn new(
        plan: Arc<Plan>,
        wire: Arc<Http>,
        waiters: Arc<Waiters>,
        clock: Arc<Clock>,
        variables: Arc<Variables>,
        hands: Hands,
        inbox: Inbox,
        disk: Arc<Disk>,
        whereabouts: Whereabouts,
        register: Register,
        at_once: Arc<AtOnce>,
    ) -> Office {
        let keys = KeySets::new(wire, clock.clone());
        let (bodies, quick) = (Arc::new(Semaphore::new(BODIES_BYTES_MOST)), Quick::of(plan.doors.len()));
        let (routes, dice) = (Routes::of(plan), Dice::new());
        Office { routes, waiters, clock, variables, hands, inbox, disk, whereabouts, register, at_once, quick, dice, bodies, keys }
    }

    /// The answer to a request; there is always one.
    pub(super) async fn serve(self: Arc<Self>, request: hyper::Request<Incoming>, peer: Peer) -> Response<Full<Bytes>> {
        let given = request.headers().get(CORRELATION_DEFAULT).cloned();
        let accepts = request.headers().get(ACCEPT_ENCODING).and_then(|accepts| accepts.to_str().ok()).map(String::from);
        let mut answer = self.answer(request, peer).await;
        if let Some(packed) = coding::packed(accepts.as_deref(), &answer.body) {
            answer.body = packed;
            answer.headers.extend([("content-encoding", "gzip"), ("vary", "accept-encoding")].map(|(n, v)| (n.into(), v.into())));
        }
        written(answer, given)
    }

    /// The answer to a request that is refused before anybody looks for its door.
    pub(super) fn refused(&self, request: hyper::Request<Incoming>, peer: Peer, refused: &Refused) -> Response<Full<Bytes>> {
        let (head, _) = request.into_parts();
        self.note(None, refused, &Head::of(&head, peer, self.proxies()), None);
        written(refused.problem(), head.headers.get(CORRELATION_DEFAULT).cloned())
    }

    async fn answer(self: &Arc<Self>, request: hyper::Request<Incoming>, peer: Peer) -> HttpAnswer {
        if let Some(id) = request.uri().path().strip_prefix(MESSAGES) {
            return self.whereabouts.answer(request.method(), id).await;
        }
        let (head, body) = request.into_parts();
        if let Some(refused) = outsized(&head).or_else(|| ambiguous(&head)) {
            self.note(None, &refused, &Head::of(&head, peer, self.proxies()), None);
            return refused.problem();
        }
        let door = match self.routes.find(head.method.as_str(), head.uri.path()) {
            Ok(found) => found.door,
            Err(refused) => {
                self.note(None, &refused, &Head::of(&head, peer, self.proxies()), None);
                return refused.problem();
            }
        };
        let read = match self.disk.takes_in() || self.routes.is_unkept(door) {
            true => self.body(body, head.version).await,
            false => Err(full_disk()),
        };
        match read {
            Ok((body, place)) => self.take(door, carry(head, body, place, peer, self.proxies())).await,
            Err(refused) => {
                self.note(Some(door), &refused, &Head::of(&head, peer, self.proxies()), None);
                self.routes.door(door).door.answer(None, &Said::Refused(&refused))
            }
        }
    }

    /// The whole body, and the room that it takes up for as long as it is here. Room is taken once something comes, for as much as a small
    /// body has, and for all that was announced once more than [`SMALL_BODY_BYTES_MOST`] has come: who announces much and sends nothing
    /// keeps no room from others, and of many some are read to their ends.
    async fn body(&self, mut body: Incoming, version: Version) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refused> {
        if body.is_end_stream() {
            return Ok((Bytes::new(), None));
        }
        let least = usize::try_from(body.size_hint().lower()).unwrap_or(0);
        let announced = body.size_hint().upper().unwrap_or(BODY_BYTES_MOST as u64);
        let announced = usize::try_from(announced).ok().filter(|announced| *announced <= BODY_BYTES_MOST).ok_or_else(too_large)?;
        let waits = AtomicBool::new(false);
        let read = async {
            let (mut bytes, mut place) = (Vec::with_capacity(least.min(SMALL_BODY_BYTES_MOST)), None);
            while let Some(frame) = body.frame().await {
                let Ok(piece) = frame.map_err(|_| cut())?.into_data() else { continue };
                let length = bytes.len() + piece.len();
                if length > BODY_BYTES_MOST {
                    return Err(too_large());
                }
                waits.store(true, Ordering::Relaxed);
                // No more comes than was announced.
                self.take_room(&mut place, if length > SMALL_BODY_BYTES_MOST { announced } else { announced.min(SMALL_BODY_BYTES_MOST) })
                    .await;
                waits.store(false, Ordering::Relaxed);
                bytes.extend_from_slice(&piece);
            }
            // Who resets a stream "without error" ends its body as if it were whole.
            if version == Version::HTTP_2 && !body.is_end_stream() {
                return Err(cut());
            }
            let surplus = place.as_mut().and_then(|place| place.split(place.num_permits().saturating_sub(bytes.len())));
            drop(surplus);
            Ok((Bytes::from(bytes), place))
        };
        let read = timeout(BODY_TIME_MOST, read).await;
        read.unwrap_or_else(|_| Err(if waits.load(Ordering::Relaxed) { no_room_for_bodies() } else { late() }))
    }

    /// Waits until so many bytes are taken of the room for bodies.
    async fn take_room(&self, place: &mut Option<OwnedSemaphorePermit>, bytes: usize) {
        let more = bytes.saturating_sub(place.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        let more = self.bodies.clone().acquire_many_owned(u32::try_from(more).unwrap_or(u32::MAX)).await;
        // Nobody closes it.
        let Ok(more) = more else { return };
        match place {
            Some(place) => place.merge(more),
            None => *place = Some(more),
        }
    }

    /// It was not taken: a person may want to know why.
    fn note(&self, door: Option<usize>, refused: &Refused, head: &Head<'_>, body: Option<&[u8]>) {
        let door = door.map(|door| {
            let plan = self.routes.door(door);
            let pattern = plan.door.routes().iter().find(|route| route.fits(head.path).is_some());
            let pattern = pattern.map(|route| Route { method: None, ..route.clone() }.to_string());
            (&*plan.name, pattern.unwrap_or_default())
        });
        let (method, path) = (head.method, head.path);
        let seen = Seen { door, method, path, from: head.from, content_type: head.content_type, body };
        self.register.note(refused, &seen, self.clock.now());
    }

    /// What came was no request that can be read, and it was told so.
    pub(super) fn unreadable(&self, peer: Peer, refused: &Refused) {
        self.note(None, refused, &Head { method: "-", path: "-", from: peer.address.ip(), content_type: None }, None);
    }

    async fn take(self: &Arc<Self>, door: usize, carried: Carried) -> HttpAnswer {
        let carried = Arc::new(carried);
        let mut taken = self.looked_at(door, &carried).await;
        if let Taken::Wants(url) = &taken {
            self.keys.fetch(url).await;
            taken = self.looked_at(door, &carried).await;
        }
        let mut brought = match taken {
            Taken::Brought(brought) => brought,
            Taken::Answer(answer) => return answer,
            Taken::Wants(_) => return no_keys().problem(),
        };
        let word = match timeout(brought.patience, &mut brought.waiting.word).await {
            Ok(Ok(word)) => Some(word),
            Ok(Err(_)) | Err(_) => None,
        };
        if let Some(refused) = word.as_ref().and_then(reception::not_taken) {
            self.note(Some(door), &refused, &Head::of_carried(&carried), Some(&carried.body));
        }
        correlated(self.say(door, brought.asked, word).await, brought.correlation)
    }

    /// On this thread where that is soon done, or on a worker.
    async fn looked_at(self: &Arc<Self>, door: usize, carried: &Arc<Carried>) -> Taken {
        thread_local! { static ROOM: RefCell<Room> = RefCell::new(Room::new()) }
        let lane = lanes::here();
        if carried.body.len() <= LOOKED_AT_HERE_MOST && self.quick.is(door) {
            return ROOM.with_borrow_mut(|room| self.received(door, carried, lane, room));
        }
        let (to, taken) = oneshot::channel();
        let (office, carried) = (self.clone(), carried.clone());
        self.hands.give(Rank::Wire, move |room| {
            let _gone = to.send(office.received(door, &carried, lane, room));
        });
        taken.await.unwrap_or_else(|_| Taken::Answer(stopping().problem()))
    }

    fn proxies(&self) -> &[Network] {
        self.routes.plan.listen.as_ref().map_or(&[], |listen| &listen.proxies)
    }

    /// What is to be kept of a request goes to the desk; its sender waits on this thread.
    fn received(&self, door: usize, carried: &Carried, lane: usize, room: &mut Room) -> Taken {
        let began = self.clock.now();
        let looked = guarded(|| self.look(door, carried, room)).unwrap_or_else(|| Looked::Answer(ours_to_blame().problem()));
        self.quick.took(door, self.clock.now().since(began));
        match looked {
            Looked::Answer(answer) => Taken::Answer(answer),
            Looked::Wants(url) => Taken::Wants(url),
            Looked::Message(message) => {
                let place = carried.place.lock().unwrap_or_else(PoisonError::into_inner).take();
                let (waiting, correlation) = (self.waiters.wait(lane, place), message.correlation());
                self.inbox.tell(Event::Brought(Brought { waiter: waiting.id, arrivals: message.arrivals, left_out: message.left_out }));
                Taken::Brought(OnItsWay { waiting, asked: message.asked, correlation, patience: message.patience + KEEP_TIME_MOST })
            }
        }
    }

    /// The door takes the request apart, into what it is for each flow.
    fn look(&self, door: usize, carried: &Carried, room: &mut Room) -> Looked {
        room.clear();
        let seam = &*self.routes.door(door).door;
        let head = Head::of_carried(carried);
        let refuse = |refused: &Refused| {
            self.note(Some(door), refused, &head, Some(&carried.body));
            Looked::Answer(seam.answer(None, &Said::Refused(refused)))
        };
        let packed = carried.headers.get(CONTENT_ENCODING).and_then(|coding| coding.to_str().ok());
        let body = match coding::unpacked(packed, carried.body.clone()) {
            Ok(body) => body,
            Err(refused) => return refuse(&refused),
        };
        if body.len() > carried.body.len() && !self.has_room_unpacked(carried, body.len()) {
            return refuse(&no_room_for_bodies());
        }
        let headers: Vec<(&str, &[u8])> = carried.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let Ok(Found { parameters, .. }) = self.routes.find(&carried.method, &carried.path) else { return refuse(&ours_to_blame()) };
        let request = Request {
            method: &carried.method,
            origin: &carried.origin,
            path: &carried.path,
            query: &carried.query,
            parameters: &parameters,
            headers: &headers,
            body: &body,
            from: carried.from,
            certificate: carried.certificate,
        };
        let (value, now) = (|name: &str| self.variables.value(name), self.clock.now());
        let with = With { now: self.clock.wall(), variable: &value, token: None, request_key: "", outcomes: &[], validator: None };
        match reception::receive(&self.routes, door, &request, Who::Guarded(&self.keys), &with, room) {
            reception::Taken::Answer(answer) => Looked::Answer(answer),
            reception::Taken::Refused { refused, answer } => {
                self.note(Some(door), &refused, &head, Some(&body));
                Looked::Answer(answer)
            }
            reception::Taken::Wants(url) => Looked::Wants(url),
            reception::Taken::Message(message) => match self.answered_at_once(door, &message, now, room) {
                Some(answer) => Looked::Answer(answer),
                None => Looked::Message(message),
            },
        }
    }

    /// A body takes up what it unpacks to.
    fn has_room_unpacked(&self, carried: &Carried, bytes: usize) -> bool {
        let mut place = carried.place.lock().unwrap_or_else(PoisonError::into_inner);
        let more = bytes.saturating_sub(place.as_ref().map_or(bytes, OwnedSemaphorePermit::num_permits));
        match self.bodies.clone().try_acquire_many_owned(u32::try_from(more).unwrap_or(u32::MAX)) {
            Ok(more) => {
                if let Some(place) = &mut *place {
                    place.merge(more);
                }
                true
            }
            Err(_) => false,
        }
    }

    /// The answer to what nothing is kept of.
    fn answered_at_once(&self, door: usize, message: &reception::Message, now: Moment, room: &Room) -> Option<HttpAnswer> {
        let is_held = |flow: &(usize, Arrival)| self.at_once.is_held(flow.0);
        if !self.routes.is_unkept(door) || message.arrivals.iter().any(is_held) {
            return None;
        }
        let asks = Asks { id: message_id(now, &mut || self.dice.roll()), at: now };
        let (flow, answer) = at_once::answer(&self.routes, door, message, asks, room)?;
        let correlation = message.correlation();
        self.at_once.answered(flow, correlation.as_deref(), now);
        Some(correlated(answer, correlation))
    }

    /// The desk's word, as the door writes it.
    async fn say(self: &Arc<Self>, door: usize, asked: Asked, word: Option<Word>) -> HttpAnswer {
        let Some(word) = word else { return self.routes.door(door).door.answer(Some(asked), &Said::Refused(&not_kept_in_time())) };
        let large = matches!(&word, Word::Replied { reply, .. } if reply.body.len() > WRITTEN_HERE_MOST);
        if !large {
            return guarded(|| self.write(door, asked, &word)).unwrap_or_else(|| ours_to_blame().problem());
        }
        let (to, written) = oneshot::channel();
        let office = self.clone();
        self.hands.give(Rank::Wire, move |_| {
            let answer = guarded(|| office.write(door, asked, &word)).unwrap_or_else(|| ours_to_blame().problem());
            let _gone = to.send(answer);
        });
        written.await.unwrap_or_else(|_| stopping().problem())
    }

    fn write(&self, door: usize, asked: Asked, word: &Word) -> HttpAnswer {
        reception::answer(&*self.routes.door(door).door, asked, word)
    }
}

/// The answer with the sender's own correlation id.
fn correlated(mut answer: HttpAnswer, correlation: Option<String>) -> HttpAnswer {
    answer.headers.extend(correlation.map(|correlation| (CORRELATION_DEFAULT.into(), correlation.into_bytes())));
    answer
}

/// Bytes of a body that is looked at where the sockets are, at a door that is quick; a larger one is by a worker.
const LOOKED_AT_HERE_MOST: usize = 16 << 10;
/// Bytes of a reply that are written where the sockets are; a larger one is written by a worker.
const WRITTEN_HERE_MOST: usize = 64 << 10;

/// A head of HTTP/2 that is larger than one of HTTP/1.1 may be, which is refused before it is a request.
fn outsized(head: &Parts) -> Option<Refused> {
    let lines = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let is_outsized = |path: usize| head.headers.len() > HEADERS_MOST || path + lines.sum::<usize>() > HEAD_BYTES_MOST;
    (head.version == Version::HTTP_2 && is_outsized(head.uri.path_and_query().map_or(0, |path| path.as_str().len()))).then(head_too_large)
}

/// A host and its port; the one that goes without saying does not count.
fn without_port(host: &[u8]) -> &[u8] {
    host.strip_suffix(b":80").or_else(|| host.strip_suffix(b":443")).unwrap_or(host)
}

/// A head that two readers may understand in two ways, or whose body is in a coding that we do not take off.
fn ambiguous(head: &Parts) -> Option<Refused> {
    let refused = |status, says| Some(Refused::new(status, Failure::new(&codes::UNREADABLE, says)).with("connection", "close"));
    let (authority, mut hosts) = (head.uri.authority().map(Authority::as_str), head.headers.get_all(HOST).iter());
    let host = hosts.next().map(HeaderValue::as_bytes);
    if hosts.next().is_some()
        || head.version == Version::HTTP_11 && host.is_none()
        || head.version == Version::HTTP_2 && host.or(authority.map(str::as_bytes)).is_none()
    {
        return refused(400, "a request names one host");
    }
    // RFC 9113 section 8.3.1, and RFC 9112 section 3.2.
    let is_another = |host: &[u8], authority: &str| {
        head.version == Version::HTTP_2 && !without_port(host).eq_ignore_ascii_case(without_port(authority.as_bytes()))
    };
    if authority.is_some_and(|authority| authority.contains('@') || host.is_some_and(|host| is_another(host, authority))) {
        return refused(400, "a request names one host, and nobody in front of it");
    }
    let mut kinds = head.headers.get_all(CONTENT_TYPE).iter();
    let kind = kinds.next();
    if kinds.any(|other| Some(other) != kind) {
        return refused(400, "a request has one `content-type`");
    }
    let coding = |line: &HeaderValue| line.to_str().map(str::to_ascii_lowercase).unwrap_or_default();
    let lines: Vec<String> = head.headers.get_all(TRANSFER_ENCODING).iter().map(coding).collect();
    let codings: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).map(str::trim).filter(|coding| !coding.is_empty()).collect();
    match codings[..] {
        [] | ["chunked"] => None,
        // RFC 9112 sections 6.1 and 7.1.
        _ if codings.iter().all(|coding| *coding == "chunked") => refused(400, "a body is `chunked` once"),
        _ => refused(501, "the body has a `transfer-encoding` other than chunked; `content-encoding` may be gzip or deflate"),
    }
}

fn no_room_for_bodies() -> Refused {
    Refused::new(503, Failure::new(&codes::NO_ROOM, "bodies of other requests take up all the room that there is"))
        .with("retry-after", "10")
}

fn not_kept_in_time() -> Refused {
    Refused::new(503, Failure::new(&codes::NOT_KEPT_IN_TIME, "the message could not be kept in time; send it again with the same key"))
        .with("retry-after", "10")
}

fn too_large() -> Refused {
    Refused::new(413, Failure::new(&codes::TOO_LARGE, format!("the body has more than {BODY_BYTES_MOST} bytes")))
        .with("connection", "close")
}

fn ours_to_blame() -> Refused {
    Refused::new(500, Failure::new(&own::R0106, "the request could not be read because of a fault in Spanwright"))
}

fn late() -> Refused {
    let says = format!("the body did not arrive within {} s", BODY_TIME_MOST.as_secs());
    Refused::new(408, Failure::new(&codes::TOO_SLOW, says)).with("connection", "close")
}

fn cut() -> Refused {
    Refused::new(400, Failure::new(&codes::UNREADABLE, "the body was cut or is malformed")).with("connection", "close")
}

/// What is looked at of a request that is not taken.
struct Head<'h> {
    method: &'h str,
    path: &'h str,
    from: IpAddr,
    content_type: Option<&'h str>,
}

impl<'h> Head<'h> {
    fn of(head: &'h Parts, peer: Peer, proxies: &[Network]) -> Head<'h> {
        let from = sender(peer.address.ip(), &head.headers, proxies);
        Head { method: head.method.as_str(), path: head.uri.path(), from, content_type: content_type(&head.headers) }
    }

    fn of_carried(carried: &'h Carried) -> Head<'h> {
        let content_type = content_type(&carried.headers);
        Head { method: &carried.method, path: &carried.path, from: carried.from, content_type }
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok())
}

/// The whole of a request.
fn carry(head: Parts, body: Bytes, place: Option<OwnedSemaphorePermit>, peer: Peer, proxies: &[Network]) -> Carried {
    let tls = spoke_tls(peer.address.ip(), &head.headers, proxies).unwrap_or(peer.tls);
    let from = sender(peer.address.ip(), &head.headers, proxies);
    let named = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = head.uri.authority().map(Authority::as_str).or(named).unwrap_or_default();
    Carried {
        method: head.method.as_str().to_string(),
        origin: format!("{}://{host}", if tls { "https" } else { "http" }),
        path: head.uri.path().to_string(),
        query: head.uri.query().unwrap_or_default().to_string(),
        headers: head.headers,
        body,
        from,
        certificate: peer.certificate,
        place: Mutex::new(place),
    }
}

/// The answer as it goes out. A header that cannot be sent makes it a fault of the flow's, and nothing of it is sent.
fn written(answer: HttpAnswer, correlation: Option<HeaderValue>) -> Response<Full<Bytes>> {
    let mut headers = HeaderMap::with_capacity(answer.headers.len() + 2);
    for (name, value) in &answer.headers {
        let line = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        match line {
            (Ok(name), Ok(value)) if name != CONTENT_LENGTH => drop(headers.append(name, value)),
            (Ok(_), Ok(_)) => {}
            (Err(_), _) | (_, Err(_)) => return written(unsendable().problem(), correlation),
        }
    }
    if let Some(id) = correlation
        && !headers.contains_key(CORRELATION_DEFAULT)
    {
        headers.insert(CORRELATION_DEFAULT, id);
    }
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

fn unsendable() -> Refused {
    Refused::new(500, Failure::new(&codes::UNANSWERABLE, "a header of the reply cannot be sent"))
}
