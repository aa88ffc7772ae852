//! What each fact does to the state.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::fact::{
    EffectKey, EffectState, Ending, Fact, MessageFile, Moment, Moved, Phase, PlanId, Receipt, RunId, Seen, Settled, SourceRow, StopKind,
    Took, Way,
};

use super::state::{Effect, Place, Run, State};

impl State {
    /// Applies one; a receipt for a message.
    pub fn apply(&mut self, fact: &Fact) -> Option<Receipt> {
        match fact {
            Fact::Took(took) => return Some(self.took(took)),
            Fact::Moved(moved) => self.moved(moved),
            Fact::Started { effect, boot, generation } => self.started(effect, *boot, *generation),
            Fact::Bundled(bundled) => {
                self.exchange_last = self.exchange_last.max(bundled.id.0);
                self.bundles.insert(bundled.id.0, (bundled.queue.clone(), bundled.members.clone()));
            }
            Fact::Exchanged(exchanged) => {
                self.exchange_last = self.exchange_last.max(exchanged.id.0);
                self.bundles.remove(&exchanged.id.0);
            }
            Fact::Settled(settled) => self.settled(settled),
            Fact::Parked { run, parked } => self.place_open(*run, if *parked { Place::Parked } else { Place::Active }),
            Fact::Ended { run, ending, .. } => self.place_open(*run, place_of(ending)),
            Fact::Reopened { run, plan, at, .. } => self.reopened(*run, *plan, *at),
            Fact::Discarded { run, .. } => self.discarded(*run),
            Fact::Gated(gate) => {
                self.gates.insert(gate.system.clone(), gate.clone());
            }
            Fact::Sent { scope, key, print, .. } => {
                self.seen.insert((scope.clone(), key.clone()), Some(*print));
            }
        }
        None
    }

    fn took(&mut self, took: &Took) -> Receipt {
        if let Some(seen) = &took.seen
            && !self.is_new(seen)
        {
            return Receipt::Duplicate;
        }
        let run = RunId(self.runs.len() as i64 + 1);
        if let Some(key) = &took.key {
            self.last_about.insert((took.source.clone(), key.clone()), run);
        }
        self.runs.push(Run {
            root: took.root,
            flow: took.flow.clone(),
            plan: took.plan,
            message: Arc::new(message_of(took)),
            place: Place::Active,
            effects: BTreeMap::new(),
        });
        self.place(run, if took.fault.is_some() { Place::Stopped(StopKind::Dead) } else { Place::Active });
        Receipt::Taken(run)
    }

    fn is_new(&mut self, seen: &Seen) -> bool {
        let key = (seen.scope.clone(), seen.key.clone());
        match (self.seen.get(&key), &seen.print) {
            (Some(_), None) => return false,
            (Some(Some(last)), Some(print)) if last == print => return false,
            (Some(_) | None, _) => {}
        }
        self.seen.insert(key, seen.print);
        true
    }

    fn moved(&mut self, moved: &Moved) {
        let row = self.sources.entry(moved.source.clone()).or_insert_with(|| SourceRow {
            source: moved.source.clone(),
            cursor: None,
            due: moved.due,
        });
        row.due = moved.due;
        if let Some(cursor) = &moved.cursor {
            row.cursor = Some(cursor.clone());
        }
    }

    fn started(&mut self, key: &EffectKey, boot: u32, generation: u32) {
        let Some(run) = self.run_mut(key.run) else { return };
        let fresh = || Effect { state: fresh_state(), queue: None, lane: 0 };
        let effect = run.effects.entry((key.node.clone(), key.item.clone(), key.way)).or_insert_with(fresh);
        effect.state.phase = Phase::Started { boot };
        effect.state.generation = generation;
    }

    fn settled(&mut self, settled: &Settled) {
        let key = &settled.effect;
        let Some(run) = self.run_mut(key.run) else { return };
        let effect = Effect { state: settled.state.clone(), queue: Some(settled.queue.clone()), lane: settled.lane };
        run.effects.insert((key.node.clone(), key.item.clone(), key.way), effect);
    }

    // A run that is over stays as it ended: only a replay brings it back.
    fn place_open(&mut self, run: RunId, place: Place) {
        if self.run(run).is_some_and(Run::is_open) {
            self.place(run, place);
        }
    }

    fn discarded(&mut self, run: RunId) {
        if self.run(run).is_some_and(|row| matches!(row.place, Place::Stopped(_))) {
            self.place(run, Place::Discarded);
        }
    }

    fn reopened(&mut self, run: RunId, plan: PlanId, at: Moment) {
        match self.run_mut(run) {
            Some(row) if !row.is_open() => {
                row.plan = plan;
                row.owe_again(at);
                self.place(run, Place::Active);
            }
            Some(_) | None => {}
        }
    }
}

impl Run {
    // What is dead or was undone is owed in its next generation, what is uncertain in the same; undos go.
    fn owe_again(&mut self, at: Moment) {
        let undone: Vec<_> =
            self.effects.iter().filter(|((_, _, way), effect)| *way == Way::Undo && may_have_happened(&effect.state.phase)).collect();
        let undone: Vec<_> = undone.into_iter().map(|((node, item, _), _)| (node.clone(), item.clone())).collect();
        self.effects.retain(|(_, _, way), _| *way == Way::Do);
        for ((node, item, _), effect) in &mut self.effects {
            let was_undone = undone.iter().any(|(one, other)| one == node && other == item);
            let state = &effect.state;
            if was_undone || matches!(state.phase, Phase::Dead(_)) {
                effect.state = EffectState { phase: Phase::Owed { due: at }, generation: state.generation + 1, ..fresh_state() };
            } else if matches!(state.phase, Phase::Uncertain(_)) {
                effect.state = EffectState { phase: Phase::Owed { due: at }, tries: 0, first: None, ..state.clone() };
            }
        }
    }
}

fn may_have_happened(phase: &Phase) -> bool {
    match phase {
        Phase::Started { .. } | Phase::Done(_) | Phase::Uncertain(_) => true,
        Phase::Owed { .. } | Phase::Unchanged | Phase::Superseded | Phase::Dead(_) => false,
    }
}

fn fresh_state() -> EffectState {
    EffectState { phase: Phase::Unchanged, generation: 0, tries: 0, first: None, glued: None, sent: None }
}

fn place_of(ending: &Ending) -> Place {
    match ending {
        Ending::Done | Ending::Skipped(_) => Place::Finished,
        Ending::Stopped(stopped) => Place::Stopped(stopped.kind),
    }
}

fn message_of(took: &Took) -> MessageFile {
    MessageFile {
        id: took.message,
        source: took.source.clone(),
        correlation: took.correlation.clone(),
        received: took.at,
        key: took.key.clone(),
        version: took.version.clone(),
        body: took.body.clone(),
    }
}
