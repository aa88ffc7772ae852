//! Requests that were not taken, kept for a person with the reason: a wrong secret at a sender looks the same as an attack,
//! and somebody must be able to tell which it is.
//!
//! What always holds: what is kept is bounded, whatever anybody sends; of many alike only some are written, with their
//! number; neither a body nor a secret is in it, a body only by its size and its SHA-256, so that it can be told apart
//! from another.

use std::{
    collections::HashMap,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use ring::digest::{SHA256, digest};
use spanwright_core::{
    door::Refused,
    fact::{Moment, hex},
};

use crate::{
    keep::{TurnedAway, append},
    observe::{Level, Line, Log, Secrets},
};

/// Of one reason at one door, so many a minute are written; after that each time their number has doubled.
pub const TURNED_AWAY_A_MINUTE_MOST: u64 = 10;
/// Characters of a path that nobody serves.
const PATH_CHARS_MOST: usize = 100;

/// What is seen of a request that is not taken.
pub(super) struct Seen<'s> {
    /// The door that it was meant for, and the pattern of its path.
    pub door: Option<(&'s str, String)>,
    pub method: &'s str,
    pub path: &'s str,
    pub from: IpAddr,
    pub content_type: Option<&'s str>,
    /// As far as it was read.
    pub body: Option<&'s [u8]>,
}

/// Where they are kept.
pub(crate) struct Register {
    journal: Option<PathBuf>,
    secrets: Secrets,
    log: Option<Arc<Log>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By door and code: the minute, and how many in it.
    counts: HashMap<(String, &'static str), (i64, u64)>,
}

impl Register {
    /// Beside a journal; where that is no file, in the log alone.
    pub(crate) fn new(journal: Option<PathBuf>, secrets: Secrets, log: Option<Arc<Log>>) -> Register {
        Register { journal, secrets, log, state: Mutex::default() }
    }

    /// One more.
    pub(super) fn note(&self, refused: &Refused, seen: &Seen<'_>, now: Moment) {
        let door = seen.door.as_ref().map_or("", |(name, _)| name);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(nth) = state.counted(door, refused.failure.code.id, now) else { return };
        let kept = TurnedAway {
            at: now,
            door: door.to_string(),
            code: refused.failure.code.id.to_string(),
            says: refused.failure.says.to_string(),
            status: refused.status,
            from: seen.from.to_string(),
            asked: format!("{} {}", seen.method, seen.shown_path()),
            content_type: seen.content_type.map(String::from),
            body: seen.body.map(|body| (body.len() as u64, hex(digest(&SHA256, body).as_ref()))),
            nth,
        };
        self.tell(refused, &kept);
        if let Some(journal) = &self.journal {
            let mut line = kept.to_json();
            self.secrets.redact(&mut line);
            // What cannot be kept here is in the log, and is no reason to keep anybody waiting.
            let _lost = append(journal, &line);
        }
    }

    fn tell(&self, refused: &Refused, kept: &TurnedAway) {
        let Some(log) = self.log.as_ref().filter(|log| log.wants(Level::Warn)) else { return };
        let many = if kept.nth == 1 { String::new() } else { format!(", {} in this minute", kept.nth) };
        let words = format!("{} from {} was not taken: {}{many}", kept.asked, kept.from, kept.says);
        log.write(Line::new(kept.at, Level::Warn, "request-refused", words).because_of(refused.failure.code));
    }
}

impl State {
    /// Which of its minute it is, where it is one of those that are written.
    fn counted(&mut self, door: &str, code: &'static str, now: Moment) -> Option<u64> {
        let minute = now.0.div_euclid(60_000_000);
        let count = self.counts.entry((door.to_string(), code)).or_insert((minute, 0));
        if count.0 != minute {
            *count = (minute, 0);
        }
        count.1 += 1;
        (count.1 <= TURNED_AWAY_A_MINUTE_MOST || count.1.is_power_of_two()).then_some(count.1)
    }
}

impl Seen<'_> {
    /// A path of ours by its pattern: what stands in it may be a secret.
    fn shown_path(&self) -> String {
        match &self.door {
            Some((_, pattern)) => pattern.clone(),
            None => self.path.chars().take(PATH_CHARS_MOST).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{fs, net::Ipv4Addr, path::Path};

    use spanwright_core::codes;
    use spanwright_shape::text::Failure;

    use super::*;
    use crate::keep::{TURNED_AWAY_BYTES_MOST, beside, turned_away};

    const ENDINGS: [&str; 2] = [".refused", ".refused.1"];

    fn seen<'s>(door: Option<(&'s str, String)>, path: &'s str, body: Option<&'s [u8]>) -> Seen<'s> {
        Seen { door, method: "POST", path, from: IpAddr::V4(Ipv4Addr::LOCALHOST), content_type: Some("application/json"), body }
    }

    fn register(folder: &Path) -> (Register, PathBuf) {
        let journal = folder.join("journal.db");
        let secrets = Secrets::default();
        secrets.add("hunter22");
        (Register::new(Some(journal.clone()), secrets, None), journal)
    }

    fn unsigned() -> Refused {
        Refused::new(401, Failure::new(&codes::SIGNATURE, "no header `stripe-signature`"))
    }

    #[test]
    fn what_is_kept_says_why_and_holds_no_body_no_secret_and_no_path_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let (register, journal) = register(folder.path());
        let door = Some(("stripe", "POST /in/{token}".to_string()));
        register.note(&unsigned(), &seen(door, "/in/my-token", Some(b"{\"pin\":4711}")), Moment(7));
        register.note(&Refused::new(404, Failure::new(&codes::NOT_SERVED, "nothing here")), &seen(None, "/hunter22", None), Moment(8));
        let kept = turned_away(&journal).unwrap();
        let first = &kept[0];
        assert_eq!((first.code.as_str(), first.door.as_str(), first.status, first.nth), ("R0034", "stripe", 401, 1));
        assert_eq!(first.body.as_ref().map(|(bytes, sha256)| (*bytes, sha256.len())), Some((12, 64)));
        assert_eq!(kept[1].asked, "POST /***");
        let text = String::from_utf8(fs::read(beside(&journal, ENDINGS[0])).unwrap()).unwrap();
        assert!(!text.contains("4711") && !text.contains("my-token") && !text.contains("hunter22"), "{text}");
    }

    #[test]
    fn of_many_alike_some_are_written_with_their_number_and_the_files_stay_small() {
        let folder = tempfile::tempdir().unwrap();
        let (register, journal) = register(folder.path());
        for _ in 0..100_000 {
            register.note(&unsigned(), &seen(None, "/", None), Moment(0));
        }
        let kept = turned_away(&journal).unwrap();
        assert_eq!(kept.iter().map(|kept| kept.nth).collect::<Vec<_>>()[8..13], [9, 10, 16, 32, 64]);
        assert_eq!((kept.len(), kept.last().unwrap().nth), (10 + 13, 65_536));
        for minute in 1..2_000 {
            for _ in 0..10 {
                register.note(&unsigned(), &seen(None, &"x".repeat(500), None), Moment(minute * 60_000_000));
            }
        }
        let bytes = |ending| fs::metadata(beside(&journal, ending)).unwrap().len();
        assert!(bytes(ENDINGS[0]) <= TURNED_AWAY_BYTES_MOST && bytes(ENDINGS[1]) <= TURNED_AWAY_BYTES_MOST);
        let kept = turned_away(&journal).unwrap();
        assert_eq!(kept.last().unwrap().at, Moment(1_999 * 60_000_000), "the newest are there");
    }
}
