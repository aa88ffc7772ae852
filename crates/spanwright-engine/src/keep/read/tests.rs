#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use spanwright_core::deploy::source::Past;
use spanwright_core::fact::{
    AtSystem, Attempt, CutOff, EffectKey, EffectState, Ending, ExchangeId, Exchanged, Fact, ListFilter, Moment, Moved, OutcomeKind, Phase,
    PlanId, Root, RunId, Seen, Settled, SkipReason, StopKind, Stopped, StoppedFilter, Store, Took, Way, no_item,
};
use spanwright_lab::conformance::code_of;
use spanwright_shape::text::Failure;
use tempfile::TempDir;

use super::{Counts, Look, Which, causes::CAUSES, deploy, newest};
use crate::keep::{Keep, ask::tests::plan_of, schema};

const CODE: &str = "R0001";

fn took(n: u128, flow: &str) -> Fact {
    Fact::Took(Box::new(Took {
        message: n,
        source: format!("{flow}.source").into(),
        correlation: format!("corr-{}", n % 2).into(),
        at: Moment(n as i64 * 10),
        key: Some(format!("C{n}").into()),
        version: None,
        body: format!("{{\"n\":{n}}}").into_bytes().into(),
        beside: None,
        flow: flow.into(),
        root: Root(n),
        plan: PlanId(1),
        seen: None,
        about: None,
        fault: None,
    }))
}

fn failure(says: &str) -> Failure {
    Failure::new(code_of(CODE), says)
}

fn tried(run: i64, n: u32, phase: Phase, outcome: OutcomeKind, says: Option<&str>, at: i64) -> [Fact; 2] {
    let exchange = ExchangeId(run * 10 + i64::from(n));
    let status = if says.is_some() { 503 } else { 200 };
    let exchanged = Exchanged {
        id: exchange,
        system: "crm".into(),
        operation: "upsert".into(),
        at: Moment(at),
        took: Duration::from_millis(12),
        status,
        calls: 1,
        sent: 1,
        got: 1,
    };
    let settled = Settled {
        effect: EffectKey { run: RunId(run), node: "crm.upsert".into(), item: no_item(), way: Way::Do },
        state: EffectState { tries: n, ..EffectState::new(phase) },
        queue: "in.crm.upsert".into(),
        lane: 1,
        attempt: Some(Attempt { n, exchange: Some(exchange), outcome, says: says.map(failure) }),
        at: Moment(at),
    };
    [Fact::Exchanged(exchanged), Fact::Settled(Box::new(settled))]
}

fn stopped(run: i64, says: &str, at: i64) -> Fact {
    let stopped = Stopped { kind: StopKind::Dead, node: "crm.upsert".into(), failure: failure(says), undone: false };
    Fact::Ended { run: RunId(run), ending: Ending::Stopped(stopped), at: Moment(at) }
}

/// Six runs: done at the second try, dead twice for one cause, held, active, skipped; the second dead one replayed and dead again.
fn journal() -> (TempDir, Keep, Look) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut keep = Keep::open(&path, code_of).unwrap();
    let mut facts: Vec<Fact> = (1..=5).map(|n| took(n, "in")).collect();
    facts.push(took(6, "out"));
    facts.extend(tried(1, 1, Phase::Owed { due: Moment(150) }, OutcomeKind::Later, Some("it is busy"), 100));
    facts.extend(tried(1, 2, Phase::Done(None), OutcomeKind::Delivered, None, 150));
    facts.push(Fact::Ended { run: RunId(1), ending: Ending::Done, at: Moment(150) });
    facts.extend(tried(2, 1, Phase::Dead(failure("no e-mail")), OutcomeKind::Never, Some("no e-mail"), 200));
    facts.push(stopped(2, "no e-mail", 200));
    facts.extend(tried(3, 1, Phase::Dead(failure("no e-mail")), OutcomeKind::Never, Some("no e-mail"), 300));
    facts.push(stopped(3, "no e-mail", 300));
    facts.push(Fact::Reopened { run: RunId(3), plan: PlanId(2), at: Moment(310), by: "ann".into(), over_newer: true, apart: false });
    facts.extend(tried(3, 1, Phase::Dead(failure("no e-mail")), OutcomeKind::Never, Some("no e-mail"), 320));
    facts.push(stopped(3, "no e-mail", 320));
    facts.extend(tried(4, 1, Phase::Owed { due: Moment(900) }, OutcomeKind::Later, Some("it is busy"), 400));
    facts.push(Fact::Parked { run: RunId(4), parked: true });
    facts.push(Fact::Ended { run: RunId(6), ending: Ending::Skipped(SkipReason::Filtered), at: Moment(70) });
    keep.commit(&facts).unwrap();
    let look = Look::open(&path, code_of).unwrap();
    (folder, keep, look)
}

