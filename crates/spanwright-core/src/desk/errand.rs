//! Something to be asked of a system, and how its end is told: what stands between a command and its event.
//!
//! Calls, polls and sign-ins are the same three steps: `ask`, the wire, `hear`. They differ in what is called and in who
//! listens. The engine has a socket between the two, the tests of a project have a script; both run this.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{CallId, Event, Exchange, PollJob, Report, SignIn, Tell};
use crate::{
    codes,
    connector::{Answers, Call, Heard, Outcome, Part, Refusal, Request, System, Validator, Verdict, With, Word},
    fact::{Moment, RunId},
    plan::{Gather, NextPage, Plan, Poll, Source},
    run::{
        head,
        intake::{self, Page},
        pages::{self, Gathered, Gathering},
    },
    settings::{OutcomeWord, TIMEOUT_DEFAULT},
};

/// Something to be asked, and how its end is told.
pub trait Errand: Send + Sync + 'static {
    /// Who is asked; `None` where the plan and the job do not fit, which the checker of plans excludes.
    fn system(&self) -> Option<&dyn System>;
    /// Its number.
    fn operation(&self) -> usize;
    /// For the whole exchange.
    fn timeout(&self) -> Duration;
    /// The token to send.
    fn token(&self) -> Option<&str>;
    /// The idempotency key of the whole request.
    fn request_key(&self) -> &str;
    /// What the step says that answers mean.
    fn outcomes(&self) -> &[(Arc<str>, OutcomeWord)] {
        &[]
    }
    /// What the last answer to the same request said of itself.
    fn validator(&self) -> Option<&Validator> {
        None
    }
    /// The runs for which it is asked.
    fn runs(&self) -> Vec<RunId> {
        Vec::new()
    }
    /// Bytes of what is asked, before a request is made of them.
    fn bytes(&self) -> usize {
        0
    }
    /// What is asked, in order.
    ///
    /// # Errors
    /// A call whose parameters are no record.
    fn calls<'a>(&'a self, room: &'a Room) -> Result<Vec<Call<'a>>, Refusal>;
    /// Listens with the right kind of ear.
    fn hear(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>) -> Told;
    /// Whether an answer that is too large for the memory can be heard piece by piece.
    fn takes_pieces(&self) -> bool {
        false
    }
    /// Listens to such an answer.
    fn hear_pieces(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, keep: Keep<'_>) -> Told {
        let _ = keep;
        self.hear(system, calls, heard, with)
    }
    /// The event where an answer was heard, or a fault of ours kept us from hearing it.
    fn heard(&self, told: Told, report: Report) -> Event;
    /// The event where nothing was sent.
    fn not_asked(&self, refusal: Refusal) -> Event;
}

/// Gives a piece of a page to the desk ([`Event::PieceHeard`]) and waits for its [`Command::ReadOn`](super::Command).
pub type Keep<'k> = &'k mut dyn FnMut(CallId, Page) -> ControlFlow<()>;

/// What was heard.
pub struct Told {
    /// What it means.
    pub verdict: Verdict,
    /// Of a poll: what was in it.
    pub page: Option<Result<Page, Failure>>,
    /// Of a call whose answer comes in pages, where there is another one: what was read so far.
    pub gathered: Option<Arc<Gathered>>,
}

impl Told {
    /// Without a page.
    pub fn verdict(verdict: Verdict) -> Told {
        Told { verdict, page: None, gathered: None }
    }

    /// The answers, each with the head of the exchange; of an answer in pages it is that of the last page.
    fn with_head(mut self, head: &[u8]) -> Told {
        for outcome in &mut self.verdict.outcomes {
            if let Outcome::Delivered(Some(answer)) = outcome {
                *answer = head::with_head(head, answer);
            }
        }
        self
    }

