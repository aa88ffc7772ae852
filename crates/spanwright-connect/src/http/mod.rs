//! What every system behind HTTP shares: what a status means, how long to wait, how an address is written.

pub mod answer;
pub mod elsewhere;
pub mod excerpt;
pub mod link;
pub(crate) mod outcomes;
pub mod retry_after;
pub mod status;
pub mod url;

/// What is said of an answer that came over another wire.
pub(crate) const NO_HTTP: &str = "what came is no answer of HTTP";
