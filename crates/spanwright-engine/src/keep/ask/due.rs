//! What is due in a queue.
//!
//! An effect whose last outcome is unknown is glued to the exchange it was in: the same composition must be sent
//! again under the same key. So whoever gets one of such a group gets all of them.

use std::collections::HashSet;

use rusqlite::{CachedStatement, Result, Row};
use spanwright_core::fact::{FILES_BYTES_MOST, Moment, RunFile, RunId, Turn};

use super::Ask;

pub const WAITING: &str = "SELECT effect.run, effect.due FROM effect INDEXED BY effect_due CROSS JOIN run ON run.id = effect.run
    WHERE effect.state = 0 AND effect.queue = ?1 AND (effect.due, effect.run) >= (?2, ?3) AND run.state = 1
    ORDER BY effect.due, effect.run";
/// By the run's own rows: the plus signs keep SQLite from walking over all that waits in the queue, whose index has all columns.
pub const GLUES: &str =
    "SELECT DISTINCT glued FROM effect WHERE run = ?1 AND +queue = ?2 AND +state = 0 AND glued IS NOT NULL ORDER BY glued";
pub const MATES: &str = "SELECT DISTINCT effect.run FROM effect INDEXED BY effect_glued CROSS JOIN run ON run.id = effect.run
    WHERE effect.state = 0 AND effect.glued = ?1 AND effect.queue = ?2 AND run.state = 1 ORDER BY effect.run";

impl Ask<'_> {
    pub fn due(self, queue: &str, from: Turn, now: Moment, most: usize) -> Result<(Vec<RunFile>, Option<Turn>)> {
        let Some(queue) = self.names.known(queue) else {
            return Ok((Vec::new(), None));
        };
        let mut statement = self.ready(WAITING)?;
        let mut waiting = statement.query_map((queue, from.due.0, from.run.0), turn)?;
        let mut groups = Groups::new(self, queue)?;
        let (mut files, mut bytes) = (Vec::new(), 0);
        while let Some(turn) = waiting.next().transpose()? {
            if groups.known.contains(&turn.run) {
                continue;
            }
            if turn.due > now || files.len() >= most || bytes >= FILES_BYTES_MOST {
                return Ok((files, Some(turn)));
            }
            let group = self.files(groups.of(turn.run)?.into_iter())?;
            bytes += group.iter().map(RunFile::bytes).sum::<usize>();
            files.extend(group);
        }
        Ok((files, None))
    }
}

fn turn(row: &Row<'_>) -> Result<Turn> {
    Ok(Turn { run: RunId(row.get(0)?), due: Moment(row.get(1)?) })
}

/// Runs that go together, each of them in one group.
struct Groups<'k> {
    queue: i64,
    glues_of: CachedStatement<'k>,
    mates_of: CachedStatement<'k>,
    looked_up: HashSet<i64>,
    known: HashSet<RunId>,
}

impl<'k> Groups<'k> {
    fn new(ask: Ask<'k>, queue: i64) -> Result<Groups<'k>> {
        let ready = |sql| ask.connection.prepare_cached(sql);
        let (glues_of, mates_of) = (ready(GLUES)?, ready(MATES)?);
        Ok(Groups { queue, glues_of, mates_of, looked_up: HashSet::new(), known: HashSet::new() })
    }

    /// A run with its mates, and the mates of mates: a run may have items in several exchanges.
    fn of(&mut self, run: RunId) -> Result<Vec<RunId>> {
        let (mut group, mut at) = (vec![run], 0);
        self.known.insert(run);
        while let Some(&run) = group.get(at) {
            let glues = self.glues_of.query_map((run.0, self.queue), |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>>>()?;
            for glue in glues.into_iter().filter(|&glue| self.looked_up.insert(glue)) {
                for mate in self.mates_of.query_map((glue, self.queue), |row| row.get(0).map(RunId))? {
                    let mate = mate?;
                    if self.known.insert(mate) {
                        group.push(mate);
                    }
                }
            }
            at += 1;
        }
        Ok(group)
    }
}
