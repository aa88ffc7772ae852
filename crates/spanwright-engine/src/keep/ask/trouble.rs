//! What stands still and nobody has acknowledged, counted by cause.

use rusqlite::Result;
use spanwright_core::alert::{AlertRow, Cause, CauseKind, Trouble};

use super::Ask;
use crate::keep::pen::alert;

pub const STOPPED: &str = "SELECT flow, reason, count(*) FROM run INDEXED BY run_stopped
    WHERE state IN (4, 5) AND acknowledged IS NULL GROUP BY flow, reason";
pub const STUCK: &str = "SELECT run.flow, count(*) FROM effect INDEXED BY effect_due CROSS JOIN run ON run.id = effect.run
    WHERE effect.state = 0 AND effect.way = 1 AND effect.tries >= ?1 GROUP BY run.flow";

impl Ask<'_> {
    pub fn troubles(self, stuck: u32, most: usize) -> Result<Vec<Trouble>> {
        let mut troubles = Vec::new();
        let mut stopped = self.ready(STOPPED)?;
        let mut rows = stopped.query([])?;
        while let Some(row) = rows.next()? {
            let cause = Cause::stopped(&self.names.text(row.get(0)?), &self.names.text(row.get(1)?));
            troubles.push(Trouble { cause, count: row.get::<_, i64>(2)?.cast_unsigned() });
        }
        let mut undos = self.ready(STUCK)?;
        let mut rows = undos.query([stuck])?;
        while let Some(row) = rows.next()? {
            let cause = Cause::new(CauseKind::Undo, &self.names.text(row.get(0)?));
            troubles.push(Trouble { cause, count: row.get::<_, i64>(1)?.cast_unsigned() });
        }
        troubles.sort_unstable_by(|one, other| one.cause.cmp(&other.cause));
        troubles.truncate(most);
        Ok(troubles)
    }

    /// What channels were told and that is not over.
    pub fn alerts(self) -> Result<Vec<AlertRow>> {
        let mut alerts = self.ready(alert::ALL)?.query_map([], alert::read)?.filter_map(Result::transpose).collect::<Result<Vec<_>>>()?;
        alerts.sort_unstable_by(|one, other| (&one.channel, &one.cause).cmp(&(&other.channel, &other.cause)));
        Ok(alerts)
    }
}
