//! What a flow asks of systems, and what follows when it goes wrong.

use spanwright_core::{
    alert::CHANNEL_SYSTEM,
    desk::handover::FLOW_SYSTEM,
    interface::Repeat,
    plan::{EffectPlan, Head, IfDead, Plan},
};

use spanwright_shape::text::time;

use super::answers;

/// One effect.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Its step's name.
    pub step: String,
    /// The system.
    pub system: String,
    /// The operation.
    pub operation: String,
    /// What the system speaks: `rest`, `files`.
    pub speaks: String,
    /// `POST /v1/contacts`
    pub wire: String,
    /// Whether the flow waits for its answer.
    pub waits: bool,
    /// How it is gathered, in words.
    pub gathered: Option<Gather>,
    /// Whether it carries a key, and what may be done after an unknown outcome.
    pub repeat: Repeat,
    /// `8 tries, the first wait up to 1 s, none above 15 min`
    pub retry: String,
    /// How long a system that is down is waited for.
    pub give_up: String,
    /// How its system is left alone.
    pub breaker: String,
    /// Not sent again where nothing changed.
    pub unchanged: bool,
    /// A newer state takes the place of an older one that waits.
    pub newest_only: bool,
    /// Ordered by the record.
    pub in_order: bool,
    /// How it is undone: `stock.release`.
    pub undo: Option<String>,
    /// What is asked after an unknown outcome, and how long after: `pay.findCharge`, `5 s`.
    pub question: Option<(String, String)>,
    /// Asked again until this is true: every, until, for how long.
    pub again: Option<(String, String, String)>,
    /// What later steps read of its answer beside the body: `status, header etag`.
    pub head: Option<String>,
    /// It happens only where a condition holds.
    pub conditional: bool,
    /// All pages of its answer are read; the parameter that asks for one.
    pub pages: Option<String>,
    /// What answers mean here, before what the system's page says of them.
    pub outcomes: Vec<(String, &'static str)>,
    /// Once it happened nothing is undone any more.
    pub pivot: bool,
    /// What follows when it failed for good and the flow goes on; `None`: it stops.
    pub forgiven: Option<&'static str>,
}

/// `status, header etag, header location`
fn head_words(head: &Head) -> String {
    let status = head.status.then(|| "status".to_string());
    status.into_iter().chain(head.headers.iter().map(|name| format!("header {name}"))).collect::<Vec<_>>().join(", ")
}

/// A batch.
#[derive(Clone, Debug)]
pub struct Gather {
    /// Items at most.
    pub most: usize,
    /// How long the first waits.
    pub wait: String,
}

impl Effect {
    pub(super) fn of(effect: &EffectPlan, waits: bool, plan: &Plan) -> Effect {
        let system = &plan.systems[effect.system];
        let operation = &system.system.interface().operations[effect.operation];
        let (policy, breaker) = (&effect.policy, &system.breaker);
        Effect {
            step: effect.node.to_string(),
            system: system.name.to_string(),
            operation: operation.name.to_string(),
            speaks: system.kind.to_string(),
            wire: operation.wire.to_string(),
            waits,
            gathered: effect.batch.as_ref().map(|batch| Gather { most: batch.most, wait: time(batch.wait) }),
            repeat: effect.repeat,
            retry: format!("{} tries, the first wait up to {}, none above {}", policy.tries, time(policy.first), time(policy.longest)),
            give_up: time(policy.give_up_after),
            breaker: format!("{}% of the last {} calls", breaker.failures_percent, breaker.of),
            unchanged: effect.unchanged,
            newest_only: effect.newest_only,
            in_order: effect.in_order,
            undo: effect.undo.as_ref().map(|undo| name(undo, plan)),
            question: effect.if_unknown.as_ref().map(|question| (name(&question.ask, plan), time(question.wait))),
            again: effect.again.as_ref().map(|again| (time(again.every), again.until.text().to_string(), time(again.give_up_after))),
            head: effect.head.as_ref().map(|head| head_words(head)),
            conditional: effect.conditional,
            pages: effect.gather.as_ref().map(|gather| gather.pages.into.to_string()),
            outcomes: effect.outcomes.iter().map(|(answer, word)| (answer.to_string(), answers::means(*word))).collect(),
            pivot: effect.pivot,
            forgiven: match effect.if_dead {
                IfDead::Letter => None,
                IfDead::Discard => Some("set aside; the flow goes on"),
                IfDead::Steps(_) => Some("its own steps follow"),
            },
        }
    }

    /// What follows an unknown outcome, in words.
    pub fn unknown_words(&self) -> String {
        match &self.question {
            Some((question, wait)) => format!("{question} is asked {wait} later: a value means that it happened, none that it did not"),
            None if self.conditional => "again; where its condition does not hold then, a person decides".to_string(),
            None => self.repeat_words().to_string(),
        }
    }

    /// The flow that takes what is handed over, where no system is asked.
    pub fn hands_to(&self) -> Option<&str> {
        (self.system == FLOW_SYSTEM).then_some(&self.operation)
    }

    /// The channel of people that is told, where no system is asked.
    pub fn tells(&self) -> Option<&str> {
        self.system.strip_prefix(CHANNEL_SYSTEM)?.strip_prefix('.')
    }

    /// Whether a system outside is asked.
    pub fn is_outside(&self) -> bool {
        self.hands_to().is_none() && self.tells().is_none()
    }

    /// `crm.upsertContacts`
    pub fn name(&self) -> String {
        format!("{}.{}", self.system, self.operation)
    }

    /// What the idempotency key does for it, in words.
    pub fn repeat_words(&self) -> &'static str {
        match self.repeat {
            Repeat::Safe => "only reads: may be asked again",
            Repeat::Idempotent => "twice is once: asked again after an unknown outcome",
            Repeat::Keyed => "carries a key: asked again under the same key after an unknown outcome",
            Repeat::Never => "may not be repeated: an unknown outcome waits for a person",
        }
    }
}

fn name(effect: &EffectPlan, plan: &Plan) -> String {
    let system = &plan.systems[effect.system];
    format!("{}.{}", system.name, system.system.interface().operations[effect.operation].name)
}
