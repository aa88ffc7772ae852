//! The newest runs that are open, without a look at all of them: a million may wait.
//!
//! The indexes of open runs go by flow (and plan); the newest of each are taken, and the newest of those stay.

use rusqlite::{OptionalExtension, Result, Row};

use crate::keep::ask::Ask;

const FLOW: &str = "SELECT flow FROM run INDEXED BY run_active WHERE state = 0 AND flow > ?1 ORDER BY flow LIMIT 1";
pub const ACTIVE: &str = "SELECT id FROM run INDEXED BY run_active WHERE state = 0 AND flow = ?1";
pub const PLAN: &str = "SELECT flow, plan FROM run INDEXED BY run_parked WHERE state = 1 AND flow = ?1 AND plan > ?2 ORDER BY plan LIMIT 1";
/// Never both at once, `(flow, plan) > (?1, ?2)`: SQLite would walk over all that wait under that very plan.
pub const NEXT: &str = "SELECT flow, plan FROM run INDEXED BY run_parked WHERE state = 1 AND flow > ?1 ORDER BY flow, plan LIMIT 1";
pub const PARKED: &str = "SELECT id FROM run INDEXED BY run_parked WHERE state = 1 AND flow = ?1 AND plan = ?2";

impl Ask<'_> {
    /// Somebody works on them; of this flow where one is named. `narrow` is a further condition, or nothing.
    pub(super) fn newest_active(self, flow: Option<i64>, narrow: &str, most: usize, ids: &mut Vec<i64>) -> Result<()> {
        let mut last = flow.map_or(0, |flow| flow - 1);
        while let Some(next) = self.ready(FLOW)?.query_row([last], |row| row.get::<_, i64>(0)).optional()? {
            if flow.is_some_and(|flow| flow != next) {
                break;
            }
            let mut statement = self.connection.prepare(&newest_of(ACTIVE, narrow, most))?;
            for id in statement.query_map([next], |row| row.get(0))? {
                ids.push(id?);
            }
            last = next;
        }
        Ok(())
    }

    /// They wait for a due time.
    pub(super) fn newest_parked(self, flow: Option<i64>, narrow: &str, most: usize, ids: &mut Vec<i64>) -> Result<()> {
        let mut last = (flow.unwrap_or(0), 0);
        while let Some(next) = self.parked_behind(last)? {
            if flow.is_some_and(|flow| flow != next.0) {
                break;
            }
            let mut statement = self.connection.prepare(&newest_of(PARKED, narrow, most))?;
            for id in statement.query_map(next, |row| row.get(0))? {
                ids.push(id?);
            }
            last = next;
        }
        Ok(())
    }

    /// The next flow and plan under which runs wait.
    fn parked_behind(self, (flow, plan): (i64, i64)) -> Result<Option<(i64, i64)>> {
        let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        match self.ready(PLAN)?.query_row((flow, plan), pair).optional()? {
            Some(next) => Ok(Some(next)),
            None => self.ready(NEXT)?.query_row([flow], pair).optional(),
        }
    }
}

pub fn newest_of(runs: &str, narrow: &str, most: usize) -> String {
    format!("{runs}{narrow} ORDER BY id DESC LIMIT {most}")
}

/// The condition that a run is one of the newest of these.
pub(super) fn newest(mut ids: Vec<i64>, most: usize) -> String {
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids.truncate(most);
    format!("run.id IN ({})", ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", "))
}
