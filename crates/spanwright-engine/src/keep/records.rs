//! The messages about a record: those that have its key.
//!
//! A message with a key that is more than the name of its event is a row of `record`, in the order in which it came; how its key is
//! found is written in `filing.rs`. What came before schema 7 is in an index of its own, `message_key`, until it is forgotten.

use rusqlite::{CachedStatement, Connection, Result};

use super::filing::{Cabinet, Filing, half_of};

pub const FILED: &str = "SELECT coalesce((SELECT value FROM meta WHERE name = 'filed records'), 0)";
const NOTE_FILED: &str = "INSERT OR REPLACE INTO meta (name, value) VALUES ('filed records', ?1)";
pub const LOOSE: &str = "SELECT front, seq FROM record WHERE seq > ?1";
const FILE: &str = "INSERT OR IGNORE INTO record_key (front, seq) VALUES (?1, ?2)";
pub const NEW: &str = "INSERT INTO record (seq, front) VALUES (?1, ?2)";
pub const BY_KEY: &str = "SELECT seq FROM record_key WHERE front = ?1";
pub const NEWEST_BY_KEY: &str = "SELECT seq FROM record_key WHERE front = ?1 ORDER BY seq DESC LIMIT ?2";
/// For who has no keys in memory.
pub const AMONG_LOOSE: &str = "SELECT seq FROM record WHERE seq > ?1 AND front = ?2";
pub const OF_EARLIER_SCHEMAS: &str = "SELECT seq FROM message INDEXED BY message_key WHERE key = ?1 AND found_by IS NULL";
/// The version of the last state of a record, where that is another one than this and still here.
pub const LAST_STATE: &str = "SELECT message.version FROM seen CROSS JOIN message ON message.seq = seen.message
    WHERE seen.scope = ?1 AND seen.key = ?2 AND seen.print <> ?3";
/// Whether a message is this state of a record; of one whose body was forgotten nobody knows.
pub const IS_STATE: &str = "SELECT 1 FROM message CROSS JOIN body ON body.id = message.body
    WHERE message.seq = ?1 AND message.source = ?2 AND message.key = ?3 AND message.version = ?4 AND body.data = ?5";
const CABINET: Cabinet = Cabinet { filed: FILED, note_filed: NOTE_FILED, loose: LOOSE, file: FILE };

/// The messages about records.
#[derive(Debug)]
pub struct Records {
    /// Their keys.
    pub filing: Filing,
}

impl Records {
    /// As the file has them.
    pub fn load(connection: &Connection) -> Result<Records> {
        Ok(Records { filing: Filing::load(&CABINET, connection)? })
    }

    /// A message with this key came.
    pub fn came(&mut self, new: &mut CachedStatement<'_>, message: i64, key: &str) -> Result<()> {
        let front = front_of(key);
        new.execute((message, front))?;
        self.filing.came(front, message);
        Ok(())
    }
}

/// What a key is filed under.
pub fn front_of(key: &str) -> i64 {
    half_of(&blake3::hash(key.as_bytes()), 0)
}

/// Messages that may have this key and may not be filed. Without `records` in memory, all that came behind the last round are
/// looked at.
pub fn loose_of(connection: &Connection, records: Option<&Records>, key: &str) -> Result<Vec<i64>> {
    let front = front_of(key);
    match records {
        Some(records) => Ok(records.filing.loose_of(front).collect()),
        None => {
            let filed: i64 = connection.query_row(FILED, [], |row| row.get(0))?;
            connection.prepare_cached(AMONG_LOOSE)?.query_map((filed, front), |row| row.get(0))?.collect()
        }
    }
}

