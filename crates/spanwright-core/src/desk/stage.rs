//! A stage with a desk, whose walks are real and whose disk and wire are the test. Its flow asks two questions and replies.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, ops::ControlFlow, time::Duration};

use spanwright_map::Program;
use spanwright_shape::{
    room::Room,
    shape::{Shape, ShapeId, ShapeRef, Shapes},
    text::Failure,
};

use super::*;
use crate::run::Arrival;
use crate::{
    codes,
    connector::{Answers, Blame, Call, Heard, Outcome, Refusal, Request, System, Verdict, With},
    desk::{Brought, CallId, Event, Report, Setup},
    door::{Asked, Door, HttpAnswer, Received, Refused, Request as DoorRequest, Route, Said},
    fact::{InLine, Opening, PlanId, Receipt, Root, Took},
    interface::{Interface, Operation, Repeat},
    plan::{
        Body, BreakerPolicy, DoorPlan, EffectPlan, Flow, IfDead, KeepFor, Late, Policy, ReplyPlan, Served, Source, SourceKind, Step,
        StepKind, SystemPlan,
    },
    run::advance,
    settings::Limits,
};
use std::sync::Arc;

pub(super) struct There(Interface);

impl System for There {
    fn interface(&self) -> &Interface {
        &self.0
    }