    /// Everything that a person will read of it.
    pub fn failures(&mut self) -> impl Iterator<Item = &mut Failure> {
        let outcomes = self.verdict.outcomes.iter_mut().filter_map(|outcome| match outcome {
            Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Never(why) => Some(why),
            Outcome::Delivered(_) => None,
        });
        let system = self.verdict.system.iter_mut().filter_map(|word| match word {
            Word::Credentials(why) | Word::Gone(why) => Some(why),
            Word::Pause(_) => None,
        });
        outcomes.chain(system).chain(self.page.iter_mut().filter_map(|page| page.as_mut().err()))
    }
}

/// What lends an errand the time and the variables.
#[derive(Clone, Copy)]
pub struct Lent<'l> {
    /// The time now, by the wall clock.
    pub now: Moment,
    /// The value of a `${VAR}`.
    pub variable: &'l dyn Fn(&str) -> Option<String>,
}

impl Lent<'_> {
    /// The request of an errand.
    ///
    /// # Errors
    /// It cannot be written; nothing was sent.
    pub fn ask(&self, errand: &impl Errand, room: &Room) -> Result<Request, Refusal> {
        let system = errand.system().ok_or_else(|| ours_to_blame("the plan has no such system"))?;
        system.ask(errand.operation(), &errand.calls(room)?, &self.with(errand))
    }

    /// What an answer to it means; `None` where the request was sent and cannot be made out again, which is a fault of ours.
    pub fn hear(&self, errand: &impl Errand, heard: Heard<'_>, room: &Room) -> Option<Told> {
        let (system, calls) = (errand.system()?, errand.calls(room).ok()?);
        Some(errand.hear(system, &calls, heard, &self.with(errand)))
    }

    /// The same of an answer that comes in pieces.
    pub fn hear_pieces(&self, errand: &impl Errand, heard: Heard<'_>, room: &Room, keep: Keep<'_>) -> Option<Told> {
        let (system, calls) = (errand.system()?, errand.calls(room).ok()?);
        Some(errand.hear_pieces(system, &calls, heard, &self.with(errand), keep))
    }

    fn with<'w>(&'w self, errand: &'w impl Errand) -> With<'w> {
        With {
            now: self.now,
            variable: self.variable,
            token: errand.token(),
            request_key: errand.request_key(),
            outcomes: errand.outcomes(),
            validator: errand.validator(),
        }
    }
}

/// A request that could not be written because of a fault in Spanwright.
pub fn ours_to_blame(why: &str) -> Refusal {
    Refusal::Call(0, Failure::new(&codes::NOT_WRITTEN, format!("the request could not be written: {why}")))
}

/// The request was sent and our reader failed: nobody knows.
pub fn unheard(calls: usize) -> Verdict {
    let why = Failure::new(&codes::NOT_READ, "the answer could not be read: the reader ended in a panic, which standard error has");
    Verdict::all(calls.max(1), Outcome::Unknown(why))
}

/// W3C `traceparent`: the trace is the message, the span is the effect.
fn trace(message: u128, key: &str) -> String {
    format!("00-{message:032x}-{}-01", key.get(..16).unwrap_or("0000000000000001"))
}

/// Parameters as a value.
fn record<'a>(bytes: &'a [u8], room: &'a Room) -> Result<Value<'a>, Failure> {
    let fault = |says: String| Failure::new(&codes::PARAMETERS, says);
    match json::read(bytes, room) {
        Ok(value @ Value::Record(_)) => Ok(value),
        Ok(other) => Err(fault(format!("the parameters are {}, not a record", other.kind().word()))),
        Err(why) => Err(fault(format!("the parameters are no JSON at byte {}: {}", why.at, why.says))),
    }
}

/// An exchange of a flow's effects.
pub struct Batch {
    exchange: Exchange,
    /// One a call.
    traces: Vec<String>,
    /// The parameters of a page; `None`: those of each call.
    with: Option<Vec<u8>>,
}

