//! Floor 2: plan, run, desk. What a message owes, and what follows from an answer.
//!
//! Two pure functions and one desk: [`run::advance`] says what a run owes, [`deliver::decide`] what follows from an
//! outcome, and the [`desk::Desk`] queues, gates and batches. Everything else is a value handed in.
//!
//! Architecture invariant: no clock, no randomness, no task, no file, no socket, no format and no schema language.

// What clippy.toml forbids holds for the floor itself; its tests may read their case files.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod alert;
pub mod codes;
pub mod connector;
pub mod deliver;
pub mod deploy;
pub mod desk;
pub mod door;
pub mod fact;
pub mod interface;
pub mod may;
pub mod plan;
pub mod project;
pub mod run;
pub mod schedule;
pub mod settings;
