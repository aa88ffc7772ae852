//! One binary for what is tested from outside: the language against jq, mappings, what is refused, totality.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_types)] // a floor reads no file; its tests read theirs

mod jq;
mod maps;
