//! Refusals: what they say of the try before, and of the others in a batch.

use super::*;

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
        let took = four_together(&mut stage);
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

/// Four that waited for their system go in one batch.
fn four_together(stage: &mut Stage) -> Vec<crate::fact::Took> {
    let hold = Hold { since: START, until: None, by: "ann".into(), because: "quiet".into() };
    stage.on(Event::Told(Order::Hold { what: "books".into(), hold }));
    let mut took = Vec::new();
    for n in 1..=4 {
        stage.brings_under("{}", Some(&n.to_string()));
        took.extend(stage.keeps_as(RunId(n)).into_iter().filter_map(|fact| if let Fact::Took(took) = fact { Some(*took) } else { None }));
    }
    stage.on(Event::Told(Order::Resume { what: "books".into(), by: "ann".into() }));
    stage.keeps();
    took
}

/// What waits in the journal is fetched when it is due, until something is asked.
fn goes_again(stage: &mut Stage, took: &[crate::fact::Took]) {
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
                RunFile { parked: true, known, ..RunFile::of(took[*run as usize - 1].clone(), RunId(*run)) }
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
    four_together(&mut stage);
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
