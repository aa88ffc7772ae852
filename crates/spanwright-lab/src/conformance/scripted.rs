//! What a store must do, case by case, in the words of the vocabulary.

use std::{sync::Arc, time::Duration};

use spanwright_core::fact::{
    ANSWER, Breaker, CutOff, EffectKey, EffectState, Ending, ExchangeId, Exchanged, FILES_BYTES_MOST, Fact, Forget, GateRow, Hold, Moment,
    Moved, OF_NO_ATTEMPT, Old, Phase, PlanId, Receipt, Resent, Root, RunFile, RunId, Seen, Settled, Spent, StopKind, Stopped,
    StoppedBundle, StoppedFilter, Store, Tally, Took, Turn, Way, no_item,
};
use spanwright_core::plan::Source;
use spanwright_shape::text::Failure;

use super::{PROBE, Stores};

/// One case: what it says, and the trial.
type Case = (&'static str, fn(&mut Trial<'_>));

const CASES: &[Case] = &[
    ("an event is taken once", an_event_is_taken_once),
    ("an event that comes again is told in which run it is, and whether it held the same", an_event_that_comes_again_is_told),
    ("an event is new again when it is forgotten, whatever the time is when it comes", an_event_is_new_again_when_forgotten),
    ("what comes again and again is remembered as long as it comes", what_comes_again_and_again_is_remembered_as_long_as_it_comes),
    ("what came beside a body is kept with it", what_came_beside_is_kept),
    ("a record is taken again when it changed", a_record_is_taken_again_when_it_changed),
    ("an earlier state that was taken comes again, and is known", an_earlier_state_that_was_taken_comes_again_and_is_known),
    ("a message that cannot be used is over from the beginning", a_message_that_cannot_be_used_is_over),
    ("a source keeps its cursor until it gets another", a_source_keeps_its_cursor),
    ("what an older life had started is torn", what_an_older_life_had_started_is_torn),
    ("a life that ended with nothing on its way has rested", a_life_that_ended_with_nothing_on_its_way_has_rested),
    ("where a life was cut off is remembered until the next", where_a_life_was_cut_off_is_remembered_until_the_next),
    ("only a parked run is due", only_a_parked_run_is_due),
    ("what is due is read on from where it was left", what_is_due_is_read_on_from_where_it_was_left),
    ("large bodies come a few at a time", large_bodies_come_a_few_at_a_time),
    ("large answers come a few at a time", large_answers_come_a_few_at_a_time),
    ("what a sender was answered stays with the trail", what_a_sender_was_answered_stays_with_the_trail),
    ("whoever shares a glue comes along", whoever_shares_a_glue_comes_along),
    ("a replay owes the dead in the next generation and the uncertain in the same", a_replay_owes_again),
    ("a replay of an undone run owes again what was undone", a_replay_of_an_undone_run),
    ("a run that is over stays as it ended", a_run_that_is_over_stays),
    ("a discarded run is over, and an open one cannot be discarded", only_a_stopped_run_is_discarded),
    ("what was seen to is not opened again", only_a_stopped_run_is_opened_again),
    ("a run is overtaken by a newer state that went on", a_run_is_overtaken),
    ("a replay never goes over a newer state, unless it is told to", a_replay_never_goes_over_a_newer_state),
    ("what was given up after an unknown outcome keeps its key and its bytes", what_was_given_up_keeps_its_key),
    ("a chore sees the stopped runs that it means", an_chore_sees_what_it_means),
    ("what is past its time still tells of its record", what_is_past_its_time_still_tells_of_its_record),
    ("what went under one key is told as one", what_went_under_one_key_is_told_as_one),
    ("of what goes together all is opened again, or none", of_what_goes_together_all_is_opened_or_none),
    ("what was undone by hand is remembered until it is settled", what_was_undone_by_hand_is_remembered),
    ("an edited message is new, and the old one is set aside", an_edited_message_is_new),
    ("a question is asked anew after each replay", a_question_is_asked_anew_after_each_replay),
    ("what keeps a dead letter from going over it is not forgotten", what_overtook_a_dead_letter_is_not_forgotten),
    ("a clock that is set back makes nobody held who was let go", a_clock_that_is_set_back_holds_nobody),
    ("a clock that is set back makes no day's quota last for longer", a_clock_that_is_set_back_makes_no_day_longer),
    ("a round is open when its source took something since the last", a_round_is_open_where_its_source_took_something),
    ("a round is counted from the end before it, however long that is ago", a_round_is_counted_from_the_end_before_it),
    ("what is resent too late is not made", what_is_resent_too_late_is_not_made),
    ("what is told of a message is taken where that message is", what_is_told_of_a_message),
    ("a message is found by its id, and whether it may come back", a_message_is_found_by_its_id),
    ("bodies are forgotten, then all; dead letters never", dead_letters_are_never_forgotten),
    ("a clock that was set back makes what waits due as much earlier", a_clock_that_was_set_back),
    ("the last print of a key is the one that counts", the_last_print_counts),
    ("a gate that is simply closed is not told", a_closed_gate_is_not_told),
    ("a person's word is kept until it is taken back", a_person_s_word_is_kept),
    ("lanes come in the order of their runs", lanes_come_in_the_order_of_their_runs),
];

