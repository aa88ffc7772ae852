//! Floor 1: the mapping language. Knows [`spanwright_shape::value::Value`] and shapes; no XML, XSD or OpenAPI.
//!
//! A total, typed subset of jq: what is accepted gives the answer of jq 1.8.2, exact numbers apart, and less is
//! accepted. [`Program`] is one expression, [`Mapping`] a table of target fields.
//!
//! The way of an expression: [`syntax`] reads text into a tree, [`lower`] gives its names a meaning, [`check`] says
//! what it gives, reads and cannot do, [`run`] evaluates it in the arena of one record.
//!
//! Architecture invariant: evaluation is a function of its input, and it ends. No clock, no randomness, no file, no
//! environment; steps and bytes are counted inside functions too.

// What clippy.toml forbids holds for the floor itself; its tests may read their case files.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod check;
pub mod codes;
pub mod functions;
mod lower;
mod mapping;
mod op;
mod program;
mod run;
mod syntax;

pub use mapping::{Fork, Lineage, MapContext, Mapping, NoMaps, OtherMap, OtherMaps, Residue, Watch};
pub use program::{Count, Env, Fault, Gives, Program, Scope};
pub use run::{BYTES_MOST, STEPS_MOST};
pub use syntax::{EXPRESSION_BYTES_MOST, EXPRESSION_DEPTH_MOST, EXPRESSION_LINKS_MOST, refused};
