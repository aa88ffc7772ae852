//! Whether the items of an `each` are where they were.
//!
//! An effect in an `each` is known by its place in the list. Where today's flow makes another list of the message, an item that was done
//! could be at another place: it would be done twice, and the one that has its place now would be lost. So an effect keeps the print of
//! its item, and **where one that was asked for is not about the item of its place any more, nothing of the list goes**. What a replay
//! owes in its next generation certainly did not happen, or was undone: it may be about another item.

use spanwright_shape::{json, text::Failure, value::Value};

use super::{KnownEffect, Walk};
use crate::{
    codes,
    fact::{NodeName, Phase, Print, StopKind, Way, print_of},
    plan::{IfDead, Step, StepKind, each_step},
};

impl Walk<'_> {
    /// Of each item of a list. In an `each` within an `each` the item of the outer one counts, too.
    pub(super) fn prints_of(&self, list: &[Value<'_>]) -> Vec<Print> {
        let outer = self.of_item.as_ref().map_or(&[][..], |print| &print[..]);
        let mut bytes = Vec::new();
        let print = |item: &Value<'_>| {
            bytes.clear();
            json::write(item, &mut bytes);
            print_of(&[outer, &bytes])
        };
        list.iter().map(print).collect()
    }

    /// What was asked for in an `each` and is not about the item of its place any more, where these are the items.
    pub(super) fn moved(&self, steps: &[Step], within: &str, prints: &[Print]) -> Option<(StopKind, Failure)> {
        if self.job.known.is_empty() {
            return None;
        }
        let under = if within.is_empty() { String::new() } else { format!("{within}/") };
        let nodes = self.nodes_in(steps);
        let moved = || nodes.iter().flat_map(|node| self.known_under(node, &under)).filter(|known| is_moved(known, &under, prints));
        let first = moved().next()?;
        let kind = if moved().any(is_unknown) { StopKind::Uncertain } else { StopKind::Dead };
        let says = format!(
            "`{}` [{}] was asked for before, and the list has another item at that place now, or none; what is to be left out of a list is \
             left out by `only` or `when` in its `each`",
            first.node, first.item
        );
        Some((kind, Failure::new(&codes::OTHER_BYTES, says)))
    }

    /// What can be asked for in these steps.
    fn nodes_in(&self, steps: &[Step]) -> Vec<&NodeName> {
        let mut nodes = Vec::new();
        each_step(steps, &mut |step| {
            if let StepKind::Call(effect) | StepKind::Send(effect) = step.kind {
                let plan = &self.flow.effects[effect];
                nodes.push(&plan.node);
                if let IfDead::Steps(steps) = &plan.if_dead {
                    nodes.extend(self.nodes_in(steps));
                }
            }
        });
        nodes
    }

    fn known_under(&self, node: &NodeName, under: &str) -> impl Iterator<Item = &KnownEffect> {
        let from = self.job.known.partition_point(|known| (&*known.node, &*known.item) < (&**node, under));
        let of_it = self.job.known[from..].iter().take_while(move |known| known.node == *node && known.item.starts_with(under));
        of_it.filter(|known| known.way == Way::Do)
    }
}

/// An earlier edition kept no print; what is known of it counts as where it was.
fn is_moved(known: &KnownEffect, under: &str, prints: &[Print]) -> bool {
    let (Some(of_item), Some(place)) = (&known.of_item, known.item.get(under.len()..)) else { return false };
    let (place, is_inner) = place.split_once('/').map_or((place, false), |(place, _)| (place, true));
    match place.parse::<usize>().ok().and_then(|place| prints.get(place)) {
        // Of an `each` within this one it is seen there.
        Some(print) => !is_inner && print != of_item,
        None => true,
    }
}

fn is_unknown(known: &KnownEffect) -> bool {
    known.unheard || matches!(known.phase, Phase::Started { .. } | Phase::Uncertain(_))
}
