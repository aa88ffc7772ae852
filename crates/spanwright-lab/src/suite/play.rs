//! Plays a story: the shipped desk, the model store, a script in the place of the wire, and a time that jumps.
//!
//! What the desk commands becomes an event at once (disk, evaluation) or after the time that the script says (requests).
//! The story is over when all that was to happen has, every message is settled and no scripted answer of the source is left.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use spanwright_core::{
    alert::{CHANNEL_SYSTEM, Said, Told as Channel},
    connector::{FilesRequest, HttpRequest, Outcome, QueueRequest, Request, Verdict},
    desk::{
        Command, Desk, Event, Exchange, HandSize, Happening as Happened, Order, Outgoing, PollJob, Report, Setup, SignIn, Tell, WaiterId,
        errand::{Batch, Errand, Lent, Polled, SigningIn, Told, unheard},
    },
    door::{Asked as DoorAsked, Routes, Visit},
    fact::{Chore, ChoreKind, Fact, Moment, PlanBundle, PlanId, RunId, StoppedFilter, Store as _, Way},
    plan::Plan,
    run::{advance_watched, intake},
    settings::Rate,
};
use spanwright_shape::{
    json,
    room::Room,
    text::{Failure, Problems, Span},
    value::Value,
};

use super::{
    case::{Happening, Happens, Knock, Story, Test},
    cover::Coverage,
    observed::{Alert, Became, Observed, Sent},
    script::{self, Asked, CHANNEL_OPERATION, Kind, Reply, Script},
};
use crate::{
    codes,
    model::ModelStore,
    sim::{Dice, DiskJob},
};

/// Events of one story, at most: more means that it does not come to rest.
pub const EVENTS_MOST: usize = 200_000;
/// So much time passes in a story, at most.
pub const TIME_MOST: Duration = Duration::from_secs(400 * 24 * 3600);

/// Where a story is played.
pub(super) struct Stage<'s> {
    pub plan: &'s Arc<Plan>,
    pub flow: usize,
    pub test: &'s Test,
    pub story: &'s Story,
    /// The case's name.
    pub name: &'s Arc<str>,
    /// Where the case stands.
    pub at: Span,
}

/// Plays it.
pub(super) fn play(stage: &Stage<'_>, coverage: &Coverage, to: &mut Problems) -> (Observed, Vec<Visit>) {
    let mut player = Player::new(stage, coverage, to);
    player.play();
    player.end()
}

enum Comes {
    Desk(Box<Event>),
    /// What an answer means is found out when it comes.
    Answer(Box<dyn FnOnce(&Lent<'_>) -> Event>),
    /// A thing that happens, by its number.
    Happens(usize),
}

pub(super) struct Player<'p> {
    pub(super) stage: &'p Stage<'p>,
    pub(super) coverage: &'p Coverage,
    pub(super) to: &'p mut Problems,
    script: Script<'p>,
    plan_id: PlanId,
    store: ModelStore,
    dice: Dice,
    pub(super) now: Moment,
    pub(super) soon: VecDeque<Event>,
    heap: BinaryHeap<Reverse<(Moment, u64)>>,
    comes: HashMap<u64, Comes>,
    pub(super) next: u64,
    /// Answers that are on their way.
    flying: usize,
    /// Messages that the source is to bring.
    messages: VecDeque<Arc<[u8]>>,
    /// A poll of our flow that nobody has answered.
    asking: Option<PollJob>,
    /// Things that happen when what was before is settled.
    then: VecDeque<usize>,
    /// Every way in.
    pub(super) routes: Routes,
    /// Senders that wait, by their number among the replies.
    pub(super) senders: HashMap<WaiterId, (usize, usize, DoorAsked)>,
    /// Requests to doors, as far as documents show them.
    pub(super) visits: Vec<(usize, Visit)>,
    pub(super) observed: Observed,
    /// Runs in the order in which they were taken, and what they were then.
    taken: Vec<(RunId, Became)>,
    /// Requests that nobody answers were told.
    told: bool,
}

impl<'p> Player<'p> {
    fn new(stage: &'p Stage<'p>, coverage: &'p Coverage, to: &'p mut Problems) -> Player<'p> {
        let mut store = ModelStore::new();
        let bundle = PlanBundle { hash: stage.plan.hash, bundle: Vec::new().into(), language: 1 };
        let plan_id = store.plan(&bundle).unwrap_or(PlanId(1));
        let mut player = Player {
            stage,
            coverage,
            to,
            script: Script::of(&stage.story.answers, &stage.test.answers),
            plan_id,
            store,
            dice: Dice::new(1),
            now: stage.test.begins,
            soon: VecDeque::new(),
            heap: BinaryHeap::new(),
            comes: HashMap::new(),
            next: 0,
            flying: 0,
            messages: stage.story.messages.iter().map(|message| message.bytes.clone()).collect(),
            asking: None,
            then: VecDeque::new(),
            routes: Routes::of(stage.plan.clone()),
            senders: HashMap::new(),
            visits: Vec::new(),
            observed: Observed::default(),
            taken: Vec::new(),
            told: false,
        };
        for (n, happens) in stage.story.when.iter().enumerate() {
            match happens.at {
                Some(at) => player.at(stage.test.begins.after(at), Comes::Happens(n)),
                None => player.then.push_back(n),
            }
        }
        player
    }

