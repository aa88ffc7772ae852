//! Replay and resend: shown before they are done, never over a newer state, and resumed after a kill.

#![allow(clippy::unwrap_used)]

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use spanwright_core::fact::{Ending, Fact, Moment, PlanId, Receipt, Root, RunId, Store, Took};
use spanwright_engine::keep::Keep;
use spanwright_shape::text::Failure;
use spanwright_world::{Answer, Hostile, World, WorldSettings};

use crate::{
    commands::{objects, with_a_dead_letter},
    project::{Begun, Project, Ran, ran},
};

const ONCE: [&str; 5] = ["--once", "--log", "human", "--level", "error"];

/// The run of the first dead letter.
fn dead(project: &Project) -> String {
    objects(&project.run(&["messages", "--state", "dead", "--format", "json"]))[0]["run"].to_string()
}

/// From here on a customer without an address gets one.
fn mend(project: &Project) {
    project.edit(
        "maps/customer-to-contact.yaml",
        "email: { from: .Email, then: ascii_downcase }",
        "email: { from: .Email, then: ascii_downcase, default: nobody@example.com }",
    );
}

#[test]
fn a_replay_is_shown_first_and_goes_through_todays_map_under_a_new_key() {
    let (project, world, _ledgers) = with_a_dead_letter();
    let id = dead(&project);
    let same = project.run(&["replay", "--reason", "R2015", "--dry-run"]);
    assert!(same.out.contains(&id) && same.out.contains("the same as before"), "{}{}", same.out, same.err);
    assert_eq!(project.run(&["replay"]).code, 2, "not without saying which");
    mend(&project);
    let shown = project.run(&["replay", "--id", &id, "--dry-run"]);
    assert!(shown.out.contains("under a new key") && shown.out.contains(".email: \"nobody@example.com\""), "{}{}", shown.out, shown.err);
    let refused = project.run(&["replay", "--id", &id]);
    assert!(refused.code == 2 && refused.err.contains("`--yes`"), "nobody is asked where nobody is: {}", refused.err);
    assert_eq!(project.run(&["dead-letters"]).code, 1, "nothing was changed so far");
    assert_eq!(project.run(&["replay", "--id", &id, "--yes"]).code, 0);
    let ran = ran(&mut project.command(&world, &ONCE));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let shown = project.run(&["messages", "--id", &id]);
    assert!(shown.out.contains("done") && shown.out.contains("replayed"), "{}", shown.out);
    assert_eq!(project.run(&["dead-letters"]).code, 0);
}

#[test]
fn the_preview_for_machines_has_each_place_that_changes() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    mend(&project);
    let shown = objects(&project.run(&["replay", "--all", "--dry-run", "--format", "json"]));
    let change = &shown[0]["preview"]["asks"][0]["changes"][0];
    assert_eq!((&change["path"], &change["after"]), (&".email".into(), &"nobody@example.com".into()), "{shown:?}");
}

/// A newer state of the dead letter's record, open.
pub fn open_again(project: &Project) -> RunId {
    open_under(project, |_, plan| plan)
}

/// The same under a plan that is chosen.
pub fn open_under(project: &Project, plan: impl Fn(&mut Keep, PlanId) -> PlanId) -> RunId {
    let line = &objects(&project.run(&["messages", "--state", "dead", "--format", "json"]))[0];
    let run = RunId(line["run"].as_i64().unwrap());
    let mut keep = Keep::open(&project.path().join(".spanwright/journal.db"), |_| &spanwright_core::codes::TORN).unwrap();
    let file = keep.runs(&[run]).unwrap().remove(0);
    let old = &file.message;
    let plan = plan(&mut keep, file.plan);
    let took = Took {
        message: u128::try_from(plan.0).unwrap(),
        source: old.source.clone(),
        correlation: "a newer one".into(),
        at: Moment(old.received.0 + 1),
        key: old.key.clone(),
        version: None,
        body: old.body.clone(),
        beside: None,
        flow: file.flow.clone(),
        root: Root(u128::try_from(plan.0).unwrap()),
        plan,
        seen: None,
        about: None,
        fault: None,
    };
    let Receipt::Taken(newer) = keep.commit(&[Fact::Took(Box::new(took))]).unwrap()[0] else { panic!() };
    newer
}

