//! The plan: closed, checked, pinned by its hash. What `check` returns and what a run is evaluated under.
//!
//! A plan holds no value of a variable and no secret. Plans can also be made by programs (tests, the simulator):
//! everything that the engine can do stands here, whether or not the grammar can say it yet.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_map::{Mapping, Program};
use spanwright_shape::shape::ShapeRef;

use crate::{
    connector::System,
    fact::NodeName,
    interface::{BulkKey, Repeat},
    settings::Limits,
};

/// Everything that a run needs to know.
pub struct Plan {
    /// BLAKE3 over the project's files.
    pub hash: [u8; 32],
    /// The project's name.
    pub project: Arc<str>,
    /// The environment's name, where one is chosen.
    pub environment: Option<Arc<str>>,
    /// By number; effects name them so.
    pub systems: Vec<SystemPlan>,
    /// By number.
    pub flows: Vec<Flow>,
    /// Every map of the project, also those that no flow uses.
    pub maps: Vec<MapPlan>,
    /// The declared variables that are no secrets and their defaults: `$vars` in expressions.
    pub vars: BTreeMap<Arc<str>, Option<Arc<str>>>,
}

/// One system of a plan.
pub struct SystemPlan {
    /// Its name.
    pub name: Arc<str>,
    /// Its kind's key.
    pub kind: Arc<str>,
    /// Bytes to values and back.
    pub system: Arc<dyn System>,
    /// Shared by all flows.
    pub limits: Limits,
    /// When it is left alone.
    pub breaker: BreakerPolicy,
    /// Retries of polls, and of effects that say nothing else.
    pub retry: Policy,
}

/// One map of a plan.
pub struct MapPlan {
    /// Its name.
    pub name: Arc<str>,
    /// What it reads.
    pub from: Option<ShapeRef>,
    /// What it makes.
    pub to: Option<ShapeRef>,
    /// The table.
    pub mapping: Arc<Mapping>,
}

/// One flow of a plan.
pub struct Flow {
    /// Its name.
    pub name: Arc<str>,
    /// Where its messages come from; `None`: only from programs.
    pub source: Option<Source>,
    /// What happens to each.
    pub steps: Vec<Step>,
    /// Every effect in it, by the number that its step holds.
    pub effects: Vec<EffectPlan>,
}

/// A poll.
pub struct Source {
    /// `flow.source`
    pub name: Arc<str>,
    /// The system's number.
    pub system: usize,
    /// The operation's number.
    pub operation: usize,
    /// From the end of one to the start of the next.
    pub every: Duration,
    /// Parameters, beside the two below.
    pub with: Option<Mapping>,
    /// Pages.
    pub pages: Option<Pages>,
    /// The items of a page; `None`: the page is the item.
    pub each: Option<Program>,
    /// Only these items.
    pub when: Option<Program>,
    /// Which event an item is.
    pub once: Option<Program>,
    /// Which record an item is about.
    pub key: Option<Program>,
    /// Which state of it.
    pub version: Option<Program>,
    /// How far it has read.
    pub cursor: Option<CursorRule>,
}

impl Source {
    /// The keys of the list that its items are in, where the page may be read in pieces: `each` is a plain path, and
    /// the next page's token does not hang on the items.
    pub fn list(&self) -> Option<Vec<&str>> {
        let each = self.each.as_ref()?;
        let list = each.keys()?;
        let path = each.text().trim();
        let looks_at = |read: &Arc<str>| &**read == "." || leads_to(read, path) || leads_to(path, read);
        let hangs = self.pages.as_ref().is_some_and(|pages| pages.take.gives().reads.iter().any(looks_at));
        (!list.is_empty() && !hangs).then_some(list)
    }
}

/// Whether a path is the beginning of another, or all of it.
fn leads_to(path: &str, further: &str) -> bool {
    further.strip_prefix(path).is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'.' | b'[')))
}

/// `pages: { into, take }`
pub struct Pages {
    /// The parameter that takes the next page's token.
    pub into: Arc<str>,
    /// The token in a page; absent, null or "" ends.
    pub take: Program,
}

/// `cursor: { into, take, start, overlap }`
pub struct CursorRule {
    /// The parameter that takes the cursor.
    pub into: Arc<str>,
    /// The cursor of an item; the greatest one moves it.
    pub take: Program,
    /// Where it begins: JSON.
    pub start: Arc<[u8]>,
    /// How far it reads again behind itself.
    pub overlap: Duration,
}

