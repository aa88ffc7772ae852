//! What a channel was told of a cause: one row while it stands, none when it is over.

use rusqlite::{Result, Row};
use spanwright_core::{
    alert::{AlertRow, Cause, CauseKind},
    fact::Moment,
};

use super::Pen;
use crate::keep::ask::text;

const TOLD: &str = "INSERT OR REPLACE INTO alert (channel, kind, subject, code, since, told, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const OVER: &str = "DELETE FROM alert WHERE channel = ?1 AND kind = ?2 AND subject = ?3 AND code = ?4";
/// Every row, for [`read`].
pub const ALL: &str = "SELECT channel, kind, subject, code, since, told, count FROM alert";

impl Pen<'_> {
    pub(super) fn alerted(&mut self, row: &AlertRow) -> Result<()> {
        let Cause { kind, of, code } = &row.cause;
        match row.told {
            Some(told) => self.rare(TOLD)?.execute((&row.channel, kind.word(), of, code, row.since.0, told.0, row.count.cast_signed()))?,
            None => self.rare(OVER)?.execute((&row.channel, kind.word(), of, code))?,
        };
        Ok(())
    }
}

/// A row of [`ALL`]; `None` where a later edition wrote of something that this one does not know.
pub fn read(row: &Row<'_>) -> Result<Option<AlertRow>> {
    let Some(kind) = CauseKind::of(&text(row, 1)?) else { return Ok(None) };
    Ok(Some(AlertRow {
        channel: text(row, 0)?,
        cause: Cause { kind, of: text(row, 2)?, code: text(row, 3)? },
        since: Moment(row.get(4)?),
        told: Some(Moment(row.get(5)?)),
        count: row.get::<_, i64>(6)?.cast_unsigned(),
    }))
}