/// The same, delivered meanwhile.
fn deliver_newer(project: &Project) {
    let run = open_again(project);
    let mut keep = Keep::open(&project.path().join(".spanwright/journal.db"), |_| &spanwright_core::codes::TORN).unwrap();
    keep.commit(&[Fact::Ended { run, ending: Ending::Done, at: Moment(2) }]).unwrap();
}

#[test]
fn a_stale_dead_letter_never_goes_over_a_newer_state_unless_somebody_says_so() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    let id = dead(&project);
    deliver_newer(&project);
    for arguments in [&["replay", "--all", "--yes"][..], &["replay", "--id", &id, "--yes"]] {
        let left = project.run(arguments);
        assert_eq!(left.code, 1, "{}{}", left.out, left.err);
        assert!(left.out.contains("a newer state of the record went on") && left.err.contains("--over-newer"), "{}{}", left.out, left.err);
    }
    assert_eq!(project.run(&["resend", "--id", &id, "--reason", "anyway"]).code, 2);
    assert_eq!(dead(&project), id, "it is still where it was");
    assert_eq!(project.run(&["replay", "--id", &id, "--yes", "--over-newer"]).code, 0);
    assert_eq!(project.run(&["dead-letters"]).code, 0);
}

#[test]
fn an_edited_message_is_another_one_and_the_two_name_each_other() {
    let (project, world, _ledgers) = with_a_dead_letter();
    let id = dead(&project);
    let file = project.path().join("edited.json");
    let file = file.to_str().unwrap();
    let written = project.run(&["resend", "--id", &id, "--to", file]);
    assert!(written.code == 0 && written.err.contains(&format!("spanwright resend {} --id", project.text())), "{}", written.err);
    assert_eq!(project.run(&["resend", "--id", &id, "--body", file]).code, 2, "not without a reason");
    let same = project.run(&["resend", "--id", &id, "--body", file, "--reason", "an address"]);
    assert!(same.code == 2 && same.err.contains("the same as the old one"), "{}", same.err);
    let body = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, body.replacen('{', "{\"Email\":\"Mended@Example.com\",", 1)).unwrap();
    let resent = project.run(&["resend", "--id", &id, "--body", file, "--reason", "an address"]);
    assert!(resent.code == 0 && resent.err.contains("Mended@Example.com"), "{}{}", resent.out, resent.err);
    let ran = ran(&mut project.command(&world, &ONCE));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let (old, new) = (project.run(&["messages", "--id", &id]).out, project.run(&["messages", "--id", resent.out.trim()]).out);
    assert!(old.contains("discarded") && old.contains("made anew"), "{old}");
    assert!(new.contains("done") && new.contains("made ") && new.contains("an address"), "{new}");
}

/// A dead letter that was sent once more as it was is seen to: a replay would do it a second time.
#[test]
fn a_resend_sets_the_dead_letter_aside_edited_or_not() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    assert_eq!(project.run(&["resend", "--id", &dead(&project), "--reason", "once more"]).code, 0);
    assert_eq!(project.run(&["dead-letters"]).code, 0);
}

/// A resend is done once more: that the system has the same of the record is no reason to skip it. What is open goes on by itself.
#[test]
fn a_resend_of_what_was_done_is_done_once_more_and_what_is_open_is_not_sent_again() {
    let (project, world, _ledgers) = with_a_dead_letter();
    let done = objects(&project.run(&["messages", "--state", "done", "--format", "json"])).remove(0)["run"].to_string();
    let resent = project.run(&["resend", "--id", &done, "--reason", "the CRM lost it"]);
    assert_eq!(resent.code, 0, "{}", resent.err);
    let new = resent.out.trim();
    let again = project.run(&["resend", "--id", new, "--reason", "and again"]);
    assert!(again.code == 2 && again.err.contains("is open, and goes on by itself"), "{}", again.err);
    ran(&mut project.command(&world, &ONCE));
    assert_eq!(objects(&project.run(&["messages", "--id", new, "--format", "json"]))[0]["state"], "done");
}

