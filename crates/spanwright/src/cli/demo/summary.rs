//! What the day came to: the engine's own figures, and what the stand-ins' ledgers say of it.

use std::{fmt::Write as _, path::Path, time::Duration};

use spanwright_core::fact::{ListFilter, Listed};
use spanwright_engine::shell::State;
use spanwright_world::{Dead, Tally, World};

use crate::{
    cli::{
        folder::Folder,
        journal,
        out::Object,
        story::{count, seconds, thousands, words},
    },
    codes,
};

/// Dead letters that are shown one by one.
const SHOWN_MOST: usize = 10;

/// The figures.
pub struct Summary {
    taken: u64,
    delivered: u64,
    retried: u64,
    superseded: u64,
    dead: Vec<Listed>,
    /// From the ledgers alone.
    tally: Tally,
    time: Duration,
}

impl Summary {
    /// Reads journal and ledgers.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn of(state: &State, folder: &Folder, world: &World, time: Duration) -> anyhow::Result<Summary> {
        let filter = ListFilter { state: Some("dead".into()), most: 1_000, ..ListFilter::default() };
        let dead = journal::look(folder)?.list(&filter).map_err(journal::fault)?;
        let named: Vec<Dead> = dead.iter().map(named).collect();
        let counters = &state.counters;
        let tally = world.tally(&named)?;
        Ok(Summary {
            taken: counters.taken,
            delivered: counters.delivered,
            retried: counters.retried,
            superseded: counters.skipped.superseded,
            dead,
            tally,
            time,
        })
    }

    /// Whether nothing was lost, doubled or changed on the way.
    pub fn is_whole(&self) -> bool {
        self.tally.lost.is_empty() && self.tally.duplicates.is_empty() && self.tally.wrong.is_empty()
    }

    /// One object for a machine.
    pub fn json(&self) -> String {
        Object::new()
            .number("taken", self.taken)
            .number("delivered", self.delivered)
            .number("retried", self.retried)
            .number("dead_letters", self.dead.len() as u64)
            .number("lost", self.tally.lost.len() as u64)
            .number("duplicates", self.tally.duplicates.len() as u64)
            .number("calls", self.tally.calls)
            .number("calls_one_by_one", self.tally.calls_one_by_one)
            .raw("seconds", &format!("{:.1}", self.time.as_secs_f64()))
            .end()
    }

    /// For a person.
    pub fn human(&self, folder: &Path) -> String {
        let tally = &self.tally;
        let mut text = String::new();
        row(&mut text, self.taken, "taken", &format!("states of {} that the ERP served", count(tally.customers, "customer")));
        let one_by_one = thousands(tally.calls_one_by_one);
        row(
            &mut text,
            self.delivered,
            "delivered",
            &format!("in {}; one call a record would have been {one_by_one}", count(tally.calls, "call")),
        );
        row(&mut text, self.superseded, "superseded", "states that waited until a newer one of the same customer took their place");
        row(
            &mut text,
            self.retried,
            "retried",
            "tries that were made again: the CRM was away, limited us, or cut the call; always under the same key",
        );
        row(&mut text, self.dead.len() as u64, "dead", "kept with their bytes and their reason:");
        self.dead.iter().take(SHOWN_MOST).for_each(|dead| letter(&mut text, dead));
        row(&mut text, tally.lost.len() as u64, "lost", "customers whose last state is not in the CRM, by both ledgers");
        listed(&mut text, &tally.lost);
        row(&mut text, tally.duplicates.len() as u64, "duplicates", "states that the CRM applied more than once, by its ledger");
        listed(&mut text, &tally.duplicates);
        if !tally.wrong.is_empty() {
            row(&mut text, tally.wrong.len() as u64, "wrong", "customers that arrived changed");
            listed(&mut text, &tally.wrong);
        }
        let _ = writeln!(text, "{:>8}  from the first poll to the last delivery", seconds(self.time));
        text + &self.next(folder)
    }

    /// What to try next, ready to be copied.
    fn next(&self, folder: &Path) -> String {
        let (folder, program) = (folder.display(), std::env::args().next().unwrap_or_else(|| "spanwright".into()));
        let key = self.dead.first().and_then(|dead| dead.key.as_deref()).map(|key| format!(" --key {key}")).unwrap_or_default();
        let code = self.dead.first().and_then(|dead| dead.stopped.as_ref()).map_or("R2015", |(_, failure, _)| failure.code.id);
        format!(
            "\nTry next:\n  \
             {program} messages {folder}{key}\n  \
             {program} dead-letters {folder}\n  \
             {program} replay {folder} --reason {code} --dry-run\n  \
             {program} explain {code}\n"
        )
    }
}

fn named(dead: &Listed) -> Dead {
    let reason = dead.stopped.as_ref().map(|(_, failure, _)| failure.says.clone()).unwrap_or_default();
    Dead { key: dead.key.as_deref().unwrap_or_default().to_string(), reason }
}

fn row(text: &mut String, number: u64, noun: &str, about: &str) {
    let _ = writeln!(text, "{:>8}  {noun:<11} {about}", thousands(number));
}

fn listed(text: &mut String, lines: &[String]) {
    for line in lines.iter().take(SHOWN_MOST) {
        let _ = writeln!(text, "{:>12}{line}", "");
    }
}

fn letter(text: &mut String, dead: &Listed) {
    let Some((_, failure, _)) = &dead.stopped else { return };
    let _ = writeln!(text, "{:>12}{}: {}", "", dead.key.as_deref().unwrap_or("(no key)"), words(failure));
    let _ = writeln!(text, "{:>12}  what to do: {}", "", codes::advice(failure.code));
}
