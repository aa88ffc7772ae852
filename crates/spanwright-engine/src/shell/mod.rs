//! The shell around the desk: what the desk commands is done here, and what comes of it goes back as events.
//!
//! One thread, the [`clerk`], asks the desk. The journal has a thread ([`crate::keep::Writer`]), evaluation has the
//! [`workers`], the sockets have a small tokio runtime, lines have the log's thread. Nobody waits for another but by a
//! message, and each queue between them is bounded by what the desk has in hand.
//!
//! What always holds: an event comes back for each command; what is not in the journal did not happen; a process that
//! is killed at any moment and started again goes on.

mod clerk;
mod disk;
mod exchange;
mod over;
mod readers;
mod running;
mod signals;
mod start;
mod state;
mod workers;

pub use over::{PERSON_PATIENCE, STOP_TIME_MOST, Why};
pub use running::{Ended, Running};
pub use start::{Engine, Rebuild, Start, StartFault, StorePlace, set_back};
pub use state::State;

pub(crate) use clerk::Inbox;
pub(crate) use disk::Disk;
pub(crate) use workers::{Hands, Rank, guarded};
