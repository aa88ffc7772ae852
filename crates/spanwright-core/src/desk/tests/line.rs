//! What stands in line, and what lets the next one go.

use super::*;

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
