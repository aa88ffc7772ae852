//! From the start of the process to ready on an empty store, memory when idle, and the size of the release binary.
//!
//! `cargo build --release && cargo bench -p spanwright-proof -- start`

use std::{
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use spanwright_proof::{
    apart::{Apart, Weather},
    project::repository,
    usage,
};

const STARTS: usize = 10;
/// Polls that an idle engine makes before it is looked at: one each two seconds.
const IDLE: Duration = Duration::from_secs(7);

/// Measures and prints.
pub fn figures(_counts: &[u64]) -> io::Result<()> {
    let binary = binary()?;
    println!("release binary: {:.1} MB", std::fs::metadata(&binary)?.len() as f64 / 1e6);
    let mut took: Vec<Duration> = (0..STARTS).map(|_| start(&binary)).collect::<io::Result<_>>()?;
    took.sort();
    println!(
        "start to ready, empty store: {} ms in the middle, {} at most, of {STARTS}",
        took[STARTS / 2].as_millis(),
        took[STARTS - 1].as_millis()
    );
    let idle = idle(&binary)?;
    println!("idle for {} s: {} kB resident, {} kB at most", IDLE.as_secs(), idle.resident_bytes / 1000, idle.most_bytes / 1000);
    Ok(())
}

/// Beside this program's own folder.
pub fn binary() -> io::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let binary = here.parent().and_then(Path::parent).unwrap().join("spanwright");
    if binary.exists() { Ok(binary) } else { Err(io::Error::other("there is no release binary: cargo build --release")) }
}

fn run(binary: &Path, folder: &Path, world: &Apart) -> io::Result<Child> {
    let status = Command::new("cp").arg("-r").arg(repository().join("examples/erp-to-crm")).arg(folder.join("project")).status()?;
    assert!(status.success());
    let mut command = Command::new(binary);
    command.arg("run").arg(folder.join("project")).args(["--log", "json"]).envs(&world.variables);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
}

/// Ready is what it says of itself: the journal is open and the first poll is about to be made.
fn start(binary: &Path) -> io::Result<Duration> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let world = Apart::start(folder.path(), 1, Weather::Fair)?;
    let began = Instant::now();
    let mut child = run(binary, folder.path(), &world)?;
    let said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok).find(|line| line.contains("engine-started"));
    let took = began.elapsed();
    child.kill()?;
    child.wait()?;
    said.map(|_| took).ok_or_else(|| io::Error::other("it did not start"))
}

fn idle(binary: &Path) -> io::Result<usage::Memory> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let world = Apart::start(folder.path(), 100, Weather::Fair)?;
    let mut child = run(binary, folder.path(), &world)?;
    let mut log = child.stderr.take().unwrap();
    std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
    std::thread::sleep(IDLE);
    let memory = usage::memory_of(child.id());
    child.kill()?;
    child.wait()?;
    memory
}
