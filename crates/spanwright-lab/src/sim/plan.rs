//! Seven flows that need everything the engine can do.
//!
//! `orders`: a call, a charge that may not be repeated, a fan-out (a batch under one key, and a single send), an effect an
//! item, and undos. `records`: the newest state of each record, in order, in batches under one key, unchanged ones skipped.
//! `bookings`: a system that knows no keys and is asked back, with an answer in pages, a pivot, an answer that is not ready at
//! once, a message that may get lost, and steps for what failed. `brought`: what comes to a door, under a key. `accounts`:
//! events in order, whose dead letters block, and a flow that holds itself. `asked`: a question at a door, for which two
//! others are asked; it changes nothing. `parcels`: batches under one key that are soon given up, and replayed, by whatever the plan is
//! then.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_core::{
    connector::{Answers, Call, Heard, Outcome, Refusal, Request, System, Verdict, With},
    door::{self, Asked, Door, HttpAnswer, Received, Refused, Route, Said},
    fact::PlanBundle,
    interface::{BulkKey, Interface, Operation, Repeat},
    plan::{
        Again, Batch, Body, BreakerPolicy, CursorRule, DoorPlan, EffectPlan, Flow, Gather, IfDead, InOrder, Late, NextPage, OrderBy, Pages,
        PauseAfter, Plan, Policy, Poll, Question, ReplyPlan, Served, Source, SourceKind, Step, StepKind, SystemPlan, WhenDead,
    },
    settings::Limits,
};
use spanwright_map::Program;
use spanwright_shape::{
    room::Room,
    shape::{Shape, ShapeId, ShapeRef, Shapes},
    text::{Code, Failure},
};

use super::{Mutant, edition::Edition};

/// What the other side of the simulated world says.
pub(super) static SAID: Code = Code { id: "R0000", title: "the simulated world said so", page: "# R0000 the simulated world said so\n" };

/// A system whose answers the world gives itself.
struct Spoken {
    interface: Interface,
}

impl System for Spoken {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, _: usize, _: &[Call<'_>], _: &With<'_>) -> Result<Request, Refusal> {
        Err(Refusal::System(Failure::new(&SAID, "the world is asked directly")))
    }

    fn hear(&self, _: usize, calls: &[Call<'_>], _: Heard<'_>, _: &With<'_>, _: Answers<'_>) -> Verdict {
        Verdict::all(calls.len(), Outcome::Unknown(Failure::new(&SAID, "the world is asked directly")))
    }
}

/// A door through which nothing comes: what was brought is taken apart already.
struct Way {
    interface: Interface,
}

impl Door for Way {
    fn routes(&self) -> &[Route] {
        &[]
    }

    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn beside(&self, _: usize) -> Vec<(&str, ShapeId)> {
        Vec::new()
    }

    fn receive<'r>(&'r self, _: &door::Request<'r>, _: &With<'_>, _: &'r Room) -> Result<Received<'r>, Refused> {
        Err(Refused::new(404, Failure::new(&SAID, "nothing comes by this way")))
    }

