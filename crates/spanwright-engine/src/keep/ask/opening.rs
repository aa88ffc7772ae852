//! What is open when a life of the process begins. Costs what is open, not what is finished.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use rusqlite::{OptionalExtension, Result, Row};
use spanwright_core::fact::{
    Backlog, Breaker, CHORES_REMEMBERED_MOST, Chore, ChoreId, Copied, CutOff, DueEffect, EffectKey, ExchangeId, GateRow, Glued, Hold,
    InLine, Lane, Moment, Opening, PlanId, RunId, SourceRow, Spent, Way,
};

use super::{Ask, bytes, text, text_if_any};
use crate::keep::{
    numbers,
    pen::{NEXT_MESSAGE, chore},
};

pub const BACKLOG: &str = "SELECT flow, count(*), 0 FROM run INDEXED BY run_active WHERE state = 0 GROUP BY flow
    UNION ALL SELECT flow, 0, count(*) FROM run INDEXED BY run_parked WHERE state = 1 GROUP BY flow";
pub const BUNDLED: &str = "SELECT id, queue, members FROM exchange INDEXED BY exchange_bundled WHERE members IS NOT NULL";
pub const GLUED: &str = "SELECT effect.run, effect.node, effect.item, effect.way, effect.queue, effect.glued, run.state > 1
    FROM effect INDEXED BY effect_glued CROSS JOIN run ON run.id = effect.run WHERE effect.state = 0 AND effect.glued IS NOT NULL";
/// Whether one that shares this glue is over for one of these reasons.
pub const APART: &str =
    "SELECT EXISTS (SELECT 1 FROM effect INDEXED BY effect_apart WHERE state > 4 AND glued = ?1 AND reason IN (?2, ?3))";
/// Whether a member of a batch is still to be asked.
pub const IS_OPEN: &str = "SELECT run.state < 2 AND coalesce(effect.state < 2, 1) FROM run LEFT JOIN effect
    ON effect.run = run.id AND effect.node = ?2 AND effect.item = ?3 AND effect.way = ?4 WHERE run.id = ?1";
pub const TORN: &str =
    "SELECT effect.run, effect.node, effect.item, effect.way, effect.queue, effect.lane, effect.state, effect.due, effect.boot,
        effect.generation, effect.tries, effect.first, effect.glued, effect.sent, effect.reason, effect.words, NULL, NULL, effect.failed, effect.own_failures,
        effect.of_item, run.flow
    FROM effect INDEXED BY effect_started LEFT JOIN run ON run.id = effect.run WHERE effect.state = 1 AND effect.boot < ?1";
pub const LANES: &str =
    "SELECT effect.run, effect.node, effect.item, effect.way, effect.lane, effect.queue FROM effect INDEXED BY effect_due
    CROSS JOIN run ON run.id = effect.run WHERE effect.state = 0 AND effect.lane <> 0 AND run.state = 1";
/// Few: words of people that were not settled.
pub const UNDONE: &str =
    "SELECT undone.run, undone.node, undone.item FROM undone CROSS JOIN run ON run.id = undone.run WHERE run.state < 2";
pub const NEXT_QUEUE: &str = "SELECT queue FROM effect INDEXED BY effect_due WHERE state = 0 AND queue > ?1 ORDER BY queue LIMIT 1";
pub const EARLIEST: &str = "SELECT effect.due FROM effect INDEXED BY effect_due CROSS JOIN run ON run.id = effect.run
    WHERE effect.state = 0 AND effect.queue = ?1 AND run.state = 1 ORDER BY effect.due LIMIT 1";
pub const PLANS: &str = "SELECT plan FROM run INDEXED BY run_active WHERE state = 0
    UNION SELECT plan FROM run INDEXED BY run_parked WHERE state = 1";
// A glue may name an exchange whose own row was lost with the power.
pub const EXCHANGE_NEXT: &str = "SELECT 1 + max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'exchange'), 0),
    coalesce((SELECT max(glued) FROM effect INDEXED BY effect_glued WHERE state = 0 AND glued IS NOT NULL), 0))";
// Messages from before the last time that the clock was set back do not count.
pub const LATEST: &str = "SELECT max(
    coalesce((SELECT received FROM message WHERE seq > coalesce((SELECT value FROM meta WHERE name = 'set back'), 0) ORDER BY seq DESC LIMIT 1), 0),
    coalesce((SELECT max(changed) FROM cursor), 0), coalesce((SELECT max(since) FROM gate), 0))";

