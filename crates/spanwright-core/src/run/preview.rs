//! What a stopped run would ask if it went on: the very walk that a replay makes, and nothing is sent.

use std::sync::Arc;

use spanwright_shape::room::Room;

use super::{Advance, AdvanceJob, KnownEffect, advance};
use crate::{
    fact::{Moment, RunFile, owed_again},
    plan::Plan,
};

/// What this run would owe, or how it would end, if it were replayed under this plan; `None` where the plan has no such
/// flow. What comes behind a call that is owed is not known before that is answered.
pub fn preview(file: &RunFile, plan: &Arc<Plan>, room: &Room) -> Option<Advance> {
    let (flow, _) = plan.flow(&file.flow)?;
    let known = owed_again(file.known.clone(), Moment::default(), false).into_iter().map(|known| KnownEffect {
        node: known.effect.node,
        item: known.effect.item,
        way: known.effect.way,
        generation: known.state.generation,
        tries: known.state.tries,
        unheard: known.state.sent.is_some() || known.state.glued.is_some(),
        of_item: known.state.of_item,
        phase: known.state.phase,
    });
    let (run, root, message) = (file.run, file.root, file.message.clone());
    let mut owes = advance(&AdvanceJob { run, plan: plan.clone(), flow, root, message, known: known.collect() }, room);
    // Whoever waited for the reply has gone.
    while let Advance::Replies { next, .. } = owes {
        owes = *next;
    }
    Some(owes)
}
