//! `spanwright dead-letters`: what could not be delivered, by cause, since a person mends a cause and not a thousand messages.

use anyhow::bail;
use clap::{Args, Subcommand};
use spanwright_core::fact::{Listed, PlanId, StopKind};
use spanwright_engine::{keep::Cause, observe::timestamp};

use super::{
    Ended,
    folder::Folder,
    journal, messages,
    orders::{self, Errand, What},
    out::{Format, Object, Out},
    story::{count, words},
};
use crate::codes;

/// Causes that are listed.
const CAUSES_MOST: usize = 100;

/// List dead letters by cause; show one, or set it aside
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  spanwright dead-letters\n  \
    spanwright dead-letters show 4711                 one with its whole trail and what to do\n  \
    spanwright dead-letters discard 4711 --reason 'a test record'\n  \
    spanwright replay --reason R2015                  try those of a cause again\n\nExit code 1 where there are any."
)]
pub struct DeadLetters {
    #[command(subcommand)]
    act: Option<Act>,
    #[command(flatten)]
    folder: Folder,
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
    /// Set one aside: it stays in the journal, and is no longer a dead letter
    Discard {
        /// Its message id, correlation id or run number
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
            None => list(&self.folder, self.format, out),
            Some(Act::Show { id, folder, body, format }) => show(id, folder, *body, *format, out),
            Some(Act::Discard { id, folder, reason }) => discard(id, folder, reason, out),
        }
    }
}

fn list(folder: &Folder, format: Format, out: &mut Out) -> anyhow::Result<Ended> {
    let causes = journal::look(folder)?.causes(CAUSES_MOST).map_err(journal::fault)?;
    for cause in &causes {
        out.data(&match format {
            Format::Human => human(cause),
            Format::Json => json(cause) + "\n",
        })?;
    }
    if causes.is_empty() {
        out.aside("no dead letters");
        return Ok(Ended::Fine);
    }
    if format == Format::Human {
        out.aside("`spanwright messages --state dead` lists them one by one; `spanwright replay --reason CODE` tries them again");
    }
    Ok(Ended::Problems)
}

fn human(cause: &Cause) -> String {
    let kind = match cause.kind {
        StopKind::Dead => "",
        StopKind::Uncertain => ", of which nobody knows whether they happened",
    };
    format!(
        "{} in flow {} at {}{kind}\n  {}\n  since {}, last {}\n  what to do: {}\n\n",
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
    let found: Vec<Listed> = journal::lines(&journal::look(folder)?, id)?.into_iter().filter(journal::is_stopped).collect();
    if found.is_empty() {
        bail!("`{id}` is no dead letter");
    }
    if reason.trim().is_empty() {
        bail!("a discard wants a reason: somebody will ask");
    }
    let runs = found.iter().map(|line| line.run).collect();
    let errand = Errand { runs, by: journal::person(), what: What::Discard(reason.to_string()) };
    match journal::alone(folder)? {
        // A discard names no plan.
        Some(mut keep) => carry_out(&mut keep, &errand, PlanId(0))?,
        None => orders::leave(folder, &errand)?,
    }
    out.aside(&format!("{} set aside", count(found.len() as u64, "dead letter")));
    Ok(Ended::Fine)
}

/// Writes an errand into a journal that nobody else has.
///
/// # Errors
/// The journal says why not.
pub fn carry_out(keep: &mut spanwright_engine::keep::Keep, errand: &Errand, plan: PlanId) -> anyhow::Result<()> {
    use spanwright_core::fact::Store as _;
    keep.commit(&errand.facts(plan, journal::now())).map(drop).map_err(journal::fault)
}
