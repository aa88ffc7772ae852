//! JSON Web Tokens (RFC 7519) by a published key set (RFC 7517).
//!
//! The project says which algorithms count: what the token's own header says is only compared with that list, so `none`
//! and a public key used as an HMAC secret are not even possible. A key set is asked for anew where a key is not in it.

use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use spanwright_core::{
    connector::With,
    door::{JwtSettings, Keys, Request},
};
use spanwright_shape::{json, room::Room, value::Value};

use super::{Proved, scheme_of};
use crate::webhook::scheme::Encoding;

/// Bytes of a token.
const TOKEN_BYTES_MOST: usize = 16 << 10;
/// Keys of a set that are looked at.
const KEYS_MOST: usize = 100;

/// Whether we verify by this algorithm.
pub(super) fn is_known(algorithm: &str) -> bool {
    matches!(algorithm, "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "EdDSA")
}

pub(super) fn proved(settings: &JwtSettings, request: &Request<'_>, with: &With<'_>, keys: &dyn Keys) -> Proved {
    let Some(token) = scheme_of(request, "bearer") else { return Proved::Absent };
    let room = Room::new();
    match verify(settings, token, with, keys, &room) {
        Ok(()) => Proved::Right,
        Err(Fault::Wants(url)) => Proved::Wants(url),
        Err(Fault::Wrong(why)) => Proved::Wrong(why),
    }
}

enum Fault {
    Wants(String),
    Wrong(&'static str),
}

fn verify(settings: &JwtSettings, token: &str, with: &With<'_>, keys: &dyn Keys, room: &Room) -> Result<(), Fault> {
    let wrong = Fault::Wrong;
    let pieces: Vec<&str> = token.split('.').collect();
    let &[head, claims, signature] = pieces.as_slice() else { return Err(wrong("the token is no signed JWT")) };
    if token.len() > TOKEN_BYTES_MOST {
        return Err(wrong("the token is too long"));
    }
    let decoded =
        |text: &str| Encoding::Base64Url.read(text).filter(|_| !text.contains('=')).ok_or(Fault::Wrong("the token is no base64url"));
    let record = |text: &str| {
        let bytes = room.bump().alloc_slice_copy(&decoded(text)?);
        json::read(bytes, room).map_err(|_| Fault::Wrong("the token holds no JSON"))
    };
    let (head, body) = (record(head)?, record(claims)?);
    let algorithm = head.get("alg").and_then(|value| value.text()).unwrap_or_default();
    if !settings.algorithms.iter().any(|(allowed, _)| allowed == algorithm) || !is_known(algorithm) {
        return Err(wrong("the token's algorithm is not allowed"));
    }
    if head.get("crit").is_some() {
        return Err(wrong("the token has a critical header that we do not know"));
    }
    let url = settings.jwks.fill(with.variable).map_err(|_| Fault::Wrong("the address of the key set is not known"))?;
    let kid = head.get("kid").and_then(|value| value.text());
    let signed = &token[..token.len() - signature.len() - 1];
    let signature = decoded(signature)?;
    let set = keys.set(&url).ok_or_else(|| Fault::Wants(url.clone()))?;
    let set = room.bump().alloc_slice_copy(set.as_bytes());
    let set = json::read(set, room).map_err(|_| Fault::Wrong("the key set is no JSON"))?;
    let usable = |key: &&Value<'_>| {
        let text = |name: &str| key.get(name).and_then(|value| value.text());
        let named = kid.is_none_or(|kid| text("kid") == Some(kid));
        named && text("use").is_none_or(|purpose| purpose == "sig") && text("alg").is_none_or(|alg| alg == algorithm)
    };
    let all = set.get("keys").and_then(|keys| keys.list()).unwrap_or_default();
    let candidates: Vec<&Value<'_>> = all.iter().take(KEYS_MOST).filter(usable).collect();
    if candidates.is_empty() {
        // A key may have been added since.
        return Err(if keys.may_be_asked_again(&url) { Fault::Wants(url) } else { wrong("no key of the set is the token's") });
    }
    if !candidates.into_iter().any(|key| fits(algorithm, key, signed.as_bytes(), &signature)) {
        return Err(wrong("the token's signature is not right"));
    }
    check_claims(settings, &body, with)
}

fn fits(algorithm: &str, key: &Value<'_>, signed: &[u8], given: &[u8]) -> bool {
    let text = |name: &str| key.get(name).and_then(|value| value.text());
    let bytes = |name: &str| text(name).and_then(|value| Encoding::Base64Url.read(value));
    let rsa = |parameters: &'static signature::RsaParameters| {
        let (Some("RSA"), Some(n), Some(e)) = (text("kty"), bytes("n"), bytes("e")) else { return false };
        RsaPublicKeyComponents { n: without_zeros(&n), e: without_zeros(&e) }.verify(parameters, signed, given).is_ok()
    };
    let elliptic = |curve: &str, algorithm: &'static dyn signature::VerificationAlgorithm| {
        let (Some("EC"), Some(x), Some(y)) = (text("kty"), bytes("x"), bytes("y")) else { return false };
        text("crv") == Some(curve) && UnparsedPublicKey::new(algorithm, [&[4][..], &x, &y].concat()).verify(signed, given).is_ok()
    };
    match algorithm {
        "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => rsa(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => rsa(&signature::RSA_PSS_2048_8192_SHA512),
        "ES256" => elliptic("P-256", &signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => elliptic("P-384", &signature::ECDSA_P384_SHA384_FIXED),
        "EdDSA" => match (text("kty"), text("crv"), bytes("x")) {
            (Some("OKP"), Some("Ed25519"), Some(x)) => UnparsedPublicKey::new(&signature::ED25519, x).verify(signed, given).is_ok(),
            _ => false,
        },
        _ => false,
    }
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

fn check_claims(settings: &JwtSettings, claims: &Value<'_>, with: &With<'_>) -> Result<(), Fault> {
    let wrong = |why| Err(Fault::Wrong(why));
    let text = |name: &str| claims.get(name).and_then(|value| value.text());
    let issuer = settings.issuer.fill(with.variable).ok();
    if issuer.is_none() || text("iss") != issuer.as_deref() {
        return wrong("the token is of another issuer");
    }
    let audience = settings.audience.fill(with.variable).ok();
    let meant = |wanted: &str| match claims.get("aud") {
        Some(Value::Text(one)) => one == wanted,
        Some(Value::List(all)) => all.iter().any(|one| one.text() == Some(wanted)),
        _ => false,
    };
    if !audience.is_some_and(|audience| meant(&audience)) {
        return wrong("the token is meant for somebody else");
    }
    let seconds = |name: &str| match claims.get(name) {
        Some(Value::Number(number)) => number.to_string().split('.').next().and_then(|whole| whole.parse::<i64>().ok()),
        _ => None,
    };
    let (now, skew) = (with.now.0.div_euclid(1_000_000), i64::try_from(settings.skew.as_secs()).unwrap_or(0));
    match seconds("exp") {
        Some(expires) if now < expires.saturating_add(skew) => {}
        Some(_) => return wrong("the token has expired"),
        None => return wrong("the token does not say when it expires"),
    }
    if claims.get("nbf").is_some() && seconds("nbf").is_none_or(|from| now < from.saturating_sub(skew)) {
        return wrong("the token is not valid yet");
    }
    let granted = |scope: &str| match (claims.get("scope"), claims.get("scp")) {
        (Some(Value::Text(all)), _) | (None, Some(Value::Text(all))) => all.split(' ').any(|one| one == scope),
        (None, Some(Value::List(all))) => all.iter().any(|one| one.text() == Some(scope)),
        _ => false,
    };
    if settings.scopes.iter().all(|scope| granted(scope)) { Ok(()) } else { wrong("the token lacks a scope") }
}
