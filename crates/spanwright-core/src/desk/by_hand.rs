//! What a person undid by hand: the undo is asked for no more, and the way back goes on.
//!
//! An undo is tried without end. Where the other system refuses it for good, somebody does it there, and says so. The word is in
//! the journal first, so that no later life sends the undo after all. It is heeded where the run is in hand and its undo is on no
//! way; a run that waits in the journal is fetched for it.

use super::{
    Command, Desk,
    run_hand::{EffectHand, Place, RunHand},
};
use crate::fact::{EffectKey, Fact, Moment, Phase, RunId, Way};

impl Desk {
    pub(super) fn undone_by_hand(&mut self, word: Fact, undo: EffectKey, now: Moment, out: &mut Vec<Command>) {
        let run = undo.run;
        self.commit(vec![word], out);
        if self.runs.get(&run).is_none_or(RunHand::is_on_its_way_back) {
            self.by_hand.insert(undo);
        }
        self.heed_now(run, now, out);
        self.fetch_for_word(run);
    }

    /// What an earlier life had in the journal.
    pub(super) fn restore_words(&mut self, undone: &[EffectKey]) {
        self.wanted.extend(undone.iter().map(|undo| undo.run));
        self.by_hand.extend(undone.iter().cloned());
    }

    /// A run that waits in the journal is fetched where somebody undid one of its steps.
    pub(super) fn fetch_for_word(&mut self, run: RunId) {
        if !self.runs.contains_key(&run) && self.by_hand.iter().any(|undo| undo.run == run) {
            self.wanted.insert(run);
        }
    }

    /// Where the run is walking or leaves, its word is heeded later.
    pub(super) fn heed_now(&mut self, run: RunId, now: Moment, out: &mut Vec<Command>) {
        let is_free = |run| self.runs.get(run).is_some_and(|hand| !hand.walking && !hand.leaving && !hand.over && hand.following.is_none());
        if self.by_hand.is_empty() || !is_free(&run) {
            return;
        }
        let mut facts = Vec::new();
        self.heed(run, now, &mut facts);
        if !facts.is_empty() {
            self.conclude(run, now, &mut facts);
            self.note_ended(&facts, out);
            self.commit(facts, out);
        }
    }

    /// Of the words about this run those whose undo is on no way.
    pub(super) fn heed(&mut self, run: RunId, now: Moment, facts: &mut Vec<Fact>) {
        let words: Vec<EffectKey> = self.by_hand.iter().filter(|undo| undo.run == run && undo.way == Way::Undo).cloned().collect();
        for undo in words {
            let waits = |effect: &EffectHand| match effect.place {
                Place::Lined | Place::Ready | Place::Later => true,
                Place::Known => matches!(effect.state.phase, Phase::Uncertain(_)),
                Place::Flying | Place::Settling => false,
            };
            let Some(effect) = self.effect_mut(&undo).filter(|effect| waits(effect)) else { continue };
            effect.state.phase = Phase::Done(None);
            self.by_hand.remove(&undo);
            self.alarm.counts_changed();
            self.withdraw(&undo, now, facts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::{Event, Order, stage::Stage},
        fact::no_item,
    };

    /// It came too late, or was told once more after a crash: the message is over, and a replay of it has another undo.
    #[test]
    fn a_word_is_of_no_later_undo() {
        let mut stage = Stage::new();
        let undo = EffectKey { run: RunId(3), node: "first".into(), item: no_item(), way: Way::Undo };
        stage.on(Event::Told(Order::Undone { undo: undo.clone(), by: "ann".into(), words: "in the console".into() }));
        stage.keeps();
        assert!(stage.desk.by_hand.contains(&undo));
        stage.desk.reopened(RunId(3));
        assert!(stage.desk.by_hand.is_empty());
    }
}
