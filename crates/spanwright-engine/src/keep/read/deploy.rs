//! Which plans open messages and dead letters are pinned to, what the dead ones have done, and what sources have read.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::{OptionalExtension, Result};
use spanwright_core::{
    deploy::{Standing, source::Past},
    fact::PlanId,
};

use crate::keep::ask::Ask;

pub const OPEN: &str = "SELECT plan, flow, count(*) FROM run INDEXED BY run_active WHERE state = 0 GROUP BY flow, plan
    UNION ALL SELECT plan, flow, count(*) FROM run INDEXED BY run_parked WHERE state = 1 GROUP BY flow, plan";
pub const STOPPED: &str = "SELECT plan, flow, count(*) FROM run INDEXED BY run_stopped WHERE state IN (4, 5) GROUP BY flow, plan";
pub const DID: &str =
    "SELECT DISTINCT run.plan, run.flow, effect.node FROM run INDEXED BY run_stopped CROSS JOIN effect ON effect.run = run.id
    WHERE run.state IN (4, 5) AND effect.way = 0 AND effect.state IN (1, 2, 3, 5) AND NOT EXISTS (SELECT 1 FROM effect AS undo
        WHERE undo.run = effect.run AND undo.node = effect.node AND undo.item = effect.item AND undo.way = 1 AND undo.state = 2)";

pub const OPEN_UNDER: &str = "SELECT DISTINCT flow, plan FROM run INDEXED BY run_active WHERE state = 0
    UNION SELECT flow, plan FROM run INDEXED BY run_parked WHERE state = 1";

/// The plan of the newest message of each source: from one source to the next by the index, whatever lies between.
pub const NEWEST_OF_SOURCES: &str = "WITH RECURSIVE known(source) AS (
        SELECT min(source) FROM message
        UNION ALL SELECT (SELECT min(source) FROM message WHERE source > known.source) FROM known WHERE known.source IS NOT NULL
    )
    SELECT source, (SELECT run.plan FROM message CROSS JOIN run ON run.id = message.seq WHERE message.source = known.source
        ORDER BY message.received DESC, message.seq DESC LIMIT 1) FROM known WHERE source IS NOT NULL";
pub const ENVIRONMENT: &str = "SELECT value FROM meta WHERE name = 'environment'";
const LAST_PLAN: &str = "SELECT coalesce(max(id), 0) FROM plan";

impl Ask<'_> {
    pub fn pasts(self) -> Result<Vec<Past>> {
        let mut pasts = BTreeMap::new();
        // What a program took has no source that is a flow's.
        let flow_of = |source: &str| source.strip_suffix(".source").map(Arc::from);
        let fresh = |flow: &Arc<str>| Past { flow: flow.clone(), plan: None, cursor: None };
        let mut newest = self.ready(NEWEST_OF_SOURCES)?;
        let mut rows = newest.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(flow) = flow_of(&self.names.text(row.get(0)?)) {
                pasts.entry(flow).or_insert_with_key(fresh).plan = row.get::<_, Option<i64>>(1)?.map(PlanId);
            }
        }
        for read in self.sources()? {
            if let Some(flow) = flow_of(&read.source) {
                pasts.entry(flow).or_insert_with_key(fresh).cursor = read.cursor;
            }
        }
        Ok(pasts.into_values().collect())
    }

    pub fn environment(self) -> Result<Option<Arc<str>>> {
        self.ready(ENVIRONMENT)?.query_row([], |row| row.get::<_, String>(0).map(Arc::from)).optional()
    }

    pub fn last_plan(self) -> Result<PlanId> {
        self.ready(LAST_PLAN)?.query_row([], |row| row.get(0).map(PlanId))
    }

    pub fn open_under(self) -> Result<Vec<(Arc<str>, PlanId)>> {
        self.ready(OPEN_UNDER)?.query_map([], |row| Ok((self.names.text(row.get(0)?), PlanId(row.get(1)?))))?.collect()
    }

    pub fn standing(self) -> Result<Vec<Standing>> {
        let mut all: BTreeMap<(i64, i64), Standing> = BTreeMap::new();
        let fresh =
            |(plan, flow): (i64, i64)| Standing { plan: PlanId(plan), flow: self.names.text(flow), open: 0, stopped: 0, did: Vec::new() };
        for (sql, is_open) in [(OPEN, true), (STOPPED, false)] {
            let mut statement = self.ready(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let key = (row.get(0)?, row.get(1)?);
                let standing = all.entry(key).or_insert_with(|| fresh(key));
                *(if is_open { &mut standing.open } else { &mut standing.stopped }) += row.get::<_, i64>(2)?.cast_unsigned();
            }
        }
        let mut statement = self.ready(DID)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = (row.get(0)?, row.get(1)?);
            all.entry(key).or_insert_with(|| fresh(key)).did.push(self.names.text(row.get(2)?));
        }
        Ok(all.into_values().collect())
    }
}