/// One step.
pub struct Step {
    /// Unique in its flow.
    pub name: NodeName,
    /// Only where this is true.
    pub when: Option<Program>,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does. Pure ones are evaluated again each time; an effect whose result is known is not asked again.
pub enum StepKind {
    /// `map:` and `fields:` replace the body.
    Map(Arc<Mapping>),
    /// `only:` goes on when true.
    Only(Program),
    /// `route:` the first true one; `None` is `else`.
    Route(Vec<(Option<Program>, Vec<Step>)>),
    /// `each:` its steps for each item of a list; below it go on when all have ended.
    Each {
        /// The list.
        items: Program,
        /// For each.
        steps: Vec<Step>,
    },
    /// `fail:` a dead letter with this reason.
    Fail(Program),
    /// `call:` waits; its answer is seen by later steps.
    Call(usize),
    /// `send:` is owed from now on; the flow does not wait.
    Send(usize),
}

/// Items that one `each` may have.
pub const EACH_ITEMS_MOST: usize = 1_000;

/// One effect of a flow.
pub struct EffectPlan {
    /// Its step's name.
    pub node: NodeName,
    /// `flow.node`: the queue that it waits in.
    pub queue: Arc<str>,
    /// The system's number.
    pub system: usize,
    /// The operation's number.
    pub operation: usize,
    /// Parameters.
    pub with: Option<Mapping>,
    /// The body.
    pub body: Body,
    /// `as:` the name of its answer.
    pub saved_as: Option<Arc<str>>,
    /// What may be done after an unknown outcome.
    pub repeat: Repeat,
    /// How it is tried again.
    pub policy: Policy,
    /// How it is gathered.
    pub batch: Option<Batch>,
    /// Ordered by the message's key.
    pub in_order: bool,
    /// A newer state of the record takes the place of an older one that waits.
    pub newest_only: bool,
    /// `unchanged: skip`
    pub unchanged: bool,
    /// How it is undone.
    pub undo: Option<Box<EffectPlan>>,
}

/// The body of an effect.
pub enum Body {
    /// The operation has none.
    None,
    /// The flow's body as it is.
    Whole,
    /// An expression over it.
    Expr(Program),
    /// A map over it.
    Map(Arc<Mapping>),
}

/// How due effects of one queue are gathered into one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Items at most.
    pub most: usize,
    /// Bytes of bodies at most.
    pub bytes: usize,
    /// How long the first waits for others.
    pub wait: Duration,
    /// Where the key goes.
    pub key: BulkKey,
}

/// Bytes of bodies in one request of which nothing is said.
pub const BATCH_BYTES_DEFAULT: usize = 4 << 20;

/// How something is tried again: exponential, with full jitter.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Tries of a sick message.
    pub tries: u32,
    /// The first wait is a random time up to this.
    pub first: Duration,
    /// Each wait is longer by this factor, in hundredths.
    pub factor_percent: u32,
    /// No wait is longer.
    pub longest: Duration,
    /// A sick system is waited for so long.
    pub give_up_after: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            tries: 8,
            first: Duration::from_secs(1),
            factor_percent: 200,
            longest: Duration::from_secs(15 * 60),
            give_up_after: Duration::from_secs(72 * 3600),
        }
    }
}

/// When a system is left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// Failed exchanges of the last [`BreakerPolicy::of`], in percent, that open it.
    pub failures_percent: u32,
    /// How many exchanges are looked at; it does not open before so many were made.
    pub of: u32,
    /// How long it stays open the first time; doubled each time until a success.
    pub hold: Duration,
    /// But no longer than this.
    pub longest: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        BreakerPolicy { failures_percent: 50, of: 10, hold: Duration::from_secs(30), longest: Duration::from_secs(600) }
    }
}

impl Plan {
    /// The map of a name.
    pub fn map(&self, name: &str) -> Option<&MapPlan> {
        self.maps.iter().find(|map| &*map.name == name)
    }

    /// The flow of a name, and its number.
    pub fn flow(&self, name: &str) -> Option<(usize, &Flow)> {
        self.flows.iter().enumerate().find(|(_, flow)| &*flow.name == name)
    }
}
