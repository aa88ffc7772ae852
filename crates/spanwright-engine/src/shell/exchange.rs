//! One exchange: `ask` on a worker, the wire on the reactor, `hear` on a worker; and the event that tells the desk.
//!
//! Calls, polls and sign-ins are the same three steps; they differ in what is called and in who listens. Whatever goes
//! wrong, exactly one event comes back: an exchange that nobody hears of would keep its gate closed for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use spanwright_core::{
    connector::{Answers, Call, Heard, HttpRequest, Outcome, Refusal, Request, System, Verdict, With},
    desk::{Event, Exchange, PollJob, Report, SignIn},
    plan::Source,
    run::intake::{self, Page},
};
use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{
    clerk::Inbox,
    workers::{Hands, Rank, guarded},
};
use crate::{
    clock::Clock,
    codes,
    variables::Variables,
    wire::{Http, Reply},
};

/// What every exchange needs.
pub(super) struct Office {
    pub(super) wire: Http,
    pub(super) clock: Arc<Clock>,
    pub(super) variables: Variables,
    pub(super) hands: Hands,
    pub(super) inbox: Inbox,
    pub(super) reactor: tokio::runtime::Handle,
    /// Exchanges that were begun and not told of.
    pub(super) open: AtomicUsize,
}

/// Something to be asked, and how its end is told.
trait Errand: Send + Sync + 'static {
    /// Who is asked; `None` where the plan and the job do not fit, which the checker of plans excludes.
    fn system(&self) -> Option<&dyn System>;
    fn operation(&self) -> usize;
    fn timeout(&self) -> Duration;
    fn token(&self) -> Option<&str>;
    fn request_key(&self) -> &str;
    fn calls<'a>(&'a self, room: &'a Room) -> Result<Vec<Call<'a>>, Refusal>;
    /// Listens with the right kind of ear.
    fn hear(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>) -> Told;
    /// The event where an answer was heard, or a fault of ours kept us from hearing it.
    fn heard(&self, told: Told, report: Report) -> Event;
    /// The event where nothing was sent.
    fn not_asked(&self, refusal: Refusal) -> Event;
}

/// What was heard.
struct Told {
    verdict: Verdict,
    page: Option<Result<Page, Failure>>,
}

impl Told {
    fn verdict(verdict: Verdict) -> Told {
        Told { verdict, page: None }
    }
}

impl Office {
    /// Makes an exchange of a flow's effects.
    pub(super) fn exchange(self: &Arc<Self>, exchange: Exchange) {
        let traces = exchange.calls.iter().map(|call| trace(call.message, &call.key)).collect();
        self.begin(Batch { exchange, traces });
    }