/// The last life that ended with nothing on its way; 0 before the first.
const RESTED_LAST: &str = "SELECT coalesce((SELECT value FROM meta WHERE name = 'rested'), 0)";

const CUT_OFF: &str = "SELECT at, upto FROM cut_off ORDER BY n DESC LIMIT 1";

/// Since this file was made of another one.
const COPIED: &str = "SELECT value, (SELECT value FROM meta WHERE name = 'copied at') FROM meta WHERE name = 'copied upto'";

/// When something came last, by source: from one source to the next by the index, whatever lies between.
pub const CAME: &str = "WITH RECURSIVE known(source) AS (
        SELECT min(source) FROM message
        UNION ALL SELECT (SELECT min(source) FROM message WHERE source > known.source) FROM known WHERE known.source IS NOT NULL
    )
    SELECT source, (SELECT max(received) FROM message WHERE message.source = known.source) FROM known WHERE source IS NOT NULL";

/// Chores under way.
pub fn chores() -> String {
    format!("SELECT {} FROM chore INDEXED BY chore_open WHERE state = 0 ORDER BY id", chore::COLUMNS)
}

const CHORES_OVER: &str = "SELECT id FROM chore WHERE state <> 0 ORDER BY id DESC LIMIT ?1";

/// The runs of a flow that hold a place in line.
pub const IN_LINE: &str = "SELECT run.id, message.key, 0 FROM run INDEXED BY run_parked CROSS JOIN message ON message.seq = run.id
        WHERE run.flow = ?1 AND run.state = 1
    UNION ALL SELECT run.id, message.key, 1 FROM run INDEXED BY run_stopped CROSS JOIN message ON message.seq = run.id
        WHERE run.flow = ?1 AND run.state IN (4, 5)
    ORDER BY 1";

