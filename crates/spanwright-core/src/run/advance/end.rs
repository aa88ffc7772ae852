//! The walk has come to its end: it owes, goes back, or is over.

use spanwright_shape::text::Failure;

use super::{Advance, KnownEffect, Passed, Past, Then, Walk, Want};
use crate::{
    codes,
    fact::{ANSWER, Ending, Item, NodeName, Phase, SkipReason, StopKind, Stopped, Way, no_item},
    plan::{EffectPlan, IfDead, Step, StepKind, any_step},
};

impl Walk<'_> {
    pub(super) fn end(mut self) -> Advance {
        let next = self.follows();
        match self.replied.take() {
            Some(replied) => Advance::Replies { replied: Box::new(replied), next: Box::new(next) },
            None => next,
        }
    }

    fn follows(&mut self) -> Advance {
        self.stay_on_the_way_back();
        if !self.owed.is_empty() {
            let then = if self.looks || self.stopped.is_some() { Then::Look } else { Then::Ends };
            return self.owes(then);
        }
        match self.stopped.take() {
            Some(stopped) => self.undo(stopped),
            None if self.filtered && self.job.known.is_empty() => Advance::Ends(Ending::Skipped(SkipReason::Filtered)),
            None => Advance::Ends(ending_of(self.job.known.iter().map(|known| &known.phase))),
        }
    }

    /// All siblings had settled before the first undo, so what is owed beside it came with another schema or another `$vars`: whoever did it
    /// now would do what was to be undone. A replay begins anew, without undos.
    fn stay_on_the_way_back(&mut self) {
        let Some(undo) = self.job.known.iter().find(|known| known.way == Way::Undo) else { return };
        self.owed.clear();
        self.replied = None;
        if self.stopped.is_none() {
            let says = format!(
                "`{}` and what came before it were on the way back, and go on being undone, although the flow would go on now",
                undo.node
            );
            self.stop(&undo.node, StopKind::Dead, Failure::new(&codes::NO_LONGER_ASKED, says));
        }
    }

    fn owes(&mut self, then: Then) -> Advance {
        Advance::Owes { owed: std::mem::take(&mut self.owed), then }
    }

    /// One step back: the last thing that was done, or may have been, and is not undone yet.
    fn undo(&mut self, mut stopped: Stopped) -> Advance {
        if let Some(pivot) = self.pivoted {
            self.passed(Passed::Kept(pivot));
        }
        let out_of_reach = self.done_out_of_reach();
        if let Some(done) = out_of_reach.filter(|_| !self.past.is_empty()) {
            return Advance::Ends(Ending::Stopped(not_undone_without(done, &stopped)));
        }
        let stays = out_of_reach.is_some();
        let past = std::mem::take(&mut self.past);
        for Past { effect, item, body, names } in past.into_iter().rev() {
            let plan = &self.flow.effects[effect];
            let Some(undo) = &plan.undo else { continue };
            stopped.undone = true;
            let undone = self.known(&plan.node, &item, Way::Undo).is_some_and(|known| match known.phase {
                Phase::Done(_) | Phase::Unchanged | Phase::Superseded => true,
                Phase::Owed { .. } | Phase::Started { .. } | Phase::Uncertain(_) | Phase::Dead(_) => false,
            });
            if undone {
                continue;
            }
            return match self.owe((effect, undo), Way::Undo, Want::Asked, body, &names, &item) {
                Ok(()) => self.owes(Then::Look),
                Err(why) => Advance::Ends(Ending::Stopped(not_undone(&plan.node, &stopped, &why))),
            };
        }
        self.bury(stopped, stays)
    }

    /// A step that was done, or may have been, and that this walk did not come by: under an earlier flow that had it, and then nobody can
    /// tell whether it was the pivot or what undoes it; or the way to it ends earlier today, by another map or a `when:`. What
    /// came before a pivot is not undone, and what can be undone is not undone before what came after it.
    fn done_out_of_reach(&self) -> Option<Done<'_>> {
        let of_it = self.job.known.iter().filter(|known| known.way == Way::Do && *known.item != *ANSWER);
        of_it.filter(|known| !self.is_undone(known)).find_map(|known| {
            let effect = self.flow.numbered_effect(&known.node);
            let out_of_reach = effect.is_none_or(|(number, plan)| self.matters_to_undo(number, plan) && !self.came_by(number, &known.item));
            let done = || Done { node: &known.node, is_gone: effect.is_none() };
            (out_of_reach && was_done(known, effect.map(|(_, plan)| plan))).then(done)
        })
    }

    /// It is a pivot or has an undo, and is none of the steps that follow when all is undone.
    fn matters_to_undo(&self, number: usize, plan: &EffectPlan) -> bool {
        let is_it = |step: &Step| matches!(step.kind, StepKind::Call(effect) | StepKind::Send(effect) if effect == number);
        (plan.pivot || plan.undo.is_some()) && !matches!(&self.flow.if_dead, IfDead::Steps(steps) if any_step(steps, &is_it))
    }

    /// Behind a pivot it does not matter.
    fn came_by(&self, effect: usize, item: &Item) -> bool {
        self.pivoted.is_some() || self.past.iter().any(|past| past.effect == effect && past.item == *item)
    }

    fn is_undone(&self, done: &KnownEffect) -> bool {
        self.known(&done.node, &done.item, Way::Undo).is_some_and(|known| matches!(known.phase, Phase::Done(_)))
    }

    /// All that can be undone is undone: now `if_dead`. Behind a pivot nothing was undone: what stops there waits for a person,
    /// and goes on forward.
    fn bury(&mut self, stopped: Stopped, stays: bool) -> Advance {
        if self.pivoted.is_some() || stays {
            return Advance::Ends(Ending::Stopped(stopped));
        }
        let steps = match &self.flow.if_dead {
            IfDead::Letter => return Advance::Ends(Ending::Stopped(stopped)),
            IfDead::Discard => return Advance::Ends(Ending::SetAside(stopped)),
            IfDead::Steps(steps) => steps,
        };
        let Ok((body, names)) = self.begin() else { return Advance::Ends(Ending::Stopped(stopped)) };
        let failed = self.flow.effect_of(&stopped.node);
        let tries = self.job.known.iter().filter(|known| known.node == stopped.node && known.way == Way::Do).map(|known| known.tries);
        let tries = tries.max().unwrap_or(0);
        let names = names.error_at(&stopped.node, failed, &self.job.plan, (stopped.kind, &stopped.failure, tries), self.room);
        self.steps(steps, body, &names, &no_item());
        match self.stopped.take() {
            _ if !self.owed.is_empty() => self.owes(Then::Look),
            Some(again) => Advance::Ends(Ending::Stopped(Stopped { undone: stopped.undone, ..again })),
            // Whether it happened is for a person to find out, whatever was said about it.
            None if stopped.kind == StopKind::Uncertain && !stopped.undone => Advance::Ends(Ending::Stopped(stopped)),
            None => Advance::Ends(Ending::SetAside(stopped)),
        }
    }
}

