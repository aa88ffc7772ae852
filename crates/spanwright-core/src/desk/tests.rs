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

/// How soon the end of a run is to be on disk that was filtered, in a flow that is changed like this.
fn haste_of_an_end(change: impl FnOnce(&mut Plan)) -> Haste {
    let mut plan = plan();
    change(&mut plan);
    let mut stage = Stage::of(plan);
    stage.brings_under(r#"{"only": false}"#, Some("key"));
    let kept = stage.keeps();
    assert!(matches!(&kept[..], [Fact::Took(_), Fact::Ended { ending: Ending::Skipped(_), .. }]), "{kept:?}");
    assert_eq!(stage.hastes[0], Haste::Now);
    stage.hastes[1]
}

fn no_reply(plan: &mut Plan) {
    if let Some(SourceKind::Door(served)) = plan.flows[0].source.as_mut().map(|source| &mut source.kind) {
        served.reply_within = None;
    }
}

#[test]
fn the_end_of_what_asked_nobody_is_waited_for_by_a_sender_and_by_a_line() {
    assert_eq!(haste_of_an_end(no_reply), Haste::WithTheNext);
    assert_eq!(haste_of_an_end(|_| {}), Haste::Now, "its sender waits for the end");
    let in_line = |plan: &mut Plan| {
        no_reply(plan);
        plan.flows[0].in_order = Some(InOrder { by: OrderBy::All, when_dead: WhenDead::Block });
    };
    assert_eq!(haste_of_an_end(in_line), Haste::Now, "the next of its line waits for it");
}

/// Small messages whose first call is answered with a megabyte, and whose second one takes long.
#[test]
fn what_was_answered_counts_in_the_hand_and_what_comes_behind_it_waits_in_the_journal() {
    const MESSAGES: i64 = 40;
    let mut plan = plan();
    no_reply(&mut plan);
    plan.systems[0].limits.concurrency = 100;
    let mut stage = Stage::of(plan);
    let answer = format!("\"{}\"", "x".repeat(1 << 20));
    for n in 1..=MESSAGES {
        let asked = stage.asked;
        stage.brings_under("{}", Some(&n.to_string()));
        stage.keeps_as(RunId(n));
        if stage.asked > asked {
            stage.exchanges.rotate_right(1);
            stage.answers(&answer);
            stage.keeps();
        }
    }
    let in_hand = HAND_BYTES_MOST / answer.len();
    assert!((in_hand..in_hand + 2).contains(&stage.desk.runs.len()), "{} of {MESSAGES} are in hand", stage.desk.runs.len());
    assert!(stage.fetches.is_empty());
    while !stage.exchanges.is_empty() {
        stage.answers("2");
        stage.keeps();
    }
    assert_eq!((stage.desk.runs.len(), stage.desk.flows[0].bytes), (0, 0));
    assert!(matches!(&stage.fetches[..], [Fetch::Active { .. }]), "the others are fetched where there is room again: {:?}", stage.fetches);
}

/// A flow that asks books for some of its messages and a shelf for all of them.
fn books_and_shelf() -> Plan {
    let mut plan = plan();
    no_reply(&mut plan);
    let shelf = super::stage::plan().systems.remove(0);
    plan.systems.push(SystemPlan { name: "shelf".into(), ..shelf });
    plan.flows[0].effects[1].system = 1;
    let first = plan.flows[0].steps.iter_mut().find(|step| &*step.name == "first").unwrap();
    first.when = Some(Program::of(".book").unwrap());
    plan
}

#[test]
fn what_waits_for_a_held_system_keeps_nothing_that_goes_to_another_out_of_a_full_hand() {
    let hand = HandSize { runs: 10, fetch: 4, ..HandSize::default() };
    let mut stage = Stage::open_with(Vec::new(), books_and_shelf(), Opening { rested: true, ..Opening::default() }, hand);
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    stage.on(Event::Told(Order::Hold { what: "books".into(), hold: hold.clone() }));
    stage.keeps();
    let bring = |stage: &mut Stage, n: i64, body: &str| {
        stage.brings_under(body, Some(&n.to_string()));
        stage.keeps_as(RunId(n))
    };
    (1..=10).for_each(|n| drop(bring(&mut stage, n, r#"{"book": true}"#)));
    assert_eq!((stage.desk.runs.len(), stage.asked), (10, 0), "they fill the hand");
    // Of what comes now nothing fits: the newest that wait go to wait in the journal.
    let kept = bring(&mut stage, 11, r#"{"book": false}"#);
    let parked: Vec<i64> =
        kept.iter().filter_map(|fact| if let Fact::Parked { run, parked: true } = fact { Some(run.0) } else { None }).collect();
    assert_eq!(parked, [7, 8, 9, 10]);
    let owed = |fact: &&Fact| matches!(fact, Fact::Settled(settled) if matches!(settled.state.phase, Phase::Owed { due } if due == START) && settled.attempt.is_none());
    assert_eq!(kept.iter().filter(owed).count(), 4, "as they were owed, and untried: {kept:?}");
    assert_eq!(stage.desk.runs.len(), 6);
    let [Fetch::Active { after, most: 4, .. }] = &stage.fetches[..] else { panic!("{:?}", stage.fetches) };
    assert_eq!(*after, RunId(10));
    let Some(Fact::Took(took)) = kept.into_iter().next() else { panic!() };
    let fetch = stage.fetches.remove(0);
    stage.on(Event::Found { fetch, runs: vec![RunFile::of(*took, RunId(11))], next: None });
    assert_eq!(stage.sent.iter().map(|(system, ..)| &**system).collect::<Vec<_>>(), ["shelf"]);
    // Where everything is held nothing is gained by it.
    stage.on(Event::Told(Order::Hold { what: "shelf".into(), hold }));
    stage.keeps();
    let kept: Vec<Fact> = (12..=20).flat_map(|n| bring(&mut stage, n, r#"{"book": true}"#)).collect();
    assert!(stage.desk.runs.len() >= 10 && kept.iter().all(|fact| matches!(fact, Fact::Took(_))), "{kept:?}");
    // What is let go is fetched.
    stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
    stage.keeps();
    while !stage.exchanges.is_empty() {
        stage.answers("1");
        stage.keeps();
    }
    assert!(stage.fetches.iter().any(|fetch| matches!(fetch, Fetch::Due { .. })), "{:?}", stage.fetches);
}

#[test]
fn many_flows_share_what_may_be_in_hand() {
    let hand = HandSize::default();
    let bytes = |flows: usize| hand.of_each(flows).bytes;
    assert_eq!([1, 16, 32, 256, 10_000].map(bytes), [16 << 20, 16 << 20, 8 << 20, 1 << 20, 1 << 20]);
}

#[test]
fn what_somebody_was_asked_is_never_held_back() {
    let mut plan = plan();
    no_reply(&mut plan);
    let mut stage = Stage::of(plan);
    stage.brings_under("{}", Some("key"));
    stage.keeps();
    for answer in ["1", "2"] {
        stage.answers(answer);
        stage.keeps();
    }
    assert!(stage.hastes.len() > 2 && stage.hastes.iter().all(|haste| *haste == Haste::Now), "{:?}", stage.hastes);
}

#[test]
fn what_is_heard_together_is_walked_together() {
    let mut stage = Stage::new();
    for key in ["a", "b", "c"] {
        stage.brings_under("{}", Some(key));
    }
    let commits = std::mem::take(&mut stage.commits);
    let kept = commits.into_iter().zip(1..).map(|((ticket, facts), run)| Event::Kept {
        ticket,
        facts,
        receipts: vec![Receipt::Taken(RunId(run))],
    });
    let mut out = Vec::new();
    stage.desk.on_all(kept, stage.now, &mut || 7, &mut out);
    let walks: Vec<_> =
        out.iter().filter_map(|command| if let Command::Advance(jobs) = command { Some(jobs.len()) } else { None }).collect();
    assert_eq!(walks, [3]);
}

/// A call whose note is on its way to the disk, and its system or its flow is held: all is kept, and nobody was asked.
fn held_while_it_is_noted(first: EffectPlan, what: &str) -> (Stage, Vec<Fact>) {
    let mut plan = plan();
    no_reply(&mut plan);
    plan.flows[0].effects[0] = first;
    let mut stage = Stage::of(plan);
    stage.brings_under("{}", Some("key"));
    let (ticket, facts) = stage.commits.remove(0);
    stage.on(Event::Kept { ticket, facts, receipts: vec![Receipt::Taken(RunId(7))] });
    assert!(matches!(&stage.commits[..], [(_, facts)] if matches!(facts[..], [Fact::Started { .. } | Fact::Bundled(_)])));
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    stage.on(Event::Told(Order::Hold { what: what.into(), hold }));
    let kept = stage.keeps();
    assert_eq!(stage.asked, 0, "{what}");
    assert_eq!(stage.desk.standing(stage.now).flying, 0, "{what}");
    (stage, kept)
}

#[test]
fn a_batch_that_is_held_while_it_is_noted_goes_under_its_number_when_it_is_let_go() {
    for what in ["books", "flow:asked"] {
        let batch = Batch { most: 1, bytes: 1_000, wait: std::time::Duration::ZERO, key: BulkKey::PerRequest };
        let (mut stage, _) = held_while_it_is_noted(EffectPlan { batch: Some(batch), ..call("first", Repeat::Keyed) }, what);
        stage.on(Event::Told(Order::Resume { what: what.into(), by: "ann".into() }));
        let kept = stage.keeps();
        assert_eq!((stage.asked, kept.len()), (1, 1), "noted once: {kept:?}");
    }
}

#[test]
fn what_may_not_be_repeated_and_is_held_while_it_is_noted_is_owed_as_before() {
    for what in ["books", "flow:asked"] {
        let (_, kept) = held_while_it_is_noted(call("first", Repeat::Never), what);
        let last = kept.iter().rev().find_map(|fact| match fact {
            Fact::Settled(settled) => Some(&settled.state),
            _ => None,
        });
        assert!(matches!(last, Some(state) if matches!(state.phase, Phase::Owed { .. }) && state.tries == 0), "{what}: {kept:?}");
        assert!(matches!(kept.last(), Some(Fact::Parked { parked: true, .. })), "{what}: it waits in the journal: {kept:?}");
    }
}

/// Credentials that are refused, or that there are none of: nothing happened, and a restart with better ones may ask.
#[test]
fn what_may_not_be_repeated_and_was_not_let_in_is_owed_as_before() {
    let refused = |call| Event::Heard { call, verdict: later().and(Word::Credentials(said())), report: Report::of_nothing(START) };
    let without = |call| Event::NotAsked { call, refusal: Refusal::System(said()) };
    for answer in [&refused as &dyn Fn(CallId) -> Event, &without] {
        let mut plan = plan();
        no_reply(&mut plan);
        plan.flows[0].effects[0] = call("first", Repeat::Never);
        let mut stage = Stage::of(plan);
        stage.brings_under("{}", Some("key"));
        stage.keeps();
        assert_eq!(stage.asked, 1);
        let (call, _) = stage.exchanges.remove(0);
        stage.on(answer(call));
        let kept = stage.keeps();
        let settled: Vec<_> =
            kept.iter().filter_map(|fact| if let Fact::Settled(settled) = fact { Some(&settled.state) } else { None }).collect();
        assert!(matches!(settled[..], [state] if matches!(state.phase, Phase::Owed { .. }) && state.tries == 0), "{kept:?}");
        assert_eq!(stage.asked, 1, "not before there are other credentials");
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

/// Behind a kill what was due may have been asked; behind an orderly end it was not.
#[test]
fn a_refusal_behind_a_kill_says_nothing_of_the_try_before_it_where_there_is_no_key() {
    for (repeat, rested, dead) in
        [(Repeat::Idempotent, false, false), (Repeat::Idempotent, true, true), (Repeat::Keyed, false, true), (Repeat::Safe, false, true)]
    {
        let state = goes_on(repeat, rested, None, refused);
        assert_eq!(matches!(state.phase, Phase::Dead(_)), dead, "{repeat:?}, {rested}: {state:?}");
        assert_eq!(state.sent.is_none(), dead, "what may have arrived is remembered");
    }
}

/// What a person replays as uncertain and is refused once more is as uncertain as before.
#[test]
fn a_second_refusal_makes_nothing_certain() {
    let again = EffectState { sent: Some([7; 32]), ..EffectState::new(Phase::Owed { due: START }) };
    let state = goes_on(Repeat::Idempotent, true, Some(again), refused);
    assert!(matches!(state.phase, Phase::Uncertain(_)) && state.sent.is_some(), "{state:?}");
}

/// A call that cannot be written was not written before a kill either.
#[test]
fn what_cannot_be_written_is_dead_behind_a_kill_too() {
    let state = goes_on(Repeat::Keyed, false, None, |call| Event::NotAsked { call, refusal: Refusal::Call(0, said()) });
    assert!(matches!(state.phase, Phase::Dead(_)), "{state:?}");
}

/// A flow of this one call.
fn only_first(plan: &mut Plan, first: EffectPlan) {
    plan.flows[0].steps.truncate(3);
    plan.flows[0].effects = vec![first];
}

/// States of the record `r`, brought one after the other while their system is held, each as the run of its place.
fn states_of_a_record(change: impl FnOnce(&mut EffectPlan), versions: &[&str]) -> (Stage, Vec<Fact>) {
    let mut plan = plan();
    no_reply(&mut plan);
    let mut first = EffectPlan { in_order: true, ..call("first", Repeat::Idempotent) };
    change(&mut first);
    only_first(&mut plan, first);
    let mut stage = Stage::of(plan);
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    stage.on(Event::Told(Order::Hold { what: "books".into(), hold }));
    let mut kept = stage.keeps();
    for (run, version) in (1..).zip(versions) {
        let body = format!("{{\"v\": {version}}}");
        stage.brings_state(Arrival::new(body.as_bytes().into(), Some("r".into()), Some((*version).into()), None, None));
        kept.extend(stage.keeps_as(RunId(run)));
    }
    (stage, kept)
}

/// Versions say which state is newer, in whatever order they came.
#[test]
fn only_the_newest_state_goes_and_its_version_says_which_one_that_is() {
    for (versions, newest) in [(&["1", "3", "2"], 2), (&["1", "2", "3"], 3), (&["9", "10", "9"], 2)] {
        let (mut stage, kept) = states_of_a_record(|first| first.newest_only = true, versions);
        let aside: Vec<_> = kept
            .iter()
            .filter_map(|fact| match fact {
                Fact::Settled(settled) if settled.state.phase == Phase::Superseded => Some(settled.effect.run.0),
                _ => None,
            })
            .collect();
        let mut others: Vec<_> = (1..=3).filter(|run| *run != newest).collect();
        others.sort_unstable_by_key(|run| aside.iter().position(|one| one == run));
        assert_eq!(aside, others, "{versions:?}");
        stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
        assert_eq!(stage.asked, 1);
    }
}

/// What the system has of a record is not what was delivered last, where a later try may have arrived.
#[test]
fn after_an_uncertain_state_nothing_counts_as_unchanged() {
    let remembered = |outcome: Outcome| {
        let (mut stage, _) = states_of_a_record(|first| (first.unchanged, first.repeat) = (true, Repeat::Never), &["1"]);
        stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
        stage.keeps();
        stage.hears(Verdict::all(1, outcome));
        let kept = stage.keeps();
        kept.into_iter().find_map(|fact| if let Fact::Sent { print, .. } = fact { Some(print) } else { None })
    };
    assert!(remembered(Outcome::Delivered(Some(b"1".to_vec()))).is_some_and(|print| print != crate::fact::NOBODY_KNOWS));
    assert_eq!(remembered(Outcome::Unknown(said())), Some(crate::fact::NOBODY_KNOWS));
    assert_eq!(remembered(Outcome::Never(said())), None, "a refusal changes nothing");
}

/// A newer state takes the place of one that a life before may have sent.
#[test]
fn after_a_kill_a_state_that_stepped_aside_may_be_what_the_system_has() {
    let first = || EffectPlan { unchanged: true, newest_only: true, in_order: true, ..call("first", Repeat::Idempotent) };
    for rested in [false, true] {
        let states = || vec![from_before(1, "{\"v\": 2}", Some("r"), vec![]), from_before(2, "{\"v\": 1}", Some("r"), vec![])];
        let (_, kept) = finds(first(), rested, states());
        let is_aside = |fact: &Fact| matches!(fact, Fact::Settled(settled) if settled.state.phase == Phase::Superseded);
        assert!(kept.iter().any(is_aside), "{kept:?}");
        assert_eq!(prints(&kept), if rested { vec![] } else { vec![crate::fact::NOBODY_KNOWS] });
    }
}

/// The life on the journal that a copy was made of may have done it since.
#[test]
fn what_a_copy_has_open_and_must_not_happen_twice_is_asked_about_or_told() {
    let never = || call("first", Repeat::Never);
    let question = || Question { ask: call("first", Repeat::Safe), take: Program::of(".").unwrap(), wait: Duration::ZERO };
    let copy = |at: Option<Moment>| Opening { rested: at.is_some(), copied: Some(Copied { upto: RunId(7), at }), ..Opening::default() };
    let owed = |due| vec![(Way::Do, EffectState { tries: 1, first: Some(START), ..EffectState::new(Phase::Owed { due }) })];
    let is_told = |first, opening, run, known| {
        let (mut stage, kept) = finds_in(first, opening, vec![from_before(run, "{}", None, known)]);
        let told = kept.iter().any(
            |fact| matches!(fact, Fact::Ended { ending: Ending::Stopped(stopped), .. } if stopped.kind == StopKind::Uncertain && stopped.failure.code.id == "R0002"),
        );
        stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
        stage.keeps();
        (told, stage.asked)
    };
    let began = Moment(START.0 - 1);
    for opening in [copy(None), copy(Some(began))] {
        assert_eq!(is_told(never(), opening.clone(), 7, vec![]), (true, 0), "{opening:?}");
        assert_eq!(is_told(never(), opening, 8, vec![]), (false, 1), "it came since");
    }
    assert_eq!(is_told(never(), copy(None), 7, owed(START)), (true, 0));
    assert_eq!(is_told(never(), copy(Some(began)), 7, owed(START)), (false, 1), "it was tried here since");
    assert_eq!(is_told(call("first", Repeat::Keyed), copy(None), 7, vec![]), (false, 1), "under its old key");
    let asks = EffectPlan { if_unknown: Some(Box::new(question())), ..never() };
    let (mut stage, _) = finds_in(asks, copy(None), vec![from_before(7, "{}", None, vec![])]);
    stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
    stage.keeps();
    assert_eq!(stage.asked, 1, "the question");
    stage.answers("1");
    let kept = stage.keeps();
    let is_done = |fact: &Fact| matches!(fact, Fact::Settled(settled) if settled.effect.way == Way::Do && matches!(settled.state.phase, Phase::Done(_)));
    assert!(kept.iter().any(is_done) && stage.asked == 1, "{kept:?}");
}

/// A replay asks whether it happened, also where that was asked in vain before; what happened, happened with the bytes of then.
#[test]
fn a_replay_asks_anew_and_what_happened_did_with_the_bytes_of_then() {
    let question = Question { ask: call("first", Repeat::Safe), take: Program::of(".").unwrap(), wait: Duration::ZERO };
    let first = EffectPlan { unchanged: true, pivot: true, if_unknown: Some(Box::new(question)), ..call("first", Repeat::Never) };
    let asked = EffectState { generation: 0, ..EffectState::new(Phase::Dead(said())) };
    let unknown = EffectState { sent: Some([7; 32]), ..EffectState::new(Phase::Uncertain(said())) };
    let stopped = from_before(7, "{}", Some("r"), vec![(Way::Do, unknown), (Way::Ask, asked)]);
    let known = crate::fact::owed_again(stopped.known.clone(), START, false);
    let (mut stage, _) = finds(first, true, vec![RunFile { known, ..stopped }]);
    stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
    stage.keeps();
    assert_eq!(stage.asked, 1, "the question");
    stage.answers("1");
    let kept = stage.keeps();
    let is_done = |fact: &Fact| matches!(fact, Fact::Settled(settled) if settled.effect.way == Way::Do && matches!(settled.state.phase, Phase::Done(_)));
    assert!(kept.iter().any(is_done), "{kept:?}");
    assert_eq!(prints(&kept), [crate::fact::NOBODY_KNOWS]);
}

/// Where the question does not tell after a replay either, it is as uncertain as before.
#[test]
fn what_a_question_did_not_tell_of_twice_is_uncertain() {
    let question = Question { ask: call("first", Repeat::Safe), take: Program::of(".").unwrap(), wait: Duration::ZERO };
    let first = EffectPlan { pivot: true, if_unknown: Some(Box::new(question)), ..call("first", Repeat::Never) };
    let known = vec![
        (Way::Do, EffectState::new(Phase::Owed { due: START })),
        (Way::Ask, EffectState { generation: crate::fact::OF_NO_ATTEMPT, ..EffectState::new(Phase::Dead(said())) }),
    ];
    let (mut stage, _) = finds(first, true, vec![from_before(7, "{}", None, known)]);
    stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
    stage.keeps();
    stage.hears(Verdict::all(1, Outcome::Never(said())));
    let kept = stage.keeps();
    let did = kept.iter().rev().find_map(|fact| match fact {
        Fact::Settled(settled) if settled.effect.way == Way::Do => Some(&settled.state.phase),
        _ => None,
    });
    assert!(matches!(did, Some(Phase::Uncertain(_))), "{kept:?}");
}

/// What was undone is not there any more: the same state is no repetition.
#[test]
fn after_an_undo_nothing_counts_as_unchanged() {
    let mut plan = plan();
    no_reply(&mut plan);
    let undo = Some(Box::new(call("first", Repeat::Keyed)));
    only_first(&mut plan, EffectPlan { unchanged: true, undo, ..call("first", Repeat::Keyed) });
    plan.flows[0].steps.rotate_left(2);
    let mut stage = Stage::of(plan);
    stage.brings_state(Arrival::new((*b"{\"fail\": true}").into(), Some("r".into()), None, None, None));
    let mut kept = stage.keeps();
    for _ in 0..2 {
        stage.answers("1");
        kept.extend(stage.keeps());
    }
    assert!(
        matches!(prints(&kept)[..], [done, undone] if done != crate::fact::NOBODY_KNOWS && undone == crate::fact::NOBODY_KNOWS),
        "{kept:?}"
    );
}

/// The time for which somebody held it is none of an outage.
#[test]
fn what_was_held_is_as_good_as_new_when_it_goes_on() {
    let old = Moment(START.0 - 100 * 3_600_000_000);
    let tried = || EffectState { tries: 1, first: Some(old), ..EffectState::new(Phase::Owed { due: START }) };
    let busy = |call| {
        let verdict = Verdict::all(1, Outcome::Later { why: said(), after: None, blame: Blame::System });
        Event::Heard { call, verdict, report: Report::of_nothing(START) }
    };
    let held = |until| {
        let hold = Hold { since: old, until, by: "ann".into(), because: "quiet".into() };
        GateRow { hold: Some(hold), ..GateRow::closed("books".into(), old) }
    };
    let (just_now, long_ago) = (Some(Moment(START.0 - 1)), Some(Moment(old.0 + 1)));
    for (gates, goes_on) in [(vec![], false), (vec![held(just_now)], true), (vec![held(long_ago)], false)] {
        let state = goes_on_behind(gates, Repeat::Keyed, true, Some(tried()), busy);
        assert_eq!(matches!(state.phase, Phase::Owed { .. }), goes_on, "{state:?}");
    }
}

/// A question whose answer cannot be read has not said that it never happened.
#[test]
fn a_question_that_fails_leaves_it_as_uncertain_as_it_was() {
    for (take, with) in [(".found.id", None), (".", Some(".nothing.there | error(\"no\")"))] {
        let mut plan = plan();
        no_reply(&mut plan);
        let mut ask = call("first", Repeat::Safe);
        ask.body = with.map_or(Body::Whole, |with| Body::Expr(Program::of(with).unwrap()));
        let question = Question { ask, take: Program::of(take).unwrap(), wait: Duration::ZERO };
        only_first(&mut plan, EffectPlan { pivot: true, if_unknown: Some(Box::new(question)), ..call("first", Repeat::Never) });
        let mut stage = Stage::of(plan);
        stage.brings("{}");
        stage.keeps();
        stage.hears(Verdict::all(1, Outcome::Unknown(said())));
        let mut kept = stage.keeps();
        if with.is_none() {
            stage.answers("[]");
            kept.extend(stage.keeps());
        }
        let ended = kept.iter().find_map(|fact| if let Fact::Ended { ending, .. } = fact { Some(ending) } else { None });
        let Some(Ending::Stopped(stopped)) = ended else { panic!("{kept:?}") };
        assert_eq!(stopped.kind, crate::fact::StopKind::Uncertain, "{stopped:?}");
        assert!(stopped.failure.says.contains("the question whether it happened failed"), "{stopped:?}");
    }
}

/// A message that always fails must not fail each probe of a system that is well.
#[test]
fn a_probe_is_the_message_that_was_tried_least() {
    let mut plan = plan();
    no_reply(&mut plan);
    only_first(&mut plan, call("first", Repeat::Keyed));
    plan.systems[0].limits.concurrency = 1;
    let mut stage = Stage::of(plan);
    stage.brings_under("{}", Some("sick"));
    stage.keeps_as(RunId(1));
    stage.hears(later().and(Word::Credentials(said())));
    stage.keeps();
    stage.brings_under("{}", Some("well"));
    stage.keeps_as(RunId(2));
    stage.wakes_after(std::time::Duration::from_secs(20));
    let asked = |stage: &Stage| stage.desk.flights[&stage.exchanges[0].0].members[0].run;
    assert_eq!((asked(&stage), stage.exchanges.len()), (RunId(2), 1));
    stage.answers("1");
    stage.keeps();
    assert_eq!(asked(&stage), RunId(1), "the system is well, and it is asked as well");
}

/// Items that `only` leaves out, before and behind one that calls: the flow goes on below when that one's call is done.
#[test]
fn an_item_that_is_left_out_does_not_end_the_wait_for_the_others() {
    for never in [false, true] {
        let mut plan = plan();
        let flow = &mut plan.flows[0];
        let step = |name: &str, kind| Step { name: name.into(), when: None, kind };
        let inside = vec![step("only", StepKind::Only(Program::of(".n > 0").unwrap())), step("first", StepKind::Call(0))];
        let each = StepKind::Each { items: Program::of(".").unwrap(), steps: inside };
        flow.steps = vec![step("each", each), step("second", StepKind::Call(1))];
        let mut stage = Stage::of(plan);
        stage.brings(r#"[{"n":0},{"n":1},{"n":0}]"#);
        stage.keeps();
        assert_eq!(stage.asked, 1, "the step below waits");
        if never {
            stage.hears(Verdict::all(1, Outcome::Never(said())));
        } else {
            stage.answers("1");
        }
        stage.keeps();
        assert_eq!(stage.asked, if never { 1 } else { 2 });
    }
}

/// Hours at which a system is closed: it opens by itself, and what waited is as good as new.
#[test]
fn what_waits_for_the_hours_of_a_system_goes_when_they_are_over_and_has_spent_no_try() {
    let mut plan = plan();
    no_reply(&mut plan);
    only_first(&mut plan, call("first", Repeat::Keyed));
    // It is 01:46:40.
    plan.systems[0].limits.closed = vec![crate::deliver::Hours::parse("daily 01:00-02:00").unwrap()];
    let mut stage = Stage::of(plan);
    stage.brings("{}");
    stage.keeps();
    let opens = START.after(Duration::from_secs(13 * 60 + 20));
    assert_eq!((stage.asked, stage.wake), (0, Some(opens)));
    stage.wakes_after(opens.since(START));
    assert_eq!(stage.asked, 1);
    stage.hears(later());
    let kept = stage.keeps();
    let tries = kept.iter().find_map(|fact| if let Fact::Settled(settled) = fact { Some(settled.state.tries) } else { None });
    assert_eq!(tries, Some(1), "{kept:?}");
}

/// What others bring to a flow that is held is accepted, kept and waits.
#[test]
fn what_is_brought_to_a_held_flow_is_kept_and_goes_when_it_is_resumed() {
    let mut plan = plan();
    no_reply(&mut plan);
    only_first(&mut plan, call("first", Repeat::Keyed));
    let mut stage = Stage::of(plan);
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    stage.on(Event::Told(Order::Hold { what: "flow:asked".into(), hold }));
    stage.keeps();
    stage.brings("{}");
    let kept = stage.keeps();
    let Some(Fact::Took(took)) = kept.into_iter().next() else { panic!() };
    assert!(matches!(stage.words[..], [super::Word::Accepted { .. }]) && stage.asked == 0, "{:?}", stage.words);
    stage.on(Event::Told(Order::Resume { what: "flow:asked".into(), by: "ann".into() }));
    stage.keeps();
    if let Some(fetch) = stage.fetches.pop() {
        stage.on(Event::Found { fetch, runs: vec![RunFile::of(*took, RunId(7))], next: None });
    }
    assert_eq!(stage.asked, 1);
}

/// Behind a dead head of a line the next one goes, or waits until a person has seen to it.
#[test]
fn the_head_of_a_line_that_dies_lets_the_others_go_or_keeps_them_as_its_flow_says() {
    for (when_dead, goes) in [(WhenDead::Skip, true), (WhenDead::Block, false)] {
        let mut plan = plan();
        no_reply(&mut plan);
        only_first(&mut plan, call("first", Repeat::Keyed));
        plan.flows[0].in_order = Some(InOrder { by: OrderBy::All, when_dead });
        let mut stage = Stage::of(plan);
        let mut second = None;
        for n in 1..=2 {
            stage.brings_under("{}", Some(&n.to_string()));
            second = stage.keeps_as(RunId(n)).into_iter().find_map(|fact| if let Fact::Took(took) = fact { Some(took) } else { None });
        }
        assert_eq!(stage.asked, 1, "one after the other");
        stage.hears(Verdict::all(1, Outcome::Never(said())));
        stage.keeps();
        let fetch = stage.fetches.iter().position(|fetch| matches!(fetch, Fetch::Runs(runs) if runs[..] == [RunId(2)]));
        assert_eq!(fetch.is_some(), goes, "{:?}", stage.fetches);
        if let Some(at) = fetch {
            let fetch = stage.fetches.remove(at);
            let second = RunFile { parked: true, ..RunFile::of(*second.unwrap(), RunId(2)) };
            stage.on(Event::Found { fetch, runs: vec![second], next: None });
            stage.keeps();
            assert_eq!(stage.asked, 2);
        }
    }
}

/// What an earlier project lined up waits for its dead letter, whatever today's says of the flow.
#[test]
fn what_waits_behind_a_dead_letter_waits_where_the_flow_is_gone_or_is_in_order_no_more() {
    let of_flow = |change: fn(&mut Plan)| {
        let mut plan = plan();
        no_reply(&mut plan);
        only_first(&mut plan, call("first", Repeat::Keyed));
        change(&mut plan);
        plan
    };
    let then = || of_flow(|plan| plan.flows[0].in_order = Some(InOrder { by: OrderBy::Key, when_dead: WhenDead::Block }));
    for today in [of_flow(|plan| plan.flows.clear()), of_flow(|_| {})] {
        let wants = flows_in_order(&today, &[(PlanId(1), Arc::new(then()))]);
        assert_eq!(wants.into_iter().collect::<Vec<_>>(), ["asked".into()]);
        let opening = Opening {
            rested: true,
            plans: vec![PlanId(1)],
            backlog: vec![Backlog { flow: "asked".into(), active: 2, parked: 0 }],
            ..Opening::default()
        };
        let in_line = vec![("asked".into(), vec![InLine { run: RunId(4), key: Some("r".into()), dead: true }])];
        let mut stage = Stage::open_in_line(vec![then()], today, opening, in_line, HandSize::default());
        let at = stage.fetches.iter().position(|fetch| matches!(fetch, Fetch::Active { .. })).unwrap();
        let fetch = stage.fetches.remove(at);
        let runs = vec![from_before(5, "{}", Some("r"), vec![]), from_before(6, "{}", Some("other"), vec![])];
        stage.on(Event::Found { fetch, runs, next: None });
        stage.keeps();
        assert_eq!(stage.asked, 1, "of the other record alone");
    }
}

/// Where so many retries failed that the next has to wait, what did not fail before does not.
#[test]
fn what_is_fresh_goes_before_retries_that_have_to_wait() {
    let mut plan = plan();
    no_reply(&mut plan);
    let mut first = call("first", Repeat::Keyed);
    (first.policy.first, first.policy.longest, first.policy.tries) = (Duration::from_millis(1), Duration::from_millis(1), 1_000);
    only_first(&mut plan, first);
    plan.systems[0].breaker.failures_percent = 101;
    plan.systems[0].limits.concurrency = 1;
    let mut stage = Stage::of(plan);
    stage.brings_under("{}", Some("old"));
    stage.keeps_as(RunId(1));
    let busy = || Verdict::all(1, Outcome::Later { why: said(), after: None, blame: Blame::System });
    let mut known = None;
    loop {
        if !stage.exchanges.is_empty() {
            stage.hears(busy());
            let kept = stage.keeps();
            known = kept.into_iter().rev().find_map(|fact| if let Fact::Settled(settled) = fact { Some(settled.state) } else { None });
        }
        stage.now = stage.wake.take().unwrap().max(stage.now);
        stage.on(Event::Wake);
        // It waits in the journal, and is fetched when it is due.
        if let Some(fetch) = stage.fetches.pop() {
            let run = RunFile { parked: true, ..from_before(1, "{}", None, vec![(Way::Do, known.clone().unwrap())]) };
            stage.on(Event::Found { fetch, runs: vec![run], next: None });
            stage.keeps();
        }
        if stage.exchanges.is_empty() && stage.desk.gates[0].lacks_retries(stage.now) {
            break;
        }
        assert!(stage.asked < 1_000, "it has to wait some time");
    }
    let asked = stage.asked;
    assert!(asked > 2, "{asked}");
    stage.brings_under(r#"{"only": true}"#, Some("fresh"));
    stage.keeps_as(RunId(2));
    assert_eq!(stage.asked, asked + 1, "the retry does not keep it waiting");
    stage.answers("1");
    stage.keeps();
    stage.wakes_after(Duration::from_secs(2));
    assert_eq!(stage.asked, asked + 2, "and goes when it may");
}

/// A conflict under a key that was sent before may be about that: the first one is at work still, or did it.
#[test]
fn a_conflict_after_a_try_that_was_not_heard_of_is_no_refusal() {
    // As connectors know it.
    static CONFLICT: spanwright_shape::text::Code = spanwright_shape::text::Code { id: "R2022", title: "a conflict", page: "" };
    let conflict = |call| {
        let why = spanwright_shape::text::Failure::new(&CONFLICT, "it is there");
        Event::Heard { call, verdict: Verdict::all(1, Outcome::Never(why)), report: Report::of_nothing(START) }
    };
    let unheard = || EffectState {
        tries: 1,
        first: Some(START),
        sent: Some(crate::run::Input::new(b"{}".to_vec(), Some(b"{}".to_vec())).print()),
        ..EffectState::new(Phase::Owed { due: START })
    };
    let state = goes_on(Repeat::Keyed, true, Some(unheard()), conflict);
    assert!(matches!(state.phase, Phase::Owed { .. }) && state.sent.is_some(), "{state:?}");
    let state = goes_on(Repeat::Keyed, true, None, conflict);
    assert!(matches!(state.phase, Phase::Dead(_)), "the first one is refused: {state:?}");
    let state = goes_on(Repeat::Keyed, true, Some(unheard()), refused);
    assert!(matches!(state.phase, Phase::Dead(_)), "so is one of which somebody says what a conflict means: {state:?}");
}

/// A batch under one key of which a try was not heard of is not taken apart by whoever looks at no keys: its halves would go under others.
#[test]
fn a_batch_that_may_be_done_is_taken_apart_only_by_a_refusal_under_its_key() {
    static IN_BETWEEN: spanwright_shape::text::Code = spanwright_shape::text::Code { id: "R2023", title: "in between", page: "" };
    let refused_whole = |why| Verdict { refused_whole: true, ..Verdict::all(4, Outcome::Never(why)) };
    let in_between = || refused_whole(spanwright_shape::text::Failure::new(&IN_BETWEEN, "too large"));
    // Whether a try before was not heard of, what is heard then, and whether the same goes again.
    for (unheard, verdict, stays) in [(true, in_between(), true), (true, refused_whole(said()), false), (false, in_between(), false)] {
        let mut plan = plan();
        no_reply(&mut plan);
        let batch = Batch { most: 4, bytes: 1_000, wait: Duration::ZERO, key: BulkKey::PerRequest };
        only_first(&mut plan, EffectPlan { batch: Some(batch), ..call("first", Repeat::Keyed) });
        let mut stage = Stage::of(plan);
        let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
        stage.on(Event::Told(Order::Hold { what: "books".into(), hold }));
        let mut took = Vec::new();
        for n in 1..=4 {
            stage.brings_under("{}", Some(&n.to_string()));
            took.extend(
                stage.keeps_as(RunId(n)).into_iter().filter_map(|fact| if let Fact::Took(took) = fact { Some(took) } else { None }),
            );
        }
        stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
        stage.keeps();
        if unheard {
            stage.hears(Verdict::all(4, Outcome::Unknown(said())));
            goes_again(&mut stage, &took);
        }
        stage.hears(verdict);
        goes_again(&mut stage, &took);
        let sent: Vec<_> = stage.sent.iter().map(|(_, many, _, key)| (*many, key)).collect();
        let last = sent.last().unwrap();
        assert!((*last == sent[0]) == stays && (last.0 == 4) == stays, "{sent:?}");
    }
}

/// What waits in the journal is fetched when it is due, until something is asked.
fn goes_again(stage: &mut Stage, took: &[Box<crate::fact::Took>]) {
    let mut known: std::collections::BTreeMap<i64, EffectState> = std::collections::BTreeMap::new();
    while stage.exchanges.is_empty() {
        for fact in stage.keeps() {
            if let Fact::Settled(settled) = fact {
                known.insert(settled.effect.run.0, settled.state);
            }
        }
        if let Some(fetch) = stage.fetches.pop() {
            let parked = |(run, state): (&i64, &EffectState)| {
                let known = vec![StoredEffect {
                    effect: EffectKey { run: RunId(*run), node: "first".into(), item: no_item(), way: Way::Do },
                    state: state.clone(),
                }];
                RunFile { parked: true, known, ..RunFile::of((*took[*run as usize - 1]).clone(), RunId(*run)) }
            };
            let runs = known.iter().filter(|(run, _)| !stage.desk.runs.contains_key(&RunId(**run))).map(parked).collect();
            stage.on(Event::Found { fetch, runs, next: None });
            continue;
        }
        if stage.exchanges.is_empty() {
            stage.now = stage.wake.take().unwrap().max(stage.now);
            stage.on(Event::Wake);
        }
    }
}

/// One of a batch may not be touched: once a probe is refused, too, halves go until it stands alone.
#[test]
fn a_batch_whose_probe_is_refused_is_halved() {
    let mut plan = plan();
    no_reply(&mut plan);
    let batch = Batch { most: 4, bytes: 1_000, wait: Duration::ZERO, key: BulkKey::PerItem };
    only_first(&mut plan, EffectPlan { batch: Some(batch), ..call("first", Repeat::Keyed) });
    let mut stage = Stage::of(plan);
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    stage.on(Event::Told(Order::Hold { what: "books".into(), hold }));
    for n in 1..=4 {
        stage.brings_under("{}", Some(&n.to_string()));
        stage.keeps_as(RunId(n));
    }
    stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
    stage.keeps();
    let forbidden = |stage: &mut Stage| {
        let (call, _) = stage.exchanges.remove(0);
        let many = stage.sent.last().unwrap().1;
        let later = Outcome::Later { why: said(), after: None, blame: Blame::System };
        let verdict = Verdict { system: Some(Word::Credentials(said())), ..Verdict::all(many, later) };
        let report = Report { status: 403, ..Report::of_nothing(stage.now) };
        stage.on(Event::Heard { call, verdict, report });
        stage.keeps();
        while stage.exchanges.is_empty() {
            stage.now = stage.wake.take().unwrap().max(stage.now);
            stage.on(Event::Wake);
            stage.keeps();
        }
    };
    for _ in 0..4 {
        forbidden(&mut stage);
    }
    let sizes: Vec<usize> = stage.sent.iter().map(|(_, many, ..)| *many).collect();
    assert_eq!(sizes[..], [4, 4, 2, 2, 1], "all that go in one are refused first, and then by halves");
}

/// Nothing else may come all night.
#[test]
fn a_hold_of_a_flow_that_ends_by_itself_lets_go_what_was_brought_meanwhile() {
    let until = START.after(Duration::from_secs(600));
    let hold = Hold { since: START, until: Some(until), by: "ann".into(), because: "quiet".into() };
    let mut plan = plan();
    no_reply(&mut plan);
    let mut stage = Stage::of(plan);
    stage.on(Event::Told(Order::Hold { what: GateRow::of_flow("asked"), hold }));
    stage.brings_under("{}", Some("one"));
    stage.keeps();
    assert_eq!((stage.asked, stage.wake), (0, Some(until)));
    stage.now = until;
    stage.on(Event::Wake);
    assert!(stage.fetches.iter().any(|fetch| matches!(fetch, Fetch::Active { .. })), "{:?}", stage.fetches);
}

/// One that ended, or was refused to another, while the journal noted what was to carry it.
#[test]
fn what_was_noted_and_has_no_token_any_more_waits_for_the_next_one() {
    let mut plan = plan();
    no_reply(&mut plan);
    only_first(&mut plan, call("first", Repeat::Never));
    let mut stage = Stage::of(plan);
    stage.desk.gates[0].has_token(START);
    stage.brings_under("{}", Some("one"));
    let (ticket, facts) = stage.commits.remove(0);
    stage.on(Event::Kept { ticket, facts, receipts: vec![crate::fact::Receipt::Taken(RunId(1))] });
    assert!(stage.commits.iter().any(|(_, facts)| matches!(facts[..], [Fact::Started { .. }])), "{:?}", stage.commits);
    stage.desk.gates[0].credentials = Credentials::Wanted;
    let kept = stage.keeps();
    assert_eq!(stage.asked, 0, "the sign-in comes first");
    let owed = |fact: &Fact| matches!(fact, Fact::Settled(settled) if matches!(settled.state.phase, Phase::Owed { .. }) && settled.state.tries == 0);
    assert!(kept.iter().any(owed) && !stage.desk.gates[0].refused(), "{kept:?}");
}

/// Two messages of one line: the first is a dead letter and was opened again, the second waits behind it.
fn reopened_head_of_a_line() -> (Stage, [RunFile; 2]) {
    let mut plan = plan();
    no_reply(&mut plan);
    only_first(&mut plan, call("first", Repeat::Keyed));
    plan.flows[0].in_order = Some(InOrder { by: OrderBy::All, when_dead: WhenDead::Block });
    let mut stage = Stage::of(plan);
    let files = [1, 2].map(|n| {
        stage.brings_under("{}", Some(&n.to_string()));
        let took = stage.keeps_as(RunId(n)).into_iter().find_map(|fact| if let Fact::Took(took) = fact { Some(took) } else { None });
        RunFile::of(*took.unwrap(), RunId(n))
    });
    stage.hears(Verdict::all(1, Outcome::Never(said())));
    stage.keeps();
    let over_newer = true;
    let facts = vec![Fact::Reopened { run: RunId(1), plan: PlanId(1), at: START, by: "ann".into(), over_newer, apart: false }];
    stage.on(Event::Kept { ticket: Ticket(0), facts, receipts: Vec::new() });
    assert!(!fetches_second(&stage), "{:?}", stage.fetches);
    (stage, files)
}

fn fetches_second(stage: &Stage) -> bool {
    stage.fetches.iter().any(|fetch| matches!(fetch, Fetch::Runs(runs) if runs.contains(&RunId(2))))
}

/// What was wanted of the first is here.
fn finds_first(stage: &mut Stage, first: RunFile) {
    let at = stage.fetches.iter().position(|fetch| matches!(fetch, Fetch::Runs(runs) if runs[..] == [RunId(1)])).unwrap();
    let fetch = stage.fetches.remove(at);
    stage.on(Event::Found { fetch, runs: vec![first], next: None });
}

fn discards_first(stage: &mut Stage) {
    stage.on(Event::Told(Order::Discard { runs: vec![RunId(1)], by: "ann".into(), reason: "a test record".into() }));
    stage.keeps();
}

/// Before it is fetched, and while it is in flight: the journal does not heed the word.
#[test]
fn a_discard_that_comes_after_the_replay_lets_nobody_go_ahead() {
    let (mut stage, [first, _]) = reopened_head_of_a_line();
    discards_first(&mut stage);
    assert!(!fetches_second(&stage), "{:?}", stage.fetches);
    finds_first(&mut stage, first);
    assert_eq!(stage.asked, 2, "it goes again");
    discards_first(&mut stage);
    assert!(!fetches_second(&stage), "{:?}", stage.fetches);
    stage.hears(Verdict::all(1, Outcome::Never(said())));
    stage.keeps();
    discards_first(&mut stage);
    assert!(fetches_second(&stage), "now it is a dead letter: {:?}", stage.fetches);
}

/// The journal did not open it after all: what it holds back goes as soon as somebody sets it aside, and no sooner.
#[test]
fn a_replay_that_opened_nothing_is_heard_of() {
    let (mut stage, [first, _]) = reopened_head_of_a_line();
    let over = RunFile { over: true, ..first.clone() };
    finds_first(&mut stage, over);
    assert!(stage.desk.reopened.is_empty() && !fetches_second(&stage), "{:?}", stage.fetches);
    assert_eq!(stage.desk.standing(START).open, 1, "the second one");
    discards_first(&mut stage);
    assert!(fetches_second(&stage), "{:?}", stage.fetches);
    let (mut stage, _) = reopened_head_of_a_line();
    discards_first(&mut stage);
    finds_first(&mut stage, RunFile { over: true, ..first });
    assert!(fetches_second(&stage), "it was set aside meanwhile: {:?}", stage.fetches);
}

/// The next start may have it: until then the journal keeps the word.
#[test]
fn what_no_plan_here_has_is_held_all_the_same() {
    let rows = |kept: Vec<Fact>| -> Vec<GateRow> {
        kept.into_iter().filter_map(|fact| if let Fact::Gated(row) = fact { Some(row) } else { None }).collect()
    };
    let sick = GateRow { opens: 3, ..GateRow::closed("later".into(), START) };
    let mut stage = Stage::open(plan(), Opening { rested: true, gates: vec![sick.clone()], ..Opening::default() });
    stage.keeps();
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "not yet".into() };
    for what in ["later", "flow:later"] {
        let before = if what == "later" { sick.clone() } else { GateRow::closed(what.into(), START) };
        stage.on(Event::Told(Order::Hold { what: what.into(), hold: hold.clone() }));
        assert_eq!(rows(stage.keeps()), [GateRow { hold: Some(hold.clone()), ..before.clone() }]);
        stage.on(Event::Told(Order::Resume { what: what.into(), by: "ann".into() }));
        let let_go = Hold { until: Some(START), ..hold.clone() };
        assert_eq!(rows(stage.keeps()), [GateRow { hold: Some(let_go), ..before }]);
    }
    assert_eq!(stage.desk.standing(START).orders_kept, 4);
    stage.on(Event::Told(Order::Stop));
    assert_eq!(stage.desk.standing(START).orders_kept, 4, "a stop is nobody's order");
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

/// A schema that stopped it was mended meanwhile: the flow would go on now. An earlier edition let it, and gave up the undo.
#[test]
fn what_had_begun_to_be_undone_does_not_turn_round() {
    for phase in [Phase::Owed { due: START }, Phase::Dead(said())] {
        let mut plan = plan();
        no_reply(&mut plan);
        plan.flows[0].steps.truncate(4);
        let undo = Some(Box::new(call("first", Repeat::Keyed)));
        plan.flows[0].effects = vec![EffectPlan { undo, ..call("first", Repeat::Keyed) }, call("second", Repeat::Keyed)];
        let tried = |phase| EffectState { tries: 1, ..EffectState::new(phase) };
        let known = vec![(Way::Do, tried(Phase::Done(None))), (Way::Undo, tried(phase.clone()))];
        let (mut stage, mut kept) = goes_on_under(plan, from_before(7, "{}", None, known));
        assert_eq!((stage.asked, code_at_the_end(&kept)), (1, None), "the undo, after {phase:?}: {kept:?}");
        stage.answers("1");
        kept.extend(stage.keeps());
        let settled: Vec<_> =
            kept.iter().filter_map(|fact| if let Fact::Settled(settled) = fact { Some(&settled.effect) } else { None }).collect();
        assert!(settled.iter().all(|effect| effect.way == Way::Undo) && !settled.is_empty(), "{kept:?}");
        assert_eq!((stage.asked, code_at_the_end(&kept)), (1, Some("R0046")), "{kept:?}");
    }
}

const THREE_LINES: &str = r#"{"lines": [{"n": 1}, {"n": 2}, {"n": 3}]}"#;

/// A flow that sends this body of each item of this list.
fn sends_each(items: &str, body: &str) -> Plan {
    let mut plan = plan();
    no_reply(&mut plan);
    let body = Body::Expr(Program::of(body).unwrap());
    plan.flows[0].effects = vec![EffectPlan { saved_as: None, body, ..call("first", Repeat::Keyed) }];
    let steps = vec![Step { name: "first".into(), when: None, kind: StepKind::Send(0) }];
    let each = StepKind::Each { items: Program::of(items).unwrap(), steps };
    plan.flows[0].steps = vec![Step { name: "lines".into(), when: None, kind: each }];
    plan
}

/// The run with what is known of it by now, replayed.
fn replayed(file: &RunFile, kept: &[Fact]) -> RunFile {
    let mut known: std::collections::BTreeMap<_, _> = file.known.iter().map(|known| (known.effect.clone(), known.state.clone())).collect();
    for fact in kept {
        if let Fact::Settled(settled) = fact {
            known.insert(settled.effect.clone(), settled.state.clone());
        }
    }
    let known = known.into_iter().map(|(effect, state)| StoredEffect { effect, state }).collect();
    RunFile { known: crate::fact::owed_again(known, START, false), ..file.clone() }
}

/// A replay of three lines, of which the second was refused.
fn replay_of_three_lines() -> RunFile {
    let mut stage = Stage::of(sends_each(".lines", "."));
    stage.brings(THREE_LINES);
    let mut kept = stage.keeps();
    for outcome in [Outcome::Delivered(None), Outcome::Never(said()), Outcome::Delivered(None)] {
        stage.hears(Verdict::all(1, outcome));
        kept.extend(stage.keeps());
    }
    assert_eq!(code_at_the_end(&kept), Some("R0002"), "{kept:?}");
    replayed(&from_before(7, THREE_LINES, None, vec![]), &kept)
}

/// By its place the second line would be taken for the first one, and the third be sent once more.
#[test]
fn nothing_goes_of_a_list_whose_done_items_are_not_where_they_were() {
    for gone in 1..=3 {
        let file = replay_of_three_lines();
        let (stage, kept) = goes_on_under(sends_each(&format!("[.lines[] | select(.n != {gone})]"), "."), file.clone());
        assert_eq!((stage.asked, code_at_the_end(&kept)), (0, Some("R0006")), "without {gone}: {kept:?}");
        // Where the list is again what it was, it goes on.
        let (stage, _) = goes_on_under(sends_each(".lines", "."), replayed(&file, &kept));
        assert_eq!(stage.asked, 1, "behind {gone}");
    }
}

/// Another map, or another item in the place of the one that was refused; and what an earlier edition knew nothing of.
#[test]
fn a_replay_goes_on_where_what_was_done_of_a_list_is_where_it_was() {
    for (items, body) in [(".lines", "{n: .n, more: 1}"), ("[.lines[] | if .n == 2 then {n: 22} else . end]", ".")] {
        let (mut stage, mut kept) = goes_on_under(sends_each(items, body), replay_of_three_lines());
        assert_eq!(stage.asked, 1, "{items}: {kept:?}");
        stage.answers("1");
        kept.extend(stage.keeps());
        assert!(matches!(kept.last(), Some(Fact::Ended { ending: Ending::Done, .. })), "{items}: {kept:?}");
    }
    let mut old = replay_of_three_lines();
    old.known.iter_mut().for_each(|known| known.state.of_item = None);
    let (stage, _) = goes_on_under(sends_each("[.lines[] | select(.n != 1)]", "."), old);
    assert_eq!(stage.asked, 1);
}

/// The first order's line is done, the second one's was refused: the other way round the first would go once more, in its new place.
#[test]
fn nothing_goes_of_a_list_in_a_list_whose_outer_items_changed_places() {
    const TWO_ORDERS: &str = r#"{"orders": [{"lines": [{"n": 1}]}, {"lines": [{"n": 2}]}]}"#;
    let under = |orders: &str| {
        let mut plan = sends_each(".lines", ".");
        let steps = std::mem::take(&mut plan.flows[0].steps);
        let each = StepKind::Each { items: Program::of(orders).unwrap(), steps };
        plan.flows[0].steps = vec![Step { name: "orders".into(), when: None, kind: each }];
        plan
    };
    let mut stage = Stage::of(under(".orders"));
    stage.brings(TWO_ORDERS);
    let mut kept = stage.keeps();
    for outcome in [Outcome::Delivered(None), Outcome::Never(said())] {
        stage.hears(Verdict::all(1, outcome));
        kept.extend(stage.keeps());
    }
    let file = replayed(&from_before(7, TWO_ORDERS, None, vec![]), &kept);
    for other in ["[.orders[1], .orders[0]]", "[{lines: [{n: 9}]}, .orders[0], .orders[1]]"] {
        let (stage, kept) = goes_on_under(under(other), file.clone());
        assert_eq!((stage.asked, code_at_the_end(&kept)), (0, Some("R0006")), "{other}: {kept:?}");
    }
    let (stage, _) = goes_on_under(under(".orders"), file);
    assert_eq!(stage.asked, 1, "it is as it was");
}
