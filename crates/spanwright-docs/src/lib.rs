//! Floor 4, beside the engine and the lab: the documents of a project, made from the project that runs.
//!
//! The way: [`book`] gathers what there is to tell, out of the checked plan and the files that it was made from; `site`
//! lays it out as pages of a few kinds of blocks; `html` and `markdown` write the same pages twice, once to be opened
//! and printed, once to be read beside the code. Diagrams are drawn here, and written as Mermaid beside it.
//!
//! What always holds: the same project gives the same bytes; no page needs a script, a font or a network; no value of a
//! variable and no secret is in any of them, since a plan has none.
//!
//! Architecture invariant: no clock, no file, no socket, no task.

// What clippy.toml forbids holds for the floor itself; its tests may read their case files.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod book;
mod contract;
mod csv;
pub mod diagram;
mod facts;
mod html;
mod markdown;
mod page;
mod site;
mod tree;

pub use book::{Book, Example, Sources};
pub use facts::{FACTS_FILE, stale};
pub use site::site;