fn listed(filter: ListFilter) -> Vec<i64> {
    let (_folder, _keep, look) = journal();
    look.list(&ListFilter { most: 10, ..filter }).unwrap().into_iter().map(|line| line.run.0).collect()
}

fn in_state(state: &str) -> Vec<i64> {
    listed(ListFilter { state: Some(state.into()), ..ListFilter::default() })
}

#[test]
fn a_list_is_newest_first_and_each_filter_narrows_it() {
    assert_eq!(listed(ListFilter::default()), [6, 5, 4, 3, 2, 1]);
    assert_eq!(listed(ListFilter { flow: Some("out".into()), ..ListFilter::default() }), [6]);
    assert_eq!(listed(ListFilter { flow: Some("none".into()), ..ListFilter::default() }), [0_i64; 0]);
    assert_eq!(listed(ListFilter { key: Some("C4".into()), ..ListFilter::default() }), [4]);
    assert_eq!(listed(ListFilter { correlation: Some("corr-1".into()), ..ListFilter::default() }), [5, 3, 1]);
    assert_eq!(listed(ListFilter { reason: Some(CODE.into()), ..ListFilter::default() }), [3, 2]);
}

/// Whoever asks on a bad day has no time to lose.
#[test]
fn the_newest_that_wait_are_found_without_a_walk_over_all_that_wait() {
    let folder = tempfile::tempdir().unwrap();
    let mut keep = Keep::open(&folder.path().join("journal.db"), code_of).unwrap();
    keep.commit(&(1..=4_000).map(|n| took(n, if n % 2 == 0 { "in" } else { "out" })).collect::<Vec<_>>()).unwrap();
    keep.commit(&(1..=4_000).map(|run| Fact::Parked { run: RunId(run), parked: true }).collect::<Vec<_>>()).unwrap();
    let flow = keep.memory.names.known("in").unwrap();
    let parked = newest::newest_of(newest::PARKED, "", 50);
    for (sql, bound) in [(newest::PLAN, &[flow, 1][..]), (newest::NEXT, &[flow][..]), (&*parked, &[flow, 1][..])] {
        let mut statement = keep.connection.prepare(sql).unwrap();
        let mut rows = statement.query(rusqlite::params_from_iter(bound)).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        let steps = statement.get_status(rusqlite::StatementStatus::VmStep);
        assert!(steps < 1_000, "{steps} steps: {sql}");
    }
    let open = keep.asked(|ask| ask.list(&ListFilter { state: Some("open".into()), most: 3, ..ListFilter::default() })).unwrap();
    assert_eq!(open.iter().map(|line| line.run.0).collect::<Vec<_>>(), [4_000, 3_999, 3_998]);
}

#[test]
fn a_list_by_time_has_the_newest_of_each_source() {
    let between = |since, until| ListFilter { since: Some(Moment(since)), until: Some(Moment(until)), ..ListFilter::default() };
    assert_eq!(listed(between(20, 51)), [5, 4, 3, 2]);
    assert_eq!(listed(between(20, 61)), [6, 5, 4, 3, 2]);
    assert_eq!(listed(ListFilter { flow: Some("in".into()), ..between(20, 61) }), [5, 4, 3, 2]);
    assert_eq!(listed(ListFilter { state: Some("dead".into()), ..between(30, 61) }), [3]);
    assert_eq!(listed(ListFilter { key: Some("C4".into()), ..between(0, 61) }), [4]);
}

/// However many came later.
#[test]
fn what_is_open_and_came_before_a_time_is_found() {
    let before = |state: &str| ListFilter { state: Some(state.into()), until: Some(Moment(50)), most: 1, ..ListFilter::default() };
    let (_folder, _keep, look) = journal();
    for state in ["open", "held"] {
        assert_eq!(look.list(&before(state)).unwrap().iter().map(|line| line.run.0).collect::<Vec<_>>(), [4], "{state}");
    }
}

