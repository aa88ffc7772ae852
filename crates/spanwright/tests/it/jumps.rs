//! The wall clock of the real binary is set forward and back under load, while it runs and between two starts.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout)] // what was judged is told with --nocapture

use std::{
    thread,
    time::{Duration, Instant},
};

use spanwright_world::{
    crashes::{Case, Senders},
    hands::Hands,
};

use crate::kills::{Place, comes_to_rest};

const HOUR: i64 = 3600;
/// Changes of the poll.
const CHANGES: u64 = 200;
/// So long the clock shows a wrong time, and the till is there or away.
const A_WHILE: Duration = Duration::from_millis(600);
/// Nothing may be late by what the clock was turned: all of it is done within this.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_clock_that_jumps_both_ways_loses_nothing_doubles_nothing_and_keeps_nothing_waiting() {
    let place = Place::new(CHANGES, A_WHILE * 8);
    let hands = Hands::build(place.path()).unwrap();
    let senders = Senders::start(place.settings(16)).unwrap();
    let mut running = place.start_seeing(|command| {
        hands.shown_to(command);
    });
    // While it runs: an hour ahead, back to where it was, two hours behind; and the till is away when it jumps.
    for (turned, away) in [(HOUR, false), (0, true), (-2 * HOUR, false), (600, true), (-600, false)] {
        place.till.be_away(away);
        thread::sleep(A_WHILE / 2);
        hands.turn(turned).unwrap();
        thread::sleep(A_WHILE / 2);
    }
    // Between two starts: what waits was planned by a clock that was three hours ahead of this one, and then by one a day behind.
    for turned in [-3 * HOUR, 24 * HOUR, 0] {
        place.till.be_away(true);
        thread::sleep(A_WHILE / 2);
        running.kill().unwrap();
        running.wait().unwrap();
        hands.turn(turned).unwrap();
        place.till.be_away(false);
        running = place.start_seeing(|command| {
            hands.shown_to(command);
        });
        thread::sleep(A_WHILE);
    }
    let sent = senders.stop();
    let rests = Instant::now();
    let judged = comes_to_rest(&Case { clock_turned: true, ..place.case(3, CHANGES) }, PATIENCE);
    running.kill().unwrap();
    running.wait().unwrap();
    println!("{judged:?}, at rest after {:.1} s", rests.elapsed().as_secs_f64());
    assert_eq!(judged.broken, Vec::<String>::new());
    assert!(judged.accepted == sent.accepted && judged.accepted > 100 && judged.polled == CHANGES, "{judged:?}");
    // A storm would ask again and again.
    assert!(judged.repeats < judged.effects, "{judged:?}");
}
