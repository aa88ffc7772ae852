//! `spanwright schema`: schemas of other systems looked at, and the editor's JSON Schema of our own files, from the very
//! declarations that `check` reads by.

mod import;
mod infer;
mod inspect;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use spanwright_core::project::vocabulary;
use spanwright_shape::text::{
    did_you_mean,
    form::{self, Form},
};

use super::{Ended, documents, out};
use out::Out;

pub use inspect::read;

/// Look at the schemas of other systems; print the JSON Schema that an editor completes and checks by
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Examples:\n  spanwright schema inspect schemas/erp.wsdl        what a WSDL offers, and what of it cannot be called\n  \
    spanwright schema > .spanwright/schema.json       for every file of a project\n  \
    spanwright schema flow > flow.schema.json         for flows alone\n\nIn an editor with the YAML language server, as the first line of a file:\n  \
    # yaml-language-server: $schema=../.spanwright/schema.json"
)]
pub struct Schema {
    #[command(subcommand)]
    what: Option<What>,
    /// Of which kind of our own files: project, environment, system, flow, map; left out: of all
    kind: Option<String>,
}

#[derive(Subcommand)]
enum What {
    Inspect(inspect::Inspect),
    Import(import::Import),
    InferShape(infer::InferShape),
}

impl Schema {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match &self.what {
            Some(What::Inspect(inspect)) => inspect.run(out),
            Some(What::Import(import)) => import.run(out),
            Some(What::InferShape(infer)) => infer.run(out),
            None => self.print(out),
        }
    }

    fn print(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let forms = match &self.kind {
            Some(kind) => vec![of_kind(kind)?],
            None => vocabulary::FILES.to_vec(),
        };
        let title = self.kind.as_ref().map_or("Spanwright project files".to_string(), |kind| format!("Spanwright {kind} file"));
        out.data(&form::schema(&title, &forms))?;
        Ok(Ended::Fine)
    }
}

fn of_kind(kind: &str) -> anyhow::Result<&'static Form> {
    let names = || vocabulary::FILES.iter().map(|form| form.name);
    vocabulary::FILES.iter().copied().find(|form| form.name == kind).ok_or_else(|| {
        let help = did_you_mean(kind, names()).unwrap_or_else(|| format!("there are {}", names().collect::<Vec<_>>().join(", ")));
        anyhow!("there is no kind of file `{kind}`: {help}")
    })
}
