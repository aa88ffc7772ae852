//! `spanwright run`: polls, takes in and delivers until it is told to end.

use std::{
    io,
    sync::{Arc, mpsc},
};

use anyhow::bail;
use clap::{Args, ValueEnum};
use spanwright_core::{deploy::Notice, desk::Happening, fact::Moment, plan::Plan};
use spanwright_engine::{
    clock::Clock,
    observe::{Level, LogForm, LogSettings},
    pinned,
    shell::{Ended as EngineEnded, Engine, Running, Start, State, StorePlace, Why},
    variables::Variables,
    wire::HttpSettings,
};
use spanwright_shape::text::{
    Bundle, Problems,
    render::{self, Look},
};

use super::{
    Ended,
    check::plan_of,
    deploy,
    folder::Folder,
    journal, orders,
    out::{Format, Object, Out},
    progress::{self, Show, held},
    story::{Story, count, words},
    variables::Listed,
};
use crate::codes;

/// Lines of the story that may wait to be shown; more are left out.
const STORY_LINES_MOST: usize = 1_024;

/// Run a project: poll, take in, deliver; Ctrl-C ends it gracefully
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright run\n  spanwright run --env production --log json 2>> spanwright.log\n  \
    spanwright run --once --format json      read every source once, deliver everything, end; 1 where something is left")]
pub struct Run {
    #[command(flatten)]
    folder: Folder,
    /// With the values of environments/NAME.yaml
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Read every source once, deliver everything, end
    #[arg(long)]
    once: bool,
    /// Call nothing but the public Internet: no address of a private network, however its name is looked up
    #[arg(long)]
    public_only: bool,
    /// Start also where messages are left whose project can no longer be built; they wait in the journal
    #[arg(long)]
    leave: bool,
    /// Start also where a flow reads from its start what another one has read that is gone
    #[arg(long)]
    anew: bool,
    /// Start also on the journal of another environment: what it has open goes on with the systems of this one
    #[arg(long)]
    take_over: bool,
    /// Log lines on standard error, one an attempt, in place of the live line
    #[arg(long, value_enum, value_name = "FORM")]
    log: Option<LogOption>,
    /// The least that is logged
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "info")]
    level: LevelOption,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogOption {
    /// JSON in the Elastic Common Schema
    Json,
    /// Words for a person
    Human,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LevelOption {
    Debug,
    Info,
    Warn,
    Error,
}

impl From<LevelOption> for Level {
    fn from(option: LevelOption) -> Level {
        match option {
            LevelOption::Debug => Level::Debug,
            LevelOption::Info => Level::Info,
            LevelOption::Warn => Level::Warn,
            LevelOption::Error => Level::Error,
        }
    }
}

impl Run {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let project = Project { public_only: self.public_only, ..Project::open_and_tell(self.folder.clone(), self.env.as_deref(), out)? };
        let variables = project.variables(out)?;
        // What is said of a journal is said of one of an earlier edition, too.
        if journal::is_earlier(&self.folder) {
            drop(journal::alone(&self.folder)?);
        }
        let notices = deploy::say(&self.folder, (project.plan(), project.bundle()), self.env.as_deref(), out)?;
        if let Some(way_out) = notices.iter().find_map(|notice| self.way_out(notice)) {
            bail!("so it is not started: {way_out}");
        }
        let (show, log) = match self.log_settings(out) {
            Some(log) => (Show::Nothing, Some(log)),
            None => (Show::fitting(out), None),
        };
        let begun = project.start(variables, self.once, log)?;
        let clock = begun.clock.clone();
        let ended = progress::follow(begun, &show, out, |_| false);
        self.summary(&ended, clock.now(), out)
    }

    /// What to do about it; `None` where it is wanted.
    fn way_out(&self, notice: &Notice) -> Option<&'static str> {
        match notice {
            Notice::Orphans { .. } if !self.leave => {
                Some("use the edition that took them until they have ended, or leave them with `--leave`")
            }
            Notice::Anew { .. } if !self.anew => {
                Some("give the flow its name again, or let it read from its start with `--anew`; `start:` of its cursor says where that is")
            }
            Notice::OtherEnvironment { .. } if !self.take_over => {
                Some("run each environment in a copy of the folder of its own, or let this one go on with that journal with `--take-over`")
            }
            _ => None,
        }
    }

    /// A person at a terminal has the live line; anything else gets lines.
    fn log_settings(&self, out: &Out) -> Option<LogSettings> {
        let form = match self.log {
            Some(LogOption::Json) => LogForm::Ecs,
            Some(LogOption::Human) => LogForm::Human { colour: out.is_watched() },
            None if out.is_watched() => return None,
            None => LogForm::Human { colour: false },
        };
        Some(LogSettings { form, level: self.level.into(), to: Box::new(io::stderr()) })
    }

    fn summary(&self, ended: &EngineEnded, now: Moment, out: &mut Out) -> anyhow::Result<Ended> {
        if let Why::Broken(_) = ended.why {
            bail!("{}", ended.why);
        }
        match self.format {
            Format::Human => out.data(&human(ended, now))?,
            Format::Json => out.line(&json(ended))?,
        }
        let clean = ended.why.exit_code() == 0 && (!self.once || is_clean(&ended.state));
        Ok(if clean { Ended::Fine } else { Ended::Problems })
    }
}