/// What an edited body is about the source says, as of any other.
#[test]
fn an_edited_key_is_that_of_the_new_message() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    let id = dead(&project);
    let key = objects(&project.run(&["messages", "--id", &id, "--format", "json"]))[0]["key"].as_str().unwrap().to_string();
    let file = project.path().join("edited.json");
    let file = file.to_str().unwrap();
    project.run(&["resend", "--id", &id, "--to", file]);
    let body = std::fs::read_to_string(file).unwrap();
    let resend = |to: &str| {
        std::fs::write(file, body.replacen(&format!("\"Number\":\"{key}\""), to, 1)).unwrap();
        project.run(&["resend", "--id", &id, "--body", file, "--reason", "another number"])
    };
    let none = resend("\"Number\":null");
    assert!(none.code == 2 && none.err.contains("R0008"), "{}", none.err);
    let other = resend("\"Number\":\"4711\"");
    assert!(other.code == 0 && other.err.contains(&format!("another record: `4711`, and was about `{key}`")), "{}", other.err);
    let new = objects(&project.run(&["messages", "--id", other.out.trim(), "--format", "json"]));
    assert_eq!(new[0]["key"], "4711", "{new:?}");
}

#[test]
fn an_acknowledged_dead_letter_is_still_one_and_alarms_nobody() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    assert_eq!(project.run(&["dead-letters"]).code, 1);
    assert_eq!(crate::project::run(&["dead-letters", "acknowledge", "R2015", project.text(), "--note", "ticket 7"]).code, 0);
    let known = project.run(&["dead-letters"]);
    assert!(known.code == 0 && known.out.contains("(acknowledged)"), "{}", known.out);
    assert!(project.run(&["messages", "--id", &dead(&project)]).out.contains("ticket 7"));
}

const MANY: u64 = 60;

#[test]
fn many_are_replayed_at_a_rate_through_a_kill_and_each_once() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let mut settings = WorldSettings::quiet(ledgers.path(), MANY);
    settings.crm.keeps_contacts = true;
    for n in 0..MANY {
        settings.erp.catalog = settings.erp.catalog.without_email(n);
    }
    let world = World::start(settings).unwrap();
    assert_eq!(ran(&mut project.command(&world, &ONCE)).code, 1);
    mend(&project);
    let running = project.begin(&world);
    until(|| project.path().join(".spanwright/journal.db-wal").exists());
    let replay = || project.run(&["replay", "--reason", "R2015", "--rate", "20/s", "--yes"]);
    until(|| replay().code == 0);
    let chore = || objects(&project.run(&["chores", "--format", "json"])).remove(0);
    until(|| chore()["done"].as_u64().unwrap() >= 15);
    drop(running);
    let at_kill = chore();
    assert!(at_kill["state"] == "open" && at_kill["done"].as_u64().unwrap() < MANY, "{at_kill}");
    let ran = ran(&mut project.command(&world, &ONCE));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!((&chore()["state"], &chore()["done"]), (&"done".into(), &MANY.into()));
    let tally = world.tally(&[]).unwrap();
    assert_eq!(
        (tally.duplicates.len(), objects(&project.run(&["messages", "--state", "done", "--most", "99", "--format", "json"])).len()),
        (0, 60)
    );
}

#[test]
fn a_chore_that_is_told_again_after_a_kill_is_not_begun_again() {
    let (project, world, _ledgers) = with_a_dead_letter();
    let id = dead(&project);
    let orders = project.path().join(".spanwright/orders");
    std::fs::create_dir_all(&orders).unwrap();
    let order = "order chore\nchore 9000000000000000\nover_newer false\nreason R2015\nat 0\nupto 99\nmost 10\nmicros 1000000\nby ada\n";
    let replayed = || {
        // As a process leaves it that is killed between the disk and the file that it takes away.
        std::fs::write(orders.join("4711-1.order"), order).unwrap();
        // An engine that has nothing else to do may end before it looks for orders: the order waits for the next one.
        until(|| {
            ran(&mut project.command(&world, &ONCE));
            !orders.join("4711-1.order").exists()
        });
        project.run(&["messages", "--id", &id]).out.matches(" replayed ").count()
    };
    assert_eq!((replayed(), replayed()), (1, 1));
    let chores = objects(&project.run(&["chores", "--format", "json"]));
    assert!(chores.len() == 1 && chores[0]["state"] == "done" && chores[0]["done"] == 1, "{chores:?}");
}