/// The flow `in` sends to a CRM, and books what it reserved at an ERP: where it fails, the reservation is undone there.
fn at(system: &str) -> ListFilter {
    let names = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect::<Vec<Arc<str>>>();
    let (queues, steps, undone) = match system {
        "crm" => (names(&["in.crm.upsert"]), names(&["crm.upsert"]), names(&[])),
        _ => (names(&["in.reserve", "in.reserve.undo"]), names(&["reserve"]), names(&["reserve"])),
    };
    let at =
        AtSystem { flow: "in".into(), plan: PlanId(1), queues, steps, each: Vec::new(), undone, fatal: names(&["crm.upsert", "reserve"]) };
    ListFilter { at: Some(vec![at]), ..ListFilter::default() }
}

/// 4 was asked for and waits, 5 was never asked; 1 is done, 2 and 3 are dead letters, 6 is of another flow.
#[test]
fn what_is_open_at_a_system_waits_there_or_is_still_to_come() {
    assert_eq!(listed(at("crm")), [5, 4]);
    assert_eq!(listed(ListFilter { state: Some("open".into()), ..at("crm") }), [5, 4]);
    assert_eq!(listed(ListFilter { state: Some("held".into()), ..at("crm") }), [4]);
    assert_eq!(listed(ListFilter { key: Some("C4".into()), ..at("crm") }), [4]);
    assert_eq!(listed(ListFilter { key: Some("C3".into()), ..at("crm") }), [0_i64; 0]);
    assert_eq!(listed(ListFilter { until: Some(Moment(50)), ..at("crm") }), [4]);
    assert_eq!(listed(ListFilter { since: Some(Moment(50)), ..at("crm") }), [5]);
    assert_eq!(listed(ListFilter { flow: Some("out".into()), ..at("crm") }), [0_i64; 0]);
    // What waits for the CRM waits nowhere else.
    assert_eq!(listed(at("erp")), [5]);
    assert_eq!(listed(ListFilter { at: Some(Vec::new()), ..ListFilter::default() }), [0_i64; 0]);
}

#[test]
fn what_is_undone_at_a_system_is_open_there_until_it_is_undone() {
    let (_folder, mut keep, look) = journal();
    let settled = |node: &str, way, phase| {
        let effect = EffectKey { run: RunId(5), node: node.into(), item: no_item(), way };
        let queue = if way == Way::Do { format!("in.{node}") } else { format!("in.{node}.undo") };
        let state = EffectState::new(phase);
        Fact::Settled(Box::new(Settled { effect, state, queue: queue.into(), lane: 0, attempt: None, at: Moment(500) }))
    };
    let open = |system| look.list(&ListFilter { most: 10, ..at(system) }).unwrap().iter().map(|line| line.run.0).collect::<Vec<_>>();
    keep.commit(&[settled("reserve", Way::Do, Phase::Done(None))]).unwrap();
    assert_eq!((open("erp"), open("crm")), (vec![], vec![5, 4]), "it is reserved, and the CRM comes next");
    let mut each = at("erp");
    each.at.iter_mut().flatten().for_each(|at| at.each = at.steps.clone());
    let open_each = look.list(&ListFilter { most: 10, ..each }).unwrap();
    assert_eq!(open_each.iter().map(|line| line.run.0).collect::<Vec<_>>(), [5], "of many items more may come");
    keep.commit(&[settled("crm.upsert", Way::Do, Phase::Dead(failure("no e-mail")))]).unwrap();
    assert_eq!((open("erp"), open("crm")), (vec![5], vec![4]), "it is on its way back");
    keep.commit(&[settled("reserve", Way::Undo, Phase::Owed { due: Moment(900) })]).unwrap();
    assert_eq!(open("erp"), [5], "it is tried again");
    keep.commit(&[settled("reserve", Way::Undo, Phase::Done(None))]).unwrap();
    assert_eq!(open("erp"), [0_i64; 0]);
}

