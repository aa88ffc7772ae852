//! What is known of requests that were not taken: lines in two files beside the journal, of which the older one gives way.
//!
//! Not in the journal: whoever is turned away must not cost an fsync, nor the room that messages need.
#![allow(clippy::disallowed_methods)] // files of the journal

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use spanwright_core::fact::Moment;
use spanwright_shape::{json, number::Number, room::Room, value::Value};

use super::place::beside;
use crate::observe::timestamp;

/// Bytes of one of the two files.
pub const TURNED_AWAY_BYTES_MOST: u64 = 1 << 20;
/// Behind the journal's name.
const ENDING: &str = ".refused";
const OLDER_ENDING: &str = ".refused.1";

/// One that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// When.
    pub at: Moment,
    /// What it was meant for; empty: nothing of ours.
    pub door: String,
    /// The code of the reason.
    pub code: String,
    /// The reason, as the sender was told it.
    pub says: String,
    /// What it was answered.
    pub status: u16,
    /// Who sent it, behind the proxies that we trust.
    pub from: String,
    /// `POST /in/stripe`: the pattern of the door, or what was asked.
    pub asked: String,
    /// Its media type.
    pub content_type: Option<String>,
    /// Of the body: bytes and SHA-256, where it was read.
    pub body: Option<(u64, String)>,
    /// The how many-th of its kind in its minute it was.
    pub nth: u64,
}

impl TurnedAway {
    /// A line.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let number = |n: u64| Value::Number(Number::int(i64::try_from(n).unwrap_or(i64::MAX)));
        let mut fields = vec![
            ("at", Value::Number(Number::int(self.at.0))),
            ("door", Value::Text(&self.door)),
            ("code", Value::Text(&self.code)),
            ("says", Value::Text(&self.says)),
            ("status", number(self.status.into())),
            ("from", Value::Text(&self.from)),
            ("asked", Value::Text(&self.asked)),
            ("nth", number(self.nth)),
        ];
        fields.extend(self.content_type.as_ref().map(|kind| ("content_type", Value::Text(kind))));
        if let Some((bytes, sha256)) = &self.body {
            fields.extend([("bytes", number(*bytes)), ("sha256", Value::Text(sha256))]);
        }
        let mut line = Vec::new();
        json::write(&Value::Record(&fields), &mut line);
        line.push(b'\n');
        line
    }

    fn read(line: &[u8]) -> Option<TurnedAway> {
        let room = Room::new();
        let value = json::read(line, &room).ok()?;
        let text = |name| Some(value.get(name)?.text()?.to_string());
        let number = |name| match value.get(name) {
            Some(Value::Number(number)) => number.as_i64(),
            _ => None,
        };
        let unsigned = |name| number(name).and_then(|n| u64::try_from(n).ok());
        Some(TurnedAway {
            at: Moment(number("at")?),
            door: text("door")?,
            code: text("code")?,
            says: text("says")?,
            status: u16::try_from(number("status")?).ok()?,
            from: text("from")?,
            asked: text("asked")?,
            content_type: text("content_type"),
            body: unsigned("bytes").zip(text("sha256")),
            nth: unsigned("nth")?,
        })
    }

    /// When, for a person.
    pub fn time(&self) -> String {
        timestamp(self.at)
    }
}

/// Those that were kept beside a journal, the oldest first.
///
/// # Errors
/// A file of them cannot be read.
pub fn turned_away(journal: &Path) -> io::Result<Vec<TurnedAway>> {
    let mut all = Vec::new();
    for ending in [OLDER_ENDING, ENDING] {
        match fs::read(beside(journal, ending)) {
            // The last line may be half written.
            Ok(text) => all.extend(text.split(|byte| *byte == b'\n').filter_map(TurnedAway::read)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(why),
        }
    }
    Ok(all)
}

/// Keeps a line.
///
/// # Errors
/// The disk does not take it.
pub(crate) fn append(journal: &Path, line: &[u8]) -> io::Result<()> {
    let path = beside(journal, ENDING);
    if fs::metadata(&path).is_ok_and(|file| file.len() + line.len() as u64 > TURNED_AWAY_BYTES_MOST) {
        fs::rename(&path, beside(journal, OLDER_ENDING))?;
    }
    OpenOptions::new().create(true).append(true).open(&path)?.write_all(line)
}
