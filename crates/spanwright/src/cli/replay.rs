//! `spanwright replay`: stopped messages go on under today's project. What is done stays done, what was refused is asked
//! again under a new key, and no older state is sent over a newer one.

use anyhow::bail;
use clap::Args;
use spanwright_core::fact::{Listed, Store};
use spanwright_engine::{keep::Look, pinned};

use super::{
    Ended,
    dead_letters::carry_out,
    folder::Folder,
    journal,
    messages::{self, Filter},
    orders::{self, Errand, What},
    out::{Format, Out},
    run::Project,
    story::{count, words},
};

/// Try stopped messages again, under today's project
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright replay --id 4711\n  spanwright replay shop --reason R2015 --dry-run      what would be tried again\n  \
    spanwright replay --flow customers --all\n\nA message of whose record a newer state was taken is left out, unless `--over-newer` says otherwise."
)]
pub struct Replay {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    filter: Filter,
    /// One: its message id, correlation id or run number
    #[arg(long, value_name = "ID", conflicts_with_all = ["flow", "key", "reason", "correlation", "all"])]
    id: Option<String>,
    /// Every one that the other options leave
    #[arg(long)]
    all: bool,
    /// Only say what would be tried again
    #[arg(long)]
    dry_run: bool,
    /// Also where a newer state of the record was taken: the older one overwrites it
    #[arg(long)]
    over_newer: bool,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Replay {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let look = journal::look(&self.folder)?;
        let found = self.find(&look)?;
        let (mut again, mut left) = (Vec::new(), Vec::new());
        for line in found {
            if !self.over_newer && journal::has_newer(&look, &line)? { left.push(line) } else { again.push(line) }
        }
        again.iter().try_for_each(|line| out.line(&self.row(line, "again")))?;
        left.iter().try_for_each(|line| out.line(&self.row(line, "left: a newer state of the record was taken")))?;
        if again.is_empty() {
            out.aside("nothing is tried again");
            return Ok(if left.is_empty() { Ended::Fine } else { Ended::Problems });
        }
        if self.dry_run {
            out.aside(&format!("{} would be tried again; nothing was changed", count(again.len() as u64, "message")));
            return Ok(Ended::Fine);
        }
        self.begin(&again, out)
    }

    fn find(&self, look: &Look) -> anyhow::Result<Vec<Listed>> {
        if let Some(id) = &self.id {
            let found: Vec<Listed> = journal::lines(look, id)?.into_iter().filter(journal::is_stopped).collect();
            return if found.is_empty() { bail!("`{id}` is no dead letter") } else { Ok(found) };
        }
        let Filter { flow, key, correlation, reason } = &self.filter;
        let names_some = [flow, key, correlation, reason].iter().any(|filter| filter.is_some());
        if !names_some && !self.all && !self.dry_run {
            bail!("say which: `--id`, `--reason`, `--flow`, `--key`, or `--all` of them");
        }
        look.list(&self.filter.of_journal(Some("dead"), orders::RUNS_MOST)).map_err(journal::fault)
    }

    fn row(&self, line: &Listed, what: &str) -> String {
        match self.format {
            Format::Json => messages::object(line).text("replay", what).end(),
            Format::Human => {
                let why = line.stopped.as_ref().map(|(_, failure, _)| words(failure)).unwrap_or_default();
                format!("{:>8} {:<14} {:<10} {why}", line.run.0, line.key.as_deref().unwrap_or("-"), what)
            }
        }
    }

    fn begin(&self, again: &[Listed], out: &mut Out) -> anyhow::Result<Ended> {
        let project = Project::open(self.folder.clone(), None, out)?;
        let runs = again.iter().map(|line| line.run).collect();
        let errand = Errand { runs, by: journal::person(), what: What::Replay };
        let messages = count(again.len() as u64, "message");
        match journal::alone(&self.folder)? {
            Some(mut keep) => {
                let plan = keep.plan(&pinned::pin(project.bundle())).map_err(journal::fault)?;
                carry_out(&mut keep, &errand, plan)?;
                out.aside(&format!("{messages} open again; `spanwright run` delivers them"));
            }
            None => {
                orders::leave(&self.folder, &errand)?;
                out.aside(&format!("{messages} open again; the running engine delivers them under the project that it was started with"));
            }
        }
        Ok(Ended::Fine)
    }
}
