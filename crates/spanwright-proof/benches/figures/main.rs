//! The figures of `docs/performance.md`: `cargo bench -p spanwright-proof -- [FIGURE [COUNT...]]`; all of them where none is named.
//!
//! One program, since linking takes longer than measuring; each figure is a file of its own.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::io;

use spanwright_proof::apart::be_the_world;

mod accept;
mod chain;
mod door;
mod folder;
mod large;
mod memory;
mod ours;
mod soap;
mod start;
mod throughput;

type Figures = fn(&[u64]) -> io::Result<()>;

const ALL: [(&str, Figures); 9] = [
    ("start", start::figures),
    ("chain", chain::figures),
    ("throughput", throughput::figures),
    ("memory", memory::figures),
    ("large", large::figures),
    ("accept", accept::figures),
    ("soap", soap::figures),
    ("door", door::figures),
    ("folder", folder::figures),
];

fn main() -> io::Result<()> {
    if be_the_world()? {
        return Ok(());
    }
    // cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let counts: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    for (name, figures) in ALL {
        if arguments.first().is_none_or(|wanted| wanted == name) {
            println!("== {name}");
            figures(&counts)?;
        }
    }
    Ok(())
}
