//! What a person undid by hand: the undo is asked for no more, and the way back goes on.
//!
//! An undo is tried without end. Where the other system refuses it for good, somebody does it there, and says so. The word is
//! heeded where the run is in hand and its undo is on no way; a run that waits in the journal is fetched for it.

use std::sync::Arc;

use super::{
    Command, Desk,
    run_hand::{EffectHand, Place},
};
use crate::fact::{EffectKey, Fact, Moment, Phase, RunId, Way};

/// Whose word it is, and how it was done.
pub(super) type Word = (Arc<str>, Arc<str>);

impl Desk {
    pub(super) fn undone_by_hand(&mut self, undo: EffectKey, word: Word, now: Moment, out: &mut Vec<Command>) {
        let run = undo.run;
        self.by_hand.insert(undo, word);
        match self.runs.contains_key(&run) {
            true => self.heed_now(run, now, out),
            false => self.fetch_for_word(run),
        }
    }

    /// A run that waits in the journal is fetched where somebody undid one of its steps.
    pub(super) fn fetch_for_word(&mut self, run: RunId) {
        if !self.runs.contains_key(&run) && self.by_hand.keys().any(|undo| undo.run == run) {
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

    /// What goes with others under one key is not taken out of its bundle.
    pub(super) fn heed(&mut self, run: RunId, now: Moment, facts: &mut Vec<Fact>) {
        let words: Vec<EffectKey> = self.by_hand.keys().filter(|undo| undo.run == run).cloned().collect();
        for undo in words.into_iter().filter(|undo| undo.way == Way::Undo) {
            let waits = |effect: &EffectHand| matches!(effect.place, Place::Lined | Place::Ready | Place::Later);
            if self.effect(&undo).is_some_and(|effect| effect.state.glued.is_some()) {
                self.by_hand.remove(&undo);
            }
            let word = self.by_hand.get(&undo).cloned();
            let Some((effect, (by, words))) = self.effect_mut(&undo).filter(|effect| waits(effect)).zip(word) else { continue };
            let (was_ready, queue, bytes) = (effect.place == Place::Ready, effect.queue, effect.bytes());
            (effect.place, effect.state.phase) = (Place::Settling, Phase::Done(None));
            if was_ready {
                self.queues[queue].no_longer_ready(bytes);
            }
            self.by_hand.remove(&undo);
            facts.push(Fact::Undone { undo: undo.clone(), at: now, by, words });
            self.settle_fact(&undo, None, now, facts);
        }
    }

    /// It is over: nothing of it is undone any more.
    pub(super) fn forget_words(&mut self, run: RunId) {
        self.by_hand.retain(|undo, _| undo.run != run);
    }
}
