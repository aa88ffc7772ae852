//! What may be forgotten, a window of runs at a time: no index of its own, so that a run that ends costs nothing for it.

use rusqlite::Result;
use spanwright_core::fact::{Forget, Moment, Old, RunId};

use super::Ask;
use crate::keep::numbers::{GONE, RunState};

pub const WINDOW: &str = "SELECT run.id, run.state, run.changed, body.coding FROM run
    LEFT JOIN message ON message.seq = run.id LEFT JOIN body ON body.id = message.body
    WHERE run.id > ?1 ORDER BY run.id LIMIT ?2";

impl Ask<'_> {
    pub fn old(self, what: Forget, after: RunId, before: Moment, window: usize) -> Result<Old> {
        let mut statement = self.ready(WINDOW)?;
        let mut rows = statement.query((after.0, window.cast_signed()))?;
        let mut old = Old { runs: Vec::new(), last: None, young: true };
        while let Some(row) = rows.next()? {
            let (run, is_old) = (RunId(row.get(0)?), row.get::<_, i64>(2)? < before.0);
            let is_left = what == Forget::All || row.get::<_, Option<i64>>(3)? != Some(GONE);
            if is_old && is_left && RunState::of(row.get(1)?).is_finished() {
                old.runs.push(run);
            }
            old.last = Some(run);
            old.young &= !is_old;
        }
        Ok(old)
    }
}
