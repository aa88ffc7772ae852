//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a quoted string by the draft, bare in most clients; both are one key.

use spanwright_core::door::{Refused, Request};

use super::beside::unreadable;

/// Characters of a key.
pub const KEY_CHARACTERS_MOST: usize = 255;

/// The key that the sender gave, without its quotes.
///
/// # Errors
/// There are two of them, or it is too long or not plain.
pub fn idempotency_key(request: &Request<'_>) -> Result<Option<String>, Refused> {
    if request.count("idempotency-key") > 1 {
        return Err(unreadable("there is more than one Idempotency-Key".into()));
    }
    if request.count("idempotency-key") == 0 {
        return Ok(None);
    }
    let bad = || unreadable(format!("the Idempotency-Key is not 1 to {KEY_CHARACTERS_MOST} plain characters"));
    let text = request.header("idempotency-key").ok_or_else(bad)?.trim();
    let key = text.strip_prefix('"').map_or(Some(text), |rest| rest.strip_suffix('"')).ok_or_else(bad)?;
    let plain = key.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
    if key.is_empty() || key.len() > KEY_CHARACTERS_MOST || !plain {
        return Err(bad());
    }
    Ok(Some(key.to_string()))
}
