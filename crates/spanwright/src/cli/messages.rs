//! `spanwright messages`: what became of what came in. It reads the journal beside a running engine and changes nothing.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::{Context as _, bail};
use clap::Args;
use spanwright_core::{
    desk::{FLOW_OPEN_MOST, handover},
    fact::{AtSystem, GateRow, ListFilter, Listed, Moment, Phase, RunId, Shown, StoppedFilter, Way},
    plan::{EffectPlan, IfDead, OrderBy, Plan},
    run::moment,
};
use spanwright_engine::{
    keep::Look,
    observe::{message_id, timestamp},
    pinned,
};
use spanwright_shape::text::form;

use super::{
    Ended,
    folder::Folder,
    journal,
    open_at::open_at,
    out::{Format, Object, Out},
    story::words,
    waits::{Wait, plan_of_folder, waits},
};
use crate::codes;

/// List messages, or show one with its whole trail
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright messages --state dead\n  spanwright messages shop --key 100042\n  \
    spanwright messages --system crm                                  what is open there\n  \
    spanwright messages --id 0197f3c2-5a1b-7c3d-9e4f-001122334455 --body      by message, correlation or run id")]
pub struct Messages {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    filter: Filter,
    /// Only in this state: open, held, stuck (an undo does not get through), done, skipped, dead (uncertain ones among them), uncertain, discarded
    #[arg(long, value_name = "STATE", value_parser = ["open", "held", "stuck", "done", "skipped", "dead", "uncertain", "discarded"])]
    state: Option<String>,
    /// Only what is open at this system: it waits there, is still to come there, or is being undone there
    #[arg(long, value_name = "SYSTEM")]
    system: Option<String>,
    /// Only what came since then, as `2h` (so long ago) or `2026-12-01T06:00:00+01:00`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what came before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// So many at most, newest first
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    most: usize,
    /// One with its whole trail: its message id, its correlation id, or its run's number
    #[arg(long, value_name = "ID", conflicts_with_all = ["flow", "key", "state", "system", "reason", "correlation", "since", "until"])]
    id: Option<String>,
    /// Show the body too; it may hold personal data
    #[arg(long, requires = "id")]
    body: bool,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Which messages.
#[derive(Args, Clone, Debug, Default)]
pub struct Filter {
    /// Only of this flow
    #[arg(long, value_name = "FLOW")]
    pub flow: Option<String>,
    /// Only about this record
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Only with this correlation id
    #[arg(long, value_name = "ID")]
    pub correlation: Option<String>,
    /// Only stopped for this reason (a code)
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
}

impl Filter {
    /// As the journal takes it.
    pub fn of_journal(&self, state: Option<&str>, most: usize) -> ListFilter {
        ListFilter {
            flow: self.flow.clone(),
            key: self.key.clone(),
            correlation: self.correlation.clone(),
            state: state.map(str::to_string),
            reason: self.reason.as_ref().map(|code| code.to_ascii_uppercase()),
            most,
            ..ListFilter::default()
        }
    }
}

/// `2h` (so long ago), or RFC 3339.
fn ago(text: &str, now: Moment) -> anyhow::Result<Moment> {
    let at = form::time(text).map(|time| now.before(time)).or_else(|| moment(text));
    at.with_context(|| format!("`{text}` is no time: write `2h` or `2026-12-01T06:00:00+01:00`"))
}

impl Messages {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let look = journal::look(&self.folder)?;
        let Some(id) = &self.id else {
            let time = |text: &Option<String>| text.as_deref().map(|text| ago(text, journal::now())).transpose();
            let (since, until) = (time(&self.since)?, time(&self.until)?);
            let at = self.system.as_deref().map(|system| self.open_at(system, &look)).transpose()?;
            let filter = ListFilter { at, since, until, ..self.filter.of_journal(self.state.as_deref(), self.most) };
            return self.list(&look.list(&filter).map_err(journal::fault)?, out);
        };
        let found = journal::shown(&look, id)?;
        let (gates, now) = (look.gates().map_err(journal::fault)?, journal::now());
        let today = plan_of_folder(&self.folder);
        for one in &found {
            let waits = waits_of(&look, one, &gates, today.as_ref(), now)?;
            out.data(&match self.format {
                Format::Human => trail(one, &waits, self.body),
                Format::Json => trail_object(one, &waits, self.body) + "\n",
            })?;
        }
        Ok(Ended::Fine)
    }

