//! `spanwright verify`: whether a journal, or a backup of one, is whole. Reads every page; changes nothing.

use std::path::PathBuf;

use clap::Args;
use spanwright_engine::keep::{Look, OpenFault, Verified};

use super::{Ended, folder::Folder, journal, out::Out, story::count};
use crate::codes;

/// Read every page of a journal and look whether it is whole
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright verify\n  spanwright verify --file /backup/shop-2026-11-26.db\n\nExit code 1 where it is damaged, 2 where there is none or it cannot be read."
)]
pub struct Verify {
    #[command(flatten)]
    folder: Folder,
    /// A backup, in place of the project's journal
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
}

impl Verify {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let path = self.file.clone().unwrap_or_else(|| self.folder.journal());
        // As an open that makes nothing anew sees it; a journal is never empty.
        let is_empty = std::fs::metadata(&path).is_ok_and(|file| file.len() == 0);
        let verified = match Look::open(&path, codes::of_journal) {
            Err(OpenFault::Damaged { what, .. }) => Verified { messages: 0, faults: vec![what] },
            Err(gone @ OpenFault::Gone { .. }) => Verified { messages: 0, faults: vec![gone.to_string()] },
            Err(OpenFault::Absent { .. }) if is_empty => Verified { messages: 0, faults: vec!["it is empty: it has no byte".into()] },
            look => look?.verify().map_err(journal::fault)?,
        };
        for fault in &verified.faults {
            out.line(fault)?;
        }
        if verified.faults.is_empty() {
            out.aside(&format!("`{}` is whole: {}", path.display(), count(verified.messages, "message")));
            return Ok(Ended::Fine);
        }
        out.aside(&format!("`{}` is damaged: put the newest backup in its place, and keep the damaged file", path.display()));
        Ok(Ended::Problems)
    }
}
