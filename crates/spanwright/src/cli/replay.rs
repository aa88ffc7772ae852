//! `spanwright replay`: stopped messages go on under today's project. What is done stays done, what was refused is asked
//! again under a new key, and no older state is sent over a newer one. What would be sent is shown before.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use anyhow::bail;
use clap::Args;
use spanwright_core::{
    desk::Order,
    fact::{Chore, ChoreKind, Fact, PlanId, RunId, StoppedFilter, StoppedRun, Store},
    plan::Plan,
    settings::Rate,
};
use spanwright_engine::{
    keep::{Keep, Look},
    pinned,
};

use super::{
    Ended, chores,
    folder::Folder,
    journal,
    messages::{self, Filter},
    orders,
    out::{Format, Out},
    preview::{Preview, Previewer},
    run::Project,
    story::{count, words},
};

/// Messages whose change is shown; the others of the same filter are only counted.
const SHOWN_MOST: usize = 20;
/// Messages that are looked at before.
const PREVIEWED_MOST: usize = 500;
/// Runs in one commit where nobody else has the journal.
const SLICE: usize = 500;
/// The rate of a running engine's replay of which nothing is said.
const RATE_DEFAULT: Rate = Rate { most: 100, per: Duration::from_secs(1) };

/// Try stopped messages again, under today's project
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright replay --id 4711\n  spanwright replay shop --reason R2015 --dry-run      what would be sent, and what changed\n  \
    spanwright replay --reason R2015 --rate 10/s --yes\n  spanwright chores                                    how far it is; `chores cancel` ends it\n\n\
    A message of whose record a newer state went on is left out, unless `--over-newer` says otherwise."
)]
pub struct Replay {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    filter: Filter,
    /// Only stopped at this step
    #[arg(long, value_name = "STEP")]
    node: Option<String>,
    /// One: its message id, correlation id or run number
    #[arg(long, value_name = "ID", conflicts_with_all = ["flow", "key", "reason", "correlation", "node", "all"])]
    id: Option<String>,
    /// Every one that the other options leave
    #[arg(long)]
    all: bool,
    /// Only show what would be sent
    #[arg(long)]
    dry_run: bool,
    /// So many in a time, as 10/s; where nothing is said, 100/s by a running engine and all at once at its next start
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: Option<Rate>,
    /// Also where a newer state of the record went on: the older one overwrites it
    #[arg(long)]
    over_newer: bool,
    /// Without asking
    #[arg(long)]
    yes: bool,
    /// With the values of environments/NAME.yaml
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is meant: a filter between two runs.
struct Meant {
    filter: StoppedFilter,
    after: RunId,
    upto: RunId,
}

/// What was found of it.
#[derive(Default)]
struct Tally {
    again: u64,
    left: u64,
    stops: u64,
    unseen: u64,
}

impl Replay {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let look = journal::look(&self.folder)?;
        let meant = self.meant(&look)?;
        let project = Project::open(self.folder.clone(), self.env.as_deref(), out)?;
        let (hash, bundle) = (project.plan().hash, pinned::pin(project.bundle()));
        let today = Arc::new(project.into_plan());
        let mut previewer = Previewer::of(&look, today.clone(), self.env.as_deref());
        let tally = self.show(&look, &meant, &mut previewer, out)?;
        self.sum_up(&tally, out);
        if tally.again == 0 {
            return Ok(if tally.left == 0 { Ended::Fine } else { Ended::Problems });
        }
        if self.dry_run {
            out.aside("nothing was changed");
            return Ok(Ended::Fine);
        }
        if !self.is_wanted(out)? {
            out.aside("nothing was changed");
            return Ok(Ended::Problems);
        }
        match journal::alone(&self.folder)? {
            Some(mut keep) => {
                let plan = keep.plan(&bundle).map_err(journal::fault)?;
                self.begin_alone(&mut keep, &meant, (plan, &today), out)
            }
            None => {
                let chore = self.chore(&meant, self.rate.unwrap_or(RATE_DEFAULT));
                orders::leave(&self.folder, &Order::Chore(Box::new(chore.clone())), Some(hash))?;
                chores::wait_until_known(&self.folder, &chore)?;
                out.aside(&format!("the running engine replays them; `spanwright chores` says how far it is (chore {})", chore.id.0));
                Ok(Ended::Fine)
            }
        }
    }

    fn meant(&self, look: &Look) -> anyhow::Result<Meant> {
        if let Some(id) = &self.id {
            let runs: Vec<RunId> = journal::lines(look, id)?.into_iter().filter(journal::is_stopped).map(|line| line.run).collect();
            let (Some(first), Some(last)) = (runs.iter().min(), runs.iter().max()) else { bail!("`{id}` is no dead letter") };
            let correlation = if first == last { None } else { Some(id.as_str().into()) };
            let filter = StoppedFilter { correlation, ..StoppedFilter::default() };
            return Ok(Meant { filter, after: RunId(first.0 - 1), upto: *last });
        }
        let text = |text: &Option<String>| text.as_deref().map(Arc::from);
        let Filter { flow, key, correlation, reason } = &self.filter;
        let reason = reason.as_ref().map(|code| code.to_ascii_uppercase().into());
        let filter = StoppedFilter { flow: text(flow), node: text(&self.node), reason, key: text(key), correlation: text(correlation) };
        if filter == StoppedFilter::default() && !self.all && !self.dry_run {
            bail!("say which: `--id`, `--reason`, `--flow`, `--node`, `--key`, or `--all` of them");
        }
        Ok(Meant { filter, after: RunId(0), upto: RunId(i64::MAX) })
    }

