//! The journal against the model, and against bad days.

#![allow(clippy::unwrap_used)]

use spanwright_core::fact::{Fact, Moment, PlanId, Root, Seen, Store, Took};
use spanwright_lab::conformance::{self, Stores};
use tempfile::TempDir;

use super::Keep;

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