#[test]
fn a_chore_is_cancelled_where_it_is() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    assert_eq!(project.run(&["replay", "--all", "--rate", "1/s", "--yes"]).code, 0);
    let chore = objects(&project.run(&["chores", "--format", "json"])).remove(0)["chore"].to_string();
    assert_eq!(crate::project::run(&["chores", "cancel", &chore, project.text()]).code, 0);
    assert_eq!(objects(&project.run(&["chores", "--format", "json"]))[0]["state"], "cancelled");
    assert_eq!(crate::project::run(&["chores", "cancel", &chore, project.text()]).code, 2, "it is over");
}

/// A peer that has no keys: it reads each request, and hangs up without an answer.
fn hangs_up() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 4096];
            // A small request is one packet, and nothing more is needed of it.
            drop(std::io::Read::read(&mut stream, &mut buffer));
        }
    });
    format!("http://{address}")
}

const KEYLESS: [(&str, &str); 4] = [
    ("spanwright.yaml", "project: notes\nvars: { FOLDER: { about: where it reads }, PEER: { about: the system } }\n"),
    (
        "systems/nas.yaml",
        "system: nas\nfiles:\nurl: \"${FOLDER}\"\noperations:\n  drops: { folder: in, match: \"*.jsonl\", format: jsonl }\n",
    ),
    ("systems/peer.yaml", "system: peer\nhttp:\nurl: \"${PEER}\"\noperations:\n  note: { post: /notes }\n"),
    (
        "flows/notes.yaml",
        "flow: notes\nfrom: { files: nas.drops, key: .id, settle: 0s, every: 100ms }\nsteps:\n  - { name: refuse, fail: '\"no\"', when: .bad }\n  \
         - { name: note, send: peer.note, body: { fields: { id: .id } } }\n",
    ),
];

/// Records of a file that went to the peer, or were refused by the flow.
fn notes(records: &str) -> Project {
    notes_to(records, &hangs_up())
}

fn notes_to(records: &str, peer: &str) -> Project {
    let project = notes_of(records);
    notes_run(&project, peer);
    project
}

