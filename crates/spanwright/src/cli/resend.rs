//! `spanwright resend`: a new message of an old one, as it was or with an edited body. It has keys of its own, so it is
//! done once more; the old one keeps its story, and each names the other.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Args;
use spanwright_core::{
    desk::{Order, letters::resent_anew, message_id},
    fact::{Listed, PlanId, Receipt, Resent, Root, RunFile, Store, Took},
    plan::Flow,
    run::intake,
};
use spanwright_engine::{clock::Dice, observe, pinned};
use spanwright_shape::{
    json::{self, differences},
    room::Room,
};

use super::{Ended, folder::Folder, journal, orders, out::Out, run::Project};

type Text = Option<Arc<str>>;

/// Bytes that an edited body may have.
const BODY_BYTES_MOST: u64 = 16 << 20;

/// Make a new message of an old one: the same once more, or edited
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright resend --id 4711 --to body.json        its body, to be edited\n  \
    spanwright resend --id 4711 --body body.json --reason 'a digit was missing'\n  spanwright resend --id 4711 --reason 'the CRM lost it'\n\n\
    A replay goes on with the same message under its keys; a resend is another message and is done once more. The dead letter that it \
    was made of is set aside.")]
pub struct Resend {
    #[command(flatten)]
    folder: Folder,
    /// Its message id or run number
    #[arg(long, value_name = "ID")]
    id: String,
    /// The edited body, JSON; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Only write its body to this file, to be edited
    #[arg(long, value_name = "FILE", conflicts_with_all = ["body", "reason", "over_newer"])]
    to: Option<PathBuf>,
    /// Why; it is kept in both trails, and wanted but with `--to`
    #[arg(long, value_name = "WORDS", required_unless_present = "to")]
    reason: Option<String>,
    /// Also where a newer state of the record went on: the older one overwrites it
    #[arg(long)]
    over_newer: bool,
}

impl Resend {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let look = journal::look(&self.folder)?;
        let line = self.line(journal::lines(&look, &self.id)?)?;
        let Some(file) = look.files(&[line.run]).map_err(journal::fault)?.pop() else { bail!("run {} is gone", line.run.0) };
        if let Some(to) = &self.to {
            std::fs::write(to, &file.message.body).with_context(|| format!("writing `{}`", to.display()))?;
            let folder = if self.folder.folder == Path::new(".") { String::new() } else { format!("{} ", self.folder.folder.display()) };
            out.aside(&format!("edit `{0}`, then: spanwright resend {folder}--id {1} --body {0} --reason '...'", to.display(), self.id));
            return Ok(Ended::Fine);
        }
        let Some(reason) = self.reason.as_deref().filter(|reason| !reason.trim().is_empty()) else {
            bail!("a resend wants a `--reason`: somebody will ask");
        };
        if line.state == "open" {
            bail!("`{}` is open, and goes on by itself; `spanwright messages --id {0}` says what it waits for", self.id);
        }
        let project = Project::open(self.folder.clone(), None, out)?;
        let Some((_, flow)) = project.plan().flow(&line.flow) else {
            bail!("this project has no flow `{}`, which would take it: put its file back, or `spanwright dead-letters discard`", line.flow);
        };
        // Where dead letters block what came after them, nothing newer went ahead.
        let over_newer = self.over_newer || flow.blocks();
        if !over_newer && look.overtaken(line.run).map_err(journal::fault)? {
            bail!("a newer state of `{}` went on since: `--over-newer` sends the older one over it", line.key.as_deref().unwrap_or("-"));
        }
        let resent = self.resent((&line, &file), (flow, over_newer), reason, out)?;
        let message = resent.took.message;
        match journal::alone(&self.folder)? {
            Some(mut keep) => {
                let plan = keep.plan(&pinned::pin(project.bundle())).map_err(journal::fault)?;
                let took = Took { plan, ..resent.took };
                let receipts = keep.commit(&resent_anew(flow, Resent { took, ..resent })).map_err(journal::fault)?;
                if receipts.contains(&Receipt::Late) {
                    bail!("`{}` is no dead letter any more, or a newer state of its record went on meanwhile: nothing was sent", self.id);
                }
                out.aside("a new message is open; `spanwright run` delivers it");
            }
            None => {
                let taken = orders::leave(&self.folder, &Order::Resend(Box::new(resent)), Some(project.plan().hash))?;
                out.aside(taken.words("the running engine takes the new message in"));
            }
        }
        out.line(&observe::message_id(message))?;
        Ok(Ended::Fine)
    }

    fn line(&self, mut lines: Vec<Listed>) -> anyhow::Result<Listed> {
        match (lines.pop(), lines.is_empty()) {
            (Some(line), true) => Ok(line),
            (_, _) => bail!("`{}` means several messages: name one by its message id or run number", self.id),
        }
    }

    fn resent(
        &self,
        (line, file): (&Listed, &RunFile),
        (flow, over_newer): (&Flow, bool),
        reason: &str,
        out: &mut Out,
    ) -> anyhow::Result<Resent> {
        let (old, edited) = (&file.message, self.body.as_deref().map(read).transpose()?);
        if old.body.is_empty() && edited.is_none() {
            bail!("its body was forgotten after the time that `keep: {{ bodies }}` says: give one with `--body`");
        }
        if let Some(edited) = &edited {
            show_change(&old.body, edited, out)?;
        }
        let (key, version) = match &edited {
            Some(edited) => identity(flow, file, edited, out)?,
            None => (old.key.clone(), old.version.clone()),
        };
        let (now, dice) = (journal::now(), Dice::new());
        let mut roll = || dice.roll();
        let took = Took {
            message: message_id(now, &mut roll),
            source: old.source.clone(),
            correlation: old.correlation.clone(),
            at: now,
            key,
            version,
            body: edited.as_deref().map_or_else(|| old.body.clone(), Into::into),
            beside: old.beside.clone(),
            flow: file.flow.clone(),
            root: Root(u128::from(roll()) << 64 | u128::from(roll())),
            plan: PlanId(0),
            seen: None,
            about: None,
            fault: None,
        };
        // Left as it is, a replay of it would do the same once more.
        let instead = journal::is_stopped(line);
        Ok(Resent { took, of: line.run, by: journal::person().into(), words: reason.into(), instead, over_newer })
    }
}

