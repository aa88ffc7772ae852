//! See `promises::evaluator`.
#![no_main]

#[allow(dead_code, missing_docs)]
#[path = "../promises/map.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| promises::evaluator(text));
