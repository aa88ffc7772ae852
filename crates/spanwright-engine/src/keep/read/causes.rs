//! Dead letters by cause: what a person mends is the cause, not the thousand messages.

use std::sync::Arc;

use rusqlite::Result;
use spanwright_core::fact::{Moment, StopKind};
use spanwright_shape::text::Failure;

use crate::keep::{ask::Ask, numbers::RunState};

/// Runs that stopped at the same step for the same reason in the same words.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Their flow.
    pub flow: Arc<str>,
    /// The step; `source` where a message could not be used as it was.
    pub node: Arc<str>,
    /// Dead or uncertain.
    pub kind: StopKind,
    /// Why.
    pub failure: Failure,
    /// How many.
    pub runs: u64,
    /// How many of them a person has acknowledged.
    pub acknowledged: u64,
    /// When the first stopped.
    pub first: Moment,
    /// When the last stopped.
    pub last: Moment,
}

pub const CAUSES: &str =
    "SELECT flow, node, state, reason, words, count(*), count(acknowledged), min(changed), max(changed) FROM run INDEXED BY run_stopped
    WHERE state IN (4, 5) GROUP BY flow, node, reason, words, state ORDER BY count(*) DESC, max(changed) DESC, min(id) LIMIT ?1";

impl Ask<'_> {
    pub fn causes(self, most: usize) -> Result<Vec<Cause>> {
        let mut statement = self.ready(CAUSES)?;
        let causes = statement.query_map([most.cast_signed()], |row| {
            let kind = if row.get::<_, i64>(2)? == RunState::Uncertain.number() { StopKind::Uncertain } else { StopKind::Dead };
            Ok(Cause {
                flow: self.names.text(row.get(0)?),
                node: self.names.text(row.get(1)?),
                kind,
                failure: self.failure(row.get(3)?, row.get(4)?),
                runs: row.get::<_, i64>(5)?.cast_unsigned(),
                acknowledged: row.get::<_, i64>(6)?.cast_unsigned(),
                first: Moment(row.get(7)?),
                last: Moment(row.get(8)?),
            })
        })?;
        causes.collect()
    }
}
