//! One attempt gave an outcome: what follows?
//!
//! A pure function of policy, outcome, tries, time and one random roll, so that a table can test it.
//!
//! - A *delivered* effect is done.
//! - A *later* one is tried again: exponential backoff with full jitter (a random time up to the cap, so that a
//!   thousand failed calls do not come back together), never before the server's own `Retry-After`. A sick **system**
//!   is waited for by age (`give_up_after`): its outage must not spend the tries of ten thousand good messages. A sick
//!   **message** is given up by count (`tries`) of the failures that were its own: its answer said so, or it does not say
//!   whose fault it was and others were delivered meanwhile.
//! - An *unknown* one may have happened. It is tried again only where that does no harm (the operation only reads, is
//!   idempotent, or carries our key); otherwise it is parked as uncertain, for a person or for `if_unknown`.
//! - A *never* is a dead letter at once: the same bytes would be refused again.
//! - What is given up is **uncertain** where a try was not heard of, this one or an earlier one: it may have happened. A
//!   refusal under its key says that no try before it arrived; one of a `PUT` or `DELETE` without a key says nothing of it.
//!   What only reads cannot have done anything.
//! - An **undo** is never dropped, whatever the answer: what was done must not stay done by accident.

use std::time::Duration;

use spanwright_shape::text::{self, Failure};

use crate::{
    connector::{Blame, Outcome},
    fact::{Moment, Way},
    interface::Repeat,
    plan::Policy,
};

/// No wait is shorter, so that a roll of zero does not hammer.
pub const BACKOFF_LEAST: Duration = Duration::from_millis(50);
/// No server may ask us to wait longer (`Retry-After`).
pub const RETRY_AFTER_MOST: Duration = Duration::from_secs(24 * 3600);

/// What was spent so far, this attempt included.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// Attempts.
    pub count: u32,
    /// Those that failed by the message's own fault.
    pub own: u32,
    /// When the first was made.
    pub first: Moment,
    /// Whether a try before this one was not heard of, and nothing has told since that it did not arrive.
    pub unheard: bool,
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// It is done.
    Done,
    /// Again, not before.
    Again(Moment),
    /// Nobody knows, and it may not be repeated.
    Uncertain(Failure),
    /// It never will.
    Dead(Failure),
}

/// Decides. `roll` is 64 random bits.
pub fn decide(policy: &Policy, repeat: Repeat, way: Way, tries: Tries, outcome: &Outcome, now: Moment, roll: u64) -> Next {
    let (why, after, spent) = match outcome {
        Outcome::Delivered(_) => return Next::Done,
        Outcome::Never(why) => (why, None, true),
        Outcome::Unknown(why) => (why, None, repeat == Repeat::Never || is_old(policy, tries, now) || is_sick(policy, tries)),
        Outcome::Later { why, after, blame: Blame::System } => (why, *after, is_old(policy, tries, now)),
        Outcome::Later { why, after, blame: Blame::Either } => (why, *after, is_old(policy, tries, now) || is_sick(policy, tries)),
        Outcome::Later { why, after, blame: Blame::Message } => (why, *after, is_sick(policy, tries)),
    };
    if !spent || way == Way::Undo {
        again(policy, tries, after, now, roll)
    } else if may_have_happened(repeat, tries, outcome) {
        Next::Uncertain(given_up(policy, repeat, tries, outcome, why))
    } else {
        Next::Dead(given_up(policy, repeat, tries, outcome, why))
    }
}

/// What was said at last, and why that was the last time.
fn given_up(policy: &Policy, repeat: Repeat, tries: Tries, outcome: &Outcome, why: &Failure) -> Failure {
    let by = match outcome {
        Outcome::Delivered(_) | Outcome::Never(_) => return why.clone(),
        Outcome::Unknown(_) if repeat == Repeat::Never => return why.clone(),
        Outcome::Later { blame: Blame::Message, .. } => format!("{} failures of its own (`tries`)", tries.own),
        Outcome::Later { .. } | Outcome::Unknown(_) if is_sick(policy, tries) => {
            format!("{} failures while others were delivered (`tries`)", tries.own)
        }
        Outcome::Later { .. } | Outcome::Unknown(_) => format!("{} (`give_up_after`)", text::time(policy.give_up_after)),
    };
    Failure::new(why.code, format!("{}; given up after {by}", why.says))
}

