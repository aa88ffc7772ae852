#![allow(clippy::unwrap_used)]
use super::*;
use crate::{
    connector::{Outcome, Verdict, Word as SystemWord},
    desk::{
        Event, Order,
        stage::{START, Stage, body_of, call, later, plan, said, there},
    },
    fact::Hold,
    interface::Repeat,
};
use spanwright_map::Program;
use std::time::Duration;
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
    stage.on(Event::Room(0));
    stage.brings("{}");
    stage.answers("1");
    stage.answers("2");
    stage.brings("{}");
    stage.hears(later());
    assert!(matches!(&stage.words[..], [Word::Replied { .. }, Word::DiskFull]), "{:?}", stage.words);
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
