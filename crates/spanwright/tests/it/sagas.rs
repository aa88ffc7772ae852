//! Sagas and people: a step that is gone from the flow, and one that was undone by hand.

#![allow(clippy::unwrap_used)]

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use spanwright_world::{Answer, Hostile, Received};

use spanwright_core::{
    codes::TORN,
    fact::{EffectKey, EffectState, Ending, Fact, Moment, Phase, RunId, Settled, StopKind, Stopped, Store, Way, no_item},
};
use spanwright_engine::keep::Keep;
use spanwright_shape::text::Failure;

use crate::{
    commands::objects,
    project::{Begun, Project, Ran, ran},
};

const PEER: &str = "system: peer\nhttp:\nurl: \"${PEER}\"\nretry: { first: 10ms, longest: 50ms }\nbreaker: { hold: 50ms, longest: 50ms }\n\
    operations:\n  reserve: { post: /reserve, key: Idempotency-Key }\n  release: { post: /release, key: Idempotency-Key }\n  \
    charge: { post: /charge, key: Idempotency-Key }\n  ship: { post: /ship, key: Idempotency-Key }\n";
const FLOW: &str = "flow: orders\nfrom: { files: nas.drops, key: .id, settle: 0s, every: 100ms }\nsteps:\n  \
    - { name: reserve, call: peer.reserve, body: { fields: { id: .id } }, undo: { call: peer.release, body: { fields: { id: .id } } } }\n";
const CHARGE: &str = "  - { name: charge, call: peer.charge, body: { fields: { id: .id } }, pivot: true }\n";
const SHIP: &str = "  - { name: ship, call: peer.ship, body: { fields: { id: .id } } }\n";

/// One order, and what becomes of it.
fn orders(steps: &str) -> Project {
    let project = Project::empty();
    for folder in ["systems", "flows", "data/in"] {
        std::fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    project.write("spanwright.yaml", "project: orders\nvars: { FOLDER: { about: where it reads }, PEER: { about: the system } }\n");
    let nas = "system: nas\nfiles:\nurl: \"${FOLDER}\"\noperations:\n  drops: { folder: in, match: \"*.jsonl\", format: jsonl }\n";
    project.write("systems/nas.yaml", nas);
    project.write("systems/peer.yaml", PEER);
    project.write("flows/orders.yaml", &format!("{FLOW}{steps}"));
    project.write("data/in/one.jsonl", "{\"id\":\"1\"}\n");
    project
}

/// A peer that refuses what has one of these paths.
fn refuses(paths: &'static [&'static str]) -> Hostile {
    let answer = move |received: &Received| match paths.contains(&&*received.path) {
        true => Answer::json(422, "{\"error\":\"no\"}"),
        false => Answer::json(200, "{}"),
    };
    Hostile::start(vec![Answer::By(Arc::new(answer))])
}

fn command(project: &Project, peer: &Hostile, arguments: &[&str]) -> std::process::Command {
    let mut command = crate::project::spanwright();
    command.args(["run", "--level", "error"]).args(arguments).arg(project.path());
    command.env("FOLDER", project.path().join("data")).env("PEER", peer.url());
    command
}

fn once(project: &Project, peer: &Hostile) -> Ran {
    ran(&mut command(project, peer, &["--once"]))
}

/// What is said of today's files before they are started on the journal.
fn deploy(project: &Project, peer: &Hostile) -> String {
    let mut command = crate::project::spanwright();
    command.args(["check", "--store"]).arg(project.path());
    let checked = ran(command.env("FOLDER", project.path().join("data")).env("PEER", peer.url()));
    format!("{}{}", checked.out, checked.err)
}

fn asked(peer: &Hostile, path: &str) -> usize {
    peer.received().iter().filter(|received| received.path == path).count()
}

/// The money was taken, and today's flow does not know the step any more: what came before it is not undone behind its back.
#[test]
fn a_pivot_that_is_gone_from_the_flow_is_respected() {
    let project = orders(&format!("{CHARGE}{SHIP}"));
    let peer = refuses(&["/ship"]);
    assert_eq!(once(&project, &peer).code, 1);
    project.write("flows/orders.yaml", &format!("{FLOW}{SHIP}"));
    assert!(deploy(&project, &peer).contains("would do `charge` again"), "it was done, and a replay may do it again");
    let id = objects(&project.run(&["messages", "--state", "dead", "--format", "json"]))[0]["run"].to_string();
    assert_eq!(project.run(&["replay", "--id", &id, "--yes"]).code, 0);
    assert_eq!(once(&project, &peer).code, 1);
    let shown = project.run(&["messages", "--id", &id]).out;
    assert!(shown.contains("R0011") && shown.contains("`charge` was done") && !shown.contains("what had been done was undone"), "{shown}");
    assert_eq!((asked(&peer, "/ship"), asked(&peer, "/release")), (2, 0));
}

