//! The plan: closed, checked, pinned by its hash. What `check` returns and what a run is evaluated under.
//!
//! A plan holds no value of a variable and no secret. Plans can also be made by programs (tests, the simulator):
//! everything that the engine can do stands here, whether or not the grammar can say it yet.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_map::{Mapping, Program};
use spanwright_shape::shape::ShapeRef;

use crate::{
    alert::{Expect, Rule},
    connector::System,
    door::{ClientSettings, Door, Guard, Network},
    fact::NodeName,
    interface::{BulkKey, Repeat},
    schedule::Schedule,
    settings::{Limits, OutcomeWord, Template},
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
    /// The ways in, by number; sources name them so.
    pub doors: Vec<DoorPlan>,
    /// Who is told that something stands still.
    pub alerts: Vec<ChannelPlan>,
    /// Where they are served; `None`: nowhere.
    pub listen: Option<Listen>,
    /// Every map of the project, also those that no flow uses.
    pub maps: Vec<MapPlan>,
    /// How long finished messages are kept.
    pub keep: KeepFor,
    /// The declared variables that are no secrets and their defaults: `$vars` in expressions.
    pub vars: BTreeMap<Arc<str>, Option<Arc<str>>>,
}

/// How long finished messages are kept. Open ones and dead letters are kept until somebody has seen to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepFor {
    /// Their bodies.
    pub bodies: Duration,
    /// What happened to them.
    pub trail: Duration,
}

impl Default for KeepFor {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        KeepFor { bodies: 7 * day, trail: 30 * day }
    }
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
    /// What follows when it stopped, after the undos.
    pub if_dead: IfDead,
    /// After how many dead letters it stops to take in.
    pub pause_after: Option<PauseAfter>,
    /// What waits for what.
    pub in_order: Option<InOrder>,
}

/// `in_order:` and `when_dead:`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InOrder {
    /// What stands in one line.
    pub by: OrderBy,
    /// What becomes of a line whose head died.
    pub when_dead: WhenDead,
}

/// What stands in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    /// The messages of one record.
    Key,
    /// All of the flow.
    All,
}

/// What becomes of a line whose head died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenDead {
    /// It stands until a person has replayed or discarded the dead letter.
    Block,
    /// The next one goes.
    Skip,
}

/// `pause_after: { dead, within }`: a bad map stops the intake, and does not fill the dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseAfter {
    /// So many dead letters,
    pub dead: u32,
    /// within so long.
    pub within: Duration,
}

/// The time within which dead letters are counted, where nothing is said.
pub const PAUSE_WITHIN_DEFAULT: Duration = Duration::from_secs(300);

/// What follows from a failure that nothing can mend.
#[derive(Default)]
pub enum IfDead {
    /// A dead letter: a person looks.
    #[default]
    Letter,
    /// Nothing: it was not that important.
    Discard,
    /// These steps, which see `$error`.
    Steps(Vec<Step>),
}

/// One way in.
pub struct DoorPlan {
    /// Its name, for people.
    pub name: Arc<str>,
    /// Requests to messages, and answers.
    pub door: Arc<dyn Door>,
    /// Who may come in; `None`: anybody.
    pub guard: Option<Arc<dyn Guard>>,
    /// The same, for documents.
    pub clients: Vec<ClientSettings>,
}

/// One entry of `alerts:`.
pub struct ChannelPlan {
    /// When it is told, and of what.
    pub rule: Rule,
    /// Its one operation takes a notice (see [`crate::alert::Notice::to_json`]).
    pub system: Arc<dyn System>,
}

/// `listen:`
#[derive(Clone, Debug)]
pub struct Listen {
    /// `ADDRESS:PORT`
    pub http: Template,
    /// The certificate that we show.
    pub tls: Option<TlsPlan>,
    /// Proxies that we trust to say who a sender is.
    pub proxies: Vec<Network>,
}

/// `tls:`: files outside the project, read again when they change.
#[derive(Clone, Debug)]
pub struct TlsPlan {
    /// Certificates, ours first: PEM.
    pub certificate: Template,
    /// The private key: PEM.
    pub key: Template,
    /// Whose client certificates we trust: PEM.
    pub client_ca: Option<Template>,
}

