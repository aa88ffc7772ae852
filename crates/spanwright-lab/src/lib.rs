//! Floor 4, beside the engine: stores and worlds made of plain values, for tests and simulation.
//!
//! [`model`] is a store in memory that can lose its power; [`conformance`] holds every other store to its answers;
//! [`sim`] plays seeds, [`suite`] the tests of a project.
//!
//! Architecture invariant: no clock, no file, no socket, no task. What is random comes from a seed.

// What clippy.toml forbids holds for the floor itself; its tests may read their case files.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod codes;
pub mod conformance;
pub mod model;
pub mod sim;
pub mod suite;
