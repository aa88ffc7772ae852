//! An HTTP request, and what its connection shows of us.

use std::{path::PathBuf, sync::Arc};

/// Headers that show who somebody is: nobody keeps them.
pub const SECRET_HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "set-cookie2",
    "x-api-key",
    "authentication-info",
    "proxy-authentication-info",
];

/// Headers that make a request conditional (RFC 9110, section 13.1).
const CONDITION_HEADERS: [&str; 4] = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/// The header of correlation ids where nothing is said.
pub const CORRELATION_DEFAULT: &str = "x-correlation-id";

/// Whether a header of this name makes a request conditional.
pub fn is_condition(header: &str) -> bool {
    CONDITION_HEADERS.iter().any(|condition| condition.eq_ignore_ascii_case(header))
}

/// An HTTP request, complete.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: &'static str,
    /// Absolute.
    pub url: String,
    /// In order; names in lower case.
    pub headers: Vec<(Arc<str>, Vec<u8>)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// What the connection shows of us.
    pub certificate: Option<ClientCertificate>,
}

impl HttpRequest {
    /// One without headers, body and certificate.
    pub fn new(method: &'static str, url: impl Into<String>) -> HttpRequest {
        HttpRequest { method, url: url.into(), headers: Vec::new(), body: Vec::new(), certificate: None }
    }
}

/// A client certificate, by its PEM files. Connections are shared by what shows the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    /// Certificates, ours first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// Whom we trust there, in place of the machine's authorities.
    pub ca: Option<PathBuf>,
}
