//! `spanwright backup`: a copy of the journal, also beside a running engine, verified before it counts.

use std::path::PathBuf;

use clap::Args;

use super::{Ended, folder::Folder, journal, out::Out, story::count};

/// Copy the journal of a project, running or not, and verify the copy
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright backup --to /backup/shop-$(date +%F).db\n  spanwright verify --file /backup/shop-2026-11-26.db\n\n\
    To restore: stop the engine, move `.spanwright/journal.db*` aside, copy the backup to `.spanwright/journal.db`, start again."
)]
pub struct Backup {
    #[command(flatten)]
    folder: Folder,
    /// Where to; a file that is there is left alone
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    to: PathBuf,
}

impl Backup {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let verified = journal::look(&self.folder)?.copy(&self.to)?;
        out.aside(&format!("{} copied to `{}` and verified", count(verified.messages, "message"), self.to.display()));
        Ok(Ended::Fine)
    }
}
