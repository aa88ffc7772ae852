//! Alerts: who is told that something stands still, when, how often, and that it is over.
//!
//! The idea: a cause *stands* or it does not, and the [`Book`] is told which. From that alone follows what is said: one
//! alert a cause and channel, the same again after a while, and one when it is over. So an outage of a thousand messages
//! is one alert with a count, and nobody has to guess whether it is still going on.
//!
//! What always holds: the book does nothing and has no clock; what was told is a row of the journal ([`AlertRow`]), so
//! that a restart neither says everything again nor forgets to say that something is over.

mod book;
mod cause;
mod notice;
mod severity;
mod silence;
mod step;

pub use book::{ALERT_CAUSES_MOST, Book, Due, Rule};
pub use cause::{AlertRow, Cause, CauseKind, QUARANTINED, Trouble};
pub use notice::{Notice, State};
pub use severity::Severity;
pub use silence::{Expect, FORMS as EXPECT_FORMS, Watch};
pub use step::{CHANNEL_SYSTEM, FIELDS_MOST, Said, TEXT_CHARS_MOST, Told};
