//! What follows from an outcome, and when a system is left alone.

mod decide;
mod gate;

pub use decide::{Next, Tries, decide};
pub use gate::{CREDENTIALS_WAIT_MOST, Credentials, Gate, GateChange, HoldReason, Pass};
