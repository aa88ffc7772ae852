//! Items of an `each`, and the way back.

use super::*;

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
