//! Retries in virtual time: one effect until it is over, each wait between bounds that are worked out from the policy alone.

use std::time::Duration;

use spanwright_core::{
    connector::{Blame, Outcome},
    deliver::{Next, Tries, decide},
    fact::{Moment, Way},
    interface::Repeat,
    plan::Policy,
};

use super::{Dice, each_case, said};

const DAY: u128 = 24 * 3_600_000_000;
const TRIES_MOST: u32 = 60;

fn policy(dice: &mut Dice) -> Policy {
    Policy {
        tries: 1 + dice.below(10) as u32,
        first: Duration::from_millis(1 + dice.below(3_000)),
        factor_percent: 100 + dice.below(300) as u32,
        longest: Duration::from_millis(3_000 + dice.below(100_000)),
        give_up_after: Duration::from_secs(1 + dice.below(600)),
    }
}

fn outcome(dice: &mut Dice) -> Outcome {
    let after = dice.one_in(3).then(|| Duration::from_secs(dice.below(200_000)));
    let blame = [Blame::System, Blame::Either, Blame::Message][dice.below(3) as usize];
    match dice.below(20) {
        0 => Outcome::Delivered(None),
        1 => Outcome::Never(said()),
        2..6 => Outcome::Unknown(said()),
        _ => Outcome::Later { why: said(), after, blame },
    }
}

/// The longest wait after the nth try, in microseconds; worked out in nanoseconds, or many small steps would lose one.
fn cap(policy: &Policy, n: u32) -> u128 {
    let longest = policy.longest.as_nanos();
    let step = |cap: u128, _| (cap * u128::from(policy.factor_percent) / 100).min(longest);
    (1..n).fold(policy.first.as_nanos().min(longest), step) / 1_000
}

enum Expected {
    Done,
    Dead,
    Uncertain,
    /// Again within these bounds, in microseconds.
    Again(u128, u128),
}

fn expected(policy: &Policy, repeat: Repeat, way: Way, tries: Tries, outcome: &Outcome, now: Moment) -> Expected {
    let cap = cap(policy, tries.count);
    let plain = Expected::Again(50_000, cap.max(50_000));
    let too_old = now.since(tries.first) >= policy.give_up_after;
    let sick = tries.own >= policy.tries;
    // Once a try was not heard of, what is given up may have happened; a reader does nothing, and a key tells.
    let given_up = |told: bool| match repeat {
        Repeat::Safe => Expected::Dead,
        Repeat::Keyed | Repeat::Never if told => Expected::Dead,
        _ if tries.unheard => Expected::Uncertain,
        _ => Expected::Dead,
    };
    match (outcome, way) {
        (Outcome::Delivered(_), _) => Expected::Done,
        (Outcome::Never(_), Way::Undo) => plain,
        (Outcome::Never(_), _) => given_up(true),
        (Outcome::Unknown(_), Way::Do) if repeat == Repeat::Never => Expected::Uncertain,
        (Outcome::Unknown(_), Way::Do) if (too_old || sick) && repeat == Repeat::Safe => Expected::Dead,
        (Outcome::Unknown(_), Way::Do) if too_old || sick => Expected::Uncertain,
        (Outcome::Unknown(_), _) => plain,
        (Outcome::Later { blame: Blame::System, .. }, Way::Do) if too_old => given_up(false),
        (Outcome::Later { blame: Blame::Either, .. }, Way::Do) if too_old || sick => given_up(false),
        (Outcome::Later { blame: Blame::Message, .. }, Way::Do) if sick => given_up(false),
        (Outcome::Later { after: Some(after), .. }, _) if !after.is_zero() => {
            let floor = after.as_micros().min(DAY);
            Expected::Again(floor, floor + cap / 10 + 1)
        }
        (Outcome::Later { .. }, _) => plain,
    }
}

#[test]
fn a_retry_ends_and_waits_as_its_policy_says() {
    each_case(|dice| {
        let policy = policy(dice);
        let way = if dice.one_in(4) { Way::Undo } else { Way::Do };
        let repeat = [Repeat::Safe, Repeat::Idempotent, Repeat::Keyed, Repeat::Never][dice.below(4) as usize];
        let first = Moment(1_000_000_000);
        let (mut now, mut unheard, mut own) = (first, false, 0);
        for count in 1..=TRIES_MOST {
            own += u32::from(dice.one_in(3));
            let (outcome, roll, tries) = (outcome(dice), dice.roll(), Tries { count, own, first, unheard });
            let next = decide(&policy, repeat, way, tries, &outcome, now, roll);
            let fits = match (expected(&policy, repeat, way, tries, &outcome, now), &next) {
                (Expected::Done, Next::Done) | (Expected::Dead, Next::Dead(_)) | (Expected::Uncertain, Next::Uncertain(_)) => return Ok(()),
                (Expected::Again(least, most), Next::Again(at)) => {
                    let wait = at.since(now).as_micros();
                    now = *at;
                    least <= wait && wait <= most
                }
                (_, _) => false,
            };
            unheard |= matches!(outcome, Outcome::Unknown(_));
            if !fits {
                return Err(format!("try {count} of {policy:?}, {way:?}, {repeat:?}: {outcome:?} gave {next:?}"));
            }
        }
        Ok(())
    });
}