fn is_old(policy: &Policy, tries: Tries, now: Moment) -> bool {
    now.since(tries.first) >= policy.give_up_after
}

fn is_sick(policy: &Policy, tries: Tries) -> bool {
    tries.own >= policy.tries
}

/// Whether one of its tries, of which nobody heard, may have had its effect.
fn may_have_happened(repeat: Repeat, tries: Tries, outcome: &Outcome) -> bool {
    let told = matches!(outcome, Outcome::Never(_)) && repeat != Repeat::Idempotent;
    let unheard = tries.unheard || matches!(outcome, Outcome::Unknown(_));
    unheard && !told && repeat != Repeat::Safe
}

fn again(policy: &Policy, tries: Tries, after: Option<Duration>, now: Moment, roll: u64) -> Next {
    let floor = after.unwrap_or(Duration::ZERO).min(RETRY_AFTER_MOST);
    let jitter = backoff(policy, tries.count, roll);
    // The server's wish is a floor; a tenth of our own jitter on top keeps the herd apart.
    let wait = if floor.is_zero() { jitter.max(BACKOFF_LEAST) } else { floor + jitter / 10 };
    Next::Again(now.after(wait))
}

/// A random time up to `first * factor^(tries-1)`, at most `longest`.
fn backoff(policy: &Policy, tries: u32, roll: u64) -> Duration {
    let mut cap = policy.first;
    for _ in 1..tries.min(64) {
        cap = (cap * policy.factor_percent.max(100) / 100).min(policy.longest);
    }
    let micros = u64::try_from(cap.min(policy.longest).as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(roll % micros.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    const HOUR: i64 = 3_600_000_000;

    fn failure() -> Failure {
        Failure::new(&codes::STOPPED_BY_STEP, "it said no")
    }

    fn later(after: Option<u64>, blame: Blame) -> Outcome {
        Outcome::Later { why: failure(), after: after.map(Duration::from_secs), blame }
    }

    fn check(repeat: Repeat, way: Way, count: u32, outcome: &Outcome, roll: u64) -> Next {
        decide(&Policy::default(), repeat, way, Tries { count, own: 0, first: Moment(0), unheard: false }, outcome, Moment(HOUR), roll)
    }

    fn wait(next: Next) -> Duration {
        match next {
            Next::Again(at) => at.since(Moment(HOUR)),
            other => panic!("expected another try, got {other:?}"),
        }
    }

    #[test]
    fn delivered_is_done() {
        assert_eq!(check(Repeat::Never, Way::Do, 1, &Outcome::Delivered(None), 0), Next::Done);
    }

    #[test]
    fn never_is_dead_at_once() {
        assert_eq!(check(Repeat::Keyed, Way::Do, 1, &Outcome::Never(failure()), 0), Next::Dead(failure()));
    }

    #[test]
    fn unknown_is_parked_where_it_may_not_be_repeated_and_tried_again_where_it_may() {
        let unknown = Outcome::Unknown(failure());
        assert_eq!(check(Repeat::Never, Way::Do, 1, &unknown, 0), Next::Uncertain(failure()));
        for repeat in [Repeat::Safe, Repeat::Idempotent, Repeat::Keyed] {
            assert!(wait(check(repeat, Way::Do, 1, &unknown, 0)) >= BACKOFF_LEAST);
        }
    }

    #[test]
    fn the_jitter_is_full_and_its_cap_doubles() {
        let second = 1_000_000;
        assert_eq!(wait(check(Repeat::Keyed, Way::Do, 1, &later(None, Blame::System), second)), Duration::from_secs(1));
        assert_eq!(wait(check(Repeat::Keyed, Way::Do, 3, &later(None, Blame::System), 4 * second)), Duration::from_secs(4));
        assert_eq!(wait(check(Repeat::Keyed, Way::Do, 3, &later(None, Blame::System), 4 * second + 1)), BACKOFF_LEAST);
        assert!(wait(check(Repeat::Keyed, Way::Do, 60, &later(None, Blame::System), u64::MAX)) <= Policy::default().longest);
    }

    #[test]
    fn retry_after_is_a_floor_and_is_itself_bounded() {
        let waited = wait(check(Repeat::Keyed, Way::Do, 1, &later(Some(120), Blame::System), u64::MAX));
        assert!(waited >= Duration::from_secs(120) && waited < Duration::from_secs(121), "{waited:?}");
        assert!(wait(check(Repeat::Keyed, Way::Do, 1, &later(Some(u64::from(u32::MAX)), Blame::System), 0)) == RETRY_AFTER_MOST);
    }

    #[test]
    fn a_sick_system_is_given_up_by_age_and_a_sick_message_by_count() {
        let young = Tries { count: 500, own: 0, first: Moment(0), unheard: false };
        let (old, sick) = (Tries { count: 2, ..young }, Tries { own: 8, ..young });
        let at =
            |tries, hours, blame| decide(&Policy::default(), Repeat::Keyed, Way::Do, tries, &later(None, blame), Moment(hours * HOUR), 0);
        let dead = |by| Next::Dead(Failure::new(&codes::STOPPED_BY_STEP, format!("it said no; given up after {by}")));
        let (by_age, by_count) = ("3 days (`give_up_after`)", "8 failures while others were delivered (`tries`)");
        for blame in [Blame::System, Blame::Either] {
            assert!(matches!(at(young, 1, blame), Next::Again(_)));
            assert_eq!(at(old, 72, blame), dead(by_age));
        }
        assert!(matches!(at(sick, 1, Blame::System), Next::Again(_)), "who is limited is not sick");
        assert_eq!(at(sick, 1, Blame::Either), dead(by_count));
        assert!(matches!(at(Tries { own: 7, ..young }, 90, Blame::Message), Next::Again(_)));
        assert_eq!(at(sick, 1, Blame::Message), dead("8 failures of its own (`tries`)"));
    }

    #[test]
    fn what_is_given_up_is_uncertain_where_a_try_was_not_heard_of() {
        let (dead, uncertain) = (Next::Dead(failure()), Next::Uncertain(failure()));
        let (sick, message) = (later(None, Blame::System), later(None, Blame::Message));
        let (never, unknown) = (Outcome::Never(failure()), Outcome::Unknown(failure()));
        for (repeat, unheard, outcome, expected) in [
            (Repeat::Keyed, false, &sick, &dead),
            (Repeat::Keyed, true, &sick, &uncertain),
            (Repeat::Keyed, true, &message, &uncertain),
            (Repeat::Keyed, false, &unknown, &uncertain),
            // Whoever knows keys would have answered the first try's answer.
            (Repeat::Keyed, true, &never, &dead),
            (Repeat::Idempotent, false, &never, &dead),
            (Repeat::Idempotent, true, &never, &uncertain),
            (Repeat::Idempotent, true, &sick, &uncertain),
            // It went again since a person, or a question, said that it may.
            (Repeat::Never, true, &never, &dead),
            (Repeat::Safe, true, &sick, &dead),
            (Repeat::Safe, false, &unknown, &dead),
        ] {
            let tries = Tries { count: 8, own: 8, first: Moment(0), unheard };
            let next = decide(&Policy::default(), repeat, Way::Do, tries, outcome, Moment(72 * HOUR), 0);
            assert_eq!(std::mem::discriminant(&next), std::mem::discriminant(expected), "{repeat:?}, {unheard}, {outcome:?}");
        }
    }

    #[test]
    fn an_undo_is_never_dropped() {
        for outcome in [Outcome::Never(failure()), Outcome::Unknown(failure()), later(None, Blame::Message)] {
            let next = decide(
                &Policy::default(),
                Repeat::Never,
                Way::Undo,
                Tries { count: 999, own: 999, first: Moment(0), unheard: true },
                &outcome,
                Moment(500 * HOUR),
                5,
            );
            assert!(matches!(next, Next::Again(_)), "{outcome:?}: {next:?}");
        }
    }
}
