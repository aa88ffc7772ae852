//! What every store must answer, as one suite: scripted cases that say it in words, and random facts on which a store
//! must agree with the model in every question, across reopenings.
//!
//! A new store implements [`Stores`] for itself and calls [`run`].

use std::{fmt::Debug, ops::Range};

use spanwright_core::fact::{Fact, Moment, Opening, PlanBundle, Store, StoreFault};
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
            let mut both = Both { store: &mut *store, model: &mut model, differs: None };
            facts.reopened(both.ask("opening", |store| store.opening()));
            both.judged(seed, step, &[]);
        }
        let (plan, known, written) = (facts.plan(), facts.known_plan(), facts.some());
        let mut both = Both { store: &mut *store, model: &mut model, differs: None };
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
        both.judged(seed, step, &written);
    }
}

/// Random commits of every kind of fact, for a store that has [`prepared`]; a function of the seed.
pub fn history(seed: u64, commits: usize) -> Vec<Vec<Fact>> {
    let (mut facts, mut model) = (Facts::from(seed), ModelStore::new());
    facts.reopened(prepared(&mut model));
    let mut one = || {
        let written = facts.some();
        facts.learn(&model.commit(&written).expect("the model has no disk to fail"));
        written
    };
    (0..commits).map(|_| one()).collect()
}

/// What a store has before a [`history`]: its plans, and a life.
///
/// # Panics
/// Where it fails.
pub fn prepared(store: &mut dyn Store) -> Opening {
    for which in 0..3 {
        let plan = PlanBundle { hash: [which; 32], bundle: vec![which; 5].into(), language: u32::from(which) };
        store.plan(&plan).expect("it keeps its plans");
    }
    store.opening().expect("it opens")
}

/// What a store that came back after so many commits of a history, and of nothing else, answers otherwise than the model.
pub fn differs_behind(store: &mut dyn Store, history: &[Vec<Fact>]) -> Option<String> {
    let (mut facts, mut model) = (Facts::from(0), ModelStore::new());
    facts.reopened(prepared(&mut model));
    for written in history {
        facts.ids.extend(written.iter().filter_map(message_of));
        facts.learn(&model.commit(written).expect("the model has no disk to fail"));
    }
    model.fold();
    let mut both = Both { store, model: &mut model, differs: None };
    both.ask("opening", |store| store.opening());
    questions::ask_all(&mut both, &mut facts);
    both.differs
}

fn message_of(fact: &Fact) -> Option<u128> {
    match fact {
        Fact::Took(took) => Some(took.message),
        Fact::Resent(resent) => Some(resent.took.message),
        _ => None,
    }
}

/// A store and the model, which must say the same.
struct Both<'s> {
    store: &'s mut dyn Store,
    model: &'s mut ModelStore,
    /// The first answer that differs.
    differs: Option<String>,
}

impl Both<'_> {
    fn ask<T: PartialEq + Debug>(&mut self, question: &str, ask: impl Fn(&mut dyn Store) -> Result<T, StoreFault>) -> T {
        let (answer, expected) = (ask(self.store), ask(self.model));
        if answer != expected {
            self.differs.get_or_insert_with(|| format!("{question}\nthe store says {answer:#?}\nthe model says {expected:#?}"));
        }
        expected.expect("the model has no disk to fail")
    }

    fn judged(&self, seed: u64, step: usize, written: &[Fact]) {
        assert!(self.differs.is_none(), "seed {seed}, step {step}, after {written:#?}: {}", self.differs.as_deref().unwrap_or_default());
    }
}
