//! `spanwright dead-letters`: what could not be delivered, by cause, since a person mends a cause and not a thousand messages.

use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use spanwright_core::{
    desk::Order,
    fact::{Fact, RunId, StopKind, StoppedFilter, Store as _},
};
use spanwright_engine::{keep::Cause, observe::timestamp};

use super::{
    Ended,
    folder::Folder,
    journal, messages,
    orders::{self, Taken},
    out::{Format, Object, Out},
    replay::assert_flow,
    run::Project,
    story::{count, words},
};
use crate::codes;

/// Causes that are listed.
const CAUSES_MOST: usize = 100;
/// Dead letters that are set aside or acknowledged in one commit: more would keep others waiting for the disk.
const SLICE: usize = 500;

/// List dead letters by cause; show one, or set it aside
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  spanwright dead-letters\n  spanwright dead-letters --flow orders\n  \
    spanwright dead-letters show 4711                 one with its whole trail and what to do\n  \
    spanwright dead-letters acknowledge R2015 --note 'ticket 7'\n  \
    spanwright dead-letters discard 4711 --reason 'a test record'\n  \
    spanwright replay --reason R2015                  try those of a cause again\n\nExit code 1 where there are any that nobody has acknowledged."
)]
pub struct DeadLetters {
    #[command(subcommand)]
    act: Option<Act>,
    #[command(flatten)]
    folder: Folder,
    /// Only of this flow
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// Only for this reason (a code)
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Subcommand)]
enum Act {
    /// Show one with its whole trail
    Show {
        /// Its message id, correlation id or run number
        id: String,
        #[command(flatten)]
        folder: Folder,
        /// Show the body too; it may hold personal data
        #[arg(long)]
        body: bool,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Say that somebody takes care of it: it stays a dead letter, and exit codes no longer warn of it
    Acknowledge {
        /// Its message id, correlation id or run number, or a code: all of that reason
        id: String,
        #[command(flatten)]
        folder: Folder,
        /// What is done about it; it is kept in the trail
        #[arg(long, value_name = "WORDS", default_value = "")]
        note: String,
    },
    /// Set one aside: it stays in the journal, and is no longer a dead letter
    Discard {
        /// Its message id, correlation id or run number, or a code: all of that reason
        id: String,
        #[command(flatten)]
        folder: Folder,
        /// Why; it is kept in the trail
        #[arg(long, value_name = "WORDS")]
        reason: String,
    },
}

impl DeadLetters {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match &self.act {
            None => self.list(out),
            Some(Act::Show { id, folder, body, format }) => show(id, folder, *body, *format, out),
            Some(Act::Acknowledge { id, folder, note }) => acknowledge(id, folder, note, out),
            Some(Act::Discard { id, folder, reason }) => discard(id, folder, reason, out),
        }
    }

    fn list(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let mut causes = journal::look(&self.folder)?.causes(usize::MAX >> 1).map_err(journal::fault)?;
        causes.retain(|cause| self.flow.as_ref().is_none_or(|flow| **flow == *cause.flow));
        causes.retain(|cause| self.reason.as_ref().is_none_or(|code| code.eq_ignore_ascii_case(cause.failure.code.id)));
        for cause in causes.iter().take(CAUSES_MOST) {
            out.data(&match self.format {
                Format::Human => human(cause),
                Format::Json => json(cause) + "\n",
            })?;
        }
        if causes.is_empty() {
            if let Some(flow) = &self.flow {
                assert_flow(Project::open(self.folder.clone(), None, out)?.plan(), flow)?;
            }
            out.aside("no dead letters");
            return Ok(Ended::Fine);
        }
        if let Some(more @ 1..) = causes.len().checked_sub(CAUSES_MOST) {
            out.aside(&format!("and {} more: `--flow` and `--reason` show fewer", count(more as u64, "cause")));
        }
        if self.format == Format::Human {
            out.aside("`spanwright messages --state dead` lists them one by one; `spanwright replay --reason CODE --dry-run` shows what would be sent again");
        }
        let all_known = causes.iter().all(|cause| cause.acknowledged == cause.runs);
        Ok(if all_known { Ended::Fine } else { Ended::Problems })
    }
}

fn human(cause: &Cause) -> String {
    let kind = match cause.kind {
        StopKind::Dead => "",
        StopKind::Uncertain => ", of which nobody knows whether they happened",
    };
    let known = match cause.acknowledged {
        0 => String::new(),
        known if known == cause.runs => " (acknowledged)".to_string(),
        known => format!(" ({known} acknowledged)"),
    };
    format!(
        "{}{known} in flow {} at {}{kind}\n  {}\n  since {}, last {}\n  what to do: {}\n\n",
        count(cause.runs, "dead letter"),
        cause.flow,
        cause.node,
        words(&cause.failure),
        messages::to_the_second(cause.first),
        messages::to_the_second(cause.last),
        codes::advice(cause.failure.code)
    )
}

