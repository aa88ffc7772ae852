//! Thousands of stories. `SEEDS=1000000 FIRST=1 cargo test --release -p spanwright-lab` tells more of them.

// What was played is told with --nocapture, and how much of it is asked of the environment.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::{num::NonZero, ops::Range, thread};

use spanwright_lab::sim::{MUTANTS, Mutant, Story, simulate};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// All these stories, told by as many threads as there are processors: a story knows of no other.
fn told(seeds: &Range<u64>) -> Story {
    let tellers = thread::available_parallelism().map_or(1, NonZero::get);
    let some = |first: u64| {
        let mut sum = Story::default();
        for seed in (first..seeds.end).step_by(tellers) {
            sum += simulate(seed, None).unwrap_or_else(|broken| panic!("{broken}"));
        }
        sum
    };
    thread::scope(|scope| {
        let tellers: Vec<_> = (seeds.start..).take(tellers).map(|first| scope.spawn(move || some(first))).collect();
        let mut sum = Story::default();
        for teller in tellers {
            sum += teller.join().unwrap_or_else(|broken| std::panic::resume_unwind(broken));
        }
        sum
    })
}

#[test]
fn ten_thousand_stories_with_power_cuts_break_no_invariant() {
    let (first, seeds) = (number("FIRST", 1), number("SEEDS", 10_000));
    let sum = told(&(first..first + seeds));
    println!("{seeds} seeds: {sum:?}");
    // A world in which nothing goes wrong would prove nothing.
    assert!(sum.cuts > seeds && sum.undone > seeds && sum.suppressed > seeds && sum.split > seeds / 4, "{sum:?}");
    // A source is not pulled while all that it sends to is held, so fewer states of a record wait for each other here.
    assert!(sum.skipped > seeds / 5, "{sum:?}");
    let Story { set_aside, asked_back, repeated, passed, held, blocked, replayed, by_hand, deploys, .. } = sum;
    let seldom = [set_aside, asked_back, repeated, passed, held, blocked, replayed, by_hand, deploys];
    assert!(seldom.iter().all(|count| *count > seeds), "{sum:?}");
}

#[test]
fn every_mutant_is_caught_within_three_thousand_stories() {
    for mutant in MUTANTS {
        let caught = (1..=3_000).find_map(|seed| simulate(seed, Some(mutant)).err().map(|broken| (seed, broken)));
        let (seed, broken) = caught.unwrap_or_else(|| panic!("{mutant:?} was not caught"));
        println!("{mutant:?} caught by seed {seed}: {broken}");
    }
}

#[test]
fn a_story_is_the_same_each_time_it_is_told() {
    let tell = || format!("{:?} {:?}", simulate(77, None), simulate(5, Some(Mutant::NoIntent)));
    assert_eq!(tell(), tell());
}
