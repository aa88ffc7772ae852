//! What became of one round of a source: the runs behind the round's end before, by state.

use rusqlite::{OptionalExtension, Result};
use spanwright_core::{
    desk::round::flow_of_ends,
    fact::{RunId, Tally},
    plan::Source,
};

use super::Ask;
use crate::keep::numbers::RunState;

pub const OWN: &str = "SELECT received FROM message WHERE seq = ?1";
pub const BEFORE: &str = "SELECT run.id, message.received FROM message INDEXED BY message_source
    CROSS JOIN run ON run.id = message.seq
    WHERE message.source = ?1 AND run.id < ?2 ORDER BY message.received DESC, message.seq DESC LIMIT 1";
pub const OPEN: &str = "SELECT EXISTS (SELECT 1 FROM run INDEXED BY run_active WHERE state = 0 AND flow = ?1 AND id > ?2 AND id < ?3)
    OR EXISTS (SELECT 1 FROM run INDEXED BY run_parked WHERE state = 1 AND flow = ?1 AND id > ?2 AND id < ?3)";
pub const BY_STATE: &str = "SELECT run.state, count(*) FROM message INDEXED BY message_source
    CROSS JOIN run ON run.id = message.seq
    WHERE message.source = ?1 AND message.received >= ?2 AND message.received <= ?3 AND run.id > ?4 AND run.id < ?5 GROUP BY run.state";

/// Of one source: what came since its last round ended, behind the last end that something follows; but for what people made of others.
pub const WITHIN: &str = "SELECT EXISTS (SELECT 1 FROM message INDEXED BY message_source WHERE source = ?1 AND seq > ?2 AND parent IS NULL
    AND received >= coalesce((SELECT changed FROM cursor WHERE source = ?1), -9223372036854775808))";

impl Ask<'_> {
    pub fn is_within_a_round(self, flow: &str) -> Result<bool> {
        let known = |name: &str| self.names.known(name).unwrap_or(0);
        let ends = known(&Source::name_of(&flow_of_ends(flow)));
        let after = self.ready(BEFORE)?.query_row((ends, i64::MAX), |row| row.get::<_, i64>(0)).optional()?.unwrap_or(0);
        self.ready(WITHIN)?.query_row((known(&Source::name_of(flow)), after), |row| row.get(0))
    }

    pub fn tally(self, flow: &str, upto: RunId) -> Result<Option<Tally>> {
        let known = |name: &str| self.names.known(name).unwrap_or(0);
        let ends = known(&Source::name_of(&flow_of_ends(flow)));
        let before = self.ready(BEFORE)?.query_row((ends, upto.0), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (after, since): (i64, i64) = before.unwrap_or((0, 0));
        if self.ready(OPEN)?.query_row((known(flow), after, upto.0), |row| row.get(0))? {
            return Ok(None);
        }
        let mut tally = Tally::default();
        let Some(own) = self.ready(OWN)?.query_row([upto.0], |row| row.get::<_, i64>(0)).optional()? else { return Ok(Some(tally)) };
        let mut by_state = self.ready(BY_STATE)?;
        let mut rows = by_state.query((known(&Source::name_of(flow)), since, own, after, upto.0))?;
        while let Some(row) = rows.next()? {
            let count = row.get::<_, i64>(1)?.cast_unsigned();
            tally.taken += count;
            match RunState::of(row.get(0)?) {
                RunState::Active | RunState::Parked => return Ok(None),
                RunState::Done => tally.delivered += count,
                RunState::Skipped => tally.skipped += count,
                RunState::Dead | RunState::Discarded => tally.dead += count,
                RunState::Uncertain => (tally.dead, tally.uncertain) = (tally.dead + count, tally.uncertain + count),
            }
        }
        Ok(Some(tally))
    }
}
