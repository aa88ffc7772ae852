//! The invariants, each a sentence beside its check, over what was told to the senders, what the till did, and the tables of the journal.
//!
//! Nothing of the engine is asked: the journal is read as any SQLite file, by the names of its tables.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// A commit of the engine is waited for so long.
const BUSY_TIME: Duration = Duration::from_secs(5);

/// A message asks the till for one thing after the other, and for no other one before the outcome is on the disk.
const UNSETTLED_MOST: i64 = 1;

/// What is judged.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the senders wrote down.
    pub history: PathBuf,
    /// What the till wrote down.
    pub ledger: PathBuf,
    /// The journal.
    pub journal: PathBuf,
    /// How often the process was killed.
    pub kills: u64,
    /// Changes that the till told.
    pub changes: u64,
    /// The clock was turned meanwhile: what is old by it is given up, and its times are in no order.
    pub clock_turned: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// Messages that were accepted over HTTP.
    pub accepted: u64,
    /// Messages that were taken in by the poll.
    pub polled: u64,
    /// Messages of which the sender gave up.
    pub unheard: u64,
    /// What the till did.
    pub effects: u64,
    /// Requests that the till had obeyed before.
    pub repeats: u64,
    /// Pairs that were undone.
    pub undone: u64,
    /// Sentences that are not true; there should be none.
    pub broken: Vec<String>,
}

/// A run of the journal.
struct Run {
    message: String,
    flow: String,
    state: i64,
}

const DONE: i64 = 2;
const DEAD: i64 = 4;
const UNCERTAIN: i64 = 5;

#[derive(Default)]
struct History {
    sent: HashSet<String>,
    /// The message's id, by the sender's.
    accepted: HashMap<String, String>,
    refused: HashSet<String>,
    malformed: HashSet<String>,
    unheard: u64,
}

#[derive(Default)]
struct Done {
    /// What was done of each thing, in order.
    of: HashMap<String, Vec<String>>,
    /// Of each account, in order.
    taken: HashMap<String, Vec<u64>>,
    /// How often each key was asked, by operation.
    asked: HashMap<(String, String), u64>,
    /// How often somebody asked for each thing.
    asked_for: HashMap<String, u64>,
    effects: u64,
}

/// Judges, once all has come to rest.
///
/// # Errors
/// A file cannot be read.
pub fn judge(case: &Case) -> io::Result<Judged> {
    let (history, done) = (history(&case.history)?, ledger(&case.ledger)?);
    let journal = look(&case.journal).map_err(io::Error::other)?;
    let runs = runs(&journal).map_err(io::Error::other)?;
    let mut judged = Judged {
        accepted: history.accepted.len() as u64,
        polled: runs.keys().filter(|id| id.starts_with("change-")).count() as u64,
        unheard: history.unheard,
        effects: done.effects,
        repeats: done.asked.values().map(|asked| asked - 1).sum(),
        ..Judged::default()
    };
    let broken = &mut judged.broken;
    kept(&history, &runs, broken);
    done_as_ended(&runs, &done, broken);
    if !case.clock_turned {
        ends_well(&runs, broken);
    }
    once(&done, broken);
    nothing_else(&history, &done, case, broken);
    in_order(&done, broken);
    cursor(&journal, &runs, case, broken).map_err(io::Error::other)?;
    trails(&journal, &done, case, broken).map_err(io::Error::other)?;
    judged.undone = undone(&runs, &done, broken);
    at_rest(&history, &runs, broken);
    Ok(judged)
}

/// I1: what was accepted is in the journal, once, under the id that its sender was told.
fn kept(history: &History, runs: &BTreeMap<String, Vec<Run>>, broken: &mut Vec<String>) {
    for (id, message) in &history.accepted {
        match runs.get(id).map(Vec::as_slice) {
            Some([run]) if run.message == message.replace('-', "") => {}
            Some([run]) => broken.push(format!("I1 {id} was accepted as {message}, and is {}", run.message)),
            Some(many) => broken.push(format!("I1 {id} is there {} times", many.len())),
            None => broken.push(format!("I1 {id} was accepted and is gone")),
        }
    }
}

