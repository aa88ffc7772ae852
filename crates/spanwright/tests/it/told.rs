//! What only a person can mend: it stands still, one alert tells of it, and nothing is lost when they let it go on.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{Arc, Mutex},
};

use spanwright_world::{Answer, Hostile, Received};

use crate::{
    bad_days::until,
    commands::objects,
    project::{Begun, Project, ran, spanwright},
};

const PROJECT: &str = "project: told
alerts: { board: { http: \"${BOARD}\" } }
vars: { FOLDER: { about: where it reads }, PEER: { about: the system }, BOARD: { about: who is told } }
";
const PEER: &str = "system: peer
http:
url: \"${PEER}\"
limits: { concurrency: 1 }
retry: { first: 10ms, longest: 50ms }
breaker: { hold: 50ms, longest: 50ms }
operations:
  reserve: { post: /reserve, key: Idempotency-Key }
  release: { post: /release, key: Idempotency-Key }
  take: { post: /take, key: Idempotency-Key }
";
const FLOW: &str = "flow: orders\nfrom: { files: nas.drops, key: .id, settle: 0s, every: 50ms }\n";
const TAKE: &str = "  - { name: take, send: peer.take, body: { fields: { id: .id } } }\n";

/// Orders come as files and go to a peer, which answers each path as a test has it; a board is told.
struct Shop {
    project: Project,
    peer: Hostile,
    board: Hostile,
    answers: Arc<Mutex<BTreeMap<&'static str, u16>>>,
}

impl Shop {
    fn new(flow: &str) -> Shop {
        let project = Project::empty();
        for folder in ["systems", "flows", "data/in"] {
            std::fs::create_dir_all(project.path().join(folder)).unwrap();
        }
        project.write("spanwright.yaml", PROJECT);
        let nas = "system: nas\nfiles:\nurl: \"${FOLDER}\"\noperations:\n  drops: { folder: in, match: \"*.jsonl\", format: jsonl }\n";
        project.write("systems/nas.yaml", nas);
        project.write("systems/peer.yaml", PEER);
        project.write("flows/orders.yaml", flow);
        let answers = Arc::new(Mutex::new(BTreeMap::new()));
        let of = answers.clone();
        let answer = move |received: &Received| match of.lock().unwrap().get(&*received.path) {
            Some(status) => Answer::json(*status, "{\"error\":\"no\"}"),
            None => Answer::json(200, "{}"),
        };
        let peer = Hostile::start(vec![Answer::By(Arc::new(answer))]);
        Shop { project, peer, board: Hostile::start(vec![Answer::status(200)]), answers }
    }

    /// From now on.
    fn answers(&self, path: &'static str, status: Option<u16>) {
        let mut answers = self.answers.lock().unwrap();
        match status {
            Some(status) => answers.insert(path, status),
            None => answers.remove(path),
        };
    }

    fn drops(&self, file: &str, ids: std::ops::RangeInclusive<u32>) {
        let lines: String = ids.map(|id| format!("{{\"id\":\"{id}\"}}\n")).collect();
        self.project.write(&format!("data/in/{file}"), &lines);
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = spanwright();
        command.args(["run", "--level", "error"]).args(arguments).arg(self.project.path());
        command.env("FOLDER", self.project.path().join("data")).env("PEER", self.peer.url()).env("BOARD", self.board.url());
        command
    }

    fn begin(&self) -> Begun {
        Begun { child: self.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() }
    }

    /// What the board was told of this cause: each time a state and what it is about.
    fn told(&self, cause: &str) -> Vec<(String, String)> {
        let notices = self.board.received().into_iter().map(|received| serde_json::from_slice(&received.body).unwrap());
        let of_cause = notices.filter(|notice: &serde_json::Value| notice["cause"] == cause);
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
        of_cause.map(|notice| (text(&notice["state"]), text(&notice["of"]))).collect()
    }

    fn in_state(&self, state: &str) -> Vec<serde_json::Value> {
        objects(&self.project.run(&["messages", "--state", state, "--format", "json"]))
    }

    fn asked(&self, path: &str) -> usize {
        self.peer.received().iter().filter(|received| received.path == path).count()
    }

    fn says(&self, arguments: &[&str]) {
        let said = self.project.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}{}", said.out, said.err);
    }
}

fn raised(of: &str) -> Vec<(String, String)> {
    vec![("raised".into(), of.into())]
}

/// A 410 says that the address is gone for good. No retry helps and no message is at fault: a person finds out where it is now.
#[test]
fn a_system_that_is_gone_is_held_through_a_restart_told_of_once_and_gets_all_when_it_is_resumed() {
    let shop = Shop::new(&format!("{FLOW}steps:\n{TAKE}"));
    shop.answers("/take", Some(410));
    shop.drops("a.jsonl", 1..=3);
    let running = shop.begin();
    until("the peer is held", || shop.project.run(&["held"]).out.contains("peer is held until it is resumed"));
    until("the board is told", || shop.told("held") == raised("peer"));
    let (asked, shown) = (shop.asked("/take"), shop.project.run(&["held"]).out);
    assert!(shown.contains("410"), "{shown}");
    drop(running);
    let running = shop.begin();
    shop.drops("b.jsonl", 4..=4);
    std::thread::sleep(std::time::Duration::from_millis(800));
    assert_eq!((shop.asked("/take"), shop.told("held")), (asked, raised("peer")), "it is left alone, and nothing is said twice");
    assert!(shop.project.path().join("data/in/b.jsonl").exists(), "what it would pull would only wait here instead of there");
    assert_eq!((shop.in_state("open").len(), shop.in_state("dead").len()), (3, 0));
    shop.answers("/take", None);
    shop.says(&["resume", "peer"]);
    until("all are delivered", || shop.in_state("done").len() == 4);
    assert_eq!(shop.asked("/take"), asked + 4, "each is delivered once");
    drop(running);
    assert_eq!(ran(&mut shop.command(&["--once"])).code, 0);
    assert_eq!(shop.told("held"), [raised("peer"), vec![("over".into(), "peer".into())]].concat());
}

/// The answers are bad, and the flow does not turn all that comes into dead letters.
#[test]
fn a_flow_that_holds_itself_takes_in_no_more_tells_of_it_once_and_loses_nothing_when_it_goes_on() {
    let shop = Shop::new(&format!("{FLOW}pause_after: {{ dead: 3, within: 5m }}\nsteps:\n{TAKE}"));
    shop.answers("/take", Some(422));
    shop.drops("a.jsonl", 1..=10);
    let running = shop.begin();
    until("the board is told", || shop.told("held") == raised("orders"));
    until("the flow is held", || shop.project.run(&["held"]).out.contains("3 dead letters within 5 min"));
    shop.drops("b.jsonl", 11..=12);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!((shop.in_state("dead").len(), shop.in_state("open").len(), shop.asked("/take")), (3, 7, 3));
    assert!(shop.project.path().join("data/in/b.jsonl").exists(), "the flow takes in no more");
    shop.answers("/take", None);
    shop.says(&["resume", "orders", "--flow"]);
    until("what waited is delivered, here and there", || shop.in_state("done").len() == 9);
    shop.says(&["replay", "--flow", "orders", "--yes"]);
    until("the three are delivered", || shop.in_state("done").len() == 12);
    assert_eq!(shop.asked("/take"), 3 + 12);
    assert!(shop.told("held").starts_with(&raised("orders")[..]), "{:?}", shop.told("held"));
    drop(running);
}

/// The engine cannot know that the other side will never take it back: it goes on trying, and says so once.
#[test]
fn an_undo_that_is_refused_for_good_is_told_of_once_and_is_over_when_a_person_has_done_it() {
    let reserve = "  - name: reserve\n    call: peer.reserve\n    body: { fields: { id: .id } }\n    \
        undo: { call: peer.release, body: { fields: { id: .id } } }\n";
    let shop = Shop::new(&format!("{FLOW}steps:\n{reserve}{TAKE}"));
    shop.answers("/take", Some(422));
    shop.answers("/release", Some(422));
    shop.drops("a.jsonl", 1..=1);
    let running = shop.begin();
    until("the board is told", || shop.told("undo") == raised("orders"));
    assert!(shop.asked("/release") >= 8, "{} tries", shop.asked("/release"));
    let stuck = shop.in_state("stuck");
    assert_eq!((stuck.len(), &stuck[0]["state"], shop.in_state("dead").len()), (1, &"open".into(), 0));
    let tries = shop.asked("/release");
    until("it is tried on", || shop.asked("/release") > tries);
    let id = stuck[0]["run"].to_string();
    shop.says(&["undone", &id, "--step", "reserve", "--reason", "released at their desk"]);
    until("it is a dead letter, and stuck no more", || (shop.in_state("stuck").len(), shop.in_state("dead").len()) == (0, 1));
    let trail = shop.project.run(&["messages", "--id", &id]).out;
    assert!(trail.contains("by hand, reserve: released at their desk"), "{trail}");
    drop(running);
    assert_eq!(ran(&mut shop.command(&["--once"])).code, 0);
    assert_eq!(shop.told("undo"), [raised("orders"), vec![("over".into(), "orders".into())]].concat());
}
