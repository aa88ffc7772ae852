//! How a sender signs: one description, read by the door that verifies, by the system that signs, and by the commands.
//!
//! A [`Scheme`] is data. It says where the signature is, what was signed, and how the secret is written. Signing and
//! verifying are the two readers of it, so that they cannot disagree. What always holds: the raw bytes of the body are
//! signed, comparing takes the same time whatever is wrong, and the clock is handed in.

use std::{borrow::Cow, sync::Arc, time::Duration};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use ring::{hmac, signature};
use spanwright_core::door::{SignHeader, Signs};

/// Seconds by which a sender's clock may be wrong, before and behind, where nothing is said.
pub const TOLERANCE_DEFAULT: Duration = Duration::from_secs(300);
/// Signatures that one request may carry; more are not looked at.
pub const SIGNATURES_MOST: usize = 32;

/// How a sender signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// `stripe`, `github`, ...
    pub name: Arc<str>,
    /// The keyed hash.
    pub algorithm: Algorithm,
    /// How a signature is written.
    pub encoding: Encoding,
    /// The header of signatures, in lower case.
    pub header: Arc<str>,
    /// How signatures stand in it.
    pub layout: Layout,
    /// What is signed, in order.
    pub signed: Vec<Piece>,
    /// The header of the time in seconds, where the layout does not carry it.
    pub time_header: Option<Arc<str>>,
    /// By how much the time may be wrong; `None`: nothing says when it was signed.
    pub tolerance: Option<Duration>,
    /// The header that says which event it is: the first of these.
    pub id_headers: Vec<Arc<str>>,
    /// How the secret is written.
    pub secret: SecretForm,
}

/// Keyed hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA1, which only old providers use.
    Sha1,
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA512.
    Sha512,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64 (RFC 4648 section 4).
    Base64,
    /// Base64 for addresses (RFC 4648 section 5).
    Base64Url,
}

/// How signatures stand in their header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One, behind a prefix: `sha256=..`; several are separated by this, where it is given.
    Plain {
        /// `sha256=`
        prefix: Arc<str>,
        /// What separates several.
        separator: Option<char>,
    },
    /// `t=1492774577,v1=..,v1=..`
    Pairs {
        /// The name of the time.
        time: Arc<str>,
        /// The name of a signature.
        signature: Arc<str>,
    },
    /// `v1,.. v1a,..`: Standard Webhooks.
    Versions,
}

/// A piece of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(Arc<str>),
    /// The id of the event, as its header has it.
    Id,
    /// The time, as its header has it.
    Time,
    /// The body's bytes.
    Body,
    /// The address and the sorted fields of a form, or the address alone: Twilio.
    Address,
}

/// How a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretForm {
    /// Its characters are the key.
    Raw,
    /// Base64, behind an optional `whsec_`; `whpk_` and `whsk_` are ed25519 keys.
    Standard,
    /// Base64.
    Base64,
    /// Hexadecimal digits.
    Hex,
}

/// Why a secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFault {
    /// There is nothing in it.
    Empty,
    /// It is no base64, or no hexadecimal digits.
    Encoding,
    /// An ed25519 key of another length.
    Length,
    /// A public key, and something is to be signed.
    Public,
}

/// A secret, ready.
pub enum Key {
    /// For a keyed hash.
    Shared(hmac::Key),
    /// To verify ed25519.
    Public(Vec<u8>),
    /// To sign ed25519: seed and public key.
    Pair(Box<signature::Ed25519KeyPair>),
}

impl Algorithm {
    /// By its name in a project.
    pub fn of(name: &str) -> Option<Algorithm> {
        match name {
            "sha1" => Some(Algorithm::Sha1),
            "sha256" => Some(Algorithm::Sha256),
            "sha512" => Some(Algorithm::Sha512),
            _ => None,
        }
    }

