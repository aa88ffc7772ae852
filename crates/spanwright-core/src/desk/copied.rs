//! A journal that is a copy: what the other one did since is not known here.
//!
//! What may be repeated goes again under its old key, and counts as asked and unheard. What may not is not asked at all before
//! somebody knows: it is as uncertain as what a life had begun that was cut off, so that the question after an unknown outcome is
//! put where there is one, and a person is told where there is none.
//!
//! What always holds: that goes for messages that the journal had when it was copied. What was tried since the first life on the copy
//! began is known as ever; a step of such a message that it never came to may have been asked there, also where a person brings the
//! message back much later.

use super::{
    Desk,
    hand::{beginning, is_noted},
    run_hand::{EffectHand, Place},
};
use crate::{
    codes,
    fact::{Attempt, CutOff, EffectKey, Fact, Moment, OutcomeKind, Phase, RunId, Way},
    interface::Repeat,
    run::Owed,
};
use spanwright_shape::text::Failure;

/// Whether it may have been asked where the other one went on: of a run that was copied, what has no row, or was due by then.
pub(super) fn is_elsewhere(copied: Option<CutOff>, run: RunId, row: Option<Moment>) -> bool {
    copied.is_some_and(|copied| run <= copied.upto && !run.passes() && row.is_none_or(|due| due <= copied.at))
}

impl Desk {
    /// Whether it must not be asked a second time, and may have been asked there.
    pub(super) fn may_be_done_elsewhere(&self, run: RunId, owed: &Owed) -> bool {
        let Some(hand) = self.runs.get(&run).filter(|_| self.elsewhere.is_some() && owed.way == Way::Do) else { return false };
        let plan = hand.plan_of(owed.effect, owed.way);
        let row = match hand.effect(&owed.node, &owed.item, owed.way) {
            None => None,
            Some(effect) => match effect.state.phase {
                Phase::Owed { due } if effect.place == Place::Known => effect.row.then_some(due),
                _ => return false,
            },
        };
        is_noted(plan) && is_elsewhere(self.elsewhere, run, row) && !(plan.repeat == Repeat::Keyed && self.goes_as_it_went(run, owed))
    }

    /// The same bundle goes under the same key.
    fn goes_as_it_went(&self, run: RunId, owed: &Owed) -> bool {
        let key = EffectKey { run, node: owed.node.clone(), item: owed.item.clone(), way: owed.way };
        self.lined_up(run, owed).is_some_and(|(outlet, _)| self.queues[self.outlets[outlet].queue].bundle_of(&key).is_some())
    }

    /// Nobody knows whether it happened.
    pub(super) fn doubt(&mut self, run: RunId, owed: Owed, now: Moment, facts: &mut Vec<Fact>) {
        let Some((outlet, lane)) = self.lined_up(run, &owed) else { return };
        let Some(hand) = self.runs.get_mut(&run) else { return };
        let (generation, due) = beginning(hand, &owed, now);
        let at = hand.position(&owed.node, &owed.item, owed.way).unwrap_or_else(|at| {
            hand.effects.insert(at, EffectHand::fresh(&owed, generation, due));
            at
        });
        let effect = &mut hand.effects[at];
        let held = effect.held_bytes();
        let says = Failure::new(&codes::TORN, "this journal is a copy, and where the other one went on it may have happened");
        (effect.effect, effect.outlet, effect.lane, effect.input) = (owed.effect, outlet, lane, Some(owed.input));
        effect.state.tries += 1;
        effect.state.phase = Phase::Uncertain(says.clone());
        effect.place = Place::Settling;
        let (key, n, holds) = (effect.key(run), effect.state.tries, effect.held_bytes());
        self.holds(run, held, holds);
        let attempt = Attempt { n, exchange: None, outcome: OutcomeKind::Unknown, says: Some(says) };
        self.settle_fact(&key, Some(attempt), now, facts);
    }
}
