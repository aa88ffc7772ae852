//! `spanwright chores`: work on many stopped messages at once, how far it is, and how it is ended.

use anyhow::bail;
use clap::{Args, Subcommand};
use spanwright_core::{
    desk::Order,
    fact::{Chore, ChoreId, ChoreKind, ChorePhase, Fact, Moment, Store},
};
use spanwright_engine::{
    keep::Look,
    observe::{chore_words, timestamp},
};

use super::{
    Ended,
    folder::Folder,
    journal,
    orders::{self, Taken},
    out::{Format, Object, Out},
    story::thousands,
};

/// Chores that are listed.
const LISTED_MOST: usize = 20;
/// Runs that are counted of those that remain.
const COUNTED_MOST: usize = 1_000;

/// Show replays of many messages and how far they are; end one
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  spanwright chores\n  spanwright chores cancel 1795669250451361\n\nWhat a chore has done stays done."
)]
pub struct Chores {
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
    /// End one where it is
    Cancel {
        /// Its number
        chore: i64,
        #[command(flatten)]
        folder: Folder,
    },
}

impl Chores {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match &self.act {
            None => self.list(out),
            Some(Act::Cancel { chore, folder }) => cancel(ChoreId(*chore), folder, out),
        }
    }

    fn list(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let look = journal::look(&self.folder)?;
        let chores = look.chores(LISTED_MOST).map_err(journal::fault)?;
        for chore in &chores {
            let remain = remaining(&look, chore)?;
            out.line(&match self.format {
                Format::Human => format!("{} {}{}", chore.id.0, chore_words(chore), remaining_words(remain)),
                Format::Json => json(chore, remain),
            })?;
        }
        if chores.is_empty() {
            out.aside("no chores");
        }
        Ok(Ended::Fine)
    }
}

/// Runs that a chore has not come to yet, as far as they are counted; `None` where it is over.
fn remaining(look: &Look, chore: &Chore) -> anyhow::Result<Option<usize>> {
    if chore.phase != ChorePhase::Open {
        return Ok(None);
    }
    let found = look.stopped(&chore.filter, chore.at, chore.upto, COUNTED_MOST + 1).map_err(journal::fault)?;
    Ok(Some(found.len()))
}

fn remaining_words(remain: Option<usize>) -> String {
    match remain {
        None => String::new(),
        Some(COUNTED_MOST..) => format!(", {} or more remain", thousands(COUNTED_MOST as u64)),
        Some(remain) => format!(", {remain} remain"),
    }
}

fn json(chore: &Chore, remain: Option<usize>) -> String {
    let what = match &chore.what {
        ChoreKind::Replay { .. } => "replay",
        ChoreKind::Discard { .. } => "discard",
    };
    let phase = match chore.phase {
        ChorePhase::Open => "open",
        ChorePhase::Done => "done",
        ChorePhase::Cancelled => "cancelled",
    };
    let object = Object::new()
        .number("chore", chore.id.0.unsigned_abs())
        .text("what", what)
        .text("state", phase)
        .text("begun", &timestamp(Moment(chore.id.0)))
        .text("by", &chore.by)
        .maybe("flow", chore.filter.flow.as_deref())
        .maybe("node", chore.filter.node.as_deref())
        .maybe("code", chore.filter.reason.as_deref())
        .maybe("key", chore.filter.key.as_deref())
        .number("done", chore.done)
        .number("left_as_older", chore.left);
    match remain.filter(|remain| *remain < COUNTED_MOST) {
        Some(remain) => object.number("remaining", remain as u64).end(),
        None => object.end(),
    }
}

fn cancel(id: ChoreId, folder: &Folder, out: &mut Out) -> anyhow::Result<Ended> {
    let known = journal::look(folder)?.chores(usize::MAX >> 1).map_err(journal::fault)?.into_iter().find(|chore| chore.id == id);
    let Some(chore) = known else { bail!("there is no chore {}", id.0) };
    if chore.phase != ChorePhase::Open {
        bail!("chore {} is over: {}", id.0, chore_words(&chore));
    }
    let taken = match journal::alone(folder)? {
        Some(mut keep) => {
            let ended = Chore { phase: ChorePhase::Cancelled, ..chore };
            keep.commit(&[Fact::Chore(Box::new(ended))]).map_err(journal::fault)?;
            Taken::Kept
        }
        None => orders::leave(folder, &Order::Cancel(id), None)?,
    };
    out.aside(taken.words("cancelled; what it has done stays done"));
    Ok(Ended::Fine)
}
