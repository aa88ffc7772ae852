//! `webhooks:` of a system: what it pushes to us, signed.
//!
//! [`scheme`] describes how a sender signs, [`preset`] knows the usual ones, [`judge`] says whether a request is signed.
//! The door takes nothing that is not: a wrong signature is 401, and says which part is wrong without saying what would
//! have been right. Whatever is behind the signature is read by its `content-type`, as at any endpoint.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_core::{
    codes as core_codes,
    connector::{CORRELATION_DEFAULT, Connector, System, With},
    door::{
        Asked, Brings, Door, DoorKind, DoorSettings, HttpAnswer, Incoming, Pretended, Received, Refused, Request, Route, Said, SignHeader,
        WebhookSettings, pretend,
    },
    interface::{Interface, Operation, Repeat},
    settings::{SystemSettings, Template},
};
use spanwright_shape::{
    room::Room,
    shape::{Shape, ShapeId, Shapes},
    text::{Bundle, Code, Failure, Problems, Span, codes as text_codes, form},
    value::Value,
};

pub mod judge;
pub mod preset;
pub mod scheme;

use crate::{
    codes,
    endpoint::{answer, beside, body, texts},
};
use scheme::{Algorithm, Encoding, Layout, Scheme, SecretForm};

/// The kind of door behind `webhooks:`.
#[derive(Debug)]
pub struct Webhook;

impl Connector for Webhook {
    fn key(&self) -> &'static str {
        "webhook"
    }

    fn about(&self) -> &'static str {
        "What a system pushes to us: `webhooks:` in its file, `from: { webhook: SYSTEM }` in any number of flows. Each \
         request is verified over its raw bytes."
    }

    fn codes(&self) -> Vec<&'static Code> {
        Vec::new()
    }

    fn system(&self, settings: &SystemSettings, _: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        to.error(&text_codes::NOT_BUILT, settings.at, "a webhook is no system", None);
        None
    }

    fn door(&self, settings: &DoorSettings, _: &Bundle, to: &mut Problems) -> Option<Arc<dyn Door>> {
        let DoorKind::Webhook(settings) = &settings.kind else { return None };
        let (scheme, origin) = compile(settings, to)?;
        Some(Arc::new(WebhookDoor::new(settings, scheme, origin)))
    }
}

/// The scheme of a preset with what the settings change of it, and the address by which the sender knows us.
pub fn compile(settings: &WebhookSettings, to: &mut Problems) -> Option<(Scheme, Option<Template>)> {
    adapted(&settings.preset, &settings.options, settings.at, to)
}

/// A preset with what is changed of it.
pub(crate) fn adapted(
    preset: &str,
    options: &[(Arc<str>, Template, Span)],
    at: Span,
    to: &mut Problems,
) -> Option<(Scheme, Option<Template>)> {
    let mut scheme = preset::scheme(preset)?;
    let mut origin = None;
    let errors = to.errors();
    for (name, value, place) in options {
        if &**name == "origin" {
            origin = Some(value.clone());
            continue;
        }
        let text = value.fill(&|_| None).unwrap_or_default();
        if let Err(why) = change(&mut scheme, name, &text) {
            to.error(&codes::WEBHOOK, *place, format!("`{name}`: {why}"), None);
        }
    }
    check(&scheme, at, to);
    (to.errors() == errors).then_some((scheme, origin))
}

