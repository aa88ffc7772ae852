//! Text with places: what a user wrote, where it stands, and what is wrong with it.

mod bundle;
mod node;
mod problem;

pub use bundle::{Bundle, FileId, Span};
pub use node::{Node, NodeKind, Plain, Scalar, Style};
pub use problem::{Code, Failure, Problem, Problems, Weight};
