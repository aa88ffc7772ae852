//! `spanwright setup`: what the project names at its brokers is made to be there.

use clap::Args;
use spanwright_engine::{setup, wire::HttpSettings};

use super::{Ended, folder::Folder, out::Out, run::Project};

/// Declare the exchanges, queues and bindings that the project names at its brokers
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright setup\n  spanwright setup --env staging\n\n\
    What is there stays as it is; what is there and differs is told, and nothing is changed.")]
pub struct Setup {
    #[command(flatten)]
    folder: Folder,
    /// With the values of environments/NAME.yaml
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
}

impl Setup {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let project = Project::open(self.folder.clone(), self.env.as_deref(), out)?;
        let variables = project.variables(out)?;
        let (plan, mut ended, mut brokers) = (project.into_plan(), Ended::Fine, 0);
        for system in &plan.systems {
            let Some(declared) = setup::once(&*system.system, &variables, &HttpSettings::default()) else { continue };
            brokers += 1;
            match declared {
                Ok(lines) => lines.iter().try_for_each(|line| out.line(&format!("{}: {line}", system.name)))?,
                Err(why) => {
                    out.line(&format!("{}: {why}", system.name))?;
                    ended = Ended::Problems;
                }
            }
        }
        if brokers == 0 {
            out.aside("the project has no system at which something could be declared");
        }
        Ok(ended)
    }
}
