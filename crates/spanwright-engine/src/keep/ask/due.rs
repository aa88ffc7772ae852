//! What is due in a queue.
//!
//! An effect whose last outcome is unknown is glued to the exchange it was in: the same composition must be sent
//! again under the same key. So whoever gets one of such a group gets all of them.

use std::collections::HashSet;

use rusqlite::{Result, Rows};
use spanwright_core::fact::{Moment, RunFile, RunId};

use super::Ask;

pub const WAITING: &str = "SELECT effect.run, effect.due FROM effect INDEXED BY effect_due CROSS JOIN run ON run.id = effect.run
    WHERE effect.state = 0 AND effect.queue = ?1 AND run.state = 1 ORDER BY effect.due, effect.run";
pub const GLUES: &str =
    "SELECT DISTINCT glued FROM effect WHERE run = ?1 AND queue = ?2 AND state = 0 AND glued IS NOT NULL ORDER BY glued";
pub const MATES: &str = "SELECT DISTINCT effect.run FROM effect INDEXED BY effect_glued CROSS JOIN run ON run.id = effect.run
    WHERE effect.state = 0 AND effect.glued = ?1 AND effect.queue = ?2 AND run.state = 1 ORDER BY effect.run";

/// The runs chosen so far, in the order of choice.
#[derive(Default)]
struct Chosen {
    runs: Vec<RunId>,
    known: HashSet<RunId>,
}

impl Chosen {
    fn add(&mut self, run: RunId) {
        if self.known.insert(run) {
            self.runs.push(run);
        }
    }
}

impl Ask<'_> {
    pub fn due(self, queue: &str, now: Moment, most: usize) -> Result<(Vec<RunFile>, Option<Moment>)> {
        let Some(queue) = self.names.known(queue) else {
            return Ok((Vec::new(), None));
        };
        let mut statement = self.ready(WAITING)?;
        let mut waiting = statement.query([queue])?;
        let mut chosen = Chosen::default();
        let behind = choose(&mut waiting, now, most, &mut chosen)?;
        self.add_mates(queue, &mut chosen)?;
        let next = first_left(behind, &mut waiting, &chosen)?;
        Ok((self.files(chosen.runs.into_iter())?, next))
    }

    // Also the mates of mates: a run may have items in several exchanges.
    fn add_mates(self, queue: i64, chosen: &mut Chosen) -> Result<()> {
        let (mut glues_of, mut mates_of) = (self.ready(GLUES)?, self.ready(MATES)?);
        let mut looked_up = HashSet::new();
        let mut at = 0;
        while let Some(&run) = chosen.runs.get(at) {
            let glues = glues_of.query_map((run.0, queue), |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>>>()?;
            for glue in glues.into_iter().filter(|&glue| looked_up.insert(glue)) {
                for mate in mates_of.query_map((glue, queue), |row| row.get(0).map(RunId))? {
                    chosen.add(mate?);
                }
            }
            at += 1;
        }
        Ok(())
    }
}

type Waiting = Option<(RunId, Moment)>;

fn read(waiting: &mut Rows<'_>) -> Result<Waiting> {
    waiting.next()?.map(|row| Ok((RunId(row.get(0)?), Moment(row.get(1)?)))).transpose()
}

/// Chooses the first; gives the first that was read and not chosen.
fn choose(waiting: &mut Rows<'_>, now: Moment, most: usize, chosen: &mut Chosen) -> Result<Waiting> {
    while let Some((run, due)) = read(waiting)? {
        let is_next = due <= now && chosen.runs.len() < most;
        if !is_next && !chosen.known.contains(&run) {
            return Ok(Some((run, due)));
        }
        chosen.add(run);
    }
    Ok(None)
}

fn first_left(behind: Waiting, waiting: &mut Rows<'_>, chosen: &Chosen) -> Result<Option<Moment>> {
    let mut candidate = behind;
    while let Some((run, due)) = candidate {
        if !chosen.known.contains(&run) {
            return Ok(Some(due));
        }
        candidate = read(waiting)?;
    }
    Ok(None)
}
