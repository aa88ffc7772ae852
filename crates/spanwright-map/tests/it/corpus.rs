//! The corpus of the fuzz targets, run once more on every machine: what the fuzzers reached stays reached, and holds.

use std::{fs, path::PathBuf};

#[path = "../../../../fuzz/promises/map.rs"]
mod promises;

/// Fewest inputs that a corpus has: an empty one would show nothing.
const INPUTS_LEAST: usize = 50;

fn of_each(target: &str, holds: fn(&str)) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        // A target is given the text of an input, up to where it is none.
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(fault) => std::str::from_utf8(&bytes[..fault.valid_up_to()]).unwrap(),
        };
        holds(text);
        inputs += 1;
    }
    assert!(inputs >= INPUTS_LEAST, "{inputs} inputs in {}", folder.display());
}

#[test]
fn every_text_of_the_corpus_is_read_or_refused_with_a_place() {
    of_each("map_parser", promises::parser);
}

#[test]
fn every_program_of_the_corpus_runs_to_its_end() {
    of_each("map_evaluator", promises::evaluator);
}
