//! Files in and out, on a real folder: read in the middle of being written, killed in the middle, named twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use spanwright_engine::shell::Why;

use crate::trial::{Trial, until, wait};

const PROJECT: &str = "project: prices\nvars:\n  ROOT: { about: The folder of all. }\n";
const SYSTEM: &str = "system: drop\nfiles:\nurl: \"${ROOT}\"\noperations:\n  in: { folder: in, format: csv, rows: schemas/row.json }\n  out: { folder: out, name: \"out-{key}.jsonl\", format: jsonl }\n";
const ROW: &str =
    r#"{ "type": "object", "required": ["id"], "properties": { "id": { "type": "string" }, "price": { "type": "number" } } }"#;

struct Drop {
    trial: Trial,
}

impl Drop {
    fn new(send: &str) -> Drop {
        let flow = format!("flow: prices\nfrom: {{ files: drop.in, every: 50ms, settle: 0s }}\nsteps:\n  - {{ send: drop.out{send} }}\n");
        let files = [("spanwright.yaml", PROJECT), ("systems/drop.yaml", SYSTEM), ("schemas/row.json", ROW), ("flows/prices.yaml", &*flow)];
        let files: BTreeMap<_, _> = files.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
        let mut trial = Trial::of(files);
        let root = trial.folder.path().join("root");
        fs::create_dir_all(root.join("in")).unwrap();
        fs::create_dir_all(root.join("out")).unwrap();
        trial.variables.insert("ROOT".into(), root.to_str().unwrap().into());
        Drop { trial }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.trial.folder.path().join("root").join(path)
    }

    fn drop_rows(&self, name: &str, rows: std::ops::Range<u64>) {
        let text: String = rows.map(|n| format!("{n},{}.50\n", n % 100)).collect();
        self.drop_text(name, &format!("id,price\n{text}"));
    }

    fn drop_text(&self, name: &str, text: &str) {
        fs::write(self.path("in").join(name), text).unwrap();
    }

    /// The ids in all files that were written, sorted, and how often each is there.
    fn written(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(self.path("out")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let text = fs::read_to_string(path).unwrap();
                ids.extend(
                    text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_string()),
                );
            }
        }
        ids.sort();
        ids
    }

    /// All of these are there, each once.
    #[track_caller]
    fn check(&self, ids: u64) {
        let written = self.written();
        let once: BTreeSet<_> = written.iter().cloned().collect();
        assert_eq!(
            (written.len() as u64, once.len() as u64),
            (ids, ids),
            "{}",
            self.trial.log_text().lines().rev().take(5).collect::<String>()
        );
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn rows_of_several_files_come_out_once_and_the_files_are_moved_away() {
    let drop = Drop::new(", batch: { most: 1000, wait: 10ms }");
    drop.drop_rows("a.csv", 0..450);
    drop.drop_rows("b.csv", 450..500);
    drop.drop_rows("c.csv.part", 500..600);
    let ended = drop.trial.once();
    assert_eq!(ended.why, Why::Drained, "{}", drop.trial.log_text());
    drop.check(500);
    assert_eq!(names(&drop.path("in/done")), ["a.csv", "b.csv"]);
    assert_eq!(names(&drop.path("in")), ["c.csv.part", "done"]);
}

#[test]
fn bad_rows_are_dead_letters_and_a_bad_file_is_set_aside() {
    let drop = Drop::new("");
    drop.drop_text("a.csv", "id,price\n1,1\n2,two\n3,3,3\n4,4\n");
    drop.drop_text("b.csv", "name\nx\n");
    drop.drop_rows("c.csv", 10..11);
    let ended = drop.trial.once();
    assert_eq!(
        (ended.why, ended.state.counters.done, ended.state.counters.dead_letters()),
        (Why::Drained, 3, 3),
        "{}",
        drop.trial.log_text()
    );
    assert_eq!(drop.written(), ["1", "10", "4"]);
    let reasons: Vec<_> = drop.trial.dead().into_iter().map(|dead| dead.reason).collect();
    assert!(reasons.iter().any(|reason| reason.contains("a.csv:3:2: `.price`: a number is wanted")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("b.csv: it has no column `id`, only `name`")), "{reasons:?}");
    assert_eq!(
        (names(&drop.path("in/done")), names(&drop.path("in/failed"))),
        (vec!["a.csv".into(), "c.csv".into()], vec!["b.csv".to_string()])
    );
}

#[test]
fn the_same_content_under_another_name_gives_nothing_twice_and_equal_rows_of_one_file_are_two() {
    let drop = Drop::new("");
    drop.drop_text("a.csv", "id,price\n1,1\n1,1\n");
    drop.trial.once();
    drop.drop_text("b.csv", "id,price\n1,1\n1,1\n");
    let ended = drop.trial.once();
    assert_eq!((ended.state.counters.taken, ended.state.counters.duplicates), (0, 2));
    assert_eq!(drop.written(), ["1", "1"]);
    assert_eq!(names(&drop.path("in/done")), ["a.csv", "b.csv"]);
}

#[test]
fn a_stop_in_the_middle_of_a_file_loses_no_row_and_the_next_start_doubles_none() {
    let rows = 20_000;
    let drop = Drop::new(", batch: { most: 1000, wait: 10ms }");
    drop.drop_rows("large.csv", 0..rows);
    let mut taken = 0;
    for stop_at in [1, 5_000] {
        let running = drop.trial.start(false);
        until(&running, "something of it is on disk", |state| state.counters.taken > stop_at);
        running.stop();
        running.stop();
        taken += wait(running).state.counters.taken;
    }
    assert!(taken < rows, "it was not stopped in the middle: {taken}");
    assert_eq!(names(&drop.path("in")), ["large.csv"]);
    let ended = drop.trial.once();
    // What was kept while we stopped was not counted any more; it is known now.
    assert_eq!(
        (ended.why, ended.state.counters.taken + ended.state.counters.duplicates),
        (Why::Drained, rows),
        "{}",
        drop.trial.log_text()
    );
    assert!(ended.state.counters.duplicates >= taken && taken > 0, "{taken}");
    drop.check(rows);
    assert_eq!(names(&drop.path("in")), ["done"]);
}

/// The first look cannot know whether somebody still writes: the run waits for a second one, and ends behind it.
#[test]
fn with_once_a_file_that_has_to_stand_still_first_is_waited_for() {
    let mut drop = Drop::new("");
    drop.trial.edit("flows/prices.yaml", "every: 50ms, settle: 0s", "every: 1h, settle: 1s");
    drop.drop_rows("a.csv", 0..3);
    let ended = drop.trial.once();
    assert_eq!((ended.why, ended.state.counters.done), (Why::Drained, 3), "{}", drop.trial.log_text());
    drop.check(3);
    assert_eq!(names(&drop.path("in/done")), ["a.csv"]);
}

#[test]
fn a_folder_that_is_not_there_is_told_and_waited_for() {
    let drop = Drop::new("");
    fs::remove_dir(drop.path("in")).unwrap();
    let running = drop.trial.start(false);
    until(&running, "it is told", |state| state.counters.polls_failed > 0);
    fs::create_dir(drop.path("in")).unwrap();
    drop.drop_rows("a.csv", 0..3);
    until(&running, "its files are read", |state| state.counters.done == 3);
    running.stop();
    wait(running);
    drop.check(3);
}