impl Batch {
    /// Of the desk's command.
    pub fn of(exchange: Exchange) -> Batch {
        let traces = exchange.calls.iter().map(|call| trace(call.message, &call.key)).collect();
        let page = exchange.gather.as_ref().zip(exchange.calls.first());
        let with = page.map(|((rule, so_far), call)| {
            let token = so_far.as_ref().map(|so_far| &*so_far.next);
            pages::with_page(&rule.pages, token, &call.input.with)
        });
        Batch { exchange, traces, with }
    }
}

impl Told {
    /// A page joins those before it; the last one makes an answer of all.
    pub fn of_page((rule, so_far): &(Arc<Gather>, Option<Arc<Gathered>>), verdict: Verdict) -> Told {
        let Some(Outcome::Delivered(Some(page))) = verdict.outcomes.first() else { return Told::verdict(verdict) };
        let link = verdict.beside.as_ref().and_then(|beside| beside.next.as_deref());
        let (gathered, outcome) = match pages::gather(rule, so_far.as_deref(), link, page) {
            Ok(Gathering::More(gathered)) => (Some(gathered), Outcome::Delivered(None)),
            Ok(Gathering::Whole(answer)) => (None, Outcome::Delivered(Some(answer))),
            Err(why) => (None, Outcome::Never(why)),
        };
        Told { verdict: Verdict { outcomes: vec![outcome], ..verdict }, page: None, gathered }
    }
}

impl Errand for Batch {
    fn system(&self) -> Option<&dyn System> {
        Some(&*self.exchange.plan.systems.get(self.exchange.system)?.system)
    }

    fn operation(&self) -> usize {
        self.exchange.operation
    }

    fn timeout(&self) -> Duration {
        self.exchange.timeout
    }

    fn outcomes(&self) -> &[(Arc<str>, OutcomeWord)] {
        &self.exchange.outcomes
    }

    fn token(&self) -> Option<&str> {
        self.exchange.token.as_deref()
    }

    fn request_key(&self) -> &str {
        &self.exchange.request_key
    }

    fn runs(&self) -> Vec<RunId> {
        let mut runs: Vec<RunId> = self.exchange.calls.iter().map(|call| call.run).collect();
        runs.dedup();
        runs
    }

    fn bytes(&self) -> usize {
        self.exchange.calls.iter().map(|call| call.input.with.len() + call.input.body.as_ref().map_or(0, Vec::len)).sum()
    }

    /// A request that carries many messages has an id of its own for the other side's logs: that of the request.
    fn calls<'a>(&'a self, room: &'a Room) -> Result<Vec<Call<'a>>, Refusal> {
        let key = self.request_key();
        let calls = self.exchange.calls.iter().zip(&self.traces).enumerate();
        calls
            .map(|(n, (call, trace))| {
                let with = self.with.as_ref().unwrap_or(&call.input.with);
                let with = record(with, room).map_err(|why| Refusal::Call(n, why))?;
                let correlation = if call.key == key { &*call.correlation } else { key };
                Ok(Call { key: &call.key, with, body: call.input.body.as_deref(), proved: call.input.proved, correlation, trace })
            })
            .collect()
    }

    fn hear(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>) -> Told {
        let answers = if self.exchange.answers { Answers::Keep } else { Answers::Drop };
        let head = self.exchange.head.as_ref().and_then(|wanted| head::kept(wanted, &heard));
        let mut verdict = system.hear(self.operation(), calls, heard, with, answers);
        if verdict.outcomes.len() != calls.len() {
            verdict = Verdict { system: verdict.system, ..unheard(calls.len()) };
        }
        let told = match &self.exchange.gather {
            Some(gather) => Told::of_page(gather, verdict),
            None => Told::verdict(verdict),
        };
        match head {
            Some(head) => told.with_head(&head),
            None => told,
        }
    }

    fn heard(&self, Told { verdict, gathered, .. }: Told, report: Report) -> Event {
        let call = self.exchange.call;
        match gathered {
            Some(gathered) => Event::GoesOn { call, verdict, gathered, report },
            None => Event::Heard { call, verdict, report },
        }
    }

