//! What is over, and what is opened again.

use spanwright_core::fact::{
    EffectState, Ending, ExchangeId, Fact, Moment, OF_NO_ATTEMPT, Phase, PlanId, Receipt, Resent, Root, RunId, StopKind, StoppedBundle,
    StoppedFilter, Took, Way,
};

use super::{AGAIN, Case, Trial, done, exchanged, failure, key, parked, plain, reopened, settled, state, stopped, took};
use crate::conformance::PROBE;

pub(super) const CASES: &[Case] = &[
    ("a replay owes the dead in the next generation and the uncertain in the same", a_replay_owes_again),
    ("a replay of an undone run owes again what was undone", a_replay_of_an_undone_run),
    ("a run that is over stays as it ended", a_run_that_is_over_stays),
    ("a discarded run is over, and an open one cannot be discarded", only_a_stopped_run_is_discarded),
    ("what was seen to is not opened again", only_a_stopped_run_is_opened_again),
    ("a run is overtaken by a newer state that went on", a_run_is_overtaken),
    ("a replay never goes over a newer state, unless it is told to", a_replay_never_goes_over_a_newer_state),
    ("what was given up after an unknown outcome keeps its key and its bytes", what_was_given_up_keeps_its_key),
    ("a chore sees the stopped runs that it means", an_chore_sees_what_it_means),
    ("what went under one key is told as one", what_went_under_one_key_is_told_as_one),
    ("of what goes together all is opened again, or none", of_what_goes_together_all_is_opened_or_none),
    ("what was undone by hand is remembered until it is settled", what_was_undone_by_hand_is_remembered),
    ("an edited message is new, and the old one is set aside", an_edited_message_is_new),
    ("a question is asked anew after each replay", a_question_is_asked_anew_after_each_replay),
    ("what is resent too late is not made", what_is_resent_too_late_is_not_made),
];

fn a_replay_owes_again(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), settled(key(1, "a", Way::Do), state(Phase::Dead(failure()), None))]);
    trial.commit(&[settled(key(1, "b", Way::Do), state(Phase::Uncertain(failure()), Some(7)))]);
    trial.commit(&[settled(key(1, "c", Way::Do), state(Phase::Done(None), None)), stopped(1, StopKind::Uncertain)]);
    assert!(trial.file(1).over);
    assert_eq!(trial.file(1).stopped, Some(("crm".into(), &PROBE)));
    trial.commit(&[reopened(1)]);
    assert_eq!(trial.file(1).stopped, None);
    assert_eq!(trial.effects(1), [(Way::Do, AGAIN, 1), (Way::Do, AGAIN, 0), (Way::Do, Phase::Done(None), 0)]);
    let file = trial.file(1);
    assert_eq!((file.over, file.plan), (false, PlanId(2)));
    let glues: Vec<_> = file.known.iter().map(|known| (known.state.glued, known.state.sent)).collect();
    assert_eq!(glues, [(None, None), (Some(ExchangeId(7)), Some([4; 32])), (None, None)]);
    let items: Vec<_> = file.known.iter().map(|known| known.state.of_item).collect();
    assert_eq!(items, [None, Some([6; 32]), Some([6; 32])], "what was refused may be about another item");
    let spent = |state: &EffectState| (state.tries, state.first, state.failed, state.own_failures);
    let tries: Vec<_> = file.known.iter().map(|known| spent(&known.state)).collect();
    assert_eq!(tries, [(0, None, None, 0), (0, None, None, 0), (3, Some(Moment(1)), Some(Moment(2)), 2)]);
}

fn a_replay_of_an_undone_run(trial: &mut Trial<'_>) {
    let done = |node, way| settled(key(1, node, way), state(Phase::Done(None), None));
    trial.commit(&[plain(1), done("a", Way::Do), done("a", Way::Undo), done("b", Way::Do)]);
    trial.commit(&[settled(key(1, "b", Way::Undo), state(Phase::Dead(failure()), None)), stopped(1, StopKind::Dead), reopened(1)]);
    // The undo of `b` certainly never happened: `b` is still done.
    assert_eq!(trial.effects(1), [(Way::Do, AGAIN, 1), (Way::Do, Phase::Done(None), 0)]);
}

fn a_run_that_is_over_stays(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), Fact::Ended { run: RunId(1), ending: Ending::Done, at: Moment(2) }]);
    trial.commit(&[stopped(1, StopKind::Dead), parked(1)]);
    assert!(trial.file(1).over);
    assert!(trial.store().opening().is_ok_and(|opening| opening.plans.is_empty()));
}

