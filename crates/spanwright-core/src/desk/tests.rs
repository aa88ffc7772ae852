#![allow(clippy::unwrap_used)]
use std::time::Duration;

use spanwright_map::Program;

use super::{
    stage::{START, Stage, call, later, plan, said},
    *,
};
use crate::run::Arrival;
use crate::{
    connector::{Blame, Outcome, Refusal, Verdict, Word},
    deliver::Credentials,
    fact::{
        Backlog, Copied, EffectState, GateRow, Hold, InLine, MessageFile, Opening, Phase, Root, RunFile, StopKind, StoredEffect, Way,
        no_item,
    },
    interface::{BulkKey, Repeat},
    plan::{Batch, Body, EffectPlan, InOrder, OrderBy, Question, SourceKind, Step, StepKind, SystemPlan, WhenDead},
};

mod before;
mod hand;
mod line;
mod lists;
mod noted;
mod refusals;
mod states;
mod waits;

fn no_reply(plan: &mut Plan) {
    if let Some(SourceKind::Door(served)) = plan.flows[0].source.as_mut().map(|source| &mut source.kind) {
        served.reply_within = None;
    }
}

/// A run as the journal has it, with how its first call and what belongs to that stand.
fn from_before(run: i64, body: &str, key: Option<&str>, known: Vec<(Way, EffectState)>) -> RunFile {
    let effect = |way| EffectKey { run: RunId(run), node: "first".into(), item: no_item(), way };
    let message = MessageFile {
        id: 7,
        source: "asked.source".into(),
        correlation: "c".into(),
        received: Moment(0),
        key: key.map(Into::into),
        version: None,
        body: body.as_bytes().into(),
        beside: None,
    };
    RunFile {
        run: RunId(run),
        root: Root(7),
        flow: "asked".into(),
        plan: PlanId(1),
        message: Arc::new(message),
        known: known.into_iter().map(|(way, state)| StoredEffect { effect: effect(way), state }).collect(),
        over: false,
        parked: false,
        stopped: None,
    }
}

/// A life of a flow of this one call that finds these runs, behind one that was cut off or `rested`; while its system is held.
fn finds(first: EffectPlan, rested: bool, runs: Vec<RunFile>) -> (Stage, Vec<Fact>) {
    finds_in(first, Opening { rested, ..Opening::default() }, runs)
}

/// The same, where the journal says this of it.
fn finds_in(first: EffectPlan, opening: Opening, runs: Vec<RunFile>) -> (Stage, Vec<Fact>) {
    let mut plan = plan();
    no_reply(&mut plan);
    only_first(&mut plan, first);
    let backlog = vec![Backlog { flow: "asked".into(), active: runs.len() as u64, parked: 0 }];
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    let gates = vec![GateRow { hold: Some(hold), ..GateRow::closed("books".into(), START) }];
    let mut stage = Stage::open(plan, Opening { backlog, gates, last_run: RunId(9), ..opening });
    stage.keeps();
    stage.on(Event::Found { fetch: Fetch::Active { flow: "asked".into(), after: RunId(0), most: 9 }, runs, next: None });
    let kept = stage.keeps();
    (stage, kept)
}

fn prints(kept: &[Fact]) -> Vec<crate::fact::Print> {
    kept.iter().filter_map(|fact| if let Fact::Sent { print, .. } = fact { Some(*print) } else { None }).collect()
}

/// A life that finds the run 7, whose first call stands like this, and hears so of it; where the call stands then.
fn goes_on(repeat: Repeat, rested: bool, known: Option<EffectState>, hears: impl FnOnce(CallId) -> Event) -> EffectState {
    goes_on_behind(Vec::new(), repeat, rested, known, hears)
}

/// The same, with these gates.
fn goes_on_behind(
    gates: Vec<GateRow>,
    repeat: Repeat,
    rested: bool,
    known: Option<EffectState>,
    hears: impl FnOnce(CallId) -> Event,
) -> EffectState {
    let mut plan = plan();
    no_reply(&mut plan);
    plan.flows[0].effects[0] = call("first", repeat);
    let backlog = vec![Backlog { flow: "asked".into(), active: 1, parked: 0 }];
    let mut stage = Stage::open(plan, Opening { rested, backlog, gates, last_run: RunId(7), ..Opening::default() });
    stage.keeps();
    let file = from_before(7, "{}", None, known.into_iter().map(|state| (Way::Do, state)).collect());
    stage.on(Event::Found { fetch: Fetch::Active { flow: "asked".into(), after: RunId(0), most: 1 }, runs: vec![file], next: None });
    stage.keeps();
    let (asked, _) = stage.exchanges.remove(0);
    stage.on(hears(asked));
    let kept = stage.keeps();
    let settled = kept.into_iter().find_map(|fact| if let Fact::Settled(settled) = fact { Some(settled.state) } else { None });
    settled.unwrap()
}

fn refused(call: CallId) -> Event {
    Event::Heard { call, verdict: Verdict::all(1, Outcome::Never(said())), report: Report::of_nothing(START) }
}

/// A flow of this one call.
fn only_first(plan: &mut Plan, first: EffectPlan) {
    plan.flows[0].steps.truncate(3);
    plan.flows[0].effects = vec![first];
}

/// The next life of a flow of this plan, which finds this run.
fn goes_on_under(plan: Plan, file: RunFile) -> (Stage, Vec<Fact>) {
    let backlog = vec![Backlog { flow: "asked".into(), active: 1, parked: 0 }];
    let mut stage = Stage::open(plan, Opening { rested: true, backlog, last_run: RunId(7), ..Opening::default() });
    stage.keeps();
    stage.on(Event::Found { fetch: Fetch::Active { flow: "asked".into(), after: RunId(0), most: 1 }, runs: vec![file], next: None });
    let kept = stage.keeps();
    (stage, kept)
}

fn code_at_the_end(kept: &[Fact]) -> Option<&'static str> {
    kept.iter().find_map(|fact| match fact {
        Fact::Ended { ending: Ending::Stopped(stopped), .. } => Some(stopped.failure.code.id),
        _ => None,
    })
}
