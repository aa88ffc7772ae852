//! The journal as an operator knows it: backed up, verified, damaged, full, left by an older project.

#![allow(clippy::unwrap_used)]

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use spanwright_core::fact::{PlanBundle, Store};
use spanwright_world::{World, WorldSettings, disk::BadDisk};

use crate::{
    commands::with_a_dead_letter,
    project::{Project, ran, run},
};

const ONCE: [&str; 5] = ["--once", "--log", "human", "--level", "error"];

fn world(customers: u64) -> (Project, World, tempfile::TempDir) {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let mut settings = WorldSettings::quiet(ledgers.path(), customers);
    settings.crm.keeps_contacts = true;
    (project, World::start(settings).unwrap(), ledgers)
}

#[test]
fn a_backup_beside_a_running_engine_is_whole_and_can_be_put_back() {
    let (project, world, _ledgers) = world(300);
    let running = project.begin(&world);
    until(|| project.run(&["messages", "--state", "done"]).out.contains("done"));
    let copy = project.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    let backed_up = project.run(&["backup", "--to", copy]);
    assert_eq!(backed_up.code, 0, "{}", backed_up.err);
    assert_eq!(project.run(&["backup", "--to", copy]).code, 2, "never over another file");
    assert_eq!(project.run(&["verify", "--file", copy]).code, 0);
    drop(running);
    for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        fs::remove_file(project.path().join(".spanwright").join(file)).ok();
    }
    fs::copy(copy, project.path().join(".spanwright/journal.db")).unwrap();
    assert_eq!(ran(&mut project.command(&world, &ONCE)).code, 0, "it goes on from the backup");
    assert_eq!(world.tally(&[]).unwrap().lost.len(), 0);
}

#[test]
fn a_damaged_journal_is_said_at_the_start_with_the_way_back() {
    let (project, world, _ledgers) = with_a_dead_letter();
    let journal = project.path().join(".spanwright/journal.db");
    assert_eq!(project.run(&["verify"]).code, 0);
    let mut bytes = fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0x5a);
    fs::write(&journal, bytes).unwrap();
    let refused = ran(&mut project.command(&world, &ONCE));
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("it is damaged") && refused.err.contains("The way back"), "{}", refused.err);
    assert_ne!(project.run(&["verify"]).code, 0);
}

#[test]
fn a_journal_that_is_cut_off_empty_or_none_at_all_is_damaged() {
    let (project, world, _ledgers) = with_a_dead_letter();
    let journal = project.path().join(".spanwright/journal.db");
    let whole = fs::read(&journal).unwrap();
    for bytes in [&whole[..whole.len() / 2], &whole[..10], b"not a journal, and not short of that", &[]] {
        fs::write(&journal, bytes).unwrap();
        let verified = project.run(&["verify"]);
        assert_eq!(verified.code, 1, "of {} bytes: {}{}", bytes.len(), verified.out, verified.err);
        assert!(!verified.err.contains("`spanwright verify`"), "{}", verified.err);
    }
    let refused = ran(&mut project.command(&world, &ONCE));
    assert!(refused.code == 2 && refused.err.contains("is gone"), "{}", refused.err);
    fs::remove_file(&journal).unwrap();
    assert_eq!(project.run(&["verify"]).code, 1, "there was one");
    fs::remove_dir_all(journal.parent().unwrap()).unwrap();
    assert_eq!(project.run(&["verify"]).code, 2, "there is none");
}

#[test]
fn a_failed_sync_ends_the_process_and_the_next_start_goes_on() {
    let (project, world, ledgers) = world(200);
    let disk = BadDisk::build(ledgers.path()).unwrap();
    // Behind the making of the journal; in its taking up; while it delivers.
    for n in [12, 2, 4] {
        let ended = ran(disk.fail_sync(&mut project.command(&world, &ONCE), n));
        assert_eq!(ended.code, 2, "sync {n}: {}{}", ended.out, ended.err);
    }
    let ended = ran(&mut project.command(&world, &ONCE));
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let tally = world.tally(&[]).unwrap();
    assert_eq!((tally.right, tally.lost.len(), tally.duplicates.len()), (200, 0, 0));
}

#[test]
fn slow_syncs_make_it_slow_and_nothing_else() {
    for milliseconds in [5, 50, 500] {
        let (project, world, ledgers) = world(200);
        let disk = BadDisk::build(ledgers.path()).unwrap();
        let ended = ran(disk.slow(&mut project.command(&world, &ONCE), milliseconds));
        let tally = world.tally(&[]).unwrap();
        assert_eq!((ended.code, tally.right, tally.duplicates.len()), (0, 200, 0), "{milliseconds} ms: {}{}", ended.out, ended.err);
    }
}

