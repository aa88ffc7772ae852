//! WS-Security as most of the world uses it: a user name, a password or its digest, and how long the message is good
//! (OASIS Web Services Security UsernameToken Profile 1.0 and SOAP Message Security 1.0).
//!
//! Signatures and encryption are not built. A message whose description demands them is refused and never sent without.

mod find;
#[cfg(test)]
mod tests;
mod token;
mod verify;

pub use find::find;
pub(in crate::soap) use token::{Stamp, Token, write};
pub use verify::{NONCES_MOST, Nonces, Refusal, SKEW_MOST, Security, verify};

/// The namespace of security headers.
pub(crate) const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// The namespace of times and ids in them.
pub(crate) const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const PASSWORD_TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";
const PASSWORD_DIGEST: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
