//! One step of a flow.

use std::sync::Arc;

use spanwright_map::{Mapping, Program};
use spanwright_shape::shape::ShapeRef;

use super::Body;
use crate::fact::NodeName;

/// One step.
pub struct Step {
    /// Unique in its flow.
    pub name: NodeName,
    /// Only where this is true.
    pub when: Option<Program>,
    /// What it does.
    pub kind: StepKind,
}

/// Whether it is so of one of these steps, or of one in them.
pub fn any_step(steps: &[Step], is_so: &dyn Fn(&Step) -> bool) -> bool {
    let within = |step: &Step| match &step.kind {
        StepKind::Route(arms) => arms.iter().any(|(_, steps)| any_step(steps, is_so)),
        StepKind::Each { steps, .. } => any_step(steps, is_so),
        StepKind::Map(_) | StepKind::Only(_) | StepKind::Fail(_) | StepKind::Reply(_) | StepKind::Call(_) | StepKind::Send(_) => false,
    };
    steps.iter().any(|step| is_so(step) || within(step))
}

/// Visits these steps, and those in them.
pub fn each_step<'s>(steps: &'s [Step], visit: &mut dyn FnMut(&'s Step)) {
    for step in steps {
        visit(step);
        match &step.kind {
            StepKind::Route(arms) => arms.iter().for_each(|(_, steps)| each_step(steps, visit)),
            StepKind::Each { steps, .. } => each_step(steps, visit),
            StepKind::Map(_) | StepKind::Only(_) | StepKind::Fail(_) | StepKind::Reply(_) | StepKind::Call(_) | StepKind::Send(_) => {}
        }
    }
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
