//! Flows in order: whose turn it is. The lines themselves are [`crate::deliver::Lines`].

use std::{collections::BTreeSet, sync::Arc};

use super::{Command, Desk, Happening};
use crate::{
    fact::{InLine, PlanId, RunId},
    plan::Plan,
};

/// The flows of which the journal is asked who stands in line: those that are in order today, and those that were under an older plan
/// with open messages. What waits there goes on as it began, also where today's project has no such flow, or its order no more.
pub fn flows_in_order(today: &Plan, older: &[(PlanId, Arc<Plan>)]) -> BTreeSet<Arc<str>> {
    let plans = std::iter::once(today).chain(older.iter().map(|(_, plan)| &**plan));
    plans.flat_map(|plan| &plan.flows).filter(|flow| flow.in_order.is_some()).map(|flow| flow.name.clone()).collect()
}

impl Desk {
    /// Takes up what an earlier life left standing in line.
    pub(super) fn restore_lines(&mut self, left: &[(Arc<str>, Vec<InLine>)]) {
        for (flow, rows) in left {
            let Some(lines) = self.flow_of.get(flow).and_then(|account| self.flows[*account].lines.as_mut()) else { continue };
            // Dead letters first: what is parked behind one of them waits.
            rows.iter().filter(|row| row.dead).for_each(|row| lines.is_dead(row.run, row.key.as_deref()));
            for row in rows.iter().filter(|row| !row.dead) {
                lines.may_go(row.run, row.key.as_deref());
            }
        }
    }

    /// A person's word that a run is set aside is on disk, and the journal heeds it of a dead letter alone: of one that was opened again
    /// meanwhile the line is its own. Whether that was, says what is fetched of it.
    pub(super) fn set_aside(&mut self, run: RunId) {
        if let Some(set_aside) = self.reopened.get_mut(&run) {
            *set_aside = true;
            return;
        }
        let lines = self.flows.iter_mut().filter_map(|flow| flow.lines.as_mut());
        self.wanted.extend(lines.filter_map(|lines| lines.set_aside(run)));
    }

    /// It was to go again, and the journal has it as over still: it was seen to meanwhile, or does not go without others.
    pub(super) fn stays_over(&mut self, run: RunId) {
        if self.reopened.remove(&run) == Some(true) {
            self.set_aside(run);
        }
    }

    /// A run is over: the next one of its line is fetched.
    pub(super) fn line_moves(&mut self, run: RunId, dead: bool, out: &mut Vec<Command>) {
        for flow in &mut self.flows {
            let Some(lines) = &mut flow.lines else { continue };
            self.wanted.extend(lines.over(run, dead));
            if let Some(behind) = lines.blocked_by(run).filter(|_| dead) {
                out.push(Command::Note(Happening::Blocked { flow: flow.name.clone(), run, behind }));
            }
        }
    }
}
