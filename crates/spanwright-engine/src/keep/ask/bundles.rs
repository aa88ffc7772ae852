//! Stopped runs that went in one request under one key: they go again together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rusqlite::{OptionalExtension, Result};
use spanwright_core::fact::{BUNDLE_RUNS_MOST, Moment, RunId, StoppedBundle, StoppedRun};

use super::{Ask, stopped::Fronts};

/// In which requests without an answer that tells a run went.
pub const GLUES: &str = "SELECT DISTINCT glued FROM effect WHERE run = ?1 AND way = 0 AND state > 4 AND glued IS NOT NULL";
/// All that shares a glue and is over: whether it would still go under it, whether its run can, and whether it would go under its old key.
pub const SHARE: &str = "SELECT effect.run, effect.reason NOT IN (?2, ?3), run.state IN (4, 5), run.flow, run.changed,
        NOT EXISTS (SELECT 1 FROM effect AS undo WHERE undo.run = effect.run AND undo.node = effect.node AND undo.item = effect.item
            AND undo.way = 1 AND undo.state IN (1, 2, 5))
    FROM effect INDEXED BY effect_apart CROSS JOIN run ON run.id = effect.run WHERE effect.state > 4 AND effect.way = 0 AND effect.glued = ?1";
/// How many went together; NULL where that is not known any more.
pub const CALLS: &str = "SELECT calls FROM exchange WHERE id = ?1 AND members IS NULL";
/// Whether one that shares it is open.
pub const IS_SHARED: &str = "SELECT EXISTS (SELECT 1 FROM effect INDEXED BY effect_glued WHERE state = 0 AND glued = ?1)";

impl Ask<'_> {
    /// See [`spanwright_core::fact::Store::bundles`].
    pub fn bundles(self, runs: &[RunId]) -> Result<Vec<StoppedBundle>> {
        let (mut seen, mut bundles, mut fronts) = (BTreeSet::new(), Vec::new(), Fronts::default());
        for run in runs {
            if !seen.contains(run) && !self.glues(*run)?.is_empty() {
                let (bundle, whole) = self.bundle(*run)?;
                seen.extend(bundle.keys().copied());
                let runs = bundle.into_values().map(|run| self.is_overtaken(run, &mut fronts)).collect::<Result<_>>()?;
                bundles.push(StoppedBundle { runs, whole });
            }
        }
        Ok(bundles)
    }

    /// What a run went with, and whether that is all and can go again.
    fn bundle(self, run: RunId) -> Result<(BTreeMap<RunId, StoppedRun>, bool)> {
        let [apart, left] = self.names.apart();
        let (mut share, mut is_shared, mut calls) = (self.ready(SHARE)?, self.ready(IS_SHARED)?, self.ready(CALLS)?);
        let (mut bundle, mut glues, mut all) = (BTreeMap::new(), BTreeSet::new(), true);
        let mut next = VecDeque::from(self.glues(run)?);
        while let Some(glue) = next.pop_front() {
            if !glues.insert(glue) {
                continue;
            }
            all &= !is_shared.query_row([glue], |row| row.get::<_, bool>(0))?;
            let went: Option<u64> = calls.query_row([glue], |row| row.get::<_, i64>(0)).optional()?.map(i64::unsigned_abs);
            let (mut rows, mut here) = (share.query((glue, apart, left))?, 0);
            while let Some(row) = rows.next()? {
                let (run, goes, is_stopped) = (RunId(row.get(0)?), row.get::<_, bool>(1)?, row.get::<_, bool>(2)?);
                all &= goes && is_stopped && row.get::<_, bool>(5)?;
                here += 1;
                let stopped = StoppedRun { run, flow: self.names.text(row.get(3)?), at: Moment(row.get(4)?), overtaken: false };
                bundle.entry(run).or_insert(stopped);
                // Also where this one does not go again: its message would come along, and with it what else of it went with others.
                next.extend(self.glues(run)?);
                if bundle.len() > BUNDLE_RUNS_MOST {
                    return Ok((bundle, false));
                }
            }
            // Of one that went on without the others, or was forgotten, no row tells.
            all &= went == Some(here);
        }
        Ok((bundle, all))
    }

    fn glues(self, run: RunId) -> Result<Vec<i64>> {
        self.ready(GLUES)?.query_map([run.0], |row| row.get(0))?.collect()
    }

    fn is_overtaken(self, run: StoppedRun, fronts: &mut Fronts) -> Result<StoppedRun> {
        Ok(StoppedRun { overtaken: fronts.overtaken(self.connection, self.loose, run.run)?, ..run })
    }
}
