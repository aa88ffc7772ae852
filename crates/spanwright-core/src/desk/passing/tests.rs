//! Two questions in one: a stage with a desk, whose walks are real and whose disk and wire are the test.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, time::Duration};

use spanwright_map::Program;
use spanwright_shape::{
    room::Room,
    shape::{Shape, ShapeId, ShapeRef, Shapes},
    text::Failure,
};

use super::*;
use crate::{
    codes,
    connector::{Answers, Blame, Call, Heard, Outcome, Refusal, Request, System, Verdict, With, Word as SystemWord},
    desk::{Brought, CallId, Event, Order, Report, Setup},
    door::{Asked, Door, HttpAnswer, Received, Refused, Request as DoorRequest, Route, Said},
    fact::{Hold, Opening, PlanId, Receipt},
    interface::{Interface, Operation, Repeat},
    plan::{
        Body, BreakerPolicy, DoorPlan, EffectPlan, Flow, IfDead, KeepFor, Late, Policy, ReplyPlan, Served, Source, SourceKind, Step,
        StepKind, SystemPlan,
    },
    run::advance,
    settings::Limits,
};
use std::sync::Arc;

struct There(Interface);

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

fn said() -> Failure {
    Failure::new(&codes::TORN, "the test said so")
}

fn there(operations: &[(&str, Repeat)]) -> Arc<There> {
    let mut shapes = Shapes::default();
    let any = shapes.add(Shape::Any);
    let operation = |(name, repeat): &(&str, Repeat)| Operation {
        name: (*name).into(),
        about: None,
        wire: (*name).into(),
        with: any,
        body: Some(any),
        gives: any,
        refuses: Vec::new(),
        repeat: *repeat,
        bulk: None,
    };
    let operations = operations.iter().map(operation).collect();
    Arc::new(There(Interface { shapes: Arc::new(shapes), types: BTreeMap::new(), operations }))
}

fn call(node: &str, repeat: Repeat) -> EffectPlan {
    let at = (0, usize::from(repeat != Repeat::Safe));
    let effect = EffectPlan::of(node.into(), format!("asked.{node}").into(), at, Body::Whole, repeat, Policy::default());
    EffectPlan { saved_as: Some(node.into()), ..effect }
}

/// A GET for which two calls are made, and whose reply has both answers.
fn plan() -> Plan {
    let limits = Limits { concurrency: 2, timeout: Duration::from_secs(10), ..Limits::default() };
    let served = Served { door: 0, operation: 0, reply_within: Some(Duration::from_secs(5)), late: Late::Accepted, same_body: false };
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

const START: Moment = Moment(1_000_000_000_000_000);

struct Stage {
    desk: Desk,
    now: Moment,
    /// Commits that are not kept yet.
    commits: Vec<(Ticket, Vec<Fact>)>,
    /// Exchanges that are not heard of yet, and for which step each is.
    exchanges: Vec<(CallId, String)>,
    /// Exchanges that were commanded.
    asked: usize,
    words: Vec<Word>,
    at_once: usize,
    last: u64,
}

impl Stage {
    fn new() -> Stage {
        let plan = Arc::new(plan());
        let setup = Setup { plan, plan_id: PlanId(1), older: Vec::new(), once: false, passing: true, in_line: Vec::new(), only: None };
        let mut out = Vec::new();
        let desk = Desk::open(setup, Opening::default(), START, &mut || 7, &mut out);
        let (commits, exchanges, words) = (Vec::new(), Vec::new(), Vec::new());
        let mut stage = Stage { desk, now: START, commits, exchanges, asked: 0, words, at_once: 0, last: 0 };
        stage.obey(out);
        stage
    }

    fn on(&mut self, event: Event) {
        let mut out = Vec::new();
        self.desk.on(event, self.now, &mut || 7, &mut out);
        self.obey(out);
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Commit(ticket, facts, _) => self.commits.push((ticket, facts)),
                Command::Advance(jobs) => {
                    let room = Room::new();
                    self.on(Event::Advanced(jobs.iter().map(|job| (job.run, advance(job, &room))).collect()));
                }
                Command::Exchange(exchange) => {
                    self.asked += 1;
                    let step = exchange.calls[0].key.clone();
                    self.exchanges.push((exchange.call, step));
                }
                Command::Answer(_, word) => self.words.push(word),
                Command::Note(Happening::AnsweredAtOnce { .. }) => self.at_once += 1,
                _ => {}
            }
        }
    }

    fn brings(&mut self, body: &str) {
        self.brings_under(body, None);
    }

    fn brings_under(&mut self, body: &str, once: Option<&str>) {
        self.last += 1;
        let arrival = Arrival::new(body.as_bytes().into(), None, None, once.map(Into::into), None);
        self.on(Event::Brought(Brought { waiter: WaiterId(self.last), arrivals: vec![(0, arrival)] }));
    }

    /// The oldest exchange ends.
    fn hears(&mut self, verdict: Verdict) {
        let (call, _) = self.exchanges.remove(0);
        let report = Report::of_nothing(self.now);
        self.on(Event::Heard { call, verdict, report });
    }

    fn answers(&mut self, answer: &str) {
        self.hears(Verdict::all(1, Outcome::Delivered(Some(answer.as_bytes().to_vec()))));
    }

    /// All that is on its way to the disk is there; the run of what is taken is 7.
    fn keeps(&mut self) -> Vec<Fact> {
        let mut kept = Vec::new();
        while !self.commits.is_empty() {
            let (ticket, facts) = self.commits.remove(0);
            let taken = facts.iter().filter(|fact| matches!(fact, Fact::Took(_))).map(|_| Receipt::Taken(RunId(7)));
            let receipts = taken.collect();
            kept.extend(facts.clone());
            self.on(Event::Kept { ticket, facts, receipts });
        }
        kept
    }

    fn wakes_after(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.on(Event::Wake);
    }
}

