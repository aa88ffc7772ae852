//! Queues in and out, at a real RabbitMQ: set up, killed on either side, blocked, given twice, badly written, over TLS.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use spanwright_world::chaos::{Break, Chaos};

use crate::{
    project::{Begun, Project, Ran, ran, spanwright},
    rabbit::Rabbit,
};

const LONG: Duration = Duration::from_secs(240);
/// Every queue of the example.
const QUEUES: [&str; 4] = ["shop.orders", "shop.parcels", "shop.dead", "shop.replay"];

/// The example, at a broker.
struct Relay<'r> {
    rabbit: &'r Rabbit,
    project: Project,
}

impl<'r> Relay<'r> {
    /// A journal of its own, and empty queues.
    fn at(rabbit: &'r Rabbit) -> Relay<'r> {
        rabbit.peer(&[&["purge"], QUEUES.as_slice()].concat());
        Relay { rabbit, project: Project::named("queues") }
    }

    fn environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("RABBIT_URL", self.rabbit.url()).env("RABBIT_USER", "guest").env("RABBIT_PASSWORD", "guest")
    }

    fn setup(&self) -> Ran {
        ran(self.environment(spanwright().arg("setup").arg(self.project.path())))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = spanwright();
        self.environment(command.arg("run").args(arguments).arg(self.project.path()));
        command
    }

    fn once(&self) -> (i32, String) {
        let ran = ran(&mut self.command(&["--once", "--log", "human", "--level", "warn"]));
        (ran.code, format!("{}{}", ran.out, ran.err))
    }

    fn begin(&self) -> Begun {
        self.begin_at(&self.rabbit.url())
    }

    fn begin_at(&self, url: &str) -> Begun {
        let mut command = self.command(&["--log", "json", "--level", "error"]);
        command.env("RABBIT_URL", url);
        Begun { child: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() }
    }

    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < LONG, "{what}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn publish(&self, from: u64, to: u64) {
        self.rabbit.peer(&["publish", "shop.orders", &from.to_string(), &to.to_string()]);
    }

    fn put(&self, queue: &str, kind: &str, encoding: &str, body: &[u8], id: &str) {
        let hex = body.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        self.rabbit.peer(&["put", queue, kind, encoding, if hex.is_empty() { "-" } else { &hex }, id]);
    }

    /// How often each order is among the parcels.
    fn parcels(&self) -> BTreeMap<u64, usize> {
        let mut parcels = BTreeMap::new();
        for parcel in self.rabbit.drain("shop.parcels") {
            *parcels.entry(parcel["body"]["order"].as_u64().unwrap()).or_default() += 1;
        }
        parcels
    }

    /// Messages of a flow in the journal.
    fn kept(&self, arguments: &[&str]) -> Vec<Value> {
        let out = self.project.run(&[&["messages", "--format", "json", "--most", "100000"], arguments].concat()).out;
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The code of each dead letter of a flow.
    fn dead(&self, flow: &str) -> Vec<String> {
        let all = self.kept(&["--state", "dead", "--flow", flow]);
        all.iter().map(|line| line["code"].as_str().unwrap().to_string()).collect()
    }
}

/// One broker for all of these: each takes seconds to come up.
#[test]
fn at_a_broker_that_is_well() {
    let rabbit = Rabbit::start();
    what_the_broker_does_not_have_is_told_and_waited_for(&rabbit);
    messages_come_in_and_go_out_once_whatever_is_sent_twice_or_badly_written(&rabbit);
    dead_letters_go_to_a_queue_and_come_back_from_one(&rabbit);
    bodies_of_every_kind_are_read_and_texts_are_sent(&rabbit);
    a_message_that_was_given_20_times_and_never_kept_is_read_no_more(&rabbit);
    a_broker_is_reached_over_tls_by_whom_trusts_its_authority(&rabbit);
    killed_again_and_again_no_message_is_lost_and_none_goes_out_under_another_id(&rabbit);
    stopped_in_the_middle_what_was_taken_does_not_come_again(&rabbit);
    a_line_that_is_cut_anywhere_is_late_or_falls_silent_loses_nothing(&rabbit);
}

