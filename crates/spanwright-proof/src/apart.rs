//! The quiet world in a process of its own: this very program, started again with [`ARGUMENT`] first.
//!
//! It says the project's variables as one JSON line, and the tally when its standard input ends.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use spanwright_world::{Crm, CrmScript, CrmSettings, Flood, World, WorldSettings};

/// The first argument of a process that is a world.
pub const ARGUMENT: &str = "--be-the-world";
/// The variable with the address of a CRM that is there while [`Weather::Away`] keeps the other one away.
pub const CRM_BACK: &str = "CRM_BACK";
/// Longer than any bench.
const FOR_EVER: Duration = Duration::from_secs(1_000_000);

/// Whether the CRM answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// It does.
    Fair,
    /// It answers 503 and nothing else; another one at [`CRM_BACK`] does not.
    Away,
    /// It does, and the ERP gives all its customers in one answer, the first of which is cut after so many bytes.
    Flood {
        /// Bytes.
        cut_bytes: u64,
    },
}

/// A world in another process; dropped, it ends.
pub struct Apart {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// What leads to it.
    pub variables: BTreeMap<String, String>,
}

impl Apart {
    /// Starts one with so many customers; its ledgers go into `folder`.
    ///
    /// # Errors
    /// The process cannot be started, or its world cannot.
    pub fn start(folder: &Path, customers: u64, weather: Weather) -> io::Result<Apart> {
        let weather = match weather {
            Weather::Fair => "fair".to_owned(),
            Weather::Away => "away".to_owned(),
            Weather::Flood { cut_bytes } => cut_bytes.to_string(),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.args([ARGUMENT, &customers.to_string(), &weather]).arg(folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut world = Apart { child, stdin, stdout, variables: BTreeMap::new() };
        let Value::Object(variables) = world.line()? else { return Err(io::Error::other("the world said no variables")) };
        world.variables = variables.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned())).collect();
        Ok(world)
    }

    /// Ends it, and has its ledgers counted.
    ///
    /// # Errors
    /// A ledger cannot be read.
    pub fn tally(mut self) -> io::Result<Value> {
        self.stdin = None;
        self.line()
    }

    fn line(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(io::Error::other)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.stdin = None;
        // It ends by itself when its input does.
        self.child.wait().ok();
    }
}

/// Where this process was started to be a world, it is one until its input ends; `true` then.
///
/// # Errors
/// The world cannot start, or its ledgers cannot be read.
pub fn be_the_world() -> io::Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [first, customers, weather, folder] = arguments.as_slice() else { return Ok(false) };
    if first != ARGUMENT {
        return Ok(false);
    }
    let (customers, folder) = (customers.parse().map_err(io::Error::other)?, Path::new(folder));
    match (weather.as_str(), weather.parse()) {
        (_, Ok(cut_bytes)) => flood(customers, cut_bytes, folder)?,
        ("away", _) => away(customers, folder)?,
        _ => fair(customers, folder)?,
    }
    Ok(true)
}

fn fair(customers: u64, folder: &Path) -> io::Result<()> {
    let world = World::start(WorldSettings::quiet(folder, customers))?;
    say_variables(world.variables(), None)?;
    io::stdin().read_to_end(&mut Vec::new())?;
    let tally = world.tally(&[])?;
    say(&serde_json::json!({ "right": tally.right, "lost": tally.lost.len(), "duplicates": tally.duplicates.len(), "calls": tally.calls }))
}

/// It counts what the CRM was given, since the flood keeps no ledger of its own.
fn flood(customers: u64, cut_bytes: u64, folder: &Path) -> io::Result<()> {
    let world = World::start(WorldSettings::quiet(folder, 0))?;
    let flood = Flood::start(customers, Some(cut_bytes))?;
    let lead = |(name, url): &(&'static str, String)| (*name, if *name == "ERP_URL" { flood.url() } else { url.clone() });
    say_variables(&world.variables().iter().map(lead).collect::<Vec<_>>(), None)?;
    io::stdin().read_to_end(&mut Vec::new())?;
    let sent: Vec<Value> = flood.flooded().iter().map(|one| serde_json::json!({ "whole": one.customers, "bytes": one.bytes })).collect();
    let mut counted = counted(world.crm.ledger(), customers)?;
    counted["sent"] = sent.into();
    say(&counted)
}

/// Its tally would not fit a million customers into modest memory; it counts what the CRM that came back was given.
fn away(customers: u64, folder: &Path) -> io::Result<()> {
    let mut settings = WorldSettings::quiet(folder, customers);
    settings.crm.script = CrmScript { away_at_call: Some(1), away_for: FOR_EVER, ..CrmScript::default() };
    let world = World::start(settings)?;
    let back = Crm::start(CrmSettings { ledger: folder.join("crm-back.jsonl"), ..CrmSettings::quiet(folder) })?;
    say_variables(world.variables(), Some(&back.url))?;
    io::stdin().read_to_end(&mut Vec::new())?;
    say(&counted(back.ledger(), customers)?)
}

/// What a CRM's ledger says was applied.
fn counted(ledger: &Path, customers: u64) -> io::Result<Value> {
    let ledger = BufReader::new(std::fs::File::open(ledger)?);
    let (mut applied, mut once) = (0_u64, std::collections::HashSet::new());
    for line in ledger.lines() {
        if let Some(customer) = applied_in(&line?) {
            applied += 1;
            once.insert(customer);
        }
    }
    Ok(serde_json::json!({ "right": once.len(), "lost": customers - once.len() as u64, "duplicates": applied - once.len() as u64 }))
}

/// The customer of a line that says `applied`.
fn applied_in(line: &str) -> Option<u64> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line["what"] == "applied").then(|| line["customer"].as_str()?.strip_prefix("ERP-")?.parse().ok()).flatten()
}

fn say_variables(variables: &[(&str, String)], back: Option<&String>) -> io::Result<()> {
    let back = back.map(|url| (CRM_BACK.to_owned(), Value::from(url.clone())));
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).chain(back);
    say(&Value::Object(variables.collect()))
}

fn say(value: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{value}")
}
