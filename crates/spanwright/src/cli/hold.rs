//! `spanwright hold`, `spanwright held` and `spanwright resume`: a system or a flow is left alone, for a while or until further
//! notice. What waits for it is held, spends no tries and is as good as new when it goes on. The journal has it, so a restart does
//! not forget.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use spanwright_core::{
    desk::Order,
    fact::{Fact, GateRow, Hold as Word, Moment, Store},
    plan::Plan,
    run::moment,
};
use spanwright_engine::{pinned, shell::set_back};
use spanwright_shape::text::form;

use super::{
    Ended,
    folder::Folder,
    journal,
    orders::{self, Taken},
    out::{Format, Out},
    run::Project,
    waits::{end, plan_of_folder, waits},
};

/// Leave a system or a flow alone: what waits is held, and spends no tries
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright hold erp --until 2h --because 'month-end closing'\n  spanwright hold orders --flow\n  \
    spanwright hold erp shop --until 2026-12-01T06:00:00+01:00\n\n`spanwright held` shows what is held. `spanwright resume` lets it go; so does the time of `--until`.")]
pub struct Hold {
    /// The system; with `--flow` the flow
    name: String,
    #[command(flatten)]
    folder: Folder,
    /// It is a flow: its source is not pulled and nothing goes; what is brought to its doors is kept and waits
    #[arg(long)]
    flow: bool,
    /// How long (`30m`, `2h`), or until when (RFC 3339); left out: until it is resumed
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why; whoever looks will want to know
    #[arg(long, value_name = "WORDS", default_value = "no reason was given")]
    because: String,
}

/// Show what is held: since when, by whom and why
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright held\n  spanwright held --format json\n\n\
    Also the systems that are sick, closed, out of their quota, refuse our credentials or asked us to wait, as the journal and the project \
    know them. What waits is open: `spanwright messages --state open`.")]
pub struct Held {
    #[command(flatten)]
    folder: Folder,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Let a system or a flow go on that is held
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright resume erp\n  spanwright resume orders --flow\n\nA breaker that is open is tried at once.")]
pub struct Resume {
    /// The system; with `--flow` the flow
    name: String,
    #[command(flatten)]
    folder: Folder,
    /// It is a flow
    #[arg(long)]
    flow: bool,
}

impl Hold {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let (project, now) = (Project::open(self.folder.clone(), None, out)?, journal::now());
        let what = row_name(project.plan(), &self.name, self.flow).or_else(|unknown| self.of_open_messages(unknown))?;
        let until = self.until.as_deref().map(|text| time(text, now)).transpose()?;
        let hold = Word { since: now, until, by: journal::person().into(), because: self.because.as_str().into() };
        let order = Order::Hold { what: what.clone(), hold: hold.clone() };
        let taken = carry_out(&self.folder, &order, &what, |row| row.held_by(hold))?;
        out.aside(taken.words(&format!("{} is held {}", self.name, end(until))));
        Ok(Ended::Fine)
    }

    /// What the project does not have any more may be what messages of before wait for.
    fn of_open_messages(&self, unknown: anyhow::Error) -> anyhow::Result<Arc<str>> {
        let look = journal::look(&self.folder)?;
        let open = look.open_under().map_err(journal::fault)?;
        if self.flow {
            let flow = open.iter().find(|(flow, _)| **flow == *self.name);
            return flow.map(|(flow, _)| GateRow::of_flow(flow)).ok_or(unknown);
        }
        for plan in open.into_iter().map(|(_, plan)| plan).collect::<BTreeSet<_>>() {
            let bundle = look.plan_bundle(plan).map_err(journal::fault)?;
            let then = bundle.and_then(|bundle| pinned::rebuild(&bundle, spanwright_connect::ALL, None));
            if let Some(system) = then.and_then(|then| system_of(&then, &self.name)) {
                return Ok(system);
            }
        }
        Err(unknown)
    }
}