fn what_the_broker_does_not_have_is_told_and_waited_for(rabbit: &Rabbit) {
    let relay = Relay { rabbit, project: Project::named("queues") };
    relay.project.edit("systems/rabbit.yaml", "operations:", "retry: { tries: 2, first: 50ms }\noperations:");
    let (code, said) = relay.once();
    assert!(code != 0 && said.contains("R5002") && said.contains("no queue 'shop.orders'"), "{code} {said}");
    let mut command = spanwright();
    let wrong = relay.environment(command.arg("setup").arg(relay.project.path())).env("RABBIT_PASSWORD", "wrong");
    let wrong = ran(wrong);
    assert!(wrong.code == 1 && wrong.out.contains("ACCESS_REFUSED") && !wrong.out.contains("wrong"), "{}", wrong.out);
    let setup = relay.setup();
    assert_eq!(setup.code, 0, "{}{}", setup.out, setup.err);
    assert!(setup.out.contains("rabbit: queue shop.orders (quorum)"), "{}", setup.out);
    // A fresh quorum queue is on disk when its node has had a moment (RabbitMQ 3.10).
    thread::sleep(Duration::from_secs(2));
}

fn messages_come_in_and_go_out_once_whatever_is_sent_twice_or_badly_written(rabbit: &Rabbit) {
    let relay = Relay::at(rabbit);
    relay.publish(0, 300);
    // The same again: their ids are known.
    relay.publish(0, 100);
    rabbit.peer(&["publish", "shop.orders", "300", "310", "plain"]);
    relay.put("shop.orders", "-", "-", b"{\"id\":", "torn");
    relay.put("shop.orders", "-", "-", b"{\"id\": \"7\"}", "text");
    let (code, said) = relay.once();
    assert_eq!(rabbit.count(&["shop.orders", "shop.dead"]), [0, 2], "each was acknowledged: {said}");
    let sent = rabbit.drain("shop.parcels");
    let first = sent.iter().find(|parcel| parcel["body"]["order"] == 0).unwrap_or_else(|| panic!("{code} {said}"));
    assert_eq!((&first["delivery_mode"], &first["content_type"]), (&2.into(), &"application/json".into()));
    assert_eq!(first["body"]["tenant"], "north", "{first}");
    assert_eq!(first["routing_key"], "parcel.new");
    let ids: BTreeSet<_> = sent.iter().map(|parcel| parcel["message_id"].to_string()).collect();
    assert_eq!((sent.len(), ids.len()), (310, 310), "{said}");
    // Given once more, what cannot be read is no second dead letter.
    relay.put("shop.orders", "-", "-", b"{\"id\":", "torn");
    relay.once();
    assert_eq!((relay.dead("orders"), rabbit.count(&["shop.orders"])), (vec!["R0015".into(), "R0015".into()], vec![0]));
}

fn dead_letters_go_to_a_queue_and_come_back_from_one(rabbit: &Rabbit) {
    let relay = Relay::at(rabbit);
    // No queue wants parcels: each is a dead letter, and a message of `shop.dead`.
    rabbit.peer(&["unbind", "shop.parcels", "shop.events", "parcel.*"]);
    relay.publish(1, 3);
    relay.put("shop.orders", "-", "-", b"no order", "torn");
    relay.once();
    let dead: BTreeSet<String> =
        relay.kept(&["--state", "dead", "--flow", "orders"]).iter().map(|line| line["message"].to_string()).collect();
    assert_eq!((dead.len(), rabbit.count(&["shop.dead", "shop.parcels"])), (3, vec![3, 0]));
    // The cause is mended, somebody moves what lies there, and it goes on: the same message, once.
    rabbit.peer(&["bind", "shop.parcels", "shop.events", "parcel.*"]);
    rabbit.peer(&["move", "shop.dead", "shop.replay"]);
    let (_, said) = relay.once();
    assert_eq!(relay.parcels(), BTreeMap::from([(1, 1), (2, 1)]), "{said}");
    // What could not be read still cannot: told of again, and with another body it is a message of its own.
    let told = rabbit.drain("shop.dead");
    assert_eq!((told.len(), &told[0]["body"]["body"]), (1, &"no order".into()), "{told:?}");
    let torn = told[0]["body"]["message"].as_str().unwrap();
    let edited = json!({ "message": torn, "body": { "id": 9 }, "reason": "it was order 9" }).to_string();
    relay.put("shop.replay", "application/json", "-", edited.as_bytes(), "edited");
    // The same again is known; so is a replay of what goes on already.
    relay.put("shop.replay", "application/json", "-", edited.as_bytes(), "edited");
    relay.put("shop.replay", "application/json", "-", edited.as_bytes(), "edited-again");
    relay.once();
    assert_eq!(relay.parcels(), BTreeMap::from([(9, 1)]));
    assert_eq!(relay.dead("orders"), Vec::<String>::new());
    let trail = relay.project.run(&["messages", "--id", torn]).out;
    assert!(trail.contains("flow back") && trail.contains("it was order 9"), "{trail}");
    nothing_older_goes_over_a_newer_state(&relay);
}

