//! Text with places: what a user wrote, where it stands, and what is wrong with it.

mod bundle;
pub mod codes;
pub mod form;
mod near;
mod node;
mod problem;
pub mod render;
mod time;
pub mod yaml;

pub use bundle::{Bundle, FileId, Span};
pub use near::{did_you_mean, near};
pub use node::{Node, NodeKind, Plain, Scalar, Style};
pub use problem::{Code, Failure, Problem, Problems, Weight};
pub use time::time;