fn not_undone(node: &str, stopped: &Stopped, why: &Failure) -> Stopped {
    let says = format!(
        "{node} stays done, since its undo could not be written ({}); {} had failed: {}",
        why.says, stopped.node, stopped.failure.says
    );
    Stopped { failure: Failure::new(&codes::NO_UNDO, says), undone: false, ..stopped.clone() }
}

/// What was done and is not come by.
#[derive(Clone, Copy)]
struct Done<'a> {
    node: &'a NodeName,
    /// The flow has no such step any more.
    is_gone: bool,
}

/// Whether it was done, or may have been.
fn was_done(known: &KnownEffect, plan: Option<&EffectPlan>) -> bool {
    match known.phase {
        Phase::Done(_) | Phase::Started { .. } | Phase::Uncertain(_) => true,
        // Nobody knew of it before it was replayed: what was refused or undone has another generation. What was tried since tells, but
        // of what may not be repeated, which a kill may have torn before.
        Phase::Owed { .. } => known.unheard || known.generation == 0 && (known.tries == 0 || plan.is_none_or(EffectPlan::is_noted_first)),
        Phase::Dead(_) | Phase::Unchanged | Phase::Superseded => false,
    }
}

fn not_undone_without(done: Done<'_>, stopped: &Stopped) -> Stopped {
    let why = if done.is_gone {
        "and the flow has no such step any more, so it is not known what comes first, and whether it was a pivot"
    } else {
        "and the flow does not come to it any more, so what came before it stays"
    };
    let says = format!("nothing was undone: `{}` was done, {why}; {} had failed: {}", done.node, stopped.node, stopped.failure.says);
    Stopped { failure: Failure::new(&codes::NO_UNDO, says), undone: false, ..stopped.clone() }
}

/// How a run ends whose effects are all settled well, or forgiven.
pub(crate) fn ending_of<'p>(phases: impl Iterator<Item = &'p Phase>) -> Ending {
    let (mut any, mut superseded, mut unchanged) = (false, false, false);
    for phase in phases {
        match phase {
            Phase::Superseded => superseded = true,
            Phase::Unchanged => unchanged = true,
            Phase::Done(_) | Phase::Owed { .. } | Phase::Started { .. } | Phase::Uncertain(_) | Phase::Dead(_) => any = true,
        }
    }
    match (any, superseded, unchanged) {
        (false, true, _) => Ending::Skipped(SkipReason::Superseded),
        (false, false, true) => Ending::Skipped(SkipReason::Unchanged),
        _ => Ending::Done,
    }
}
