//! What a door says of the journal beneath it: that is found before anybody can connect, may be slow, and may hold as much as may be.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, sleep},
    time::Duration,
};

use spanwright_core::{desk::FLOW_OPEN_MOST, fact::Backlog};
use spanwright_world::{Answer, Hostile};

use super::{Client, ORDERS, project, stopped};
use crate::{disk::Faulty, trial::until};

/// Free a moment ago.
fn address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

#[test]
fn nobody_can_connect_before_what_a_life_before_left_is_found() {
    let shop = Hostile::start(vec![Answer::HangAfterReading, Answer::json(200, "{}")]);
    let (mut trial, address) = (project(&[("orders", ORDERS)], &shop), address());
    trial.edit("spanwright.yaml", "127.0.0.1:0", &address.to_string());
    let running = trial.start(false);
    assert_eq!(running.address(), Some(address));
    let order = |client: &Client| client.post("/orders", &["idempotency-key: o1"], "{\"orderId\":\"1\"}");
    let first = order(&Client::of(&running));
    assert_eq!(first.status, 202);
    until(&running, "the shop is asked", |_| shop.received().len() == 1);
    // As a kill leaves it.
    drop(running);
    let (found, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (of, by) = (found.clone(), refused.clone());
    let running = trial.start_behind(false, move |keep| {
        Faulty::well(keep).opening_by(move |opening| {
            by.store(TcpStream::connect(address).is_err(), Ordering::Release);
            of.store(opening.backlog.iter().map(|backlog| backlog.active).sum(), Ordering::Release);
        })
    });
    assert_eq!((found.load(Ordering::Acquire), refused.load(Ordering::Acquire)), (1, true));
    let again = order(&Client::of(&running));
    assert_eq!((again.status, again.body), (202, first.body), "it is known, and the same");
    until(&running, "it is delivered", |state| state.counters.done == 1);
    let asked = shop.received();
    assert_eq!(asked.len(), 2, "the first one goes again, and no other");
    assert_eq!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
    stopped(running);
}

#[test]
fn a_message_that_a_slow_disk_does_not_keep_in_time_is_refused_and_taken_once_when_it_comes_again() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let slow = Arc::new(AtomicBool::new(false));
    let is_slow = slow.clone();
    let running = trial.start_behind(false, move |keep| {
        Faulty::well(keep).committing_behind(move || {
            while is_slow.load(Ordering::Acquire) {
                sleep(Duration::from_millis(5));
            }
        })
    });
    let client = Client::of(&running);
    let order = || client.post("/orders", &["idempotency-key: o1"], "{\"orderId\":\"1\"}");
    slow.store(true, Ordering::Release);
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(order);
        (order(), second.join().unwrap())
    });
    for late in [&first, &second] {
        assert_eq!((late.status, late.code().as_str()), (503, "R0029"), "{}", late.body);
        assert!(late.head.contains("retry-after: 10"), "{}", late.head);
    }
    assert_eq!(shop.taken(), 0, "nothing is sent that is not kept");
    slow.store(false, Ordering::Release);
    assert_eq!(order().status, 202);
    until(&running, "it is delivered", |state| state.counters.done == 1 && state.standing.open == 0);
    assert_eq!((order().status, shop.taken()), (202, 1), "once, whichever of the three was kept");
    stopped(running);
}

#[test]
fn a_flow_of_which_as_many_are_open_as_may_be_takes_no_more_and_another_one_does() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let others = ORDERS.replace("flow: orders", "flow: others").replace("/orders", "/others");
    let trial = project(&[("orders", ORDERS), ("others", &others)], &shop);
    for (open, status, code) in [(FLOW_OPEN_MOST, 503, "R0027"), (FLOW_OPEN_MOST - 1, 202, "")] {
        let running = trial.start_behind(false, move |keep| {
            let full = move |flow: &str| Backlog { flow: flow.into(), active: 0, parked: open };
            Faulty::well(keep).opening_by(move |opening| opening.backlog.push(full("orders")))
        });
        let client = Client::of(&running);
        let got = client.post("/orders", &[], "{\"orderId\":\"1\"}");
        assert_eq!((got.status, got.code_if_any().as_str()), (status, code), "{}", got.body);
        assert!(status == 202 || got.head.contains("retry-after: 10"), "{}", got.head);
        assert_eq!(client.post("/others", &[], "{\"orderId\":\"1\"}").status, 202);
        let taken = if status == 202 { 2 } else { 1 };
        until(&running, "what was taken is delivered", |state| state.counters.done == taken);
        stopped(running);
    }
    assert_eq!(shop.taken(), 3, "what was refused is nowhere");
}