fn is_clean(state: &State) -> bool {
    let standing = &state.standing;
    state.counters.dead_letters() == 0 && standing.open == 0 && standing.held.is_empty() && standing.failed_sources.is_empty()
}

fn human(ended: &EngineEnded, now: Moment) -> String {
    let State { standing, counters, .. } = &ended.state;
    let skipped = counters.skipped.filtered + counters.skipped.unchanged + counters.skipped.superseded;
    let mut text = format!("{}\n", ended.why);
    text += &format!("  {} taken, {} delivered in {}", counters.taken, counters.delivered, count(counters.exchanges(), "call"));
    text += &format!(", {} tried again, {skipped} skipped, {} open\n", counters.retried, standing.open);
    for (code, dead) in &counters.dead {
        text += &format!("  {}: {code} {}\n", count(*dead, "dead letter"), codes::of_journal(code).title);
    }
    for ((system, operation), calls) in counters.calls.iter().filter(|(_, calls)| calls.drift > 0) {
        text += &format!("  {system}.{operation} answers with {} that its schema does not have ($extra)\n", count(calls.drift, "field"));
    }
    for (system, why) in &standing.held {
        text += &format!("  {}\n", held(system, why, now));
    }
    for (channel, why) in &standing.failed_channels {
        text += &format!("  the channel {channel} cannot be told: {}\n", words(why));
    }
    for (source, why) in &standing.failed_sources {
        text += &format!("  {source} failed: {}\n", words(why));
    }
    text
}

fn json(ended: &EngineEnded) -> String {
    let State { standing, counters, .. } = &ended.state;
    let dead = counters.dead.iter().fold(Object::new(), |object, (code, count)| object.number(code, *count)).end();
    let drifted = counters.calls.iter().filter(|(_, calls)| calls.drift > 0);
    let drift =
        drifted.fold(Object::new(), |object, ((system, operation), calls)| object.number(&format!("{system}.{operation}"), calls.drift));
    let drift = drift.end();
    Object::new()
        .text("ended", &ended.why.to_string())
        .number("taken", counters.taken)
        .number("delivered", counters.delivered)
        .number("retried", counters.retried)
        .number("unchanged", counters.skipped.unchanged)
        .number("filtered", counters.skipped.filtered)
        .number("superseded", counters.skipped.superseded)
        .raw("dead_letters", &dead)
        .number("open", standing.open)
        .number("calls", counters.exchanges())
        .raw("drift", &drift)
        .list("held", standing.held.iter().map(|(system, _)| quoted(system)))
        .list("failed_sources", standing.failed_sources.iter().map(|(source, _)| quoted(source)))
        .number("alerts", counters.alerts_sent)
        .number("alerts_failed", counters.alerts_failed)
        .list("failed_channels", standing.failed_channels.iter().map(|(channel, _)| quoted(channel)))
        .number("answered_at_once", ended.state.answered_at_once)
        .number("commits", ended.state.commits)
        .end()
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    spanwright_shape::json::write_text(text, &mut out);
    String::from_utf8(out).expect("text in, text out")
}

