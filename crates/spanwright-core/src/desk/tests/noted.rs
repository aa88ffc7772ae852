//! What is noted before it is asked, and is not asked after all.

use super::*;

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
