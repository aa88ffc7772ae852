//! `spanwright undone`: a step that was undone by hand, since the other system refuses its undo.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;
use clap::Args;
use spanwright_core::{
    desk::Order,
    fact::{EffectKey, Phase, RunId, Way},
};

use super::{Ended, folder::Folder, journal, orders, out::Out};

/// How long is waited until it is noted: a try that is under way ends first.
const PATIENCE: Duration = Duration::from_secs(5);

/// Say that a step was undone by hand: its undo is asked for no more
#[derive(Args)]
#[command(after_help = "Example:\n  spanwright undone 4711 --reason \"refunded in the bank's console\"\n\n\
    An undo is tried without end, and an alert says where it is refused again and again (`undo`). Where somebody has done it at\n\
    the other system, this says so: what came before is undone next, and the message ends. While the project runs.")]
pub struct Undone {
    /// The message: its message id, correlation id or run number
    id: String,
    #[command(flatten)]
    folder: Folder,
    /// How it was undone: it stays in the journal
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Undone {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        if self.reason.trim().is_empty() {
            bail!("say how it was undone: somebody will ask");
        }
        let undos = self.undos()?;
        let undo = match &undos[..] {
            [undo] => undo.clone(),
            [] => bail!("of `{}` nothing is being undone; `spanwright messages --id {}` shows where it stands", self.id, self.id),
            more => bail!("`{}` is {} messages that are being undone: name one by its run number", self.id, more.len()),
        };
        if journal::alone(&self.folder)?.is_some() {
            bail!("the project does not run: start it, and say it again");
        }
        let (by, words): (Arc<str>, Arc<str>) = (journal::person().into(), self.reason.as_str().into());
        orders::leave(&self.folder, &Order::Undone { undo: undo.clone(), by, words }, None)?;
        let began = Instant::now();
        while self.undos()?.contains(&undo) {
            if began.elapsed() > PATIENCE {
                out.aside(&format!("told: a try of the undo of {} is under way, and it is noted when that has ended", undo.node));
                return Ok(Ended::Fine);
            }
            thread::sleep(Duration::from_millis(20));
        }
        out.aside(&format!("{} is undone: what came before it is undone next", undo.node));
        Ok(Ended::Fine)
    }

    /// The undos that are owed; of one message there is one at a time.
    fn undos(&self) -> anyhow::Result<Vec<EffectKey>> {
        let look = journal::look(&self.folder)?;
        let runs: Vec<RunId> = journal::lines(&look, &self.id)?.into_iter().map(|line| line.run).collect();
        let mut undos = Vec::new();
        for file in look.files(&runs).map_err(journal::fault)?.into_iter().filter(|file| !file.over) {
            let open = file.known.iter().filter(|known| known.effect.way == Way::Undo && matches!(known.state.phase, Phase::Owed { .. }));
            for known in open {
                if known.state.glued.is_some() {
                    bail!("the undo of {} went with others in one request under one key, and cannot be taken out of it", known.effect.node);
                }
                undos.push(known.effect.clone());
            }
        }
        Ok(undos)
    }
}