/// The money was taken, and today the message fails before it comes to that step.
#[test]
fn a_pivot_that_is_out_of_reach_is_respected() {
    let project = orders(&format!("{CHARGE}{SHIP}"));
    let peer = refuses(&["/ship"]);
    assert_eq!(once(&project, &peer).code, 1);
    project.write("flows/orders.yaml", &format!("{FLOW}  - {{ name: stop, fail: '\"not today\"' }}\n{CHARGE}{SHIP}"));
    let id = objects(&project.run(&["messages", "--state", "dead", "--format", "json"]))[0]["run"].to_string();
    assert_eq!(project.run(&["replay", "--id", &id, "--yes"]).code, 0);
    assert_eq!(once(&project, &peer).code, 1);
    let shown = project.run(&["messages", "--id", &id]).out;
    assert!(shown.contains("R0011") && shown.contains("does not come to it any more") && shown.contains("not today"), "{shown}");
    assert_eq!((asked(&peer, "/charge"), asked(&peer, "/release")), (1, 0));
    // It is there again: the message is done, and nothing twice.
    project.write("flows/orders.yaml", &format!("{FLOW}{CHARGE}"));
    assert_eq!(project.run(&["replay", "--id", &id, "--yes"]).code, 0);
    assert_eq!(once(&project, &peer).code, 0);
    assert_eq!((asked(&peer, "/charge"), asked(&peer, "/release")), (1, 0));
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A refund of which nobody knows: many leave it out, and who takes one is told.
#[test]
fn what_may_not_have_been_undone_is_left_out_of_many_and_said_of_one() {
    let project = orders(SHIP);
    let peer = refuses(&["/ship"]);
    assert_eq!(once(&project, &peer).code, 1);
    let run = objects(&project.run(&["messages", "--state", "dead", "--format", "json"]))[0]["run"].as_i64().unwrap();
    let mut keep = Keep::open(&project.path().join(".spanwright/journal.db"), |_| &TORN).unwrap();
    let file = keep.runs(&[RunId(run)]).unwrap().remove(0);
    let settled = |way, phase| {
        let effect = EffectKey { run: RunId(run), node: "reserve".into(), item: no_item(), way };
        let (state, queue) = (EffectState::new(phase), "orders.reserve".into());
        Fact::Settled(Box::new(Settled { effect, state, queue, lane: 0, attempt: None, at: Moment(2) }))
    };
    let why = || Failure::new(&TORN, "nobody heard of it");
    let stopped = Stopped { kind: StopKind::Uncertain, node: "reserve".into(), failure: why(), undone: false };
    let facts = [
        Fact::Reopened { run: RunId(run), plan: file.plan, at: Moment(1), by: "ann".into(), over_newer: true, apart: false },
        settled(Way::Do, Phase::Done(None)),
        settled(Way::Undo, Phase::Uncertain(why())),
        Fact::Ended { run: RunId(run), ending: Ending::Stopped(stopped), at: Moment(2) },
    ];
    keep.commit(&facts).unwrap();
    drop(keep);
    let many = project.run(&["replay", "--all", "--yes"]);
    assert!(many.code == 1 && many.err.contains("nothing would be tried again") && many.err.contains("`--uncertain`"), "{}", many.err);
    let one = project.run(&["replay", "--id", &run.to_string(), "--dry-run"]);
    assert!(one.out.contains("nobody knows whether its undo happened") && one.err.contains("may be done twice"), "{}{}", one.out, one.err);
}

/// The other system refuses the undo for good, and a person does it there.
#[test]
fn what_is_undone_by_hand_is_asked_for_no_more_and_the_way_back_goes_on() {
    let charge = CHARGE.replace("pivot: true", "undo: { call: peer.refund, body: { fields: { id: .id } } }");
    let project = orders(&format!("{charge}{SHIP}"));
    project.edit("systems/peer.yaml", "operations:\n", "operations:\n  refund: { post: /refund, key: Idempotency-Key }\n");
    let peer = refuses(&["/ship", "/refund"]);
    let child = command(&project, &peer, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = Begun { child };
    until("the refund is refused again and again", || asked(&peer, "/refund") > 3);
    let id = objects(&project.run(&["messages", "--state", "open", "--format", "json"]))[0]["run"].to_string();
    assert_eq!(asked(&peer, "/release"), 0, "strictly backwards");
    assert_eq!(project.run(&["hold", "peer", "--because", "month end"]).code, 0);
    let waits = project.run(&["messages", "--id", &id]).out;
    assert!(waits.contains("waits        peer is held") && waits.contains("month end"), "{waits}");
    assert_eq!(project.run(&["resume", "peer"]).code, 0);
    assert_eq!(project.run(&["undone", &id, "--step", "charge", "--reason", " "]).code, 2, "not without saying how");
    let said = project.run(&["undone", &id, "--step", "charge", "--reason", "refunded in the bank's console"]);
    assert!(said.code == 0 && said.err.contains("charge is undone"), "{}{}", said.out, said.err);
    let twice = project.run(&["undone", &id, "--step", "charge", "--reason", "said twice"]);
    assert!(twice.code == 2 && twice.err.contains("nothing that charge did is to be undone"), "{}", twice.err);
    until("what came before it is undone", || asked(&peer, "/release") == 1);
    until("it is a dead letter", || !project.run(&["messages", "--id", &id, "--format", "json"]).out.contains("\"open\""));
    let refunds = asked(&peer, "/refund");
    let shown = project.run(&["messages", "--id", &id]).out;
    assert!(shown.contains("by hand, charge: refunded in the bank's console"), "{shown}");
    assert!(shown.contains("what had been done was undone"), "{shown}");
    assert_eq!(project.run(&["undone", &id, "--step", "charge", "--reason", "again"]).code, 2, "nothing is being undone");
    running.stop();
    assert_eq!(project.run(&["undone", &id, "--step", "charge", "--reason", "again"]).code, 2);
    assert_eq!(refunds, asked(&peer, "/refund"));
    project.write("flows/orders.yaml", &format!("{FLOW}{SHIP}").replace("reserve", "book").replace("peer.book", "peer.reserve"));
    let warned = deploy(&project, &peer);
    assert!(!warned.contains("again"), "what was undone is not done twice: {warned}");
}

/// The word is in the journal before it is heeded: said while a try hangs, it holds through a kill.
#[test]
fn the_word_that_a_step_was_undone_by_hand_outlives_a_kill() {
    let charge = CHARGE.replace("pivot: true", "undo: { call: peer.refund, body: { fields: { id: .id } } }");
    let project = orders(&format!("{charge}{SHIP}"));
    project.edit("systems/peer.yaml", "operations:\n", "operations:\n  refund: { post: /refund, key: Idempotency-Key }\n");
    let hangs = Arc::new(AtomicBool::new(true));
    let hanging = hangs.clone();
    let peer =
        Hostile::start(vec![Answer::By(Arc::new(move |received: &Received| match (&*received.path, hanging.load(Ordering::Acquire)) {
            ("/refund", true) => Answer::HangAfterReading,
            ("/ship", _) => Answer::json(422, "{\"error\":\"no\"}"),
            _ => Answer::json(200, "{}"),
        }))]);
    let begin = || Begun { child: command(&project, &peer, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() };
    let running = begin();
    until("the refund hangs", || asked(&peer, "/refund") == 1);
    let id = objects(&project.run(&["messages", "--state", "open", "--format", "json"]))[0]["run"].to_string();
    let said = project.run(&["undone", &id, "--step", "charge", "--reason", "refunded in the bank's console"]);
    assert!(said.code == 0 && said.err.contains("as soon as no try"), "{}{}", said.out, said.err);
    drop(running);
    hangs.store(false, Ordering::Release);
    let _again = begin();
    until("what came before it is undone", || asked(&peer, "/release") == 1);
    assert_eq!(asked(&peer, "/refund"), 1, "nobody is paid twice");
    let shown = project.run(&["messages", "--id", &id]).out;
    assert!(shown.contains("by hand, charge: refunded in the bank's console"), "{shown}");
}
