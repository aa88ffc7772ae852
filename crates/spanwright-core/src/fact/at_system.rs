//! What the messages of a flow have to do at one system. A journal knows steps and queues and no systems, so whoever asks it what is
//! open at a system says which those are; of a message under an older plan that plan tells.

use std::sync::Arc;

use super::{NodeName, PlanId};
use crate::plan::{EffectPlan, Flow, IfDead, StepKind, any_step};

/// A flow under one plan, and what it does at a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtSystem {
    /// The flow.
    pub flow: Arc<str>,
    /// The plan that its messages are pinned to.
    pub plan: PlanId,
    /// Its queues there: of steps, of what undoes them, of questions.
    pub queues: Vec<Arc<str>>,
    /// The steps that are done there.
    pub steps: Vec<NodeName>,
    /// Those of them that are done for each of some items: of how many nobody knows before the walk.
    pub each: Vec<NodeName>,
    /// The steps that are undone there, wherever they are done.
    pub undone: Vec<NodeName>,
    /// The steps, of whatever system, of which a refusal has undone what came before.
    pub fatal: Vec<NodeName>,
}

impl AtSystem {
    /// Of the system with this number; `None` where the flow has nothing to do there.
    pub fn of(flow: &Flow, plan: PlanId, system: usize) -> Option<AtSystem> {
        let effects = || flow.effects.iter();
        let nodes = |is: &dyn Fn(&EffectPlan) -> bool| effects().filter(|effect| is(effect)).map(|effect| effect.node.clone()).collect();
        let queues: Vec<_> =
            effects().flat_map(EffectPlan::all).filter(|effect| effect.system == system).map(|effect| effect.queue.clone()).collect();
        (!queues.is_empty()).then(|| AtSystem {
            flow: flow.name.clone(),
            plan,
            queues,
            steps: nodes(&|effect| effect.system == system),
            each: nodes(&|effect| effect.system == system && is_done_for_each(flow, &effect.node)),
            undone: nodes(&|effect| effect.undo.as_ref().is_some_and(|undo| undo.system == system)),
            fatal: nodes(&|effect| matches!(effect.if_dead, IfDead::Letter)),
        })
    }
}

fn is_done_for_each(flow: &Flow, node: &str) -> bool {
    any_step(&flow.steps, &|step| matches!(&step.kind, StepKind::Each { steps, .. } if any_step(steps, &|step| *step.name == *node)))
}
