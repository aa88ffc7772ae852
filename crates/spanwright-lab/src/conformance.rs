//! What every store must answer, as one suite: scripted cases that say it in words, and random facts on which a store
//! must agree with the model in every question, across reopenings.
//!
//! A new store implements [`Stores`] for itself and calls [`run`].

use std::{fmt::Debug, ops::Range};

use spanwright_core::fact::{Fact, Moment, Store, StoreFault};
use spanwright_shape::text::Code;

mod facts;
mod questions;
mod scripted;
mod seed;
#[cfg(test)]
mod tests;

use facts::Facts;

use crate::model::ModelStore;

/// Facts in one random life of a store.
const COMMITS_A_SEED: usize = 24;

/// How the suite gets at the stores it tries.
pub trait Stores {
    /// A new, empty one.
    fn fresh(&mut self) -> Box<dyn Store>;

    /// The same one after its process went and another came. `store` is closed first.
    fn reopened(&mut self, store: Box<dyn Store>) -> Box<dyn Store>;
}

static PROBE: Code = Code { id: "R0001", title: "a failure of the conformance suite", page: "" };
/// For which a batch does not go again as it went.
static OTHER: Code = Code { id: "R0045", title: "another failure of the conformance suite", page: "" };

/// The codes that the suite's facts fail with: hand this in where a store wants to know its codes.
pub fn code_of(id: &str) -> &'static Code {
    if id == OTHER.id { &OTHER } else { &PROBE }
}

/// Runs the scripted cases and these seeds.
///
/// # Panics
/// At the first answer that is wrong, with the case or the seed and both answers.
pub fn run(stores: &mut dyn Stores, seeds: Range<u64>) {
    scripted::run(stores);
    seeds.for_each(|seed| agrees_with_the_model(stores, seed));
}

/// Commits the same random facts to the store and to the model, and compares every answer.
///
/// # Panics
/// Where they differ.
pub fn agrees_with_the_model(stores: &mut dyn Stores, seed: u64) {
    let mut facts = Facts::from(seed);
    let (mut store, mut model) = (stores.fresh(), ModelStore::new());
    for step in 0..COMMITS_A_SEED {
        if facts.is_time_to_reopen() {
            store = stores.reopened(store);
            model.fold();
            let mut both = Both { store: &mut *store, model: &mut model, seed, step, written: &[] };
            facts.reopened(both.ask("opening", |store| store.opening()));
        }
        let (plan, known, written) = (facts.plan(), facts.known_plan(), facts.some());
        let mut both = Both { store: &mut *store, model: &mut model, seed, step, written: &written };
        both.ask("plan", |store| store.plan(&plan));
        both.ask("plan_bundle", |store| store.plan_bundle(known));
        facts.learn(&both.ask("commit", |store| store.commit(&written)));
        if facts.is_time_to_tidy() {
            // How much a store does at once is its own affair.
            both.ask("tidy", |store| {
                while store.tidy(Moment(25), Moment(25))? {}
                Ok::<(), StoreFault>(())
            });
        }
        questions::ask_all(&mut both, &mut facts);
    }
}

/// A store and the model, which must say the same.
struct Both<'s> {
    store: &'s mut dyn Store,
    model: &'s mut ModelStore,
    seed: u64,
    step: usize,
    written: &'s [Fact],
}

impl Debug for Both<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "seed {}, step {}, after {:#?}", self.seed, self.step, self.written)
    }
}

impl Both<'_> {
    fn ask<T: PartialEq + Debug>(&mut self, question: &str, ask: impl Fn(&mut dyn Store) -> Result<T, StoreFault>) -> T {
        let (answer, expected) = (ask(self.store), ask(self.model));
        assert!(answer == expected, "{self:#?}: {question}\nthe store says {answer:#?}\nthe model says {expected:#?}");
        expected.expect("the model has no disk to fail")
    }
}