fn notes_of(records: &str) -> Project {
    let project = Project::empty();
    for folder in ["systems", "flows", "data/in"] {
        std::fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    KEYLESS.iter().for_each(|(file, text)| project.write(file, text));
    project.write("data/in/one.jsonl", records);
    project
}

fn notes_ran(project: &Project, peer: &str) -> Ran {
    let mut command = crate::project::spanwright();
    command.args(["run", "--once", "--level", "error"]).arg(project.path());
    ran(command.env("FOLDER", project.path().join("data")).env("PEER", peer))
}

fn notes_run(project: &Project, peer: &str) {
    let ran = notes_ran(project, peer);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
}

#[test]
fn what_may_be_done_twice_is_left_out_of_many_and_said_of_one() {
    let project = notes("{\"id\":\"1\",\"bad\":true}\n{\"id\":\"2\",\"bad\":false}\n{\"id\":\"3\",\"bad\":true}\n");
    let uncertain = objects(&project.run(&["messages", "--state", "uncertain", "--format", "json"]));
    assert_eq!(uncertain.len(), 1, "{uncertain:?}");
    let id = uncertain[0]["run"].to_string();
    let many = project.run(&["replay", "--all", "--dry-run"]);
    assert!(many.err.contains("2 messages would be tried again") && many.err.contains("`--uncertain`"), "{}{}", many.out, many.err);
    let one = project.run(&["replay", "--id", &id, "--dry-run"]);
    assert!(one.out.contains("it may be done twice") && one.err.contains("may be done twice"), "{}{}", one.out, one.err);
    assert!(!one.out.contains("under its old key"), "{}", one.out);
    // Without an engine, and as chores of the next one: it is gone around.
    assert_eq!(project.run(&["replay", "--all", "--rate", "1/s", "--yes"]).code, 0);
    assert_eq!(objects(&project.run(&["chores", "--format", "json"])).len(), 2);
    assert_eq!(project.run(&["replay", "--all", "--yes"]).code, 0);
    let still = objects(&project.run(&["messages", "--state", "uncertain", "--format", "json"]));
    assert_eq!((still.len(), still[0]["run"].to_string()), (1, id));
    assert_eq!(objects(&project.run(&["messages", "--state", "dead", "--format", "json"])).len(), 1, "only the uncertain one is left");
    let left = project.run(&["replay", "--flow", "notes", "--yes"]);
    assert!(left.code == 1 && left.err.contains("nothing would be tried again"), "{}", left.err);
    let all = project.run(&["replay", "--flow", "notes", "--uncertain", "--yes"]);
    assert!(all.code == 0 && all.err.contains("may be done twice"), "{}", all.err);
    assert_eq!(project.run(&["dead-letters"]).code, 0);
}

/// Many notes fit into one request under one key, and nobody waits long for the other side.
fn notes_of_bulk(lines: &str) -> Project {
    let project = notes_of(lines);
    let bulk = "note: { post: /notes, key: Idempotency-Key, bulk: { most: 10, answers: .results, match: position, outcome: .status } }";
    project.edit("systems/peer.yaml", "note: { post: /notes }", bulk);
    project.edit(
        "systems/peer.yaml",
        "http:\n",
        "http:\nretry: { first: 10ms, longest: 10ms, give_up_after: 1s }\nbreaker: { hold: 50ms, longest: 50ms }\n",
    );
    project
}

fn send_many(project: &Project) {
    project.edit("flows/notes.yaml", "send: peer.note,", "send: peer.note, batch: { most: 10, wait: 100ms },");
}

/// Each went alone, and nobody knows: also where its step gathers many by now it goes alone, under the key that it had.
#[test]
fn what_went_alone_is_replayed_alone_where_many_go_together_by_now() {
    let project = notes_of_bulk("{\"id\":\"1\",\"bad\":false}\n{\"id\":\"2\",\"bad\":false}\n");
    let peer = Hostile::start(vec![Answer::status(500)]);
    notes_run(&project, &peer.url());
    send_many(&project);
    let all = project.run(&["replay", "--all", "--dry-run"]);
    assert!(all.out.contains("under its old key") && all.err.contains("2 messages would be tried again"), "{}{}", all.out, all.err);
    assert!(!all.out.contains("may be done twice") && !all.err.contains("may be done twice"), "{}{}", all.out, all.err);
    assert_eq!(project.run(&["replay", "--all", "--yes"]).code, 0);
    let tried = peer.received().len();
    notes_run(&project, &peer.url());
    let keys = |all: &[spanwright_world::Received]| -> std::collections::BTreeSet<String> {
        all.iter().filter_map(|asked| asked.header("idempotency-key").map(str::to_owned)).collect()
    };
    let received = peer.received();
    assert!(received.len() > tried && keys(&received).len() == 2, "{:?}", keys(&received));
    assert_eq!(keys(&received[tried..]), keys(&received));
}

/// Three went in one request under one key, and nobody knows: one of them goes again with the others, or all are left.
#[test]
fn what_went_together_comes_along_and_is_shown() {
    let project = notes_of_bulk("{\"id\":\"1\",\"bad\":false}\n{\"id\":\"2\",\"bad\":false}\n{\"id\":\"3\",\"bad\":false}\n");
    send_many(&project);
    let peer = Hostile::start(vec![Answer::status(500)]);
    notes_run(&project, &peer.url());
    let uncertain = objects(&project.run(&["messages", "--state", "uncertain", "--format", "json"]));
    let ids: Vec<String> = uncertain.iter().map(|line| line["run"].to_string()).collect();
    assert_eq!(ids.len(), 3, "{uncertain:?}");
    let one = project.run(&["replay", "--id", &ids[1], "--dry-run"]);
    assert!(
        one.err.contains("3 messages would be tried again") && one.err.contains("2 messages of them were not asked for"),
        "{}",
        one.err
    );
    assert!(one.out.contains("comes along") && one.out.contains("together with those that it went with"), "{}", one.out);
    assert!(!one.err.contains("may be done twice"), "{}", one.err);
    assert_eq!(project.run(&["replay", "--id", &ids[1], "--yes"]).code, 0);
    assert_eq!(project.run(&["dead-letters"]).code, 0, "all three are open");
    notes_run(&project, &peer.url());
    let keys: std::collections::BTreeSet<_> =
        peer.received().iter().map(|asked| asked.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    // One of them is seen to by hand.
    assert_eq!(project.run(&["dead-letters", "discard", &ids[0], "--reason", "it happened"]).code, 0);
    let left = project.run(&["replay", "--all", "--dry-run"]);
    assert!(
        left.out.contains("not all of them can come along") && left.err.contains("nothing would be tried again"),
        "{}{}",
        left.out,
        left.err
    );
    let one = project.run(&["replay", "--id", &ids[1], "--dry-run"]);
    assert!(one.out.contains("it goes under another, and may be done twice"), "{}", one.out);
}

fn rename_the_step(project: &Project) {
    project.edit("flows/notes.yaml", "name: note,", "name: noted,");
}

/// What was refused was not done, whatever its step is called now: the replay ends, and nothing waits for the step of then.
#[test]
fn a_replay_of_a_refused_step_that_was_renamed_ends() {
    let project = notes_to("{\"id\":\"1\",\"bad\":false}\n", &Hostile::start(vec![Answer::status(422)]).url());
    rename_the_step(&project);
    let shown = project.run(&["replay", "--all", "--yes"]);
    assert!(shown.code == 0 && shown.err.contains("1 message open again"), "{}{}", shown.out, shown.err);
    let ran = notes_ran(&project, &Hostile::start(vec![Answer::status(200)]).url());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

/// What was done, or may have been, under a name that is gone: of many it is left, and told why.
#[test]
fn a_step_that_was_done_and_is_called_otherwise_is_not_done_again_by_a_replay() {
    let project = notes("{\"id\":\"1\",\"bad\":false}\n");
    rename_the_step(&project);
    let many = project.run(&["replay", "--all", "--yes"]);
    assert!(many.code == 1 && many.err.contains("nothing would be tried again"), "{}{}", many.out, many.err);
    assert!(many.out.contains("it has done `note`") && many.err.contains("`was: NAME`"), "{}{}", many.out, many.err);
    let id = objects(&project.run(&["messages", "--state", "uncertain", "--format", "json"]))[0]["run"].to_string();
    let one = project.run(&["replay", "--id", &id, "--dry-run"]);
    assert!(one.err.contains("1 message would be tried again") && one.err.contains("`was: NAME`"), "{}{}", one.out, one.err);
    project.edit("flows/notes.yaml", "name: noted,", "name: noted, was: note,");
    assert!(!project.run(&["replay", "--id", &id, "--dry-run"]).err.contains("`was: NAME`"));
}

/// What the flow gives from here on is not what was sent.
fn change(project: &Project, to: &str) {
    let text = std::fs::read_to_string(project.path().join("flows/notes.yaml")).unwrap();
    let (before, _) = text.split_once("fields: {").unwrap();
    project.write("flows/notes.yaml", &format!("{before}fields: {{ {to} }} }} }}\n"));
}

#[test]
fn other_bytes_than_those_that_were_sent_are_told_before_and_lead_to_a_resend() {
    let project = notes("{\"id\":\"1\",\"bad\":false}\n{\"id\":\"2\",\"bad\":true}\n");
    let id = objects(&project.run(&["messages", "--state", "uncertain", "--format", "json"]))[0]["run"].to_string();
    change(&project, "id: .id, more: { value: 1 }");
    let told = |shown: &crate::project::Ran| {
        assert!(shown.out.contains("R0006") && shown.err.contains("`spanwright resend`"), "{}{}", shown.out, shown.err);
        assert!(shown.err.contains("nothing would be tried again"), "{}", shown.err);
    };
    let first = project.run(&["replay", "--id", &id, "--dry-run"]);
    told(&first);
    assert!(first.out.contains(".more"), "what was sent is known: {}", first.out);
    assert_eq!(project.run(&["replay", "--id", &id, "--yes"]).code, 1, "it would stop, so it is not begun");
    // Begun among others it stops, and is pinned to a project whose bytes were never sent.
    let many = project.run(&["replay", "--all", "--uncertain", "--yes"]);
    assert!(many.code == 0 && many.err.contains("1 message would be tried again"), "{}", many.err);
    notes_run(&project, &hangs_up());
    assert!(project.run(&["messages", "--id", &id]).out.contains("R0006"));
    let second = project.run(&["replay", "--id", &id, "--dry-run"]);
    told(&second);
    assert!(second.out.contains("those were not kept") && !second.out.contains("the same as before"), "{}", second.out);
    let page = crate::project::run(&["explain", "R0006"]).out;
    assert!(page.contains("spanwright resend --id ID") && !page.contains("if it has not, `spanwright replay`"), "{page}");
}

const LINES: &str = "flow: notes
from: { files: nas.drops, key: .id, settle: 0s, every: 100ms }
steps:
  - { name: lines, each: .lines, steps: [{ name: note, send: peer.note, body: { fields: { n: .n } } }] }
";

/// Of three lines the second is refused; a list without the first would have the second at its place.
#[test]
fn a_list_whose_items_move_is_told_before_and_sends_nothing() {
    let project = notes_of("{\"id\":\"1\",\"lines\":[{\"n\":1},{\"n\":2},{\"n\":3}]}\n");
    project.write("flows/notes.yaml", LINES);
    project.edit("systems/peer.yaml", "http:\n", "http:\nlimits: { concurrency: 1 }\n");
    let peer = Hostile::start(vec![Answer::status(200), Answer::status(422), Answer::status(200)]);
    notes_run(&project, &peer.url());
    assert_eq!(peer.received().len(), 3);
    project.write("flows/notes.yaml", &LINES.replace("each: .lines", "each: \"[.lines[] | select(.n != 1)]\""));
    let id = dead(&project);
    for arguments in [&["replay", "--id", &id, "--dry-run"][..], &["replay", "--id", &id, "--yes"]] {
        let shown = project.run(arguments);
        assert!(shown.code == 1 && shown.err.contains("nothing would be tried again"), "{}{}", shown.out, shown.err);
        assert!(shown.out.contains("R0006") && shown.err.contains("an `each` has another list now"), "{}{}", shown.out, shown.err);
    }
    project.write("flows/notes.yaml", &LINES.replace("{ n: .n }", "{ n: .n, more: { value: 1 } }"));
    assert_eq!(project.run(&["replay", "--id", &id, "--yes"]).code, 0);
    assert_eq!(notes_ran(&project, &peer.url()).code, 0);
    let bodies: Vec<String> = peer.received().iter().map(|asked| String::from_utf8_lossy(&asked.body).into_owned()).collect();
    assert!(bodies.len() == 4 && bodies[3].contains("\"n\":2"), "{bodies:?}");
}

#[test]
fn a_flow_that_is_not_there_is_said_and_many_say_how_many_more() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    for typed in [&["replay", "--flow", "custmers", "--dry-run"][..], &["dead-letters", "--flow", "custmers"]] {
        let typo = project.run(typed);
        assert!(typo.code == 2 && typo.err.contains("did you mean `customers`?"), "{}", typo.err);
    }
    let many: String = (0..23).map(|n| format!("{{\"id\":\"{n}\",\"bad\":true}}\n")).collect();
    let shown = notes(&many).run(&["replay", "--all", "--dry-run"]);
    assert!(shown.err.contains("23 messages would be tried again") && shown.err.contains("3 more"), "{}", shown.err);
}

#[test]
fn what_stops_after_it_was_shown_is_not_replayed() {
    let project = notes("{\"id\":\"1\",\"bad\":true}\n{\"id\":\"2\",\"bad\":true}\n");
    assert_eq!(project.run(&["replay", "--all", "--rate", "1/s", "--yes"]).code, 0);
    let chore = objects(&project.run(&["chores", "--format", "json"])).remove(0);
    assert!(chore["remaining"] == 2 && chore.get("left").is_none(), "{chore}");
    assert!(project.run(&["chores"]).out.contains("2 remain"));
    let mut keep = Keep::open(&project.path().join(".spanwright/journal.db"), |_| &spanwright_core::codes::TORN).unwrap();
    let upto = keep.opening().unwrap().chores[0].upto;
    assert_eq!(upto, RunId(2), "no run behind the last that was shown");
}

fn until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(40), "it never comes to that");
        thread::sleep(Duration::from_millis(30));
    }
}