/// Runs every case on a store of its own, twice: as written, and with the store closed and opened before each answer.
pub fn run(stores: &mut dyn Stores) {
    for (_, case) in CASES {
        for reopens in [false, true] {
            let store = Some(stores.fresh());
            case(&mut Trial { stores, store, reopens });
        }
    }
}

/// A store under trial.
struct Trial<'s> {
    stores: &'s mut dyn Stores,
    store: Option<Box<dyn Store>>,
    reopens: bool,
}

impl Trial<'_> {
    fn store(&mut self) -> &mut dyn Store {
        let mut store = self.store.take().expect("it is put back below");
        if self.reopens {
            store = self.stores.reopened(store);
        }
        &mut **self.store.insert(store)
    }

    fn commit(&mut self, facts: &[Fact]) -> Vec<Receipt> {
        self.store().commit(facts).expect("the disk is well")
    }

    /// To its end.
    fn tidies(&mut self, now: i64) {
        let store = self.store();
        while store.tidy(Moment(now), Moment(now)) == Ok(true) {}
    }

    fn file(&mut self, run: i64) -> RunFile {
        self.store().runs(&[RunId(run)]).expect("the disk is well").remove(0)
    }

    /// The phases and generations of a run's effects.
    fn effects(&mut self, run: i64) -> Vec<(Way, Phase, u32)> {
        self.file(run).known.into_iter().map(|known| (known.effect.way, known.state.phase, known.state.generation)).collect()
    }

    fn due(&mut self, now: i64, most: usize) -> (Vec<i64>, Option<Moment>) {
        let (runs, next) = self.due_from(Turn::first_of(Moment(0)), now, most);
        (runs, next.map(|turn| turn.due))
    }

    fn due_from(&mut self, from: Turn, now: i64, most: usize) -> (Vec<i64>, Option<Turn>) {
        let (files, next) = self.store().due("in.crm", from, Moment(now), most).expect("the disk is well");
        (files.into_iter().map(|file| file.run.0).collect(), next)
    }
}

fn took(message: u128, seen: Option<Seen>) -> Took {
    Took {
        message,
        source: "in.poll".into(),
        correlation: "corr".into(),
        at: Moment(1),
        key: Some("10".into()),
        version: None,
        body: b"{}".as_slice().into(),
        beside: None,
        flow: "in".into(),
        root: Root(message),
        plan: PlanId(1),
        seen,
        about: None,
        fault: None,
    }
}

fn plain(message: u128) -> Fact {
    Fact::Took(Box::new(took(message, None)))
}

fn seen(message: u128, key: &str, print: Option<u8>) -> Fact {
    let print = print.map(|byte| [byte; 32]);
    Fact::Took(Box::new(took(message, Some(Seen { scope: "in.poll".into(), key: key.into(), print, held: None, until: Moment(99) }))))
}

fn key(run: i64, node: &str, way: Way) -> EffectKey {
    EffectKey { run: RunId(run), node: node.into(), item: no_item(), way }
}

fn state(phase: Phase, glued: Option<i64>) -> EffectState {
    EffectState {
        tries: 3,
        first: Some(Moment(1)),
        failed: Some(Moment(2)),
        own_failures: 2,
        glued: glued.map(ExchangeId),
        sent: glued.map(|_| [4; 32]),
        of_item: Some([6; 32]),
        ..EffectState::new(phase)
    }
}