/// I1: what the journal says is done was done, by the ledger of who did it.
fn done_as_ended(runs: &BTreeMap<String, Vec<Run>>, done: &Done, broken: &mut Vec<String>) {
    for (id, run) in runs.iter().flat_map(|(id, runs)| runs.iter().map(move |run| (id, run))).filter(|(_, run)| run.state == DONE) {
        let wanted: &[&str] = if run.flow == "pairs" { &["reserve", "confirm"] } else { &["take"] };
        let did = done.of.get(id).map(Vec::as_slice).unwrap_or_default();
        if did != wanted {
            broken.push(format!("I1 {id} is done, and the till did {did:?}"));
        }
    }
}

/// I1: what the till is asked for under a key, and never refuses, ends well however often the engine was killed.
fn ends_well(runs: &BTreeMap<String, Vec<Run>>, broken: &mut Vec<String>) {
    let keyed = runs.iter().flat_map(|(id, runs)| runs.iter().map(move |run| (id, run))).filter(|(_, run)| run.flow != "pairs");
    broken.extend(keyed.filter(|(_, run)| run.state > DONE).map(|(id, run)| format!("I1 {id} ended in state {}", run.state)));
}

/// I2: nothing was done twice, whatever was killed or cut.
fn once(done: &Done, broken: &mut Vec<String>) {
    for (id, did) in &done.of {
        let different: BTreeSet<&String> = did.iter().collect();
        if different.len() < did.len() {
            broken.push(format!("I2 of {id} the till did {did:?}"));
        }
    }
}

/// I3: nothing was done that nobody had sent, or that had been refused.
fn nothing_else(history: &History, done: &Done, case: &Case, broken: &mut Vec<String>) {
    for id in done.of.keys() {
        let change = id.strip_prefix("change-").and_then(|n| n.parse::<u64>().ok());
        let known = change.map_or_else(|| history.sent.contains(id), |n| (1..=case.changes).contains(&n));
        if !known || history.refused.contains(id) || history.malformed.contains(id) {
            broken.push(format!("I3 {id} was done, and nobody may have it done"));
        }
    }
    // Only what cannot be read is refused for good.
    broken.extend(history.refused.difference(&history.malformed).map(|id| format!("I3 {id} was refused for good")));
}

/// I4: the messages of one account were done in the order in which they were sent.
fn in_order(done: &Done, broken: &mut Vec<String>) {
    for (account, numbers) in done.taken.iter().filter(|(account, _)| *account != "changes") {
        if let Some(two) = numbers.windows(2).find(|two| two[0] >= two[1]) {
            broken.push(format!("I4 of {account} number {} was done after {}", two[1], two[0]));
        }
    }
}

/// I5: the cursor is never beyond what is stored: every number up to it is there.
fn cursor(journal: &Connection, runs: &BTreeMap<String, Vec<Run>>, case: &Case, broken: &mut Vec<String>) -> rusqlite::Result<()> {
    let cursor = cursor_of(journal)?;
    if cursor != case.changes {
        broken.push(format!("I5 the cursor is at {cursor} of {}", case.changes));
    }
    broken.extend(
        (1..=cursor).filter(|n| runs.get(&format!("change-{n}")).is_none_or(|runs| runs.len() != 1)).map(|n| format!("I5 change {n}")),
    );
    Ok(())
}

