//! `run`: what it refuses, and what it says at the end.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use spanwright_world::{CrmScript, World, WorldSettings};

use crate::project::{Project, ran, spanwright};

#[test]
fn variables_without_a_value_are_named_where_they_are_used() {
    let project = Project::example();
    let ran = ran(spanwright().args(["run", "--once"]).arg(project.path()).env("ERP_URL", "http://127.0.0.1:9").env("ERP_USER", "u"));
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`CRM_SECRET` has no value, and it is used here") && ran.err.contains("systems/crm.yaml:6:"), "{}", ran.err);
    assert!(!ran.err.contains("`ERP_USER` has no value"), "{}", ran.err);
    assert!(!project.path().join(".spanwright/journal.db").exists(), "nothing was begun");
}

#[test]
fn a_project_with_problems_is_not_run() {
    let project = Project::example();
    project.edit("flows/customers.yaml", "every: 2s", "evry: 2s");
    let ran = project.run(&["run", "--once"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("error[S0203]") && ran.err.contains("the project has problems, so it is not run"), "{}", ran.err);
}

#[test]
fn once_delivers_everything_and_says_so_for_a_machine() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let world = World::start(WorldSettings::quiet(ledgers.path(), 250)).unwrap();
    let ran = ran(&mut project.command(&world, &["--once", "--format", "json", "--log", "json", "--level", "warn"]));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let summary: serde_json::Value = serde_json::from_str(ran.out.trim()).unwrap();
    assert_eq!((&summary["taken"], &summary["delivered"], &summary["open"]), (&250.into(), &250.into(), &0.into()));
    let tally = world.tally(&[]).unwrap();
    assert_eq!((tally.right, tally.lost.len(), tally.duplicates.len(), tally.wrong.len()), (250, 0, 0, 0), "{:?}", tally.wrong);
}

#[test]
fn a_second_process_on_one_journal_is_refused_in_words() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let world = World::start(WorldSettings::quiet(ledgers.path(), 10)).unwrap();
    let first = project.begin(&world);
    let began = Instant::now();
    while !project.path().join(".spanwright/journal.db").exists() && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = ran(&mut project.command(&world, &["--once"]));
    assert_eq!(second.code, 2);
    let pid = first.child.id();
    assert!(second.err.contains(&format!("is in use by another process (process {pid})")), "{}", second.err);
}

#[test]
fn a_termination_ends_it_gracefully() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let world = World::start(WorldSettings::quiet(ledgers.path(), 10)).unwrap();
    let mut running = project.begin(&world);
    let began = Instant::now();
    while world.tally(&[]).unwrap().right < 10 && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(running.stop(), 0);
}

#[test]
fn refused_credentials_end_a_run_once_with_1_and_the_reason() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let world = World::start(WorldSettings::quiet(ledgers.path(), 5)).unwrap();
    let ran = ran(project.command(&world, &["--once", "--log", "human", "--level", "error"]).env("CRM_SECRET", "not-the-secret"));
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("our credentials are refused: crm"), "{}", ran.out);
    // Without an engine, and without a channel that anybody hears of it by.
    let held = project.run(&["held"]).out;
    assert!(held.contains("crm refuses our credentials: R"), "{held}");
    let open = crate::commands::objects(&project.run(&["messages", "--state", "open", "--format", "json"]));
    let trail = project.run(&["messages", "--id", &open[0]["run"].to_string()]).out;
    assert!(trail.contains("waits        crm refuses our credentials"), "{trail}");
    let now = project.run(&["run", "--once"]);
    assert_eq!(now.code, 2, "and nothing is lost: it goes on when they are good");
    let good = crate::project::ran(&mut project.command(&world, &["--once", "--log", "human", "--level", "error"]));
    assert_eq!((good.code, project.run(&["held"]).out), (0, String::new()), "{}{}", good.out, good.err);
}

#[test]
fn a_system_that_comes_back_is_waited_for() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let mut settings = WorldSettings::quiet(ledgers.path(), 20);
    settings.crm.script =
        CrmScript { away_at_call: Some(1), away_for: Duration::from_millis(500), limited_calls: 1, ..CrmScript::default() };
    let world = World::start(settings).unwrap();
    let ran = ran(&mut project.command(&world, &["--once", "--log", "human", "--level", "error"]));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(world.tally(&[]).unwrap().right, 20);
}