/// Each condition looks at the rows of its own run, and is asked of open runs alone.
#[test]
fn what_is_open_at_a_system_is_found_without_a_walk_over_what_is_finished() {
    let (_folder, keep, _look) = journal();
    let erp = at("erp").at.unwrap();
    let open = keep.asked(|ask| Ok(ask.is_open_at(&erp[0]))).unwrap();
    for index in ["run_active WHERE state = 0", "run_parked WHERE state = 1"] {
        let sql = format!("SELECT id FROM run INDEXED BY {index} AND flow = 1 AND plan = 1 AND {open} ORDER BY id DESC LIMIT 50");
        let steps = plan_of(&keep.connection, &sql);
        assert!(steps.iter().any(|step| step.contains("SEARCH run USING")) && steps.len() > 4, "{steps:#?}");
        let looks = |step: &&String| step.starts_with("SCAN") || step.starts_with("SEARCH") && !step.starts_with("SEARCH run");
        let far = steps.iter().filter(looks).find(|step| !step.contains("PRIMARY KEY (run=?"));
        assert_eq!(far, None, "{steps:#?}");
    }
}

/// Sources of which much came, and one that only has read.
#[test]
fn what_sources_have_left_is_told_without_a_walk_over_messages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut keep = Keep::open(&path, code_of).unwrap();
    let moved = |source: &str| Moved { source: source.into(), cursor: Some((*b"17").into()), due: Moment(1), at: Moment(1) };
    keep.commit(&[took(1, "in"), took(2, "out"), took(3, "in"), Fact::Moved(moved("in.source")), Fact::Moved(moved("idle.source"))])
        .unwrap();
    let look = Look::open(&path, code_of).unwrap();
    let past = |flow: &str, plan: Option<i64>, cursor: bool| Past {
        flow: flow.into(),
        plan: plan.map(PlanId),
        cursor: cursor.then(|| (*b"17").into()),
    };
    assert_eq!(look.pasts().unwrap(), [past("idle", None, true), past("in", Some(1), true), past("out", Some(1), false)]);
    let steps = plan_of(&keep.connection, deploy::NEWEST_OF_SOURCES);
    let walks = |step: &String| step.contains("SCAN message") || step.contains("ORDER BY");
    assert!(steps.iter().any(|step| step.contains("message_source")) && !steps.iter().any(walks), "{steps:#?}");
    assert_eq!(look.environment().unwrap(), None);
    for environment in ["staging", "staging", ""] {
        keep.runs_in(environment).unwrap();
        assert_eq!(look.environment().unwrap().as_deref(), Some(environment));
    }
}

/// Nobody looks into thousands of dead letters to count them.
#[test]
fn causes_are_told_from_an_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let connection = schema::open_writer(&folder.path().join("journal.db")).unwrap();
    let steps = plan_of(&connection, CAUSES);
    assert!(steps.iter().any(|step| step.contains("COVERING INDEX run_stopped")), "{steps:#?}");
    assert!(!steps.iter().any(|step| step.contains("FOR GROUP BY")), "{steps:#?}");
}

/// Many wait, in one queue and in another few.
#[test]
fn what_is_open_at_a_system_is_the_newest_of_many_and_each_of_few() {
    let folder = tempfile::tempdir().unwrap();
    let mut keep = Keep::open(&folder.path().join("journal.db"), code_of).unwrap();
    let waits = |run: i64| {
        let (node, due) = (if run % 6_000 == 0 { "reserve" } else { "crm.upsert" }, Moment(1_000_000 - run));
        let effect = EffectKey { run: RunId(run), node: node.into(), item: no_item(), way: Way::Do };
        let queue = format!("in.{node}").into();
        let settled = Settled { effect, state: EffectState::new(Phase::Owed { due }), queue, lane: 0, attempt: None, at: Moment(500) };
        [Fact::Settled(Box::new(settled)), Fact::Parked { run: RunId(run), parked: true }]
    };
    keep.commit(&(1..=12_000).map(|n| took(n, "in")).collect::<Vec<_>>()).unwrap();
    keep.commit(&(1..=12_000).flat_map(waits).collect::<Vec<_>>()).unwrap();
    for (system, expected) in [("crm", [11_999, 11_998]), ("erp", [12_000, 6_000])] {
        let filter = ListFilter { most: 2, ..at(system) };
        let open = keep.asked(|ask| ask.list(&filter)).unwrap();
        assert_eq!(open.iter().map(|line| line.run.0).collect::<Vec<_>>(), expected, "{system}");
    }
}