#[test]
fn a_full_disk_is_waited_out_and_nothing_is_lost() {
    is_waited_out(NO_SPACE);
}

/// SQLite tells of neither that it is want of room.
#[test]
fn a_quota_and_a_largest_file_are_waited_out_as_a_full_disk_is() {
    for errno in [QUOTA, FILE_TOO_LARGE] {
        is_waited_out(errno);
    }
}

/// What Linux says: ENOSPC, EDQUOT, EFBIG.
const NO_SPACE: u32 = 28;
const QUOTA: u32 = 122;
const FILE_TOO_LARGE: u32 = 27;

fn is_waited_out(errno: u32) {
    let (project, world, ledgers) = world(3_000);
    let (disk, ends) = (BadDisk::build(ledgers.path()).unwrap(), ledgers.path().join("room"));
    let mut command = project.command(&world, &["--once", "--log", "json"]);
    project.edit("flows/customers.yaml", "batch: { most: 500, wait: 1s }", "batch: { most: 5, wait: 10ms }");
    let log = fs::File::create(ledgers.path().join("log")).unwrap();
    let mut child = disk.fill_saying(&mut command, FULL_AT, &ends, errno).stdout(std::process::Stdio::null()).stderr(log).spawn().unwrap();
    let said = || fs::read_to_string(ledgers.path().join("log")).unwrap_or_default();
    until(|| said().contains("disk-full"));
    thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it stays up: {}", said());
    fs::write(&ends, "").unwrap();
    let code = child.wait().unwrap().code();
    let tally = world.tally(&[]).unwrap();
    let last = said().lines().last().unwrap_or_default().to_string();
    assert_eq!((code, tally.right, tally.lost.len(), tally.duplicates.len()), (Some(0), 3_000, 0, 0), "{errno}: {last}");
    assert!(said().contains("disk-room"));
}

/// What fills up first is the write-ahead log, which is checkpointed at 32 MiB: here it may not have that much.
const FULL_AT: u64 = 6 << 20;

#[test]
fn a_renamed_step_is_said_before_a_start_and_was_makes_it_known() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    project.edit("flows/customers.yaml", "- { send: crm.upsertContacts,", "- { name: to-crm, send: crm.upsertContacts,");
    let checked = project.run(&["check", "--store"]);
    assert_eq!(checked.code, 0, "{}", checked.err);
    project.edit("flows/customers.yaml", "name: to-crm,", "name: to-crm, was: send-crm.upsertContacts,");
    assert_eq!(project.run(&["check", "--store"]).code, 0);
    project.edit("flows/customers.yaml", "was: send-crm.upsertContacts,", "was: map-customer-to-contact,");
    let clash = project.run(&["check"]);
    assert!(clash.code == 1 && clash.out.contains("`was:` is a name that no step has any more"), "{}", clash.out);
}

