//! GraphQL: a pinned schema, and documents proved against it.
//!
//! A schema is SDL or the answer to an introspection query; both become one [`Schema`]. A document is one operation
//! with its fragments: [`Operation::check`] proves it by the rules that servers refuse requests by (GraphQL, October
//! 2021, section 5), and says what it takes and gives as shapes. So a field that is renamed is told by `check` and
//! not by a customer.

pub mod codes;
mod introspection;
mod literal;
mod operation;
mod place;
mod schema;
mod select;
#[cfg(test)]
mod tests;

pub use introspection::QUERY as INTROSPECTION_QUERY;
pub use operation::Operation;
pub use schema::{Kind, Schema, Type};