    /// What a person calls it.
    pub fn word(self) -> &'static str {
        match self {
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::Sha256 => hmac::HMAC_SHA256,
            Algorithm::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl Encoding {
    /// By its name in a project.
    pub fn of(name: &str) -> Option<Encoding> {
        match name {
            "hex" => Some(Encoding::Hex),
            "base64" => Some(Encoding::Base64),
            "base64url" => Some(Encoding::Base64Url),
            _ => None,
        }
    }

    /// What a person calls it.
    pub fn word(self) -> &'static str {
        match self {
            Encoding::Hex => "hexadecimal digits",
            Encoding::Base64 => "base64",
            Encoding::Base64Url => "base64url",
        }
    }

    /// Writes bytes.
    pub fn write(self, bytes: &[u8]) -> String {
        match self {
            Encoding::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Encoding::Base64 => general_purpose::STANDARD.encode(bytes),
            Encoding::Base64Url => general_purpose::URL_SAFE_NO_PAD.encode(bytes),
        }
    }

    /// Reads bytes; padding may be left out. `None` where it is no such text.
    pub fn read(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Encoding::Hex => hex(text),
            Encoding::Base64 => BASE64.decode(text).ok(),
            Encoding::Base64Url => BASE64_URL.decode(text).ok(),
        }
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()).collect()
}

impl Scheme {
    /// The key that a secret stands for.
    ///
    /// # Errors
    /// [`SecretFault`]
    pub fn key(&self, secret: &str) -> Result<Key, SecretFault> {
        if self.secret == SecretForm::Standard {
            if let Some(public) = secret.strip_prefix("whpk_") {
                return public_key(public);
            }
            if let Some(pair) = secret.strip_prefix("whsk_") {
                return key_pair(pair);
            }
        }
        let bytes = match self.secret {
            SecretForm::Raw => Some(secret.as_bytes().to_vec()),
            SecretForm::Standard => Encoding::Base64.read(secret.strip_prefix("whsec_").unwrap_or(secret)),
            SecretForm::Base64 => Encoding::Base64.read(secret),
            SecretForm::Hex => Encoding::Hex.read(secret),
        };
        self.shared(&bytes.ok_or(SecretFault::Encoding)?)
    }

    fn shared(&self, bytes: &[u8]) -> Result<Key, SecretFault> {
        if bytes.is_empty() {
            return Err(SecretFault::Empty);
        }
        Ok(Key::Shared(hmac::Key::new(self.algorithm.hmac(), bytes)))
    }

    /// What is signed.
    pub fn content(&self, id: &str, time: &str, body: &[u8], address: &str) -> Vec<u8> {
        let mut content = Vec::with_capacity(body.len() + 64);
        for piece in &self.signed {
            match piece {
                Piece::Text(text) => content.extend_from_slice(text.as_bytes()),
                Piece::Id => content.extend_from_slice(id.as_bytes()),
                Piece::Time => content.extend_from_slice(time.as_bytes()),
                Piece::Body => content.extend_from_slice(body),
                Piece::Address => content.extend_from_slice(address.as_bytes()),
            }
        }
        content
    }

    /// The header's value with one signature over this content.
    ///
    /// # Errors
    /// [`SecretFault`]
    pub fn sign(&self, secret: &str, time: &str, content: &[u8]) -> Result<String, SecretFault> {
        let (version, bytes) = match self.key(secret)? {
            Key::Shared(key) => ("v1", hmac::sign(&key, content).as_ref().to_vec()),
            Key::Pair(pair) => ("v1a", pair.sign(content).as_ref().to_vec()),
            Key::Public(_) => return Err(SecretFault::Public),
        };
        let text = self.encoding.write(&bytes);
        Ok(match &self.layout {
            Layout::Plain { prefix, .. } => format!("{prefix}{text}"),
            Layout::Pairs { time: name, signature } => format!("{name}={time},{signature}={text}"),
            Layout::Versions => format!("{version},{text}"),
        })
    }

    /// Its headers, for those who are to send one.
    pub fn headers(&self) -> Vec<SignHeader> {
        let header = |name: &Arc<str>, carries, about: String| SignHeader { name: name.clone(), carries, about };
        let seconds = |time: Duration| format!("; at most {} s away from our clock", time.as_secs());
        let mut all = vec![header(&self.header, Signs::Signature, self.in_words())];
        all.extend(self.time_header.iter().map(|name| {
            let limit = self.tolerance.map(seconds).unwrap_or_default();
            header(name, Signs::Time, format!("When it was signed, in seconds since 1970{limit}."))
        }));
        all.extend(
            self.id_headers.iter().take(1).map(|name| header(name, Signs::Event, "Which event it is: the same is taken once.".into())),
        );
        all
    }

