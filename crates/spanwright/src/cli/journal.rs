//! The journal as commands see it: read beside a running engine, written by whoever has it alone.

use anyhow::{Result, anyhow};
use spanwright_core::fact::{Listed, Moment, RunId, Shown, StoreFault};
use spanwright_engine::{
    clock::Clock,
    keep::{Keep, Look, OpenFault, Which},
};

use super::folder::Folder;
use crate::codes;

/// Opens it for looking.
///
/// # Errors
/// There is none yet, or it cannot be read.
pub fn look(folder: &Folder) -> Result<Look> {
    Ok(Look::open(&folder.journal(), codes::of_journal)?)
}

/// Whether the next start makes of it what is needed: it is of an earlier edition, or just being made.
pub fn is_made_by_a_start(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<OpenFault>(), Some(OpenFault::OlderSchema { .. } | OpenFault::Absent { .. }))
}

/// Whether it is of an earlier edition.
pub fn is_earlier(folder: &Folder) -> bool {
    matches!(Look::open(&folder.journal(), codes::of_journal), Err(OpenFault::OlderSchema { .. }))
}

/// Opens it for writing; `None` where a running engine has it.
///
/// # Errors
/// There is none yet, or it cannot be used.
pub fn alone(folder: &Folder) -> Result<Option<Keep>> {
    let path = folder.journal();
    if !path.exists() {
        return Err(OpenFault::Absent { path }.into());
    }
    match Keep::open(&path, codes::of_journal) {
        Ok(keep) => Ok(Some(keep)),
        Err(OpenFault::InUse { .. }) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// What a store says when it cannot, in words.
pub fn fault(fault: StoreFault) -> anyhow::Error {
    match fault {
        StoreFault::Full => anyhow!("the disk is full: nothing was changed"),
        StoreFault::Broken(why) => anyhow!("the journal cannot be used: {why}"),
    }
}

/// Everything with this message id, correlation id or run number.
///
/// # Errors
/// There is none, or the journal cannot be read.
pub fn shown(look: &Look, id: &str) -> Result<Vec<Shown>> {
    for which in ways(id) {
        let found = look.show(&which).map_err(fault)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(anyhow!("there is no message, correlation or run `{id}`"))
}

/// The runs with this id.
///
/// # Errors
/// There is none, or the journal cannot be read.
pub fn lines(look: &Look, id: &str) -> Result<Vec<Listed>> {
    Ok(shown(look, id)?.into_iter().map(|shown| shown.line).collect())
}

/// What an id can be, the likeliest first; a correlation id can be any text.
fn ways(id: &str) -> Vec<Which> {
    let mut ways = Vec::new();
    if let Ok(run) = id.parse() {
        ways.push(Which::Run(RunId(run)));
    }
    let hex: String = id.chars().filter(|c| *c != '-').collect();
    if let (32, Ok(message)) = (hex.len(), u128::from_str_radix(&hex, 16)) {
        ways.push(Which::Message(message));
    }
    ways.push(Which::Correlation(id.to_string()));
    ways
}

/// The line of a run; `None` where it is gone.
///
/// # Errors
/// The journal cannot be read.
pub fn line_of(look: &Look, run: RunId) -> Result<Option<Listed>> {
    Ok(look.show(&Which::Run(run)).map_err(fault)?.pop().map(|shown| shown.line))
}

/// Whether a person can still do something about it.
pub fn is_stopped(line: &Listed) -> bool {
    matches!(line.state, "dead" | "uncertain")
}

/// The time of the machine.
pub fn now() -> Moment {
    Clock::of_machine().now()
}

/// Who does it, for the trail.
pub fn person() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".into())
}
