//! One exchange: `ask` on a worker, the wire on the reactor, `hear` on a worker; and the event that tells the desk.
//!
//! Calls, polls and sign-ins are the same three steps; they differ in what is called and in who listens. Whatever goes
//! wrong, exactly one event comes back: an exchange that nobody hears of would keep its gate closed for ever.

use std::sync::{
    Arc, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};

use spanwright_core::{
    connector::{FilesRequest, Heard, HttpRequest, QueueRequest, Refusal, Request},
    desk::{
        Event, Exchange, PollJob, Report, SignIn, Tell,
        errand::{Batch, Errand, Lent, Polled, SigningIn, Telling, Told, ours_to_blame, unheard},
    },
    fact::Moment,
};
use spanwright_shape::room::Room;

use super::{
    clerk::Inbox,
    readers::Readers,
    workers::{Hands, Rank, guarded},
};
use crate::{
    clock::Clock,
    keep::{Hand, Marks, UNMARKED_BYTES_MOST},
    listen::Waiters,
    variables::Variables,
    wire::{
        Http, Reply,
        amqp::Amqp,
        files::{self, Looks},
    },
};

/// What every exchange needs.
pub(super) struct Office {
    pub(super) wire: Arc<Http>,
    pub(super) brokers: Amqp,
    /// What was seen of files that do not stand still yet.
    pub(super) looks: Looks,
    pub(super) clock: Arc<Clock>,
    pub(super) variables: Arc<Variables>,
    pub(super) hands: Hands,
    pub(super) inbox: Inbox,
    /// Senders who wait for the desk's word.
    pub(super) waiters: Arc<Waiters>,
    pub(super) reactor: tokio::runtime::Handle,
    /// Exchanges that were begun and not told of.
    pub(super) open: AtomicUsize,
    /// Readers of pages in pieces, who wait for the disk.
    pub(super) readers: Readers,
    /// Where it is marked for whom something large is written or read; `None` where the journal is no file.
    pub(super) marks: Option<Arc<Marks>>,
}

impl Office {
    /// Makes an exchange of a flow's effects.
    pub(super) fn exchange(self: &Arc<Self>, exchange: Exchange) {
        self.begin(Batch::of(exchange));
    }

    /// Asks for a page of a source.
    pub(super) fn poll(self: &Arc<Self>, job: PollJob) {
        match Polled::of(job) {
            Ok(errand) => self.begin(errand),
            Err(event) => self.inbox.tell(*event),
        }
    }