fn exchanged(id: i64, calls: u32) -> Fact {
    let (system, operation, took) = ("crm".into(), "upsert".into(), Duration::from_millis(3));
    Fact::Exchanged(Exchanged { id: ExchangeId(id), system, operation, at: Moment(2), took, status: 500, calls, sent: 1, got: 1 })
}

fn settled(effect: EffectKey, state: EffectState) -> Fact {
    Fact::Settled(Box::new(Settled { effect, state, queue: "in.crm".into(), lane: 5, attempt: None, at: Moment(2) }))
}

fn owed(run: i64, due: i64, glued: Option<i64>) -> Fact {
    settled(key(run, "crm", Way::Do), state(Phase::Owed { due: Moment(due) }, glued))
}

fn parked(run: i64) -> Fact {
    Fact::Parked { run: RunId(run), parked: true }
}

fn failure() -> Failure {
    Failure::new(&PROBE, "it said no")
}

fn stopped(run: i64, kind: StopKind) -> Fact {
    let ending = Ending::Stopped(Stopped { kind, node: "crm".into(), failure: failure(), undone: false });
    Fact::Ended { run: RunId(run), ending, at: Moment(3) }
}

fn reopened(run: i64) -> Fact {
    Fact::Reopened { run: RunId(run), plan: PlanId(2), at: Moment(7), by: "ann".into(), over_newer: false, apart: false }
}

const AGAIN: Phase = Phase::Owed { due: Moment(7) };

fn an_event_is_taken_once(trial: &mut Trial<'_>) {
    assert_eq!(trial.commit(&[seen(1, "a", None), seen(2, "b", None)]), [Receipt::Taken(RunId(1)), Receipt::Taken(RunId(2))]);
    assert_eq!(trial.commit(&[seen(3, "a", None), seen(4, "c", None)]), [Receipt::Duplicate, Receipt::Taken(RunId(3))]);
}

fn asked(message: u128, at: i64, held: u8, until: i64) -> Fact {
    let seen = Seen { scope: "in.http".into(), key: "k".into(), print: None, held: Some([held; 32]), until: Moment(until) };
    Fact::Took(Box::new(Took { at: Moment(at), ..took(message, Some(seen)) }))
}

fn an_event_that_comes_again_is_told(trial: &mut Trial<'_>) {
    assert_eq!(trial.commit(&[plain(1), asked(2, 1, 7, 99)]), [Receipt::Taken(RunId(1)), Receipt::Taken(RunId(2))]);
    assert_eq!(trial.commit(&[asked(3, 2, 7, 99)]), [Receipt::Known { run: RunId(2), same: true }]);
    assert_eq!(trial.commit(&[asked(4, 2, 8, 99)]), [Receipt::Known { run: RunId(2), same: false }]);
    // Its run is forgotten, and what it held is not.
    trial.commit(&[done(2), Fact::Forgot { run: RunId(2), what: Forget::All }]);
    assert_eq!(trial.commit(&[asked(5, 3, 7, 99)]), [Receipt::Duplicate]);
    assert_eq!(trial.commit(&[asked(6, 3, 8, 99)]), [Receipt::Known { run: RunId(2), same: false }]);
}

fn an_event_is_new_again_when_forgotten(trial: &mut Trial<'_>) {
    assert_eq!(trial.commit(&[asked(1, 1, 7, 10)]), [Receipt::Taken(RunId(1))]);
    assert_eq!(trial.commit(&[asked(2, 9, 7, 20)]), [Receipt::Known { run: RunId(1), same: true }]);
    // A clock that is wrong for a moment makes nothing new.
    assert_eq!(trial.commit(&[asked(3, 10, 8, 30)]), [Receipt::Known { run: RunId(1), same: false }]);
    trial.tidies(10);
    assert_eq!(trial.commit(&[asked(4, 10, 7, 30)]), [Receipt::Known { run: RunId(1), same: true }]);
    trial.tidies(11);
    assert_eq!(trial.commit(&[asked(5, 9, 8, 30)]), [Receipt::Taken(RunId(2))]);
    assert_eq!(trial.commit(&[asked(6, 11, 8, 40)]), [Receipt::Known { run: RunId(2), same: true }]);
}

