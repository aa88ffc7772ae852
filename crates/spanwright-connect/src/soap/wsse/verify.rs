//! Reading the header block and judging it. Passwords are compared in constant time; a nonce counts once.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use spanwright_core::fact::Moment;
use spanwright_shape::xml::{Event, Fault, Reader};

use super::{PASSWORD_DIGEST, WSSE, WSU, token::digest};

/// How far the caller's clock may be from ours, and how old a token may be.
pub const SKEW_MOST: Duration = Duration::from_secs(5 * 60);
/// Nonces that are remembered: as many tokens as may come within three times [`SKEW_MOST`].
pub const NONCES_MOST: usize = 300_000;
/// Bytes of a nonce.
const NONCE_BYTES_MOST: usize = 256;

/// What a `Security` block says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    user: Option<String>,
    password: String,
    is_digest: bool,
    nonce: Option<String>,
    /// Of the token.
    created: Option<String>,
    /// Of the Timestamp: made, and good until.
    stamp: Option<(Option<String>, Option<String>)>,
    /// Something in it that is not understood here: a signature, an assertion, a binary token.
    foreign: Option<String>,
    /// More than one token.
    doubled: bool,
}

impl Security {
    /// Another block came beside it: which of them counts is not guessed.
    pub(super) fn doubled(self) -> Security {
        Security { doubled: true, ..self }
    }
}

/// Why a caller is not let in. The words are the same for an unknown user and a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The block cannot be read, or has no token.
    Invalid(&'static str),
    /// Something in it is not supported here.
    Unsupported,
    /// No such user, or not its password.
    Failed,
    /// The message is too old, or from the future.
    Expired,
    /// The token came before.
    Repeated,
}

/// Tokens that came within the time in which they are good.
#[derive(Debug, Default)]
pub struct Nonces {
    seen: HashSet<[u8; 32]>,
    /// In the order in which they came; by a time of our own.
    until: VecDeque<(Duration, [u8; 32])>,
    /// Goes on with the clock, and from one token to the next by [`SKEW_MOST`] at the most: a clock that is turned ahead and back makes
    /// no token new that came before.
    passed: Duration,
    last: Moment,
}

impl Nonces {
    /// Whether it is new; it is remembered. Where there are too many, nothing is new.
    pub(super) fn take(&mut self, print: [u8; 32], now: Moment) -> bool {
        self.passed += now.since(self.last).min(SKEW_MOST);
        self.last = now;
        while let Some((until, old)) = self.until.front()
            && *until < self.passed
        {
            self.seen.remove(old);
            self.until.pop_front();
        }
        if self.seen.len() >= NONCES_MOST || !self.seen.insert(print) {
            return false;
        }
        // Twice, and once more for a time in which the clock was turned.
        self.until.push_back((self.passed + SKEW_MOST * 3, print));
        true
    }
}

impl Security {
    /// Reads a `Security` element whose start was just read, up to its end.
    ///
    /// # Errors
    /// It is no well-formed XML.
    pub fn read(reader: &mut Reader<'_>) -> Result<Security, Fault> {
        let (mut security, mut path, mut text) = (Security::default(), Vec::<String>::new(), String::new());
        loop {
            match reader.read()? {
                Event::Start(name) => {
                    let known = match reader.uri(name.space) {
                        WSSE => format!("wsse:{}", name.local),
                        WSU => format!("wsu:{}", name.local),
                        _ => format!("?:{}", name.local),
                    };
                    security.begin(&path, &known, reader);
                    path.push(known);
                    text.clear();
                }
                Event::Text(more) => text.push_str(&more),
                Event::End | Event::Eof if path.is_empty() => return Ok(security),
                Event::End | Event::Eof => {
                    security.end(&path, std::mem::take(&mut text));
                    path.pop();
                }
            }
        }
    }

    fn begin(&mut self, path: &[String], name: &str, reader: &Reader<'_>) {
        match (path, name) {
            ([], "wsse:UsernameToken") => self.doubled |= self.user.is_some() || self.nonce.is_some(),
            ([], "wsu:Timestamp") => {
                self.doubled |= self.stamp.is_some();
                self.stamp = Some((None, None));
            }
            ([], other) => self.foreign = Some(other.to_string()),
            ([token], "wsse:Password") if token == "wsse:UsernameToken" => {
                let kind = reader.attributes().iter().find(|one| one.name.local == "Type");
                self.is_digest = kind.is_some_and(|kind| kind.value.trim() == PASSWORD_DIGEST);
            }
            _ => {}
        }
    }