/// Which record an edited body is about, and which state of it, as today's source says.
fn identity(flow: &Flow, file: &RunFile, edited: &[u8], out: &mut Out) -> anyhow::Result<(Text, Text)> {
    let old = &file.message;
    let (key, version) = intake::edited(flow.source.as_ref(), old, edited)
        .map_err(|failure| anyhow::anyhow!("the source cannot take the edited body: {} {}", failure.code.id, failure.says))?;
    if key != old.key {
        let says = |key: &Text| key.as_deref().map_or("nothing".to_string(), |key| format!("`{key}`"));
        out.aside(&format!("it is about another record: {}, and was about {}", says(&key), says(&old.key)));
    }
    Ok((key, version))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let whole = match path.to_str() {
        Some("-") => std::io::stdin().take(BODY_BYTES_MOST + 1).read_to_end(&mut bytes),
        _ => std::fs::File::open(path).and_then(|file| file.take(BODY_BYTES_MOST + 1).read_to_end(&mut bytes)),
    };
    let length = whole.with_context(|| format!("reading `{}`", path.display()))? as u64;
    if length > BODY_BYTES_MOST {
        bail!("a body has at most {} MiB", BODY_BYTES_MOST >> 20);
    }
    let room = Room::new();
    let value = json::read(&bytes, &room);
    let value = value.map_err(|fault| anyhow::anyhow!("`{}` is no JSON at byte {}: {}", path.display(), fault.at, fault.says))?;
    let mut written = Vec::new();
    json::write(&value, &mut written);
    Ok(written)
}

fn show_change(old: &[u8], edited: &[u8], out: &mut Out) -> anyhow::Result<()> {
    let room = Room::new();
    let (Ok(before), Ok(after)) = (json::read(old, &room), json::read(edited, &room)) else { return Ok(()) };
    let found = differences(&before, &after);
    for place in &found {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".into());
        out.aside(&format!("  {}: {} -> {}", place.path, side(&place.before), side(&place.after)));
    }
    if found.is_empty() {
        bail!("the edited body is the same as the old one: `replay` tries that again, a resend without `--body` sends it once more");
    }
    Ok(())
}