/// Opened again under a project that does not know its flow it would be open for ever.
#[test]
fn a_letter_of_a_flow_that_is_gone_stays_one_and_says_so() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    let (file, away) = (project.path().join("flows/customers.yaml"), project.path().join("customers.yaml"));
    std::fs::rename(&file, &away).unwrap();
    for arguments in [&["replay", "--all", "--dry-run"][..], &["replay", "--all", "--yes"], &["replay", "--id", &dead(&project), "--yes"]] {
        let told = project.run(arguments);
        assert_eq!(told.code, 1, "{}{}", told.out, told.err);
        assert!(told.out.contains("left: this project has no flow `customers`"), "{}{}", told.out, told.err);
        assert!(told.err.contains("put its file back"), "{}{}", told.out, told.err);
    }
    let resent = project.run(&["resend", "--id", &dead(&project), "--reason", "once more"]);
    assert!(
        resent.code == 2 && resent.err.contains("has no flow `customers`") && resent.err.contains("put its file back"),
        "{}",
        resent.err
    );
    assert_eq!(project.run(&["dead-letters"]).code, 1, "it is a dead letter");
    std::fs::rename(&away, &file).unwrap();
    let told = project.run(&["replay", "--all", "--yes"]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
}

/// What an open message waits for is said of it: hours, a quota, and a dead letter of its record.
#[test]
fn whatever_waits_says_for_what() {
    let project =
        notes_of("{\"id\":\"1\",\"bad\":true}\n{\"id\":\"1\",\"bad\":false}\n{\"id\":\"2\",\"bad\":false}\n{\"id\":\"3\",\"bad\":false}\n");
    project.edit("flows/notes.yaml", "steps:\n", "in_order: key\nsteps:\n");
    let limits = |project: &Project, from: &str, to: &str| project.edit("systems/peer.yaml", from, to);
    limits(&project, "http:\n", "http:\nlimits: { per_day: 1 }\n");
    let peer = Hostile::start(vec![Answer::status(200)]);
    let mut command = crate::project::spanwright();
    command.args(["run", "--level", "error"]).arg(project.path()).env("FOLDER", project.path().join("data")).env("PEER", peer.url());
    let running = Begun { child: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() };
    until(|| objects(&project.run(&["messages", "--format", "json"])).len() == 4 && peer.received().len() == 1);
    drop(running);
    let held = project.run(&["held"]).out;
    assert!(held.contains("peer had its 1 request of the day: it is asked again at 20"), "{held}");
    let open = objects(&project.run(&["messages", "--state", "open", "--format", "json"]));
    let of = |key: &str| {
        let line = open.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("{open:?}"));
        project.run(&["messages", "--id", &line["run"].to_string()]).out
    };
    assert!(of("1").contains("waits        behind the dead letter 1 of its record"), "{}", of("1"));
    assert!(!of("3").contains("dead letter") && of("3").contains("waits        peer had its 1 request of the day"), "{}", of("3"));
    limits(&project, "limits: { per_day: 1 }", "closed: [\"daily 00:00-24:00\"]");
    let closed = project.run(&["held"]).out;
    assert!(closed.contains("peer is closed until 20"), "{closed}");
    assert!(of("3").contains("waits        peer is closed until 20"), "{}", of("3"));
    let once = notes_ran(&project, &peer.url());
    assert!(
        once.code == 1 && once.out.contains("waits for long") && once.out.contains("peer (it is closed until 20"),
        "{}{}",
        once.out,
        once.err
    );
}

