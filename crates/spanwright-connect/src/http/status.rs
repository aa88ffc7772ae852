//! What a status means where nobody has said otherwise (RFC 9110, section 15; RFC 6585; RFC 8470).

use std::sync::Arc;

use spanwright_core::{connector::Blame, interface::Repeat, settings::OutcomeWord};
use spanwright_shape::text::Code;

use crate::codes;

/// What follows from a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It happened.
    Delivered,
    /// The system cannot now; every message would have fared the same.
    Later,
    /// This one cannot now (423 Locked).
    LaterThis,
    /// A gateway gave up on it, or the server broke down in it: it may have happened.
    Unknown,
    /// Who we are was refused.
    Credentials,
    /// The address is gone for good.
    Gone,
    /// The address is another one for good: that in the settings is to blame.
    Moved,
    /// We are sent elsewhere for now: to a page of maintenance, to one where people sign in.
    Elsewhere,
    /// It did not happen and never will as it is.
    Never,
}

/// The meaning of a status. After a 500, 502 or 504 of anything but a read nobody knows: behind a gateway that gave up, and
/// in a server that broke down, the work may have been done. What bears to be done twice, or has a key, goes again as it was.
pub fn meaning(status: u16, repeat: Repeat) -> Meaning {
    match status {
        200..=299 => Meaning::Delivered,
        301 | 308 => Meaning::Moved,
        302 | 303 | 307 => Meaning::Elsewhere,
        401 | 403 => Meaning::Credentials,
        407 | 408 | 421 | 425 | 429 | 503 => Meaning::Later,
        410 => Meaning::Gone,
        423 => Meaning::LaterThis,
        500 | 502 | 504 | 506..=599 if repeat != Repeat::Safe => Meaning::Unknown,
        500 | 502 | 504 | 506..=599 => Meaning::Later,
        // 501 and 505 speak of the method and the protocol; everything else speaks of the request.
        _ => Meaning::Never,
    }
}

/// Whose fault a status is that means "not now". Who has too much to do speaks to everybody.
pub fn blame(status: u16) -> Blame {
    match status {
        500..=502 | 504..=599 => Blame::Either,
        _ => Blame::System,
    }
}

/// Whether a status speaks of what was asked for, and not of the system or of who asks: what is put off by it is put off alone. Of who
/// asks speak an account without money (402), and the rates that some servers spell 420 and 430.
pub fn is_about_one(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401..=403 | 407 | 408 | 420 | 421 | 425 | 429 | 430)
}

/// The code of a refusal of a request with a key; `has_words`: of which the system itself says why. The desk knows from it whether the
/// refusal says anything of a try before it, of which nobody heard: one that comes from somebody in between, who looks at no keys, does
/// not.
pub fn refusal_under_a_key(status: u16, has_words: bool) -> &'static Code {
    match status {
        409 => &codes::CONFLICT,
        413 => &codes::IN_BETWEEN,
        400..=499 | 501 | 505 if !has_words => &codes::IN_BETWEEN,
        _ => &codes::REFUSED,
    }
}

/// What a step says of a status: of it alone, or else of its class (`4XX`).
pub fn said(outcomes: &[(Arc<str>, OutcomeWord)], status: u16) -> Option<OutcomeWord> {
    if outcomes.is_empty() {
        return None;
    }
    let (exact, class) = (status.to_string(), format!("{}XX", status / 100));
    let find = |wanted: &str| outcomes.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, word)| *word);
    find(&exact).or_else(|| find(&class))
}

/// The reason phrase that people know a status by.
pub fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        423 => "Locked",
        425 => "Too Early",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// `422 Unprocessable Content`
pub fn words(status: u16) -> String {
    match phrase(status) {
        "" => status.to_string(),
        phrase => format!("{status} {phrase}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(statuses: &[u16], repeat: Repeat, expected: Meaning) {
        for status in statuses {
            assert_eq!(meaning(*status, repeat), expected, "{status}");
        }
    }

    #[test]
    fn a_step_says_what_a_status_means_and_then_what_its_class_does() {
        let outcomes = [("4XX".into(), OutcomeWord::Never), ("404".into(), OutcomeWord::None)];
        assert_eq!([404, 409, 503].map(|status| said(&outcomes, status)), [Some(OutcomeWord::None), Some(OutcomeWord::Never), None]);
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        check(&[408, 425, 429, 503], Repeat::Keyed, Meaning::Later);
        check(&[408, 425, 429, 500, 502, 503, 504, 520, 529], Repeat::Safe, Meaning::Later);
        check(&[423], Repeat::Keyed, Meaning::LaterThis);
    }

    #[test]
    fn what_must_not_happen_twice_is_unknown_behind_a_gateway() {
        for repeat in [Repeat::Never, Repeat::Keyed, Repeat::Idempotent] {
            check(&[500, 502, 504, 520, 524, 529], repeat, Meaning::Unknown);
        }
        check(&[408, 425, 429, 503], Repeat::Never, Meaning::Later);
    }

    #[test]
    fn what_is_about_the_request_never_works() {
        check(&[304, 400, 402, 404, 405, 409, 412, 413, 415, 422, 451, 501, 505], Repeat::Safe, Meaning::Never);
    }

    #[test]
    fn what_is_about_us_or_the_address_is_no_fault_of_the_message() {
        check(&[401, 403], Repeat::Never, Meaning::Credentials);
        check(&[410], Repeat::Never, Meaning::Gone);
        check(&[301, 308], Repeat::Never, Meaning::Moved);
        check(&[302, 303, 307], Repeat::Never, Meaning::Elsewhere);
    }
}