    /// Shows what would be sent of the first, and counts all.
    fn show(&self, look: &Look, meant: &Meant, previewer: &mut Previewer<'_>, out: &mut Out) -> anyhow::Result<Tally> {
        let (mut tally, mut after, mut seen) = (Tally::default(), meant.after, 0);
        loop {
            let slice = look.stopped(&meant.filter, after, meant.upto, SLICE).map_err(journal::fault)?;
            let Some(last) = slice.last() else { return Ok(tally) };
            after = last.run;
            for run in slice {
                if run.overtaken && !self.over_newer {
                    tally.left += 1;
                    self.show_left(look, &run, tally.left, out)?;
                    continue;
                }
                tally.again += 1;
                seen += 1;
                if seen > PREVIEWED_MOST {
                    tally.unseen += 1;
                    continue;
                }
                let Some(file) = look.files(&[run.run]).map_err(journal::fault)?.pop() else { continue };
                let preview = previewer.preview(&file)?;
                tally.stops += u64::from(preview.stops.is_some());
                if seen <= SHOWN_MOST || self.format == Format::Json {
                    self.show_one(look, &run, &preview, out)?;
                }
            }
        }
    }

    fn show_one(&self, look: &Look, run: &StoppedRun, preview: &Preview, out: &mut Out) -> anyhow::Result<()> {
        let Some(line) = journal::line_of(look, run.run)? else { return Ok(()) };
        match self.format {
            Format::Json => out.line(&messages::object(&line).text("replay", "again").raw("preview", &preview.json()).end())?,
            Format::Human => {
                let why = line.stopped.as_ref().map(|(_, failure, _)| words(failure)).unwrap_or_default();
                out.line(&format!("{:>8} {:<14} again; it had stopped: {why}", line.run.0, line.key.as_deref().unwrap_or("-")))?;
                out.data(&preview.human())?;
            }
        }
        Ok(())
    }

    fn show_left(&self, look: &Look, run: &StoppedRun, shown: u64, out: &mut Out) -> anyhow::Result<()> {
        if shown > SHOWN_MOST as u64 && self.format == Format::Human {
            return Ok(());
        }
        let Some(line) = journal::line_of(look, run.run)? else { return Ok(()) };
        let why = "left: a newer state of the record went on";
        match self.format {
            Format::Json => out.line(&messages::object(&line).text("replay", why).end())?,
            Format::Human => out.line(&format!("{:>8} {:<14} {why}", line.run.0, line.key.as_deref().unwrap_or("-")))?,
        }
        Ok(())
    }

    fn sum_up(&self, tally: &Tally, out: &mut Out) {
        if tally.again == 0 {
            out.aside("nothing would be tried again");
        } else {
            out.aside(&format!("{} would be tried again", count(tally.again, "message")));
        }
        if tally.stops > 0 {
            out.aside(&format!("{} of them would stop again: is the cause mended?", count(tally.stops, "message")));
        }
        if tally.unseen > 0 {
            out.aside(&format!("{} of them were not looked at; the first {PREVIEWED_MOST} were", count(tally.unseen, "message")));
        }
        if tally.left > 0 {
            out.aside(&format!(
                "{} left, since a newer state of the record went on; `--over-newer` sends the older one over it",
                count(tally.left, "message")
            ));
        }
    }

    fn is_wanted(&self, out: &mut Out) -> anyhow::Result<bool> {
        if self.yes {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() || !out.is_watched() {
            bail!("nobody is there to ask: `--yes` does it, `--dry-run` only shows it");
        }
        out.aside_text("go on? [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    fn chore(&self, meant: &Meant, rate: Rate) -> Chore {
        let what = ChoreKind::Replay { over_newer: self.over_newer };
        let chore = Chore::begin(what, meant.filter.clone(), meant.upto, rate, journal::person().into(), journal::now());
        Chore { at: meant.after, ..chore }
    }

    /// Nobody runs: with a rate it is left as a chore for the next start, without one they are open at once.
    fn begin_alone(&self, keep: &mut Keep, meant: &Meant, (plan, today): (PlanId, &Plan), out: &mut Out) -> anyhow::Result<Ended> {
        if let Some(rate) = self.rate {
            let chore = self.chore(meant, rate);
            keep.commit(&[Fact::Chore(Box::new(chore.clone()))]).map_err(journal::fault)?;
            out.aside(&format!("the next `spanwright run` replays them at that rate (chore {})", chore.id.0));
            return Ok(Ended::Fine);
        }
        let (by, mut after, mut again): (Arc<str>, _, u64) = (journal::person().into(), meant.after, 0);
        loop {
            let slice = keep.stopped(&meant.filter, after, meant.upto, SLICE).map_err(journal::fault)?;
            let Some(last) = slice.last() else { break };
            after = last.run;
            let over = |run: &StoppedRun| self.over_newer || today.flow(&run.flow).is_some_and(|(_, flow)| flow.blocks());
            let may = slice.iter().filter(|run| over(run) || !run.overtaken);
            let facts: Vec<Fact> = may.map(|run| reopened(run.run, plan, &by, over(run))).collect();
            again += facts.len() as u64;
            keep.commit(&facts).map_err(journal::fault)?;
        }
        out.aside(&format!("{} open again; `spanwright run` delivers them", count(again, "message")));
        Ok(Ended::Fine)
    }
}

fn reopened(run: RunId, plan: PlanId, by: &Arc<str>, over_newer: bool) -> Fact {
    Fact::Reopened { run, plan, at: journal::now(), by: by.clone(), over_newer }
}

/// `10/s`
fn rate(text: &str) -> Result<Rate, String> {
    let rate = spanwright_shape::text::form::rate(text).map(|(most, per)| Rate { most, per });
    rate.ok_or_else(|| "a rate is so many in a time: 10/s, 100/m".to_string())
}
