//! The journal against the model, and against bad days.

#![allow(clippy::unwrap_used)]

use spanwright_core::fact::{
    EffectKey, EffectState, Ending, Fact, Forget, Moment, Phase, PlanId, Root, RunId, Seen, Settled, StopKind, Stopped, Store, Took, Way,
    no_item,
};
use spanwright_lab::conformance::{self, Stores};
use tempfile::TempDir;

use super::{Keep, Look};

mod bad_days;
mod damaged_log;
#[cfg(target_os = "linux")]
mod power;

/// Journals, each in a folder of its own.
struct Keeps {
    folder: TempDir,
}

impl Stores for Keeps {
    fn fresh(&mut self) -> Box<dyn Store> {
        self.folder = in_memory();
        self.open()
    }

    fn reopened(&mut self, store: Box<dyn Store>) -> Box<dyn Store> {
        drop(store);
        self.open()
    }
}

impl Keeps {
    fn open(&self) -> Box<dyn Store> {
        Box::new(Keep::open(&self.folder.path().join("journal.db"), conformance::code_of).unwrap())
    }
}

/// A folder on a file system in memory, where there is one: what is compared here is answers, not what a disk keeps.
pub fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

#[test]
fn it_answers_as_the_model_does() {
    conformance::run(&mut Keeps { folder: in_memory() }, 0..120);
}

/// A message with a body of so many bytes.
pub fn took(n: u128, bytes: usize) -> Fact {
    let key = format!("C{n}");
    Fact::Took(Box::new(Took {
        message: n,
        source: "in.poll".into(),
        correlation: key.as_str().into(),
        at: Moment(1),
        key: None,
        version: None,
        body: vec![b'x'; bytes].into(),
        beside: None,
        flow: "in".into(),
        root: Root(n),
        plan: PlanId(1),
        seen: Some(Seen { scope: "in.poll".into(), key: key.into(), print: None, held: None, until: Moment(9) }),
        about: None,
        fault: None,
    }))
}

/// Of a call that is asked until it is ready, of what was undone and is done again, of what was asked anew: only what counts is there.
#[test]
fn an_answer_goes_with_the_state_whose_place_another_one_takes() {
    let folder = in_memory();
    let path = folder.path().join("journal.db");
    let mut keep = Keep::open(&path, conformance::code_of).unwrap();
    let bodies = |keep: &Keep| keep.connection.query_row("SELECT count(*) FROM body", [], |row| row.get::<_, i64>(0)).unwrap();
    let settled = |way, phase| {
        let effect = EffectKey { run: RunId(1), node: "job".into(), item: no_item(), way };
        let state = EffectState::new(phase);
        Fact::Settled(Box::new(Settled { effect, state, queue: "in.job".into(), lane: 0, attempt: None, at: Moment(2) }))
    };
    let done = |answer: &str| Phase::Done(Some(answer.as_bytes().into()));
    keep.commit(&[took(1, 3)]).unwrap();
    for (fact, expected) in [
        (settled(Way::Do, done("1")), 2),
        (settled(Way::Do, Phase::Owed { due: Moment(3) }), 1),
        (settled(Way::Do, done("2")), 2),
        (settled(Way::Do, done("3")), 2),
        (settled(Way::Ask, done("4")), 3),
        (settled(Way::Ask, done("5")), 3),
        (settled(Way::Undo, done("6")), 4),
    ] {
        keep.commit(&[fact]).unwrap();
        assert_eq!(bodies(&keep), expected);
    }
    let failure = spanwright_shape::text::Failure::new(&spanwright_core::codes::TORN, "the test said so");
    let stopped = Stopped { kind: StopKind::Dead, node: "job".into(), failure, undone: true };
    let ended = |ending| Fact::Ended { run: RunId(1), ending, at: Moment(4) };
    let again = Fact::Reopened { run: RunId(1), plan: PlanId(1), at: Moment(5), by: "ann".into(), over_newer: true, apart: false };
    keep.commit(&[ended(Ending::Stopped(stopped)), again]).unwrap();
    assert_eq!(bodies(&keep), 2, "that of the question stays until it is asked anew");
    keep.commit(&[settled(Way::Do, done("7")), ended(Ending::Done)]).unwrap();
    assert_eq!(bodies(&keep), 3);
    assert_eq!(Look::open(&path, conformance::code_of).unwrap().verify().unwrap().faults, [""; 0]);
    keep.commit(&[Fact::Forgot { run: RunId(1), what: Forget::All }]).unwrap();
    assert_eq!(bodies(&keep), 0);
}