fn json(cause: &Cause) -> String {
    let kind = match cause.kind {
        StopKind::Dead => "dead",
        StopKind::Uncertain => "uncertain",
    };
    Object::new()
        .number("count", cause.runs)
        .number("acknowledged", cause.acknowledged)
        .text("kind", kind)
        .text("flow", &cause.flow)
        .text("node", &cause.node)
        .text("code", cause.failure.code.id)
        .text("why", &cause.failure.says)
        .text("first", &timestamp(cause.first))
        .text("last", &timestamp(cause.last))
        .text("advice", &codes::advice(cause.failure.code))
        .end()
}

fn show(id: &str, folder: &Folder, with_body: bool, format: Format, out: &mut Out) -> anyhow::Result<Ended> {
    let mut found = journal::shown(&journal::look(folder)?, id)?;
    found.retain(|shown| journal::is_stopped(&shown.line));
    if found.is_empty() {
        bail!("`{id}` is no dead letter; `spanwright messages --id {id}` shows what became of it");
    }
    for shown in &found {
        out.data(&messages::shown(shown, with_body, format))?;
    }
    Ok(Ended::Fine)
}

fn discard(id: &str, folder: &Folder, reason: &str, out: &mut Out) -> anyhow::Result<Ended> {
    if reason.trim().is_empty() {
        bail!("a discard wants a reason: somebody will ask");
    }
    let runs = stopped(id, folder)?;
    let (by, reason, at): (Arc<str>, Arc<str>, _) = (journal::person().into(), reason.into(), journal::now());
    let fact = |run| Fact::Discarded { run, at, by: by.clone(), reason: reason.clone() };
    let order = |runs| Order::Discard { runs, by: by.clone(), reason: reason.clone() };
    if carry_out(folder, &runs, fact, order)? == Taken::Told {
        out.aside(Taken::Told.words(""));
        return Ok(Ended::Fine);
    }
    let (look, mut done) = (journal::look(folder)?, 0);
    for run in &runs {
        done += u64::from(journal::line_of(&look, *run)?.is_none_or(|line| line.state == "discarded"));
    }
    out.aside(&format!("{} set aside", count(done, "dead letter")));
    match runs.len() as u64 - done {
        0 => Ok(Ended::Fine),
        left => {
            out.aside(&format!("{} left: replayed or resent meanwhile, it is no dead letter any more", count(left, "message")));
            Ok(Ended::Problems)
        }
    }
}

fn acknowledge(id: &str, folder: &Folder, note: &str, out: &mut Out) -> anyhow::Result<Ended> {
    let runs = stopped(id, folder)?;
    let (by, words, at): (Arc<str>, Arc<str>, _) = (journal::person().into(), note.into(), journal::now());
    let fact = |run| Fact::Acknowledged { run, at, by: by.clone(), words: words.clone() };
    let order = |runs| Order::Acknowledge { runs, by: by.clone(), words: words.clone() };
    let taken = carry_out(folder, &runs, fact, order)?;
    let number = count(runs.len() as u64, "dead letter");
    out.aside(taken.words(&format!("{number} acknowledged: no alarm any more, and still to be replayed or set aside")));
    Ok(Ended::Fine)
}

/// The dead letters with this id; where it is a code, all of that reason.
fn stopped(id: &str, folder: &Folder) -> anyhow::Result<Vec<RunId>> {
    let look = journal::look(folder)?;
    if let Some(code) = codes::find(id) {
        let filter = StoppedFilter { reason: Some(code.id.into()), ..StoppedFilter::default() };
        let mut found = Vec::new();
        loop {
            let after = found.last().copied().unwrap_or(RunId(0));
            let slice = look.stopped(&filter, after, RunId(i64::MAX), SLICE).map_err(journal::fault)?;
            if slice.is_empty() {
                break;
            }
            found.extend(slice.into_iter().map(|run| run.run));
        }
        return if found.is_empty() { bail!("no dead letter has the reason {}", code.id) } else { Ok(found) };
    }
    let found: Vec<RunId> = journal::lines(&look, id)?.into_iter().filter(journal::is_stopped).map(|line| line.run).collect();
    if found.is_empty() { bail!("`{id}` is no dead letter") } else { Ok(found) }
}

/// Writes it into a journal that nobody else has, or leaves the orders for whoever has it: so many at a time.
fn carry_out(folder: &Folder, runs: &[RunId], fact: impl Fn(RunId) -> Fact, order: impl Fn(Vec<RunId>) -> Order) -> anyhow::Result<Taken> {
    let (mut alone, mut all) = (journal::alone(folder)?, Taken::Kept);
    for slice in runs.chunks(SLICE) {
        let taken = match &mut alone {
            Some(keep) => {
                keep.commit(&slice.iter().copied().map(&fact).collect::<Vec<_>>()).map_err(journal::fault)?;
                Taken::Kept
            }
            None => orders::leave(folder, &order(slice.to_vec()), None)?,
        };
        if taken == Taken::Told {
            all = taken;
        }
    }
    Ok(all)
}