/// Where a flow's messages come from.
pub struct Source {
    /// `flow.source`
    pub name: Arc<str>,
    /// How they come.
    pub kind: SourceKind,
    /// Only these.
    pub when: Option<Program>,
    /// Which event one is.
    pub once: Option<Program>,
    /// Which record one is about.
    pub key: Option<Program>,
    /// Which state of it.
    pub version: Option<Program>,
    /// When something must have come.
    pub expect: Option<Expect>,
}

/// How messages come.
pub enum SourceKind {
    /// We ask for them.
    Poll(Box<Poll>),
    /// They are brought to us.
    Door(Served),
    /// A clock makes them.
    Cron(Box<Cron>),
    /// Other flows hand them over.
    Handed,
    /// Dead letters of other flows.
    Letters(Letters),
}

/// `dead_letters:`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// Of these flows; of any where none is named.
    pub only: Vec<Arc<str>>,
    /// Never of these: what dead letters lead to by themselves.
    pub never: Vec<Arc<str>>,
}

impl Letters {
    /// Whether dead letters of this flow are told.
    pub fn takes(&self, flow: &str) -> bool {
        let named = |names: &[Arc<str>]| names.iter().any(|name| &**name == flow);
        (self.only.is_empty() || named(&self.only)) && !named(&self.never)
    }
}

/// `cron:`
#[derive(Clone, Debug)]
pub struct Cron {
    /// When.
    pub schedule: Schedule,
    /// What becomes of times that went by while nobody ran.
    pub missed: Missed,
}

/// What becomes of times that went by while nobody ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The last of them is taken.
    Once,
    /// Each is taken.
    All,
    /// None is.
    Skip,
}

/// An operation of a door that a flow serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The door's number.
    pub door: usize,
    /// The operation's number.
    pub operation: usize,
    /// The sender waits so long for a reply; `None`: it is told at once that the message is kept.
    pub reply_within: Option<Duration>,
    /// What it is told when that was not long enough.
    pub late: Late,
    /// The same event with another body is refused.
    pub same_body: bool,
}

/// What is said to a sender when the reply takes longer than it waits. The flow goes on in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// That the message is kept, and where to ask for it.
    Accepted,
    /// That it took too long.
    TimedOut,
}

/// An operation that is asked again and again.
pub struct Poll {
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
    /// How far it has read.
    pub cursor: Option<CursorRule>,
    /// It reads files: each of their rows is an item.
    pub files: Option<FilesRule>,
    /// It reads a queue: each of its messages is an item, and so many may be on their way to us.
    pub queue: Option<u16>,
}

/// `files:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesRule {
    /// So long nobody has touched a file that is read.
    pub settle: Duration,
    /// Where files go that were read.
    pub done: Arc<str>,
    /// Where those go that cannot be read.
    pub failed: Arc<str>,
}

impl Source {
    /// What the source of a flow is called: `flow.source`.
    pub fn name_of(flow: &str) -> Arc<str> {
        format!("{flow}.source").into()
    }

    /// The keys of the list that its items are in, where the page may be read in pieces: `each` is a plain path, and
    /// the next page's token does not hang on the items.
    pub fn list(&self) -> Option<Vec<&str>> {
        let poll = self.poll()?;
        if poll.files.is_some() {
            return Some(vec!["rows"]);
        }
        if poll.queue.is_some() {
            return Some(vec!["messages"]);
        }
        let each = poll.each.as_ref()?;
        let list = each.keys()?;
        let path = each.text().trim();
        let looks_at = |read: &Arc<str>| &**read == "." || leads_to(read, path) || leads_to(path, read);
        let hangs = poll.pages.as_ref().is_some_and(|pages| match &pages.next {
            NextPage::Token(take) => take.gives().reads.iter().any(looks_at),
            NextPage::Counted { .. } => true,
            NextPage::Link => false,
        });
        (!list.is_empty() && !hangs).then_some(list)
    }
}

/// Whether a path is the beginning of another, or all of it.
fn leads_to(path: &str, further: &str) -> bool {
    further.strip_prefix(path).is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'.' | b'[')))
}

