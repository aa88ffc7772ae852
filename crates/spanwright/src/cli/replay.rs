//! `spanwright replay`: stopped messages go on under today's project. What is done stays done, what was refused is asked
//! again under a new key, and no older state is sent over a newer one. What would be sent is shown before.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::IsTerminal,
    sync::Arc,
    time::Duration,
};

use anyhow::bail;
use clap::Args;
use spanwright_core::{
    deploy::{has_step, source::otherwise_named},
    desk::Order,
    fact::{
        ANSWER, Chore, ChoreId, ChoreKind, EffectKey, Fact, ListFilter, Moment, NodeName, Opened, Phase, PlanId, RunFile, RunId,
        StoppedFilter, StoppedRun, Store, StoredEffect, Way, that_go,
    },
    plan::{Flow, Plan},
    run::intake,
    settings::Rate,
};
use spanwright_engine::{
    keep::{Keep, Look},
    pinned,
};
use spanwright_shape::text::did_you_mean;

use super::{
    Ended,
    folder::Folder,
    journal,
    messages::{self, Filter},
    orders::{self, Taken},
    out::{Format, Out},
    preview::{Preview, Previewer, may_be_done_twice},
    run::Project,
    story::{count, thousands, words},
};

/// Messages whose change is shown; the others of the same filter are only counted.
const SHOWN_MOST: usize = 20;
/// Messages that are looked at before.
const PREVIEWED_MOST: usize = 500;
/// Runs in one commit where nobody else has the journal.
const SLICE: usize = 500;
/// Chores that one replay is made of: each goes from one message that is left out to the next.
const CHORES_MOST: usize = 20;
/// The rate of a running engine's replay of which nothing is said.
const RATE_DEFAULT: Rate = Rate { most: 100, per: Duration::from_secs(1) };

/// Try stopped messages again, under today's project
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright replay --id 4711\n  spanwright replay shop --reason R2015 --dry-run      what would be sent, and what changed\n  \
    spanwright replay --reason R2015 --rate 10/s --yes\n  spanwright chores                                    how far it is; `chores cancel` ends it\n\n\
    A message of whose record a newer state went on is left out, unless `--over-newer` says otherwise.\n\
    So is, of many, one of which nobody knows whether it happened and whose call has no key: `--uncertain` may do it twice.\n\
    What went with others in one request under one key goes again as it went: the others come along, also where they were not \
    asked for. Where one of them cannot, all are left out.\n\
    What is shown is what is done: a message that stops meanwhile is not among them."
)]
pub struct Replay {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    filter: Filter,
    /// Only stopped at this step
    #[arg(long, value_name = "STEP")]
    node: Option<String>,
    /// One: its message id, correlation id or run number
    #[arg(long, value_name = "ID", conflicts_with_all = ["flow", "key", "reason", "correlation", "node", "all"])]
    id: Option<String>,
    /// Every one that the other options leave
    #[arg(long)]
    all: bool,
    /// Only show what would be sent
    #[arg(long)]
    dry_run: bool,
    /// So many in a time, as 10/s; where nothing is said, 100/s by a running engine and all at once at its next start
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: Option<Rate>,
    /// Also where a newer state of the record went on: the older one overwrites it
    #[arg(long)]
    over_newer: bool,
    /// Of many, also those that may be done twice: nobody knows whether they happened and the call has no key, or went with others that cannot come along, or a step is renamed
    #[arg(long, conflicts_with = "id")]
    uncertain: bool,
    /// Without asking
    #[arg(long)]
    yes: bool,
    /// With the values of environments/NAME.yaml
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is meant: a filter between two runs, and those in between that it does not mean.
struct Meant {
    filter: StoppedFilter,
    after: RunId,
    upto: RunId,
    /// What may be done twice.
    doubtful: HashMap<RunId, Doubt>,
    /// When it was looked at, by the clock of the engine, which may be ahead of ours.
    shown_at: Moment,
}

/// Why a message may be done twice.
#[derive(Clone, Debug)]
enum Doubt {
    /// It is uncertain, and its call has no key, or may have been undone.
    NobodyKnows,
    /// It is uncertain, and went with others under one key that do not all come along.
    Apart,
    /// It has done this step, and no step of today's flow was ever called so.
    Renamed(NodeName),
    /// It, or its state, has another name today: newer states of its record are not found by the one that it has.
    OtherName,
}

impl Doubt {
    fn words(&self) -> String {
        match self {
            Doubt::NobodyKnows => {
                "nobody knows whether it happened, and it may be done twice: its call has no key, went with others under one, or may not have been \
                 undone"
                    .to_string()
            }
            Doubt::Apart => {
                "nobody knows whether it happened, and it may be done twice: it went with others under one key, and not all of them can come along"
                    .to_string()
            }
            Doubt::OtherName => {
                "`key`, `once` or `version` of its source says otherwise today: a newer state of its record may have gone on, and it would go over that"
                    .to_string()
            }
            Doubt::Renamed(step) => {
                format!("it has done `{step}`, which no step is called any more: what was renamed would be done again (`was: {step}`)")
            }
        }
    }
}

/// What was found of it.
#[derive(Default)]
struct Tally {
    again: u64,
    /// Left, since a newer state of their record went on.
    older: u64,
    /// Left, since they may be done twice.
    doubtful: u64,
    /// Of them such that have done a step that is not known any more.
    renamed: u64,
    /// Left, since today's project has no such flow.
    gone: u64,
    stops: u64,
    /// Would stop with R0006, and nothing is sent.
    other_bytes: u64,
    /// The same, since an `each` has another list.
    other_items: u64,
    twice: u64,
    unseen: u64,
    /// Of them such that were not asked for: they went with others under one key.
    along: u64,
    /// From behind which run up to which: all that was found, and nothing that is left as doubtful.
    spans: Vec<Span>,
    /// When the last of them stopped.
    newest: Moment,
    /// The last one goes on: nothing was left since.
    goes_on: bool,
}

/// From behind one run up to another.
type Span = (RunId, RunId);

impl Tally {
    fn is_empty(&self) -> bool {
        self.again + self.older + self.doubtful + self.gone == 0
    }

