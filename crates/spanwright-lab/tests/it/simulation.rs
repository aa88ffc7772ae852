//! Thousands of stories. `SEEDS=1000000 FIRST=1 cargo test --release -p spanwright-lab` tells more of them.

// What was played is told with --nocapture, and how much of it is asked of the environment.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use spanwright_lab::sim::{MUTANTS, Mutant, Story, simulate};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn two_thousand_stories_with_power_cuts_break_no_invariant() {
    let (first, seeds) = (number("FIRST", 1), number("SEEDS", 2_000));
    let mut sum = Story::default();
    for seed in first..first + seeds {
        let story = simulate(seed, None).unwrap_or_else(|broken| panic!("{broken}"));
        sum.events += story.events;
        sum.cuts += story.cuts;
        sum.exchanges += story.exchanges;
        sum.done += story.done;
        sum.skipped += story.skipped;
        sum.stopped += story.stopped;
        sum.undone += story.undone;
        sum.suppressed += story.suppressed;
        sum.split += story.split;
        sum.set_aside += story.set_aside;
        sum.asked_back += story.asked_back;
        sum.repeated += story.repeated;
        sum.held += story.held;
        sum.blocked += story.blocked;
    }
    println!("{seeds} seeds: {sum:?}");
    // A world in which nothing goes wrong would prove nothing.
    assert!(sum.cuts > seeds && sum.undone > seeds && sum.suppressed > seeds && sum.split > seeds, "{sum:?}");
    // A source is not pulled while all that it sends to is held, so fewer states of a record wait for each other here.
    assert!(sum.skipped > seeds / 2, "{sum:?}");
    let seldom = [sum.set_aside, sum.asked_back, sum.repeated, sum.held, sum.blocked];
    assert!(seldom.iter().all(|count| *count > seeds), "{sum:?}");
}

#[test]
fn every_mutant_is_caught_within_a_thousand_stories() {
    for mutant in MUTANTS {
        let caught = (1..=1_000).find_map(|seed| simulate(seed, Some(mutant)).err().map(|broken| (seed, broken)));
        let (seed, broken) = caught.unwrap_or_else(|| panic!("{mutant:?} was not caught"));
        println!("{mutant:?} caught by seed {seed}: {broken}");
    }
}

#[test]
fn a_story_is_the_same_each_time_it_is_told() {
    let tell = || format!("{:?} {:?}", simulate(77, None), simulate(5, Some(Mutant::NoIntent)));
    assert_eq!(tell(), tell());
}
