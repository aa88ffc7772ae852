//! `spanwright hold`, `spanwright held` and `spanwright resume`: a system or a flow is left alone, for a while or until further
//! notice. What waits for it is held, spends no tries and is as good as new when it goes on. The journal has it, so a restart does
//! not forget.

use anyhow::{Context, bail};
use clap::Args;
use spanwright_core::{
    desk::Order,
    fact::{Breaker, Fact, GateRow, Hold as Word, Moment, Store},
    plan::Plan,
    run::moment,
};
use spanwright_shape::text::form;

use super::{
    Ended,
    folder::Folder,
    journal, orders,
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
        let what = row_name(project.plan(), &self.name, self.flow)?;
        let until = self.until.as_deref().map(|text| time(text, now)).transpose()?;
        let hold = Word { since: now, until, by: journal::person().into(), because: self.because.as_str().into() };
        let order = Order::Hold { what: what.clone(), hold: hold.clone() };
        carry_out(&self.folder, &order, &what, |row| row.hold = Some(hold.behind(row.hold.as_ref())))?;
        out.aside(&format!("{} is held {}", self.name, end(until)));
        Ok(Ended::Fine)
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
        let now = journal::now();
        carry_out(&self.folder, &order, &what, |row| {
            row.hold.iter_mut().for_each(|hold| hold.let_go(now));
            (row.paused_until, row.refused) = (None, None);
            if let Breaker::Open { until } = &mut row.breaker {
                *until = now.min(*until);
            }
        })?;
        out.aside(&format!("{} goes on", self.name));
        // Hours and a quota of the day are no word of a person.
        let gates = journal::look(&self.folder)?.gates().map_err(journal::fault)?;
        let still = waits(&gates, Some(project.plan()), journal::now()).into_iter();
        for wait in still.filter(|wait| !self.flow && !wait.is_flow && wait.name == self.name && wait.is_of_the_project()) {
            out.aside(&format!("but {}", wait.words()));
        }
        Ok(Ended::Fine)
    }

    /// What is held lets go though its file is gone: messages of before may wait for it.
    fn held_before(&self, unknown: anyhow::Error) -> anyhow::Result<std::sync::Arc<str>> {
        let name = if self.flow { GateRow::of_flow(&self.name) } else { self.name.as_str().into() };
        let gates = journal::look(&self.folder)?.gates().map_err(journal::fault)?;
        let is_held = |row: &GateRow| row.hold.as_ref().is_some_and(|hold| hold.holds(journal::now())) || row.refused.is_some();
        gates.iter().any(|row| row.system == name && is_held(row)).then_some(name).ok_or(unknown)
    }
}

/// A running engine is told; where none runs, the journal is.
fn carry_out(folder: &Folder, order: &Order, what: &std::sync::Arc<str>, change: impl FnOnce(&mut GateRow)) -> anyhow::Result<()> {
    let Some(mut keep) = journal::alone(folder)? else { return orders::leave(folder, order, None) };
    let opening = keep.opening().map_err(journal::fault)?;
    let rests = opening.rested.then_some(Fact::Rested { boot: opening.boot });
    let known = opening.gates.into_iter().find(|gate| gate.system == *what);
    let mut row = known.unwrap_or_else(|| GateRow::closed(what.clone(), journal::now()));
    change(&mut row);
    keep.commit(&rests.into_iter().chain([Fact::Gated(row)]).collect::<Vec<_>>()).map_err(journal::fault)?;
    Ok(())
}

fn row_name(plan: &Plan, name: &str, is_flow: bool) -> anyhow::Result<std::sync::Arc<str>> {
    if is_flow {
        return match plan.flow(name) {
            Some((_, flow)) => Ok(GateRow::of_flow(&flow.name)),
            None => bail!("there is no flow `{name}`"),
        };
    }
    match plan.systems.iter().find(|system| &*system.name == name) {
        Some(system) => Ok(system.name.clone()),
        None if plan.flow(name).is_some() => bail!("there is no system `{name}`; for the flow of this name say `--flow`"),
        None => bail!("there is no system `{name}`"),
    }
}

/// `2h`, or RFC 3339.
fn time(text: &str, now: Moment) -> anyhow::Result<Moment> {
    let at = form::time(text).map(|time| now.after(time)).or_else(|| moment(text));
    let at = at.with_context(|| format!("`{text}` is no time: write `2h` or `2026-12-01T06:00:00+01:00`"))?;
    if at <= now { bail!("`{text}` is over already") } else { Ok(at) }
}