    fn heed(&mut self, preview: &Preview) {
        self.other_bytes += u64::from(preview.has_other_bytes());
        self.other_items += u64::from(preview.has_other_items());
        self.stops += u64::from(preview.stops.is_some() && !preview.has_other_items());
    }

    fn found(&mut self, run: RunId) {
        self.again += 1;
        match self.spans.last_mut().filter(|_| self.goes_on) {
            Some((_, upto)) => *upto = run,
            None => self.spans.push((RunId(run.0 - 1), run)),
        }
        self.goes_on = true;
    }
}

impl Replay {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let shown_at = journal::now();
        let look = journal::look(&self.folder)?;
        let mut meant = self.meant(&look, shown_at)?;
        let project = Project::open(self.folder.clone(), self.env.as_deref(), out)?;
        let (hash, bundle) = (project.plan().hash, pinned::pin(project.bundle()));
        let today = Arc::new(project.into_plan());
        let mut previewer = Previewer::of(&look, today.clone(), self.env.as_deref());
        meant.doubtful = self.doubtful(&look, (&today, &mut previewer), &meant)?;
        let tally = self.show(&look, &meant, (&today, &mut previewer), out)?;
        meant.shown_at = meant.shown_at.max(tally.newest);
        if let Some(flow) = self.filter.flow.as_deref().filter(|_| tally.is_empty()) {
            assert_flow(&today, flow)?;
        }
        self.sum_up(&tally, out);
        if tally.again == tally.other_bytes + tally.other_items {
            return Ok(if tally.is_empty() { Ended::Fine } else { Ended::Problems });
        }
        if self.dry_run {
            out.aside("nothing was changed");
            return Ok(Ended::Fine);
        }
        if !self.is_wanted(out)? {
            out.aside("nothing was changed");
            return Ok(Ended::Problems);
        }
        match journal::alone(&self.folder)? {
            Some(mut keep) => {
                let plan = keep.plan(&bundle).map_err(journal::fault)?;
                self.begin_alone(&mut keep, &meant, &tally.spans, (plan, &today), out)
            }
            None => {
                let chores = self.chores(&meant, &tally.spans, self.rate.unwrap_or(RATE_DEFAULT))?;
                let mut taken = Taken::Kept;
                for chore in &chores {
                    taken = orders::leave(&self.folder, &Order::Chore(Box::new(chore.clone())), Some(hash))?;
                }
                out.aside(
                    taken.words(&format!("the running engine replays them; `spanwright chores` says how far it is ({})", named(&chores))),
                );
                Ok(Ended::Fine)
            }
        }
    }