fn what_comes_again_and_again_is_remembered_as_long_as_it_comes(trial: &mut Trial<'_>) {
    let days = |days: i64| days * 24 * 3_600_000_000;
    // Events and records, whose memory ends at day 90; seen again on day 20 they are not written down, and on day 40 they are.
    let event = |message, at| asked(message, days(at), 7, days(at + 90));
    let record = |message, at| {
        let seen = Seen { scope: "in.poll".into(), key: "10".into(), print: Some([7; 32]), held: None, until: Moment(days(at + 90)) };
        Fact::Took(Box::new(Took { at: Moment(days(at)), ..took(message, Some(seen)) }))
    };
    assert_eq!(trial.commit(&[event(1, 0), record(2, 0)]), [Receipt::Taken(RunId(1)), Receipt::Taken(RunId(2))]);
    let known = [Receipt::Known { run: RunId(1), same: true }, Receipt::Duplicate];
    for (n, at) in [(3, 20), (5, 40), (7, 120), (9, 200)] {
        assert_eq!(trial.commit(&[event(n, at), record(n + 1, at)]), known, "on day {at}");
        trial.tidies(days(at));
    }
    trial.tidies(days(291));
    assert_eq!(trial.commit(&[event(11, 291), record(12, 291)]), [Receipt::Taken(RunId(3)), Receipt::Taken(RunId(4))], "91 days later");
}

fn what_came_beside_is_kept(trial: &mut Trial<'_>) {
    let beside: std::sync::Arc<[u8]> = b"{\"query\":{\"a\":\"1\"}}".as_slice().into();
    trial.commit(&[Fact::Took(Box::new(Took { beside: Some(beside.clone()), ..took(1, None) })), plain(2)]);
    assert_eq!(trial.file(1).message.beside, Some(beside));
    assert_eq!(trial.file(2).message.beside, None);
}

fn a_record_is_taken_again_when_it_changed(trial: &mut Trial<'_>) {
    let receipts = trial.commit(&[seen(1, "a", Some(1)), seen(2, "a", Some(1)), seen(3, "a", Some(2)), seen(4, "a", Some(1))]);
    assert_eq!(receipts, [Receipt::Taken(RunId(1)), Receipt::Duplicate, Receipt::Taken(RunId(2)), Receipt::Taken(RunId(3))]);
    assert_eq!(trial.commit(&[seen(5, "a", Some(1))]), [Receipt::Duplicate]);
}

/// A listing of changes that has two states of a record, and is read again and again.
fn an_earlier_state_that_was_taken_comes_again_and_is_known(trial: &mut Trial<'_>) {
    let state = |message: u128, version: Option<&str>, body: &str| {
        let print = Some([body.len() as u8; 32]);
        let seen = Seen { scope: "in.poll".into(), key: "10".into(), print, held: None, until: Moment(99) };
        Fact::Took(Box::new(Took { version: version.map(Into::into), body: body.as_bytes().into(), ..took(message, Some(seen)) }))
    };
    let page = |n: u128| [state(n, Some("9"), "1"), state(n + 1, Some("10"), "12")];
    assert_eq!(trial.commit(&page(1)), [Receipt::Taken(RunId(1)), Receipt::Taken(RunId(2))]);
    assert_eq!(trial.commit(&page(3)), [Receipt::Duplicate, Receipt::Duplicate]);
    // Newest first.
    let [older, newer] = page(5);
    assert_eq!(trial.commit(&[newer, older]), [Receipt::Duplicate, Receipt::Duplicate]);
    // What was never taken is, whatever its version; behind it the others are known all the same.
    let others = [state(7, Some("9"), "123"), state(8, Some("10"), "1234"), state(9, Some("8"), "12345")];
    assert_eq!(trial.commit(&others), [3, 4, 5].map(|run| Receipt::Taken(RunId(run))));
    assert_eq!(trial.commit(&page(10)), [Receipt::Duplicate, Receipt::Duplicate]);
    // As long as their bodies are kept: another one may have the version that a state had which nobody remembers.
    let over = |run| Fact::Ended { run: RunId(run), ending: Ending::Done, at: Moment(2) };
    trial.commit(&[1, 2].map(over));
    trial.commit(&[1, 2].map(|run| Fact::Forgot { run: RunId(run), what: Forget::Bodies }));
    assert_eq!(trial.commit(&page(20)), [6, 7].map(|run| Receipt::Taken(RunId(run))));
    // Within one version, and without one, a record may go back to what it was.
    let back =
        [state(12, Some("8"), "1"), state(13, Some("8"), "12345"), state(14, None, "1"), state(15, None, "12"), state(16, None, "1")];
    assert_eq!(trial.commit(&back), [8, 9, 10, 11, 12].map(|run| Receipt::Taken(RunId(run))));
}

