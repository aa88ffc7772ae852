//! Which plans open messages and dead letters are pinned to, and what the dead ones have done.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::Result;
use spanwright_core::{deploy::Standing, fact::PlanId};

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

impl Ask<'_> {
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
