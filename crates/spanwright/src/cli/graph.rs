//! `spanwright graph`: who talks to whom, as Mermaid text or DOT.

use anyhow::bail;
use clap::{Args, ValueEnum};
use spanwright_docs::{Book, Sources, diagram};
use spanwright_shape::text::{
    Problems,
    render::{self, Look},
};

use super::{Ended, check::plan_of, folder::Folder, out::Out};

/// Draw who talks to whom, as Mermaid text or DOT
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright graph\n  spanwright graph --format dot | dot -Tsvg > project.svg")]
pub struct Graph {
    #[command(flatten)]
    folder: Folder,
    /// In which language
    #[arg(long, value_enum, default_value_t)]
    format: Language,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Language {
    /// What forges draw in Markdown
    #[default]
    Mermaid,
    /// For Graphviz
    Dot,
}

impl Graph {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let bundle = self.folder.bundle()?;
        let mut problems = Problems::new();
        let Some(plan) = plan_of(&bundle, None, &mut problems) else {
            out.aside_text(&render::human(&problems, &bundle, Look::Colour));
            bail!("the project has problems, so it is not drawn");
        };
        let graph = diagram::graph(&Book::of(Sources { bundle: &bundle, plan: &plan, problems: &problems, examples: &[], visits: &[] }));
        out.data(&match self.format {
            Language::Mermaid => graph.mermaid(),
            Language::Dot => graph.dot(),
        })?;
        Ok(Ended::Fine)
    }
}
