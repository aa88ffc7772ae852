//! What waits for a system or a flow that is held, sick or closed, and what shows how it is.

use super::*;

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
    assert!(matches!(stage.words[..], [super::super::Word::Accepted { .. }]) && stage.asked == 0, "{:?}", stage.words);
    stage.on(Event::Told(Order::Resume { what: "flow:asked".into(), by: "ann".into() }));
    stage.keeps();
    if let Some(fetch) = stage.fetches.pop() {
        stage.on(Event::Found { fetch, runs: vec![RunFile::of(*took, RunId(7))], next: None });
    }
    assert_eq!(stage.asked, 1);
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
