//! Which events came in before, by the names that their senders gave them.
//!
//! An event lies in `event` in the order in which it came; how its name is found is written in `filing.rs`.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row};
use spanwright_core::fact::{Moment, Print, Seen};

use super::filing::{Cabinet, Filing, half_of};

pub const FILED: &str = "SELECT coalesce((SELECT value FROM meta WHERE name = 'filed'), 0)";
const NOTE_FILED: &str = "INSERT OR REPLACE INTO meta (name, value) VALUES ('filed', ?1)";
pub const LOOSE: &str = "SELECT front, seq FROM event WHERE seq > ?1";
const FILE: &str = "INSERT OR IGNORE INTO event_name (front, seq) VALUES (?1, ?2)";
const NEW: &str = "INSERT INTO event (seq, front, back, held, until) VALUES (?1, ?2, ?3, ?4, ?5)";
const BY_NUMBER: &str = "SELECT seq, held, until FROM event WHERE seq = ?1 AND front = ?2 AND back = ?3";
/// The newest last.
pub const BY_NAME: &str = "SELECT event.seq, event.held, event.until FROM event_name CROSS JOIN event ON event.seq = event_name.seq
    WHERE event_name.front = ?1 AND event.front = ?1 AND event.back = ?2 ORDER BY event_name.seq";
/// For who has no names in memory.
pub const AMONG_LOOSE: &str = "SELECT seq FROM event WHERE seq > ?1 AND front = ?2 AND back = ?3";
/// As earlier schemas kept them, and as the newest states of records lie.
pub const IN_SEEN: &str = "SELECT message, print, until FROM seen WHERE scope = ?1 AND key = ?2";

/// The name of an event: a digest of its scope and its key, in halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    front: i64,
    back: i64,
}

impl Name {
    /// Of an event of this scope.
    pub fn of(scope: &str, key: &str) -> Name {
        let mut hasher = blake3::Hasher::new();
        // No name of a scope has this byte in it.
        hasher.update(scope.as_bytes()).update(&[0]).update(key.as_bytes());
        let digest = hasher.finalize();
        Name { front: half_of(&digest, 0), back: half_of(&digest, 8) }
    }
}

/// Past its time, and there for its record alone: as an event it is new again. Tidying says so, and no clock of those who take
/// something in: one that is wrong for a moment would have all of it done twice.
pub const LET_GO: Moment = Moment(i64::MIN);

/// An event that came before.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// The number of its message, which may have been forgotten.
    pub message: Option<i64>,
    /// What it held.
    pub held: Option<Print>,
    /// Until when its name stands for it, at least; [`LET_GO`]: no longer.
    pub until: Moment,
}

/// What is asked of the file for each event, fetched once a transaction.
pub struct Asked<'t> {
    by_number: CachedStatement<'t>,
    by_name: CachedStatement<'t>,
    in_seen: CachedStatement<'t>,
    new: CachedStatement<'t>,
}

impl<'t> Asked<'t> {
    /// For this transaction.
    pub fn take(connection: &'t Connection) -> Result<Asked<'t>> {
        Ok(Asked {
            by_number: connection.prepare_cached(BY_NUMBER)?,
            by_name: connection.prepare_cached(BY_NAME)?,
            in_seen: connection.prepare_cached(IN_SEEN)?,
            new: connection.prepare_cached(NEW)?,
        })
    }
}

const CABINET: Cabinet = Cabinet { filed: FILED, note_filed: NOTE_FILED, loose: LOOSE, file: FILE };

/// The events that came.
#[derive(Debug)]
pub struct Events {
    /// Their names.
    pub filing: Filing,
}

impl Events {
    /// As the file has them.
    pub fn load(connection: &Connection) -> Result<Events> {
        Ok(Events { filing: Filing::load(&CABINET, connection)? })
    }

    /// The last event of this name. Within a transaction, which may have brought it.
    pub fn known(&self, asked: &mut Asked<'_>, scope: i64, seen: &Seen, name: Name) -> Result<Option<Known>> {
        let mut last = None;
        for seq in self.filing.loose_of(name.front) {
            last = asked.by_number.query_row((seq, name.front, name.back), known).optional()?.or(last);
        }
        if last.is_none() {
            last = asked.by_name.query_map((name.front, name.back), known)?.last().transpose()?;
        }
        match last {
            Some(last) => Ok(Some(last)),
            None => asked.in_seen.query_row((scope, &seen.key), known).optional(),
        }
    }