/// `pages:`
pub struct Pages {
    /// The parameter that takes the next page's token; `url` takes its address.
    pub into: Arc<str>,
    /// How it is found.
    pub next: NextPage,
}

/// `pages:` of a call: all of them are one answer.
pub struct Gather {
    /// How the next one is asked for.
    pub pages: Pages,
    /// The keys that lead to the list of a page; none where a page is a list.
    pub list: Vec<Arc<str>>,
}

/// How the next page is found.
pub enum NextPage {
    /// `take:` the token in a page; absent, null or "" ends.
    Token(Program),
    /// `count:` by number; a page without items ends.
    Counted {
        /// The first page's number.
        from: u64,
        /// What it grows by.
        by: CountBy,
        /// Items of a full page: one with fewer ends too.
        full: Option<u64>,
    },
    /// `link: next`, of the header `link` (RFC 8288).
    Link,
}

/// What the number of a page counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountBy {
    /// `page=3`
    Pages,
    /// `offset=300`
    Items,
}

/// Pages of one round of a poll: more are taken for a circle.
pub const ROUND_PAGES_MOST: u32 = 100_000;

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
    /// `reply:` and `fault:` answer whoever waits; the flow goes on.
    Reply(Box<ReplyPlan>),
}

/// What is answered.
pub struct ReplyPlan {
    /// The status.
    pub status: Option<u16>,
    /// Further headers.
    pub headers: Option<Mapping>,
    /// The declared fault that it is.
    pub fault: Option<Arc<str>>,
    /// The body.
    pub body: Body,
    /// What the body can be.
    pub gives: ShapeRef,
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
    /// Whether the map that makes the body is proved to make what the operation takes.
    pub proved: bool,
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
    /// For one exchange; `None`: as its system says.
    pub timeout: Option<Duration>,
    /// What answers mean here, before what the operation says of them: by status or declared fault.
    pub outcomes: Arc<[(Arc<str>, OutcomeWord)]>,
    /// The question that is asked after an unknown outcome.
    pub if_unknown: Option<Box<Question>>,
    /// It is asked again until its answer is ready.
    pub again: Option<Again>,
    /// All pages of its answer are read, and are one answer.
    pub gather: Option<Arc<Gather>>,
    /// Once it happened nothing is undone any more.
    pub pivot: bool,
    /// What follows when it failed for good.
    pub if_dead: IfDead,
    /// How it is undone.
    pub undo: Option<Box<EffectPlan>>,
}

impl EffectPlan {
    /// An effect that asks this operation of a system, by their numbers, with nothing else said of it.
    pub fn of(
        node: NodeName,
        queue: Arc<str>,
        (system, operation): (usize, usize),
        body: Body,
        repeat: Repeat,
        policy: Policy,
    ) -> EffectPlan {
        EffectPlan {
            node,
            queue,
            system,
            operation,
            with: None,
            body,
            proved: false,
            saved_as: None,
            repeat,
            policy,
            batch: None,
            in_order: false,
            newest_only: false,
            unchanged: false,
            timeout: None,
            outcomes: Arc::default(),
            if_unknown: None,
            again: None,
            gather: None,
            pivot: false,
            if_dead: IfDead::Letter,
            undo: None,
        }
    }

    /// Whether what comes of it can only be told by another walk: it may be undone, asked about, asked again or forgiven.
    pub fn wants_a_look(&self) -> bool {
        self.undo.is_some() || self.if_unknown.is_some() || self.again.is_some() || self.pivot || !matches!(self.if_dead, IfDead::Letter)
    }

    /// Whether its answer is kept: a later step sees it, or it is looked at.
    pub fn keeps_answer(&self) -> bool {
        self.saved_as.is_some() || self.again.is_some()
    }

    /// It, its undo and its question.
    pub fn all(&self) -> impl Iterator<Item = &EffectPlan> {
        let question = self.if_unknown.as_ref().map(|question| &question.ask);
        [Some(self), self.undo.as_deref(), question].into_iter().flatten()
    }
}