    /// Exchanges of every kind that are under way.
    pub(super) fn under_way(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Signs in.
    pub(super) fn sign_in(self: &Arc<Self>, job: SignIn) {
        self.begin(SigningIn { job });
    }

    /// Tells a channel. What was said may quote what we had sent: no secret goes into an alert.
    pub(super) fn tell(self: &Arc<Self>, job: Tell) {
        self.begin(Telling::of(job, |notice| self.variables.secrets().redact(notice)));
    }

    fn begin(self: &Arc<Self>, errand: impl Errand) {
        self.open.fetch_add(1, Ordering::AcqRel);
        if let Some(token) = errand.token() {
            self.variables.secrets().add(token);
        }
        let office = self.clone();
        self.hands.give(Rank::Wire, move |room| match office.ask(&errand, room) {
            Ok(Request::Http(request)) => {
                office.remember(&request);
                office.send(errand, request);
            }
            Ok(Request::Files(request)) => office.look(errand, request),
            Ok(Request::Queue(request)) => office.queue(errand, request),
            Err(refusal) => office.end(errand.not_asked(refusal)),
        });
    }

    /// It waits for the disk, and would keep a worker from everything else.
    fn look(self: Arc<Self>, errand: impl Errand, request: FilesRequest) {
        let reactor = self.reactor.clone();
        reactor.spawn_blocking(move || {
            let at = self.clock.now();
            let mut reply = files::exchange(&request, &self.clock, &self.looks);
            let (got, room) = (reply.got(), Room::new());
            let told = self.in_pieces(&errand, reply.heard(), &room);
            let sent = match &request {
                FilesRequest::Put { bytes, .. } => bytes.len() as u64,
                FilesRequest::Take { .. } => 0,
            };
            self.end(told_of(&errand, told, self.report(at, sent, got)));
        });
    }

    /// What shows who we are is a secret in the form that it has on the wire, too.
    fn remember(&self, request: &HttpRequest) {
        let shown = request.headers.iter().filter(|(name, _)| &**name == "authorization");
        for (_, value) in shown {
            let value = String::from_utf8_lossy(value);
            self.variables.secrets().add(value.split_once(' ').map_or(&*value, |(_, proof)| proof));
        }
    }

    fn queue(self: Arc<Self>, errand: impl Errand, request: QueueRequest) {
        let (reactor, timeout, at) = (self.reactor.clone(), errand.timeout(), self.clock.now());
        match request {
            QueueRequest::Publish { broker, exchange, messages } => {
                let sent = messages.iter().map(|message| message.body.len() as u64).sum();
                reactor.spawn(async move {
                    let reply = self.brokers.publish(broker, exchange, messages, timeout).await;
                    let report = self.report(at, sent, 0);
                    let hands = self.hands.clone();
                    hands.give(Rank::Wire, move |room| self.end(told_of(&errand, self.told(&errand, reply.heard(), room), report)));
                });
            }
            // It waits for messages and for the disk, and would keep a worker from everything else.
            QueueRequest::Take { broker, queue, prefetch } => {
                let runtime = reactor.clone();
                reactor.spawn_blocking(move || {
                    let hear = |heard: Heard<'_>| self.in_pieces(&errand, heard, &Room::new());
                    let (told, got) = self.brokers.take(&runtime, broker, queue, prefetch, timeout, hear);
                    self.end(told_of(&errand, told, self.report(at, 0, got)));
                });
            }
            QueueRequest::Declare { .. } => self.end(errand.not_asked(ours_to_blame("a flow declares nothing"))),
        }
    }

    /// Of an exchange that knows no status.
    fn report(&self, at: Moment, sent: u64, got: u64) -> Report {
        Report { at, took: self.clock.now().since(at), status: 0, sent, got, budget: None, drift: 0 }
    }

    fn send(self: Arc<Self>, errand: impl Errand, request: HttpRequest) {
        let (reactor, timeout) = (self.reactor.clone(), errand.timeout());
        reactor.spawn(async move {
            let (reply, tail) = match errand.takes_pieces() {
                true => self.wire.exchange_in_pieces(request, timeout).await,
                false => (self.wire.exchange(request, timeout).await, None),
            };
            let Some(tail) = tail else {
                let hands = self.hands.clone();
                return hands.give(Rank::Wire, move |room| self.end(self.hear(&errand, reply, room)));
            };
            // It waits for the wire and for the disk, and would keep a worker from everything else.
            let office = self.clone();
            tokio::task::spawn_blocking(move || office.end(office.hear_pieces(&errand, reply, &Room::new())));
            self.wire.bring(tail).await;
        });
    }

    /// The desk hears of it before it counts as over.
    fn end(&self, event: Event) {
        self.inbox.tell(event);
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    fn ask(&self, errand: &impl Errand, room: &Room) -> Result<Request, Refusal> {
        let _marked = self.marked(errand, errand.bytes());
        let asked = guarded(|| self.lending(|lent| lent.ask(errand, room)));
        asked.unwrap_or_else(|| Err(ours_to_blame("it ended in a panic, which standard error has")))
    }

    fn hear(&self, errand: &impl Errand, mut reply: Reply, room: &Room) -> Event {
        let report = reply.report.clone();
        let _marked = self.marked(errand, reply.heard.as_ref().map_or(0, |answer| answer.body.bytes().len()));
        told_of(errand, self.told(errand, reply.heard(), room), report)
    }

    /// Where so many bytes are at work, those for whom they are stand in the file until it is done.
    fn marked(&self, errand: &impl Errand, bytes: usize) -> Option<(Hand, Option<MutexGuard<'_, ()>>)> {
        let marks = self.marks.as_ref().filter(|_| bytes > UNMARKED_BYTES_MOST)?;
        let runs = errand.runs();
        let one_by_one = marks.one_by_one(&runs);
        Some((Marks::hand_of_exchange(marks, &runs)?, one_by_one))
    }

    fn told(&self, errand: &impl Errand, heard: Heard<'_>, room: &Room) -> Told {
        let told = guarded(|| self.lending(|lent| lent.hear(errand, heard, room)));
        self.clean(told.flatten().unwrap_or_else(|| Told::verdict(unheard(errand.calls(room).map_or(1, |calls| calls.len())))))
    }

    fn hear_pieces(&self, errand: &impl Errand, mut reply: Reply, room: &Room) -> Event {
        let told = self.in_pieces(errand, reply.heard(), room);
        told_of(errand, told, reply.report_at(self.clock.now()))
    }

    fn in_pieces(&self, errand: &impl Errand, heard: Heard<'_>, room: &Room) -> Told {
        let mut waiting = None;
        let mut keep = |call, page| {
            let reader = waiting.get_or_insert_with(|| self.readers.enter(call));
            self.inbox.tell(Event::PieceHeard { call, page });
            reader.wait()
        };
        let told = guarded(|| self.lending(|lent| lent.hear_pieces(errand, heard, room, &mut keep)));
        let calls = |room| errand.calls(room).map_or(1, |calls| calls.len());
        self.clean(told.flatten().unwrap_or_else(|| Told::verdict(unheard(calls(room)))))
    }

    /// A peer may quote what we sent: no secret goes on from here, into the journal least of all.
    fn clean(&self, mut told: Told) -> Told {
        let secrets = self.variables.secrets();
        told.failures().for_each(|why| secrets.clean(&mut why.says));
        told
    }

    fn lending<T>(&self, work: impl FnOnce(&Lent<'_>) -> T) -> T {
        work(&Lent { now: self.clock.wall(), variable: &|name| self.variables.value(name) })
    }
}

/// The event, with what only the reading of the answer has shown of it.
fn told_of(errand: &impl Errand, told: Told, report: Report) -> Event {
    let drift = told.verdict.drift();
    errand.heard(told, Report { drift, ..report })
}