fn nothing_older_goes_over_a_newer_state(relay: &Relay<'_>) {
    relay.rabbit.peer(&["unbind", "shop.parcels", "shop.events", "parcel.*"]);
    relay.put("shop.orders", "-", "-", b"{\"id\": 5}", "older");
    relay.once();
    relay.rabbit.peer(&["bind", "shop.parcels", "shop.events", "parcel.*"]);
    relay.put("shop.orders", "-", "-", b"{\"id\": 5}", "newer");
    relay.once();
    relay.rabbit.peer(&["move", "shop.dead", "shop.replay"]);
    relay.once();
    assert_eq!(relay.parcels(), BTreeMap::from([(5, 1)]));
    assert_eq!((relay.dead("back"), relay.dead("orders")), (vec!["R0017".to_string()], vec!["R5003".to_string()]));
}

const NOTES: &str = "flow: notes\nfrom: { queue: rabbit.notes }\nsteps:\n  - send: rabbit.read\n    body: { fields: { id: '$headers[\"message-id\"]', says: . } }\n  \
    - { name: words, send: rabbit.words, when: 'type == \"string\"' }\n  \
    - { name: trees, send: rabbit.trees, when: '$headers[\"message-id\"] == \"xml\"' }\n  \
    - { name: rows, send: rabbit.rows, when: '$headers[\"message-id\"] == \"csv\"' }\n  \
    - { name: lines, send: rabbit.lines, when: '$headers[\"message-id\"] == \"lines\"' }\n";

fn bodies_of_every_kind_are_read_and_texts_are_sent(rabbit: &Rabbit) {
    let relay = Relay::at(rabbit);
    let further = "operations:\n  notes: { queue: shop.notes, type: classic }\n  read: { queue: shop.read, type: classic }\n  \
        words: { queue: shop.words, type: classic, format: text }\n  trees: { queue: shop.trees, type: classic, format: xml }\n  \
        rows: { queue: shop.rows, type: classic, format: csv }\n  lines: { queue: shop.lines, type: classic, format: jsonl }";
    relay.project.edit("systems/rabbit.yaml", "operations:", further);
    relay.project.write("flows/notes.yaml", NOTES);
    let setup = relay.setup();
    assert_eq!(setup.code, 0, "{}{}", setup.out, setup.err);
    let put = |kind: &str, encoding: &str, body: &[u8], id: &str| relay.put("shop.notes", kind, encoding, body, id);
    put("-", "-", b"{\"a\":1}", "json");
    put("application/octet-stream", "UTF-8", b"[1]", "octets");
    put("text/plain; charset=utf-8", "-", "gr\u{fc}n".as_bytes(), "text");
    put("text/csv", "-", b"id,name\n1,a\n", "csv");
    put("application/xml", "-", b"<a b=\"1\">x</a>", "xml");
    put("application/x-ndjson", "-", b"{\"a\":1}\n{\"a\":2}\n", "lines");
    put("application/json", "gzip", b"\x1f\x8b", "packed");
    put("text/plain", "-", b"\xff\xfe", "latin");
    put("image/png", "-", b"\x89PNG", "image");
    let (code, said) = relay.once();
    let read: BTreeMap<String, Value> = rabbit
        .drain("shop.read")
        .into_iter()
        .map(|one| (one["body"]["id"].as_str().unwrap().to_string(), one["body"]["says"].clone()))
        .collect();
    assert_eq!(read.keys().collect::<Vec<_>>(), ["csv", "json", "lines", "octets", "text", "xml"], "{code} {said}");
    assert_eq!((&read["text"], &read["octets"]), (&"gr\u{fc}n".into(), &json!([1])));
    assert_eq!((&read["csv"], &read["lines"]), (&json!([{ "id": "1", "name": "a" }]), &json!([{ "a": 1 }, { "a": 2 }])));
    assert!(read["xml"].to_string().contains('x'), "{}", read["xml"]);
    let words = rabbit.drain("shop.words");
    assert_eq!((words.len(), &words[0]["body"]), (1, &"gr\u{fc}n".into()));
    assert_eq!(words[0]["content_type"], "text/plain; charset=utf-8");
    for (queue, kind, body) in [
        ("shop.trees", "application/xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b=\"1\">x</a>\n"),
        ("shop.rows", "text/csv; charset=utf-8", "id,name\n1,a\n"),
        ("shop.lines", "application/x-ndjson", "{\"a\":1}\n{\"a\":2}\n"),
    ] {
        let sent = rabbit.drain(queue);
        assert_eq!((sent.len(), &sent[0]["body"], &sent[0]["content_type"]), (1, &body.into(), &kind.into()), "{queue}");
    }
    assert_eq!((relay.dead("notes"), rabbit.count(&["shop.notes"])), (vec!["R0015".to_string(); 3], vec![0]));
}

