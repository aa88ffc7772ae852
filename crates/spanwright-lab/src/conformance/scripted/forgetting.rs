//! What is forgotten, what stays, and what is counted of a round.

use spanwright_core::fact::{
    ANSWER, EffectKey, Fact, Forget, Moment, Moved, Old, Phase, Receipt, Resent, RunId, Seen, StopKind, Tally, Took, Way,
};
use spanwright_core::plan::Source;

use super::{Case, Trial, done, key, plain, settled, state, stopped, took};

pub(super) const CASES: &[Case] = &[
    ("what a sender was answered stays with the trail", what_a_sender_was_answered_stays_with_the_trail),
    ("what is past its time still tells of its record", what_is_past_its_time_still_tells_of_its_record),
    ("what keeps a dead letter from going over it is not forgotten", what_overtook_a_dead_letter_is_not_forgotten),
    ("a round is open when its source took something since the last", a_round_is_open_where_its_source_took_something),
    ("a round is counted from the end before it, however long that is ago", a_round_is_counted_from_the_end_before_it),
    ("bodies are forgotten, then all; dead letters never", dead_letters_are_never_forgotten),
];

/// The newest state of a record that went on is kept as long as an older one is a dead letter; those between go.
fn what_overtook_a_dead_letter_is_not_forgotten(trial: &mut Trial<'_>) {
    let of = |message, key: &str, version: &str| {
        Fact::Took(Box::new(Took { key: Some(key.into()), version: Some(version.into()), ..took(message, None) }))
    };
    trial.commit(&[of(1, "10", "1"), of(2, "10", "2"), of(3, "10", "4"), of(4, "10", "3"), of(5, "11", "1")]);
    trial.commit(&[stopped(1, StopKind::Dead), done(2), done(3), done(4), done(5)]);
    trial.commit(&[2, 3, 4, 5].map(|run| Fact::Forgot { run: RunId(run), what: Forget::All }));
    let left = |trial: &mut Trial<'_>| {
        let left = trial.store().runs(&[1, 2, 3, 4, 5].map(RunId)).expect("the disk is well");
        left.iter().map(|file| file.run.0).collect::<Vec<_>>()
    };
    assert_eq!(left(trial), [1, 3]);
    assert_eq!(trial.store().overtaken(RunId(1)), Ok(true));
    // What is open may still come to nothing.
    trial.commit(&[of(6, "10", "5"), Fact::Forgot { run: RunId(3), what: Forget::All }]);
    assert_eq!(left(trial), [1, 3]);
    trial.commit(&[stopped(6, StopKind::Dead)]);
    assert_eq!(trial.store().overtaken(RunId(1)), Ok(true));
    let discarded = |run| Fact::Discarded { run: RunId(run), at: Moment(9), by: "ann".into(), reason: "old".into() };
    trial.commit(&[discarded(1), discarded(6), Fact::Forgot { run: RunId(3), what: Forget::All }]);
    assert_eq!(left(trial), [1], "nothing is kept from going over it any more");
}

/// Where a source's events are named as its records are, the newer one is found by its name, also when that may be taken anew.
fn what_is_past_its_time_still_tells_of_its_record(trial: &mut Trial<'_>) {
    let came = |message, at, until| {
        let named = Seen { scope: "in.poll".into(), key: "10".into(), print: None, held: None, until: Moment(until) };
        Fact::Took(Box::new(Took { at: Moment(at), key: Some("10".into()), ..took(message, Some(named)) }))
    };
    trial.commit(&[came(1, 1, 30), stopped(1, StopKind::Dead)]);
    trial.tidies(31);
    assert_eq!(trial.commit(&[came(2, 40, 60)]), [Receipt::Taken(RunId(2))]);
    trial.commit(&[done(2)]);
    assert_eq!(trial.store().overtaken(RunId(1)), Ok(true));
    trial.tidies(99);
    assert_eq!(trial.store().overtaken(RunId(1)), Ok(true));
}

