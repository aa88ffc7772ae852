//! What is open, asked by system: what waits there, what is still to come there, and what is being undone there.

#![allow(clippy::unwrap_used)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use spanwright_world::{Answer, Hostile, Received};

use crate::{
    bad_days::until,
    commands::objects,
    project::{Begun, Project, spanwright},
};

const SYSTEM: &str = "http:\nretry: { first: 10ms, longest: 50ms }\nbreaker: { hold: 50ms, longest: 50ms }\noperations:\n";
const FLOW: &str = "flow: orders
from: { files: nas.drops, key: .id, settle: 0s, every: 100ms }
steps:
  - { name: reserve, call: stock.reserve, body: { fields: { id: .id } }, undo: { call: stock.release, body: { fields: { id: .id } } } }
  - { name: charge, call: bank.charge, body: { fields: { id: .id } } }
";

/// Three orders, each reserved in one system and charged in another.
fn orders() -> Project {
    let project = Project::empty();
    for folder in ["systems", "flows", "data/in"] {
        std::fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    project.write(
        "spanwright.yaml",
        "project: orders\nvars: { FOLDER: { about: where it reads }, STOCK: { about: a system }, BANK: { about: a system } }\n",
    );
    let nas = "system: nas\nfiles:\nurl: \"${FOLDER}\"\noperations:\n  drops: { folder: in, match: \"*.jsonl\", format: jsonl }\n";
    project.write("systems/nas.yaml", nas);
    let keyed = |name: &str| format!("  {name}: {{ post: /{name}, key: Idempotency-Key }}\n");
    let stock = format!("system: stock\nurl: \"${{STOCK}}\"\n{SYSTEM}{}{}", keyed("reserve"), keyed("release"));
    project.write("systems/stock.yaml", &stock);
    project.write("systems/bank.yaml", &format!("system: bank\nurl: \"${{BANK}}\"\n{SYSTEM}{}", keyed("charge")));
    project.write("flows/orders.yaml", FLOW);
    project.write("data/in/three.jsonl", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n");
    project
}

/// A stock whose releases are answered 503 until it is well, and a bank that is busy until it refuses.
struct Peers {
    stock: Hostile,
    bank: Hostile,
    stock_is_well: Arc<AtomicBool>,
    bank_refuses: Arc<AtomicBool>,
}

impl Peers {
    fn new() -> Peers {
        let not_yet = || Arc::new(AtomicBool::new(false));
        let (stock_is_well, bank_refuses) = (not_yet(), not_yet());
        let (of_stock, of_bank) = (stock_is_well.clone(), bank_refuses.clone());
        let stock = move |received: &Received| match received.path == "/release" && !of_stock.load(Ordering::Acquire) {
            true => Answer::status(503),
            false => Answer::json(200, "{}"),
        };
        let bank = move |_: &Received| match of_bank.load(Ordering::Acquire) {
            true => Answer::json(422, "{\"error\":\"no money\"}"),
            false => Answer::status(503),
        };
        let start = |answer| Hostile::start(vec![answer]);
        let (stock, bank) = (start(Answer::By(Arc::new(stock))), start(Answer::By(Arc::new(bank))));
        Peers { stock, bank, stock_is_well, bank_refuses }
    }

    fn begin(&self, project: &Project) -> Begun {
        let mut command = spanwright();
        command.args(["run", "--level", "error"]).arg(project.path()).env("FOLDER", project.path().join("data"));
        command.env("STOCK", self.stock.url()).env("BANK", self.bank.url());
        Begun { child: command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap() }
    }
}

fn open(project: &Project, system: &str) -> usize {
    let listed = project.run(&["messages", "--system", system, "--format", "json"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    objects(&listed).len()
}

#[test]
fn what_is_open_is_asked_by_system() {
    let (project, peers) = (orders(), Peers::new());
    let running = peers.begin(&project);
    let reserved = || peers.stock.received().iter().filter(|received| received.path == "/reserve").count();
    until("three are reserved, and the bank is busy", || reserved() == 3 && peers.bank.taken() > 3);
    until("they are open at the bank alone", || (open(&project, "bank"), open(&project, "stock"), open(&project, "nas")) == (3, 0, 0));
    let listed = project.run(&["messages", "--system", "bank", "--state", "open", "--key", "2"]);
    assert!(listed.out.lines().count() == 2 && listed.out.contains(" 2 "), "{}", listed.out);
    assert!(project.run(&["messages", "--system", "stock"]).err.contains("nothing is open there"));
    // The bank refuses: what was reserved is on its way back, and the stock does not take it.
    peers.bank_refuses.store(true, Ordering::Release);
    until("they are open at the stock alone", || (open(&project, "bank"), open(&project, "stock")) == (0, 3));
    // Their flow is gone from the folder: the plan that they began under tells.
    let flow = std::fs::read_to_string(project.path().join("flows/orders.yaml")).unwrap();
    std::fs::remove_file(project.path().join("flows/orders.yaml")).unwrap();
    assert_eq!(open(&project, "stock"), 3);
    project.write("flows/orders.yaml", &flow);
    for (arguments, says) in
        [(&["--system", "stok"][..], "there is no system `stok`"), (&["--system", "bank", "--state", "dead"], "no system")]
    {
        let refused = project.run(&[&["messages"], arguments].concat());
        assert!(refused.code == 2 && refused.err.contains(says), "{}", refused.err);
    }
    peers.stock_is_well.store(true, Ordering::Release);
    until("nothing is open", || (open(&project, "bank"), open(&project, "stock")) == (0, 0));
    until("they are dead letters", || objects(&project.run(&["messages", "--state", "dead", "--format", "json"])).len() == 3);
    drop(running);
}

/// Nobody was asked yet, so the journal has nothing of any step: where a message is to go, its plan tells.
#[test]
fn what_waits_behind_a_system_that_is_held_is_open_there_before_it_was_ever_asked() {
    let (project, peers) = (orders(), Peers::new());
    project.write("data/in/three.jsonl", "");
    let running = peers.begin(&project);
    until("there is a journal", || project.path().join(".spanwright/journal.db").exists());
    until("it is held", || project.run(&["hold", "stock"]).code == 0);
    until("it says so", || project.run(&["held"]).out.contains("stock is held"));
    project.write("data/in/later.jsonl", "{\"id\":\"7\"}\n");
    until("it is open at both", || (open(&project, "stock"), open(&project, "bank")) == (1, 1));
    assert_eq!((open(&project, "nas"), peers.stock.taken()), (0, 0));
    drop(running);
}