/// However many they are: all that has a reason is meant, and none is left behind without a word.
#[test]
fn all_of_a_reason_are_acknowledged_and_set_aside() {
    const DEAD: u128 = 10_001;
    let (project, _world, _ledgers) = with_a_dead_letter();
    let mut keep = Keep::open(&project.path().join(".spanwright/journal.db"), |_| &spanwright_core::codes::TORN).unwrap();
    let dead = |n: u128| {
        let took = Took {
            message: n,
            source: "customers.source".into(),
            correlation: "c".into(),
            at: Moment(1),
            key: None,
            version: None,
            body: b"{}".as_slice().into(),
            beside: None,
            flow: "customers".into(),
            root: Root(n),
            plan: PlanId(1),
            seen: None,
            about: None,
            fault: Some(Failure::new(&spanwright_core::codes::TORN, "a bad one")),
        };
        Fact::Took(Box::new(took))
    };
    (0..DEAD)
        .collect::<Vec<_>>()
        .chunks(1_000)
        .for_each(|some| drop(keep.commit(&some.iter().map(|n| dead(*n)).collect::<Vec<_>>()).unwrap()));
    drop(keep);
    let known = project.run(&["dead-letters", "acknowledge", "R0002", "--note", "ticket 7"]);
    assert!(known.code == 0 && known.err.contains("10,001 dead letters acknowledged"), "{}", known.err);
    let gone = project.run(&["dead-letters", "discard", "R0002", "--reason", "a bad day"]);
    assert!(gone.code == 0 && gone.err.contains("10,001 dead letters set aside"), "{}", gone.err);
    let left = objects(&project.run(&["dead-letters", "--format", "json"]));
    assert!(left.len() == 1 && left[0]["code"] == "R2015", "{left:?}");
}