    fn play(&mut self) {
        let mut out = Vec::new();
        let mut desk = self.open(&mut out);
        if self.is_served() {
            let messages = std::mem::take(&mut self.messages);
            let at = self.stage.at;
            messages.into_iter().for_each(|body| self.knock(&Knock::of_message(body, at)));
        }
        self.stage.story.knocks.iter().for_each(|knock| self.knock(knock));
        let ends = self.stage.story.until.map(|until| self.stage.test.begins.after(until));
        let last = self.stage.test.begins.after(TIME_MOST);
        for _ in 0..EVENTS_MOST {
            self.obey(std::mem::take(&mut out));
            if let Some(event) = self.soon.pop_front() {
                self.on(&mut desk, event, &mut out);
                continue;
            }
            let settled = self.is_settled(&desk);
            if settled && let Some(n) = self.then.pop_front() {
                self.happens(n, &mut desk, &mut out);
                continue;
            }
            let goes_on = !settled || self.comes.values().any(|comes| matches!(comes, Comes::Happens(_)));
            match self.heap.peek() {
                Some(Reverse((at, _))) if ends.is_some_and(|ends| *at > ends) => return,
                Some(Reverse((at, _))) if (goes_on || ends.is_some()) && *at <= last => {}
                Some(_) if settled => return,
                // Nothing will move any more by itself: a person may.
                _ if !self.then.is_empty() => {
                    let n = self.then.pop_front().unwrap_or_default();
                    self.happens(n, &mut desk, &mut out);
                    continue;
                }
                None => return,
                Some(_) => break,
            }
            self.step(&mut desk, &mut out);
        }
        self.to.error(&codes::UNSETTLED, self.stage.at, "it does not come to rest", "say `until: TIME` to look at it before".to_string());
    }

    /// The next thing in time.
    fn step(&mut self, desk: &mut Desk, out: &mut Vec<Command>) {
        let Some(Reverse((at, id))) = self.heap.pop() else { return };
        self.now = self.now.max(at);
        match self.comes.remove(&id) {
            Some(Comes::Desk(event)) => self.on(desk, *event, out),
            Some(Comes::Answer(answer)) => {
                self.flying -= 1;
                let event = self.lending(answer);
                self.on(desk, event, out);
            }
            Some(Comes::Happens(n)) => self.happens(n, desk, out),
            None => {}
        }
    }

    fn is_settled(&self, desk: &Desk) -> bool {
        let more_pages = || match self.stage.plan.flows[self.stage.flow].source.as_ref().and_then(|source| source.poll()) {
            Some(poll) => self.script.is_left(poll.system, poll.operation),
            None => false,
        };
        let standing = desk.standing(self.now);
        // Who is told is found out a while later: only a test that asks for it waits.
        let to_be_told = self.stage.story.then.alerts.is_some() && standing.alerting > 0;
        self.flying == 0 && self.messages.is_empty() && standing.open == 0 && !to_be_told && desk.at_rest() && !more_pages()
    }

