//! What a flow asks of systems, and what follows when it goes wrong.

use spanwright_core::{
    interface::Repeat,
    plan::{EffectPlan, Plan},
};

use super::time;

/// One effect.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Its step's name.
    pub step: String,
    /// The system.
    pub system: String,
    /// The operation.
    pub operation: String,
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
            undo: effect.undo.as_ref().map(|undo| {
                let system = &plan.systems[undo.system];
                format!("{}.{}", system.name, system.system.interface().operations[undo.operation].name)
            }),
        }
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
