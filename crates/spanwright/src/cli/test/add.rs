//! `spanwright test add`: what happened to a message becomes a test of its flow.
//!
//! The journal keeps the message, what was said of each attempt, and the answers that steps read. Of other answers it keeps
//! no body: where one is needed the test says so, and it is played at once, so that its author knows whether it already
//! shows what happened.

use std::fs;

use anyhow::{Context, bail};
use clap::Args;
use spanwright_core::{
    fact::{Shown, Way},
    plan::{EffectPlan, Flow, Plan, StepKind},
    run::head,
};
use spanwright_lab::suite::{self, Options};
use spanwright_shape::{
    json,
    room::Room,
    shape::ShapeRef,
    text::render::{self, Look},
    value::Value,
};

use super::Suite;
use crate::cli::{Ended, folder::Folder, journal, out::Out};

/// Turn what happened to a message into a test, without personal data
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright test add --from 4711\n  spanwright test add shop --from 0197f3c2-5a1b-7c3d-9e4f-001122334455 --keep Country\n\n\
    Letters of texts become x and digits 1, so that lengths and forms stay; words that the schema lists, times, numbers and\nflags stay as they are. `--keep FIELD` keeps a field that the flow decides by."
)]
pub struct Add {
    #[command(flatten)]
    folder: Folder,
    /// The message: its id, its correlation id, or its run's number, as `messages` and `dead-letters` show them
    #[arg(long, value_name = "ID")]
    from: String,
    /// The test's name; left out: the flow's and the run's
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A field that is kept as it is, by its name; may be said several times
    #[arg(long, value_name = "FIELD")]
    keep: Vec<String>,
    /// Keeps everything, personal data too
    #[arg(long)]
    unredacted: bool,
}

