//! What each fact does to the state.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_core::alert::AlertRow;
use spanwright_core::fact::{
    ANSWER, Breaker, EffectKey, EffectState, Ending, Fact, Forget, MessageFile, Moment, Moved, Phase, PlanId, Print, Receipt, Reopening,
    Resent, RunId, STATES_LOOKED_AT_MOST, Seen, Settled, SourceRow, StopKind, StoredEffect, Took, begins_way_back, is_other_state,
    owed_again, that_stay,
};

use super::{
    answer::glues_given_up,
    state::{Effect, Place, Run, SeenRow, State},
};

impl State {
    /// Applies what is committed together; a receipt for each message.
    pub fn apply_all(&mut self, facts: &[Fact]) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        for (at, fact) in facts.iter().enumerate() {
            if matches!(fact, Fact::Reopened { .. }) && (at == 0 || !matches!(facts[at - 1], Fact::Reopened { .. })) {
                self.stay = that_stay(&self.reopenings(&facts[at..]));
            }
            receipts.extend(self.apply(fact));
        }
        receipts
    }

    /// Those that come one after the other.
    fn reopenings(&self, facts: &[Fact]) -> Vec<Reopening> {
        let reopening = |fact: &Fact| match fact {
            Fact::Reopened { run, over_newer, apart, .. } => {
                let row = self.run(*run);
                let stays = !row.is_some_and(Run::is_stopped) || !*over_newer && self.overtaken(*run);
                let glues = row.map(glues_given_up).unwrap_or_default();
                Some(Reopening { run: *run, apart: *apart, stays, glues: glues.into_iter().map(|glue| glue.0).collect() })
            }
            _ => None,
        };
        facts.iter().map_while(reopening).collect()
    }

    /// Applies one; a receipt for a message.
    fn apply(&mut self, fact: &Fact) -> Option<Receipt> {
        match fact {
            Fact::Took(took) => return Some(self.took(took)),
            Fact::Resent(resent) => return Some(self.resent(resent)),
            Fact::Moved(moved) => self.moved(moved),
            Fact::Started { effect, boot, generation, of_item } => self.started(effect, *boot, (*generation, *of_item)),
            Fact::Bundled(bundled) => {
                self.exchange_last = self.exchange_last.max(bundled.id.0);
                self.bundles.insert(bundled.id.0, (bundled.queue.clone(), bundled.members.clone()));
                self.exchanges.remove(&bundled.id.0);
            }
            Fact::Exchanged(exchanged) => {
                self.exchange_last = self.exchange_last.max(exchanged.id.0);
                self.bundles.remove(&exchanged.id.0);
                self.exchanges.insert(exchanged.id.0, (exchanged.at, exchanged.calls));
            }
            Fact::Settled(settled) => self.settled(settled),
            Fact::Parked { run, parked } => self.place_open(*run, if *parked { Place::Parked } else { Place::Active }),
            Fact::Ended { run, ending, at } => self.ended(*run, ending, *at),
            Fact::Reopened { run, plan, at, over_newer, apart, .. } => self.reopened(*run, *plan, *at, (*over_newer, *apart)),
            Fact::Discarded { run, at, .. } => self.discarded(*run, *at),
            Fact::Acknowledged { run, .. } => self.acknowledged(*run),
            Fact::Undone { undo, .. } => self.undone_by_hand(undo),
            Fact::Alerted(row) => self.alerted(row),
            Fact::Chore(chore) => {
                self.chores.insert(chore.id, (**chore).clone());
            }
            Fact::Forgot { run, what } => self.forgot(*run, *what),
            Fact::SetBack { by } => self.set_back(*by),
            Fact::Adopted { flow, plan, after } => self.adopted(flow, *plan, *after),
            Fact::Rested { boot } => self.rested = *boot,
            Fact::CutOff(cut_off) => self.cut_off = Some(*cut_off),
            Fact::Gated(gate) => {
                self.gates.insert(gate.system.clone(), gate.clone());
            }
            Fact::Sent { scope, key, print, until } => {
                let row = self.seen.entry((scope.clone(), key.clone())).or_insert(SeenRow { print: None, run: RunId(0), until: *until });
                (row.print, row.until) = (Some(*print), *until);
            }
        }
        None
    }

    fn took(&mut self, took: &Took) -> Receipt {
        let run = RunId(self.runs.len() as i64 + 1);
        if took.about.is_some_and(|about| self.by_id(about).is_none()) {
            return Receipt::Duplicate;
        }
        if let Some(seen) = &took.seen {
            if self.is_earlier_state(took, seen) {
                return Receipt::Duplicate;
            }
            if let Err(receipt) = self.is_new(seen, run) {
                return receipt;
            }
        }
        self.runs.push(Run {
            root: took.root,
            flow: took.flow.clone(),
            plan: took.plan,
            message: Arc::new(message_of(took)),
            place: Place::Active,
            changed: took.at,
            acknowledged: false,
            stopped: took.fault.as_ref().map(|fault| ("source".into(), fault.code)),
            effects: BTreeMap::new(),
        });
        self.place(run, if took.fault.is_some() { Place::Stopped(StopKind::Dead) } else { Place::Active });
        Receipt::Taken(run)
    }

    /// Whether the last state of its record is another one by its version, and this one was taken before.
    fn is_earlier_state(&self, took: &Took, seen: &Seen) -> bool {
        let (Some(print), Some(_), Some(version)) = (&seen.print, &took.key, &took.version) else { return false };
        let mark = self.seen.get(&(seen.scope.clone(), seen.key.clone()));
        let last = mark.filter(|row| row.print.is_some_and(|last| last != *print)).and_then(|row| self.run(row.run));
        let is_another = |last: &Run| last.message.version.as_ref().is_some_and(|last| is_other_state(last, version));
        let is_this = |message: &MessageFile| {
            let is_version = message.source == took.source && message.version == took.version;
            is_version && message.body == took.body
        };
        let states = || self.all().map(|(_, row)| &row.message).filter(|message| message.key == took.key);
        last.is_some_and(is_another) && states().rev().take(STATES_LOOKED_AT_MOST).any(|message| is_this(message))
    }

    fn is_new(&mut self, seen: &Seen, run: RunId) -> Result<(), Receipt> {
        let key = (seen.scope.clone(), seen.key.clone());
        let known = match (self.seen.get(&key), &seen.print) {
            (Some(row), None) => Some(self.known(row, seen)),
            (Some(SeenRow { print: Some(last), .. }), Some(print)) if last == print => Some(Receipt::Duplicate),
            (Some(_) | None, _) => None,
        };
        if let (Some(receipt), Some(row)) = (known, self.seen.get_mut(&key)) {
            if row.until <= seen.renews_upto() {
                row.until = seen.until;
            }
            return Err(receipt);
        }
        self.seen.insert(key, SeenRow { print: seen.print.or(seen.held), run, until: seen.until });
        Ok(())
    }

    fn known(&self, row: &SeenRow, seen: &Seen) -> Receipt {
        match seen.held {
            Some(held) if self.run(row.run).is_some() || row.print.is_some_and(|before| before != held) => {
                Receipt::Known { run: row.run, same: row.print == Some(held) }
            }
            Some(_) | None => Receipt::Duplicate,
        }
    }

    fn moved(&mut self, moved: &Moved) {
        let row = self.sources.entry(moved.source.clone()).or_insert_with(|| SourceRow {
            source: moved.source.clone(),
            cursor: None,
            due: moved.due,
        });
        self.moved.insert(moved.source.clone(), moved.at);
        row.due = moved.due;
        if let Some(cursor) = &moved.cursor {
            row.cursor = Some(cursor.clone());
        }
    }

    fn started(&mut self, key: &EffectKey, boot: u32, (generation, of_item): (u32, Option<Print>)) {
        let Some(run) = self.run_mut(key.run) else { return };
        let fresh = || Effect { state: fresh_state(), queue: None, lane: 0 };
        let effect = run.effects.entry((key.node.clone(), key.item.clone(), key.way)).or_insert_with(fresh);
        effect.state.phase = Phase::Started { boot };
        (effect.state.generation, effect.state.of_item) = (generation, of_item);
    }

    fn settled(&mut self, settled: &Settled) {
        let key = &settled.effect;
        let Some(run) = self.run_mut(key.run) else { return };
        let effect = Effect { state: settled.state.clone(), queue: Some(settled.queue.clone()), lane: settled.lane };
        run.effects.insert((key.node.clone(), key.item.clone(), key.way), effect);
        if matches!(settled.state.phase, Phase::Done(_)) {
            self.undone.remove(key);
        }
    }

    // A run that is over stays as it ended: only a replay brings it back.
    fn place_open(&mut self, run: RunId, place: Place) {
        if self.run(run).is_some_and(Run::is_open) {
            self.place(run, place);
        }
    }

    fn ended(&mut self, run: RunId, ending: &Ending, at: Moment) {
        if let Some(row) = self.run_mut(run).filter(|row| row.is_open()) {
            row.changed = at;
            row.stopped = match ending {
                Ending::Done | Ending::Skipped(_) => None,
                Ending::Stopped(stopped) | Ending::SetAside(stopped) => Some((stopped.node.clone(), stopped.failure.code)),
            };
            self.place(run, place_of(ending));
        }
    }

    fn discarded(&mut self, run: RunId, at: Moment) {
        if let Some(row) = self.run_mut(run).filter(|row| row.is_stopped()) {
            row.changed = at;
            self.place(run, Place::Discarded);
        }
    }

    fn acknowledged(&mut self, run: RunId) {
        if let Some(row) = self.run_mut(run).filter(|row| row.is_stopped()) {
            row.acknowledged = true;
        }
    }

    fn alerted(&mut self, row: &AlertRow) {
        let key = (row.channel.clone(), row.cause.clone());
        match row.told {
            Some(_) => drop(self.alerts.insert(key, row.clone())),
            None => drop(self.alerts.remove(&key)),
        }
    }

    fn reopened(&mut self, run: RunId, plan: PlanId, at: Moment, (over_newer, apart): (bool, bool)) {
        let may = !self.stay.contains(&run) && (over_newer || !self.overtaken(run));
        match self.run_mut(run) {
            Some(row) if may && row.is_stopped() => {
                (row.plan, row.changed, row.stopped, row.acknowledged) = (plan, at, None, false);
                row.owe_again(run, at, apart);
                self.place(run, Place::Active);
                self.undone.retain(|undo| undo.run != run);
            }
            Some(_) | None => {}
        }
    }

    fn undone_by_hand(&mut self, undo: &EffectKey) {
        if self.waits_for_word(undo) {
            self.undone.insert(undo.clone());
        }
    }

    /// Of what is over, of what was undone meanwhile, and of what is not on its way back the word comes too late: a replay has another
    /// undo.
    pub fn waits_for_word(&self, undo: &EffectKey) -> bool {
        let Some(row) = self.run(undo.run).filter(|row| matches!(row.place, Place::Active | Place::Parked)) else { return false };
        let known = row.effects.get(&(undo.node.clone(), undo.item.clone(), undo.way));
        let mut all = row.effects.iter();
        let is_on_its_way_back = all.any(|((.., way), known)| begins_way_back(*way, &known.state.phase));
        is_on_its_way_back && !known.is_some_and(|known| matches!(known.state.phase, Phase::Done(_)))
    }

    fn resent(&mut self, resent: &Resent) -> Receipt {
        let is_stopped = self.run(resent.of).is_some_and(Run::is_stopped);
        let is_late = resent.instead && !is_stopped || !resent.over_newer && self.overtaken(resent.of);
        if is_late && self.by_id(resent.took.message).is_none() {
            return Receipt::Late;
        }
        let receipt = self.took(&resent.took);
        if let Receipt::Taken(new) = receipt
            && self.run(resent.of).is_some()
        {
            self.made_of_others.insert(new);
        }
        if resent.instead && matches!(receipt, Receipt::Taken(_)) {
            self.discarded(resent.of, resent.took.at);
        }
        receipt
    }

    fn forgot(&mut self, run: RunId, what: Forget) {
        let is_wanted = self.overtakes_a_dead_letter(run) || self.bounds_a_round(run);
        let Some(row) = self.run_mut(run).filter(|row| matches!(row.place, Place::Done | Place::Skipped | Place::Discarded)) else {
            return;
        };
        match what {
            Forget::All if is_wanted => {}
            Forget::All => {
                row.effects.clear();
                self.place(run, Place::Forgotten);
            }
            Forget::Bodies => {
                row.message = Arc::new(MessageFile { body: Arc::from([]), ..(*row.message).clone() });
                let results = row.effects.iter_mut().filter(|((_, item, _), _)| &**item != ANSWER);
                results.for_each(|(_, effect)| effect.forget_answer());
            }
        }
    }

    fn adopted(&mut self, flow: &str, plan: PlanId, after: RunId) {
        let behind = usize::try_from(after.0).unwrap_or(0);
        for row in self.runs.iter_mut().skip(behind) {
            if row.place == Place::Active && *row.flow == *flow && row.effects.is_empty() {
                row.plan = plan;
            }
        }
    }

    fn set_back(&mut self, by: Duration) {
        let earlier = |moment: &mut Moment| moment.0 -= i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.set_back = self.runs.len();
        self.runs.iter_mut().flat_map(|row| row.effects.values_mut()).for_each(|effect| {
            if let Phase::Owed { due } = &mut effect.state.phase {
                earlier(due);
            }
        });
        self.sources.values_mut().for_each(|source| earlier(&mut source.due));
        self.moved.values_mut().for_each(earlier);
        self.cut_off.iter_mut().for_each(|cut_off| earlier(&mut cut_off.at));
        for alert in self.alerts.values_mut() {
            earlier(&mut alert.since);
            alert.told.as_mut().into_iter().for_each(earlier);
        }
        for gate in self.gates.values_mut() {
            earlier(&mut gate.since);
            if let Some(hold) = &mut gate.hold {
                earlier(&mut hold.since);
                hold.until.iter_mut().for_each(earlier);
            }
            gate.paused_until.as_mut().into_iter().for_each(earlier);
            gate.spent.iter_mut().for_each(|spent| earlier(&mut spent.until));
            if let Breaker::Open { until } = &mut gate.breaker {
                earlier(until);
            }
        }
    }
}

impl Run {
    fn owe_again(&mut self, run: RunId, at: Moment, apart: bool) {
        let (mut stored, mut kept) = (Vec::new(), BTreeMap::new());
        for ((node, item, way), effect) in std::mem::take(&mut self.effects) {
            let key = EffectKey { run, node, item, way };
            kept.insert(key.clone(), (effect.queue, effect.lane));
            stored.push(StoredEffect { effect: key, state: effect.state });
        }
        for StoredEffect { effect: key, state } in owed_again(stored, at, apart) {
            let (queue, lane) = kept.remove(&key).unwrap_or_default();
            self.effects.insert((key.node, key.item, key.way), Effect { state, queue, lane });
        }
    }
}

fn fresh_state() -> EffectState {
    EffectState::new(Phase::Unchanged)
}

fn place_of(ending: &Ending) -> Place {
    match ending {
        Ending::Done => Place::Done,
        Ending::Skipped(_) => Place::Skipped,
        Ending::Stopped(stopped) => Place::Stopped(stopped.kind),
        Ending::SetAside(_) => Place::Discarded,
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
        beside: took.beside.clone(),
    }
}
