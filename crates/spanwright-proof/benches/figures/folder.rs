//! A folder of 200 flows and 10,000 mapped fields: how long `check`, `docs` and `test` of 5,000 cases take.
//!
//! `cargo build --release && cargo bench -p spanwright-proof -- folder`

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use spanwright_proof::folder;

use crate::start::binary;

const FLOWS: usize = 200;
const CASES_EACH: usize = 25;
/// Each is run so often, and the middle one counts.
const RUNS: usize = 5;

/// Measures and prints.
pub fn figures(_counts: &[u64]) -> io::Result<()> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    folder::write(folder.path(), FLOWS, CASES_EACH)?;
    println!("{FLOWS} flows, {} mapped fields, {} cases", FLOWS * folder::FIELDS, FLOWS * CASES_EACH);
    let out = folder.path().join("documents");
    let documents = ["docs", "--out", out.to_str().unwrap()];
    for (name, arguments, most) in [("check", &["check"][..], 1), ("docs", &documents, 3), ("test", &["test"], 5)] {
        let mut took: Vec<Duration> = (0..RUNS).map(|_| run(&binary()?, arguments, folder.path())).collect::<io::Result<_>>()?;
        took.sort();
        println!("{name}: {:.2} s in the middle of {RUNS} (at most {most} s are promised)", took[RUNS / 2].as_secs_f64());
        let _gone = std::fs::remove_dir_all(&out);
    }
    Ok(())
}

fn run(binary: &Path, arguments: &[&str], folder: &Path) -> io::Result<Duration> {
    let began = Instant::now();
    let status = Command::new(binary).args(arguments).arg(folder).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    assert!(status.success(), "{arguments:?}: {status}");
    Ok(began.elapsed())
}