    fn end(&mut self, path: &[String], text: String) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let trimmed = || text.trim().to_string();
        match path.as_slice() {
            ["wsse:UsernameToken", "wsse:Username"] => {
                self.doubled |= self.user.is_some();
                self.user = Some(trimmed());
            }
            ["wsse:UsernameToken", "wsse:Password"] => self.password = text,
            ["wsse:UsernameToken", "wsse:Nonce"] => self.nonce = Some(trimmed()),
            ["wsse:UsernameToken", "wsu:Created"] => self.created = Some(trimmed()),
            ["wsu:Timestamp", "wsu:Created"] => self.stamp.get_or_insert_default().0 = Some(trimmed()),
            ["wsu:Timestamp", "wsu:Expires"] => self.stamp.get_or_insert_default().1 = Some(trimmed()),
            _ => {}
        }
    }
}

/// Who it is. `password` gives the password of a user.
///
/// # Errors
/// [`Refusal`]: nobody is let in.
pub fn verify(security: &Security, password: &dyn Fn(&str) -> Option<String>, now: Moment, nonces: &mut Nonces) -> Result<String, Refusal> {
    if security.foreign.is_some() {
        return Err(Refusal::Unsupported);
    }
    if security.doubled {
        return Err(Refusal::Invalid("there is more than one token or timestamp"));
    }
    let user = security.user.as_ref().ok_or(Refusal::Invalid("there is no user name token"))?;
    if let Some((created, expires)) = &security.stamp {
        is_good(created.as_deref(), expires.as_deref(), now)?;
    }
    if let Some(created) = &security.created {
        is_good(Some(created), None, now)?;
    }
    let known = password(user);
    // A password that nobody has stands in for an unknown user's, so that the answer takes as long.
    let wanted = known.as_deref().unwrap_or("\0nobody");
    let fits = match security.is_digest {
        false => same(security.password.as_bytes(), wanted.as_bytes()),
        true => fits_digest(security, wanted)?,
    };
    if !fits || known.is_none() {
        return Err(Refusal::Failed);
    }
    match &security.nonce {
        Some(nonce) if !nonces.take(*blake3::hash(format!("{user}\0{nonce}").as_bytes()).as_bytes(), now) => Err(Refusal::Repeated),
        _ => Ok(user.clone()),
    }
}

/// A digest without a nonce and a time could be sent again for ever.
fn fits_digest(security: &Security, password: &str) -> Result<bool, Refusal> {
    let (Some(nonce), Some(created)) = (&security.nonce, &security.created) else {
        return Err(Refusal::Invalid("a password digest comes with a nonce and a time"));
    };
    let nonce = STANDARD.decode(nonce).ok().filter(|bytes| (1..=NONCE_BYTES_MOST).contains(&bytes.len()));
    let nonce = nonce.ok_or(Refusal::Invalid("the nonce is no Base64"))?;
    Ok(same(security.password.trim().as_bytes(), digest(&nonce, created, password).as_bytes()))
}

fn is_good(created: Option<&str>, expires: Option<&str>, now: Moment) -> Result<(), Refusal> {
    let read = |text: &str| text.parse::<jiff::Timestamp>().map(|time| Moment(time.as_microsecond()));
    let unreadable = |_| Refusal::Invalid("a time is none");
    if let Some(created) = created {
        let created = read(created).map_err(unreadable)?;
        if created > now.after(SKEW_MOST) || created.after(SKEW_MOST) < now {
            return Err(Refusal::Expired);
        }
    }
    if let Some(expires) = expires
        && read(expires).map_err(unreadable)?.after(SKEW_MOST) < now
    {
        return Err(Refusal::Expired);
    }
    Ok(())
}

/// Compared by their hashes, of which `==` looks at every byte whatever they are.
fn same(one: &[u8], other: &[u8]) -> bool {
    blake3::hash(one) == blake3::hash(other)
}