    fn not_asked(&self, refusal: Refusal) -> Event {
        Event::NotAsked { call: self.exchange.call, refusal }
    }
}

/// A page of a source.
pub struct Polled {
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

fn polled(job: &PollJob) -> Option<&Poll> {
    source(job)?.poll()
}

fn parameters(job: &PollJob) -> Result<Vec<u8>, Failure> {
    let poll = polled(job).ok_or_else(|| Failure::new(&codes::NOT_WRITTEN, "the flow polls nothing"))?;
    intake::parameters(poll, job.cursor.as_deref(), job.page.as_deref())
}

impl Polled {
    /// Of the desk's command; the event instead, where its parameters cannot be made.
    ///
    /// # Errors
    /// The event that tells why.
    pub fn of(job: PollJob) -> Result<Polled, Box<Event>> {
        let key = format!("{:032x}", job.correlation);
        match parameters(&job) {
            Ok(with) => Ok(Polled { trace: trace(job.correlation, &key), key, with, job }),
            Err(why) => Err(Box::new(Event::NotAsked { call: job.call, refusal: Refusal::System(why) })),
        }
    }
}

impl Polled {
    /// Its parameters, JSON.
    pub fn parameters(&self) -> &[u8] {
        &self.with
    }

    /// A link beside the answer leads to the next page, where the flow goes by that.
    fn follow(&self, verdict: &Verdict, page: &mut Option<Result<Page, Failure>>) {
        let by_link = polled(&self.job).and_then(|poll| poll.pages.as_ref()).is_some_and(|pages| matches!(pages.next, NextPage::Link));
        let next = verdict.beside.as_ref().and_then(|beside| beside.next.as_ref());
        if let (true, Some(Ok(page)), Some(next)) = (by_link, page, next) {
            page.next = Some(pages::linked(next));
        }
    }
}

impl Errand for Polled {
    fn system(&self) -> Option<&dyn System> {
        Some(&*self.job.plan.systems.get(polled(&self.job)?.system)?.system)
    }

    fn operation(&self) -> usize {
        polled(&self.job).map_or(0, |poll| poll.operation)
    }

    fn timeout(&self) -> Duration {
        timeout(&self.job.plan, polled(&self.job).map_or(usize::MAX, |poll| poll.system))
    }

    fn token(&self) -> Option<&str> {
        self.job.token.as_deref()
    }

    fn request_key(&self) -> &str {
        &self.key
    }

    fn validator(&self) -> Option<&Validator> {
        self.job.validator.as_deref()
    }

    fn calls<'a>(&'a self, room: &'a Room) -> Result<Vec<Call<'a>>, Refusal> {
        let with = record(&self.with, room).map_err(Refusal::System)?;
        Ok(vec![Call { key: &self.key, with, body: None, proved: false, correlation: &self.key, trace: &self.trace }])
    }

    fn hear(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>) -> Told {
        let mut page = None;
        let mut show = |value: &Value<'_>| page = source(&self.job).map(|source| intake::page(source, self.job.page.as_deref(), value));
        let verdict = system.hear(self.operation(), calls, heard, with, Answers::Show(&mut show));
        if verdict.beside.as_ref().is_some_and(|beside| beside.unchanged) {
            page = Some(Ok(Page::default()));
        }
        self.follow(&verdict, &mut page);
        if matches!(verdict.outcomes.first(), Some(Outcome::Delivered(_))) && page.is_none() {
            page = Some(Err(Failure::new(&codes::NOT_READ, "the answer was taken and no page was shown")));
        }
        Told { verdict, page, gathered: None }
    }

    fn takes_pieces(&self) -> bool {
        self.system().is_some_and(System::reads_pieces) && source(&self.job).is_some_and(|source| source.list().is_some())
    }