    fn answer(&self, _: Option<Asked>, _: &Said<'_>) -> HttpAnswer {
        Refused::new(404, Failure::new(&SAID, "nobody is answered by this way")).problem()
    }
}

fn way() -> DoorPlan {
    let interface = interface(&[("bring", Repeat::Keyed), ("ask", Repeat::Safe)]);
    DoorPlan { name: "way".into(), door: Arc::new(Way { interface }), guard: None, clients: Vec::new() }
}

fn interface(operations: &[(&str, Repeat)]) -> Interface {
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
    Interface { shapes: Arc::new(shapes), types: BTreeMap::new(), operations }
}

fn system(name: &str, operations: &[(&str, Repeat)], concurrency: u32) -> SystemPlan {
    SystemPlan {
        name: name.into(),
        kind: "spoken".into(),
        system: Arc::new(Spoken { interface: interface(operations) }),
        limits: Limits { concurrency, timeout: Duration::from_secs(10), ..Limits::default() },
        breaker: BreakerPolicy { of: 6, hold: Duration::from_millis(700), longest: Duration::from_secs(5), ..BreakerPolicy::default() },
        retry: policy(),
    }
}

fn policy() -> Policy {
    Policy {
        // None of its failures is a message's own, however it looks.
        tries: 20,
        first: Duration::from_millis(200),
        factor_percent: 200,
        longest: Duration::from_secs(3),
        give_up_after: Duration::from_secs(3600),
    }
}

fn program(text: &str) -> Program {
    Program::of(text).expect("the simulator's own expressions are right")
}

fn effect(flow: &str, node: &str, (system, operation): (usize, usize), repeat: Repeat) -> EffectPlan {
    let queue = format!("{flow}.{node}").into();
    EffectPlan::of(node.into(), queue, (system, operation), Body::Whole, repeat, policy())
}

/// Four or five of them: a batch is cut by its bytes as by its count.
pub(super) const BATCH_BYTES: usize = 100;

fn batch(most: Option<usize>, key: BulkKey) -> Option<Batch> {
    most.map(|most| Batch { most, bytes: BATCH_BYTES, wait: Duration::from_millis(100), key })
}

fn source(flow: &str, every: u64) -> Source {
    Source {
        name: format!("{flow}.source").into(),
        kind: SourceKind::Poll(Box::new(Poll {
            files: None,
            queue: None,
            system: 4,
            operation: 0,
            every: Duration::from_millis(every),
            with: None,
            pages: Some(Pages { into: "page".into(), next: NextPage::Token(program(".next")) }),
            each: Some(program(".items")),
            cursor: Some(CursorRule { into: "since".into(), take: program(".at"), start: (*b"0").into(), overlap: Duration::ZERO }),
        })),
        when: None,
        once: None,
        key: Some(program(".id")),
        version: None,
        expect: None,
    }
}

fn step(name: &str, kind: StepKind) -> Step {
    Step { name: name.into(), when: None, kind }
}

/// Numbers of the operations of the stock and pay systems.
const RELEASE: (usize, usize) = (0, 1);
const REFUND: (usize, usize) = (1, 1);
const TELL: (usize, usize) = (0, 2);
const INFORM: (usize, usize) = (3, 1);

fn orders(undo_swapped: bool, edition: &Edition) -> Flow {
    let (first, second) = if undo_swapped { (REFUND, RELEASE) } else { (RELEASE, REFUND) };
    let undo = |node: &str, at| {
        Some(Box::new(EffectPlan { queue: format!("orders.{node}.undo").into(), ..effect("orders", node, at, Repeat::Keyed) }))
    };
    // It is given up while a try of it may have arrived.
    let short = Policy { give_up_after: Duration::from_secs(2), ..policy() };
    let reserve = EffectPlan { undo: undo("reserve", first), policy: short, ..effect("orders", "reserve", (0, 0), Repeat::Keyed) };
    let charge = EffectPlan { undo: undo("charge", second), ..effect("orders", "charge", (1, 0), Repeat::Never) };
    let ship = EffectPlan { batch: batch(edition.ship, BulkKey::PerRequest), ..effect("orders", "ship", (2, 0), Repeat::Keyed) };
    let tell = effect("orders", "tell", if edition.told_elsewhere { INFORM } else { TELL }, Repeat::Keyed);
    let log = EffectPlan { batch: batch(edition.log, BulkKey::PerItem), ..effect("orders", "log", (0, 3), Repeat::Keyed) };
    let bad = Step { name: "bad".into(), when: Some(program(".bad")), kind: StepKind::Fail(program("\"malformed\"")) };
    let steps = vec![
        bad,
        step("reserve", StepKind::Call(0)),
        step("charge", StepKind::Call(1)),
        step("ship", StepKind::Send(2)),
        step("tell", StepKind::Send(3)),
        step("each", StepKind::Each { items: program(".lines"), steps: vec![step("log", StepKind::Send(4))] }),
    ];
    Flow {
        name: "orders".into(),
        source: Some(source("orders", 900)),
        steps,
        effects: vec![reserve, charge, ship, tell, log],
        if_dead: IfDead::Letter,
        pause_after: None,
        in_order: None,
    }
}

fn records(edition: &Edition) -> Flow {
    let upsert = EffectPlan {
        batch: batch(edition.upsert, BulkKey::PerRequest),
        in_order: true,
        newest_only: edition.newest_only,
        unchanged: edition.unchanged,
        ..effect("records", "upsert", (3, 0), Repeat::Keyed)
    };
    Flow {
        name: "records".into(),
        source: Some(source("records", 400)),
        steps: vec![step("upsert", StepKind::Send(0))],
        effects: vec![upsert],
        if_dead: IfDead::Letter,
        pause_after: None,
        in_order: None,
    }
}

fn bookings(pivot: bool) -> Flow {
    let of = |node: &str, at, repeat| effect("bookings", node, at, repeat);
    let part = |node: &str, part: &str, at, repeat| EffectPlan { queue: format!("bookings.{node}.{part}").into(), ..of(node, at, repeat) };
    let hold = EffectPlan { undo: Some(Box::new(part("hold", "undo", FREE, Repeat::Keyed))), ..of("hold", HOLD, Repeat::Keyed) };
    let pages = Pages { into: "page".into(), next: NextPage::Token(program(".next")) };
    let gather = Some(Arc::new(Gather { pages, list: vec!["found".into()] }));
    let ask = EffectPlan { gather, ..part("create", "ask", FIND, Repeat::Safe) };
    let question = Question { ask, take: program(".found[0]"), wait: Duration::from_millis(400) };
    let create = EffectPlan { if_unknown: Some(Box::new(question)), saved_as: Some("made".into()), ..of("create", CREATE, Repeat::Never) };
    let pay = EffectPlan { pivot, ..of("pay", PAY, Repeat::Keyed) };
    let until = Again { every: Duration::from_millis(300), until: program(".ready"), give_up_after: Duration::from_secs(3600) };
    let ready = EffectPlan { again: Some(until), ..of("ready", READY, Repeat::Safe) };
    let notify = EffectPlan { if_dead: IfDead::Discard, ..of("notify", NOTIFY, Repeat::Keyed) };
    let apologize = of("apologize", APOLOGIZE, Repeat::Keyed);
    let steps = vec![
        step("hold", StepKind::Call(0)),
        step("create", StepKind::Call(1)),
        step("pay", StepKind::Call(2)),
        step("ready", StepKind::Call(3)),
        step("notify", StepKind::Send(4)),
    ];
    Flow {
        name: "bookings".into(),
        source: Some(source("bookings", 700)),
        steps,
        effects: vec![hold, create, pay, ready, notify, apologize],
        if_dead: IfDead::Steps(vec![step("apologize", StepKind::Send(5))]),
        pause_after: None,
        in_order: None,
    }
}

/// What is brought to a door: kept, answered, and then delivered.
fn brought() -> Flow {
    let served = Served { door: 0, operation: 0, reply_within: None, late: Late::Accepted, same_body: true, wants_key: false };
    let door = Source { kind: SourceKind::Door(served), key: None, ..source("brought", 1) };
    Flow {
        name: "brought".into(),
        source: Some(door),
        steps: vec![step("deliver", StepKind::Send(0))],
        effects: vec![effect("brought", "deliver", (0, 4), Repeat::Keyed)],
        if_dead: IfDead::Letter,
        pause_after: None,
        in_order: None,
    }
}

/// What is asked at a door: the answer is made of two others, and nothing is changed by it.
fn asked() -> Flow {
    let within = Some(Duration::from_millis(1_500));
    let served = Served { door: 0, operation: 1, reply_within: within, late: Late::TimedOut, same_body: false, wants_key: false };
    let first = EffectPlan { saved_as: Some("first".into()), ..effect("asked", "title", TITLE, Repeat::Safe) };
    let second = EffectPlan { saved_as: Some("second".into()), ..effect("asked", "count", COUNT, Repeat::Safe) };
    let (mut shapes, body) = (Shapes::default(), Body::Expr(program("{first: $first.of, second: $second.of}")));
    let id = shapes.add(Shape::Any);
    let reply = ReplyPlan { status: None, headers: None, fault: None, body, gives: ShapeRef { shapes: Arc::new(shapes), id } };
    Flow {
        name: "asked".into(),
        source: Some(Source { kind: SourceKind::Door(served), key: None, ..source("asked", 1) }),
        steps: vec![step("title", StepKind::Call(0)), step("count", StepKind::Call(1)), step("reply", StepKind::Reply(Box::new(reply)))],
        effects: vec![first, second],
        if_dead: IfDead::Letter,
        pause_after: None,
        in_order: None,
    }
}

/// Batches under one key: of what was not heard of in so short a time nobody knows, until a person replays it. Some editions insure each
/// parcel first, which is taken back where it is not handed over, and some print a label, behind which nothing is taken back.
fn parcels(edition: &Edition) -> Flow {
    let of = |node: &str, at| effect(PARCELS, node, at, Repeat::Keyed);
    let short = Policy { give_up_after: Duration::from_millis(400), ..policy() };
    let cancel = EffectPlan { queue: format!("{PARCELS}.insure.undo").into(), ..of("insure", (8, 2)) };
    let insure = EffectPlan { undo: Some(Box::new(cancel)), ..of("insure", (8, 1)) };
    let label = EffectPlan { pivot: true, ..of("label", (8, 3)) };
    let key = if edition.key_an_item { BulkKey::PerItem } else { BulkKey::PerRequest };
    let hand = EffectPlan { batch: batch(edition.hand, key), policy: short, ..of("hand", (8, 0)) };
    let steps = [
        (edition.insures, step("insure", StepKind::Call(0))),
        (edition.labels, step("label", StepKind::Call(1))),
        (edition.hands, step("hand", StepKind::Send(2))),
    ];
    Flow {
        name: PARCELS.into(),
        source: Some(source(PARCELS, 600)),
        steps: steps.into_iter().filter(|(has, _)| *has).map(|(_, step)| step).collect(),
        effects: vec![insure, label, hand],
        if_dead: IfDead::Letter,
        pause_after: None,
        in_order: None,
    }
}

/// Whose dead letters are replayed.
pub(super) const PARCELS: &str = "parcels";
/// Which flow that is.
pub(super) const PARCELS_FLOW: usize = 6;
/// Which flow is asked.
pub(super) const ASKED_FLOW: usize = 5;
/// Which flow is brought things.
pub(super) const DOOR: usize = 3;
/// Which flow has events in order.
pub(super) const ACCOUNTS_FLOW: usize = 4;

const HOLD: (usize, usize) = (5, 0);
const FREE: (usize, usize) = (5, 1);
const CREATE: (usize, usize) = (6, 0);
const FIND: (usize, usize) = (6, 1);
const PAY: (usize, usize) = (5, 2);
const READY: (usize, usize) = (6, 2);
const NOTIFY: (usize, usize) = (5, 3);
const APOLOGIZE: (usize, usize) = (5, 4);
const TITLE: (usize, usize) = (6, 3);
const COUNT: (usize, usize) = (7, 2);

/// Events of accounts, one after the other of each: a map that may fail, a call and a batch, and a flow that holds itself.
fn accounts(mutant: Option<Mutant>, edition: &Edition) -> Flow {
    let apply = effect("accounts", "apply", (7, 0), Repeat::Keyed);
    let publish = EffectPlan { batch: batch(edition.publish, BulkKey::PerRequest), ..effect("accounts", "publish", (7, 1), Repeat::Keyed) };
    let bad = Step { name: "bad".into(), when: Some(program(".bad")), kind: StepKind::Fail(program("\"malformed\"")) };
    let when_dead = if mutant == Some(Mutant::DeadBlocksNobody) { WhenDead::Skip } else { WhenDead::Block };
    let by = if edition.all_in_order { OrderBy::All } else { OrderBy::Key };
    let in_order = (mutant != Some(Mutant::OrderForgotten)).then_some(InOrder { by, when_dead });
    Flow {
        name: "accounts".into(),
        source: Some(source("accounts", 500)),
        steps: vec![bad, step("apply", StepKind::Call(0)), step("publish", StepKind::Send(1))],
        effects: vec![apply, publish],
        if_dead: IfDead::Letter,
        pause_after: Some(PauseAfter { dead: 3, within: Duration::from_secs(60) }),
        in_order,
    }
}

/// An edition of the plan, or that of an engine with a fault in it.
pub(super) fn plan_of(number: u8, edition: &Edition, mutant: Option<Mutant>) -> Plan {
    let undo_swapped = mutant == Some(Mutant::UndoForward);
    let pivot = mutant != Some(Mutant::UndoBehindPivot);
    let keyed = Repeat::Keyed;
    Plan {
        keep: spanwright_core::plan::KeepFor::default(),
        hash: [number; 32],
        project: "simulation".into(),
        environment: None,
        systems: vec![
            system("stock", &[("reserve", keyed), ("release", keyed), ("tell", keyed), ("log", keyed), ("deliver", keyed)], 6),
            system("pay", &[("charge", Repeat::Never), ("refund", keyed)], 4),
            system("carrier", &[("ship", keyed)], 2),
            system("crm", &[("upsert", keyed), ("inform", keyed)], 2),
            system("shop", &[("list", Repeat::Safe)], 2),
            system("hotel", &[("hold", keyed), ("free", keyed), ("pay", keyed), ("notify", keyed), ("apologize", keyed)], 4),
            system("books", &[("create", Repeat::Never), ("find", Repeat::Safe), ("ready", Repeat::Safe), ("title", Repeat::Safe)], 3),
            system("bank", &[("apply", keyed), ("publish", keyed), ("count", Repeat::Safe)], 3),
            system("depot", &[("hand", keyed), ("insure", keyed), ("cancel", keyed), ("label", keyed)], 2),
        ],
        flows: vec![
            orders(undo_swapped, edition),
            records(edition),
            bookings(pivot),
            brought(),
            accounts(mutant, edition),
            asked(),
            parcels(edition),
        ],
        doors: vec![way()],
        alerts: Vec::new(),
        listen: None,
        maps: Vec::new(),
        vars: BTreeMap::new(),
    }
}

/// As the journal pins it.
pub fn sim_bundle(plan: &Plan) -> PlanBundle {
    PlanBundle { hash: plan.hash, bundle: (*b"simulation").into(), language: 1 }
}