fn a_message_that_cannot_be_used_is_over(trial: &mut Trial<'_>) {
    let fact = Fact::Took(Box::new(Took { fault: Some(failure()), ..took(1, None) }));
    assert_eq!(trial.commit(&[fact]), [Receipt::Taken(RunId(1))]);
    assert!(trial.file(1).over);
    assert_eq!(trial.file(1).stopped, Some(("source".into(), &PROBE)));
    assert!(trial.store().active("in", RunId(0), 9).is_ok_and(|runs| runs.is_empty()));
}

fn a_source_keeps_its_cursor(trial: &mut Trial<'_>) {
    let moved = |cursor: Option<&[u8]>, due| {
        Fact::Moved(Moved { source: "in.poll".into(), cursor: cursor.map(Into::into), due: Moment(due), at: Moment(1) })
    };
    trial.commit(&[moved(Some(b"\"2026\""), 5)]);
    trial.commit(&[moved(None, 8)]);
    let sources = trial.store().opening().expect("the disk is well").sources;
    assert_eq!((sources[0].cursor.as_deref(), sources[0].due), (Some(b"\"2026\"".as_slice()), Moment(8)));
}

fn what_an_older_life_had_started_is_torn(trial: &mut Trial<'_>) {
    let boot = trial.store().opening().expect("the disk is well").boot;
    trial.commit(&[plain(1), Fact::Started { effect: key(1, "charge", Way::Do), boot, generation: 2, of_item: Some([6; 32]) }]);
    let opening = trial.store().opening().expect("the disk is well");
    assert_eq!((opening.boot, opening.torn.len()), (boot + 1, 1));
    let torn = &opening.torn[0];
    assert_eq!((&*torn.queue, torn.state.generation, torn.state.of_item), ("in.charge", 2, Some([6; 32])));
    assert_eq!(opening.backlog.len(), 1);
}

fn a_life_that_ended_with_nothing_on_its_way_has_rested(trial: &mut Trial<'_>) {
    trial.store().opening().expect("the disk is well");
    let cut_off = trial.store().opening().expect("the disk is well");
    trial.commit(&[Fact::Rested { boot: cut_off.boot }]);
    let rested = trial.store().opening().expect("the disk is well").rested;
    let not_again = trial.store().opening().expect("the disk is well").rested;
    assert_eq!((cut_off.rested, rested, not_again), (false, true, false));
}

fn where_a_life_was_cut_off_is_remembered_until_the_next(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2)]);
    let before = trial.store().opening().expect("the disk is well");
    assert_eq!((before.cut_off, before.last_run), (None, RunId(2)));
    let cut_off = |at, upto| CutOff { at: Moment(at), upto: RunId(upto) };
    trial.commit(&[Fact::CutOff(cut_off(70, 1)), Fact::CutOff(cut_off(90, 2)), Fact::Rested { boot: before.boot }]);
    trial.commit(&[Fact::SetBack { by: std::time::Duration::from_micros(45) }]);
    let after = trial.store().opening().expect("the disk is well");
    assert_eq!((after.cut_off, after.rested), (Some(cut_off(45, 2)), true));
}

fn only_a_parked_run_is_due(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), owed(1, 5, None), owed(2, 4, None), owed(3, 3, None), parked(1), parked(2)]);
    assert_eq!(trial.due(4, 9), (vec![2], Some(Moment(5))));
    assert_eq!(trial.due(9, 1), (vec![2], Some(Moment(5))));
    assert_eq!(trial.due(9, 9), (vec![2, 1], None));
    trial.commit(&[Fact::Parked { run: RunId(2), parked: false }]);
    assert_eq!(trial.due(9, 9), (vec![1], None));
}