    fn meant(&self, look: &Look, shown_at: Moment) -> anyhow::Result<Meant> {
        if let Some(id) = &self.id {
            let runs: Vec<RunId> = journal::lines(look, id)?.into_iter().filter(journal::is_stopped).map(|line| line.run).collect();
            let (Some(first), Some(last)) = (runs.iter().min(), runs.iter().max()) else { bail!("`{id}` is no dead letter") };
            let correlation = if first == last { None } else { Some(id.as_str().into()) };
            let filter = StoppedFilter { correlation, ..StoppedFilter::default() };
            return Ok(Meant { filter, after: RunId(first.0 - 1), upto: *last, doubtful: HashMap::new(), shown_at });
        }
        let text = |text: &Option<String>| text.as_deref().map(Arc::from);
        let Filter { flow, key, correlation, reason } = &self.filter;
        let reason = reason.as_ref().map(|code| code.to_ascii_uppercase().into());
        let filter = StoppedFilter { flow: text(flow), node: text(&self.node), reason, key: text(key), correlation: text(correlation) };
        if filter == StoppedFilter::default() && !self.all && !self.dry_run {
            bail!("say which: `--id`, `--reason`, `--flow`, `--node`, `--key`, or `--all` of them");
        }
        Ok(Meant { filter, after: RunId(0), upto: RunId(i64::MAX), doubtful: HashMap::new(), shown_at })
    }