/// `if_unknown: { call, with, take, wait }`: after an unknown outcome, ask before it is done again.
pub struct Question {
    /// What is asked: an operation that only reads.
    pub ask: EffectPlan,
    /// What it says, over the answer: a value means that it happened, and is its answer; absent or null, that it did not.
    pub take: Program,
    /// How long the question waits: the request may still be on its way.
    pub wait: Duration,
}

/// How long a question waits where nothing is said.
pub const QUESTION_WAIT_DEFAULT: Duration = Duration::from_secs(5);

/// `again: { every, until, give_up_after }`
pub struct Again {
    /// From an answer to the next question.
    pub every: Duration,
    /// Ready where this is true of the answer.
    pub until: Program,
    /// It is waited for so long.
    pub give_up_after: Duration,
}

/// How long an answer is waited for that is not ready, where nothing is said.
pub const AGAIN_GIVE_UP_DEFAULT: Duration = Duration::from_secs(24 * 3600);

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
    /// Bytes of bodies at most; a larger one goes alone.
    pub bytes: usize,
    /// How long the first waits for others.
    pub wait: Duration,
    /// Where the key goes.
    pub key: BulkKey,
}

/// Bytes of bodies in one request of which nothing is said.
pub const BATCH_BYTES_DEFAULT: u64 = 4 << 20;

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
    /// How many exchanges are looked at, or in a time are enough; it does not open before so many were made.
    pub of: u32,
    /// How long it stays open the first time; doubled each time until a success.
    pub hold: Duration,
    /// But no longer than this.
    pub longest: Duration,
    /// The exchanges of so long are looked at; `None`: the last [`BreakerPolicy::of`], however old.
    pub within: Option<Duration>,
    /// An exchange that takes longer is slow.
    pub slow: Duration,
    /// Slow exchanges, in percent, that open it; 0: none do.
    pub slow_percent: u32,
    /// Successes in a row that close it again.
    pub probes: u32,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        BreakerPolicy {
            failures_percent: 50,
            of: 10,
            hold: Duration::from_secs(30),
            longest: Duration::from_secs(600),
            within: None,
            slow: Duration::from_secs(10),
            slow_percent: 0,
            probes: 3,
        }
    }
}

impl Source {
    /// What is polled, where it is a poll.
    pub fn poll(&self) -> Option<&Poll> {
        match &self.kind {
            SourceKind::Poll(poll) => Some(poll),
            SourceKind::Door(_) | SourceKind::Cron(_) | SourceKind::Handed | SourceKind::Letters(_) => None,
        }
    }

    /// Its clock, where one drives it.
    pub fn cron(&self) -> Option<&Cron> {
        match &self.kind {
            SourceKind::Cron(cron) => Some(cron),
            SourceKind::Poll(_) | SourceKind::Door(_) | SourceKind::Handed | SourceKind::Letters(_) => None,
        }
    }

    /// Whether other flows hand its messages over.
    pub fn is_handed(&self) -> bool {
        matches!(self.kind, SourceKind::Handed)
    }

    /// Whose dead letters it takes, where it does.
    pub fn letters(&self) -> Option<&Letters> {
        match &self.kind {
            SourceKind::Letters(letters) => Some(letters),
            SourceKind::Poll(_) | SourceKind::Door(_) | SourceKind::Cron(_) | SourceKind::Handed => None,
        }
    }

    /// How files are read, where they are.
    pub fn files(&self) -> Option<&FilesRule> {
        self.poll()?.files.as_ref()
    }

    /// Whether it reads a queue.
    pub fn reads_queue(&self) -> bool {
        self.poll().is_some_and(|poll| poll.queue.is_some())
    }

    /// What is served, where others bring the messages.
    pub fn served(&self) -> Option<&Served> {
        match &self.kind {
            SourceKind::Door(served) => Some(served),
            SourceKind::Poll(_) | SourceKind::Cron(_) | SourceKind::Handed | SourceKind::Letters(_) => None,
        }
    }
}

impl Flow {
    /// Whether a dead letter keeps what came after it waiting: then nothing newer can have gone ahead of it.
    pub fn blocks(&self) -> bool {
        self.in_order.is_some_and(|order| order.when_dead == WhenDead::Block)
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