fn only_a_stopped_run_is_discarded(trial: &mut Trial<'_>) {
    let discarded = |run| Fact::Discarded { run: RunId(run), at: Moment(4), by: "ann".into(), reason: "a test record".into() };
    trial.commit(&[plain(1), plain(2), stopped(2, StopKind::Dead), discarded(1), discarded(2)]);
    assert_eq!((trial.file(1).over, trial.file(2).over), (false, true));
    assert_eq!((trial.file(1).stopped, trial.file(2).stopped), (None, Some(("crm".into(), &PROBE))), "and why is still known");
}

/// Between a look and its commit somebody set it aside, or sent another one instead.
fn only_a_stopped_run_is_opened_again(trial: &mut Trial<'_>) {
    let discarded = Fact::Discarded { run: RunId(1), at: Moment(4), by: "ann".into(), reason: "a test record".into() };
    let of = |message, key: &str| Took { key: Some(key.into()), ..took(message, None) };
    let fresh = |message, key| Fact::Took(Box::new(of(message, key)));
    trial.commit(&[fresh(1, "a"), fresh(2, "b"), fresh(3, "c"), stopped(1, StopKind::Dead), stopped(2, StopKind::Dead)]);
    trial.commit(&[done(3), discarded]);
    let resent = Resent { took: of(4, "b"), of: RunId(2), by: "ann".into(), words: "lost".into(), instead: true, over_newer: true };
    assert_eq!(trial.commit(&[Fact::Resent(Box::new(resent))]), [Receipt::Taken(RunId(4))]);
    let insists =
        |run| Fact::Reopened { run: RunId(run), plan: PlanId(2), at: Moment(7), by: "ann".into(), over_newer: true, apart: false };
    trial.commit(&[reopened(1), insists(1), insists(2), insists(3)]);
    assert_eq!([1, 2, 3, 4].map(|run| trial.file(run).over), [true, true, true, false]);
    assert!(trial.store().active("in", RunId(0), 9).is_ok_and(|files| files.iter().map(|file| file.run.0).eq([4])));
}

fn a_run_is_overtaken(trial: &mut Trial<'_>) {
    let of = |message, key: &str, version: Option<&str>| {
        Fact::Took(Box::new(Took { key: Some(key.into()), version: version.map(Into::into), ..took(message, None) }))
    };
    // 2 is newer than 1 by its version, though 3 came later; 4 is another record; 5 did nothing.
    trial.commit(&[of(1, "10", Some("1")), of(2, "10", Some("3")), of(3, "10", Some("2")), of(4, "11", None), of(5, "10", Some("9"))]);
    trial.commit(&[
        stopped(1, StopKind::Dead),
        stopped(3, StopKind::Dead),
        done(2),
        stopped(4, StopKind::Dead),
        stopped(5, StopKind::Dead),
    ]);
    let overtaken: Vec<_> = [1, 2, 3, 4, 5].map(|run| trial.store().overtaken(RunId(run)).expect("the disk is well")).into();
    assert_eq!(overtaken, [true, false, true, false, false]);
    // It did something after all.
    trial.commit(&[settled(key(5, "crm", Way::Do), state(Phase::Done(None), None))]);
    assert_eq!(trial.store().overtaken(RunId(2)), Ok(true));
}

fn a_replay_never_goes_over_a_newer_state(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), stopped(1, StopKind::Dead), done(2), reopened(1)]);
    assert!(trial.file(1).over);
    let anyway = Fact::Reopened { run: RunId(1), plan: PlanId(2), at: Moment(7), by: "ann".into(), over_newer: true, apart: false };
    trial.commit(&[anyway]);
    assert!(!trial.file(1).over);
}

fn what_was_given_up_keeps_its_key(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), settled(key(1, "a", Way::Do), EffectState { sent: Some([4; 32]), ..state(Phase::Dead(failure()), None) })]);
    trial.commit(&[stopped(1, StopKind::Dead), reopened(1)]);
    let known = &trial.file(1).known[0].state;
    assert_eq!((known.generation, known.sent), (0, Some([4; 32])));
}

/// What it was told before a replay answers nothing behind it.
fn a_question_is_asked_anew_after_each_replay(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), settled(key(1, "crm", Way::Do), state(Phase::Uncertain(failure()), None))]);
    let asked = EffectState { generation: 0, ..state(Phase::Dead(failure()), None) };
    trial.commit(&[settled(key(1, "crm", Way::Ask), asked), stopped(1, StopKind::Uncertain), reopened(1)]);
    let file = trial.file(1);
    let asked = file.known.iter().find(|known| known.effect.way == Way::Ask).expect("it stays");
    assert_eq!(asked.state.generation, OF_NO_ATTEMPT);
}