    fn open_at(&self, system: &str, look: &Look) -> anyhow::Result<Vec<AtSystem>> {
        match self.state.as_deref() {
            Some(state @ ("done" | "skipped" | "dead" | "uncertain" | "discarded")) => {
                bail!("what is {state} is open at no system: leave `--state` out, or say `--state held` or `--state stuck`")
            }
            _ => open_at(look, &self.folder, system),
        }
    }

    fn list(&self, lines: &[Listed], out: &mut Out) -> anyhow::Result<Ended> {
        if self.format == Format::Human && !lines.is_empty() {
            out.line(&heading())?;
        }
        for line in lines {
            out.line(&match self.format {
                Format::Human => row(line),
                Format::Json => object(line).end(),
            })?;
        }
        match lines.len() {
            0 if self.state.as_deref() == Some("held") => {
                out.aside(
                    "no message waits for its time; what waits for a system or a flow that is held is open: `spanwright held` shows those",
                );
            }
            0 if self.system.is_some() => out.aside("nothing is open there"),
            0 => out.aside("there is no such message"),
            shown if shown == self.most => out.aside(&format!("the newest {shown}; `--most` shows more")),
            _ => {}
        }
        Ok(Ended::Fine)
    }
}

/// One with its trail.
pub fn shown(shown: &Shown, with_body: bool, format: Format) -> String {
    match format {
        Format::Human => trail(shown, &[], with_body),
        Format::Json => trail_object(shown, &[], with_body) + "\n",
    }
}

/// What an open message waits for: its flow, or a system that its flow sends to and that has not had it yet, lets nothing pass; or
/// a dead letter of its record stands before it.
fn waits_of(look: &Look, shown: &Shown, gates: &[GateRow], today: Option<&Plan>, now: Moment) -> anyhow::Result<Vec<Wait>> {
    if !matches!(shown.line.state, "open" | "held" | "stuck") {
        return Ok(Vec::new());
    }
    let Some(file) = look.files(&[shown.line.run]).map_err(journal::fault)?.pop() else { return Ok(Vec::new()) };
    let bundle = look.plan_bundle(file.plan).map_err(journal::fault)?;
    // Which systems a flow names is the same in every environment.
    let plan = bundle.and_then(|bundle| pinned::rebuild(&bundle, spanwright_connect::ALL, None));
    let Some((plan, (_, flow))) = plan.as_ref().and_then(|plan| Some((plan, plan.flow(&file.flow)?))) else { return Ok(Vec::new()) };
    let is_over = |node: &str| {
        let mut of = file.known.iter().filter(|known| &*known.effect.node == node && known.effect.way == Way::Do).peekable();
        of.peek().is_some() && of.all(|known| matches!(known.state.phase, Phase::Done(_) | Phase::Unchanged | Phase::Superseded))
    };
    let has = |node: &str, way, is_so: fn(&Phase) -> bool| {
        file.known.iter().any(|known| &*known.effect.node == node && known.effect.way == way && is_so(&known.state.phase))
    };
    // Once one of them is refused for good, the others are on their way back.
    let is_forgiven = |effect: &EffectPlan| !matches!(effect.if_dead, IfDead::Letter);
    let goes_back = flow.effects.iter().any(|effect| !is_forgiven(effect) && has(&effect.node, Way::Do, Phase::is_given_up));
    let is_to_be_undone = |node: &str| {
        let happened = has(node, Way::Do, |phase| matches!(phase, Phase::Done(_) | Phase::Uncertain(_)));
        goes_back && happened && !has(node, Way::Undo, |phase| matches!(phase, Phase::Done(_)))
    };
    let asks = |system: &str| {
        flow.effects.iter().any(|effect| {
            let undo = effect.undo.as_ref().filter(|_| is_to_be_undone(&effect.node));
            let is = |effect: &EffectPlan| &*plan.systems[effect.system].name == system;
            let is_owed = || !goes_back || has(&effect.node, Way::Do, |phase| matches!(phase, Phase::Owed { .. } | Phase::Started { .. }));
            (is(effect) && !is_over(&effect.node) && is_owed()) || undo.is_some_and(|undo| is(undo))
        })
    };
    let mut waits = waits(gates, today, now);
    waits.retain(|wait| if wait.is_flow { *wait.name == *file.flow } else { asks(&wait.name) });
    let left = flow.effects.iter().filter(|effect| !is_over(&effect.node));
    let handed_to: BTreeSet<&str> = left.filter_map(|effect| handover::target(plan, effect.system, effect.operation)).collect();
    if !handed_to.is_empty() {
        let full = look.backlog().map_err(journal::fault)?.into_iter().filter(|of| of.active + of.parked >= FLOW_OPEN_MOST);
        waits.extend(full.filter(|of| handed_to.contains(&*of.flow)).map(|of| Wait::for_room(&of.flow, of.active + of.parked)));
    }
    let line = flow.in_order.filter(|_| flow.blocks()).map(|order| match order.by {
        OrderBy::All => Some(None),
        OrderBy::Key => file.message.key.clone().map(Some),
    });
    if let Some(key) = line.flatten() {
        let filter = StoppedFilter { flow: Some(file.flow.clone()), key, ..StoppedFilter::default() };
        let before = look.stopped(&filter, RunId(0), RunId(file.run.0 - 1), 1).map_err(journal::fault)?;
        waits.extend(before.first().map(|dead| Wait::behind(&file.flow, dead.run)));
    }
    Ok(waits)
}