impl Held {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let (gates, now) = (journal::look(&self.folder)?.gates().map_err(journal::fault)?, journal::now());
        let waits = waits(&gates, plan_of_folder(&self.folder).as_ref(), now);
        for wait in &waits {
            out.line(&match self.format {
                Format::Human => wait.words(),
                Format::Json => wait.json().end(),
            })?;
        }
        if waits.is_empty() {
            out.aside("nothing is held");
        }
        Ok(Ended::Fine)
    }
}

impl Resume {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let project = Project::open(self.folder.clone(), None, out)?;
        let what = row_name(project.plan(), &self.name, self.flow).or_else(|unknown| self.held_before(unknown))?;
        let order = Order::Resume { what: what.clone(), by: journal::person().into() };
        let taken = carry_out(&self.folder, &order, &what, |row| row.resumed(journal::now()))?;
        out.aside(taken.words(&format!("{} goes on", self.name)));
        // Hours and a quota of the day are no word of a person.
        let gates = journal::look(&self.folder)?.gates().map_err(journal::fault)?;
        let still = waits(&gates, Some(project.plan()), journal::now()).into_iter();
        for wait in still.filter(|wait| !self.flow && !wait.is_flow && wait.name == self.name && wait.is_of_the_project()) {
            out.aside(&format!("but {}", wait.words()));
        }
        Ok(Ended::Fine)
    }

    /// What is held lets go though its file is gone: messages of before may wait for it.
    fn held_before(&self, unknown: anyhow::Error) -> anyhow::Result<Arc<str>> {
        let name = if self.flow { GateRow::of_flow(&self.name) } else { self.name.as_str().into() };
        let gates = journal::look(&self.folder)?.gates().map_err(journal::fault)?;
        let is_held = |row: &GateRow| row.hold.as_ref().is_some_and(|hold| hold.holds(journal::now())) || row.refused.is_some();
        gates.iter().any(|row| row.system == name && is_held(row)).then_some(name).ok_or(unknown)
    }
}

/// A running engine is told; where none runs, the journal is. What is said now is of the clock of now: where that was set back, so is the
/// journal's, as at every start. The next one would take the time from the hold as well.
fn carry_out(folder: &Folder, order: &Order, what: &Arc<str>, change: impl FnOnce(&mut GateRow)) -> anyhow::Result<Taken> {
    let Some(mut keep) = journal::alone(folder)? else { return orders::leave(folder, order, None) };
    let opening = keep.opening().map_err(journal::fault)?;
    let (opening, _) = set_back(&mut keep, opening, journal::now()).map_err(journal::fault)?;
    let rests = opening.rested.then_some(Fact::Rested { boot: opening.boot });
    let known = opening.gates.into_iter().find(|gate| gate.system == *what);
    let mut row = known.unwrap_or_else(|| GateRow::closed(what.clone(), journal::now()));
    change(&mut row);
    keep.commit(&rests.into_iter().chain([Fact::Gated(row)]).collect::<Vec<_>>()).map_err(journal::fault)?;
    Ok(Taken::Kept)
}

fn row_name(plan: &Plan, name: &str, is_flow: bool) -> anyhow::Result<Arc<str>> {
    if is_flow {
        return match plan.flow(name) {
            Some((_, flow)) => Ok(GateRow::of_flow(&flow.name)),
            None => bail!("there is no flow `{name}`"),
        };
    }
    match system_of(plan, name) {
        Some(system) => Ok(system),
        None if plan.flow(name).is_some() => bail!("there is no system `{name}`; for the flow of this name say `--flow`"),
        None => bail!("there is no system `{name}`"),
    }
}

fn system_of(plan: &Plan, name: &str) -> Option<Arc<str>> {
    plan.systems.iter().find(|system| &*system.name == name).map(|system| system.name.clone())
}

/// `2h`, or RFC 3339.
fn time(text: &str, now: Moment) -> anyhow::Result<Moment> {
    let at = form::time(text).map(|time| now.after(time)).or_else(|| moment(text));
    let at = at.with_context(|| format!("`{text}` is no time: write `2h` or `2026-12-01T06:00:00+01:00`"))?;
    if at <= now { bail!("`{text}` is over already") } else { Ok(at) }
}