fn what_is_due_is_read_on_from_where_it_was_left(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), owed(3, 4, None), owed(1, 5, None), owed(2, 5, None), parked(1), parked(2), parked(3)]);
    let (first, next) = trial.due_from(Turn::first_of(Moment(0)), 9, 2);
    assert_eq!((first, next), (vec![3, 1], Some(Turn { due: Moment(5), run: RunId(2) })));
    assert_eq!(trial.due_from(Turn { due: Moment(5), run: RunId(2) }, 9, 2), (vec![2], None));
    assert_eq!(trial.due_from(Turn::first_of(Moment(5)), 9, 9), (vec![1, 2], None));
}

fn large_bodies_come_a_few_at_a_time(trial: &mut Trial<'_>) {
    let body: Arc<[u8]> = vec![b' '; FILES_BYTES_MOST / 2].into();
    for run in 1..=4 {
        trial.commit(&[Fact::Took(Box::new(Took { body: body.clone(), ..took(run, None) }))]);
    }
    two_come_at_a_time(trial);
}

fn large_answers_come_a_few_at_a_time(trial: &mut Trial<'_>) {
    let answer: Arc<[u8]> = vec![b' '; FILES_BYTES_MOST / 2].into();
    for run in 1..=4 {
        let answered = settled(key(run, "look", Way::Do), state(Phase::Done(Some(answer.clone())), None));
        trial.commit(&[plain(run.unsigned_abs().into()), answered]);
    }
    two_come_at_a_time(trial);
}

/// Of four runs, each of half of what comes at once.
fn two_come_at_a_time(trial: &mut Trial<'_>) {
    let runs = trial.store().active("in", RunId(0), 9).expect("the disk is well");
    assert_eq!(runs.len(), 2);
    trial.commit(&[owed(1, 1, None), owed(2, 2, None), owed(3, 3, None), parked(1), parked(2), parked(3)]);
    assert_eq!(trial.due(9, 9), (vec![1, 2], Some(Moment(3))));
}

fn whoever_shares_a_glue_comes_along(trial: &mut Trial<'_>) {
    let item = |run| settled(EffectKey { item: "1".into(), ..key(run, "crm", Way::Do) }, state(Phase::Owed { due: Moment(80) }, Some(8)));
    trial.commit(&[plain(1), plain(2), plain(3), plain(4), plain(5)]);
    trial.commit(&[owed(1, 5, Some(7)), owed(2, 50, Some(7)), owed(3, 50, None), owed(4, 6, Some(7)), item(2), item(5)]);
    trial.commit(&[parked(1), parked(2), parked(3), parked(5)]);
    // 4 is active, whoever works on it has it; 5 shares with 2 what 2 does not share with 1.
    assert_eq!(trial.due(9, 1), (vec![1, 2, 5], Some(Moment(50))));
}

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

fn done(run: i64) -> Fact {
    Fact::Ended { run: RunId(run), ending: Ending::Done, at: Moment(3) }
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

fn a_clock_that_is_set_back_holds_nobody(trial: &mut Trial<'_>) {
    let mut hold = Hold { since: Moment(100), until: None, by: "ann".into(), because: "quiet".into() };
    hold.let_go(Moment(200));
    let row = GateRow { hold: Some(hold), ..GateRow::closed("crm".into(), Moment(1)) };
    trial.commit(&[Fact::Gated(row), Fact::SetBack { by: Duration::from_micros(150) }]);
    let gates = trial.store().opening().expect("the disk is well").gates;
    let hold = gates[0].hold.as_ref().expect("it is known");
    assert_eq!((hold.since, hold.until, hold.holds(Moment(60))), (Moment(-50), Some(Moment(50)), false));
}

fn a_clock_that_is_set_back_makes_no_day_longer(trial: &mut Trial<'_>) {
    let row = GateRow { spent: Some(Spent { until: Moment(190), calls: 7 }), ..GateRow::closed("crm".into(), Moment(100)) };
    trial.commit(&[Fact::Gated(row), Fact::SetBack { by: Duration::from_micros(150) }]);
    let gates = trial.store().opening().expect("the disk is well").gates;
    assert_eq!(gates[0].spent, Some(Spent { until: Moment(40), calls: 7 }));
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

fn what_is_told_of_a_message(trial: &mut Trial<'_>) {
    let about = |message, about| Fact::Took(Box::new(Took { about: Some(about), ..took(message, None) }));
    let receipts = trial.commit(&[seen(1, "a", None), about(2, 1), seen(3, "a", None), about(4, 3)]);
    assert_eq!(receipts, [Receipt::Taken(RunId(1)), Receipt::Taken(RunId(2)), Receipt::Duplicate, Receipt::Duplicate]);
    assert_eq!(trial.commit(&[about(5, 2), about(6, 99)]), [Receipt::Taken(RunId(3)), Receipt::Duplicate]);
}

fn a_message_is_found_by_its_id(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), stopped(1, StopKind::Dead), done(2), stopped(3, StopKind::Uncertain)]);
    let mut letter = |message| {
        let letter = trial.store().letter(message).expect("the disk is well");
        letter.map(|letter| (letter.file.run.0, letter.stopped, letter.overtaken))
    };
    assert_eq!((letter(1), letter(2)), (Some((1, true, true)), Some((2, false, false))));
    assert_eq!((letter(3), letter(4)), (Some((3, true, false)), None));
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

