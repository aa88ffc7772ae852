//! One binary for what is tested from outside: the language against jq, mappings, what is refused, totality.
#![allow(clippy::unwrap_used)]

mod jq;
