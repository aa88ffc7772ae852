//! The plans of the questions: with ten million finished runs in the file, none may walk over them.

#![allow(clippy::unwrap_used)]

use rusqlite::Connection;

use super::{ACTIVE, SENT, bundles, due, files, old, opening, stopped, tally, trouble};
use crate::keep::{correlation, events, pen::forgot, records, schema};

/// What SQLite would do for this, step by step.
pub fn plan_of(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let bound = statement.parameter_count();
    let rows = statement.query_map(rusqlite::params_from_iter(vec![1; bound]), |row| row.get::<_, String>(3)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// A step may walk over an index of open work from end to end, and over nothing else.
fn walks_over_finished_work(step: &str) -> bool {
    let of_open_work = [
        "run_active",
        "run_parked",
        "run_stopped",
        "run_stopped_id",
        "chore_open",
        "effect_due",
        "effect_glued",
        "effect_apart",
        "effect_started",
        "exchange_bundled",
    ];
    let tiny = [
        "SCAN known",
        "SCAN sqlite_sequence",
        "SCAN CONSTANT ROW",
        "SCAN cursor",
        "SCAN gate",
        "SCAN alert",
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
    ];
    step.starts_with("SCAN") && !of_open_work.iter().any(|index| step.contains(&format!("INDEX {index}"))) && !tiny.contains(&step)
}

#[test]
fn no_question_walks_over_finished_work() {
    let folder = tempfile::tempdir().unwrap();
    let connection = schema::open_writer(&folder.path().join("journal.db")).unwrap();
    let by_correlation = format!("SELECT seq FROM message WHERE {}", correlation::condition(1, 2));
    let stopped_by_correlation = format!("{} AND {}", stopped::STOPPED, correlation::condition(3, 4));
    let questions = [
        &by_correlation,
        &stopped_by_correlation,
        stopped::BY_ID,
        bundles::GLUES,
        bundles::SHARE,
        bundles::IS_SHARED,
        bundles::CALLS,
        ACTIVE,
        SENT,
        stopped::STOPPED,
        stopped::MINE,
        tally::WITHIN,
        stopped::THIS,
        stopped::FILED,
        stopped::INDEXED,
        stopped::THESE,
        stopped::THESE_DONE,
        stopped::STOPPED_AMONG,
        stopped::FILED_DONE,
        stopped::INDEXED_DONE,
        stopped::DEATHS,
        stopped::STOPPED_FILED,
        stopped::STOPPED_INDEXED,
        stopped::IS_STOPPED,
        stopped::ANY_STOPPED,
        records::BY_KEY,
        records::NEWEST_BY_KEY,
        records::OF_EARLIER_SCHEMAS,
        records::AMONG_LOOSE,
        records::LOOSE,
        records::LAST_STATE,
        records::IS_STATE,
        events::BY_NAME,
        events::IN_SEEN,
        events::AMONG_LOOSE,
        events::LOOSE,
        trouble::STOPPED,
        trouble::STUCK,
        tally::OWN,
        tally::BEFORE,
        tally::OPEN,
        tally::BY_STATE,
        forgot::NEXT_OF_SOURCE,
        old::WINDOW,
        opening::LATEST,
        opening::CAME,
        &opening::chores(),
        due::WAITING,
        due::GLUES,
        due::MATES,
        files::RUN,
        files::EFFECTS,
        opening::BACKLOG,
        opening::GLUED,
        opening::APART,
        opening::IS_OPEN,
        opening::BUNDLED,
        opening::TORN,
        opening::LANES,
        opening::NEXT_QUEUE,
        opening::EARLIEST,
        opening::PLANS,
        opening::IN_LINE,
        opening::EXCHANGE_NEXT,
    ];
    for sql in questions {
        let steps = plan_of(&connection, sql);
        assert!(steps.iter().any(|step| step.contains("SEARCH") || step.contains("INDEX")), "{sql}\n{steps:#?}");
        assert!(!steps.iter().any(|step| walks_over_finished_work(step)), "{sql}\n{steps:#?}");
    }
}

/// What is asked for each of many runs may not even walk over what waits.
#[test]
fn what_is_asked_of_one_run_looks_at_its_own_rows() {
    let folder = tempfile::tempdir().unwrap();
    let connection = schema::open_writer(&folder.path().join("journal.db")).unwrap();
    for sql in [due::GLUES, files::EFFECTS] {
        let steps = plan_of(&connection, sql);
        assert!(steps.iter().any(|step| step.contains("effect USING PRIMARY KEY (run=?)")), "{sql}\n{steps:#?}");
    }
}

/// Of a record with many states, each by its number; those of earlier schemas by its key.
#[test]
fn what_is_asked_of_a_record_looks_at_its_states_alone() {
    let folder = tempfile::tempdir().unwrap();
    let connection = schema::open_writer(&folder.path().join("journal.db")).unwrap();
    let by_number = [stopped::THIS, stopped::THESE, stopped::FILED, stopped::THESE_DONE, stopped::FILED_DONE];
    let by_key = [stopped::INDEXED, stopped::INDEXED_DONE];
    let asked =
        by_number.map(|sql| (sql, "INTEGER PRIMARY KEY (rowid=?)")).into_iter().chain(by_key.map(|sql| (sql, "INDEX message_key (key=?")));
    for (sql, by) in asked {
        let steps = plan_of(&connection, sql);
        assert!(steps.iter().any(|step| step.starts_with(&format!("SEARCH other USING {by}"))), "{sql}\n{steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("FOR ORDER BY")), "{sql}\n{steps:#?}");
    }
}

#[test]
fn the_guard_sees_a_walk() {
    let folder = tempfile::tempdir().unwrap();
    let connection = schema::open_writer(&folder.path().join("journal.db")).unwrap();
    assert!(plan_of(&connection, "SELECT id FROM run WHERE root = ?1").iter().any(|step| walks_over_finished_work(step)));
}