#[test]
fn a_list_by_state() {
    assert_eq!(in_state("open"), [5, 4]);
    assert_eq!(in_state("held"), [4]);
    assert_eq!(in_state("done"), [1]);
    assert_eq!(in_state("dead"), [3, 2]);
    assert_eq!(in_state("uncertain"), [0_i64; 0]);
    assert_eq!(in_state("skipped"), [6]);
    assert_eq!(in_state("no such"), [0_i64; 0]);
}

/// An undo that was tried so often that a person should look; what is only late is none.
#[test]
fn a_list_of_what_is_stuck() {
    let (_folder, mut keep, look) = journal();
    let owed = |run, way, tries| {
        let state = EffectState { tries, ..EffectState::new(Phase::Owed { due: Moment(900) }) };
        let effect = EffectKey { run: RunId(run), node: "crm.upsert".into(), item: no_item(), way };
        let queue = "in.crm.upsert.undo".into();
        Fact::Settled(Box::new(Settled { effect, state, queue, lane: 0, attempt: None, at: Moment(500) }))
    };
    keep.commit(&[owed(5, Way::Undo, 8), owed(4, Way::Undo, 7), owed(4, Way::Do, 90)]).unwrap();
    let stuck = look.list(&ListFilter { state: Some("stuck".into()), most: 10, ..ListFilter::default() }).unwrap();
    assert_eq!(stuck.iter().map(|line| line.run.0).collect::<Vec<_>>(), [5]);
}

#[test]
fn a_line_says_where_why_and_after_how_many_attempts_it_stopped() {
    let (_folder, _keep, look) = journal();
    let line = look.list(&ListFilter { key: Some("C3".into()), most: 1, ..ListFilter::default() }).unwrap().remove(0);
    assert_eq!((line.state, line.tries, line.message), ("dead", 2, 3));
    assert_eq!(line.stopped, Some(("crm.upsert".into(), failure("no e-mail"), StopKind::Dead)));
}

fn trail(run: i64) -> Vec<String> {
    let (_folder, _keep, look) = journal();
    let shown = look.show(&Which::Run(RunId(run))).unwrap().remove(0);
    shown.trail.into_iter().map(|(at, kind, words)| format!("{} {kind}: {words}", at.0)).collect()
}

#[test]
fn a_trail_tells_every_attempt_and_the_end() {
    let expected = [
        "10 taken: from in.source",
        "100 attempt: crm.upsert: try 1 later, status 503 in 12 ms: R0001 it is busy",
        "150 attempt: crm.upsert: try 2 delivered, status 200 in 12 ms",
        "150 done: ",
    ];
    assert_eq!(trail(1), expected);
}

#[test]
fn a_trail_keeps_what_was_before_a_replay() {
    let expected = [
        "30 taken: from in.source",
        "300 attempt: crm.upsert: try 1 never, status 503 in 12 ms: R0001 no e-mail",
        "310 replayed: by ann; it had stopped: no e-mail",
        "320 attempt: crm.upsert: try 1 never, status 503 in 12 ms: R0001 no e-mail",
        "320 dead: at crm.upsert: R0001 no e-mail",
    ];
    assert_eq!(trail(3), expected);
}

#[test]
fn a_trail_keeps_the_attempt_of_which_a_question_told_what_came_of_it() {
    let (_folder, mut keep, look) = journal();
    let mut facts: Vec<Fact> = tried(5, 1, Phase::Uncertain(failure("cut off")), OutcomeKind::Unknown, Some("cut off"), 500).into();
    let Fact::Settled(unknown) = &facts[1] else { unreachable!() };
    let revised = |phase, at| {
        Fact::Settled(Box::new(Settled { state: EffectState::new(phase), attempt: None, at: Moment(at), ..(**unknown).clone() }))
    };
    facts.extend([revised(Phase::Done(None), 510), revised(Phase::Owed { due: Moment(530) }, 520)]);
    keep.commit(&facts).unwrap();
    let shown = look.show(&Which::Run(RunId(5))).unwrap().remove(0);
    let trail: Vec<_> = shown.trail.iter().map(|(at, kind, words)| format!("{} {kind}: {words}", at.0)).collect();
    let expected =
        ["50 taken: from in.source", "500 attempt: crm.upsert: try 1 unknown, status 503 in 12 ms: R0001 cut off", "530 due: crm.upsert"];
    assert_eq!(trail, expected);
    assert_eq!(shown.line.tries, 1);
}