fn heading() -> String {
    format!("{:<20} {:>8} {:<14} {:<14} {:<10} {:>5}  {}", "received", "run", "flow", "key", "state", "tries", "why")
}

fn row(line: &Listed) -> String {
    let why = line.stopped.as_ref().map(|(node, failure, _)| format!("at {node}: {}", words(failure))).unwrap_or_default();
    let (key, received) = (line.key.as_deref().unwrap_or("-"), to_the_second(line.received));
    let row = format!("{received:<20} {:>8} {:<14} {key:<14} {:<10} {:>5}  {why}", line.run.0, line.flow, line.state, line.tries);
    row.trim_end().to_string()
}

/// `2026-07-01T08:00:00Z`
pub fn to_the_second(at: Moment) -> String {
    let whole = timestamp(at);
    whole.split_once('.').map_or(whole.clone(), |(second, _)| format!("{second}Z"))
}

/// A line for a machine.
pub fn object(line: &Listed) -> Object {
    let stopped = line.stopped.as_ref();
    Object::new()
        .number("run", line.run.0.unsigned_abs())
        .text("message", &message_id(line.message))
        .text("correlation", &line.correlation)
        .text("flow", &line.flow)
        .maybe("key", line.key.as_deref())
        .text("received", &timestamp(line.received))
        .text("state", line.state)
        .number("tries", line.tries.into())
        .maybe("node", stopped.map(|(node, _, _)| &**node))
        .maybe("code", stopped.map(|(_, failure, _)| failure.code.id))
        .maybe("why", stopped.map(|(_, failure, _)| failure.says.as_str()))
}

fn trail(shown: &Shown, waits: &[Wait], with_body: bool) -> String {
    let line = &shown.line;
    let mut text = String::new();
    let _ = writeln!(text, "message      {}", message_id(line.message));
    let _ = writeln!(text, "correlation  {}", line.correlation);
    let _ = writeln!(text, "run          {} of flow {}, {}", line.run.0, line.flow, line.state);
    if let Some(key) = &line.key {
        let _ = writeln!(text, "key          {key}");
    }
    for wait in waits {
        let _ = writeln!(text, "waits        {}", wait.words());
    }
    if let Some((node, failure, _)) = &line.stopped {
        let _ = writeln!(text, "stopped at   {node}: {} {}", failure.code.id, failure.says);
        let _ = writeln!(text, "what to do   {}", codes::advice(failure.code));
    }
    for (at, kind, says) in &shown.trail {
        let _ = writeln!(text, "  {} {kind:<10} {says}", timestamp(*at));
    }
    if with_body {
        let _ = writeln!(text, "{}", String::from_utf8_lossy(&shown.body));
    }
    text
}

fn trail_object(shown: &Shown, waits: &[Wait], with_body: bool) -> String {
    let step = |(at, kind, says): &(_, &str, String)| Object::new().text("at", &timestamp(*at)).text("what", kind).text("says", says).end();
    let object = object(&shown.line).list("waits_for", waits.iter().map(|wait| wait.json().end()));
    let object = object.list("trail", shown.trail.iter().map(step));
    match with_body {
        true => object.raw("body", &String::from_utf8_lossy(&shown.body)).end(),
        false => object.end(),
    }
}
