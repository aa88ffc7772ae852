//! Senders whose connections to our own door break: they send again under the same key, and nothing is lost and nothing taken twice.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use spanwright_world::{
    chaos::{Chaos, Mishap},
    crashes::{Senders, SendersSettings},
};

use crate::{
    bad_days::{end, until},
    kills::{Place, comes_to_rest},
};

/// A connection carries some exchanges, and breaks: before the request is there, behind it, or inside its answer. Each of them leaves a
/// sender who has not heard what became of a message.
const CUTS: [Mishap; 7] = [
    Mishap::CutAfterRequest,
    Mishap::CutInsideAnswer(700),
    Mishap::Reset,
    Mishap::CutInsideAnswer(30),
    Mishap::CutInsideAnswer(1_500),
    Mishap::CutAfterRequest,
    Mishap::CutInsideAnswer(333),
];
/// Answers that drip, and that are cut as well.
const DRIPS: [Mishap; 2] = [Mishap::SlowLoris(Duration::from_millis(1)), Mishap::CutInsideAnswer(120)];

/// So many senders bring so many messages by connections that break so; how many connections that took for how many messages.
fn bring(mishaps: &[Mishap], senders: u64, accepted: u64) -> (u64, u64) {
    let place = Place::new(0, Duration::from_millis(1));
    let running = place.start();
    let chaos = Chaos::start(place.address, mishaps.to_vec());
    let senders = Senders::start(SendersSettings { to: chaos.address(), ..place.settings(senders) }).unwrap();
    until("so many are accepted", || senders.sent().accepted >= accepted);
    let sent = senders.stop();
    let judged = comes_to_rest(&place.case(0, 0), Duration::from_secs(30));
    end(running);
    assert_eq!(judged.broken, Vec::<String>::new());
    assert!(judged.accepted == sent.accepted && judged.unheard > 0 && judged.undone > 0, "{judged:?}");
    (chaos.met() as u64, judged.accepted)
}

#[test]
fn senders_whose_connections_are_cut_lose_nothing_and_nothing_is_taken_twice() {
    let (met, accepted) = bring(&CUTS, 16, 600);
    assert!(met > accepted / 4, "{met} connections broke for {accepted} messages");
}

#[test]
fn senders_whose_answers_drip_lose_nothing_and_nothing_is_taken_twice() {
    bring(&DRIPS, 16, 250);
}
