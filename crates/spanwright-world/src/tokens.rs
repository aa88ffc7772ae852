//! The CRM's OAuth2 token endpoint: client credentials (RFC 6749 section 4.4), tokens that live for a short while.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::server::{Asked, Reply};

/// Tokens that are good now.
#[derive(Debug)]
pub(crate) struct Tokens {
    client_id: String,
    client_secret: String,
    lives: Duration,
    good: HashMap<String, Instant>,
    issued: u64,
}

impl Tokens {
    pub fn new(client_id: &str, client_secret: &str, lives: Duration) -> Tokens {
        Tokens { client_id: client_id.to_owned(), client_secret: client_secret.to_owned(), lives, good: HashMap::new(), issued: 0 }
    }

    /// Answers a token request; an error is a status and an OAuth2 error code.
    pub fn issue(&mut self, asked: &Asked, now: Instant) -> Result<Reply, Reply> {
        let form = form(&asked.body);
        let of = |name: &str| form.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        if of("grant_type") != Some("client_credentials") {
            return Err(refusal(400, "unsupported_grant_type"));
        }
        // RFC 6749 section 2.3.1: in Basic both are form-encoded once more.
        let (id, secret) = asked
            .header("authorization")
            .and_then(basic)
            .map(|(id, secret)| (decoded(&id), decoded(&secret)))
            .unwrap_or_else(|| (of("client_id").unwrap_or_default().to_owned(), of("client_secret").unwrap_or_default().to_owned()));
        if id != self.client_id || secret != self.client_secret {
            return Err(refusal(401, "invalid_client"));
        }
        Ok(self.made(now))
    }

    fn made(&mut self, now: Instant) -> Reply {
        self.issued += 1;
        let token = format!("token-{}-{:016x}", self.issued, crate::memory::print(self.issued.to_string().as_bytes()));
        self.good.retain(|_, until| *until > now);
        let body =
            format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{},"scope":"contacts"}}"#, self.lives.as_secs());
        self.good.insert(token, now + self.lives);
        Reply::new(200, "application/json", body)
    }

    /// Whether a request carries a token that is good.
    pub fn allow(&self, asked: &Asked, now: Instant) -> bool {
        let token = asked.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
        token.and_then(|token| self.good.get(token)).is_some_and(|until| *until > now)
    }

    /// No token that was ever given is good any more.
    pub fn forget(&mut self) {
        self.good.clear();
    }
}

fn refusal(status: u16, error: &str) -> Reply {
    Reply::new(status, "application/json", format!(r#"{{"error":"{error}"}}"#))
}

/// User and password of `Authorization: Basic`.
pub(crate) fn basic(header: &str) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// `application/x-www-form-urlencoded`
fn form(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => match after.get(..2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()) {
                Some(code) => {
                    out.push(code);
                    rest = &after[2..];
                }
                None => out.push(b'%'),
            },
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        assert_eq!(form(b"a=1+2&b=%C3%BC%25&c=100%"), [("a", "1 2"), ("b", "ü%"), ("c", "100%")].map(|(n, v)| (n.into(), v.into())));
    }

    #[test]
    fn a_password_may_hold_a_colon() {
        assert_eq!(basic(&format!("Basic {}", BASE64_STANDARD.encode("u:p:q"))), Some(("u".into(), "p:q".into())));
    }
}