fn cursor_of(journal: &Connection) -> rusqlite::Result<u64> {
    let value: Vec<Vec<u8>> = journal
        .prepare("SELECT value FROM cursor WHERE value IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(value.first().and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(0))
}

/// The journal, beside an engine that may write it.
fn look(journal: &Path) -> rusqlite::Result<Connection> {
    let journal = Connection::open_with_flags(journal, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    journal.busy_timeout(BUSY_TIME)?;
    Ok(journal)
}

/// I5, at any moment: the cursor is not beyond the last change that is stored, and as many are stored as it counts. To be asked while
/// the engine runs; the number of messages that are stored.
///
/// # Errors
/// It is not so, or the journal cannot be read.
pub fn kept_so_far(journal: &Path) -> io::Result<u64> {
    let journal = look(journal).map_err(io::Error::other)?;
    journal.execute_batch("BEGIN").map_err(io::Error::other)?;
    let cursor = cursor_of(&journal).map_err(io::Error::other)?;
    let number = |sql: &str| journal.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs).map_err(io::Error::other);
    let changes = number("SELECT count(*) FROM run JOIN name ON name.id = run.flow WHERE name.text = 'changes'")?;
    if changes < cursor {
        Err(io::Error::other(format!("I5 the cursor is at {cursor}, and {changes} are stored")))
    } else {
        number("SELECT count(*) FROM run")
    }
}

/// How many messages are over, and how many are open: at a moment of an engine that runs.
///
/// # Errors
/// The journal cannot be read.
pub fn over_and_open(journal: &Path) -> io::Result<(u64, u64)> {
    let journal = look(journal).map_err(io::Error::other)?;
    let both = "SELECT count(*) FILTER (WHERE state > 1), count(*) FILTER (WHERE state <= 1) FROM run";
    let number = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
    journal.query_row(both, [], |row| Ok((number(row, 0)?, number(row, 1)?))).map_err(io::Error::other)
}

/// I6: attempts are numbered from 1 without a hole; and of each message the till read no more requests than its trail has, but for
/// those whose outcomes were not on the disk when the engine was killed, of which its trail says when that was.
fn trails(journal: &Connection, done: &Done, case: &Case, broken: &mut Vec<String>) -> rusqlite::Result<()> {
    let holes: i64 = journal.query_row(
        "SELECT count(*) FROM effect WHERE n IS NOT NULL AND n <> 1 +
            (SELECT count(*) FROM attempt WHERE attempt.run = effect.run AND attempt.node = effect.node AND attempt.item = effect.item
                AND attempt.way = effect.way AND attempt.n < effect.n)",
        [],
        |row| row.get(0),
    )?;
    if holes > 0 {
        broken.push(format!("I6 {holes} trails have a hole"));
    }
    let cuts: i64 = journal.query_row("SELECT count(*) FROM cut_off", [], |row| row.get(0))?;
    if cuts.unsigned_abs() > case.kills {
        broken.push(format!("I6 {cuts} lives were cut off, and there were {} kills", case.kills));
    }
    let mut statement = journal.prepare(
        "SELECT json_extract(CAST(body.data AS TEXT), '$.id'),
            (SELECT count(*) FROM attempt WHERE attempt.run = run.id) + (SELECT count(*) FROM effect WHERE effect.run = run.id AND n IS NOT NULL),
            (SELECT count(*) FROM cut_off WHERE (?1 OR cut_off.at BETWEEN message.received AND run.changed) AND cut_off.upto >= run.id)
         FROM run JOIN message ON message.seq = run.id JOIN body ON body.id = message.body",
    )?;
    let mut rows = statement.query([case.clock_turned])?;
    while let Some(row) = rows.next()? {
        let (id, noted, cuts): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let asked = done.asked_for.get(&id).copied().unwrap_or_default();
        if asked > (noted + cuts * UNSETTLED_MOST).unsigned_abs() {
            broken.push(format!(
                "I6 the till was asked {asked} times for {id}, whose trail has {noted} tries and {cuts} lives that were cut off"
            ));
        }
    }
    Ok(())
}

/// I7: a pair is reserved and confirmed, or reserved and released, in this order; the number of the latter. Where nobody knows whether
/// it was confirmed, it is not released.
fn undone(runs: &BTreeMap<String, Vec<Run>>, done: &Done, broken: &mut Vec<String>) -> u64 {
    let mut undone = 0;
    for (id, run) in runs.iter().flat_map(|(id, runs)| runs.iter().map(move |run| (id, run))).filter(|(_, run)| run.flow == "pairs") {
        let did = done.of.get(id).map(Vec::as_slice).unwrap_or_default();
        match run.state {
            DEAD | UNCERTAIN if did == ["reserve", "release"] => undone += 1,
            // Reserving was given up: it had never happened, or nobody knows, and then it is released.
            DEAD if did.is_empty() => {}
            UNCERTAIN if did == ["release"] => {}
            DONE => {}
            UNCERTAIN if did == ["reserve"] || did == ["reserve", "confirm"] => {}
            state => broken.push(format!("I7 {id} ended in state {state}, and the till did {did:?}")),
        }
    }
    undone
}

/// I9: nothing is open, and there is no more than was accepted and what its sender gave up.
fn at_rest(history: &History, runs: &BTreeMap<String, Vec<Run>>, broken: &mut Vec<String>) {
    let open = runs.values().flatten().filter(|run| run.state < DONE).count();
    if open > 0 {
        broken.push(format!("I9 {open} runs are open"));
    }
    let brought = runs.keys().filter(|id| !id.starts_with("change-")).count() as u64;
    let accepted = history.accepted.len() as u64;
    if brought > accepted + history.unheard {
        broken.push(format!("I9 {brought} runs, {accepted} accepted, {} unheard", history.unheard));
    }
}

fn runs(journal: &Connection) -> rusqlite::Result<BTreeMap<String, Vec<Run>>> {
    let mut statement = journal.prepare(
        "SELECT json_extract(CAST(body.data AS TEXT), '$.id'), lower(hex(message.id)), name.text, run.state FROM run
         JOIN message ON message.seq = run.message JOIN body ON body.id = message.body JOIN name ON name.id = run.flow",
    )?;
    let mut rows = statement.query([])?;
    let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        runs.entry(row.get(0)?).or_default().push(Run { message: row.get(1)?, flow: row.get(2)?, state: row.get(3)? });
    }
    Ok(runs)
}

