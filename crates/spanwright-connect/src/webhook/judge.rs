//! Is this request signed? And if not, which part is wrong.
//!
//! [`judge`] is what the door asks: quick, and it says no more than the sender may know. [`examine`] is what a person
//! asks with one captured request in hand: it tries what usually goes wrong, and says what would have fitted.

use std::{fmt, time::Duration};

use ring::digest;
use spanwright_core::{door::Request, fact::Moment};
use spanwright_shape::{json, room::Room};

use super::scheme::{Algorithm, Encoding, Key, Piece, Scheme, SecretFault, SecretForm, signed_address};
use crate::http::url;

/// What was signed, as the request has it.
pub struct Signed {
    /// The id of the event; empty where there is none.
    pub id: String,
    /// When, in seconds as it is written; empty where nothing says so.
    pub time: String,
    /// Which of the secrets fits, from 0.
    pub secret: usize,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A header is not there.
    NoHeader(String),
    /// A header is there more than once, so nobody can say which counts.
    TwoHeaders(String),
    /// The header holds no signature that this scheme knows.
    NoSignature,
    /// The time is no whole number of seconds.
    Time,
    /// It was signed so long before now.
    TooOld(Duration),
    /// It is said to be signed so long after now.
    TooNew(Duration),
    /// The id or the time has a `.`, which would let one be read as the other.
    Dot,
    /// A secret cannot be used: its number from 1, and why.
    Secret(usize, SecretFault),
    /// The hash of the body in the address is not that of the body.
    BodyHash,
    /// No signature fits.
    Mismatch,
}

impl fmt::Display for Wrong {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::NoHeader(name) => write!(to, "the header `{name}` is missing"),
            Wrong::TwoHeaders(name) => write!(to, "the header `{name}` is there more than once"),
            Wrong::NoSignature => write!(to, "the header holds no signature of this scheme"),
            Wrong::Time => write!(to, "the timestamp is no whole number of seconds"),
            Wrong::TooOld(by) => write!(to, "the timestamp is {} s old", by.as_secs()),
            Wrong::TooNew(by) => write!(to, "the timestamp is {} s ahead", by.as_secs()),
            Wrong::Dot => write!(to, "the id or the timestamp has a `.`"),
            Wrong::Secret(number, fault) => {
                let why = match fault {
                    SecretFault::Empty => "is empty",
                    SecretFault::Encoding => "is not written as this scheme writes secrets",
                    SecretFault::Length => "has another length than a key of its kind",
                    SecretFault::Public => "is a public key, and something is to be signed",
                };
                write!(to, "secret {number} {why}")
            }
            Wrong::BodyHash => write!(to, "`bodySHA256` in the address is not the hash of the body"),
            Wrong::Mismatch => write!(to, "no signature fits the body"),
        }
    }
}

/// Whether a request is signed with one of these secrets.
///
/// # Errors
/// [`Wrong`]
pub fn judge(scheme: &Scheme, secrets: &[String], request: &Request<'_>, origin: &str, now: Moment) -> Result<Signed, Wrong> {
    let given = Given::read(scheme, request, origin)?;
    let keys: Vec<Key> = secrets
        .iter()
        .enumerate()
        .map(|(n, secret)| scheme.key(secret).map_err(|fault| Wrong::Secret(n + 1, fault)))
        .collect::<Result<_, _>>()?;
    given.check_time(scheme, now)?;
    given.check_body_hash(request)?;
    for (n, key) in keys.iter().enumerate() {
        if given.fits(scheme, key, request.body) {
            return Ok(Signed { id: given.id.to_string(), time: given.time.to_string(), secret: n });
        }
    }
    Err(Wrong::Mismatch)
}

/// What a request gives to be judged by.
struct Given<'r> {
    id: &'r str,
    time: &'r str,
    signatures: Vec<(&'r str, &'r str)>,
    /// Every way in which the address may have been signed: with its default port and without.
    addresses: Vec<String>,
}