fn a_message_that_was_given_20_times_and_never_kept_is_read_no_more(rabbit: &Rabbit) {
    let relay = Relay::at(rabbit);
    relay.publish(1, 2);
    rabbit.peer(&["refuse", "shop.orders", "19"]);
    let (_, said) = relay.once();
    assert_eq!((relay.parcels(), relay.dead("orders")), (BTreeMap::from([(1, 1)]), Vec::new()), "the 20th time counts: {said}");
    relay.publish(2, 3);
    rabbit.peer(&["refuse", "shop.orders", "20"]);
    let (_, said) = relay.once();
    assert_eq!((relay.parcels(), relay.dead("orders")), (BTreeMap::new(), vec!["R0015".to_string()]), "{said}");
    assert_eq!(rabbit.count(&["shop.orders"]), [0], "and it is not given again");
}

fn a_broker_is_reached_over_tls_by_whom_trusts_its_authority(rabbit: &Rabbit) {
    let relay = Relay::at(rabbit);
    relay.project.edit("systems/rabbit.yaml", "operations:", "retry: { tries: 2, first: 50ms }\noperations:");
    relay.publish(0, 5);
    let url = format!("amqps://localhost:{}", rabbit.tls_port);
    let mut command = relay.command(&["--once", "--log", "human", "--level", "warn"]);
    let told = ran(command.env("RABBIT_URL", &url).env("SSL_CERT_FILE", "/dev/null"));
    let said = format!("{}{}", told.out, told.err);
    assert!(told.code != 0 && said.contains("R5001") && said.contains("TLS"), "{said}");
    assert_eq!(rabbit.count(&["shop.orders"]), [5]);
    let mut command = relay.command(&["--once", "--log", "human", "--level", "warn"]);
    let told = ran(command.env("RABBIT_URL", &url).env("SSL_CERT_FILE", rabbit.authority()));
    assert_eq!(relay.parcels().len(), 5, "{}{}", told.out, told.err);
}

fn killed_again_and_again_no_message_is_lost_and_none_goes_out_under_another_id(rabbit: &Rabbit) {
    const ORDERS: u64 = 2_000;
    let relay = Relay::at(rabbit);
    relay.publish(0, ORDERS);
    for milliseconds in [300, 500, 400, 600] {
        let mut running = relay.begin();
        thread::sleep(Duration::from_millis(milliseconds));
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        // What the broker has forgotten is in the journal: nothing is acknowledged before.
        let kept = relay.kept(&["--flow", "orders"]).len() as u64;
        relay.until("all are in the queue or in the journal", || rabbit.count(&["shop.orders"])[0] + kept >= ORDERS);
    }
    let (code, said) = relay.once();
    // What was sent and not confirmed when we were killed is there again under its id.
    assert_eq!((code, rabbit.count(&["shop.orders"])), (0, vec![0]), "{said}");
    each_is_there_once_by_its_id(rabbit, ORDERS);
}

/// Who goes by message-id has a parcel of each order once.
fn each_is_there_once_by_its_id(rabbit: &Rabbit, orders: u64) {
    let mut ids: BTreeMap<String, u64> = BTreeMap::new();
    for parcel in rabbit.drain("shop.parcels") {
        let order = parcel["body"]["order"].as_u64().unwrap();
        let before = ids.insert(parcel["message_id"].to_string(), order);
        assert!(before.is_none_or(|before| before == order), "one id, two orders");
    }
    let sent: BTreeSet<u64> = ids.values().copied().collect();
    assert_eq!((ids.len() as u64, sent), (orders, (0..orders).collect()));
}