fn history(path: &Path) -> io::Result<History> {
    let mut history = History::default();
    lines(path, |line| {
        let id = text(line, "id");
        match text(line, "what").as_str() {
            "sends" => {
                if line["malformed"] == 1 {
                    history.malformed.insert(id.clone());
                }
                history.sent.insert(id);
            }
            "accepted" => drop(history.accepted.insert(id, text(line, "message"))),
            "refused" => drop(history.refused.insert(id)),
            _ => history.unheard += 1,
        }
    })?;
    Ok(history)
}

fn ledger(path: &Path) -> io::Result<Done> {
    let mut done = Done::default();
    lines(path, |line| {
        let (operation, id) = (text(line, "operation"), text(line, "id"));
        if line["what"] == "asked" {
            *done.asked.entry((operation, text(line, "key"))).or_default() += 1;
            *done.asked_for.entry(id).or_default() += 1;
            return;
        }
        done.effects += 1;
        if operation == "take" {
            done.taken.entry(text(line, "account")).or_default().push(line["n"].as_u64().unwrap_or_default());
        }
        done.of.entry(id).or_default().push(operation);
    })?;
    Ok(done)
}

fn lines(path: &Path, mut each: impl FnMut(&Value)) -> io::Result<()> {
    for line in BufReader::new(File::open(path)?).lines() {
        each(&serde_json::from_str(&line?)?);
    }
    Ok(())
}

fn text(line: &Value, name: &str) -> String {
    line[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What is said of trails, where the till was asked so many times for the one message there is, which had two tries and was cut off
    /// so often while it was open.
    fn told(asked: u64, tries: [i64; 2], cuts: i64) -> Vec<String> {
        let journal = Connection::open_in_memory().unwrap();
        let tables = "CREATE TABLE body (id, data); CREATE TABLE message (seq, received, body); CREATE TABLE run (id, message, changed);
            CREATE TABLE attempt (run, node, item, way, n); CREATE TABLE effect (run, node, item, way, n); CREATE TABLE cut_off (at, upto);
            INSERT INTO body VALUES (1, '{\"id\": \"s1-1\"}'); INSERT INTO message VALUES (1, 100, 1); INSERT INTO run VALUES (1, 1, 200);
            INSERT INTO cut_off VALUES (99, 1), (150, 0), (201, 1);";
        journal.execute_batch(tables).unwrap();
        journal.execute("INSERT INTO attempt VALUES (1, 1, '', 0, ?1)", [tries[0]]).unwrap();
        journal.execute("INSERT INTO effect VALUES (1, 1, '', 0, ?1)", [tries[1]]).unwrap();
        for cut in 0..cuts {
            journal.execute("INSERT INTO cut_off VALUES (?1, 1)", [151 + cut]).unwrap();
        }
        let done = Done { asked_for: HashMap::from([("s1-1".to_string(), asked)]), ..Done::default() };
        let nowhere = PathBuf::new();
        let case = Case { history: nowhere.clone(), ledger: nowhere.clone(), journal: nowhere, kills: 4, changes: 0, clock_turned: false };
        let mut broken = Vec::new();
        trails(&journal, &done, &case, &mut broken).unwrap();
        broken
    }

    #[test]
    fn a_trail_with_a_hole_and_one_that_lacks_a_request_are_seen() {
        assert_eq!(told(2, [1, 2], 0), Vec::<String>::new());
        assert_eq!(told(3, [1, 2], 1), Vec::<String>::new(), "one was on its way when it was cut off");
        assert!(told(2, [1, 3], 0)[0].contains("hole"));
        assert!(told(3, [1, 2], 0)[0].contains("asked 3 times"), "what was cut off before it came, behind its end, or in others");
        assert!(told(4, [1, 2], 1)[0].contains("1 lives"));
        assert!(told(2, [1, 2], 2)[0].contains("5 lives were cut off"), "more than there were kills");
    }
}