fn an_chore_sees_what_it_means(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), plain(4)]);
    trial.commit(&[stopped(1, StopKind::Dead), stopped(2, StopKind::Uncertain), stopped(4, StopKind::Dead), done(3)]);
    let mut runs = |filter: StoppedFilter, after, upto, most| {
        let found = trial.store().stopped(&filter, RunId(after), RunId(upto), most).expect("the disk is well");
        found.into_iter().map(|stopped| (stopped.run.0, stopped.overtaken)).collect::<Vec<_>>()
    };
    assert_eq!(runs(StoppedFilter::default(), 0, 9, 9), [(1, true), (2, true), (4, false)]);
    assert_eq!(runs(StoppedFilter::default(), 1, 3, 9), [(2, true)]);
    assert_eq!(runs(StoppedFilter { reason: Some(PROBE.id.into()), ..StoppedFilter::default() }, 0, 9, 1), [(1, true)]);
    assert_eq!(runs(StoppedFilter { node: Some("never seen".into()), ..StoppedFilter::default() }, 0, 9, 9), []);
}

fn what_went_under_one_key_is_told_as_one(trial: &mut Trial<'_>) {
    trial.commit(&[1, 2, 3, 4, 5, 6, 7, 8].map(plain));
    let uncertain = |run, node, glue| settled(key(run, node, Way::Do), state(Phase::Uncertain(failure()), Some(glue)));
    // 1 and 2 shared a request, 2 and 3 another; 4 and 5 a third, one of 6's was alone, and 8 went with one that is not known any more.
    let given_up =
        [(1, "crm", 7), (2, "crm", 7), (2, "erp", 8), (3, "erp", 8), (4, "crm", 9), (5, "crm", 9), (6, "crm", 10), (8, "crm", 11)];
    trial.commit(&given_up.map(|(run, node, glue)| uncertain(run, node, glue)));
    trial.commit(&[(7, 2), (8, 2), (9, 2), (10, 1), (11, 2)].map(|(id, calls)| exchanged(id, calls)));
    trial.commit(&[1, 2, 3, 4, 6, 7, 8].map(|run| stopped(run, StopKind::Uncertain)));
    let mut bundles = |runs: &[i64]| {
        let found = trial.store().bundles(&runs.iter().map(|run| RunId(*run)).collect::<Vec<_>>()).expect("the disk is well");
        let runs = |bundle: StoppedBundle| (bundle.runs.iter().map(|stopped| stopped.run.0).collect::<Vec<_>>(), bundle.whole);
        found.into_iter().map(runs).collect::<Vec<_>>()
    };
    assert_eq!(bundles(&[3, 1]), [(vec![1, 2, 3], true)], "whoever shares one of them brings in its own, and each is told once");
    assert_eq!(bundles(&[4]), [(vec![4, 5], false)], "5 has not stopped");
    assert_eq!(bundles(&[6, 7, 8]), [(vec![6], true), (vec![8], false)]);
    trial.commit(&[Fact::Discarded { run: RunId(3), at: Moment(9), by: "ann".into(), reason: "seen to".into() }]);
    let found = trial.store().bundles(&[RunId(1), RunId(2)]).expect("the disk is well");
    assert!(matches!(&found[..], [bundle] if !bundle.whole), "one of them was set aside: {found:?}");
    // Whoever goes without the others never counts for them again, also when it stops once more.
    let alone = |run| Fact::Reopened { run: RunId(run), plan: PlanId(2), at: Moment(9), by: "ann".into(), over_newer: true, apart: true };
    trial.commit(&[stopped(5, StopKind::Uncertain), alone(4)]);
    assert_eq!(trial.file(4).known[0].state.glued, None);
    trial.commit(&[uncertain(4, "crm", 12), exchanged(12, 1), stopped(4, StopKind::Uncertain)]);
    let found = trial.store().bundles(&[RunId(4), RunId(5)]).expect("the disk is well");
    let told: Vec<_> = found.iter().map(|bundle| (bundle.runs.iter().map(|run| run.run.0).collect::<Vec<_>>(), bundle.whole)).collect();
    assert_eq!(told, [(vec![4], true), (vec![5], false)]);
}