#[test]
fn a_trail_says_when_the_engine_was_cut_off_while_the_message_was_open() {
    let (_folder, mut keep, look) = journal();
    // Before it came, before a later message came, behind its end.
    let cuts = [(5, 0), (120, 1), (140, 4), (151, 4)];
    keep.commit(&cuts.map(|(at, upto)| Fact::CutOff(CutOff { at: Moment(at), upto: RunId(upto) }))).unwrap();
    let cut_off = |run| {
        let shown = look.show(&Which::Run(RunId(run))).unwrap().remove(0);
        shown.trail.iter().filter(|(_, kind, _)| *kind == "cut off").map(|(at, ..)| at.0).collect::<Vec<_>>()
    };
    assert_eq!((cut_off(1), cut_off(4)), (vec![120, 140], vec![140, 151]));
    assert_eq!(cut_off(2), [140, 151], "what waits for its first try may have had it");
    assert_eq!(keep.opening().unwrap().cut_off, Some(CutOff { at: Moment(151), upto: RunId(4) }));
    keep.tidy(Moment(1_000), Moment(1_000)).unwrap();
    assert_eq!((cut_off(1), cut_off(4)), (vec![], vec![151]), "the last one says what may have been asked");
}

#[test]
fn a_trail_of_what_waits_says_when_it_is_due() {
    assert_eq!(trail(4).last().map(String::as_str), Some("900 due: crm.upsert"));
}

#[test]
fn a_message_is_found_by_its_id_and_by_its_correlation_id() {
    let (_folder, _keep, look) = journal();
    let shown = look.show(&Which::Message(2)).unwrap();
    assert_eq!((shown.len(), &*shown[0].body), (1, b"{\"n\":2}".as_slice()));
    assert_eq!(look.show(&Which::Correlation("corr-0".into())).unwrap().len(), 3);
    assert!(look.show(&Which::Message(77)).unwrap().is_empty());
}

/// Four messages: under its own id, under the first's id, under its own id as editions up to schema 4 wrote it, and under
/// the id of a message that is not there.
fn under_ids() -> (TempDir, Keep) {
    let folder = tempfile::tempdir().unwrap();
    let mut keep = Keep::open(&folder.path().join("journal.db"), code_of).unwrap();
    let under = |n: u128, id: u128| match took(n, "in") {
        Fact::Took(took) => Fact::Took(Box::new(Took { correlation: format!("{id:032x}").into(), ..*took })),
        other => other,
    };
    keep.commit(&[under(1, 1), under(2, 1), under(3, 3), under(4, 0xff)]).unwrap();
    keep.connection.execute("UPDATE message SET correlation = lower(hex(id)) WHERE seq = 3", []).unwrap();
    (folder, keep)
}

#[test]
fn a_message_is_found_by_a_correlation_id_that_is_its_own_id() {
    let (_folder, mut keep) = under_ids();
    keep.commit(&[stopped(1, "no e-mail", 5), stopped(2, "no e-mail", 5), stopped(3, "no e-mail", 5)]).unwrap();
    for (id, expected) in [(1, &[2, 1][..]), (2, &[]), (3, &[3]), (4, &[]), (0xff, &[4])] {
        let text = format!("{id:032x}");
        let filter = ListFilter { correlation: Some(text.clone()), most: 9, ..ListFilter::default() };
        let listed = keep.asked(|ask| ask.list(&filter)).unwrap();
        assert_eq!(listed.iter().map(|line| line.run.0).collect::<Vec<_>>(), expected, "{text}");
        assert!(listed.iter().all(|line| *line.correlation == *text), "{listed:?}");
        let between = ListFilter { since: Some(Moment(0)), ..filter };
        assert_eq!(keep.asked(|ask| ask.list(&between)).unwrap().len(), expected.len());
        let shown = keep.asked(|ask| ask.show(&Which::Correlation(text.clone()))).unwrap();
        assert_eq!(shown.len(), expected.len());
        let stopped = StoppedFilter { correlation: Some(text.as_str().into()), ..StoppedFilter::default() };
        let stopped: Vec<_> = keep.stopped(&stopped, RunId(0), RunId(3), 9).unwrap().iter().map(|stopped| stopped.run.0).collect();
        assert!(stopped.iter().rev().eq(expected.iter().filter(|run| **run <= 3)), "{text}: {stopped:?}");
    }
}

