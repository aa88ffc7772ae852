//! One effect of a flow: what is asked, with what, and what follows from its outcomes.

use std::{sync::Arc, time::Duration};

use spanwright_map::{Mapping, Program};

use super::{Gather, IfDead, Policy};
use crate::{
    fact::NodeName,
    interface::{BulkKey, Repeat},
    settings::OutcomeWord,
};

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
    /// It is done only where a condition holds (`If-Match`), and a try that was not heard of may have made it untrue.
    pub conditional: bool,
    /// What later steps read of its answer beside the body.
    pub head: Option<Arc<Head>>,
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
            conditional: false,
            head: None,
            pivot: false,
            if_dead: IfDead::Letter,
            undo: None,
        }
    }

    /// Whether what comes of it can only be told by another walk: it may be undone, asked about, asked again or forgiven.
    pub fn wants_a_look(&self) -> bool {
        self.undo.is_some() || self.if_unknown.is_some() || self.again.is_some() || self.pivot || !matches!(self.if_dead, IfDead::Letter)
    }

    /// Whether a crash must not make us forget that it was asked: it may not be repeated, or a repeat would be refused for what
    /// the first did.
    pub fn is_noted_first(&self) -> bool {
        self.repeat == Repeat::Never || self.conditional
    }

    /// Whether a request of it has one key, whatever it carries.
    pub fn has_one_key(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| batch.key == BulkKey::PerRequest)
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

/// What is kept of the head of an answer: all that the flow reads, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `$answers.NAME.status`
    pub status: bool,
    /// `$answers.NAME.headers.etag`: names in lower case, in order.
    pub headers: Vec<Arc<str>>,
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
