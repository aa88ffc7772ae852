//! `auth: { hmac: .. }`: each request signed as a webhook is, by the same description that verifies one.
//!
//! The time is that of the attempt and the id that of the effect, so a request that is tried again is signed anew and
//! stays the same event (Standard Webhooks, "webhook-id").

use spanwright_core::{
    connector::{HttpRequest, With},
    settings::SignSettings,
};
use spanwright_shape::text::{Failure, Problems};

use super::{add_header, fill};
use crate::{
    codes,
    webhook::{self, judge::Wrong, scheme::Scheme},
};

/// The scheme of the settings; the problems say what is wrong with it.
pub fn check(settings: &SignSettings, to: &mut Problems) -> Option<Scheme> {
    webhook::adapted(&settings.preset, &settings.options, settings.at, to).map(|(scheme, _)| scheme)
}

/// Signs a request. Its body must be complete.
///
/// # Errors
/// A secret that is not set or cannot be used.
pub(super) fn sign(settings: &SignSettings, with: &With<'_>, request: &mut HttpRequest) -> Result<(), Failure> {
    // It was checked when the project was read.
    let Some(scheme) = check(settings, &mut Problems::new()) else { return Ok(()) };
    let secret = fill(&settings.secret, with)?;
    let time = with.now.0.div_euclid(1_000_000).to_string();
    let content = scheme.content(with.request_key, &time, &request.body, &request.url);
    let value = scheme
        .sign(&secret, &time, &content)
        .map_err(|fault| Failure::new(&codes::ADDRESS, format!("the secret of `hmac`: {}", Wrong::Secret(1, fault))))?;
    if let Some(header) = scheme.id_headers.first() {
        add_header(request, header, with.request_key)?;
    }
    if let Some(header) = &scheme.time_header {
        add_header(request, header, time)?;
    }
    add_header(request, &scheme.header, value)
}