#[test]
fn the_index_of_correlation_ids_has_none_that_is_a_message_of_its_own() {
    let (_folder, keep) = under_ids();
    let entries = "SELECT count(*) FROM message INDEXED BY message_correlation WHERE correlation <> '' AND correlation <> lower(hex(id))";
    assert_eq!(keep.connection.query_row(entries, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}

#[test]
fn dead_letters_are_grouped_by_cause() {
    let (_folder, _keep, look) = journal();
    let causes = look.causes(10).unwrap();
    let told: Vec<_> =
        causes.iter().map(|cause| (&*cause.flow, &*cause.node, cause.failure.says.as_str(), cause.runs, cause.first, cause.last)).collect();
    assert_eq!(told, [("in", "crm.upsert", "no e-mail", 2, Moment(200), Moment(320))]);
}

#[test]
fn counts_by_state_see_what_the_writer_commits_next() {
    let (_folder, mut keep, look) = journal();
    let before = Counts { active: 1, held: 1, done: 1, skipped: 1, dead: 2, ..Counts::default() };
    assert_eq!(look.counts().unwrap(), before);
    keep.commit(&[Fact::Discarded { run: RunId(2), at: Moment(500), by: "ann".into(), reason: "a test record".into() }]).unwrap();
    assert_eq!(look.counts().unwrap(), Counts { dead: 1, discarded: 1, ..before });
    let trail = look.show(&Which::Run(RunId(2))).unwrap().remove(0).trail;
    assert_eq!(trail.last(), Some(&(Moment(500), "discarded", "by ann: a test record".into())));
}

#[test]
fn a_journal_can_be_looked_at_after_its_engine_ended() {
    let (folder, keep, look) = journal();
    drop((keep, look));
    let look = Look::open(&folder.path().join("journal.db"), code_of).unwrap();
    assert_eq!(look.counts().unwrap().dead, 2);
}

#[test]
fn a_journal_that_is_not_there_is_told_in_words() {
    let words = Look::open(std::path::Path::new("/nowhere/journal.db"), code_of).err().map(|fault| fault.to_string());
    assert_eq!(words.as_deref(), Some("there is no journal at `/nowhere/journal.db` yet: `spanwright run` makes it"));
}

#[test]
fn a_message_is_found_by_the_name_of_its_event_and_by_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut keep = Keep::open(&path, code_of).unwrap();
    let named = |n, at: i64, key: &str| match took(n, "in") {
        Fact::Took(mut took) => {
            let seen = Seen { scope: took.source.clone(), key: "e1".into(), print: None, held: None, until: Moment(at + 50) };
            (took.at, took.key, took.seen) = (Moment(at), Some(key.into()), Some(seen));
            Fact::Took(took)
        }
        _ => unreachable!(),
    };
    // The same event again, after it was forgotten; and one with a key beside its event.
    keep.commit(&[named(1, 100, "e1"), stopped(1, "no e-mail", 100)]).unwrap();
    keep.commit(&[took(2, "in")]).unwrap();
    let by_key = |key: &str| {
        let look = Look::open(&path, code_of).unwrap();
        look.list(&ListFilter { key: Some(key.into()), most: 10, ..ListFilter::default() })
            .unwrap()
            .iter()
            .map(|line| line.run.0)
            .collect::<Vec<_>>()
    };
    assert_eq!((by_key("e1"), by_key("C2"), by_key("C1")), (vec![1], vec![2], vec![]));
    assert!(!keep.overtaken(RunId(1)).unwrap());
    while keep.tidy(Moment(199), Moment(0)).unwrap() {}
    keep.commit(&[named(3, 200, "e1")]).unwrap();
    assert_eq!(by_key("e1"), [3, 1]);
    assert!(keep.overtaken(RunId(1)).unwrap(), "the same event went on later");
    while keep.tidy(Moment(299), Moment(0)).unwrap() {}
    keep.commit(&[named(4, 300, "C2")]).unwrap();
    assert_eq!(by_key("C2"), [4, 2]);
}