/// Changes a scheme by one option.
///
/// # Errors
/// What is wrong with the value.
pub fn change(scheme: &mut Scheme, name: &str, text: &str) -> Result<(), String> {
    let lower = || Arc::from(text.to_ascii_lowercase());
    match name {
        "header" => scheme.header = lower(),
        "algorithm" => scheme.algorithm = Algorithm::of(text).ok_or("write `sha1`, `sha256` or `sha512`")?,
        "encoding" => scheme.encoding = Encoding::of(text).ok_or("write `hex`, `base64` or `base64url`")?,
        "prefix" => match &mut scheme.layout {
            Layout::Plain { prefix, .. } => *prefix = text.into(),
            Layout::Pairs { .. } | Layout::Versions => return Err("signatures of this preset have no prefix".into()),
        },
        "separator" => match (&mut scheme.layout, text.chars().next()) {
            (Layout::Plain { separator, .. }, Some(one)) if text.chars().count() == 1 => *separator = Some(one),
            _ => return Err("it is one character, and this preset may have one of its own".into()),
        },
        "signed" => scheme.signed = preset::template(text)?,
        "timestamp" => {
            scheme.time_header = Some(lower());
            scheme.tolerance = scheme.tolerance.or(Some(scheme::TOLERANCE_DEFAULT));
        }
        "tolerance" => scheme.tolerance = Some(form::time(text).ok_or("write a time such as `5m`")?),
        "id_header" => scheme.id_headers = vec![lower()],
        "secret_is" => {
            scheme.secret = match text {
                "raw" => SecretForm::Raw,
                "base64" => SecretForm::Base64,
                "hex" => SecretForm::Hex,
                _ => return Err("write `raw`, `base64` or `hex`".into()),
            };
        }
        _ => return Err("this preset has no such option".into()),
    }
    Ok(())
}

/// What is signed can be told from the request.
fn check(scheme: &Scheme, at: Span, to: &mut Problems) {
    let signs = |piece| scheme.signed.contains(&piece);
    if signs(scheme::Piece::Time) && scheme.time_header.is_none() && !matches!(scheme.layout, Layout::Pairs { .. }) {
        to.error(&codes::WEBHOOK, at, "the timestamp is signed, and no header of it is named", "add `timestamp: X-Timestamp`".to_string());
    }
    if signs(scheme::Piece::Id) && scheme.id_headers.is_empty() {
        to.error(&codes::WEBHOOK, at, "the id is signed, and no header of it is named", "add `id_header: X-Event-Id`".to_string());
    }
    if scheme.tolerance.is_some() && scheme.time_header.is_none() && !matches!(scheme.layout, Layout::Pairs { .. }) {
        to.error(&codes::WEBHOOK, at, "`tolerance` without a timestamp", "add `timestamp: X-Timestamp`".to_string());
    }
    if scheme.tolerance.is_some_and(|tolerance| tolerance > Duration::from_secs(24 * 3600)) {
        to.error(&codes::WEBHOOK, at, "a `tolerance` of more than a day lets old requests in", "write `5m`".to_string());
    }
}

