//! States of a record: the newest one, and what did not change.

use super::*;

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