/// Between a look and its commit one of them was overtaken: none is opened, and whoever goes alone is.
fn of_what_goes_together_all_is_opened_or_none(trial: &mut Trial<'_>) {
    let of = |message, key: &str| Fact::Took(Box::new(Took { key: Some(key.into()), ..took(message, None) }));
    trial.commit(&[of(1, "a"), of(2, "b"), of(3, "c"), of(4, "d"), of(5, "e")]);
    let uncertain = |run, node, glue| settled(key(run, node, Way::Do), state(Phase::Uncertain(failure()), Some(glue)));
    let glued = [(1, "crm", 7), (2, "crm", 7), (2, "erp", 8), (3, "erp", 8), (4, "crm", 9), (5, "crm", 9)];
    trial.commit(&glued.map(|(run, node, glue)| uncertain(run, node, glue)));
    trial.commit(&[1, 2, 3, 4, 5].map(|run| stopped(run, StopKind::Uncertain)));
    trial.commit(&[of(6, "c")]);
    let opens = |run, apart| Fact::Reopened { run: RunId(run), plan: PlanId(1), at: Moment(9), by: "ann".into(), over_newer: false, apart };
    trial.commit(&[1, 2, 3, 4, 5].map(|run| opens(run, false)));
    assert_eq!([1, 2, 3, 4, 5].map(|run| trial.file(run).over), [true, true, true, false, false]);
    trial.commit(&[opens(1, true), opens(3, false)]);
    assert_eq!([1, 2, 3].map(|run| trial.file(run).over), [false, true, true]);
}

fn what_was_undone_by_hand_is_remembered(trial: &mut Trial<'_>) {
    let word = |run| Fact::Undone { undo: key(run, "crm", Way::Undo), at: Moment(4), by: "ann".into(), words: "by hand".into() };
    let fails = |run| settled(key(run, "erp", Way::Do), state(Phase::Dead(failure()), None));
    trial.commit(&[plain(1), plain(2), plain(3), plain(4), fails(1), fails(2), fails(3)]);
    trial.commit(&[word(1), word(2), word(3), stopped(3, StopKind::Dead), word(4)]);
    let open = |trial: &mut Trial<'_>| trial.store().opening().expect("the disk is well").undone;
    assert_eq!(
        open(trial),
        [key(1, "crm", Way::Undo), key(2, "crm", Way::Undo)],
        "what is over is undone no more, and what goes well not yet"
    );
    trial.commit(&[
        settled(key(1, "crm", Way::Undo), state(Phase::Owed { due: Moment(9) }, None)),
        settled(key(2, "crm", Way::Undo), state(Phase::Done(None), None)),
    ]);
    assert_eq!(open(trial), [key(1, "crm", Way::Undo)]);
    // A word that comes too late is of no later undo.
    let again = |run| Fact::Reopened { run: RunId(run), plan: PlanId(1), at: Moment(9), by: "ann".into(), over_newer: true, apart: false };
    trial.commit(&[word(2), stopped(1, StopKind::Dead), word(1), again(1), again(3), word(1), word(3)]);
    assert_eq!(open(trial), []);
}

fn an_edited_message_is_new(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), stopped(1, StopKind::Dead)]);
    let edited = Took { body: b"{\"n\":2}".as_slice().into(), ..took(2, None) };
    let resent = Resent { took: edited, of: RunId(1), by: "ann".into(), words: "a digit".into(), instead: true, over_newer: false };
    let resent = Fact::Resent(Box::new(resent));
    assert_eq!(trial.commit(std::slice::from_ref(&resent)), [Receipt::Taken(RunId(2))]);
    assert!(trial.store().stopped(&StoppedFilter::default(), RunId(0), RunId(9), 9).is_ok_and(|stopped| stopped.is_empty()));
    let file = trial.file(2);
    assert_eq!((file.root, &*file.message.body, file.over), (Root(2), b"{\"n\":2}".as_slice(), false));
}

/// Between the look of a person and the commit it was replayed, or a newer state of its record went on.
fn what_is_resent_too_late_is_not_made(trial: &mut Trial<'_>) {
    let made = |message, of, instead, over_newer| {
        let took = Took { body: b"{\"n\":2}".as_slice().into(), ..took(message, None) };
        Fact::Resent(Box::new(Resent { took, of: RunId(of), by: "ann".into(), words: "a digit".into(), instead, over_newer }))
    };
    trial.commit(&[plain(1), stopped(1, StopKind::Dead), reopened(1)]);
    assert_eq!(trial.commit(&[made(2, 1, true, true)]), [Receipt::Late], "it goes again");
    trial.commit(&[stopped(1, StopKind::Dead), plain(3), done(2)]);
    assert_eq!(trial.commit(&[made(4, 1, true, false), made(4, 1, false, false)]), [Receipt::Late, Receipt::Late], "a newer one went on");
    assert!(trial.store().stopped(&StoppedFilter::default(), RunId(0), RunId(9), 9).is_ok_and(|stopped| stopped.len() == 1));
    assert_eq!(trial.commit(&[made(4, 1, true, true)]), [Receipt::Taken(RunId(3))]);
}