impl Ask<'_> {
    /// What [`spanwright_core::fact::Store::in_line`] says.
    pub fn in_line(self, flow: &str) -> Result<Vec<InLine>> {
        let mut statement = self.ready(IN_LINE)?;
        let flow = self.names.known(flow).unwrap_or(0);
        let rows =
            statement.query_map([flow], |row| Ok(InLine { run: RunId(row.get(0)?), key: text_if_any(row, 1)?, dead: row.get(2)? }))?;
        rows.collect()
    }

    /// The newest first.
    pub fn chores(self, most: usize) -> Result<Vec<Chore>> {
        let mut statement = self.ready(&format!("SELECT {} FROM chore ORDER BY id DESC LIMIT ?1", chore::COLUMNS))?;
        statement.query_map([most.cast_signed()], chore::read)?.collect()
    }

    fn chores_over(self) -> Result<Vec<ChoreId>> {
        let mut statement = self.ready(CHORES_OVER)?;
        let rows = statement.query_map([CHORES_REMEMBERED_MOST.cast_signed()], |row| row.get(0).map(ChoreId))?;
        let mut over = rows.collect::<Result<Vec<_>>>()?;
        over.reverse();
        Ok(over)
    }

    pub fn opening(self, boot: u32) -> Result<Opening> {
        Ok(Opening {
            boot,
            rested: i64::from(boot) == self.ready(RESTED_LAST)?.query_row([], |row| row.get::<_, i64>(0))? + 1,
            cut_off: self
                .ready(CUT_OFF)?
                .query_row([], |row| Ok(CutOff { at: Moment(row.get(0)?), upto: RunId(row.get(1)?) }))
                .optional()?,
            copied: self
                .ready(COPIED)?
                .query_row([], |row| Ok(Copied { upto: RunId(row.get(0)?), at: row.get::<_, Option<i64>>(1)?.map(Moment) }))
                .optional()?,
            last_run: RunId(self.ready(NEXT_MESSAGE)?.query_row([], |row| row.get::<_, i64>(0))? - 1),
            exchange_next: self.ready(EXCHANGE_NEXT)?.query_row([], |row| row.get(0))?,
            gates: self.gates()?,
            sources: self.sources()?,
            backlog: self.backlog()?,
            glued: self.glued()?,
            undone: self.undone()?,
            torn: self.torn(boot)?,
            lanes: self.lanes()?,
            queues: self.queues()?,
            plans: self.ready(PLANS)?.query_map([], |row| row.get(0).map(PlanId))?.collect::<Result<_>>()?,
            alerts: self.alerts()?,
            came: self.came()?,
            chores: self.ready(&chores())?.query_map([], chore::read)?.collect::<Result<_>>()?,
            chores_over: self.chores_over()?,
            latest: Moment(self.ready(LATEST)?.query_row([], |row| row.get(0))?),
        })
    }

    pub fn gates(self) -> Result<Vec<GateRow>> {
        let mut statement = self.ready(
            "SELECT system, state, since, until, opens, paused_until, held, held_until, held_by, held_because, day_until, day_calls, refused FROM gate
            WHERE state <> 0 OR opens <> 0 OR paused_until IS NOT NULL OR held IS NOT NULL OR day_until IS NOT NULL OR refused IS NOT NULL",
        )?;
        let rows = statement.query_map([], |row| {
            let breaker = match row.get(1)? {
                0 => Breaker::Closed,
                1 => Breaker::Open { until: Moment(row.get(3)?) },
                _ => Breaker::HalfOpen,
            };
            let paused_until = row.get::<_, Option<i64>>(5)?.map(Moment);
            Ok(GateRow {
                system: self.names.text(row.get(0)?),
                breaker,
                since: Moment(row.get(2)?),
                opens: row.get(4)?,
                paused_until,
                hold: hold(row)?,
                spent: spent(row)?,
                refused: text_if_any(row, 12)?,
            })
        })?;
        let mut gates = rows.collect::<Result<Vec<_>>>()?;
        gates.sort_unstable_by(|one, other| one.system.cmp(&other.system));
        Ok(gates)
    }

    fn came(self) -> Result<Vec<(Arc<str>, Moment)>> {
        let mut statement = self.ready(CAME)?;
        let rows = statement.query_map([], |row| Ok((self.names.text(row.get(0)?), Moment(row.get(1)?))))?;
        let mut came = rows.collect::<Result<Vec<_>>>()?;
        came.sort_unstable();
        Ok(came)
    }

    pub fn sources(self) -> Result<Vec<SourceRow>> {
        let mut statement = self.ready("SELECT source, value, due FROM cursor")?;
        let rows = statement.query_map([], |row| {
            let cursor = if row.get_ref(1)?.as_blob_or_null()?.is_some() { Some(bytes(row, 1)?) } else { None };
            Ok(SourceRow { source: self.names.text(row.get(0)?), cursor, due: Moment(row.get(2)?) })
        })?;
        let mut sources = rows.collect::<Result<Vec<_>>>()?;
        sources.sort_unstable_by(|one, other| one.source.cmp(&other.source));
        Ok(sources)
    }

    pub fn backlog(self) -> Result<Vec<Backlog>> {
        let mut statement = self.ready(BACKLOG)?;
        let mut flows: BTreeMap<Arc<str>, (u64, u64)> = BTreeMap::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let counts = flows.entry(self.names.text(row.get(0)?)).or_default();
            counts.0 += row.get::<_, i64>(1)?.cast_unsigned();
            counts.1 += row.get::<_, i64>(2)?.cast_unsigned();
        }
        Ok(flows.into_iter().map(|(flow, (active, parked))| Backlog { flow, active, parked }).collect())
    }

    fn glued(self) -> Result<Vec<Glued>> {
        let (mut statement, mut is_apart) = (self.ready(GLUED)?, self.ready(APART)?);
        let [one, other] = self.names.apart();
        let rows = statement.query_map([], |row| {
            let (run, node) = (RunId(row.get(0)?), self.names.text(row.get(1)?));
            let effect = EffectKey { run, node, item: text(row, 2)?, way: numbers::way_of(row.get(3)?) };
            let (queue, glue, is_over) = (self.names.text(row.get(4)?), ExchangeId(row.get(5)?), row.get(6)?);
            Ok((Glued { queue, glue, effect, noted: false, apart: false }, is_over))
        })?;
        let (mut glued, mut apart) = (Vec::new(), BTreeMap::new());
        for row in rows {
            let (row, is_over): (Glued, bool) = row?;
            let known = match apart.entry(row.glue) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(is_apart.query_row((row.glue.0, one, other), |row| row.get(0))?),
            };
            *known |= is_over;
            glued.extend((!is_over).then_some(row));
        }
        glued.iter_mut().for_each(|one| one.apart = apart.get(&one.glue) == Some(&true));
        self.bundled(&mut glued)?;
        glued.sort_unstable_by(|one, other| one.effect.cmp(&other.effect).then(one.glue.cmp(&other.glue)));
        Ok(glued)
    }

    fn undone(self) -> Result<Vec<EffectKey>> {
        let mut statement = self.ready(UNDONE)?;
        let rows = statement.query_map([], |row| {
            Ok(EffectKey { run: RunId(row.get(0)?), node: self.names.text(row.get(1)?), item: text(row, 2)?, way: Way::Undo })
        })?;
        let mut undone = rows.collect::<Result<Vec<_>>>()?;
        undone.sort_unstable();
        Ok(undone)
    }

    // Batches under one key whose exchange had not ended.
    fn bundled(self, glued: &mut Vec<Glued>) -> Result<()> {
        let mut statement = self.ready(BUNDLED)?;
        let mut is_open = self.ready(IS_OPEN)?;
        let mut is_open = |member: &EffectKey| {
            let node = self.names.known(&member.node).unwrap_or(0);
            let found = is_open.query_row((member.run.0, node, &member.item, numbers::way(member.way)), |row| row.get(0)).optional();
            found.map(|open| open.unwrap_or(false))
        };
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (glue, queue) = (ExchangeId(row.get(0)?), self.names.text(row.get(1)?));
            let members = numbers::members_of(&text(row, 2)?);
            let (all, mut open) = (members.len(), Vec::new());
            for effect in members {
                if is_open(&effect)? {
                    open.push(effect);
                }
            }
            let apart = open.len() < all;
            glued.extend(open.into_iter().map(|effect| Glued { queue: queue.clone(), glue, effect, noted: true, apart }));
        }
        Ok(())
    }

    fn torn(self, boot: u32) -> Result<Vec<DueEffect>> {
        let mut statement = self.ready(TORN)?;
        let rows = statement.query_map([boot], |row| {
            let mut torn = self.effect(row)?;
            if torn.queue.is_empty() {
                // `Started` does not name it, and may be the first that is written of an effect.
                let flow = row.get::<_, Option<i64>>(21)?.map(|flow| self.names.text(flow)).unwrap_or_default();
                torn.queue = format!("{flow}.{}", torn.effect.node).into();
            }
            Ok(torn)
        })?;
        let mut torn = rows.collect::<Result<Vec<_>>>()?;
        torn.sort_unstable_by(|one, other| one.effect.cmp(&other.effect));
        Ok(torn)
    }

    fn lanes(self) -> Result<Vec<Lane>> {
        let mut statement = self.ready(LANES)?;
        let rows = statement.query_map([], |row| {
            let (run, node) = (RunId(row.get(0)?), self.names.text(row.get(1)?));
            let effect = EffectKey { run, node, item: text(row, 2)?, way: numbers::way_of(row.get(3)?) };
            Ok(Lane { queue: self.names.text(row.get(5)?), lane: row.get::<_, i64>(4)?.cast_unsigned(), effect })
        })?;
        let mut lanes = rows.collect::<Result<Vec<_>>>()?;
        lanes.sort_unstable_by(|one, other| one.effect.cmp(&other.effect));
        Ok(lanes)
    }

    // From queue to queue along the index, and in each only as far as its first parked run.
    fn queues(self) -> Result<Vec<(Arc<str>, Moment)>> {
        let (mut next, mut earliest) = (self.ready(NEXT_QUEUE)?, self.ready(EARLIEST)?);
        let mut queues = Vec::new();
        let mut last = 0;
        while let Some(queue) = next.query_row([last], |row| row.get::<_, i64>(0)).optional()? {
            if let Some(due) = earliest.query_row([queue], |row| row.get(0)).optional()? {
                queues.push((self.names.text(queue), Moment(due)));
            }
            last = queue;
        }
        queues.sort_unstable();
        Ok(queues)
    }
}

fn hold(row: &Row<'_>) -> Result<Option<Hold>> {
    let Some(since) = row.get::<_, Option<i64>>(6)? else { return Ok(None) };
    let until = row.get::<_, Option<i64>>(7)?.map(Moment);
    let (by, because) = (text_if_any(row, 8)?.unwrap_or_default(), text_if_any(row, 9)?.unwrap_or_default());
    Ok(Some(Hold { since: Moment(since), until, by, because }))
}

fn spent(row: &Row<'_>) -> Result<Option<Spent>> {
    let (until, calls) = (row.get::<_, Option<i64>>(10)?, row.get::<_, Option<i64>>(11)?);
    Ok(until.zip(calls).map(|(until, calls)| Spent { until: Moment(until), calls: calls.cast_unsigned() }))
}
