//! Writing the header block.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use spanwright_core::fact::Moment;
use spanwright_shape::xml::{WriteFault, Writer};

use super::{BASE64, PASSWORD_DIGEST, PASSWORD_TEXT, WSSE, WSU};

/// A user name token.
pub(in crate::soap) struct Token<'t> {
    pub(in crate::soap) user: &'t str,
    pub(in crate::soap) password: &'t str,
    /// The digest goes out, and not the password.
    pub(in crate::soap) digest: bool,
    /// Never the same twice.
    pub(in crate::soap) nonce: [u8; 16],
}

/// When a message was made, and how long it is good.
pub(in crate::soap) struct Stamp {
    pub(in crate::soap) now: Moment,
    /// `None`: there is no Timestamp.
    pub(in crate::soap) good_for: Option<Duration>,
}

/// Writes the `Security` block into the open Header. `space`: the envelope's namespace.
pub(in crate::soap) fn write(writer: &mut Writer, space: &str, token: &Token<'_>, stamp: &Stamp) -> Result<(), WriteFault> {
    let created = time(stamp.now);
    writer.start(WSSE, "Security")?;
    writer.attribute(space, "mustUnderstand", "1")?;
    if let Some(good_for) = stamp.good_for {
        writer.start(WSU, "Timestamp")?;
        writer.attribute(WSU, "Id", "Timestamp-1")?;
        element(writer, WSU, "Created", &created)?;
        element(writer, WSU, "Expires", &time(stamp.now.after(good_for)))?;
        writer.end();
    }
    writer.start(WSSE, "UsernameToken")?;
    writer.attribute(WSU, "Id", "UsernameToken-1")?;
    element(writer, WSSE, "Username", token.user)?;
    let (kind, password) = match token.digest {
        true => (PASSWORD_DIGEST, digest(&token.nonce, &created, token.password)),
        false => (PASSWORD_TEXT, token.password.to_string()),
    };
    writer.start(WSSE, "Password")?;
    writer.attribute("", "Type", kind)?;
    writer.text(&password)?;
    writer.end();
    writer.start(WSSE, "Nonce")?;
    writer.attribute("", "EncodingType", BASE64)?;
    writer.text(&STANDARD.encode(token.nonce))?;
    writer.end();
    element(writer, WSU, "Created", &created)?;
    writer.end();
    writer.end();
    Ok(())
}

/// `Base64(SHA-1(nonce + created + password))`
pub(super) fn digest(nonce: &[u8], created: &str, password: &str) -> String {
    let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in [nonce, created.as_bytes(), password.as_bytes()] {
        hash.update(part);
    }
    STANDARD.encode(hash.finish())
}

/// UTC with milliseconds: what every stack reads.
fn time(at: Moment) -> String {
    let millis = at.0.div_euclid(1_000) * 1_000;
    jiff::Timestamp::from_microsecond(millis).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

fn element(writer: &mut Writer, space: &str, local: &str, text: &str) -> Result<(), WriteFault> {
    writer.start(space, local)?;
    writer.text(text)?;
    writer.end();
    Ok(())
}