/// A project that is checked and may be run.
pub struct Project {
    folder: Folder,
    bundle: Bundle,
    plan: Plan,
    environment: Option<String>,
    /// Nothing but the public Internet is called.
    public_only: bool,
}

/// A project that runs.
pub struct Begun {
    /// Its engine.
    pub running: Running,
    /// The lines of its story.
    pub told: mpsc::Receiver<String>,
    /// Its clock.
    pub clock: Arc<Clock>,
    /// Its folder, where orders are left.
    pub folder: Folder,
    /// The print of its files.
    pub project: orders::Hash,
}

impl Project {
    /// Checks it, and shows what is wrong where it cannot be run; what is only doubtful, `check` and `run` say.
    ///
    /// # Errors
    /// It has problems, or cannot be read.
    pub fn open(folder: Folder, environment: Option<&str>, out: &mut Out) -> anyhow::Result<Project> {
        Project::checked(folder, environment, false, out)
    }

    /// Checks it, and shows what is wrong and what is doubtful.
    ///
    /// # Errors
    /// It has problems, or cannot be read.
    pub fn open_and_tell(folder: Folder, environment: Option<&str>, out: &mut Out) -> anyhow::Result<Project> {
        Project::checked(folder, environment, true, out)
    }

    fn checked(folder: Folder, environment: Option<&str>, tells: bool, out: &mut Out) -> anyhow::Result<Project> {
        let bundle = folder.bundle()?;
        let mut problems = Problems::new();
        let plan = plan_of(&bundle, environment, &mut problems);
        if tells || plan.is_none() {
            out.aside_text(&render::human(&problems, &bundle, Look::Colour));
        }
        match plan {
            Some(plan) => Ok(Project { folder, bundle, plan, environment: environment.map(str::to_string), public_only: false }),
            None => bail!("the project has problems, so it is not run"),
        }
    }

    /// What its files say.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The same, kept.
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// Its files.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The values of its variables.
    ///
    /// # Errors
    /// One that is used has none; each is named where it is used.
    pub fn variables(&self, out: &mut Out) -> anyhow::Result<Variables> {
        let listed = Listed::read(&self.bundle, &self.folder.folder, self.environment.as_deref());
        let values = listed.of_process();
        let missing = listed.missing(&values);
        if missing.is_empty() {
            return Ok(values);
        }
        out.aside_text(&render::human(&missing, &self.bundle, Look::Colour));
        bail!("variables have no value, so the project is not run; `spanwright check` needs none")
    }

    /// Starts the engine on it.
    ///
    /// # Errors
    /// The journal cannot be opened; another process may have it.
    pub fn start(self, variables: Variables, once: bool, log: Option<LogSettings>) -> anyhow::Result<Begun> {
        let clock = Arc::new(Clock::of_machine());
        let (teller, told) = mpsc::sync_channel(STORY_LINES_MOST);
        let mut story = Story::of(&self.plan);
        let watch = move |happening: &Happening, now: Moment| {
            if let Some(line) = story.line(happening, now) {
                // Nobody waits for a reader of stories.
                drop(teller.try_send(line));
            }
        };
        self.folder.make_state()?;
        let (environment, project) = (self.environment, self.plan.hash);
        let start = Start {
            bundle: pinned::pin(&self.bundle),
            plan: Arc::new(self.plan),
            rebuild: Box::new(move |then, open| {
                Some(pinned::go_on(then, &self.bundle, spanwright_connect::ALL, environment.as_deref(), open)?.plan)
            }),
            store: StorePlace::File(self.folder.journal(), codes::of_journal),
            variables,
            once,
            signals: true,
            log,
            watch: Some(Box::new(watch)),
            http: HttpSettings { public_only: self.public_only, ..HttpSettings::default() },
            clock: clock.clone(),
        };
        Ok(Begun { running: Engine::start(start)?, told, clock, folder: self.folder, project })
    }
}
