//! What the engine is killed in front of: somebody who brings messages, a till that is asked, and a judge who believes nobody.
//!
//! [`Senders`] bring messages over HTTP and write down what they were told; [`Till`] does what it is asked once a key, and its
//! ledger is on the disk before it answers; [`judge()`] reads both and the tables of the journal, and says which of the
//! invariants is broken. The project between them is [`PROJECT`]: messages over HTTP, a poll with a cursor, and calls that are undone.

mod judge;
mod senders;
mod till;

pub use judge::{Case, Judged, judge, kept_so_far, over_and_open};
pub use senders::{Senders, SendersSettings, Sent};
pub use till::{Till, TillSettings};

/// The files of the project: their paths and texts. Its variables are `ADDRESS`, where it listens, and `TILL_URL`.
pub const PROJECT: [(&str, &str); 6] = [
    ("spanwright.yaml", include_str!("project/spanwright.yaml")),
    ("systems/till.yaml", include_str!("project/till.yaml")),
    ("schemas/till.openapi.yaml", include_str!("project/till.openapi.yaml")),
    ("flows/orders.yaml", include_str!("project/orders.yaml")),
    ("flows/pairs.yaml", include_str!("project/pairs.yaml")),
    ("flows/changes.yaml", include_str!("project/changes.yaml")),
];

/// Of the pairs, the till refuses each so manieth for good.
pub const REFUSED_EACH: u64 = 10;
