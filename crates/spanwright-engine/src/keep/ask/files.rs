//! A run with all that is known of it.

use std::sync::Arc;

use rusqlite::{Error, OptionalExtension, Result, Row};
use spanwright_core::fact::{
    DueEffect, EffectKey, EffectState, ExchangeId, MessageFile, Moment, NodeName, Phase, PlanId, Root, RunFile, RunId, StoredEffect,
};
use spanwright_shape::text::{Code, Failure};

use super::{Ask, bytes, text, text_if_any};
use crate::keep::{
    correlation,
    numbers::{self, GONE, RunState},
};

pub const RUN: &str = "SELECT run.root, run.flow, run.plan, run.state, message.id, message.source, message.correlation, message.received,
        message.key, message.version, body.coding, body.data, message.beside, run.node, run.reason
    FROM run JOIN message ON message.seq = run.id JOIN body ON body.id = message.body WHERE run.id = ?1";
pub const EFFECTS: &str =
    "SELECT run, node, item, way, queue, lane, state, due, boot, generation, tries, first, glued, sent, reason, words,
        body.coding, body.data, failed, own_failures, of_item
    FROM effect LEFT JOIN body ON body.id = effect.result WHERE run = ?1";

impl Ask<'_> {
    /// These runs, in this order; numbers that no run has are left out.
    pub fn files(self, runs: impl Iterator<Item = RunId>) -> Result<Vec<RunFile>> {
        let mut one = self.ready(RUN)?;
        let mut effects = self.ready(EFFECTS)?;
        let mut files = Vec::new();
        for run in runs {
            if let Some(mut file) = one.query_row([run.0], |row| self.file(run, row)).optional()? {
                let known = effects.query_map([run.0], |row| self.effect(row))?;
                file.known = known
                    .map(|effect| effect.map(|known| StoredEffect { effect: known.effect, state: known.state }))
                    .collect::<Result<_>>()?;
                // Rows lie in the order of numbers of names; answers have the order of the names.
                file.known.sort_unstable_by(|one, other| one.effect.cmp(&other.effect));
                files.push(file);
            }
        }
        Ok(files)
    }

    fn file(self, run: RunId, row: &Row<'_>) -> Result<RunFile> {
        let id = u128::from_be_bytes(row.get(4)?);
        let message = MessageFile {
            id,
            source: self.names.text(row.get(5)?),
            correlation: correlation::read(row.get_ref(6)?.as_str()?, id),
            received: Moment(row.get(7)?),
            key: text_if_any(row, 8)?,
            version: text_if_any(row, 9)?,
            body: body(row, 10)?,
            beside: row.get_ref(12)?.as_blob_or_null()?.map(Arc::from),
        };
        Ok(RunFile {
            run,
            root: Root(u128::from_be_bytes(row.get(0)?)),
            flow: self.names.text(row.get(1)?),
            plan: PlanId(row.get(2)?),
            message: Arc::new(message),
            known: Vec::new(),
            over: RunState::of(row.get(3)?).over(),
            parked: RunState::of(row.get(3)?) == RunState::Parked,
            stopped: self.stopped_at(row)?,
        })
    }

    /// Where and why the run of a row of [`RUN`] stopped.
    fn stopped_at(self, row: &Row<'_>) -> Result<Option<(NodeName, &'static Code)>> {
        let (node, code): (Option<i64>, Option<i64>) = (row.get(13)?, row.get(14)?);
        Ok(node.zip(code).map(|(node, code)| (self.names.text(node), (self.code_of)(&self.names.text(code)))))
    }

    /// A row of [`EFFECTS`].
    pub fn effect(self, row: &Row<'_>) -> Result<DueEffect> {
        let effect = EffectKey {
            run: RunId(row.get(0)?),
            node: self.names.text(row.get(1)?),
            item: text(row, 2)?,
            way: numbers::way_of(row.get(3)?),
        };
        let queue = row.get::<_, Option<i64>>(4)?.map(|queue| self.names.text(queue)).unwrap_or_default();
        let state = EffectState {
            phase: self.phase(row)?,
            generation: row.get(9)?,
            tries: row.get(10)?,
            first: row.get::<_, Option<i64>>(11)?.map(Moment),
            failed: row.get::<_, Option<i64>>(18)?.map(Moment),
            own_failures: row.get(19)?,
            glued: row.get::<_, Option<i64>>(12)?.map(ExchangeId),
            sent: row.get(13)?,
            of_item: row.get(20)?,
        };
        Ok(DueEffect { effect, state, queue, lane: row.get::<_, i64>(5)?.cast_unsigned() })
    }

    fn phase(self, row: &Row<'_>) -> Result<Phase> {
        Ok(match row.get(6)? {
            0 => Phase::Owed { due: Moment(row.get(7)?) },
            1 => Phase::Started { boot: row.get(8)? },
            2 => Phase::Done(if row.get_ref(17)?.as_blob_or_null()?.is_some() { Some(body(row, 16)?) } else { None }),
            3 => Phase::Unchanged,
            4 => Phase::Superseded,
            5 => Phase::Uncertain(self.failure(row.get(14)?, row.get(15)?)),
            6 => Phase::Dead(self.failure(row.get(14)?, row.get(15)?)),
            other => return Err(Error::IntegralValueOutOfRange(6, other)),
        })
    }

    /// A failure from its columns.
    pub fn failure(self, code: i64, says: String) -> Failure {
        Failure::new((self.code_of)(&self.names.text(code)), says)
    }
}

/// A stored body, from its coding and its data in the next column; nothing of one that was forgotten.
pub fn body(row: &Row<'_>, coding: usize) -> Result<Arc<[u8]>> {
    match row.get::<_, i64>(coding)? {
        0 | GONE => bytes(row, coding + 1),
        other => Err(Error::IntegralValueOutOfRange(coding, other)),
    }
}
