//! Who comes: clients, and what each shows.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::Span;

use super::{Network, Refused, Request};
use crate::{
    connector::With,
    settings::{Rate, SignSettings, Template},
};

/// Decides who may come in, before a door sees a request.
pub trait Guard: Send + Sync {
    /// Who sends this?
    ///
    /// # Errors
    /// Nobody whom we know, or somebody who may not.
    fn admit(&self, request: &Request<'_>, with: &With<'_>, keys: &dyn Keys) -> Result<Admitted, Refused>;

    /// Headers that carry a secret, in lower case: no door sees them, so they are kept nowhere.
    fn secret_headers(&self) -> &[Arc<str>] {
        &[]
    }
}

/// Published key sets, as far as they were fetched.
pub trait Keys {
    /// The set of an address: JSON.
    fn set(&self, url: &str) -> Option<Arc<str>>;
    /// Whether it may be fetched anew by now.
    fn may_be_asked_again(&self, url: &str) -> bool;
}

/// Who came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// This client.
    Client(Arc<str>),
    /// Nobody can say before this key set is fetched.
    Wants(String),
}

/// One entry of `clients:`.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Its name.
    pub name: Arc<str>,
    /// How it shows who it is.
    pub proof: Proof,
    /// It comes from here; empty: from anywhere.
    pub networks: Vec<Network>,
    /// So many requests in a time.
    pub rate: Option<Rate>,
    /// Operations that it may ask for, and where each stands; `None`: all of them.
    pub may: Option<Vec<(Arc<str>, Span)>>,
}

/// How a client shows who it is.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A key in a header, by the SHA-256 of it; each is accepted.
    ApiKey {
        /// The header, in lower case.
        header: Arc<str>,
        /// Hexadecimal digits, and where they stand.
        hashes: Vec<(Template, Span)>,
    },
    /// RFC 7617.
    Basic {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// A WS-Security user name token in a SOAP envelope.
    Token {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// A JSON Web Token.
    Jwt(JwtSettings),
    /// A signature over the body.
    Hmac(SignSettings),
    /// A client certificate, by the SHA-256 of it.
    Mtls {
        /// Hexadecimal digits.
        fingerprints: Vec<Template>,
    },
    /// Only where it comes from.
    Address,
}

/// `jwt:` of a client.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// `iss`
    pub issuer: Template,
    /// `aud`
    pub audience: Template,
    /// Where the key set is published.
    pub jwks: Template,
    /// The only algorithms that count, and where each stands.
    pub algorithms: Vec<(String, Span)>,
    /// Each must be granted.
    pub scopes: Vec<String>,
    /// By how much clocks may differ.
    pub skew: Duration,
}

impl Proof {
    /// What `www-authenticate` says of it.
    pub fn challenge(&self) -> Option<&'static str> {
        match self {
            Proof::Basic { .. } => Some("Basic realm=\"spanwright\""),
            Proof::Jwt(_) => Some("Bearer"),
            Proof::ApiKey { .. } | Proof::Token { .. } | Proof::Hmac(_) | Proof::Mtls { .. } | Proof::Address => None,
        }
    }
}
