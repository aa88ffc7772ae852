//! What an earlier life, a question or a person left open.

use super::*;

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