    /// Asks for a page of a source.
    pub(super) fn poll(self: &Arc<Self>, job: PollJob) {
        let key = format!("{:032x}", job.correlation);
        match parameters(&job) {
            Ok(with) => self.begin(Polled { trace: trace(job.correlation, &key), key, with, job }),
            Err(why) => self.inbox.tell(Event::NotAsked { call: job.call, refusal: Refusal::System(why) }),
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

    fn begin(self: &Arc<Self>, errand: impl Errand) {
        self.open.fetch_add(1, Ordering::AcqRel);
        if let Some(token) = errand.token() {
            self.variables.secrets().add(token);
        }
        let office = self.clone();
        self.hands.give(Rank::Wire, move |room| match office.ask(&errand, room) {
            Ok(Request::Http(request)) => office.send(errand, request),
            Err(refusal) => office.end(errand.not_asked(refusal)),
        });
    }

    fn send(self: Arc<Self>, errand: impl Errand, request: HttpRequest) {
        let (reactor, timeout) = (self.reactor.clone(), errand.timeout());
        reactor.spawn(async move {
            let reply = self.wire.exchange(request, timeout).await;
            let hands = self.hands.clone();
            hands.give(Rank::Wire, move |room| self.end(self.hear(&errand, reply, room)));
        });
    }

    /// The desk hears of it before it counts as over.
    fn end(&self, event: Event) {
        self.inbox.tell(event);
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    fn ask(&self, errand: &impl Errand, room: &Room) -> Result<Request, Refusal> {
        let asked = guarded(|| {
            let system = errand.system().ok_or_else(|| ours_to_blame("the plan has no such system"))?;
            system.ask(errand.operation(), &errand.calls(room)?, &self.with(errand, &self.values()))
        });
        asked.unwrap_or_else(|| Err(ours_to_blame("it ended in a panic, which standard error has")))
    }

    fn hear(&self, errand: &impl Errand, mut reply: Reply, room: &Room) -> Event {
        let report = reply.report.clone();
        let told = guarded(|| {
            let (system, calls) = (errand.system()?, errand.calls(room).ok()?);
            Some(errand.hear(system, &calls, reply.heard(), &self.with(errand, &self.values())))
        });
        let told = told.flatten().unwrap_or_else(|| Told::verdict(unheard(errand.calls(room).map_or(1, |calls| calls.len()))));
        errand.heard(told, report)
    }

    fn values(&self) -> impl Fn(&str) -> Option<String> + '_ {
        |name| self.variables.value(name)
    }

    fn with<'w>(&self, errand: &'w impl Errand, variable: &'w dyn Fn(&str) -> Option<String>) -> With<'w> {
        With { now: self.clock.now(), variable, token: errand.token(), request_key: errand.request_key() }
    }
}

fn ours_to_blame(why: &str) -> Refusal {
    Refusal::Call(0, Failure::new(&codes::R0101, format!("the request could not be written: {why}")))
}

/// The request was sent and our reader failed: nobody knows.
fn unheard(calls: usize) -> Verdict {
    let why = Failure::new(&codes::R0102, "the answer could not be read: the reader ended in a panic, which standard error has");
    Verdict::all(calls.max(1), Outcome::Unknown(why))
}

/// W3C `traceparent`: the trace is the message, the span is the effect.
fn trace(message: u128, key: &str) -> String {
    format!("00-{message:032x}-{}-01", key.get(..16).unwrap_or("0000000000000001"))
}

/// Parameters as a value.
fn record<'a>(bytes: &'a [u8], room: &'a Room) -> Result<Value<'a>, Failure> {
    let fault = |says: String| Failure::new(&codes::R0104, says);
    match json::read(bytes, room) {
        Ok(value @ Value::Record(_)) => Ok(value),
        Ok(other) => Err(fault(format!("the parameters are {}, not a record", other.kind().word()))),
        Err(why) => Err(fault(format!("the parameters are no JSON at byte {}: {}", why.at, why.says))),
    }
}

/// An exchange of a flow's effects.
struct Batch {
    exchange: Exchange,
    /// One a call.
    traces: Vec<String>,
}

impl Errand for Batch {
    fn system(&self) -> Option<&dyn System> {
        Some(&*self.exchange.plan.systems.get(self.exchange.system)?.system)
    }

    fn operation(&self) -> usize {
        self.exchange.operation
    }

    fn timeout(&self) -> Duration {
        timeout(&self.exchange.plan, self.exchange.system)
    }

    fn token(&self) -> Option<&str> {
        self.exchange.token.as_deref()
    }

    fn request_key(&self) -> &str {
        &self.exchange.request_key
    }

    /// A request that carries many messages has an id of its own for the other side's logs: that of the request.
    fn calls<'a>(&'a self, room: &'a Room) -> Result<Vec<Call<'a>>, Refusal> {
        let key = self.request_key();
        let calls = self.exchange.calls.iter().zip(&self.traces).enumerate();
        calls
            .map(|(n, (call, trace))| {
                let with = record(&call.input.with, room).map_err(|why| Refusal::Call(n, why))?;
                let correlation = if call.key == key { &*call.correlation } else { key };
                Ok(Call { key: &call.key, with, body: call.input.body.as_deref(), correlation, trace })
            })
            .collect()
    }

    fn hear(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>) -> Told {
        let answers = if self.exchange.answers { Answers::Keep } else { Answers::Drop };
        let mut verdict = system.hear(self.operation(), calls, heard, with, answers);
        if verdict.outcomes.len() != calls.len() {
            verdict = Verdict { system: verdict.system, ..unheard(calls.len()) };
        }
        Told::verdict(verdict)
    }

    fn heard(&self, told: Told, report: Report) -> Event {
        Event::Heard { call: self.exchange.call, verdict: told.verdict, report }
    }

    fn not_asked(&self, refusal: Refusal) -> Event {
        Event::NotAsked { call: self.exchange.call, refusal }
    }
}

/// A page of a source.
struct Polled {
    job: PollJob,
    /// Of the request.
    key: String,
    trace: String,
    /// Parameters, JSON.
    with: Vec<u8>,
}

fn source(job: &PollJob) -> Option<&Source> {
    job.plan.flows.get(job.flow)?.source.as_ref()
}

fn parameters(job: &PollJob) -> Result<Vec<u8>, Failure> {
    let source = source(job).ok_or_else(|| Failure::new(&codes::R0101, "the flow has no source"))?;
    intake::parameters(source, job.cursor.as_deref(), job.page.as_deref())
}

impl Errand for Polled {
    fn system(&self) -> Option<&dyn System> {
        Some(&*self.job.plan.systems.get(source(&self.job)?.system)?.system)
    }

    fn operation(&self) -> usize {
        source(&self.job).map_or(0, |source| source.operation)
    }

    fn timeout(&self) -> Duration {
        timeout(&self.job.plan, source(&self.job).map_or(usize::MAX, |source| source.system))
    }

    fn token(&self) -> Option<&str> {
        self.job.token.as_deref()
    }

    fn request_key(&self) -> &str {
        &self.key
    }

    fn calls<'a>(&'a self, room: &'a Room) -> Result<Vec<Call<'a>>, Refusal> {
        let with = record(&self.with, room).map_err(Refusal::System)?;
        Ok(vec![Call { key: &self.key, with, body: None, correlation: &self.key, trace: &self.trace }])
    }

    fn hear(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>) -> Told {
        let mut page = None;
        let mut show = |value: &Value<'_>| page = source(&self.job).map(|source| intake::page(source, value));
        let verdict = system.hear(self.operation(), calls, heard, with, Answers::Show(&mut show));
        if matches!(verdict.outcomes.first(), Some(Outcome::Delivered(_))) && page.is_none() {
            page = Some(Err(Failure::new(&codes::R0102, "the answer was taken and no page was shown")));
        }
        Told { verdict, page }
    }

    fn heard(&self, told: Told, report: Report) -> Event {
        Event::PageHeard { call: self.job.call, verdict: told.verdict, page: told.page, report }
    }

    fn not_asked(&self, refusal: Refusal) -> Event {
        Event::NotAsked { call: self.job.call, refusal }
    }
}

/// A sign-in.
struct SigningIn {
    job: SignIn,
}

impl Errand for SigningIn {
    fn system(&self) -> Option<&dyn System> {
        self.job.plan.systems.get(self.job.system)?.system.sign_in()
    }

    fn operation(&self) -> usize {
        0
    }

    fn timeout(&self) -> Duration {
        timeout(&self.job.plan, self.job.system)
    }

    fn token(&self) -> Option<&str> {
        None
    }

    fn request_key(&self) -> &str {
        ""
    }

    fn calls<'a>(&'a self, _room: &'a Room) -> Result<Vec<Call<'a>>, Refusal> {
        Ok(vec![Call { key: "", with: Value::Record(&[]), body: None, correlation: "", trace: "" }])
    }

    fn hear(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>) -> Told {
        Told::verdict(system.hear(0, calls, heard, with, Answers::Keep))
    }

    fn heard(&self, told: Told, report: Report) -> Event {
        Event::SignedIn { call: self.job.call, verdict: told.verdict, report }
    }

    fn not_asked(&self, refusal: Refusal) -> Event {
        Event::NotAsked { call: self.job.call, refusal }
    }
}

fn timeout(plan: &spanwright_core::plan::Plan, system: usize) -> Duration {
    plan.systems.get(system).map_or(spanwright_core::settings::TIMEOUT_DEFAULT, |system| system.limits.timeout)
}
