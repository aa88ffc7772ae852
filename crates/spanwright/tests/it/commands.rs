//! What a person does about a message: finds it, reads its trail, discards it or has it tried again.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use spanwright_world::{World, WorldSettings};

use crate::project::{Project, Ran, ran, run};

/// A project whose run has left one dead letter: a customer without an e-mail address.
pub fn with_a_dead_letter() -> (Project, World, tempfile::TempDir) {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let mut settings = WorldSettings::quiet(ledgers.path(), 40);
    settings.erp.catalog = settings.erp.catalog.without_email(7);
    let world = World::start(settings).unwrap();
    let ran = ran(&mut project.command(&world, &["--once", "--log", "human", "--level", "error"]));
    assert_eq!(ran.code, 1, "a dead letter is left: {}{}", ran.out, ran.err);
    (project, world, ledgers)
}

pub fn objects(ran: &Ran) -> Vec<serde_json::Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_message_is_found_by_its_key_and_shown_with_its_trail() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    let found = objects(&project.run(&["messages", "--state", "dead", "--format", "json"]));
    let (key, id) = (found[0]["key"].as_str().unwrap(), found[0]["message"].as_str().unwrap());
    assert_eq!(objects(&project.run(&["messages", "--key", key, "--format", "json"])), found);
    for id in [id, found[0]["correlation"].as_str().unwrap(), &found[0]["run"].to_string()] {
        let shown = project.run(&["messages", "--id", id]);
        assert!(shown.out.contains("taken      from customers.source") && shown.out.contains("R2015"), "{}", shown.out);
        assert!(!shown.out.contains("FirstName"), "a body is shown on demand only: {}", shown.out);
    }
    assert!(project.run(&["messages", "--id", id, "--body"]).out.contains("\"Number\""));
    assert_eq!(objects(&project.run(&["messages", "--state", "done", "--format", "json"])).len(), 39);
    assert_eq!(project.run(&["messages", "--id", "no-such"]).code, 2);
}

#[test]
fn dead_letters_are_shown_of_one_flow_and_for_one_reason() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    for (arguments, code) in [
        (&["--flow", "customers"][..], 1),
        (&["--flow", "customers", "--reason", "r2015"], 1),
        (&["--flow", "customers", "--reason", "R2001"], 0),
        (&["--reason", "R2001"], 0),
    ] {
        assert_eq!(project.run(&[&["dead-letters"], arguments].concat()).code, code, "{arguments:?}");
    }
}

#[test]
fn a_discarded_dead_letter_is_none_and_its_reason_stays() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    let id = objects(&project.run(&["messages", "--state", "dead", "--format", "json"]))[0]["run"].to_string();
    let shown = run(&["dead-letters", "show", &id, project.text()]);
    assert_eq!(shown.code, 0);
    // Its record and place, why, what to do, and each attempt.
    let parts = [
        "of flow customers, dead",
        "key          1000",
        "stopped at   send-crm.upsertContacts: R2015",
        "what to do   Mend the record",
        "attempt    send-crm.upsertContacts: try 1 never",
    ];
    parts.iter().for_each(|part| assert!(shown.out.contains(part), "{part}: {}", shown.out));
    let body = run(&["dead-letters", "show", &id, project.text(), "--body"]);
    assert!(body.out.contains("\"Number\":\"1000"), "{}", body.out);
    assert_eq!(run(&["dead-letters", "discard", &id, project.text(), "--reason", " "]).code, 2);
    assert_eq!(run(&["dead-letters", "discard", &id, project.text(), "--reason", "a test customer"]).code, 0);
    assert_eq!(project.run(&["dead-letters"]).code, 0);
    assert!(project.run(&["messages", "--id", &id]).out.contains("a test customer"));
    assert_eq!(run(&["dead-letters", "discard", &id, project.text(), "--reason", "again"]).code, 2);
}

#[test]
fn a_running_engine_takes_up_a_discard() {
    let (project, world, _ledgers) = with_a_dead_letter();
    let id = objects(&project.run(&["messages", "--state", "dead", "--format", "json"]))[0]["run"].to_string();
    let _running = project.begin(&world);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) && !project.path().join(".spanwright/journal.db-wal").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let told = run(&["dead-letters", "discard", &id, project.text(), "--reason", "while it runs"]);
    assert_eq!(told.code, 0, "{}", told.err);
    while began.elapsed() < Duration::from_secs(20) && project.run(&["dead-letters"]).code == 1 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(project.run(&["messages", "--id", &id]).out.contains("while it runs"));
}

#[test]
fn a_project_that_never_ran_has_no_journal_and_is_told_so() {
    let ran = Project::example().run(&["messages"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`spanwright run` makes it"), "{}", ran.err);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    use std::process::Stdio;
    let mut child = crate::project::spanwright().arg("explain").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}
