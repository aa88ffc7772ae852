//! People in the loop: systems and flows that are held, and flows that hold themselves before they fill the dead letters.
//!
//! A system that is held is a closed gate. A flow that is held pulls nothing, begins no walk and lets nothing go; what
//! is brought to its doors is kept and waits. What was asked ends; what is only being noted when the word comes is not asked.
//! Both are rows of the journal, so that a restart does not forget a person's word.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::{self, Failure};

use super::{Command, Desk, Happening, Wake, outlet::Outlet};
use crate::{
    deliver::{GateChange, HoldReason},
    fact::{EffectKey, Ending, Fact, GateRow, Hold, Moment, Way},
};

/// An undo that was tried so often is stuck: a person hears of it, and it is tried on.
pub const STUCK_TRIES: u32 = 8;

impl Desk {
    pub(super) fn hold(&mut self, what: &Arc<str>, hold: Hold, out: &mut Vec<Command>) {
        if let Some(&gate) = self.gate_of.get(what) {
            let change = self.gates[gate].hold(hold);
            return self.gate_changed(gate, Some(change), out);
        }
        match self.flow_called(what) {
            Some(account) => self.flow_is_held_by(account, hold, out),
            None => self.stranger_changes(what, hold.since, |row| row.held_by(hold), out),
        }
    }

    /// What no plan here has: the next start may.
    fn stranger_changes(&mut self, what: &Arc<str>, since: Moment, change: impl FnOnce(&mut GateRow), out: &mut Vec<Command>) {
        let row = self.strangers.entry(what.clone()).or_insert_with(|| GateRow::closed(what.clone(), since));
        change(row);
        let row = row.clone();
        self.commit(vec![Fact::Gated(row)], out);
    }

    fn flow_is_held_by(&mut self, account: usize, hold: Hold, out: &mut Vec<Command>) {
        let flow = &mut self.flows[account];
        flow.left_alone.note_over(flow.hold.as_ref(), hold.since);
        let hold = hold.behind(flow.hold.as_ref());
        flow.hold = Some(hold.clone());
        self.flow_changed(account, GateChange::Held(hold), out);
    }

    pub(super) fn resume(&mut self, what: &Arc<str>, by: Arc<str>, now: Moment, out: &mut Vec<Command>) {
        if let Some(&gate) = self.gate_of.get(what) {
            let change = self.gates[gate].resume(by, now);
            return self.gate_changed(gate, change, out);
        }
        let Some(account) = self.flow_called(what) else {
            return self.stranger_changes(what, now, |row| row.resumed(now), out);
        };
        if let Some(hold) = self.flows[account].hold.as_mut().filter(|hold| hold.holds(now)) {
            hold.let_go(now);
            self.flows[account].deaths.clear();
            self.flow_changed(account, GateChange::Resumed(by), out);
        }
    }

    fn flow_called(&self, row: &str) -> Option<usize> {
        self.flow_of.get(row.strip_prefix("flow:")?).copied()
    }

    fn flow_changed(&mut self, account: usize, change: GateChange, out: &mut Vec<Command>) {
        let flow = &self.flows[account];
        let system = GateRow::of_flow(&flow.name);
        let since = flow.hold.as_ref().map_or(Moment::default(), |hold| hold.since);
        let row = GateRow { hold: flow.hold.clone(), ..GateRow::closed(system.clone(), since) };
        self.commit(vec![Fact::Gated(row)], out);
        out.push(Command::Note(Happening::Gate { system, change }));
        self.alarm.gates_changed();
    }

    /// Whether a flow is held; where that has an end, it is named.
    pub(super) fn flow_holds(&self, account: usize, now: Moment, wake: &mut Wake) -> bool {
        let Some(hold) = self.flows[account].hold.as_ref().filter(|hold| hold.holds(now)) else { return false };
        hold.until.into_iter().for_each(|until| wake.no_later_than(until));
        true
    }

    /// For how long what waits at an outlet was left alone since then.
    pub(super) fn left_alone(&self, outlet: usize, since: Moment, now: Moment) -> Duration {
        let Outlet { queue, gate, .. } = self.outlets[outlet];
        let flow = &self.flows[self.queues[queue].account];
        self.gates[gate].left_alone(since, now).max(flow.left_alone.since(since, flow.hold.as_ref(), None, now))
    }

