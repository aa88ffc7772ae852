//! What a store must do, case by case, in the words of the vocabulary.

use std::time::Duration;

use spanwright_core::fact::{
    EffectKey, EffectState, Ending, ExchangeId, Exchanged, Fact, Moment, Phase, PlanId, Receipt, Root, RunFile, RunId, Seen, Settled,
    StopKind, Stopped, Store, Took, Turn, Way, no_item,
};
use spanwright_shape::text::Failure;

use super::{PROBE, Stores};

mod again;
mod forgetting;
mod lives;
mod taking;

/// One case: what it says, and the trial.
type Case = (&'static str, fn(&mut Trial<'_>));

const CASES: [&[Case]; 4] = [taking::CASES, lives::CASES, again::CASES, forgetting::CASES];

/// Runs every case on a store of its own, twice: as written, and with the store closed and opened before each answer.
pub fn run(stores: &mut dyn Stores) {
    for (_, case) in CASES.into_iter().flatten() {
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

fn done(run: i64) -> Fact {
    Fact::Ended { run: RunId(run), ending: Ending::Done, at: Moment(3) }
}