impl<'r> Given<'r> {
    fn read(scheme: &Scheme, request: &Request<'r>, origin: &str) -> Result<Given<'r>, Wrong> {
        let one = |name: &str| match request.count(name) {
            0 => Err(Wrong::NoHeader(name.to_string())),
            1 => request.header(name).ok_or(Wrong::NoSignature),
            _ => Err(Wrong::TwoHeaders(name.to_string())),
        };
        let header = one(&scheme.header)?;
        let carried = scheme.read(header);
        let signs = |piece: &Piece| scheme.signed.contains(piece);
        let id = match scheme.id_headers.first() {
            Some(name) if signs(&Piece::Id) => one(name)?,
            _ => scheme.id_headers.iter().find_map(|name| request.header(name)).unwrap_or_default(),
        };
        let time = match &scheme.time_header {
            Some(name) => one(name)?,
            None => carried.time.unwrap_or_default(),
        };
        if carried.signatures.is_empty() {
            return Err(Wrong::NoSignature);
        }
        if signs(&Piece::Id) && (id.is_empty() || id.contains('.') || time.contains('.')) {
            return Err(Wrong::Dot);
        }
        let addresses = if signs(&Piece::Address) { addresses(request, origin) } else { vec![String::new()] };
        Ok(Given { id, time, signatures: carried.signatures, addresses })
    }

    fn check_time(&self, scheme: &Scheme, now: Moment) -> Result<(), Wrong> {
        let Some(tolerance) = scheme.tolerance else { return Ok(()) };
        let plain = !self.time.is_empty() && self.time.len() <= 15 && self.time.bytes().all(|byte| byte.is_ascii_digit());
        let seconds: i64 = if plain { self.time.parse().map_err(|_| Wrong::Time)? } else { return Err(Wrong::Time) };
        let ahead = seconds.saturating_sub(now.0.div_euclid(1_000_000));
        let by = Duration::from_secs(ahead.unsigned_abs());
        match (ahead < 0, by.as_secs() > tolerance.as_secs()) {
            (true, true) => Err(Wrong::TooOld(by)),
            (false, true) => Err(Wrong::TooNew(by)),
            (_, false) => Ok(()),
        }
    }

    /// Where the address names the hash of the body, the body must have it: only the address is signed then.
    fn check_body_hash(&self, request: &Request<'_>) -> Result<(), Wrong> {
        if self.addresses.first().is_none_or(String::is_empty) {
            return Ok(());
        }
        let named = request.query.split('&').find_map(|pair| pair.strip_prefix("bodySHA256="));
        match named {
            Some(hash) if Encoding::Hex.read(hash).as_deref() != Some(digest::digest(&digest::SHA256, request.body).as_ref()) => {
                Err(Wrong::BodyHash)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn fits(&self, scheme: &Scheme, key: &Key, body: &[u8]) -> bool {
        self.fits_as(scheme, scheme.encoding, key, body)
    }

    fn fits_as(&self, scheme: &Scheme, encoding: Encoding, key: &Key, body: &[u8]) -> bool {
        let mut fits = false;
        for address in &self.addresses {
            let content = scheme.content(self.id, self.time, body, address);
            for (version, text) in &self.signatures {
                // Not `||`: each is looked at, whatever came before.
                fits |= encoding.read(text).is_some_and(|bytes| key.verify(version, &content, &bytes));
            }
        }
        fits
    }
}

/// The fields of a form; none where it is no text.
pub fn form_fields(body: &[u8]) -> Vec<(String, String)> {
    let pairs = std::str::from_utf8(body).unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let fields = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((url::decode_form(name)?, url::decode_form(value)?))
    });
    fields.collect()
}

/// The address as the sender may have signed it.
fn addresses(request: &Request<'_>, origin: &str) -> Vec<String> {
    let is_form =
        request.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
    let fields = if is_form { form_fields(request.body) } else { Vec::new() };
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let mut origins = vec![origin.to_string()];
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    match (host.rsplit_once(':'), origin.starts_with("https:")) {
        (Some((_, "443")), true) | (Some((_, "80")), false) => origins.extend(origin.rsplit_once(':').map(|(bare, _)| bare.to_string())),
        (None, tls) => origins.push(format!("{origin}:{}", if tls { 443 } else { 80 })),
        (Some(_), _) => {}
    }
    origins.iter().map(|origin| signed_address(&format!("{origin}{}{query}", request.path), &fields).into_owned()).collect()
}

/// What a person is told of one captured request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The part that is wrong.
    pub wrong: Wrong,
    /// What would have fitted, and so what happened to it.
    pub instead: Option<String>,
}

/// As [`judge`], and looks for what would have fitted.
///
/// # Errors
/// [`Finding`]
pub fn examine(scheme: &Scheme, secrets: &[String], request: &Request<'_>, origin: &str, now: Moment) -> Result<Signed, Finding> {
    let wrong = match judge(scheme, secrets, request, origin, now) {
        Ok(signed) => return Ok(signed),
        Err(wrong) => wrong,
    };
    let timeless = Scheme { tolerance: None, ..scheme.clone() };
    let instead = match &wrong {
        Wrong::TooOld(_) | Wrong::TooNew(_) => match judge(&timeless, secrets, request, origin, now) {
            Ok(_) => Some("the signature itself is right: this is an old request, or a clock is wrong".to_string()),
            Err(_) => Some("the signature is wrong as well".to_string()),
        },
        Wrong::Mismatch | Wrong::Secret(..) => instead(&timeless, secrets, request, origin),
        _ => None,
    };
    Err(Finding { wrong, instead })
}

/// What would have fitted.
fn instead(scheme: &Scheme, secrets: &[String], request: &Request<'_>, origin: &str) -> Option<String> {
    let given = Given::read(scheme, request, origin).ok()?;
    let fits = |scheme: &Scheme, body: &[u8]| {
        secrets.iter().filter_map(|secret| scheme.key(secret).ok()).any(|key| given.fits(scheme, &key, body))
    };
    if let Some(form) =
        other_secrets(scheme.secret).into_iter().find(|form| fits(&Scheme { secret: *form, ..scheme.clone() }, request.body))
    {
        return Some(format!("the sender used the secret {}", form_words(form)));
    }
    let trimmed: Vec<String> = secrets.iter().map(|secret| secret.trim().to_string()).filter(|secret| !secrets.contains(secret)).collect();
    if trimmed.iter().filter_map(|secret| scheme.key(secret).ok()).any(|key| given.fits(scheme, &key, request.body)) {
        return Some("the secret has blanks or a line end around it that do not belong to it".to_string());
    }
    for (what, body) in other_bodies(request.body) {
        if fits(scheme, &body) {
            return Some(format!("the body was altered on its way: {what}"));
        }
    }
    let keys = || secrets.iter().filter_map(|secret| scheme.key(secret).ok());
    for encoding in [Encoding::Hex, Encoding::Base64, Encoding::Base64Url].into_iter().filter(|encoding| *encoding != scheme.encoding) {
        if keys().any(|key| given.fits_as(scheme, encoding, &key, request.body)) {
            return Some(format!("the signature is written in {}, and not in {}", encoding.word(), scheme.encoding.word()));
        }
    }
    for (name, algorithm) in [("SHA-1", Algorithm::Sha1), ("SHA-256", Algorithm::Sha256), ("SHA-512", Algorithm::Sha512)] {
        if algorithm != scheme.algorithm && fits(&Scheme { algorithm, ..scheme.clone() }, request.body) {
            return Some(format!("the sender signed with HMAC-{name}"));
        }
    }
    if scheme.signed != [Piece::Body] && fits(&Scheme { signed: vec![Piece::Body], ..scheme.clone() }, request.body) {
        return Some("the sender signed the body alone, without id and timestamp".to_string());
    }
    keys()
        .any(|key| truncated(scheme, &given, &key, request.body))
        .then(|| "the signature was cut: it is the beginning of the right one".to_string())
}

fn other_secrets(form: SecretForm) -> Vec<SecretForm> {
    [SecretForm::Raw, SecretForm::Base64, SecretForm::Standard, SecretForm::Hex].into_iter().filter(|other| *other != form).collect()
}

fn form_words(form: SecretForm) -> &'static str {
    match form {
        SecretForm::Raw => "as it is written, without decoding it",
        SecretForm::Base64 => "decoded from base64",
        SecretForm::Standard => "without its prefix and decoded from base64",
        SecretForm::Hex => "decoded from hexadecimal digits",
    }
}