    /// `HMAC-SHA256 over {timestamp}.{body}, in hex, as t=SECONDS,v1=SIGNATURE.`
    fn in_words(&self) -> String {
        let pieces = self.signed.iter().map(|piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Id => "{id}".to_string(),
            Piece::Time => "{timestamp}".to_string(),
            Piece::Body => "{body}".to_string(),
            Piece::Address => "{url}".to_string(),
        });
        let form = match &self.layout {
            Layout::Plain { prefix, .. } if prefix.is_empty() => String::new(),
            Layout::Plain { prefix, .. } => format!(", behind `{prefix}`"),
            Layout::Pairs { time, signature } => format!(", as `{time}=SECONDS,{signature}=SIGNATURE`"),
            Layout::Versions => ", as `v1,SIGNATURE`".to_string(),
        };
        format!("HMAC-{} over `{}`, in {}{form}.", self.algorithm.word(), pieces.collect::<String>(), self.encoding.word())
    }

    /// The time and the signatures that a header carries, each still written.
    pub fn read<'h>(&self, header: &'h str) -> Carried<'h> {
        let mut carried = Carried { time: None, signatures: Vec::new() };
        match &self.layout {
            Layout::Plain { prefix, separator } => {
                let pieces = header.split(|c| separator.is_some_and(|separator| c == separator));
                carried.signatures = pieces.filter_map(|piece| piece.trim().strip_prefix(&**prefix).map(|text| ("", text))).collect();
            }
            Layout::Pairs { time, signature } => {
                for (name, value) in header.split(',').filter_map(|pair| pair.trim().split_once('=')) {
                    if *name == **time {
                        carried.time = carried.time.or(Some(value));
                    } else if *name == **signature {
                        carried.signatures.push(("", value));
                    }
                }
            }
            Layout::Versions => {
                let known = header.split(' ').filter_map(|entry| entry.split_once(','));
                carried.signatures = known.filter(|(version, _)| matches!(*version, "v1" | "v1a")).collect();
            }
        }
        carried.signatures.truncate(SIGNATURES_MOST);
        carried
    }
}

/// What a header carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried<'h> {
    /// The time, where it is in here.
    pub time: Option<&'h str>,
    /// Version (`v1`, `v1a`, or nothing) and text of each signature.
    pub signatures: Vec<(&'h str, &'h str)>,
}

impl Key {
    /// Whether this is its signature over that content. Takes the same time whatever is wrong.
    pub fn verify(&self, version: &str, content: &[u8], given: &[u8]) -> bool {
        match (self, version) {
            (Key::Shared(key), "" | "v1") => hmac::verify(key, content, given).is_ok(),
            (Key::Public(public), "v1a") => signature::UnparsedPublicKey::new(&signature::ED25519, public).verify(content, given).is_ok(),
            (Key::Pair(pair), "v1a") => {
                let public = signature::KeyPair::public_key(&**pair).as_ref().to_vec();
                Key::Public(public).verify(version, content, given)
            }
            (Key::Shared(_) | Key::Public(_) | Key::Pair(_), _) => false,
        }
    }
}

fn public_key(text: &str) -> Result<Key, SecretFault> {
    let bytes = Encoding::Base64.read(text).ok_or(SecretFault::Encoding)?;
    if bytes.len() == 32 { Ok(Key::Public(bytes)) } else { Err(SecretFault::Length) }
}

/// 64 bytes: the seed and the public key.
fn key_pair(text: &str) -> Result<Key, SecretFault> {
    let bytes = Encoding::Base64.read(text).ok_or(SecretFault::Encoding)?;
    let (seed, public) = bytes.split_at_checked(32).ok_or(SecretFault::Length)?;
    let pair = signature::Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| SecretFault::Length)?;
    Ok(Key::Pair(Box::new(pair)))
}

/// The address that Twilio signs: with the fields of a form, sorted, names and values without anything between.
pub fn signed_address<'a>(address: &'a str, fields: &[(String, String)]) -> Cow<'a, str> {
    if fields.is_empty() {
        return Cow::Borrowed(address);
    }
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut text = address.to_string();
    sorted.iter().for_each(|(name, value)| {
        text.push_str(name);
        text.push_str(value);
    });
    Cow::Owned(text)
}
