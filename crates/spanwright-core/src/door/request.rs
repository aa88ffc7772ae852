//! A request to us, and what it comes to.

use std::{net::IpAddr, sync::Arc};

use spanwright_shape::{json, number::Number, text::Failure, value::Value};

use super::{HttpAnswer, reply::reason};

/// A request to us, complete.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// `POST`
    pub method: &'r str,
    /// As the sender addressed us, where a proxy told us: `https://hooks.example.com`.
    pub origin: &'r str,
    /// As it was sent, still percent-encoded.
    pub path: &'r str,
    /// Behind the `?`, as it was sent.
    pub query: &'r str,
    /// The parameters of the route, still percent-encoded.
    pub parameters: &'r [(&'r str, &'r str)],
    /// In order; names in lower case.
    pub headers: &'r [(&'r str, &'r [u8])],
    /// Decoded of transfer and content coding.
    pub body: &'r [u8],
    /// Who sent it, behind the proxies that we trust.
    pub from: IpAddr,
    /// The SHA-256 of the sender's certificate, where it showed one that we trust.
    pub certificate: Option<[u8; 32]>,
}

impl<'r> Request<'r> {
    /// The first header of a name, where it is text.
    pub fn header(&self, name: &str) -> Option<&'r str> {
        let (_, value) = self.headers.iter().find(|(have, _)| *have == name)?;
        std::str::from_utf8(value).ok()
    }

    /// How many headers have this name.
    pub fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(have, _)| *have == name).count()
    }
}

/// What a request is.
#[derive(Clone, Debug)]
pub enum Received<'r> {
    /// A message.
    Message(Incoming<'r>),
    /// No message: it is answered at once (a challenge, a description of the interface).
    Answer(HttpAnswer),
}

/// A message that came in.
#[derive(Clone, Debug)]
pub struct Incoming<'r> {
    /// Which operation it means.
    pub operation: usize,
    /// The dialect that its sender speaks; see [`Asked`](super::Asked).
    pub dialect: u8,
    /// The body.
    pub body: Value<'r>,
    /// What came beside it: `$headers`, `$query`, `$path`. A record of records.
    pub beside: Value<'r>,
    /// Which event it is, in the sender's own words (`Idempotency-Key`, a webhook's id).
    pub once: Option<String>,
    /// The sender's correlation id.
    pub correlation: Option<String>,
}

/// Why a request was not taken.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The HTTP status that says it best.
    pub status: u16,
    /// Why. It is told to the sender, so it holds no secret and no value of the message.
    pub failure: Failure,
    /// Further headers of the answer (`retry-after`, `www-authenticate`).
    pub headers: Vec<(Arc<str>, Vec<u8>)>,
}

impl Refused {
    /// With this status, for this reason.
    pub fn new(status: u16, failure: Failure) -> Refused {
        Refused { status, failure, headers: Vec::new() }
    }

    /// As `application/problem+json` (RFC 9457).
    pub fn problem(&self) -> HttpAnswer {
        let title = reason(self.status);
        let number = Number::int(i64::from(self.status));
        let fields = [
            ("title", Value::Text(title)),
            ("status", Value::Number(number)),
            ("detail", Value::Text(&self.failure.says)),
            ("code", Value::Text(self.failure.code.id)),
        ];
        let mut body = Vec::new();
        json::write(&Value::Record(&fields), &mut body);
        let mut headers = vec![(Arc::from("content-type"), b"application/problem+json".to_vec())];
        headers.extend(self.headers.iter().cloned());
        HttpAnswer { status: self.status, headers, body }
    }

    /// With a further header.
    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Refused {
        self.headers.push((name.into(), value.into()));
        self
    }
}