/// One endpoint that a system pushes to.
struct WebhookDoor {
    scheme: Scheme,
    secrets: Vec<Template>,
    /// The address by which the sender knows us, where a proxy stands before us.
    origin: Option<Template>,
    routes: [Route; 1],
    interface: Interface,
    beside: [(&'static str, ShapeId); 2],
}

impl WebhookDoor {
    fn new(settings: &WebhookSettings, scheme: Scheme, origin: Option<Template>) -> WebhookDoor {
        let mut shapes = Shapes::default();
        let any = shapes.add(Shape::Any);
        let texts = texts(&mut shapes);
        let operation = Operation {
            name: "event".into(),
            about: None,
            wire: format!("{} webhook", settings.preset).into(),
            with: any,
            fields: None,
            body: Some(any),
            gives: any,
            refuses: Vec::new(),
            repeat: Repeat::Keyed,
            bulk: None,
        };
        let interface = Interface { shapes: shapes.into(), types: BTreeMap::new(), operations: vec![operation] };
        let (routes, secrets) = ([settings.path.clone()], settings.secrets.clone());
        WebhookDoor { scheme, secrets, origin, routes, interface, beside: [("headers", texts), ("query", texts)] }
    }

    /// The secrets that have a value now; while one is changed the other may not be there yet.
    fn secrets(&self, with: &With<'_>) -> Result<Vec<String>, Refused> {
        let secrets: Vec<String> = self.secrets.iter().filter_map(|secret| secret.fill(with.variable).ok()).collect();
        if secrets.is_empty() {
            let says = "the secret of this webhook has no value here";
            return Err(Refused::new(503, Failure::new(&codes::VARIABLE, says)));
        }
        Ok(secrets)
    }

    fn verify(&self, request: &Request<'_>, with: &With<'_>) -> Result<judge::Signed, Refused> {
        let origin = self.origin.as_ref().and_then(|origin| origin.fill(with.variable).ok());
        let origin = origin.as_deref().map_or(request.origin, |origin| origin.trim_end_matches('/'));
        judge::judge(&self.scheme, &self.secrets(with)?, request, origin, with.now)
            .map_err(|wrong| Refused::new(401, Failure::new(&core_codes::SIGNATURE, wrong.to_string())))
    }

    /// The provider's own name for the event.
    fn id(&self, signed: &judge::Signed, body: &Value<'_>) -> Option<String> {
        let field = match &*self.scheme.name {
            "stripe" => body.get("id"),
            "slack" => body.get("event_id"),
            _ => None,
        };
        match field {
            Some(Value::Text(id)) if !id.is_empty() => Some(id.to_string()),
            _ => (!signed.id.is_empty()).then(|| signed.id.clone()),
        }
    }
}

impl Door for WebhookDoor {
    fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn beside(&self, _: usize) -> Vec<(&str, ShapeId)> {
        self.beside.to_vec()
    }

    fn signs(&self) -> Vec<SignHeader> {
        self.scheme.headers()
    }

    fn receive<'r>(&self, request: &Request<'r>, with: &With<'_>, room: &'r Room) -> Result<Received<'r>, Refused> {
        let signed = self.verify(request, with)?;
        let body = body::read(request, room)?;
        if &*self.scheme.name == "slack"
            && let Some(challenge) = challenge(&body)
        {
            return Ok(Received::Answer(challenge));
        }
        let beside = Value::Record(
            room.bump().alloc_slice_copy(&[("headers", beside::headers(request, room)), ("query", beside::query(request, room)?)]),
        );
        let once = self.id(&signed, &body);
        let correlation = beside::correlation(request, CORRELATION_DEFAULT);
        Ok(Received::Message(Incoming { operation: 0, dialect: 0, body, beside, once, correlation }))
    }

    fn answer(&self, _: Option<Asked>, said: &Said<'_>) -> HttpAnswer {
        answer::json(said)
    }

    /// Signed with the first secret, where the sender does not say its own signature.
    fn pretend(&self, _: usize, brings: &Brings<'_>, with: &With<'_>) -> Result<Pretended, String> {
        let mut made = pretend::plain(&self.routes[0], brings)?;
        if made.header(&self.scheme.header).is_some() {
            return Ok(made);
        }
        let secrets = self.secrets(with).map_err(|refused| refused.failure.says)?;
        let time = with.now.0.div_euclid(1_000_000).to_string();
        let id = match self.scheme.id_headers.first() {
            None => String::new(),
            Some(header) => {
                made.add_header(header, blake3::hash(&made.body).to_hex()[..16].as_bytes());
                made.header(header).map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default()
            }
        };
        let origin = self.origin.as_ref().and_then(|origin| origin.fill(with.variable).ok());
        let query = if made.query.is_empty() { String::new() } else { format!("?{}", made.query) };
        let address = format!("{}{}{query}", origin.as_deref().unwrap_or(pretend::ORIGIN).trim_end_matches('/'), made.path);
        let content = self.scheme.content(&id, &time, &made.body, &address);
        let wrong = |fault| format!("it cannot be signed: {}; give the secret under `vars:` of the test", judge::Wrong::Secret(1, fault));
        let value = self.scheme.sign(&secrets[0], &time, &content).map_err(wrong)?;
        if let Some(header) = &self.scheme.time_header {
            made.add_header(header, time);
        }
        made.add_header(&self.scheme.header, value);
        Ok(made)
    }
}

/// Slack proves that an address is ours by having it echo a word.
fn challenge(body: &Value<'_>) -> Option<HttpAnswer> {
    let (Some(Value::Text("url_verification")), Some(Value::Text(challenge))) = (body.get("type"), body.get("challenge")) else {
        return None;
    };
    let headers = vec![(Arc::from("content-type"), b"text/plain".to_vec())];
    Some(HttpAnswer { status: 200, headers, body: challenge.as_bytes().to_vec() })
}

#[cfg(test)]
mod tests;