/// The bodies that a well-meaning proxy or framework makes of one.
fn other_bodies(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies = Vec::new();
    if let Some(rest) = body.strip_suffix(b"\n") {
        bodies.push(("a line end was added", rest.strip_suffix(b"\r").unwrap_or(rest).to_vec()));
    }
    bodies.push(("a line end was taken away", [body, b"\n"].concat()));
    bodies.push(("a line end was taken away", [body, b"\r\n"].concat()));
    if let Ok(text) = std::str::from_utf8(body) {
        bodies.push(("line ends were changed", text.replace("\r\n", "\n").into_bytes()));
        bodies.push(("line ends were changed", text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()));
    }
    if let Some(rest) = body.strip_prefix(b"\xEF\xBB\xBF") {
        bodies.push(("a byte order mark was put before it", rest.to_vec()));
    }
    let room = Room::new();
    if let Ok(value) = json::read(body, &room) {
        let mut compact = Vec::new();
        json::write(&value, &mut compact);
        let spaced = spaced(&compact);
        bodies.push(("the JSON was parsed and written again (spaces)", compact));
        bodies.push(("the JSON was parsed and written again (spaces)", spaced));
    }
    bodies.retain(|(_, other)| other != body);
    bodies
}

/// Compact JSON with a blank behind each comma and colon, as Python writes it.
fn spaced(compact: &[u8]) -> Vec<u8> {
    let (mut out, mut inside, mut escaped) = (Vec::with_capacity(compact.len() + 16), false, false);
    for byte in compact {
        out.push(*byte);
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b',' | b':' if !inside => out.push(b' '),
            _ => {}
        }
    }
    out
}

fn truncated(scheme: &Scheme, given: &Given<'_>, key: &Key, body: &[u8]) -> bool {
    let Key::Shared(key) = key else { return false };
    given.addresses.iter().any(|address| {
        let right = scheme.encoding.write(ring::hmac::sign(key, &scheme.content(given.id, given.time, body, address)).as_ref());
        given.signatures.iter().any(|(_, text)| !text.is_empty() && text.len() < right.len() && right.starts_with(*text))
    })
}
