//! JSON bytes to [`crate::value::Value`] and back, exact numbers and key order kept.
//!
//! One pass over text that was proven UTF-8 once. Text without escapes borrows from the input, everything else lives
//! in the [`crate::room::Room`], so reading a record allocates nothing of its own. What always holds: a number comes
//! out digit for digit as it went in; a repeated key keeps its first place and its last value (as jq does); what
//! RFC 8259 does not allow is refused, but for a byte order mark at the start, which .NET
//! peers send and we skip.

mod difference;
mod node;
mod read;
mod write;

pub use difference::{DIFFERENCES_MOST, Difference, differences};
pub use node::write_node;
pub use read::read;
pub use write::{write, write_text};

/// Nesting that one document may have.
pub const JSON_DEPTH_MOST: usize = 128;

/// Why bytes are no JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// The byte at which reading stopped.
    pub at: usize,
    /// What was expected or wrong.
    pub says: &'static str,
}

#[cfg(test)]
mod tests;