/// Those that read and the one that sends, each opened again and again: broken in the handshake, between messages and inside of one,
/// on either way. The broker wants a sign of life often, or a silent one would be found out after minutes.
fn a_line_that_is_cut_anywhere_is_late_or_falls_silent_loses_nothing(rabbit: &Rabbit) {
    const ORDERS: u64 = 2_000;
    const BREAKS: [Break; 12] = [
        Break::Behind(300),
        Break::Behind(700),
        Break::Silent(900),
        Break::Behind(2_000),
        Break::Behind(20_001),
        Break::Behind(33_333),
        Break::Silent(9_999),
        Break::Late(Duration::from_millis(20)),
        Break::Behind(60_001),
        Break::Behind(5_000),
        Break::None,
        Break::None,
    ];
    let relay = Relay::at(rabbit);
    let hasty = "retry: { tries: 100, first: 10ms, longest: 50ms }\nbreaker: { hold: 50ms, longest: 100ms }\noperations:";
    relay.project.edit("systems/rabbit.yaml", "operations:", hasty);
    relay.publish(0, ORDERS);
    rabbit.control(&["eval", "application:set_env(rabbit, heartbeat, 2)."]);
    let chaos = Chaos::of_lines(([127, 0, 0, 1], rabbit.port).into(), BREAKS.to_vec());
    let mut running = relay.begin_at(&format!("amqp://{}", chaos.address()));
    // What was given on a line that fell silent is in the queue again when the broker has noticed.
    relay.until("all are taken", || relay.kept(&["--flow", "orders"]).len() as u64 == ORDERS);
    running.stop();
    rabbit.control(&["eval", "application:set_env(rabbit, heartbeat, 60)."]);
    let met = chaos.met();
    drop(chaos);
    let (code, said) = relay.once();
    assert_eq!((code, rabbit.count(&["shop.orders"])), (0, vec![0]), "{said}");
    each_is_there_once_by_its_id(rabbit, ORDERS);
    // A line that is late, or that nothing happens to, may have carried all the rest.
    assert!(met >= 8, "{met} lines");
}

/// Without an id nobody knows it again: what is on disk is acknowledged before we go.
fn stopped_in_the_middle_what_was_taken_does_not_come_again(rabbit: &Rabbit) {
    const ORDERS: u64 = 2_000;
    let relay = Relay::at(rabbit);
    rabbit.peer(&["publish", "shop.orders", "0", &ORDERS.to_string(), "plain"]);
    let mut running = relay.begin();
    relay.until("some are taken", || rabbit.count(&["shop.parcels"])[0] > 0);
    running.stop();
    let (kept, left) = (relay.kept(&["--flow", "orders"]).len() as u64, rabbit.count(&["shop.orders"])[0]);
    assert_eq!(kept + left, ORDERS, "{kept} are kept, and {left} left");
    let (code, said) = relay.once();
    assert_eq!((code, relay.parcels()), (0, (0..ORDERS).map(|order| (order, 1)).collect()), "{said}");
}

#[test]
fn a_broker_that_is_killed_or_blocks_us_is_waited_for() {
    let rabbit = Rabbit::start();
    let relay = Relay { rabbit: &rabbit, project: Project::named("queues") };
    let setup = relay.setup();
    assert_eq!(setup.code, 0, "{}{}", setup.out, setup.err);
    thread::sleep(Duration::from_secs(2));
    let running = relay.begin();
    relay.publish(0, 500);
    relay.until("parcels go out", || rabbit.count(&["shop.parcels"])[0] > 0);
    // Killed while it gives and takes: what it had confirmed, and what it had not heard of, is there after it.
    for from in [500, 600] {
        rabbit.kill();
        thread::sleep(Duration::from_secs(1));
        rabbit.begin();
        relay.publish(from, from + 100);
    }
    relay.until("it goes on after the restart", || {
        let counts = rabbit.count(&["shop.orders", "shop.parcels"]);
        counts[0] == 0 && counts[1] >= 700
    });
    drop(running);
    assert_eq!(relay.parcels().into_keys().collect::<Vec<_>>(), (0..700).collect::<Vec<_>>(), "each order is there");
    // Short of memory, or of disk, a broker reads nothing of whoever sends; it still gives.
    for (from, blocks, frees) in [
        (700, ["set_vm_memory_high_watermark", "0"], ["set_vm_memory_high_watermark", "0.4"]),
        (720, ["set_disk_free_limit", "1000000GB"], ["set_disk_free_limit", "1MB"]),
    ] {
        relay.publish(from, from + 20);
        rabbit.control(&blocks);
        let running = relay.begin();
        relay.until("they are taken", || rabbit.count(&["shop.orders"]) == [0]);
        relay.until("the broker blocks us", || rabbit.control(&["-q", "list_connections", "state"]).contains("blocked"));
        rabbit.control(&frees);
        relay.until("it goes on when it may", || rabbit.count(&["shop.parcels"])[0] >= 20);
        drop(running);
        // Of the round before, what was not confirmed to us when it ended is there again under its id.
        let sent: Vec<_> = relay.parcels().into_keys().filter(|order| *order >= from).collect();
        assert_eq!(sent, (from..from + 20).collect::<Vec<_>>());
    }
}
