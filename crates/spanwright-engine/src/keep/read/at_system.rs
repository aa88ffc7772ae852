//! The newest runs that have something open at a system, without a look at what is finished.
//!
//! A run that waits for a time says in which queue. Of one that is active the journal has what was done, and what was asked for and
//! has to be asked for again; a step of which it has nothing is still to come, unless the run is on its way back.
//!
//! Of a step that is done for each item nobody knows how many are still to come: as long as its run is on its way it counts as open there.
//!
//! Deliberately absent: an undo that nobody was asked for yet, where a map or a `fail` sent the run back. The journal has nothing of
//! that, and only another walk would tell it from a run that waits for its next step.

use std::sync::Arc;

use rusqlite::Result;
use spanwright_core::fact::AtSystem;

use crate::keep::ask::Ask;

/// Runs that wait in few places are found where they wait; where more than this wait, the newest runs are soon among them.
const FEW: usize = 10_000;

pub const WAITING: &str =
    "SELECT DISTINCT effect.run FROM effect INDEXED BY effect_due WHERE effect.state = 0 AND effect.queue = ?1 LIMIT ?2";

impl Ask<'_> {
    /// The newest that are open there, and for which this holds too.
    pub(super) fn newest_at(self, at: &[AtSystem], narrow: &str, most: usize) -> Result<Vec<i64>> {
        let mut ids = Vec::new();
        for at in at {
            let (flow, plan, open) = (self.number(&at.flow), at.plan.0, self.is_open_at(at));
            let of = match self.waiting(at)? {
                Some(few) => format!("run WHERE state = 1 AND id IN ({few}) AND"),
                None => "run INDEXED BY run_parked WHERE state = 1 AND".to_string(),
            };
            for of in [of, "run INDEXED BY run_active WHERE state = 0 AND".to_string()] {
                let sql = format!("SELECT id FROM {of} flow = {flow} AND plan = {plan} AND {open}{narrow} ORDER BY id DESC LIMIT {most}");
                let mut statement = self.connection.prepare(&sql)?;
                let found = statement.query_map([], |row| row.get(0))?;
                ids.extend(found.collect::<Result<Vec<i64>>>()?);
            }
        }
        Ok(ids)
    }

    /// The condition that a run is open at one of these places.
    pub(super) fn is_open_at_any(self, at: &[AtSystem]) -> String {
        let each = at.iter().map(|at| {
            let (flow, plan, open) = (self.number(&at.flow), at.plan.0, self.is_open_at(at));
            format!("(run.state IN (0, 1) AND run.flow = {flow} AND run.plan = {plan} AND {open})")
        });
        let any = each.collect::<Vec<_>>().join(" OR ");
        if any.is_empty() { "FALSE".into() } else { format!("({any})") }
    }

    /// The condition that an open run of this flow is open there.
    pub(super) fn is_open_at(self, at: &AtSystem) -> String {
        let list = |names: &[Arc<str>]| names.iter().map(|name| self.number(name).to_string()).collect::<Vec<_>>().join(", ");
        // The plus sign: by the run's own rows, and not over all that waits in the queue.
        let waits = format!(
            "EXISTS (SELECT 1 FROM effect WHERE effect.run = run.id AND effect.state IN (0, 1) AND +effect.queue IN ({}))",
            list(&at.queues)
        );
        let goes_back = format!(
            "EXISTS (SELECT 1 FROM effect WHERE effect.run = run.id AND effect.way = 0 AND effect.state IN (5, 6) AND effect.node IN ({}))",
            list(&at.fatal)
        );
        let to_be_undone = format!(
            "EXISTS (SELECT 1 FROM effect AS did WHERE did.run = run.id AND did.way = 0 AND did.state IN (2, 5) AND did.node IN ({})
                AND NOT EXISTS (SELECT 1 FROM effect AS undo
                    WHERE undo.run = did.run AND undo.node = did.node AND undo.item = did.item AND undo.way = 1))",
            list(&at.undone)
        );
        let to_come = at.steps.iter().map(|step| {
            // It has something of some items, and the journal does not know how many there are.
            if at.each.contains(step) {
                return " OR TRUE".to_string();
            }
            let step = self.number(step);
            format!(" OR NOT EXISTS (SELECT 1 FROM effect WHERE effect.run = run.id AND effect.node = {step} AND effect.way = 0)")
        });
        let to_come: String = to_come.collect();
        format!("({waits} OR run.state = 0 AND CASE WHEN {goes_back} THEN {to_be_undone} ELSE (FALSE{to_come}) END)")
    }

    /// The runs that wait in these queues, where they are few.
    fn waiting(self, at: &AtSystem) -> Result<Option<String>> {
        let (mut waiting, mut found) = (self.ready(WAITING)?, Vec::new());
        for queue in &at.queues {
            let runs = waiting.query_map((self.number(queue), (FEW + 1 - found.len()).cast_signed()), |row| row.get::<_, i64>(0))?;
            found.extend(runs.collect::<Result<Vec<_>>>()?);
            if found.len() > FEW {
                return Ok(None);
            }
        }
        Ok(Some(found.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")))
    }

    /// The number of a name; 0, which no row has, for one that the journal never had.
    fn number(self, name: &str) -> i64 {
        self.names.known(name).unwrap_or(0)
    }
}
