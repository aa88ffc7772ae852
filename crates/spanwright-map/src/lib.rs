//! Floor 1: the mapping language. Knows [`spanwright_shape::value::Value`] and shapes; no XML, XSD or OpenAPI.
//!
//! A total, typed subset of jq: what is accepted gives the answer of jq 1.8.2, exact numbers apart, and less is
//! accepted. [`Program`] is one expression, [`Mapping`] a table of target fields.
//!
//! Architecture invariant: evaluation is a function of its input. No clock, no randomness, no file, no environment.

mod mapping;
mod program;

pub use mapping::{Lineage, MapContext, Mapping};
pub use program::{Count, Env, Fault, Gives, Program, Scope};
