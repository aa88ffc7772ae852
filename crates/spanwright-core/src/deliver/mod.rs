//! What follows from an outcome, and when a system is left alone.

mod circuit;
mod decide;
mod gate;
mod hours;
mod left_alone;
mod line;
mod pace;

pub use circuit::{Circuit, WINDOW_MOST};
pub use decide::{BACKOFF_LEAST, Next, Tries, decide};
pub use gate::{CREDENTIALS_WAIT_MOST, Credentials, Departure, Gate, GateChange, Goes, HoldReason, Pass};
pub use hours::{Hours, closed_until, never_opens};
pub use left_alone::LeftAlone;
pub use line::Lines;
pub use pace::{Pace, RETRY_BUDGET_MOST};
