//! A chore as it stands: one row, written anew with each slice.

use rusqlite::{Result, Row};
use spanwright_core::{
    fact::{Chore, ChoreId, ChoreKind, ChorePhase, RunId, StoppedFilter},
    settings::Rate,
};
use std::{sync::Arc, time::Duration};

use super::Pen;

const CHORE: &str = "INSERT OR REPLACE INTO chore (id, kind, words, flow, node, reason, key, correlation, upto, rate_most, rate_micros,
        state, at_run, done, left_alone, by)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
/// The columns of [`read`], in its order.
pub const COLUMNS: &str =
    "id, kind, words, flow, node, reason, key, correlation, upto, rate_most, rate_micros, state, at_run, done, left_alone, by";

impl Pen<'_> {
    pub(super) fn chore(&mut self, chore: &Chore) -> Result<()> {
        let (kind, words) = match &chore.what {
            ChoreKind::Replay { over_newer, apart } => (i64::from(*over_newer) + 3 * i64::from(*apart), None),
            ChoreKind::Discard { reason } => (2, Some(reason)),
        };
        let StoppedFilter { flow, node, reason, key, correlation } = &chore.filter;
        let micros = i64::try_from(chore.rate.per.as_micros()).unwrap_or(i64::MAX);
        self.rare(CHORE)?.execute(rusqlite::params![
            chore.id.0,
            kind,
            words,
            flow,
            node,
            reason,
            key,
            correlation,
            chore.upto.0,
            chore.rate.most,
            micros,
            phase(chore.phase),
            chore.at.0,
            chore.done.cast_signed(),
            chore.left.cast_signed(),
            chore.by,
        ])?;
        Ok(())
    }
}

fn phase(phase: ChorePhase) -> i64 {
    match phase {
        ChorePhase::Open => 0,
        ChorePhase::Done => 1,
        ChorePhase::Cancelled => 2,
    }
}

/// A row of [`COLUMNS`].
pub fn read(row: &Row<'_>) -> Result<Chore> {
    let text = |column| row.get::<_, Option<String>>(column).map(|text| text.map(Arc::<str>::from));
    let what = match row.get(1)? {
        kind @ (0 | 1 | 3 | 4) => ChoreKind::Replay { over_newer: kind % 3 == 1, apart: kind > 2 },
        _ => ChoreKind::Discard { reason: text(2)?.unwrap_or_default() },
    };
    let phase = match row.get(11)? {
        0 => ChorePhase::Open,
        1 => ChorePhase::Done,
        _ => ChorePhase::Cancelled,
    };
    Ok(Chore {
        id: ChoreId(row.get(0)?),
        what,
        filter: StoppedFilter { flow: text(3)?, node: text(4)?, reason: text(5)?, key: text(6)?, correlation: text(7)? },
        upto: RunId(row.get(8)?),
        rate: Rate { most: row.get(9)?, per: Duration::from_micros(row.get::<_, i64>(10)?.unsigned_abs()) },
        by: text(15)?.unwrap_or_default(),
        at: RunId(row.get(12)?),
        done: row.get::<_, i64>(13)?.cast_unsigned(),
        left: row.get::<_, i64>(14)?.cast_unsigned(),
        phase,
    })
}
