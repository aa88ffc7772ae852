//! Floor 0: text with places, values with exact numbers, shapes, and the formats that lower into them.
//!
//! Nobody above this floor sees XSD, JSON Schema or the YAML crate: schemas become a [`shape::Shape`],
//! documents become a [`value::Value`], and what a user wrote wrong becomes a [`text::Problem`] with a place.
//!
//! Architecture invariant: no clock, no randomness, no file and no socket. All bytes are handed in.

// What clippy.toml forbids holds for the floor itself; its tests may read their case files.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod codes;
pub mod csv;
pub mod graphql;
pub mod json;
pub mod jsonschema;
pub mod number;
pub mod room;
pub mod shape;
pub mod text;
pub mod value;
pub mod wsdl;
pub mod xml;
pub mod xsd;