fn a_round_is_open_where_its_source_took_something(trial: &mut Trial<'_>) {
    let of = |message, source: &str, at| {
        let took = Took { source: source.into(), flow: "in".into(), at: Moment(at), key: None, ..took(message, None) };
        Fact::Took(Box::new(took))
    };
    let moved = |at| Fact::Moved(Moved { source: "in.source".into(), cursor: None, due: Moment(99), at: Moment(at) });
    let within = |trial: &mut Trial<'_>| trial.store().is_within_a_round("in").expect("the disk is well");
    assert!(!within(trial));
    trial.commit(&[of(1, "in.source", 5)]);
    assert!(within(trial), "the first one was never ended");
    trial.commit(&[of(2, "in.done.source", 6), moved(6), stopped(1, StopKind::Dead)]);
    assert!(!within(trial));
    let Fact::Took(took) = of(3, "in.source", 8) else { return };
    let resent = Resent { took: *took, of: RunId(1), by: "ann".into(), words: "a digit".into(), instead: true, over_newer: true };
    trial.commit(&[Fact::Resent(Box::new(resent))]);
    assert!(!within(trial), "what a person made is of no round");
    trial.commit(&[of(4, "in.source", 9)]);
    assert!(within(trial));
}

fn a_round_is_counted_from_the_end_before_it(trial: &mut Trial<'_>) {
    let of = |message, flow: &str, at| {
        let took = Took { source: Source::name_of(flow), flow: flow.into(), at: Moment(at), key: None, ..took(message, None) };
        Fact::Took(Box::new(took))
    };
    let forgets = |trial: &mut Trial<'_>, run| trial.commit(&[Fact::Forgot { run: RunId(run), what: Forget::All }]);
    let is_there = |trial: &mut Trial<'_>, run| !trial.store().runs(&[RunId(run)]).expect("the disk is well").is_empty();
    let tally = |trial: &mut Trial<'_>, upto| trial.store().tally("in", RunId(upto)).expect("the disk is well");
    trial.commit(&[of(1, "in", 5), stopped(1, StopKind::Dead), of(2, "in.done", 6), done(2)]);
    forgets(trial, 2);
    // The end of a round that is not counted yet tells nobody where it began.
    trial.commit(&[of(3, "in", 8), done(3), of(4, "in.done", 9)]);
    forgets(trial, 2);
    assert_eq!(tally(trial, 4), Some(Tally { taken: 1, delivered: 1, ..Tally::default() }));
    trial.commit(&[done(4)]);
    forgets(trial, 2);
    forgets(trial, 4);
    assert_eq!([2, 4].map(|run| is_there(trial, run)), [false, true], "one is enough");
    trial.commit(&[of(5, "in", 11), done(5), of(6, "in.done", 12)]);
    assert_eq!(tally(trial, 6), Some(Tally { taken: 1, delivered: 1, ..Tally::default() }));
}

fn dead_letters_are_never_forgotten(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), done(1), stopped(2, StopKind::Dead)]);
    let old = |trial: &mut Trial<'_>, before| trial.store().old(Forget::Bodies, RunId(0), Moment(before), 9).expect("the disk is well");
    assert_eq!(old(trial, 3).runs, []);
    assert_eq!(old(trial, 9), Old { runs: vec![RunId(1)], last: Some(RunId(3)), young: false });
    let all = |what| [1, 2, 3].map(|run| Fact::Forgot { run: RunId(run), what });
    trial.commit(&all(Forget::Bodies));
    assert_eq!([1, 2, 3].map(|run| trial.file(run).message.body.len()), [0, 2, 2]);
    assert_eq!(old(trial, 9).runs, []);
    trial.commit(&all(Forget::All));
    let left = trial.store().runs(&[1, 2, 3].map(RunId)).expect("the disk is well");
    assert_eq!(left.iter().map(|file| file.run.0).collect::<Vec<_>>(), [2, 3]);
}

fn what_a_sender_was_answered_stays_with_the_trail(trial: &mut Trial<'_>) {
    let answered = |item: &str, words: &str| {
        let key = EffectKey { item: item.into(), ..key(1, "reply", Way::Do) };
        settled(key, state(Phase::Done(Some(words.as_bytes().into())), None))
    };
    trial.commit(&[plain(1), answered(ANSWER, "declined"), answered("other", "a record"), done(1)]);
    trial.commit(&[Fact::Forgot { run: RunId(1), what: Forget::Bodies }]);
    let known = trial.file(1).known.into_iter().map(|known| (known.effect.item.to_string(), known.state.phase));
    let expected =
        [(ANSWER, "declined"), ("other", "")].map(|(item, words)| (item.to_string(), Phase::Done(Some(words.as_bytes().into()))));
    assert_eq!(known.collect::<Vec<_>>(), expected);
}