    /// What may be done twice: uncertain ones of a call that may not be repeated, and such that have done a step whose name is gone.
    fn doubtful(
        &self,
        look: &Look,
        (today, previewer): (&Plan, &mut Previewer<'_>),
        meant: &Meant,
    ) -> anyhow::Result<HashMap<RunId, Doubt>> {
        let mut doubtful = HashMap::new();
        let uncertain = ListFilter { flow: self.filter.flow.clone(), ..Filter::default().of_journal(Some("uncertain"), usize::MAX >> 1) };
        // Where they are taken all the same, each that is shown says so itself.
        let uncertain = if self.takes_doubtful() { Vec::new() } else { look.list(&uncertain).map_err(journal::fault)? };
        for line in uncertain {
            let Some(file) = look.files(&[line.run]).map_err(journal::fault)?.pop() else { continue };
            let then = previewer.plan_of(&file)?;
            let may_be_twice = |together| may_be_done_twice(&file, today, then.as_deref(), together);
            if may_be_twice(false) {
                let doubt = if may_be_twice(true) { Doubt::NobodyKnows } else { Doubt::Apart };
                doubtful.insert(line.run, doubt);
            }
        }
        for standing in look.standing().map_err(journal::fault)? {
            let Some((_, flow)) = today.flow(&standing.flow).filter(|_| standing.stopped > 0) else { continue };
            if standing.did.iter().any(|step| !has_step(flow, step)) {
                renamed(look, flow, meant, &mut doubtful)?;
            }
            if !self.takes_doubtful() && !self.over_newer {
                let then = previewer.plan(standing.plan)?;
                if then.is_some_and(|then| otherwise_named(flow, &then).is_some()) {
                    named_otherwise(look, (flow, standing.plan), meant, &mut doubtful)?;
                }
            }
        }
        Ok(doubtful)
    }

    /// Whether what may be done twice is taken all the same.
    fn takes_doubtful(&self) -> bool {
        self.id.is_some() || self.uncertain
    }

    /// Shows what would be sent of the first, and counts all.
    fn show(&self, look: &Look, meant: &Meant, (today, previewer): (&Plan, &mut Previewer<'_>), out: &mut Out) -> anyhow::Result<Tally> {
        let (mut tally, mut after, mut seen) = (Tally::default(), meant.after, 0);
        let (mut found, mut along) = (HashSet::new(), BTreeMap::new());
        loop {
            let slice = look.stopped(&meant.filter, after, meant.upto, SLICE).map_err(journal::fault)?;
            let Some(last) = slice.last() else { break };
            after = last.run;
            let together = self.together(look, today, meant, &slice)?;
            for run in slice {
                tally.newest = tally.newest.max(run.at);
                if today.flow(&run.flow).is_none() {
                    (tally.gone, tally.goes_on) = (tally.gone + 1, false);
                    self.show_left(look, &run, tally.gone, &format!("this project has no flow `{}`", run.flow), out)?;
                    continue;
                }
                if run.overtaken && !self.goes_over(&run, today) {
                    tally.older += 1;
                    self.show_left(look, &run, tally.older, "a newer state of the record went on", out)?;
                    continue;
                }
                let goes_together = together.contains_key(&run.run);
                let doubt = meant.doubtful.get(&run.run).filter(|doubt| !(goes_together && matches!(doubt, Doubt::Apart)));
                tally.renamed += u64::from(matches!(doubt, Some(Doubt::Renamed(_))));
                if let Some(doubt) = doubt.filter(|_| !self.takes_doubtful()) {
                    (tally.doubtful, tally.goes_on) = (tally.doubtful + 1, false);
                    self.show_left(look, &run, tally.doubtful, &doubt.words(), out)?;
                    continue;
                }
                tally.found(run.run);
                found.insert(run.run);
                seen += 1;
                if seen > PREVIEWED_MOST {
                    tally.unseen += 1;
                    continue;
                }
                let Some(file) = look.files(&[run.run]).map_err(journal::fault)?.pop() else { continue };
                let preview = previewer.preview(&file, goes_together)?;
                tally.heed(&preview);
                tally.twice += u64::from(preview.may_be_done_twice());
                if seen <= SHOWN_MOST || self.format == Format::Json {
                    self.show_one(look, &run, ("again", &preview), out)?;
                }
            }
            along.extend(together);
        }
        for run in along.into_values().filter(|run| !found.contains(&run.run)) {
            (tally.again, tally.along) = (tally.again + 1, tally.along + 1);
            let Some(file) = look.files(&[run.run]).map_err(journal::fault)?.pop() else { continue };
            let preview = previewer.preview(&file, true)?;
            tally.heed(&preview);
            if tally.along <= SHOWN_MOST as u64 || self.format == Format::Json {
                self.show_one(look, &run, ("comes along", &preview), out)?;
            }
        }
        Ok(tally)
    }

    /// What goes again together with what it went with, those included that were not asked for.
    fn together(&self, look: &Look, today: &Plan, meant: &Meant, slice: &[StoppedRun]) -> anyhow::Result<BTreeMap<RunId, StoppedRun>> {
        let named: Vec<RunId> = slice.iter().map(|run| run.run).collect();
        let asked: HashSet<RunId> = named.iter().copied().collect();
        let mut together = BTreeMap::new();
        for bundle in look.bundles(&named).map_err(journal::fault)? {
            let mut all = bundle.whole;
            for run in &bundle.runs {
                all &= today.flow(&run.flow).is_some();
                let is_doubtful = matches!(meant.doubtful.get(&run.run), Some(Doubt::NobodyKnows | Doubt::Renamed(_) | Doubt::OtherName));
                all &= (self.takes_doubtful() || !is_doubtful) && (self.goes_over(run, today) || !run.overtaken);
                all &= asked.contains(&run.run) || self.takes_doubtful() || does_no_renamed_step_again(look, today, run)?;
            }
            if all {
                together.extend(bundle.runs.into_iter().map(|run| (run.run, run)));
            }
        }
        Ok(together)
    }

    /// In a flow whose dead letters block what came after them, nothing newer went ahead.
    fn goes_over(&self, run: &StoppedRun, today: &Plan) -> bool {
        self.over_newer || today.flow(&run.flow).is_some_and(|(_, flow)| flow.blocks())
    }

    fn show_one(&self, look: &Look, run: &StoppedRun, (how, preview): (&str, &Preview), out: &mut Out) -> anyhow::Result<()> {
        let Some(line) = journal::line_of(look, run.run)? else { return Ok(()) };
        match self.format {
            Format::Json => out.line(&messages::object(&line).text("replay", how).raw("preview", &preview.json()).end())?,
            Format::Human => {
                let why = line.stopped.as_ref().map(|(_, failure, _)| words(failure)).unwrap_or_default();
                let over = if run.overtaken { ", over a newer state of its record" } else { "" };
                out.line(&format!("{:>8} {:<14} {how}{over}; it had stopped: {why}", line.run.0, line.key.as_deref().unwrap_or("-")))?;
                out.data(&preview.human())?;
            }
        }
        Ok(())
    }

    fn show_left(&self, look: &Look, run: &StoppedRun, shown: u64, why: &str, out: &mut Out) -> anyhow::Result<()> {
        if shown > SHOWN_MOST as u64 && self.format == Format::Human {
            return Ok(());
        }
        let Some(line) = journal::line_of(look, run.run)? else { return Ok(()) };
        let why = format!("left: {why}");
        match self.format {
            Format::Json => out.line(&messages::object(&line).text("replay", &why).end())?,
            Format::Human => out.line(&format!("{:>8} {:<14} {why}", line.run.0, line.key.as_deref().unwrap_or("-")))?,
        }
        Ok(())
    }

    fn sum_up(&self, tally: &Tally, out: &mut Out) {
        let unshown = |number: u64| match (self.format, number.saturating_sub(SHOWN_MOST as u64)) {
            (Format::Json, _) | (Format::Human, 0) => String::new(),
            (Format::Human, more) => format!(" (the first {SHOWN_MOST} are shown, and {} more)", thousands(more)),
        };
        match tally.again - tally.other_bytes - tally.other_items {
            0 => out.aside("nothing would be tried again"),
            again => out.aside(&format!("{} would be tried again{}", count(again, "message"), unshown(tally.again))),
        }
        if tally.other_bytes > 0 {
            out.aside(&format!(
                "{} would stop with R0006 and send nothing: what the flow gives now is not what was sent, and nobody knows whether \
                 that happened. Look at the system: where it has the record, `spanwright dead-letters discard`; where it has not, `spanwright resend`",
                count(tally.other_bytes, "message")
            ));
        }
        if tally.other_items > 0 {
            out.aside(&format!(
                "{} would stop with R0006: an `each` has another list now, and what was asked for of an item is known by its place. Give the list \
                 the items that it had, in their order; what is to be left out is left out by `only` or `when` in the `each`",
                count(tally.other_items, "message")
            ));
        }
        if tally.stops > 0 {
            out.aside(&format!("{} of them would stop again: is the cause mended?", count(tally.stops, "message")));
        }
        if tally.twice > 0 {
            out.aside(&format!(
                "{} of them may be done twice: nobody knows whether it happened, and the call has no key, went with others under one, or may not \
                 have been undone; look at the system first",
                count(tally.twice, "message")
            ));
        }
        if tally.along > 0 {
            out.aside(&format!(
                "{} of them were not asked for: they went with others in one request under one key, and go again with them",
                count(tally.along, "message")
            ));
        }
        if tally.unseen > 0 {
            out.aside(&format!("{} of them were not looked at; the first {PREVIEWED_MOST} were", count(tally.unseen, "message")));
        }
        if tally.older > 0 {
            out.aside(&format!(
                "{} left, since a newer state of the record went on; `--over-newer` sends the older one over it{}",
                count(tally.older, "message"),
                unshown(tally.older)
            ));
        }
        if tally.gone > 0 {
            out.aside(&format!(
                "{} left, since this project has no such flow: put its file back, or `spanwright dead-letters discard`{}",
                count(tally.gone, "message"),
                unshown(tally.gone)
            ));
        }
        if tally.renamed > 0 {
            out.aside(&format!(
                "{} have done a step that no step of the flow is called any more: where it was renamed it would be done again, so say \
                 `was: NAME` in it; where it is gone, nothing is",
                count(tally.renamed, "message")
            ));
        }
        if tally.doubtful > 0 {
            out.aside(&format!(
                "{} left, since it may be done twice: look at the system, then `--id ID` takes one and `--uncertain` all of them{}",
                count(tally.doubtful, "message"),
                unshown(tally.doubtful)
            ));
        }
    }

    fn is_wanted(&self, out: &mut Out) -> anyhow::Result<bool> {
        if self.yes {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() || !out.is_watched() {
            bail!("nobody is there to ask: `--yes` does it, `--dry-run` only shows it");
        }
        out.aside_text("go on? [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// One for each span, of what had stopped when it was shown. Side by side they keep to the rate together.
    fn chores(&self, meant: &Meant, spans: &[Span], rate: Rate) -> anyhow::Result<Vec<Chore>> {
        if spans.len() > CHORES_MOST {
            bail!(
                "what may be done twice lies between the others in {} places, and {CHORES_MOST} can be gone around at a rate: say \
                 fewer (`--flow`, `--reason`, `--node`), replay while no engine runs and without `--rate`, or take all with `--uncertain`",
                spans.len() - 1
            );
        }
        let (now, by): (_, Arc<str>) = (meant.shown_at, journal::person().into());
        let rate = Rate { per: rate.per * u32::try_from(spans.len()).unwrap_or(1), ..rate };
        let one = |(n, (after, upto)): (i64, &Span)| {
            let what = ChoreKind::Replay { over_newer: self.over_newer, apart: self.takes_doubtful() };
            let chore = Chore::begin(what, meant.filter.clone(), *upto, rate, by.clone(), now);
            Chore { id: ChoreId(now.0 + n), at: *after, ..chore }
        };
        Ok((0..).zip(spans).map(one).collect())
    }

    /// Nobody runs: with a rate it is left as a chore for the next start, without one they are open at once.
    fn begin_alone(
        &self,
        keep: &mut Keep,
        meant: &Meant,
        spans: &[Span],
        (plan, today): (PlanId, &Plan),
        out: &mut Out,
    ) -> anyhow::Result<Ended> {
        if let Some(rate) = self.rate {
            let chores = self.chores(meant, spans, rate)?;
            let facts: Vec<Fact> = chores.iter().map(|chore| Fact::Chore(Box::new(chore.clone()))).collect();
            keep.commit(&facts).map_err(journal::fault)?;
            out.aside(&format!("the next `spanwright run` replays them at that rate ({})", named(&chores)));
            return Ok(Ended::Fine);
        }
        let (by, mut again): (Arc<str>, u64) = (journal::person().into(), 0);
        for (mut after, upto) in spans.iter().copied() {
            loop {
                let slice = keep.stopped(&meant.filter, after, upto, SLICE).map_err(journal::fault)?;
                let Some(last) = slice.last() else { break };
                after = last.run;
                let named: Vec<RunId> = slice.iter().map(|run| run.run).collect();
                let bundles = keep.bundles(&named).map_err(journal::fault)?;
                let over = |run: &StoppedRun| self.goes_over(run, today);
                let go = that_go(&slice, &bundles, self.takes_doubtful(), |run| over(run) || !run.overtaken);
                let facts: Vec<Fact> = go.into_iter().map(|one| reopened(one, plan, &by, over(one.run))).collect();
                again += facts.len() as u64;
                keep.commit(&facts).map_err(journal::fault)?;
            }
        }
        out.aside(&format!("{} open again; `spanwright run` delivers them", count(again, "message")));
        Ok(Ended::Fine)
    }
}

/// Nothing was found of it: is there such a flow?
pub fn assert_flow(today: &Plan, flow: &str) -> anyhow::Result<()> {
    if today.flow(flow).is_none() {
        let help = did_you_mean(flow, today.flows.iter().map(|flow| &*flow.name)).map_or(String::new(), |help| format!(": {help}"));
        bail!("there is no flow `{flow}`, and no dead letter of one{help}");
    }
    Ok(())
}

/// `chore 4711`, `chores 4711, 4712`
fn named(chores: &[Chore]) -> String {
    let numbers: Vec<String> = chores.iter().map(|chore| chore.id.0.to_string()).collect();
    format!("chore{} {}", if chores.len() == 1 { "" } else { "s" }, numbers.join(", "))
}

/// Of what is meant in a flow, such that have done a step whose name is gone.
fn renamed(look: &Look, flow: &Flow, meant: &Meant, doubtful: &mut HashMap<RunId, Doubt>) -> anyhow::Result<()> {
    each_of(look, flow, meant, |file| {
        if let Some(step) = steps_done(file).find(|step| !has_step(flow, step)) {
            doubtful.entry(file.run).or_insert_with(|| Doubt::Renamed(step.clone()));
        }
    })
}

/// Messages of this older plan whose record or state has another name today.
fn named_otherwise(look: &Look, (flow, plan): (&Flow, PlanId), meant: &Meant, doubtful: &mut HashMap<RunId, Doubt>) -> anyhow::Result<()> {
    each_of(look, flow, meant, |file| {
        let of_then = &file.message;
        let is_other = || {
            let of_today = intake::edited(flow.source.as_ref(), of_then, &of_then.body);
            of_today.map_or(true, |(key, version)| key != of_then.key || version != of_then.version)
        };
        if file.plan == plan && is_other() {
            doubtful.entry(file.run).or_insert(Doubt::OtherName);
        }
    })
}

/// Looks at each dead letter of a flow that is meant.
fn each_of(look: &Look, flow: &Flow, meant: &Meant, mut see: impl FnMut(&RunFile)) -> anyhow::Result<()> {
    if meant.filter.flow.as_ref().is_some_and(|wanted| *wanted != flow.name) {
        return Ok(());
    }
    let (filter, mut after) = (StoppedFilter { flow: Some(flow.name.clone()), ..meant.filter.clone() }, meant.after);
    loop {
        let slice = look.stopped(&filter, after, meant.upto, SLICE).map_err(journal::fault)?;
        let Some(last) = slice.last() else { return Ok(()) };
        after = last.run;
        let runs: Vec<RunId> = slice.iter().map(|run| run.run).collect();
        look.files(&runs).map_err(journal::fault)?.iter().for_each(&mut see);
    }
}

/// Whether each step that it has done is one of today's.
fn does_no_renamed_step_again(look: &Look, today: &Plan, run: &StoppedRun) -> anyhow::Result<bool> {
    let Some((_, flow)) = today.flow(&run.flow) else { return Ok(false) };
    let file = look.files(&[run.run]).map_err(journal::fault)?.pop();
    Ok(file.is_some_and(|file| steps_done(&file).all(|step| has_step(flow, step))))
}

/// The steps that a message has done, or may have, and that were not undone. What was said to its sender is none.
fn steps_done(file: &RunFile) -> impl Iterator<Item = &NodeName> {
    let done = |phase: &Phase| matches!(phase, Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Uncertain(_));
    let of = |way, one: &StoredEffect| file.known.iter().any(|known| known.effect == EffectKey { way, ..one.effect.clone() });
    let known = file.known.iter().filter(move |known| known.effect.way == Way::Do && *known.effect.item != *ANSWER);
    known.filter(move |known| done(&known.state.phase) && !of(Way::Undo, known)).map(|known| &known.effect.node)
}

fn reopened(one: Opened<'_>, plan: PlanId, by: &Arc<str>, over_newer: bool) -> Fact {
    Fact::Reopened { run: one.run.run, apart: one.apart, plan, at: journal::now(), by: by.clone(), over_newer }
}

/// `10/s`
fn rate(text: &str) -> Result<Rate, String> {
    let rate = spanwright_shape::text::form::rate(text).map(|(most, per)| Rate { most, per });
    rate.ok_or_else(|| "a rate is so many in a time: 10/s, 100/m".to_string())
}