    fn open(&mut self, out: &mut Vec<Command>) -> Desk {
        let opening = self.store.opening().unwrap_or_default();
        let (plan, only) = (self.stage.plan.clone(), Some(self.stage.flow));
        let setup = Setup {
            plan,
            plan_id: self.plan_id,
            older: Vec::new(),
            once: false,
            passing: false,
            in_line: Vec::new(),
            deaths: Vec::new(),
            within_rounds: Vec::new(),
            only,
            hand: HandSize::default(),
        };
        let (now, dice) = (self.now, &mut self.dice);
        Desk::open(setup, opening, now, &mut || dice.roll(), out)
    }

    fn on(&mut self, desk: &mut Desk, event: Event, out: &mut Vec<Command>) {
        if let Event::PageHeard { page: Some(Ok(page)), .. } = &event
            && page.left_out > 0
        {
            self.coverage.taken(&self.stage.plan.flows[self.stage.flow].name, false);
        }
        let (now, dice) = (self.now, &mut self.dice);
        desk.on(event, now, &mut || dice.roll(), out);
    }

    fn at(&mut self, at: Moment, comes: Comes) {
        self.next += 1;
        self.heap.push(Reverse((at, self.next)));
        self.comes.insert(self.next, comes);
    }

    fn happens(&mut self, n: usize, desk: &mut Desk, out: &mut Vec<Command>) {
        let Happens { what, .. } = &self.stage.story.when[n];
        match what {
            Happening::Message(message) => {
                self.messages.push_back(message.bytes.clone());
                self.bring(desk, out);
            }
            Happening::Request(knock) => self.knock(knock),
            Happening::Poll => self.on(desk, Event::Told(Order::PollNow), out),
            Happening::Replay => {
                let upto = self.taken.iter().map(|(run, _)| *run).max().unwrap_or(RunId(0));
                let rate = Rate { most: 1_000, per: Duration::from_secs(1) };
                let what = ChoreKind::Replay { over_newer: false, apart: false };
                let chore = Chore::begin(what, StoppedFilter::default(), upto, rate, "a test".into(), self.now);
                self.on(desk, Event::Told(Order::Chore(Box::new(chore))), out);
            }
            Happening::Discard(reason) => {
                let order = Order::Discard { runs: self.stopped(), by: "a test".into(), reason: reason.clone() };
                self.on(desk, Event::Told(order), out);
            }
            Happening::Crash => {
                self.store.cut();
                self.soon.clear();
                self.comes.retain(|_, comes| matches!(comes, Comes::Happens(_)));
                (self.flying, self.asking) = (0, None);
                self.senders.clear();
                out.clear();
                *desk = self.open(out);
            }
        }
    }

    /// Whether others bring the messages of the flow.
    fn is_served(&self) -> bool {
        self.stage.plan.flows[self.stage.flow].source.as_ref().is_some_and(|source| source.served().is_some())
    }

    /// A message that came late: to a poll that waits, or to the next one.
    fn bring(&mut self, desk: &mut Desk, out: &mut Vec<Command>) {
        if self.is_served() {
            let at = self.stage.at;
            let messages = std::mem::take(&mut self.messages);
            return messages.into_iter().for_each(|body| self.knock(&Knock::of_message(body, at)));
        }
        match self.asking.take() {
            Some(job) => self.poll(job),
            None => self.on(desk, Event::Told(Order::PollNow), out),
        }
    }

