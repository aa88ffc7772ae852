//! `spanwright adopt`: messages that an older project took, and for which nobody was asked anything yet, go on under today's.

use anyhow::bail;
use clap::Args;
use spanwright_core::fact::{Fact, Opening, RunId, Store};
use spanwright_engine::pinned;

use super::{Ended, folder::Folder, journal, out::Out, run::Project, story::count};

/// Let messages of a flow that have not begun go on under today's project, with its steps and maps
#[derive(Args)]
#[command(after_help = "Example:\n  spanwright adopt orders       the map is mended; what waits behind `pause_after` goes by it\n\n\
    While nothing runs. What has begun keeps the steps that it began with, and so does what a killed process may have asked for.")]
pub struct Adopt {
    /// The flow
    flow: String,
    #[command(flatten)]
    folder: Folder,
}

impl Adopt {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let project = Project::open(self.folder.clone(), None, out)?;
        if project.plan().flow(&self.flow).is_none() {
            bail!("there is no flow `{}`", self.flow);
        }
        let before = self.open()?;
        let Some(mut keep) = journal::alone(&self.folder)? else {
            bail!("the project is running: stop it, adopt, and start it again");
        };
        let today = keep.plan(&pinned::pin(project.bundle())).map_err(journal::fault)?;
        let opening = keep.opening().map_err(journal::fault)?;
        let adopted = Fact::Adopted { flow: self.flow.as_str().into(), plan: today, after: maybe_asked(&opening) };
        let rests = opening.rested.then_some(Fact::Rested { boot: opening.boot });
        keep.commit(&rests.into_iter().chain([adopted]).collect::<Vec<_>>()).map_err(journal::fault)?;
        drop(keep);
        let of_today = |open: &[(i64, u64)]| open.iter().filter(|(plan, _)| *plan == today.0).map(|(_, count)| count).sum::<u64>();
        let after = self.open()?;
        let (moved, all) = (of_today(&after).saturating_sub(of_today(&before)), after.iter().map(|(_, count)| count).sum::<u64>());
        out.aside(&format!("{} of flow {} go on under this project now", count(moved, "message"), self.flow));
        if all > of_today(&after) {
            let left = count(all - of_today(&after), "open message");
            out.aside(&format!(
                "{left} of it go on with the steps that they began with, or may have begun with when the process was killed"
            ));
        }
        Ok(Ended::Fine)
    }

    /// Open messages of the flow, by plan.
    fn open(&self) -> anyhow::Result<Vec<(i64, u64)>> {
        let standing = journal::look(&self.folder)?.standing().map_err(journal::fault)?;
        Ok(standing.into_iter().filter(|standing| *standing.flow == *self.flow).map(|standing| (standing.plan.0, standing.open)).collect())
    }
}

/// Of runs up to this nobody knows what was asked: a life was cut off.
fn maybe_asked(opening: &Opening) -> RunId {
    match opening.cut_off {
        _ if !opening.rested => opening.last_run,
        Some(cut_off) => cut_off.upto,
        None => RunId(0),
    }
}
