//! A system that is held is not asked, through a restart; resumed, it gets all that waited, and no try was spent.

#![allow(clippy::unwrap_used)]

use std::{
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use spanwright_core::{
    codes::TORN,
    fact::{Fact, GateRow, Moment, Store},
};
use spanwright_engine::keep::Keep;
use spanwright_world::{World, WorldSettings};

use crate::project::{Project, ran};

#[test]
fn a_held_system_is_left_alone_through_a_restart_and_gets_all_when_it_goes_on() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let world = World::start(WorldSettings::quiet(ledgers.path(), 20)).unwrap();
    // Without a journal there is nobody to keep the word.
    assert_eq!(project.run(&["hold", "crm"]).code, 2);
    let running = project.begin(&world);
    let journal = project.path().join(".spanwright/journal.db");
    while !journal.exists() {
        thread::sleep(Duration::from_millis(20));
    }
    let held = project.run(&["hold", "crm", "--because", "month-end closing"]);
    assert_eq!(held.code, 0, "{}", held.err);
    drop(running);
    let before = world.crm.contacts();
    let once = ran(&mut project.command(&world, &["--once", "--log", "human", "--level", "info"]));
    assert_eq!((once.code, world.crm.contacts()), (1, before), "{}{}", once.out, once.err);
    assert!(once.out.contains("month-end closing"), "{}", once.out);
    let shown = project.run(&["held"]).out;
    assert!(shown.contains("crm is held until it is resumed, since 20") && shown.contains("month-end closing"), "{shown}");
    let open = crate::commands::objects(&project.run(&["messages", "--state", "open", "--format", "json"]));
    let trail = project.run(&["messages", "--id", &open[0]["run"].to_string()]).out;
    assert!(trail.contains("waits        crm is held") && trail.contains("month-end closing"), "{trail}");
    let none = project.run(&["messages", "--state", "held"]);
    assert!(none.err.contains("`spanwright held`"), "{}", none.err);
    // What is only doubtful in the project, a hold does not speak of.
    project.edit("spanwright.yaml", "vars:\n", "vars:\n  NOT_USED: { about: Nobody uses it }\n");
    assert!(project.run(&["check"]).out.contains("NOT_USED"));
    let timed = project.run(&["hold", "crm", "--until", "20m"]);
    assert_eq!(timed.err.lines().count(), 1, "{}", timed.err);
    assert!(timed.err.contains("crm is held until 20") && timed.err.contains("Z"), "{}", timed.err);
    assert_eq!(project.run(&["hold", "cmr"]).code, 2);
    // A system whose file is gone is let go all the same: messages of before may wait for it.
    let files = ["systems/crm.yaml", "flows/customers.yaml", "maps/customer-to-contact.yaml"];
    let texts = files.map(|file| std::fs::read_to_string(project.path().join(file)).unwrap());
    files.iter().for_each(|file| std::fs::remove_file(project.path().join(file)).unwrap());
    // It is held as well, and so is the flow: open messages still need them.
    for what in [&["crm"][..], &["customers", "--flow"]] {
        let held = project.run(&[&["hold"], what].concat());
        assert!(held.code == 0 && held.err.contains("is held until it is resumed"), "{}", held.err);
    }
    assert_eq!(project.run(&["resume", "customers", "--flow"]).code, 0);
    let resumed = project.run(&["resume", "crm"]);
    assert_eq!(resumed.code, 0, "{}", resumed.err);
    assert!(!project.run(&["held"]).out.contains("crm is held"));
    assert_eq!(project.run(&["resume", "crm"]).code, 2, "nobody holds it");
    files.iter().zip(&texts).for_each(|(file, text)| project.write(file, text));
    let once = ran(&mut project.command(&world, &["--once", "--log", "human", "--level", "error"]));
    let tally = world.tally(&[]).unwrap();
    assert_eq!((once.code, tally.lost.len(), tally.duplicates.len()), (0, 0, 0), "{}{}", once.out, once.err);
    assert_eq!(tally.right, 20);
}

/// The engine's clock ran ahead until it ended, since the machine's was set back: half an hour is half an hour of the next start, too.
#[test]
fn a_hold_that_is_said_while_no_engine_runs_is_of_the_clock_of_now() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let world = World::start(WorldSettings::quiet(ledgers.path(), 1)).unwrap();
    assert_eq!(ran(&mut project.command(&world, &["--once", "--level", "error"])).code, 0);
    let now = || Moment(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap());
    let mut keep = Keep::open(&project.path().join(".spanwright/journal.db"), |_| &TORN).unwrap();
    keep.commit(&[Fact::Gated(GateRow::closed("erp".into(), now().after(Duration::from_secs(3_600))))]).unwrap();
    drop(keep);
    assert_eq!(project.run(&["hold", "crm", "--until", "30m"]).code, 0);
    let opening = Keep::open(&project.path().join(".spanwright/journal.db"), |_| &TORN).unwrap().opening().unwrap();
    assert!(opening.latest.since(now()) < Duration::from_secs(5), "the next start sets nothing back");
    assert!(opening.rested, "nobody was killed");
    let row = opening.gates.iter().find(|row| &*row.system == "crm").unwrap();
    let lasts = row.hold.as_ref().unwrap().until.unwrap().since(now());
    assert!(lasts > Duration::from_secs(25 * 60) && lasts <= Duration::from_secs(30 * 60), "{lasts:?}");
}

#[test]
fn a_flow_holds_itself_before_it_fills_the_dead_letters() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    project.edit("flows/customers.yaml", "owner: ", "pause_after: { dead: 3, within: 5m }\nowner: ");
    project.edit("flows/customers.yaml", "  - map: customer-to-contact", "  - fail: '\"a bad day\"'\n  - map: customer-to-contact");
    let world = World::start(WorldSettings::quiet(ledgers.path(), 50)).unwrap();
    let once = ran(&mut project.command(&world, &["--once", "--log", "human", "--level", "info"]));
    assert_eq!(once.code, 1, "{}{}", once.out, once.err);
    let dead = project.run(&["dead-letters", "--format", "json"]);
    let causes: Vec<serde_json::Value> = dead.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(causes.len(), 1, "{}", dead.out);
    assert!(dead.out.contains(":3"), "three and no more: {}", dead.out);
    assert!(once.out.contains("3 dead letters within 5 min"), "{}", once.out);
    // The map is mended: what waits goes by it when somebody says so, and the three are replayed.
    project.edit("flows/customers.yaml", "  - fail: '\"a bad day\"'\n", "");
    let adopted = project.run(&["adopt", "customers"]);
    assert!(adopted.err.contains("47 messages of flow customers go on under this project now"), "{}{}", adopted.out, adopted.err);
    assert_eq!(project.run(&["adopt", "nobody"]).code, 2);
    assert_eq!(project.run(&["resume", "customers", "--flow"]).code, 0);
    let once = ran(&mut project.command(&world, &["--once", "--log", "human", "--level", "error"]));
    assert_eq!((once.code, world.tally(&[]).unwrap().right), (0, 47), "{}{}", once.out, once.err);
}
