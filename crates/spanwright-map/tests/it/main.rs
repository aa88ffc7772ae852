//! One binary for what is tested from outside: the language against jq, mappings against golden files, totality.
#![allow(clippy::unwrap_used)]

mod jq;