fn a_clock_that_was_set_back(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), owed(1, 50, None), parked(1)]);
    assert_eq!(trial.store().opening().expect("the disk is well").latest, Moment(1));
    trial.commit(&[Fact::SetBack { by: std::time::Duration::from_micros(45) }]);
    assert_eq!(trial.due(5, 9), (vec![1], None));
    assert_eq!(trial.store().opening().expect("the disk is well").latest, Moment(0));
}

fn the_last_print_counts(trial: &mut Trial<'_>) {
    let sent = |byte| Fact::Sent { scope: "sent:in.crm".into(), key: "10".into(), print: [byte; 32], until: Moment(9) };
    trial.commit(&[sent(1)]);
    trial.commit(&[sent(2)]);
    let keys = [("sent:in.crm".into(), "10".into()), ("sent:in.crm".into(), "11".into())];
    assert_eq!(trial.store().sent(&keys), Ok(vec![Some([2; 32]), None]));
}

fn a_closed_gate_is_not_told(trial: &mut Trial<'_>) {
    let gate = |system: &str, breaker| GateRow { breaker, ..GateRow::closed(system.into(), Moment(1)) };
    let open = gate("crm", Breaker::Open { until: Moment(9) });
    trial.commit(&[Fact::Gated(gate("erp", Breaker::HalfOpen)), Fact::Gated(open.clone())]);
    trial.commit(&[Fact::Gated(gate("erp", Breaker::Closed))]);
    assert_eq!(trial.store().opening().expect("the disk is well").gates, [open]);
}

fn a_person_s_word_is_kept(trial: &mut Trial<'_>) {
    let hold = Hold { since: Moment(4), until: Some(Moment(9)), by: "ann".into(), because: "month-end".into() };
    let crm = GateRow { hold: Some(hold.clone()), ..GateRow::closed("crm".into(), Moment(1)) };
    let flow = GateRow { hold: Some(Hold { until: None, ..hold }), ..GateRow::closed(GateRow::of_flow("in"), Moment(4)) };
    let erp = GateRow { spent: Some(Spent { until: Moment(90), calls: 7 }), ..GateRow::closed("erp".into(), Moment(1)) };
    trial.commit(&[crm.clone(), erp.clone(), flow.clone()].map(Fact::Gated));
    assert_eq!(trial.store().opening().expect("the disk is well").gates, [crm, erp, flow.clone()]);
    trial.commit(&[Fact::Gated(GateRow { hold: None, ..flow })]);
    assert_eq!(trial.store().opening().expect("the disk is well").gates.len(), 2);
}

fn lanes_come_in_the_order_of_their_runs(trial: &mut Trial<'_>) {
    trial.commit(&[plain(1), plain(2), plain(3), owed(2, 1, None), owed(1, 2, None), owed(3, 3, None), parked(2), parked(1)]);
    let opening = trial.store().opening().expect("the disk is well");
    assert_eq!(opening.lanes.iter().map(|lane| (lane.effect.run.0, lane.lane)).collect::<Vec<_>>(), [(1, 5), (2, 5)]);
    assert_eq!(opening.queues, [("in.crm".into(), Moment(1))]);
}
