//! One flow: what happens to each message, what waits for what, and what follows from a failure.

use std::{sync::Arc, time::Duration};

use super::{EffectPlan, Source, Step, StepKind, step::each_step};
use crate::interface::Repeat;

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

impl Flow {
    /// The effect of a step, and its number.
    pub fn numbered_effect(&self, node: &str) -> Option<(usize, &EffectPlan)> {
        self.effects.iter().enumerate().find(|(_, effect)| *effect.node == *node)
    }

    /// The effect of a step.
    pub fn effect_of(&self, node: &str) -> Option<&EffectPlan> {
        self.numbered_effect(node).map(|(_, effect)| effect)
    }

    /// What its steps ask for, without what they do where something failed. Reads do not count where it writes, too.
    pub fn asks_for(&self) -> impl Iterator<Item = &EffectPlan> {
        let mut numbers = Vec::new();
        each_step(&self.steps, &mut |step| match step.kind {
            StepKind::Call(effect) | StepKind::Send(effect) => numbers.push(effect),
            _ => {}
        });
        let reads = |number: &usize| self.effects.get(*number).is_some_and(|effect| effect.repeat == Repeat::Safe);
        let writes = !numbers.iter().all(reads);
        numbers.retain(|number| !writes || !reads(number));
        numbers.into_iter().filter_map(|number| self.effects.get(number))
    }

    /// Whether a dead letter keeps what came after it waiting: then nothing newer can have gone ahead of it.
    pub fn blocks(&self) -> bool {
        self.in_order.is_some_and(|order| order.when_dead == WhenDead::Block)
    }
}
