//! Queues in and out, at a real RabbitMQ: set up, killed on either side, blocked, given twice, badly written.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    project::{Begun, Project, ran, spanwright},
    rabbit::Rabbit,
};

const LONG: Duration = Duration::from_secs(90);

struct Relay {
    rabbit: Rabbit,
    project: Project,
}

impl Relay {
    /// The example, at a broker of its own, set up.
    fn new() -> Relay {
        let relay = Relay { rabbit: Rabbit::start(), project: Project::named("queues") };
        let setup = ran(relay.environment(spanwright().arg("setup").arg(relay.project.path())));
        assert_eq!(setup.code, 0, "{}{}", setup.out, setup.err);
        assert!(setup.out.contains("rabbit: queue shop.orders (quorum)"), "{}", setup.out);
        // A fresh quorum queue is on disk when its node has had a moment (RabbitMQ 3.10).
        thread::sleep(Duration::from_secs(2));
        relay
    }

    fn environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("RABBIT_URL", self.rabbit.url()).env("RABBIT_USER", "guest").env("RABBIT_PASSWORD", "guest")
    }

    fn once(&self) -> (i32, String) {
        let mut command = spanwright();
        let ran = ran(self.environment(command.args(["run", "--once", "--log", "human", "--level", "warn"]).arg(self.project.path())));
        (ran.code, format!("{}{}", ran.out, ran.err))
    }

    fn begin(&self) -> Begun {
        let mut command = spanwright();
        let command = self.environment(command.args(["run", "--log", "json", "--level", "error"]).arg(self.project.path()));
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

    /// How often each order is among these parcels.
    fn parcels(&self) -> BTreeMap<u64, usize> {
        let mut parcels = BTreeMap::new();
        for parcel in self.rabbit.drain("shop.parcels") {
            *parcels.entry(parcel["body"]["order"].as_u64().unwrap()).or_default() += 1;
        }
        parcels
    }
}

fn publish(relay: &Relay, from: u64, to: u64, how: &str) {
    let (from, to) = (from.to_string(), to.to_string());
    let arguments = ["publish", "shop.orders", &from, &to, how];
    relay.rabbit.peer(&arguments[..if how.is_empty() { 4 } else { 5 }]);
}

#[test]
fn messages_come_in_and_go_out_once_whatever_is_sent_twice_or_badly_written() {
    let relay = Relay::new();
    publish(&relay, 0, 300, "");
    // The same again: their ids are known.
    publish(&relay, 0, 100, "");
    publish(&relay, 300, 310, "plain");
    relay.rabbit.peer(&["raw", "shop.orders", "{\"id\":"]);
    relay.rabbit.peer(&["raw", "shop.orders", "{\"id\": \"7\"}"]);
    let (code, said) = relay.once();
    assert_eq!(relay.rabbit.count("shop.orders"), 0, "each was acknowledged: {said}");
    let sent = relay.rabbit.drain("shop.parcels");
    let first = sent.iter().find(|parcel| parcel["body"]["order"] == 0).unwrap_or_else(|| panic!("{code} {said}"));
    assert_eq!((&first["delivery_mode"], &first["content_type"]), (&2.into(), &"application/json".into()));
    assert_eq!(first["body"]["tenant"], "north", "{first}");
    assert_eq!(first["routing_key"], "parcel.new");
    let ids: std::collections::BTreeSet<_> = sent.iter().map(|parcel| parcel["message_id"].to_string()).collect();
    assert_eq!((sent.len(), ids.len()), (310, 310), "{said}");
    let dead = relay.project.run(&["dead-letters"]).out;
    assert!(dead.contains("R0015") && dead.contains("the message is no JSON"), "{dead}");
}

#[test]
fn killed_again_and_again_no_message_is_lost_and_none_goes_out_under_another_id() {
    let relay = Relay::new();
    publish(&relay, 0, 4_000, "");
    for milliseconds in [400, 700, 500, 900] {
        let mut running = relay.begin();
        thread::sleep(Duration::from_millis(milliseconds));
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }
    let (code, said) = relay.once();
    let sent = relay.rabbit.drain("shop.parcels");
    let mut ids: BTreeMap<String, u64> = BTreeMap::new();
    for parcel in &sent {
        let order = parcel["body"]["order"].as_u64().unwrap();
        let before = ids.insert(parcel["message_id"].to_string(), order);
        assert!(before.is_none_or(|before| before == order), "one id, two orders");
    }
    // Who goes by message-id has each once; what was sent and not confirmed when we were killed is there again under its id.
    assert_eq!((code, ids.len(), relay.rabbit.count("shop.orders")), (0, 4_000, 0), "{said}");
}

#[test]
fn a_broker_that_is_killed_or_blocks_us_is_waited_for() {
    let mut relay = Relay::new();
    let running = relay.begin();
    publish(&relay, 0, 500, "");
    relay.until("parcels go out", || relay.rabbit.count("shop.parcels") > 0);
    relay.rabbit.kill();
    thread::sleep(Duration::from_secs(1));
    relay.rabbit.begin();
    publish(&relay, 500, 600, "");
    relay.until("it goes on after the restart", || relay.rabbit.count("shop.orders") == 0 && relay.rabbit.count("shop.parcels") >= 600);
    // Short of memory, a broker reads nothing of whoever sends; it still gives.
    drop(running);
    let before = relay.parcels();
    assert_eq!(before.len(), 600, "each order is there");
    publish(&relay, 600, 620, "");
    relay.rabbit.control(&["set_vm_memory_high_watermark", "0"]);
    let running = relay.begin();
    relay.until("they are taken", || relay.rabbit.count("shop.orders") == 0);
    relay.until("the broker blocks us", || relay.rabbit.control(&["-q", "list_connections", "state"]).contains("blocked"));
    relay.rabbit.control(&["set_vm_memory_high_watermark", "0.4"]);
    relay.until("it goes on when it may", || relay.rabbit.count("shop.parcels") >= 20);
    drop(running);
    assert_eq!(relay.parcels().into_keys().collect::<Vec<_>>(), (600..620).collect::<Vec<_>>());
}

#[test]
fn what_the_broker_does_not_have_is_told_and_waited_for() {
    let rabbit = Rabbit::start();
    let relay = Relay { rabbit, project: Project::named("queues") };
    relay.project.edit("systems/rabbit.yaml", "operations:", "retry: { tries: 2, first: 50ms }\noperations:");
    let (code, said) = relay.once();
    assert!(code != 0 && said.contains("R5002") && said.contains("no queue 'shop.orders'"), "{code} {said}");
    let mut command = spanwright();
    let wrong = relay.environment(command.arg("setup").arg(relay.project.path())).env("RABBIT_PASSWORD", "wrong");
    let wrong = ran(wrong);
    assert!(wrong.code == 1 && wrong.out.contains("ACCESS_REFUSED") && !wrong.out.contains("wrong"), "{}", wrong.out);
}
