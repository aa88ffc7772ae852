//! What comes in: once, with its key, its state and what stands beside it.

use spanwright_core::fact::{Ending, Fact, Forget, Moment, Moved, Receipt, RunId, Seen, StopKind, Took};

use super::{Case, Trial, done, failure, plain, seen, stopped, took};
use crate::conformance::PROBE;

pub(super) const CASES: &[Case] = &[
    ("an event is taken once", an_event_is_taken_once),
    ("an event that comes again is told in which run it is, and whether it held the same", an_event_that_comes_again_is_told),
    ("an event is new again when it is forgotten, whatever the time is when it comes", an_event_is_new_again_when_forgotten),
    ("what comes again and again is remembered as long as it comes", what_comes_again_and_again_is_remembered_as_long_as_it_comes),
    ("what came beside a body is kept with it", what_came_beside_is_kept),
    ("a record is taken again when it changed", a_record_is_taken_again_when_it_changed),
    ("an earlier state that was taken comes again, and is known", an_earlier_state_that_was_taken_comes_again_and_is_known),
    ("a message that cannot be used is over from the beginning", a_message_that_cannot_be_used_is_over),
    ("a source keeps its cursor until it gets another", a_source_keeps_its_cursor),
    ("what is told of a message is taken where that message is", what_is_told_of_a_message),
    ("a message is found by its id, and whether it may come back", a_message_is_found_by_its_id),
    ("the last print of a key is the one that counts", the_last_print_counts),
];

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

fn the_last_print_counts(trial: &mut Trial<'_>) {
    let sent = |byte| Fact::Sent { scope: "sent:in.crm".into(), key: "10".into(), print: [byte; 32], until: Moment(9) };
    trial.commit(&[sent(1)]);
    trial.commit(&[sent(2)]);
    let keys = [("sent:in.crm".into(), "10".into()), ("sent:in.crm".into(), "11".into())];
    assert_eq!(trial.store().sent(&keys), Ok(vec![Some([2; 32]), None]));
}