    pub(super) fn flow_is_held(&self, account: usize, now: Moment) -> bool {
        self.flows[account].hold.as_ref().is_some_and(|hold| hold.holds(now))
    }

    /// Whether a flow's source may pull: not while the flow is held, and not while each system that it sends to is. What
    /// is pulled then would only wait here instead of there.
    pub(super) fn pulls(&self, account: usize, now: Moment, wake: &mut Wake) -> bool {
        let flow = &self.flows[account];
        if self.flow_holds(account, now, wake) {
            return false;
        }
        let all_held = !flow.sends_to.is_empty() && flow.sends_to.iter().all(|gate| self.gates[*gate].shut(now).is_some());
        if all_held {
            let first = flow.sends_to.iter().filter_map(|gate| self.gates[*gate].lets_go(now)).min();
            first.into_iter().for_each(|first| wake.no_later_than(first));
        }
        !all_held
    }

    pub(super) fn held_flows(&self, now: Moment) -> impl Iterator<Item = (Arc<str>, HoldReason)> {
        self.flows.iter().filter_map(move |flow| {
            let hold = flow.hold.as_ref().filter(|hold| hold.holds(now))?;
            Some((GateRow::of_flow(&flow.name), HoldReason::Held(hold.clone())))
        })
    }

    /// Dead letters of earlier lives, since somebody let the flow go the last time.
    pub(super) fn restore_deaths(&mut self, deaths: Vec<(Arc<str>, Vec<Moment>)>, now: Moment) {
        for (flow, deaths) in deaths {
            let Some(flow) = self.flow_of.get(&flow).map(|account| &mut self.flows[*account]) else { continue };
            let let_go = flow.hold.as_ref().and_then(|hold| hold.until);
            let counts = |at: &Moment| *at <= now && let_go.is_none_or(|let_go| *at > let_go);
            flow.deaths.extend(deaths.into_iter().filter(counts));
        }
    }

    /// Counts the dead letters of a flow; too many in a while, and it holds itself.
    pub(super) fn count_deaths(&mut self, facts: &[Fact], out: &mut Vec<Command>) {
        for fact in facts {
            if let Fact::Ended { run, ending: Ending::Stopped(stopped), at } = fact
                && let Some(account) = self.runs.get(run).map(|hand| hand.account)
            {
                self.count_death(account, &stopped.failure, *at, out);
            }
        }
    }

    pub(super) fn count_death(&mut self, account: usize, why: &Failure, now: Moment, out: &mut Vec<Command>) {
        let flow = &mut self.flows[account];
        let Some(rule) = flow.pause_after else { return };
        flow.deaths.push_back(now);
        while flow.deaths.front().is_some_and(|first| now.since(*first) > rule.within) {
            flow.deaths.pop_front();
        }
        if flow.deaths.len() < rule.dead as usize || flow.hold.as_ref().is_some_and(|hold| hold.holds(now)) {
            return;
        }
        flow.deaths.clear();
        let because = format!("{} dead letters within {}; the last: {} {}", rule.dead, text::time(rule.within), why.code.id, why.says);
        let hold = Hold { since: now, until: None, by: Hold::ENGINE.into(), because: because.into() };
        self.flow_is_held_by(account, hold, out);
    }

    /// An undo that does not get through is told once, and tried on.
    pub(super) fn note_stuck(&mut self, key: &EffectKey, tries: u32, why: Option<&Failure>, out: &mut Vec<Command>) {
        if key.way != Way::Undo || tries != STUCK_TRIES {
            return;
        }
        self.alarm.counts_changed();
        if let (Some(run), Some(why)) = (self.runs.get(&key.run), why) {
            out.push(Command::Note(Happening::Stuck {
                message: run.message.id,
                correlation: run.message.correlation.clone(),
                flow: self.flows[run.account].name.clone(),
                node: key.node.clone(),
                tries,
                why: why.clone(),
            }));
        }
    }
}