/// All messages that may have this key.
pub fn messages_of(connection: &Connection, records: Option<&Records>, key: &str) -> Result<Vec<i64>> {
    let mut messages = loose_of(connection, records, key)?;
    messages
        .extend(connection.prepare_cached(BY_KEY)?.query_map([front_of(key)], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>>>()?);
    messages
        .extend(connection.prepare_cached(OF_EARLIER_SCHEMAS)?.query_map([key], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>>>()?);
    Ok(messages)
}

/// The newest messages that may have this key, but for those of before schema 7, the newest first.
pub fn newest_of(connection: &Connection, records: &Records, key: &str, most: usize) -> Result<Vec<i64>> {
    let front = front_of(key);
    let mut messages: Vec<i64> = records.filing.loose_of(front).rev().take(most).collect();
    let mut by_key = connection.prepare_cached(NEWEST_BY_KEY)?;
    messages.extend(by_key.query_map((front, most.cast_signed()), |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>>>()?);
    messages.sort_unstable_by(|one, other| other.cmp(one));
    messages.dedup();
    messages.truncate(most);
    Ok(messages)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use spanwright_core::fact::{
        Ending, Fact, Forget, ListFilter, Moment, PlanBundle, RunId, StopKind, Stopped, StoppedFilter, Store, is_newer,
    };
    use spanwright_lab::conformance::code_of;
    use spanwright_shape::text::Failure;

    use crate::keep::{
        Keep, Look,
        ask::{FILED, THESE},
        filing::{FILED_AT_ONCE, LOOSE_MOST},
        tests::took,
    };

    const MORE: u128 = 3000;
    const ALL: u128 = LOOSE_MOST as u128 + MORE;

    fn open(path: &Path) -> Keep {
        let mut keep = Keep::open(path, code_of).unwrap();
        keep.plan(&PlanBundle { hash: [1; 32], bundle: [0].as_slice().into(), language: 1 }).unwrap();
        keep
    }

    /// A state of a record, of which there are as many as this.
    fn state(n: u128, records: u128) -> Fact {
        match took(n, 2) {
            Fact::Took(mut took) => {
                (took.key, took.seen) = (Some(format!("R{}", n % records).into()), None);
                Fact::Took(took)
            }
            _ => unreachable!(),
        }
    }

    fn ended(n: u128, ending: Ending) -> Fact {
        Fact::Ended { run: RunId(n as i64 + 1), ending, at: Moment(9) }
    }

    fn stopped() -> Ending {
        let failure = Failure::new(code_of("R0001"), "it said no");
        Ending::Stopped(Stopped { kind: StopKind::Dead, node: "crm".into(), failure, undone: false })
    }

    fn count(keep: &Keep, sql: &str) -> i64 {
        keep.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn runs_of(path: &Path, key: &str) -> Vec<i64> {
        let look = Look::open(path, code_of).unwrap();
        let filter = ListFilter { key: Some(key.into()), most: 9, ..ListFilter::default() };
        look.list(&filter).unwrap().iter().map(|line| line.run.0).collect()
    }

    #[test]
    fn a_record_is_found_and_its_newer_states_known_whether_its_key_is_filed_or_waits() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        let records = ALL - MORE;
        for first in (0..ALL).step_by(500) {
            keep.commit(&(first..ALL.min(first + 500)).map(|n| state(n, records)).collect::<Vec<_>>()).unwrap();
        }
        let filed = count(&keep, "SELECT count(*) FROM record_key");
        // Some of which the index alone knows, and of which both states are there.
        let both = "SELECT min(seq), max(seq) FROM record_key GROUP BY front HAVING count(*) = 2";
        let early: Vec<(i64, i64)> = keep
            .connection
            .prepare(both)
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(!early.is_empty());
        for (first, last) in early {
            assert_eq!(runs_of(&path, &format!("R{}", first - 1)), [last, first]);
            assert!(keep.overtaken(RunId(first)).unwrap() && !keep.overtaken(RunId(last)).unwrap());
        }
        assert!(filed > 0 && keep.memory.records.filing.waiting() < LOOSE_MOST + 2 * FILED_AT_ONCE, "{filed}");
        for _ in 0..2 {
            for n in (0..ALL).step_by(991).chain([0, ALL - 1]) {
                let newer = n + records < ALL;
                let all = if newer { vec![(n + records) as i64 + 1, n as i64 + 1] } else { vec![n as i64 + 1] };
                let found = runs_of(&path, &format!("R{n}"));
                assert!(n >= records || found == all, "{n}: {found:?} of {all:?}");
                assert_eq!(keep.overtaken(RunId(n as i64 + 1)).unwrap(), newer, "{n}");
            }
            // Once more, as it is read at a start.
            drop(keep);
            keep = open(&path);
        }
        assert_eq!(Look::open(&path, code_of).unwrap().verify().unwrap().faults, [""; 0]);
    }

    #[test]
    fn what_is_forgotten_is_found_by_no_key() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        keep.commit(&(0..2_000).map(|n| state(n, 1000)).collect::<Vec<_>>()).unwrap();
        keep.connection.execute_batch("INSERT INTO record_key SELECT front, seq FROM record").unwrap();
        keep.commit(&(0..1_000).map(|n| ended(n, Ending::Done)).collect::<Vec<_>>()).unwrap();
        keep.commit(&(0..1_000).map(|n| Fact::Forgot { run: RunId(n + 1), what: Forget::All }).collect::<Vec<_>>()).unwrap();
        assert_eq!(runs_of(&path, "R7"), [1_008]);
        while keep.tidy(Moment(50), Moment(0)).unwrap() {}
        for table in ["record", "record_key", "message"] {
            assert_eq!(count(&keep, &format!("SELECT count(*) FROM {table}")), 1_000, "{table}");
        }
    }

    #[test]
    fn a_key_of_an_earlier_schema_is_found_beside_those_of_today() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        keep.commit(&[state(0, 1), state(1, 1), state(2, 1)]).unwrap();
        // As schema 6 had it.
        keep.connection.execute_batch("UPDATE message SET found_by = NULL WHERE seq < 3; DELETE FROM record WHERE seq < 3").unwrap();
        drop(keep);
        let mut keep = open(&path);
        keep.commit(&[ended(0, stopped()), ended(1, stopped()), ended(2, stopped())]).unwrap();
        assert_eq!(runs_of(&path, "R0"), [3, 2, 1]);
        assert!(!keep.overtaken(RunId(1)).unwrap());
        keep.commit(&[state(3, 1)]).unwrap();
        assert!((1..=3).all(|run| keep.overtaken(RunId(run)).unwrap()) && !keep.overtaken(RunId(4)).unwrap());
    }

    #[test]
    fn a_key_that_was_filed_and_is_not_in_the_index_any_more_is_told() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        keep.commit(&(0..10).map(|n| state(n, 10)).collect::<Vec<_>>()).unwrap();
        keep.connection
            .execute_batch(
                "INSERT INTO record_key SELECT front, seq FROM record WHERE seq <> 9; INSERT INTO meta VALUES ('filed records', 10)",
            )
            .unwrap();
        let faults = Look::open(&path, code_of).unwrap().verify().unwrap().faults;
        assert_eq!(faults, ["a message that is not found by its key, 1 times"]);
        keep.connection.execute_batch("DELETE FROM record WHERE seq IN (3, 4)").unwrap();
        let faults = Look::open(&path, code_of).unwrap().verify().unwrap().faults;
        assert_eq!(faults, ["a message that is not found by its key, 3 times"]);
    }

    /// A state of a record that is now in this version, or in none.
    fn version(n: u128, version: Option<String>) -> Fact {
        match state(n, 1) {
            Fact::Took(mut took) => {
                took.version = version.map(Into::into);
                Fact::Took(took)
            }
            _ => unreachable!(),
        }
    }

    #[test]
    fn of_many_dead_letters_of_one_record_is_said_what_is_said_of_each() {
        for seed in 0..40_u64 {
            let folder = crate::keep::tests::in_memory();
            let path = folder.path().join("journal.db");
            let mut keep = open(&path);
            let roll = |n: u64, sides: u64| ((n + 1_031 * seed + 7).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % sides;
            let versions: Vec<Option<String>> = (0..60).map(|n| (roll(n, 4) > 0).then(|| roll(n + 99, 20).to_string())).collect();
            let done: Vec<bool> = (0..60).map(|n| roll(n + 999, 8) == 0).collect();
            let taken: Vec<Fact> = versions.iter().enumerate().map(|(n, of)| version(n as u128, of.clone())).collect();
            keep.commit(&taken).unwrap();
            let over = done.iter().enumerate().map(|(n, done)| ended(n as u128, if *done { Ending::Done } else { stopped() }));
            keep.commit(&over.collect::<Vec<_>>()).unwrap();
            if seed % 2 == 0 {
                // Some are filed, the others wait.
                keep.connection.execute_batch("INSERT INTO record_key SELECT front, seq FROM record WHERE seq % 3 = 0").unwrap();
            }
            let of = |n: usize| (versions[n].as_deref(), n as i64);
            let is_overtaken = |n: usize| (0..60).any(|other| done[other] && is_newer(of(other), of(n)));
            let expected: Vec<(i64, bool)> = (0..60).filter(|n| !done[*n]).map(|n| (n as i64 + 1, is_overtaken(n))).collect();
            let found = keep.stopped(&StoppedFilter::default(), RunId(0), RunId(99), 99).unwrap();
            assert_eq!(found.iter().map(|stopped| (stopped.run.0, stopped.overtaken)).collect::<Vec<_>>(), expected, "{seed}");
            let looked = Look::open(&path, code_of).unwrap().stopped(&StoppedFilter::default(), RunId(0), RunId(99), 99).unwrap();
            assert_eq!(looked, found, "{seed}");
            for (run, overtaken) in expected {
                assert_eq!(keep.overtaken(RunId(run)).unwrap(), overtaken, "{seed}: {run}");
            }
        }
    }

    /// Steps of SQLite that this question has cost so far.
    fn steps(keep: &Keep, sql: &str) -> i32 {
        keep.connection.prepare_cached(sql).unwrap().get_status(rusqlite::StatementStatus::VmStep)
    }

    #[test]
    fn the_states_of_a_record_are_walked_over_once_for_all_of_its_dead_letters() {
        const STATES: u128 = 2_000;
        let folder = crate::keep::tests::in_memory();
        let mut keep = open(&folder.path().join("journal.db"));
        keep.commit(&(0..STATES).map(|n| version(n, Some(n.to_string()))).collect::<Vec<_>>()).unwrap();
        let ending = |n| if n < STATES / 2 { Ending::Done } else { stopped() };
        keep.commit(&(0..STATES).map(|n| ended(n, ending(n))).collect::<Vec<_>>()).unwrap();
        keep.connection.execute_batch("INSERT INTO record_key SELECT front, seq FROM record").unwrap();
        keep.overtaken(RunId(STATES as i64)).unwrap();
        let once = steps(&keep, FILED) + steps(&keep, THESE);
        let found = keep.stopped(&StoppedFilter::default(), RunId(0), RunId(i64::MAX), STATES as usize).unwrap();
        assert_eq!(found.iter().filter(|stopped| !stopped.overtaken).count(), STATES as usize / 2);
        let all = steps(&keep, FILED) + steps(&keep, THESE);
        assert!(all < 3 * once, "{once} steps of one, {all} of all");
    }

    #[test]
    fn without_a_version_nothing_that_came_before_is_looked_at() {
        let folder = crate::keep::tests::in_memory();
        let mut keep = open(&folder.path().join("journal.db"));
        keep.commit(&(0..2_000).map(|n| version(n, None)).collect::<Vec<_>>()).unwrap();
        keep.commit(&(0..2_000).map(|n| ended(n, if n < 1_999 { Ending::Done } else { stopped() })).collect::<Vec<_>>()).unwrap();
        keep.connection.execute_batch("INSERT INTO record_key SELECT front, seq FROM record").unwrap();
        assert!(!keep.overtaken(RunId(2_000)).unwrap());
        let steps = steps(&keep, FILED) + steps(&keep, THESE);
        assert!(steps < 200, "{steps} steps");
    }

    #[test]
    fn the_newest_states_of_a_record_are_found_whatever_they_are() {
        let folder = crate::keep::tests::in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = open(&path);
        keep.commit(&(0..1_000).map(|n| state(n, 1)).collect::<Vec<_>>()).unwrap();
        let ending = |n| if n == 3 || n == 901 { stopped() } else { Ending::Done };
        keep.commit(&(0..990).map(|n| ended(n, ending(n))).collect::<Vec<_>>()).unwrap();
        let look = Look::open(&path, code_of).unwrap();
        let runs = |state: Option<&str>, most| {
            let filter = ListFilter { key: Some("R0".into()), state: state.map(Into::into), most, ..ListFilter::default() };
            look.list(&filter).unwrap().iter().map(|line| line.run.0).collect::<Vec<_>>()
        };
        assert_eq!(runs(None, 3), [1_000, 999, 998]);
        assert_eq!(runs(None, 5_000), (1..=1_000).rev().collect::<Vec<_>>());
        assert_eq!(runs(Some("dead"), 9), [902, 4]);
        assert_eq!(runs(Some("done"), 2), [990, 989]);
        assert_eq!((runs(Some("open"), 99).len(), runs(Some("stuck"), 9), runs(Some("uncertain"), 9)), (10, vec![], vec![]));
    }
}