    fn ask(&self, _: usize, _: &[Call<'_>], _: &With<'_>) -> Result<Request, Refusal> {
        Err(Refusal::System(said()))
    }

    fn hear(&self, _: usize, calls: &[Call<'_>], _: Heard<'_>, _: &With<'_>, _: Answers<'_>) -> Verdict {
        Verdict::all(calls.len(), Outcome::Never(said()))
    }
}

impl Door for There {
    fn routes(&self) -> &[Route] {
        &[]
    }

    fn interface(&self) -> &Interface {
        &self.0
    }

    fn beside(&self, _: usize) -> Vec<(&str, ShapeId)> {
        Vec::new()
    }

    fn receive<'r>(&'r self, _: &DoorRequest<'r>, _: &With<'_>, _: &'r Room) -> Result<Received<'r>, Refused> {
        Err(Refused::new(404, said()))
    }

    fn answer(&self, _: Option<Asked>, _: &Said<'_>) -> HttpAnswer {
        Refused::new(404, said()).problem()
    }
}

pub(crate) fn said() -> Failure {
    Failure::new(&codes::TORN, "the test said so")
}

pub(super) fn there(operations: &[(&str, Repeat)]) -> Arc<There> {
    let mut shapes = Shapes::default();
    let any = shapes.add(Shape::Any);
    let operation = |(name, repeat): &(&str, Repeat)| Operation {
        name: (*name).into(),
        about: None,
        wire: (*name).into(),
        with: any,
        fields: None,
        body: Some(any),
        gives: any,
        refuses: Vec::new(),
        repeat: *repeat,
        bulk: None,
    };
    let operations = operations.iter().map(operation).collect();
    Arc::new(There(Interface { shapes: Arc::new(shapes), types: BTreeMap::new(), operations }))
}

pub(super) fn call(node: &str, repeat: Repeat) -> EffectPlan {
    let at = (0, usize::from(repeat != Repeat::Safe));
    let effect = EffectPlan::of(node.into(), format!("asked.{node}").into(), at, Body::Whole, repeat, Policy::default());
    EffectPlan { saved_as: Some(node.into()), ..effect }
}

/// A GET for which two calls are made, and whose reply has both answers.
pub(crate) fn plan() -> Plan {
    let limits = Limits { concurrency: 2, timeout: Duration::from_secs(10), ..Limits::default() };
    let served = Served {
        door: 0,
        operation: 0,
        reply_within: Some(Duration::from_secs(5)),
        late: Late::Accepted,
        same_body: false,
        wants_key: false,
    };
    let (mut shapes, words) = (Shapes::default(), Program::of("[$first, $second]").unwrap());
    let gives = ShapeRef { id: shapes.add(Shape::Any), shapes: Arc::new(shapes) };
    let reply = ReplyPlan { status: None, headers: None, fault: None, body: Body::Expr(words), gives };
    let step = |name: &str, kind| Step { name: name.into(), when: None, kind };
    Plan {
        hash: [0; 32],
        project: "passing".into(),
        environment: None,
        systems: vec![SystemPlan {
            name: "books".into(),
            kind: "there".into(),
            system: there(&[("look", Repeat::Safe), ("write", Repeat::Keyed)]),
            limits,
            breaker: BreakerPolicy::default(),
            retry: Policy::default(),
        }],
        flows: vec![Flow {
            name: "asked".into(),
            source: Some(Source {
                name: "asked.source".into(),
                kind: SourceKind::Door(served),
                when: None,
                once: None,
                key: None,
                version: None,
                expect: None,
            }),
            steps: vec![
                Step { when: Some(Program::of(".fail").unwrap()), ..step("fail", StepKind::Fail(Program::of("\"no\"").unwrap())) },
                step("only", StepKind::Only(Program::of(".only != false").unwrap())),
                step("first", StepKind::Call(0)),
                step("second", StepKind::Call(1)),
                Step { when: Some(Program::of(".silent != true").unwrap()), ..step("reply", StepKind::Reply(Box::new(reply))) },
            ],
            effects: vec![call("first", Repeat::Safe), call("second", Repeat::Safe)],
            if_dead: IfDead::Letter,
            pause_after: None,
            in_order: None,
        }],
        doors: vec![DoorPlan { name: "door".into(), door: there(&[("ask", Repeat::Safe)]), guard: None, clients: Vec::new() }],
        alerts: Vec::new(),
        listen: None,
        maps: Vec::new(),
        keep: KeepFor::default(),
        vars: BTreeMap::new(),
    }
}

pub(super) const START: Moment = Moment(1_000_000_000_000_000);

/// A message of its flow, as it is taken.
pub(super) fn took() -> Took {
    Took {
        message: 7,
        source: "asked.source".into(),
        correlation: "c".into(),
        at: START,
        key: None,
        version: None,
        body: (*b"{}").into(),
        beside: None,
        flow: "asked".into(),
        root: Root(7),
        plan: PlanId(1),
        seen: None,
        about: None,
        fault: None,
    }
}

pub(super) struct Stage {
    pub(super) desk: Desk,
    pub(super) now: Moment,
    /// Commits that are not kept yet.
    pub(super) commits: Vec<(Ticket, Vec<Fact>)>,
    /// How soon each that was commanded is to be there.
    pub(super) hastes: Vec<Haste>,
    /// Exchanges that are not heard of yet, and for which step each is.
    pub(super) exchanges: Vec<(CallId, String)>,
    /// Exchanges that were commanded.
    pub(super) asked: usize,
    /// Each of them: its system, how many it carries, the first one's key and the request's.
    pub(super) sent: Vec<(String, usize, String, String)>,
    /// What the journal was asked for.
    pub(super) fetches: Vec<Fetch>,
    /// Pulls of sources that are not heard of yet.
    pub(super) polls: Vec<CallId>,
    /// The token of the page that each pull asked for.
    pub(super) asked_for: Vec<Option<String>>,
    /// When it wants to be woken.
    pub(super) wake: Option<Moment>,
    pub(super) words: Vec<Word>,
    /// What who reads pages in pieces was told.
    pub(super) reads_on: Vec<ControlFlow<()>>,
    pub(super) at_once: usize,
    pub(super) last: u64,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage::of(plan())
    }

    pub(super) fn of(plan: Plan) -> Stage {
        Stage::open(plan, Opening { rested: true, ..Opening::default() })
    }

    /// Another life, which finds this in the journal.
    pub(super) fn open(plan: Plan, opening: Opening) -> Stage {
        Stage::open_after(Vec::new(), plan, opening)
    }

    /// The same, where these plans were before this one, numbered from 1.
    pub(super) fn open_after(older: Vec<Plan>, plan: Plan, opening: Opening) -> Stage {
        Stage::open_with(older, plan, opening, HandSize::default())
    }

    /// The same, with a hand of this size.
    pub(super) fn open_with(older: Vec<Plan>, plan: Plan, opening: Opening, hand: HandSize) -> Stage {
        Stage::open_in_line(older, plan, opening, Vec::new(), hand)
    }

    /// The same, where these stand in line.
    pub(super) fn open_in_line(
        older: Vec<Plan>,
        plan: Plan,
        opening: Opening,
        in_line: Vec<(Arc<str>, Vec<InLine>)>,
        hand: HandSize,
    ) -> Stage {
        let older: Vec<_> = (1..).map(PlanId).zip(older.into_iter().map(Arc::new)).collect();
        let setup = Setup {
            plan: Arc::new(plan),
            plan_id: PlanId(1 + older.len() as i64),
            older,
            once: false,
            passing: true,
            in_line,
            deaths: Vec::new(),
            within_rounds: Vec::new(),
            only: None,
            hand,
        };
        let mut out = Vec::new();
        let desk = Desk::open(setup, opening, START, &mut || 7, &mut out);
        let mut stage = Stage {
            desk,
            now: START,
            commits: Vec::new(),
            hastes: Vec::new(),
            exchanges: Vec::new(),
            asked: 0,
            sent: Vec::new(),
            fetches: Vec::new(),
            polls: Vec::new(),
            asked_for: Vec::new(),
            wake: None,
            words: Vec::new(),
            reads_on: Vec::new(),
            at_once: 0,
            last: 0,
        };
        stage.obey(out);
        stage
    }

    pub(super) fn on(&mut self, event: Event) {
        let mut out = Vec::new();
        self.desk.on(event, self.now, &mut || 7, &mut out);
        self.obey(out);
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Commit(ticket, facts, haste) => {
                    self.hastes.push(haste);
                    self.commits.push((ticket, facts));
                }
                Command::Advance(jobs) => {
                    // Several workers: each walk is heard of by itself.
                    for job in jobs {
                        self.on(Event::Advanced(vec![(job.run, advance(&job, &Room::new()))]));
                    }
                }
                Command::Exchange(exchange) => {
                    self.asked += 1;
                    let step = exchange.calls[0].key.clone();
                    self.exchanges.push((exchange.call, step.clone()));
                    let system = exchange.plan.systems[exchange.system].name.to_string();
                    self.sent.push((system, exchange.calls.len(), step, exchange.request_key));
                }
                Command::Fetch(fetch) => self.fetches.push(fetch),
                Command::Poll(job) => {
                    self.polls.push(job.call);
                    self.asked_for.push(job.page.as_deref().map(|page| String::from_utf8_lossy(page).into_owned()));
                }
                Command::WakeAt(at) => self.wake = Some(at),
                // Nothing was sent before.
                Command::Look(call, keys) => self.on(Event::Looked { call, prints: vec![None; keys.len()] }),
                Command::Answer(_, word) => self.words.push(word),
                Command::ReadOn(_, way) => self.reads_on.push(way),
                Command::Note(Happening::AnsweredAtOnce { .. }) => self.at_once += 1,
                _ => {}
            }
        }
    }

    pub(super) fn brings(&mut self, body: &str) {
        self.brings_under(body, None);
    }

    pub(super) fn brings_under(&mut self, body: &str, once: Option<&str>) {
        self.brings_state(Arrival::new(body.as_bytes().into(), None, None, once.map(Into::into), None));
    }

    pub(super) fn brings_state(&mut self, arrival: Arrival) {
        self.last += 1;
        self.on(Event::Brought(Brought { waiter: WaiterId(self.last), arrivals: vec![(0, arrival)], left_out: Vec::new() }));
    }

    /// The oldest exchange ends.
    pub(super) fn hears(&mut self, verdict: Verdict) {
        let (call, _) = self.exchanges.remove(0);
        let report = Report::of_nothing(self.now);
        self.on(Event::Heard { call, verdict, report });
    }

    pub(super) fn answers(&mut self, answer: &str) {
        self.hears(Verdict::all(1, Outcome::Delivered(Some(answer.as_bytes().to_vec()))));
    }

    /// All that is on its way to the disk is there; the run of what is taken is 7.
    pub(super) fn keeps(&mut self) -> Vec<Fact> {
        self.keeps_as(RunId(7))
    }

    /// The run of what is taken is this one.
    pub(super) fn keeps_as(&mut self, run: RunId) -> Vec<Fact> {
        let mut kept = Vec::new();
        while !self.commits.is_empty() {
            let (ticket, facts) = self.commits.remove(0);
            let taken = facts.iter().filter(|fact| matches!(fact, Fact::Took(_))).map(|_| Receipt::Taken(run));
            let receipts = taken.collect();
            kept.extend(facts.clone());
            self.on(Event::Kept { ticket, facts, receipts });
        }
        kept
    }

    pub(super) fn wakes_after(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.on(Event::Wake);
    }
}

pub(super) fn later() -> Verdict {
    Verdict::all(1, Outcome::Later { why: said(), after: None, blame: Blame::Message })
}

pub(super) fn body_of(word: &Word) -> String {
    match word {
        Word::Replied { reply, .. } => String::from_utf8(reply.body.clone()).unwrap(),
        other => format!("{other:?}"),
    }
}
