//! A run: one message on its way through one flow.
//!
//! [`advance`] says what it owes; [`intake`] says what a page of a source holds. Both are pure.

mod advance;
pub mod head;
pub mod intake;
pub mod pages;
mod preview;
mod scene;
mod times;

pub(crate) use advance::ending_of;
pub use advance::{Advance, AdvanceJob, Input, Known, KnownEffect, Owed, Passed, Replied, Then, Want, advance, advance_watched};
pub use intake::Arrival;
pub use preview::preview;
pub use scene::message_id;
pub use times::{compare, moment, rfc3339};