    /// Each piece is on disk before the next one is read.
    fn hear_pieces(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, keep: Keep<'_>) -> Told {
        let (Some(source), [call]) = (source(&self.job), calls) else { return self.hear(system, calls, heard, with) };
        let (list, mut page) = (source.list().unwrap_or_default(), None);
        let mut show = |value: &Value<'_>, part: Part| match part {
            Part::Items => match intake::items(source, value) {
                Ok(items) => keep(self.job.call, items),
                Err(why) => {
                    page = Some(Err(why));
                    ControlFlow::Break(())
                }
            },
            Part::Rest => {
                page = Some(intake::page(source, self.job.page.as_deref(), value));
                ControlFlow::Continue(())
            }
        };
        let verdict = system.hear_pieces(self.operation(), *call, heard, with, &list, &mut show);
        self.follow(&verdict, &mut page);
        // An answer that is not what the flow expects was delivered all the same: that, and not that we stopped reading, is told.
        let verdict = if matches!(page, Some(Err(_))) { Verdict::all(1, Outcome::Delivered(None)) } else { verdict };
        Told { verdict, page, gathered: None }
    }

    fn heard(&self, told: Told, report: Report) -> Event {
        Event::PageHeard { call: self.job.call, verdict: told.verdict, page: told.page, report }
    }

    fn not_asked(&self, refusal: Refusal) -> Event {
        Event::NotAsked { call: self.job.call, refusal }
    }
}

/// A sign-in.
pub struct SigningIn {
    /// The desk's command.
    pub job: SignIn,
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
        Ok(vec![Call { key: "", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" }])
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

/// A channel to be told.
pub struct Telling {
    job: Tell,
    /// The notice as JSON, without secrets.
    notice: Vec<u8>,
    key: String,
}

impl Telling {
    /// Of the desk's command. `clean` takes out what nobody may see.
    pub fn of(job: Tell, clean: impl FnOnce(&mut Vec<u8>)) -> Telling {
        let (project, environment) = (job.plan.project.clone(), job.plan.environment.clone());
        let mut notice = job.notice.to_json(&project, environment.as_deref());
        clean(&mut notice);
        let key = job.notice.key(&project, environment.as_deref().unwrap_or_default());
        Telling { job, notice, key }
    }
}

impl Errand for Telling {
    fn system(&self) -> Option<&dyn System> {
        Some(&*self.job.plan.alerts.get(self.job.channel)?.system)
    }

    fn operation(&self) -> usize {
        0
    }

    fn timeout(&self) -> Duration {
        TIMEOUT_DEFAULT
    }

    fn token(&self) -> Option<&str> {
        None
    }

    fn request_key(&self) -> &str {
        &self.key
    }

    fn calls<'a>(&'a self, _room: &'a Room) -> Result<Vec<Call<'a>>, Refusal> {
        Ok(vec![Call { key: &self.key, with: Value::Record(&[]), body: Some(&self.notice), proved: false, correlation: "", trace: "" }])
    }

    fn hear(&self, system: &dyn System, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>) -> Told {
        Told::verdict(system.hear(0, calls, heard, with, Answers::Drop))
    }

    fn heard(&self, mut told: Told, _report: Report) -> Event {
        let outcome = told.verdict.outcomes.pop();
        let outcome = outcome.unwrap_or_else(|| Outcome::Unknown(Failure::new(&codes::NOT_READ, "nothing was heard of the alert")));
        Event::Alerted { call: self.job.call, outcome }
    }

    fn not_asked(&self, refusal: Refusal) -> Event {
        let (Refusal::System(why) | Refusal::Call(_, why)) = refusal;
        Event::Alerted { call: self.job.call, outcome: Outcome::Never(why) }
    }
}

fn timeout(plan: &Plan, system: usize) -> Duration {
    plan.systems.get(system).map_or(TIMEOUT_DEFAULT, |system| system.limits.timeout)
}
