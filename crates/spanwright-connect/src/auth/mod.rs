//! Who we are: what a request must carry so that the system lets us in.
//!
//! Secrets are lent for one request and never kept: a system holds templates (`${CRM_ID}`), and the engine fills them
//! in. OAuth2 is two systems: the one that is called, and its [`TokenEndpoint`], which the desk asks once for all.

use std::{path::PathBuf, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use spanwright_core::{
    connector::{ClientCertificate, HttpRequest, With},
    settings::{Auth, CertificateSettings, KeyPlace, Template},
};
use spanwright_shape::text::Failure;

use crate::{codes, http::url};

mod assertion;
mod login;
pub mod signature;
mod token;

pub(crate) use login::around;
pub use token::TokenEndpoint;

/// Adds to a request what shows who we are.
///
/// # Errors
/// A variable that is not set, or a value that no header can carry. The system's settings are to blame, no message is.
pub fn sign(auth: &Auth, with: &With<'_>, request: &mut HttpRequest) -> Result<(), Failure> {
    match auth {
        Auth::None => Ok(()),
        Auth::Basic { user, password } => {
            let value = basic(&fill(user, with)?, &fill(password, with)?)?;
            add_header(request, "authorization", value)
        }
        Auth::Bearer(token) => add_header(request, "authorization", format!("Bearer {}", fill(token, with)?)),
        Auth::ApiKey { place: KeyPlace::Header(name), value } => add_header(request, name, fill(value, with)?),
        Auth::ApiKey { place: KeyPlace::Query(name), value } => {
            url::add_query(&mut request.url, name, &fill(value, with)?);
            Ok(())
        }
        Auth::Hmac(settings) => signature::sign(settings, with, request),
        // It is in the envelope.
        Auth::Wsse(_) => Ok(()),
        Auth::OAuth2(_) => add_header(request, "authorization", format!("Bearer {}", token(with)?)),
        Auth::Login(login) => add_header(request, &login.header, format!("{}{}", login.prefix, token(with)?)),
        Auth::Mtls { certificate, and } => {
            request.certificate = Some(shown(certificate, with)?);
            sign(and, with, request)
        }
    }
}

fn token<'w>(with: &With<'w>) -> Result<&'w str, Failure> {
    with.token.ok_or_else(|| Failure::new(&codes::SIGN_IN, "there is no token: the sign-in comes first"))
}

/// The files of a certificate.
fn shown(settings: &CertificateSettings, with: &With<'_>) -> Result<ClientCertificate, Failure> {
    let path = |template: &Template| fill(template, with).map(PathBuf::from);
    Ok(ClientCertificate {
        certificate: path(&settings.certificate)?,
        key: path(&settings.key)?,
        ca: settings.ca.as_ref().map(path).transpose()?,
    })
}

/// A template with its variables filled in.
///
/// # Errors
/// A variable that is not set; it is named.
pub fn fill(template: &Template, with: &With<'_>) -> Result<String, Failure> {
    template.fill(with.variable).map_err(|name| {
        let says = format!("the variable `{name}` is not set: put it into the environment, or into the file of the chosen environment");
        Failure::new(&codes::VARIABLE, says)
    })
}

/// Adds a header; its name in lower case.
///
/// # Errors
/// A value with control characters, which would let it write headers of its own. The value is not shown.
pub fn add_header(request: &mut HttpRequest, name: &str, value: impl Into<Vec<u8>>) -> Result<(), Failure> {
    let value = value.into();
    if value.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
        return Err(Failure::new(
            &codes::ADDRESS,
            format!("the value of the header `{name}` has a line break or another control character"),
        ));
    }
    request.headers.push((Arc::from(name.to_ascii_lowercase()), value));
    Ok(())
}

/// RFC 7617. A user name with a colon would move it into the password.
fn basic(user: &str, password: &str) -> Result<String, Failure> {
    if user.contains(':') {
        return Err(Failure::new(&codes::ADDRESS, "the user name of Basic auth has a `:`, which RFC 7617 does not allow"));
    }
    Ok(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

#[cfg(test)]
mod tests;
