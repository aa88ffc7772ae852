//! What a broker's word means.

use std::time::Duration;

use spanwright_core::connector::{Blame, Confirm, Heard, Outcome, QueueHeard, Reached, Verdict, Word};
use spanwright_shape::text::{Code, Failure};

use super::{codes, compile::Place};
use crate::http::excerpt::bounded;

/// How long a broker that has blocked senders is left alone.
const BLOCKED_PAUSE: Duration = Duration::from_secs(5);
/// AMQP 0-9-1, constants `access-refused`, `not-allowed`, `not-found` and `content-too-large`.
const ACCESS_REFUSED: u16 = 403;
const NOT_ALLOWED: u16 = 530;
const NOT_FOUND: u16 = 404;
const TOO_LARGE: u16 = 311;

pub(super) fn verdict(place: &Place, calls: usize, heard: Heard<'_>, keeps: bool) -> Verdict {
    match heard {
        Heard::Queue(QueueHeard::Confirmed(confirms)) => confirmed(place, calls, confirms, keeps),
        Heard::Queue(QueueHeard::Refused { code, words }) => refused(place, calls, code, &words),
        Heard::Http { status: 200..=299, .. } => Verdict::all(calls, delivered(keeps)),
        Heard::Http { status, .. } => Verdict::all(calls, later(place, &codes::BROKER, &format!("it answered {status}"))),
        Heard::Broken { reached: Reached::No, why } => Verdict::all(calls, later(place, &codes::BROKER, &why)),
        Heard::Broken { reached: Reached::Maybe, why } => Verdict::all(calls, unknown(place, &why)),
        Heard::Queue(QueueHeard::Deliveries(_)) | Heard::Files(_) => {
            Verdict::all(calls, unknown(place, "what came is no word of a broker"))
        }
    }
}

fn confirmed(place: &Place, calls: usize, confirms: &[Confirm], keeps: bool) -> Verdict {
    let mut verdict = Verdict { outcomes: Vec::with_capacity(calls), refused_whole: false, system: None, beside: None };
    for confirm in confirms {
        verdict.outcomes.push(match confirm {
            Confirm::Taken => delivered(keeps),
            Confirm::NotTaken => later(place, &codes::BROKER, "the broker could not take the message"),
            Confirm::Returned(words) if place.is_queue() => later(place, &codes::NOT_THERE, &format!("there is no such queue ({words})")),
            Confirm::Returned(words) => {
                Outcome::Never(failure(place, &codes::UNROUTED, &format!("no queue is bound for its routing key ({words})")))
            }
            Confirm::Blocked(words) => {
                verdict.system = Some(Word::Pause(BLOCKED_PAUSE));
                later(place, &codes::BROKER, &format!("the broker has blocked senders: {words}"))
            }
            Confirm::Refused(code, words, reached) => {
                let one = refused(place, 1, *code, words);
                verdict.system = verdict.system.or(one.system);
                // Without the place nothing has come anywhere.
                let certain = *reached == Reached::No || *code == NOT_FOUND;
                one.outcomes.into_iter().next().filter(|_| certain).unwrap_or_else(|| unknown(place, words))
            }
            Confirm::Lost(Reached::No, why) => later(place, &codes::BROKER, why),
            Confirm::Lost(Reached::Maybe, why) => unknown(place, why),
        });
    }
    verdict
}

/// The broker closed the channel or the connection, and said why.
fn refused(place: &Place, calls: usize, code: u16, words: &str) -> Verdict {
    match code {
        NOT_FOUND => Verdict::all(calls, later(place, &codes::NOT_THERE, words)),
        ACCESS_REFUSED | NOT_ALLOWED => {
            let why = failure(place, &codes::BROKER, words);
            Verdict::all(calls, later(place, &codes::BROKER, words)).and(Word::Credentials(why))
        }
        TOO_LARGE if calls == 1 => Verdict::all(1, Outcome::Never(failure(place, &codes::MESSAGE, words))),
        _ => Verdict::all(calls, unknown(place, words)),
    }
}

/// The connection was lost while we read: what was not taken comes again.
pub(super) fn lost(place: &Place, why: &str) -> Verdict {
    Verdict::all(1, later(place, &codes::BROKER, why))
}

/// We read no further: the broker gives what was not confirmed again.
pub(super) fn stopped(place: &Place) -> Verdict {
    Verdict::all(1, later(place, &codes::BROKER, "we were stopped"))
}

fn delivered(keeps: bool) -> Outcome {
    Outcome::Delivered(keeps.then(|| b"{}".to_vec()))
}

fn later(place: &Place, code: &'static Code, why: &str) -> Outcome {
    Outcome::Later { why: failure(place, code, why), after: None, blame: Blame::System }
}

fn unknown(place: &Place, why: &str) -> Outcome {
    Outcome::Unknown(failure(place, &codes::UNCONFIRMED, why))
}

fn failure(place: &Place, code: &'static Code, why: &str) -> Failure {
    Failure::new(code, format!("{}: {}", place.name, bounded(why)))
}
