//! What was heard of a request, whole or in pieces.

use std::{io::BufRead, ops::ControlFlow, sync::Arc};

use spanwright_shape::value::Value;

use super::{FilesHeard, QueueHeard};

/// What came back.
pub enum Heard<'h> {
    /// An HTTP answer; reading the body may fail where the connection was cut inside it.
    Http {
        /// The status code.
        status: u16,
        /// In order; names in lower case.
        headers: &'h [(Arc<str>, Vec<u8>)],
        /// The body, decoded of transfer and content coding.
        body: &'h mut dyn BufRead,
    },
    /// What came of something with a folder.
    Files(FilesHeard<'h>),
    /// What a broker said.
    Queue(QueueHeard<'h>),
    /// No answer.
    Broken {
        /// Whether the request can have been read.
        reached: Reached,
        /// What happened, in words.
        why: String,
    },
}

/// Whether a request reached the other side: a fact of the wire, counted in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Certainly not: no connection, or not one byte written.
    No,
    /// Some or all of it was written and no answer came.
    Maybe,
}

/// What to do with the answers of delivered calls.
pub enum Answers<'s> {
    /// Nobody wants them.
    Drop,
    /// Keep each as JSON bytes in its outcome.
    Keep,
    /// Show the decoded answer (of a poll: the page) while it lives.
    Show(&'s mut dyn FnMut(&Value<'_>)),
}

/// Where the pieces of an answer go.
pub type Show<'s> = &'s mut dyn FnMut(&Value<'_>, Part) -> ControlFlow<()>;

/// Shows an answer that is read whole as its own last piece.
pub fn whole(show: Show<'_>) -> impl FnMut(&Value<'_>) {
    move |answer| {
        let _ = show(answer, Part::Rest);
    }
}

/// What of an answer a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Some items of its list, in their order; what else is in it counts for nothing yet.
    Items,
    /// The answer without the items that were shown before; the last piece of one that was delivered.
    Rest,
}
