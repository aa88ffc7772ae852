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
    fact::{EffectKey, Phase, RunId, Way, begins_way_back},
};

use super::{
    Ended,
    folder::Folder,
    journal,
    orders::{self, Taken},
    out::Out,
    waits::plan_of_folder,
};

/// How long is waited until it is noted: a try that is under way ends first.
const PATIENCE: Duration = Duration::from_secs(5);

/// Say that a step was undone by hand: its undo is asked for no more
#[derive(Args)]
#[command(after_help = "Example:\n  spanwright undone 4711 --step charge --reason \"refunded in the bank's console\"\n\n\
    An undo is tried without end, and an alert says where it is refused again and again (`undo`). Where somebody has done it at \
    the other system, this says so: what came before is undone next, and the message ends. While the project runs.")]
pub struct Undone {
    /// The message: its message id, correlation id or run number
    id: String,
    #[command(flatten)]
    folder: Folder,
    /// The step that was undone
    #[arg(long, value_name = "STEP")]
    step: String,
    /// How it was undone: it stays in the journal
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Undone {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        if self.reason.trim().is_empty() {
            bail!("say how it was undone: somebody will ask");
        }
        let undo = match &self.undos(false)?[..] {
            [undo] => undo.clone(),
            [] => bail!(
                "of `{}` nothing that {} did is to be undone; `spanwright messages --id {}` shows where it stands",
                self.id,
                self.step,
                self.id
            ),
            more => bail!(
                "{} was done {} times in `{}`, and no undo of it is tried yet: say it when one is, or name one message by its run number",
                self.step,
                more.len(),
                self.id
            ),
        };
        if journal::alone(&self.folder)?.is_some() {
            bail!("the project does not run: start it, and say it again");
        }
        let (by, words): (Arc<str>, Arc<str>) = (journal::person().into(), self.reason.as_str().into());
        let taken = orders::leave(&self.folder, &Order::Undone { undo: undo.clone(), by, words }, None)?;
        if taken == Taken::Told {
            out.aside(taken.words(""));
            return Ok(Ended::Fine);
        }
        let began = Instant::now();
        while !self.undos(true)?.contains(&undo) {
            if began.elapsed() > PATIENCE {
                out.aside(&format!("told: it is noted as soon as no try of the undo of {} is under way, and none is begun", undo.node));
                return Ok(Ended::Fine);
            }
            thread::sleep(Duration::from_millis(20));
        }
        out.aside(&format!("{} is undone: where something came before it, that is undone next", undo.node));
        Ok(Ended::Fine)
    }

    /// The undos of the step that are not done, or those that are. Of one that was not asked so far there is no row.
    fn undos(&self, done: bool) -> anyhow::Result<Vec<EffectKey>> {
        let look = journal::look(&self.folder)?;
        let runs: Vec<RunId> = journal::lines(&look, &self.id)?.into_iter().map(|line| line.run).collect();
        let (mut undos, mut tried) = (Vec::new(), Vec::new());
        let plan = plan_of_folder(&self.folder);
        let today = plan.as_ref().and_then(|plan| look.plan_of(&plan.hash).ok()?);
        let has_none = |flow: &str| {
            let (_, flow) = plan.as_ref()?.flow(flow)?;
            Some(flow.effect_of(&self.step)?.undo.is_none())
        };
        for file in look.files(&runs).map_err(journal::fault)?.into_iter().filter(|file| done || !file.over) {
            // Before something failed for good nothing is undone, and a word would be of a later undo.
            if !done && !file.known.iter().any(|known| begins_way_back(known.effect.way, &known.state.phase)) {
                continue;
            }
            // What began under an older plan is undone by that.
            if !done && today == Some(file.plan) && has_none(&file.flow) == Some(true) {
                continue;
            }
            let of_step = |way| file.known.iter().filter(move |known| known.effect.way == way && *known.effect.node == *self.step);
            for known in of_step(Way::Do).filter(|known| matches!(known.state.phase, Phase::Done(_) | Phase::Uncertain(_))) {
                let undo = of_step(Way::Undo).find(|undo| undo.effect.item == known.effect.item);
                let is_done = undo.is_some_and(|undo| matches!(undo.state.phase, Phase::Done(_) | Phase::Unchanged | Phase::Superseded));
                if is_done == done {
                    let key = EffectKey { way: Way::Undo, ..known.effect.clone() };
                    tried.extend(undo.map(|_| key.clone()));
                    undos.push(key);
                }
            }
        }
        // Strictly backwards: of several of one step, one is on its way.
        if !done && tried.len() == 1 {
            return Ok(tried);
        }
        Ok(undos)
    }
}