    fn stopped(&mut self) -> Vec<RunId> {
        let mut seen = Observed::default();
        seen.tell(self.store.facts(), &self.taken, "");
        seen.runs.iter().filter(|(_, became)| became.stopped().is_some()).map(|(run, _)| *run).collect()
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Commit(ticket, facts, _) => {
                    let event = DiskJob::Commit { ticket, write: facts.clone(), kept: facts }.done(&mut self.store);
                    self.soon.push_back(event);
                }
                Command::Advance(jobs) => {
                    let room = Room::new();
                    let advanced = jobs.into_iter().map(|job| {
                        let flow = job.plan.flows[job.flow].name.clone();
                        (job.run, advance_watched(&job, &room, &|passed| self.coverage.passed(&flow, passed)))
                    });
                    self.soon.push_back(Event::Advanced(advanced.collect()));
                }
                Command::Exchange(exchange) => self.exchange(*exchange),
                Command::Poll(job) => self.poll(*job),
                // Answers of a script are heard whole: nobody waits to read on.
                Command::ReadOn(..) => {}
                Command::Answer(waiter, word) => self.told_sender(waiter, &word),
                Command::Tell(job) => {
                    self.alert(&job);
                    self.soon.push_back(Event::Alerted { call: job.call, outcome: Outcome::Delivered(None) });
                }
                Command::SignIn(job) => self.sign_in(job),
                Command::Look(call, keys) => {
                    let event = DiskJob::Look(call, keys).done(&mut self.store);
                    self.soon.push_back(event);
                }
                Command::Fetch(fetch) => {
                    let event = DiskJob::Fetch(fetch).done(&mut self.store);
                    self.soon.push_back(event);
                }
                Command::WakeAt(at) => self.at(at, Comes::Desk(Box::new(Event::Wake))),
                Command::Note(happened) => self.note(&happened),
            }
        }
    }

    fn note(&mut self, happened: &Happened) {
        self.coverage.happened(happened);
        if let Happened::Taken { took, run } = happened {
            self.taken.push((*run, Became::at_first(took)));
        }
    }

    /// What several channels are told at one time is one alert.
    fn alert(&mut self, job: &Tell) {
        let (after, channel) = (self.now.since(self.stage.test.begins), job.plan.alerts[job.channel].rule.channel.clone());
        match self.observed.alerts.last_mut().filter(|last| last.after == after && last.notice == job.notice) {
            Some(last) => last.to.push(channel),
            None => self.observed.alerts.push(Alert { after, notice: job.notice.clone(), to: vec![channel] }),
        }
    }

    /// What a step tells a channel: people are told, and no system is asked, unless the test says what the channel answers.
    fn said(&mut self, exchange: Exchange) {
        let (system, flow) = (&exchange.plan.systems[exchange.system], exchange.operation);
        let channel = system.name.strip_prefix(CHANNEL_SYSTEM).and_then(|name| name.strip_prefix('.')).unwrap_or_default();
        let operation = system.system.interface().operations[flow].name.clone();
        let Some((flow, severity)) = Channel::says(&operation) else { return };
        let asked = Asked { system: exchange.system, operation: Some(CHANNEL_OPERATION), sight: Value::Null };
        let reply = self.script.answer(&asked, self.stage.plan, self.to);
        let is_taken = reply.as_ref().is_none_or(|reply| (200..300).contains(&reply.kind.status()));
        let outcome = match exchange.calls.first().map(said_by) {
            Some(Ok(said)) if is_taken => {
                let notice = said.as_grave_as(severity).notice(&flow.into(), self.now);
                let after = self.now.since(self.stage.test.begins);
                self.observed.alerts.push(Alert { after, notice, to: vec![channel.into()] });
                Outcome::Delivered(None)
            }
            Some(Ok(_)) => Outcome::Delivered(None),
            Some(Err(why)) => Outcome::Never(why),
            None => return,
        };
        if let (Some(reply), Outcome::Delivered(_)) = (reply, &outcome) {
            return self.answer(Batch::of(exchange), reply);
        }
        let report = self.report(200);
        self.soon.push_back(Event::Heard { call: exchange.call, verdict: Verdict::all(exchange.calls.len(), outcome), report });
    }

    // ---- what is asked

    fn exchange(&mut self, exchange: Exchange) {
        let (system, operation) = (exchange.system, exchange.operation);
        if &*exchange.plan.systems[system].kind == CHANNEL_SYSTEM {
            return self.said(exchange);
        }
        let inputs: Vec<_> = exchange.calls.iter().map(|call| call.input.clone()).collect();
        let key = exchange.request_key.clone();
        let errand = Batch::of(exchange);
        let room = Room::new();
        let mut sent = Sent {
            after: self.now.since(self.stage.test.begins),
            to: script::name(self.stage.plan, system, operation),
            method: String::new(),
            url: String::new(),
            headers: Vec::new(),
            bytes: Vec::new(),
            with: inputs.first().map(|input| input.with.clone()).unwrap_or_default(),
            bodies: inputs.iter().map(|input| input.body.clone()).collect(),
            key,
            refused: None,
        };
        let calls: Vec<_> = inputs.iter().map(|input| (input.with.as_slice(), input.body.as_deref())).collect();
        let asked = Asked { system, operation: Some(operation), sight: script::sight(&calls, &room) };
        self.ask(errand, &asked, &mut sent);
        self.observed.requests.push(sent);
    }

    fn poll(&mut self, job: PollJob) {
        let Some(source) = job.plan.flows[job.flow].source.as_ref() else { return };
        if let Some(message) = self.messages.pop_front() {
            let room = Room::new();
            let page = json::read(&message, &room).map(|item| intake::given(source, &item, self.numbered())).unwrap_or_default();
            let verdict = Verdict::all(1, Outcome::Delivered(None));
            let (page, report) = (self.with_rest(source, page), self.report(200));
            self.soon.push_back(Event::PageHeard { call: job.call, verdict, page: Some(Ok(page)), report });
            return;
        }
        let Some((system, operation)) = source.poll().map(|poll| (poll.system, poll.operation)) else { return };
        if !self.script.is_left(system, operation) {
            self.asking = Some(job);
            return;
        }
        match Polled::of(job) {
            Ok(errand) => {
                let room = Room::new();
                let mut sent = Sent {
                    after: self.now.since(self.stage.test.begins),
                    to: script::name(self.stage.plan, system, operation),
                    method: String::new(),
                    url: String::new(),
                    headers: Vec::new(),
                    bytes: Vec::new(),
                    with: errand.parameters().to_vec(),
                    bodies: Vec::new(),
                    key: errand.request_key().to_string(),
                    refused: None,
                };
                let with = errand.parameters().to_vec();
                let asked = Asked { system, operation: Some(operation), sight: script::sight(&[(&with, None)], &room) };
                self.ask(errand, &asked, &mut sent);
                self.observed.polls.push(sent);
            }
            Err(event) => self.soon.push_back(*event),
        }
    }

    /// The other messages come in the same page.
    fn with_rest(&mut self, source: &spanwright_core::plan::Source, mut page: intake::Page) -> intake::Page {
        let room = Room::new();
        for message in std::mem::take(&mut self.messages) {
            let Ok(item) = json::read(&message, &room) else { continue };
            let more = intake::given(source, &item, self.numbered());
            if let Some(cursor) = &more.cursor {
                intake::further_bytes(&mut page.cursor, cursor);
            }
            page.arrivals.extend(more.arrivals);
            page.left_out += more.left_out;
        }
        page
    }

    /// No two rows of a file have one number.
    fn numbered(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn sign_in(&mut self, job: SignIn) {
        let system = job.system;
        let errand = SigningIn { job };
        let asked = Asked { system, operation: None, sight: Value::Null };
        let reply = self.script.answer(&asked, self.stage.plan, self.to).or_else(|| script::token(self.stage.plan, system));
        match (self.lending(|lent| lent.ask(&errand, &Room::new())), reply) {
            (Ok(_), Some(reply)) => self.answer(errand, reply),
            (Ok(_), None) => {}
            (Err(refusal), _) => self.soon.push_back(errand.not_asked(refusal)),
        }
    }

    fn ask(&mut self, errand: impl Errand, asked: &Asked<'_>, sent: &mut Sent) {
        let request = self.lending(|lent| lent.ask(&errand, &Room::new()));
        match request {
            Ok(Request::Http(HttpRequest { method, url, headers, body, .. })) => {
                (sent.method, sent.url, sent.headers, sent.bytes) = (method.to_string(), url, headers, body);
            }
            Ok(Request::Files(FilesRequest::Put { folder, name, bytes, .. })) => {
                (sent.method, sent.url, sent.bytes) = ("WRITE".to_string(), format!("{folder}/{name}"), bytes);
            }
            Ok(Request::Queue(QueueRequest::Publish { exchange, messages, .. })) => {
                let keys: Vec<&str> = messages.iter().map(|message| message.routing_key.as_str()).collect();
                (sent.method, sent.url) = ("PUBLISH".to_string(), format!("{exchange}/{}", keys.first().unwrap_or(&"")));
                sent.bytes = messages.into_iter().next().map(|message| message.body).unwrap_or_default();
            }
            Ok(Request::Files(FilesRequest::Take { .. }) | Request::Queue(QueueRequest::Take { .. } | QueueRequest::Declare { .. })) => {}
            Err(refusal) => {
                let (spanwright_core::connector::Refusal::System(why) | spanwright_core::connector::Refusal::Call(_, why)) = &refusal;
                sent.refused = Some(why.says.clone());
                self.soon.push_back(errand.not_asked(refusal));
                return;
            }
        }
        match self.script.answer(asked, self.stage.plan, self.to) {
            Some(reply) => self.answer(errand, reply),
            None if self.told => {}
            None => {
                self.told = true;
                let help = format!("add one, as `{{ to: {}, status: 200, body: {{}} }}`", sent.to);
                self.to.error(&codes::NO_ANSWER, self.stage.at, format!("nobody says what {} answers", sent.to), help);
            }
        }
    }

    fn answer(&mut self, errand: impl Errand, reply: Reply) {
        let (begun, timeout) = (self.now, errand.timeout());
        let Reply { takes, kind } = reply;
        let (takes, kind) = if matches!(kind, Kind::Late) || takes > timeout { (timeout, Kind::Late) } else { (takes, kind) };
        self.flying += 1;
        let report = Report { at: begun, took: takes, status: kind.status(), sent: 0, got: 0, budget: None, drift: 0 };
        let hear = move |lent: &Lent<'_>| {
            let room = Room::new();
            let told = kind.hear(timeout, |heard| lent.hear(&errand, heard, &room));
            let told = told.unwrap_or_else(|| Told::verdict(unheard(errand.calls(&room).map_or(1, |calls| calls.len()))));
            errand.heard(told, report)
        };
        self.at(begun.after(takes), Comes::Answer(Box::new(hear)));
    }

    fn report(&self, status: u16) -> Report {
        Report { at: self.now, took: Duration::ZERO, status, sent: 0, got: 0, budget: None, drift: 0 }
    }

    fn lending<T>(&self, work: impl FnOnce(&Lent<'_>) -> T) -> T {
        let variable = |name: &str| Some(self.variable(name));
        work(&Lent { now: self.now, variable: &variable })
    }

    /// A variable of which the test says nothing has its default, or a value that is made up.
    pub(super) fn variable(&self, name: &str) -> String {
        let word = || name.to_ascii_lowercase().replace('_', "-");
        let made_up = || match ["URL", "URI", "ENDPOINT", "ADDRESS"].iter().any(|part| name.contains(part)) {
            true => format!("http://{}.test", word()),
            false => word(),
        };
        let given = self.stage.test.vars.get(name).cloned();
        let default = || self.stage.plan.vars.get(name).cloned().flatten().map(|value| value.to_string());
        given.or_else(default).unwrap_or_else(made_up)
    }

    fn end(mut self) -> (Observed, Vec<Visit>) {
        let flow = self.stage.plan.flows[self.stage.flow].name.clone();
        for fact in self.store.facts() {
            if let Fact::Settled(settled) = fact
                && settled.effect.way == Way::Undo
            {
                self.coverage.undone(&flow, &settled.effect.node);
            }
        }
        self.observed.tell(self.store.facts(), &self.taken, &flow);
        let replies = &self.observed.replies;
        let told = |(n, visit): (usize, Visit)| Some(Visit { answer: replies.get(n)?.as_ref()?.answer.clone(), ..visit });
        let visits = self.visits.into_iter().filter_map(told).collect();
        (self.observed, visits)
    }
}

/// What an effect tells a channel.
fn said_by(call: &Outgoing) -> Result<Said, Failure> {
    Said::of(call.input.with.as_slice().into(), call.input.body.as_deref(), call.key.as_str(), &call.correlation)
}