    /// An event came, with this message.
    pub fn came(&mut self, asked: &mut Asked<'_>, message: i64, seen: &Seen, name: Name) -> Result<()> {
        asked.new.execute((message, name.front, name.back, &seen.held, seen.until.0))?;
        self.filing.came(name.front, message);
        Ok(())
    }
}

fn known(row: &Row<'_>) -> Result<Known> {
    Ok(Known { message: row.get(0)?, held: row.get(1)?, until: Moment(row.get(2)?) })
}

/// The messages that this event brought; one in most cases, more where its name came again after it was forgotten. Without
/// `events` in memory, all that may not be filed are looked at.
pub fn messages_of(connection: &Connection, events: Option<&Events>, scope: (i64, &str), key: &str) -> Result<Vec<i64>> {
    let name = Name::of(scope.1, key);
    let mut messages: Vec<i64> = match events {
        Some(events) => {
            let mut by_number = connection.prepare_cached(BY_NUMBER)?;
            let found = events
                .filing
                .loose_of(name.front)
                .map(|seq| by_number.query_row((seq, name.front, name.back), |row| row.get(0)).optional());
            found.filter_map(Result::transpose).collect::<Result<_>>()?
        }
        None => {
            let filed: i64 = connection.query_row(FILED, [], |row| row.get(0))?;
            let mut among = connection.prepare_cached(AMONG_LOOSE)?;
            among.query_map((filed, name.front, name.back), |row| row.get(0))?.collect::<Result<_>>()?
        }
    };
    let mut by_name = connection.prepare_cached(BY_NAME)?;
    messages.extend(by_name.query_map((name.front, name.back), |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>>>()?);
    let in_seen = connection.prepare_cached(IN_SEEN)?.query_row((scope.0, key), |row| row.get::<_, Option<i64>>(0)).optional()?;
    messages.extend(in_seen.flatten());
    messages.sort_unstable();
    messages.dedup();
    Ok(messages)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use spanwright_core::fact::{Fact, ListFilter, PlanBundle, Receipt, RunId, Store};
    use spanwright_lab::conformance::code_of;

    use super::*;
    use crate::keep::{
        Keep, Look,
        filing::{FILED_AT_ONCE, LOOSE_MOST},
        tests::took,
    };

    /// More than wait, by this many.
    const MORE: u128 = 3000;
    const ALL: u128 = LOOSE_MOST as u128 + MORE;

    fn open(path: &Path) -> Keep {
        let mut keep = Keep::open(path, code_of).unwrap();
        keep.plan(&PlanBundle { hash: [1; 32], bundle: [0].as_slice().into(), language: 1 }).unwrap();
        keep
    }

    /// Named by its event, as most are.
    fn event(n: u128) -> Fact {
        match took(n, 2) {
            Fact::Took(mut took) => {
                took.key = took.seen.as_ref().map(|seen| seen.key.clone());
                Fact::Took(took)
            }
            _ => unreachable!(),
        }
    }

    fn count(keep: &Keep, sql: &str) -> i64 {
        keep.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn is_known(keep: &mut Keep, n: u128) -> bool {
        let Fact::Took(mut took) = event(n) else { unreachable!() };
        took.message += 1 << 64;
        keep.commit(&[Fact::Took(took)]).unwrap() == [Receipt::Duplicate]
    }

    fn runs_of(path: &Path, n: u128) -> Vec<i64> {
        let look = Look::open(path, code_of).unwrap();
        let filter = ListFilter { key: Some(format!("C{n}")), most: 9, ..ListFilter::default() };
        look.list(&filter).unwrap().iter().map(|line| line.run.0).collect()
    }

    #[test]
    fn an_event_is_known_and_found_whether_its_name_is_filed_or_waits() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        for first in (0..ALL).step_by(500) {
            keep.commit(&(first..ALL.min(first + 500)).map(event).collect::<Vec<_>>()).unwrap();
        }
        let filed = count(&keep, "SELECT count(*) FROM event_name");
        assert!(filed > 0 && keep.memory.events.filing.waiting() < LOOSE_MOST + 2 * FILED_AT_ONCE, "{filed}");
        let some = || (0..ALL).step_by(997).chain([0, ALL - 1]);
        assert!(some().all(|n| is_known(&mut keep, n)));
        assert!(some().all(|n| runs_of(&path, n) == [n as i64 + 1]));
        // Only what is not filed is read again at a start; what was filed since the last round is in memory once more.
        drop(keep);
        let mut keep = open(&path);
        assert_eq!(keep.memory.events.filing.waiting(), ALL as usize);
        assert!(some().all(|n| is_known(&mut keep, n)));
        assert!(!is_known(&mut keep, ALL));
    }

    /// With every commit some are filed, until a round is over.
    #[test]
    fn behind_a_round_a_start_reads_what_came_since_it_began() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        let mut n = 0;
        while count(&keep, FILED) == 0 {
            keep.commit(&(n..n + 256).map(event).collect::<Vec<_>>()).unwrap();
            n += 256;
        }
        let filed = count(&keep, FILED);
        assert!(filed > LOOSE_MOST as i64 && n > filed as u128 + 256, "{filed} of {n}");
        assert_eq!(Look::open(&path, code_of).unwrap().verify().unwrap().faults, [""; 0]);
        drop(keep);
        let mut keep = open(&path);
        assert_eq!(keep.memory.events.filing.waiting() as u128, n - filed as u128);
        assert!((0..n).step_by(1009).chain([0, n - 1]).all(|n| is_known(&mut keep, n)));
        assert!((0..n).step_by(50_021).all(|n| runs_of(&path, n) == [n as i64 + 1]));
        // One that was filed and is not in the index any more would be taken twice.
        keep.connection.execute_batch("DELETE FROM event_name WHERE seq = 9").unwrap();
        let faults = Look::open(&path, code_of).unwrap().verify().unwrap().faults;
        assert_eq!(faults, ["an event that is not found by its name, 1 times"]);
    }

    #[test]
    fn what_a_commit_that_failed_noted_is_forgotten() {
        let folder = crate::keep::tests::in_memory();
        let mut keep = open(&folder.path().join("journal.db"));
        let before = format!("{:?}", keep.memory.events);
        keep.connection
            .execute_batch("CREATE TEMP TRIGGER no BEFORE INSERT ON run WHEN new.id = 3 BEGIN SELECT raise(ABORT, 'no'); END")
            .unwrap();
        keep.commit(&[event(1), event(2), event(3)]).unwrap_err();
        assert_eq!(format!("{:?}", keep.memory.events), before);
        keep.connection.execute_batch("DROP TRIGGER no").unwrap();
        assert_eq!(keep.commit(&[event(1), event(1)]).unwrap(), [Receipt::Taken(RunId(1)), Receipt::Duplicate]);
    }

    #[test]
    fn what_is_past_its_time_goes_from_the_index_too() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        keep.commit(&(0..2_000).map(event).collect::<Vec<_>>()).unwrap();
        keep.connection.execute_batch("INSERT INTO event_name SELECT front, seq FROM event").unwrap();
        keep.connection.execute_batch("UPDATE event SET until = 99 WHERE seq % 2").unwrap();
        // What names a record as well is found by it as long as its message is there.
        keep.connection.execute_batch("UPDATE message SET found_by = NULL WHERE seq <> 4").unwrap();
        while keep.tidy(Moment(50), Moment(0)).unwrap() {}
        for table in ["event", "event_name"] {
            assert_eq!(count(&keep, &format!("SELECT count(*) FROM {table}")), 1_001, "{table}");
        }
        assert_eq!((is_known(&mut keep, 0), is_known(&mut keep, 1)), (true, false));
    }

    #[test]
    fn an_event_that_an_earlier_schema_knew_is_known() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        keep.commit(&[event(1), event(2)]).unwrap();
        // As schema 5 had it.
        keep.connection
            .execute_batch(
                "INSERT INTO seen (scope, key, message, until) SELECT source, key, seq, 9 FROM message WHERE seq = 1; DELETE FROM event WHERE seq = 1",
            )
            .unwrap();
        drop(keep);
        let mut keep = open(&path);
        assert!(is_known(&mut keep, 1) && is_known(&mut keep, 2));
        assert_eq!((runs_of(&path, 1), runs_of(&path, 2)), (vec![1], vec![2]));
    }
}