#[test]
fn what_goes_on_under_an_older_project_is_said_and_a_start_that_would_leave_messages_is_refused() {
    let (project, world, _ledgers) = with_a_dead_letter();
    crate::replay::open_again(&project);
    project.edit(
        "flows/customers.yaml",
        "- { send: crm.upsertContacts,",
        "- { name: to-crm, was: send-crm.upsertContacts, send: crm.upsertContacts,",
    );
    let checked = project.run(&["check", "--store"]);
    let says = "1 open message of flow customers go on to their end with the steps and maps that they began with";
    assert!(checked.code == 0 && checked.err.contains(says), "{}{}", checked.out, checked.err);
    // As an edition wrote it that knows a language which this one does not.
    let strange = PlanBundle { hash: [7; 32], bundle: b"another project"[..].into(), language: 1_000_000 };
    crate::replay::open_under(&project, |keep, _| keep.plan(&strange).unwrap());
    let refused = ran(&mut project.command(&world, &ONCE));
    assert_eq!(refused.code, 2, "{}", refused.err);
    for says in ["1 open message of flow customers would be left", "cannot be built by this edition", "leave them with `--leave`"] {
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    assert_ne!(project.run(&["check", "--store"]).code, 0);
    let left = ran(&mut project.command(&world, &[&ONCE[..], &["--leave"]].concat()));
    assert!(left.out.contains("pinned to plans that cannot be built any more"), "{}{}", left.out, left.err);
}

#[test]
fn a_renamed_flow_that_would_do_its_past_again_is_not_started_unless_it_is_wanted() {
    let (project, world, _ledgers) = world(20);
    assert_eq!(ran(&mut project.command(&world, &ONCE)).code, 0);
    project.rename("flows/customers.yaml", "flows/clients.yaml");
    project.edit("flows/clients.yaml", "flow: customers", "flow: clients");
    fs::remove_dir_all(project.path().join("tests")).unwrap();
    let says = "flow clients would read from its start, and do again, what flow customers has read (it had read up to ";
    let checked = project.run(&["check", "--store"]);
    assert!(checked.code == 1 && checked.err.contains(says), "{}{}", checked.out, checked.err);
    let refused = ran(&mut project.command(&world, &ONCE));
    assert!(refused.code == 2 && refused.err.contains(says) && refused.err.contains("with `--anew`"), "{}", refused.err);
    assert_eq!(ran(&mut project.command(&world, &[&ONCE[..], &["--anew"]].concat())).code, 0);
    let begun = ran(&mut project.command(&world, &ONCE));
    assert!(begun.code == 0 && !begun.err.contains(says), "it has begun: {}", begun.err);
    project.edit("flows/clients.yaml", "flow: clients", "flow: customers");
    project.rename("flows/clients.yaml", "flows/customers.yaml");
    let back = ran(&mut project.command(&world, &ONCE));
    assert!(back.code == 0 && back.out.contains("0 taken"), "it knows what it has done: {}{}", back.out, back.err);
}

#[test]
fn another_environment_does_not_begin_on_a_journal_that_is_not_its_own() {
    let (project, world, _ledgers) = world(5);
    fs::create_dir(project.path().join("environments")).unwrap();
    for environment in ["staging", "production"] {
        project.write(&format!("environments/{environment}.yaml"), &format!("environment: {environment}\n"));
    }
    let runs = |more: &[&str]| ran(&mut project.command(&world, &[&ONCE[..], more].concat()));
    for _ in 0..2 {
        assert_eq!(runs(&["--env", "staging"]).code, 0);
    }
    for (other, named) in [(&["--env", "production"][..], "the environment production"), (&[], "no environment")] {
        let refused = runs(other);
        let says = format!(
            "the journal is that of the environment staging: its open messages and dead letters would go to the systems of {named}"
        );
        assert!(refused.code == 2 && refused.err.contains(&says) && refused.err.contains("with `--take-over`"), "{}", refused.err);
        assert_eq!(project.run(&[&["check", "--store"], other].concat()).code, 1);
    }
    assert_eq!(project.run(&["check", "--store", "--env", "staging"]).code, 0);
    assert_eq!(runs(&["--env", "production", "--take-over"]).code, 0);
    assert_eq!(runs(&["--env", "production"]).code, 0);
    assert_eq!(runs(&["--env", "staging"]).code, 2, "it is another one's by now");
}

#[test]
fn another_key_is_said_before_a_start_and_a_replay_leaves_what_came_under_the_other_one() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    let before = project.run(&["replay", "--all", "--dry-run"]);
    assert!(before.err.contains("1 message would be tried again"), "{}{}", before.out, before.err);
    project.edit("flows/customers.yaml", "key: .Number", "key: '\"C-\" + .Number'");
    let checked = project.run(&["check", "--store"]);
    let says = ["what comes again to flow customers is taken for new", "1 dead letter of flow customers came under another `key`"];
    assert!(checked.code == 0 && says.iter().all(|says| checked.err.contains(says)), "{}{}", checked.out, checked.err);
    let left = project.run(&["replay", "--all", "--dry-run"]);
    assert!(
        left.out.contains("a newer state of its record may have gone on") && left.err.contains("nothing would be tried again"),
        "{}{}",
        left.out,
        left.err
    );
}

/// What a process leaves that was killed with a message in hand, for the third time in a row.
#[test]
fn a_message_in_hand_at_three_ends_in_a_row_is_set_aside() {
    let (project, world, _ledgers) = with_a_dead_letter();
    let id = crate::replay::open_again(&project);
    let state = project.path().join(".spanwright");
    fs::write(state.join("journal.db.suspects"), format!("{} 2\n", id.0)).unwrap();
    fs::write(state.join("journal.db.hand"), id.0.to_le_bytes()).unwrap();
    let ended = ran(&mut project.command(&world, &ONCE));
    let dead = run(&["dead-letters", project.text()]);
    assert!(dead.out.contains("R0108") && ended.err.contains("is set aside"), "{}{}", dead.out, ended.err);
    assert_eq!(fs::read_to_string(state.join("journal.db.suspects")).unwrap(), "", "a replay begins anew");
}

fn until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(40), "it never comes to that");
        thread::sleep(Duration::from_millis(2));
    }
}
