//! `spanwright-world quiet|lively CUSTOMERS FOLDER`: both stand-ins in a process of their own, for benches and for other people's clients.
//!
//! Prints the variables of the project as one JSON line, runs until its standard input ends, and prints the tally as one JSON line.

use std::{
    io::{self, Read, Write},
    path::Path,
    process::ExitCode,
};

use spanwright_world::{World, WorldSettings};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match settings(&arguments) {
        Some(settings) => run(settings).map_or_else(failed, |()| ExitCode::SUCCESS),
        None => failed(io::Error::other("usage: spanwright-world quiet|lively CUSTOMERS FOLDER")),
    }
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
    let variables: serde_json::Map<_, _> =
        world.variables().iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    writeln!(io::stdout(), "{}", serde_json::Value::Object(variables))?;
    io::stdin().read_to_end(&mut Vec::new())?;
    let tally = world.tally(&[])?;
    world.stop();
    let summary = serde_json::json!({
        "customers": tally.customers, "taken": tally.taken, "applied": tally.applied, "right": tally.right, "lost": tally.lost.len(),
        "duplicates": tally.duplicates.len(), "wrong": tally.wrong.len(), "calls": tally.calls,
        "calls_one_by_one": tally.calls_one_by_one, "stored": tally.stored, "sign_ins": tally.sign_ins,
    });
    writeln!(io::stdout(), "{summary}")
}
