//! `spanwright schema infer-shape SAMPLE...`: hints for XML without a schema, out of samples.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::Args;
use spanwright_connect::soap::convert::Note;
use spanwright_shape::{
    text::{Bundle, FileId, Problem, Problems, Span, Weight},
    xml::{self, plain::Sample},
};

use super::{Ended, documents, out::Out};

/// Write the hints by which XML without a schema is read: what repeats and what has attributes in any of the samples
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright schema infer-shape samples/*.xml > order.hints.yaml\n  \
    spanwright convert order.xml --hints order.hints.yaml\n\nWhat no sample shows, a person has to add.")]
pub struct InferShape {
    /// Documents or envelopes; the more, the better
    #[arg(required = true, value_hint = clap::ValueHint::FilePath)]
    samples: Vec<PathBuf>,
}

impl InferShape {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let mut sample = Sample::new();
        for path in &self.samples {
            let bytes = fs::read(path).with_context(|| format!("reading `{}`", path.display()))?;
            let added = xml::text(&bytes, None).and_then(|text| sample.add(&text));
            if let Err(fault) = added {
                let note = Note::from(fault);
                let at = Span { file: FileId(0), from: note.at as u32, to: note.at as u32 + 1 };
                let mut problems = Problems::new();
                problems.push(Problem { code: note.code, weight: Weight::Error, at: Some(at), says: note.says, help: note.help });
                documents::refuse(&problems, &Bundle::new([(path.display().to_string(), bytes)]), false, out)?;
                return Ok(Ended::Problems);
            }
        }
        let hints = sample.hints();
        let mut page = format!(
            "# What {} sample(s) show. Add what they do not: paths that may repeat, elements that may have attributes.\n",
            self.samples.len()
        );
        let list = |page: &mut String, name: &str, paths: &[String]| {
            if paths.is_empty() {
                return;
            }
            *page += &format!("{name}:\n");
            paths.iter().for_each(|path| *page += &format!("  - {path}\n"));
        };
        list(&mut page, "arrays", &hints.arrays);
        list(&mut page, "records", &hints.records);
        if !hints.namespace.is_empty() {
            page += &format!("namespace: \"{}\"\n", hints.namespace);
        }
        if !hints.prefixes.is_empty() {
            page += "prefixes:\n";
            hints.prefixes.iter().for_each(|(prefix, uri)| page += &format!("  {prefix}: \"{uri}\"\n"));
        }
        out.data(&page)?;
        Ok(Ended::Fine)
    }
}
