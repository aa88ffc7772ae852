//! What a flow answers at once: a request that changes nothing, for which the flow asks nobody.
//!
//! Behind such an answer nothing is owed, so there is nothing that a crash could lose or do twice, and nothing of it is
//! kept. Always: the answer is the one that the walk makes of a message in the journal, by the same function; what has no
//! answer (the walk failed, was filtered, said nothing) goes the way of every message, where a person sees what became of it.

use std::sync::Arc;

use spanwright_shape::room::Room;

use super::{HttpAnswer, Reply, Routes, Said, reception::Message};
use crate::{
    alert::CHANNEL_SYSTEM,
    desk::{handover::FLOW_SYSTEM, round::ROUND_SYSTEM},
    fact::{Ending, MessageFile, Moment, Root, RunId},
    interface::Repeat,
    plan::{EffectPlan, Flow, Plan},
    run::{Advance, AdvanceJob, Arrival, advance},
};

/// Who asks: the next id of a message, and when it came.
#[derive(Clone, Copy, Debug)]
pub struct Asks {
    /// As of a message that is kept.
    pub id: u128,
    /// When it came.
    pub at: Moment,
}

/// What must be kept of the requests to a flow before they are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Each message.
    All,
    /// What does not go well: the flow changes nothing, and asks other systems ([`crate::desk`]: a passing run).
    FailuresOfAsking,
    /// What does not go well: the flow changes nothing and asks nobody.
    Failures,
}

/// What must be kept of the requests to this flow.
pub fn keeping(plan: &Plan, flow: &Flow) -> Keeping {
    match () {
        () if !only_asked(plan, flow) => Keeping::All,
        () if flow.effects.is_empty() => Keeping::Failures,
        () if flow.effects.iter().all(|effect| only_asks(plan, effect)) => Keeping::FailuresOfAsking,
        () => Keeping::All,
    }
}

/// Whoever sends it wants an answer and has told us nothing, and nobody counts on its being kept.
fn only_asked(plan: &Plan, flow: &Flow) -> bool {
    let Some(source) = &flow.source else { return false };
    let Some(served) = source.served().filter(|served| served.reply_within.is_some()) else { return false };
    let Some(door) = plan.doors.get(served.door) else { return false };
    let counts = source.expect.is_some() || source.once.is_some() || source.version.is_some() || flow.in_order.is_some();
    door.door.interface().operations[served.operation].repeat == Repeat::Safe && !counts
}

/// It reads from another system, alone, and neither its bytes nor its place in a line are remembered.
fn only_asks(plan: &Plan, effect: &EffectPlan) -> bool {
    // Of these what is safe to repeat changes our own journal.
    let ours = |effect: &EffectPlan| [FLOW_SYSTEM, ROUND_SYSTEM, CHANNEL_SYSTEM].contains(&&*plan.systems[effect.system].kind);
    let remembers = effect.batch.is_some() || effect.in_order || effect.newest_only || effect.unchanged || effect.conditional;
    effect.all().all(|effect| effect.repeat == Repeat::Safe && !ours(effect)) && !remembers
}

/// The answer to a message, and which flow says it; `None` where it is to be kept first.
pub fn answer(routes: &Routes, door: usize, message: &Message, asks: Asks, room: &Room) -> Option<(usize, HttpAnswer)> {
    let [(flow, arrival)] = &message.arrivals[..] else { return None };
    if !routes.answers_at_once(*flow) || arrival.once.is_some() || arrival.fault.is_some() {
        return None;
    }
    let reply = said(&routes.plan, *flow, arrival, asks, room)?;
    Some((*flow, routes.door(door).door.answer(Some(message.asked), &Said::Replied(&reply))))
}

/// What the flow says, where it has nothing more to do.
fn said(plan: &Arc<Plan>, flow: usize, arrival: &Arrival, asks: Asks, room: &Room) -> Option<Reply> {
    let source = plan.flows[flow].source.as_ref()?;
    let message = MessageFile {
        id: asks.id,
        source: source.name.clone(),
        correlation: arrival.correlation.clone().unwrap_or_else(|| format!("{:032x}", asks.id).into()),
        received: asks.at,
        key: arrival.key.clone(),
        version: None,
        body: arrival.body.clone(),
        beside: arrival.beside.clone(),
    };
    let (plan, message) = (plan.clone(), Arc::new(message));
    // No run of the journal has this number.
    let job = AdvanceJob { run: RunId(0), plan, flow, root: Root(asks.id), message, known: Vec::new() };
    match advance(&job, room) {
        Advance::Replies { replied, next } if matches!(*next, Advance::Ends(Ending::Done)) => Some(replied.reply),
        Advance::Replies { .. } | Advance::Owes { .. } | Advance::Ends(_) => None,
    }
}
