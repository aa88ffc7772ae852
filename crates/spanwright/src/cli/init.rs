//! `spanwright init FOLDER`: a project to start from, that passes `check` as it is.

use std::path::PathBuf;

use clap::Args;

use super::{
    Ended,
    embedded::{self, Tree},
    folder::Folder,
    out::Out,
};

/// Write a project to start from
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright init shop              two systems, a flow and a map between them\n  \
    spanwright init crm --example     the project that `spanwright demo` runs")]
pub struct Init {
    /// Where to; made where it is not there
    #[arg(value_name = "FOLDER", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// The larger example: customers of a SOAP ERP as contacts in a REST CRM
    #[arg(long)]
    example: bool,
}

impl Init {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let tree: &Tree = if self.example { embedded::EXAMPLE } else { embedded::STARTER };
        embedded::write(tree, &self.folder)?;
        Folder::at(&self.folder).make_state()?;
        for (path, _) in tree {
            out.line(&self.folder.join(path).display().to_string())?;
        }
        let folder = self.folder.display();
        out.aside(&format!("Next: `spanwright check {folder}`, then set the variables of spanwright.yaml and `spanwright run {folder}`."));
        Ok(Ended::Fine)
    }
}
