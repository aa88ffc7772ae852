//! Mechanisms of delivery against a second telling of each: plain lists, looked through from the beginning each time.
//!
//! `CASES=1000000 FIRST=1 cargo test --release -p spanwright-lab reference` tells more of them; a failure names its seed.

// How much is played is asked of the environment.
#![allow(clippy::disallowed_methods)]

mod breaker;
mod order;
mod retry;
mod saga;

use spanwright_shape::text::{Code, Failure};

static SAID: Code = Code { id: "R0000", title: "the model said so", page: "# R0000 the model said so\n" };

fn said() -> Failure {
    Failure::new(&SAID, "the model said so")
}

/// Tells each case; one that goes wrong is named by its seed.
fn each_case(check: impl Fn(&mut Dice) -> Result<(), String>) {
    let number = |name, default| std::env::var(name).ok().and_then(|text: String| text.parse().ok()).unwrap_or(default);
    let (first, cases): (u64, u64) = (number("FIRST", 1), number("CASES", 20_000));
    for seed in first..first + cases {
        check(&mut Dice(seed)).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.roll() % most
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
