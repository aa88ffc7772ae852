//! `spanwright schema`: the editor's JSON Schema, from the very declarations that `check` reads by.

use anyhow::anyhow;
use clap::Args;
use spanwright_core::project::vocabulary;
use spanwright_shape::text::{
    did_you_mean,
    form::{self, Form},
};

use super::{Ended, out::Out};

/// Print the JSON Schema that an editor completes and checks by
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright schema > .spanwright/schema.json       for every file of a project\n  \
    spanwright schema flow > flow.schema.json         for flows alone\n\nIn an editor with the YAML language server, as the first line of a file:\n  \
    # yaml-language-server: $schema=../.spanwright/schema.json")]
pub struct Schema {
    /// Of which kind of file: project, environment, system, flow, map; left out: of all
    kind: Option<String>,
}

impl Schema {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
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