fn later() -> Verdict {
    Verdict::all(1, Outcome::Later { why: said(), after: None, blame: Blame::Message })
}

fn body_of(word: &Word) -> String {
    match word {
        Word::Replied { reply, .. } => String::from_utf8(reply.body.clone()).unwrap(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_only_asks_is_answered_and_no_fact_of_it_goes_to_the_disk() {
    let mut stage = Stage::new();
    stage.brings("{}");
    stage.answers("1");
    stage.answers("2");
    assert_eq!(stage.words.iter().map(body_of).collect::<Vec<_>>(), ["[1,2]"]);
    let standing = stage.desk.standing(stage.now);
    assert_eq!((stage.commits.len(), stage.at_once, stage.asked), (0, 1, 2));
    assert_eq!((standing.open, standing.in_hand, standing.waiting), (0, 0, 0));
    assert_eq!((stage.desk.passing.bytes, stage.desk.passing.runs.len()), (0, 0));
}

#[test]
fn what_may_not_pass_is_kept_before_anybody_is_asked() {
    let check = |stage: &mut Stage| {
        assert!(matches!(&stage.commits[..], [(_, facts)] if matches!(facts[..], [Fact::Took(_)])));
        assert_eq!(stage.asked, 0);
    };
    let mut keyed = Stage::new();
    keyed.brings_under("{}", Some("key"));
    check(&mut keyed);
    let mut held = Stage::new();
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    held.on(Event::Told(Order::Hold { what: "books".into(), hold }));
    held.keeps();
    held.brings("{}");
    check(&mut held);
}

#[test]
fn flows_that_change_something_or_are_counted_on_keep_all() {
    let check = |change: fn(&mut Plan), expected| {
        let mut plan = plan();
        change(&mut plan);
        assert_eq!(keeping(&plan, &plan.flows[0]), expected);
    };
    check(|_| {}, Keeping::FailuresOfAsking);
    check(|plan| plan.flows[0].effects.clear(), Keeping::Failures);
    check(|plan| plan.flows[0].effects[1] = call("second", Repeat::Keyed), Keeping::All);
    check(|plan| plan.flows[0].effects[1].undo = Some(Box::new(call("undo", Repeat::Keyed))), Keeping::All);
    check(|plan| plan.flows[0].effects[0].unchanged = true, Keeping::All);
    check(|plan| plan.flows[0].effects[0].conditional = true, Keeping::All);
    // A replay is safe to repeat, and changes our journal.
    check(|plan| plan.systems[0].kind = crate::desk::round::ROUND_SYSTEM.into(), Keeping::All);
    check(|plan| plan.flows[0].source.as_mut().unwrap().once = Program::of(".id"), Keeping::All);
    check(|plan| plan.doors[0].door = there(&[("bring", Repeat::Keyed)]), Keeping::All);
}

/// After the first call was answered the second one comes to this: the run is an ordinary one.
fn turned_by(verdict: Verdict, outcome: &str) -> Stage {
    let mut stage = Stage::new();
    stage.brings("{}");
    stage.answers("1");
    stage.hears(verdict);
    assert_eq!((stage.commits.len(), stage.words.len()), (1, 0), "{outcome}");
    let kept = stage.keeps();
    let runs: Vec<i64> = kept
        .iter()
        .filter_map(|fact| match fact {
            Fact::Settled(settled) => Some(settled.effect.run.0),
            _ => None,
        })
        .collect();
    assert!(matches!(&kept[0], Fact::Took(took) if took.at == START), "{outcome}");
    assert!(runs.len() >= 2 && runs.iter().all(|run| *run == 7), "{outcome}: {runs:?}");
    stage
}

#[test]
fn a_call_that_is_to_be_tried_again_makes_an_ordinary_run_that_knows_what_was_answered() {
    let mut stage = turned_by(later(), "later");
    assert_eq!(stage.exchanges.len(), 0, "a system that was sick a moment ago is not asked again at once");
    for _ in 0..20 {
        stage.wakes_after(Duration::from_millis(100));
    }
    // A parked run comes back from the journal, which is not played here; one that stays in hand is asked for again.
    let all = stage.asked;
    assert!(all <= 3, "the first call is not made again: {all}");
    stage.wakes_after(Duration::from_secs(5));
    assert!(matches!(stage.words[..], [Word::Accepted { .. }]), "{:?}", stage.words);
}

#[test]
fn a_call_that_never_succeeds_makes_a_dead_letter() {
    let stage = turned_by(Verdict::all(1, Outcome::Never(said())), "never");
    assert!(matches!(&stage.words[..], [Word::Stopped { .. }]), "{:?}", stage.words);
    assert_eq!(stage.desk.standing(stage.now).open, 0);
}

#[test]
fn an_unknown_outcome_is_an_ordinary_one_from_then_on() {
    turned_by(Verdict::all(1, Outcome::Unknown(said())), "unknown");
}

#[test]
fn a_walk_that_does_not_go_well_is_kept_and_walked_again() {
    let check = |body: &str, expected: fn(&Word) -> bool| {
        let mut stage = Stage::new();
        stage.brings(body);
        while !stage.exchanges.is_empty() {
            stage.answers("1");
        }
        assert_eq!((stage.commits.len(), stage.words.len(), stage.at_once), (1, 0, 0), "{body}");
        stage.keeps();
        assert!(matches!(&stage.words[..], [word] if expected(word)), "{body}: {:?}", stage.words);
        assert_eq!(stage.desk.standing(stage.now).open, 0, "{body}");
    };
    check("{\"fail\":true}", |word| matches!(word, Word::Stopped { .. }));
    check("{\"only\":false}", |word| matches!(word, Word::Finished { .. }));
    check("{\"silent\":true}", |word| matches!(word, Word::Finished { .. }));
}

#[test]
fn whoever_has_waited_long_enough_is_told_of_a_message_that_is_kept() {
    let mut stage = Stage::new();
    stage.brings("{}");
    stage.answers("1");
    stage.wakes_after(Duration::from_secs(5));
    assert_eq!((stage.commits.len(), stage.words.len()), (1, 0), "not before it is true");
    stage.keeps();
    assert!(matches!(stage.words[..], [Word::Accepted { .. }]), "{:?}", stage.words);
    // The second call was on its way: what comes of it is nobody's any more, and it is made again.
    assert_eq!(stage.asked, 3);
    stage.answers("2");
    assert_eq!(stage.desk.standing(stage.now).flying, 1);
    stage.answers("2");
    stage.keeps();
    assert_eq!((stage.desk.standing(stage.now).open, stage.at_once), (0, 0));
}

#[test]
fn a_limit_is_waited_for_and_a_gate_that_closes_is_not() {
    let mut stage = Stage::new();
    (0..5).for_each(|_| stage.brings("{}"));
    assert_eq!((stage.asked, stage.commits.len()), (2, 0), "two at a time, and the others wait for them");
    // Our token is refused, and only a person can help.
    let refused = Verdict::all(1, Outcome::Never(said())).and(SystemWord::Gone(said()));
    stage.hears(refused);
    let took = stage.commits.iter().filter(|(_, facts)| matches!(facts[..], [Fact::Took(_)])).count();
    assert_eq!(took, 4, "the one that heard it, and three that would wait");
    assert_eq!(stage.desk.passing.runs.len(), 1, "one is on its way");
}

#[test]
fn while_nothing_is_taken_in_what_goes_well_is_answered_and_the_rest_is_sent_away() {
    let mut stage = Stage::new();
    stage.on(Event::Room(false));
    stage.brings("{}");
    stage.answers("1");
    stage.answers("2");
    stage.brings("{}");
    stage.hears(later());
    assert!(matches!(&stage.words[..], [Word::Replied { .. }, Word::Full]), "{:?}", stage.words);
    assert_eq!((stage.commits.len(), stage.desk.standing(stage.now).open), (0, 0));
}

#[test]
fn when_we_stop_what_passes_is_kept_and_its_sender_told() {
    let mut stage = Stage::new();
    stage.brings("{}");
    stage.on(Event::Told(Order::Stop));
    assert_eq!((stage.commits.len(), stage.words.len()), (1, 0));
    stage.keeps();
    assert!(matches!(stage.words[..], [Word::Accepted { .. }]), "{:?}", stage.words);
    stage.answers("1");
    assert!(stage.desk.at_rest());
}

#[test]
fn one_more_than_may_pass_is_kept() {
    let mut stage = Stage::new();
    (0..PASSING_RUNS_MOST).for_each(|_| stage.brings("{}"));
    assert_eq!(stage.commits.len(), 0);
    stage.brings("{}");
    assert_eq!(stage.commits.len(), 1);
    let mut stage = Stage::new();
    stage.brings(&format!("{{\"a\":\"{}\"}}", "x".repeat(PASSING_BYTES_MOST)));
    stage.brings("{}");
    assert_eq!(stage.commits.len(), 1, "the first one took all the room");
}
