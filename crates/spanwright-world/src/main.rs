//! The stand-ins in a process of their own, for benches and for other people's clients.
//!
//! `spanwright-world quiet|lively CUSTOMERS FOLDER` prints the variables of the project as one JSON line, runs until its standard input
//! ends, and prints the tally as one JSON line. `spanwright-world peers REPOSITORY CUSTOMERS FOLDER` does the same with PHP and Prism, and
//! adds what Prism found against the contract. `spanwright-world envelope CUSTOMERS` prints a SOAP envelope with so many customers.

use std::{
    io::{self, Read, Write},
    path::Path,
    process::ExitCode,
};

use spanwright_world::{Peers, Tally, World, WorldSettings, erp};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [mode, customers] if mode == "envelope" => envelope(customers),
        [mode, repository, customers, folder] if mode == "peers" => run_peers(repository, customers, folder),
        other => settings(other).map_or_else(|| Err(io::Error::other(USAGE)), run),
    };
    done.map_or_else(failed, |()| ExitCode::SUCCESS)
}

const USAGE: &str = "usage: spanwright-world quiet|lively CUSTOMERS FOLDER
       spanwright-world peers REPOSITORY CUSTOMERS FOLDER
       spanwright-world envelope CUSTOMERS";

fn envelope(customers: &str) -> io::Result<()> {
    let customers = customers.parse().map_err(io::Error::other)?;
    io::stdout().write_all(erp::envelope_of(customers).as_bytes())
}

fn failed(error: io::Error) -> ExitCode {
    // Where even standard error is closed there is nobody left to tell.
    writeln!(io::stderr(), "{error}").ok();
    ExitCode::from(2)
}

fn settings(arguments: &[String]) -> Option<WorldSettings> {
    let [mood, customers, folder] = arguments else { return None };
    let (customers, folder) = (customers.parse().ok()?, Path::new(folder));
    match mood.as_str() {
        "quiet" => Some(WorldSettings::quiet(folder, customers)),
        "lively" => Some(WorldSettings::lively(folder, customers)),
        _ => None,
    }
}

fn run(settings: WorldSettings) -> io::Result<()> {
    let world = World::start(settings)?;
    say_variables(world.variables())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    say_tally(&world.tally(&[])?, &[])
}

fn run_peers(repository: &str, customers: &str, folder: &str) -> io::Result<()> {
    let customers = customers.parse().map_err(io::Error::other)?;
    let peers = Peers::start(Path::new(repository), Path::new(folder), customers, None)?;
    say_variables(&peers.variables())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    say_tally(&peers.tally(&[])?, &peers.violations()?)
}

fn say_variables(variables: &[(&str, String)]) -> io::Result<()> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    writeln!(io::stdout(), "{}", serde_json::Value::Object(variables))
}

fn say_tally(tally: &Tally, violations: &[String]) -> io::Result<()> {
    let summary = serde_json::json!({
        "customers": tally.customers, "taken": tally.taken, "applied": tally.applied, "right": tally.right, "lost": tally.lost.len(),
        "duplicates": tally.duplicates.len(), "wrong": tally.wrong.len(), "calls": tally.calls,
        "calls_one_by_one": tally.calls_one_by_one, "stored": tally.stored, "sign_ins": tally.sign_ins, "violations": violations,
    });
    writeln!(io::stdout(), "{summary}")
}