impl Add {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let look = journal::look(&self.folder)?;
        let Some(shown) = journal::shown(&look, &self.from)?.into_iter().next() else { bail!("there is no such message") };
        let suite = Suite::open(&self.folder, None, out)?;
        let Some((_, flow)) = suite.plan.flow(&shown.line.flow) else { bail!("the project has no flow `{}` any more", shown.line.flow) };
        let name = self.name.clone().unwrap_or_else(|| format!("{}-{}", flow.name, shown.line.run.0));
        let (path, text) = (format!("tests/{name}.test.yaml"), self.text(&name, &shown, flow, &suite.plan)?);
        let place = self.folder.folder.join(&path);
        if place.exists() {
            bail!("`{path}` is there already: give another `--name`");
        }
        let doing = || format!("writing `{}`", place.display());
        fs::create_dir_all(self.folder.folder.join("tests")).with_context(doing)?;
        fs::write(&place, text).with_context(doing)?;
        out.line(&path)?;
        self.try_out(&name, out)
    }

    fn text(&self, name: &str, shown: &Shown, flow: &Flow, plan: &Plan) -> anyhow::Result<String> {
        let message = match self.unredacted {
            true => shown.body.clone(),
            false => suite::redacted(&shown.body, reads(flow, plan), &self.keep).context("the message is no JSON")?,
        };
        let attempts = shown.trail.iter().filter(|(_, kind, _)| *kind == "attempt");
        let answers: Vec<String> = attempts.filter_map(|(_, _, says)| self.answer(says, shown, flow, plan)).collect();
        let dead = shown.line.stopped.as_ref().map(|(node, failure, _)| (failure.code.id, &**node));
        let what = match dead {
            Some((code, step)) => format!("a message that stopped at {step} with {code}"),
            None => format!("a message that is {}", shown.line.state),
        };
        let head = format!(
            "test: {name}\nabout: Taken from what happened; letters are masked where they could be personal.\nflow: {}\ncases:\n",
            flow.name
        );
        Ok(head + &suite::written(&what, &message, &answers, shown.line.state, dead))
    }

    /// An attempt as the answer that led to it: `STEP: try 1 later, status 503 in 4 ms: R2003 ..`.
    fn answer(&self, says: &str, shown: &Shown, flow: &Flow, plan: &Plan) -> Option<String> {
        let (name, rest) = says.split_once(": try ")?;
        let effect = asked(name, flow)?;
        let system = &plan.systems[effect.system];
        let operation = &system.system.interface().operations[effect.operation];
        let to = format!("{}.{}", system.name, operation.name);
        let status = rest.split_once(", status ").and_then(|(_, rest)| rest.split(' ').next());
        let outcome = rest.split(' ').nth(1).unwrap_or_default().trim_end_matches([',', ':']);
        let kept = shown.answers.iter().find(|(of, _)| of == name).map(|(_, answer)| answer);
        Some(match (status, outcome, kept) {
            (_, "delivered", Some(answer)) if !answer.is_empty() => {
                let gives = system.system.interface().shape(operation.gives);
                let (head, body) = head::parts(answer);
                let redacted = if self.unredacted { Some(body.into()) } else { suite::redacted(body, Some(&gives), &self.keep) };
                let headers = head.and_then(|head| self.headers(head)).map(|headers| format!(", headers: {headers}")).unwrap_or_default();
                format!("{{ to: {to}, gives: {}{headers} }}", String::from_utf8_lossy(&redacted?))
            }
            (Some(status), "delivered", Some(_)) => {
                format!("{{ to: {to}, status: {status}, body: {{}} }}  # its body is forgotten, see `defaults.keep`: write what it was")
            }
            (Some(status), "delivered", None) => {
                format!(
                    "{{ to: {to}, status: {status}, body: {{}} }}  # no step reads it, so its body was not kept: write one where its system needs it"
                )
            }
            (Some(status), _, _) => format!("{{ to: {to}, status: {status} }}"),
            (None, "unknown", _) => format!("{{ to: {to}, cut: after }}"),
            (None, _, _) => format!("{{ to: {to}, cut: before }}"),
        })
    }

    /// The headers that were kept since steps read them; `None` where there were none.
    fn headers(&self, head: &[u8]) -> Option<String> {
        let head = if self.unredacted { head.into() } else { suite::redacted(head, None, &self.keep)? };
        let room = Room::new();
        let headers = json::read(&head, &room).ok()?.get(head::HEADERS).filter(|headers| !matches!(headers, Value::Record([])))?;
        let mut out = Vec::new();
        json::write(&headers, &mut out);
        Some(String::from_utf8_lossy(&out).into_owned())
    }

    /// Plays it: does it show already what happened?
    fn try_out(&self, name: &str, out: &mut Out) -> anyhow::Result<Ended> {
        let suite = Suite::open(&self.folder, None, out)?;
        let report = suite.play(Options { only: Some(&format!("{name}: ")), update: false });
        if report.failed() == 0 {
            out.aside("it passes: it shows what happened");
            return Ok(Ended::Fine);
        }
        out.aside_text(&render::human(&report.problems(), &suite.bundle, Look::Colour));
        out.aside("it does not show yet what happened: give the answers their bodies, or `--keep` the fields that the flow decides by");
        Ok(Ended::Problems)
    }
}

/// The type of the flow's messages, as its first map has it.
fn reads<'p>(flow: &Flow, plan: &'p Plan) -> Option<&'p ShapeRef> {
    let first = flow.steps.iter().find_map(|step| match &step.kind {
        StepKind::Map(mapping) => Some(mapping),
        _ => None,
    })?;
    plan.map(first.name())?.from.as_ref()
}

/// Who was asked in an attempt, by the trail's name for it: a step, its undo, or the question about it.
fn asked<'f>(name: &str, flow: &'f Flow) -> Option<&'f EffectPlan> {
    let (way, step) = [("undo of ", Way::Undo), ("question about ", Way::Ask)]
        .iter()
        .find_map(|(before, way)| Some((*way, name.strip_prefix(before)?)))
        .unwrap_or((Way::Do, name));
    let step = step.split(" [").next().unwrap_or(step);
    let effect = flow.effect_of(step)?;
    match way {
        Way::Do => Some(effect),
        Way::Undo => effect.undo.as_deref(),
        Way::Ask => effect.if_unknown.as_ref().map(|question| &question.ask),
    }
}
