//! OAuth2 (RFC 6749, client credentials and refresh tokens): the token endpoint as a system with one operation.

use std::{sync::Arc, time::Duration};

use spanwright_core::{
    connector::{
        Answers, Blame, Call, Heard, HttpRequest, Outcome, Pretended, Reached, Refusal, Request, Said, System, Verdict, With, Word,
    },
    interface::{Interface, Repeat},
    settings::{Auth, CertificateSettings, ClientProof, OAuth2},
};
use spanwright_shape::{json, number::Number, room::Room, text::Failure, value::Value};

use super::{add_header, assertion::assertion, fill, shown};
use crate::{
    codes,
    http::{
        NO_HTTP,
        answer::{self, REFUSAL_BYTES_MOST, said_json},
        excerpt, retry_after,
        status::{self, Meaning},
        url,
    },
};

/// How long a token is taken to live where the endpoint does not say (RFC 6749 leaves it open).
pub const LASTS_DEFAULT: Duration = Duration::from_secs(300);

/// RFC 7523, section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The system that hands out tokens.
#[derive(Debug)]
pub struct TokenEndpoint {
    system: Arc<str>,
    grant: OAuth2,
    /// What the connection shows besides (RFC 8705).
    certificate: Option<CertificateSettings>,
    interface: Interface,
}

impl TokenEndpoint {
    /// The token endpoint of a system, where its `auth:` has one. `system`: its name, for messages.
    pub fn of(auth: &Auth, system: &Arc<str>) -> Option<TokenEndpoint> {
        let Auth::OAuth2(grant) = auth.in_message() else { return None };
        let certificate = auth.certificate().cloned();
        Some(TokenEndpoint {
            system: system.clone(),
            grant: (**grant).clone(),
            certificate,
            interface: Interface::of_one("token", "An access token for all calls.", "POST token_url"),
        })
    }

    /// Name and secret go into the form, as OAuth 2.1 (draft, section 2.4.1) asks every endpoint to take them. RFC 6749 would
    /// have them in Basic, form-encoded first, and endpoints do not agree on whether to decode them there.
    fn request(&self, with: &With<'_>) -> Result<HttpRequest, Failure> {
        let grant = &self.grant;
        let url = fill(&grant.token_url, with)?;
        if url::origin(&url).is_none() {
            return Err(Failure::new(&codes::ADDRESS, "the token_url is no http:// or https:// address"));
        }
        let id = fill(&grant.client_id, with)?;
        let mut fields = match &grant.refresh_token {
            None => vec![("grant_type", "client_credentials".to_string())],
            Some(token) => vec![("grant_type", "refresh_token".to_string()), ("refresh_token", fill(token, with)?)],
        };
        fields.push(("client_id", id.clone()));
        match &grant.proof {
            ClientProof::None => {}
            ClientProof::Secret(secret) => fields.push(("client_secret", fill(secret, with)?)),
            ClientProof::Key(proof) => {
                fields.push(("client_assertion_type", ASSERTION_TYPE.to_string()));
                fields.push(("client_assertion", assertion(proof, &id, &url, with)?));
            }
        }
        for (name, template) in [("scope", &grant.scope), ("audience", &grant.audience)] {
            if let Some(template) = template {
                fields.push((name, fill(template, with)?));
            }
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut request = HttpRequest { body: url::form(&fields).into_bytes(), ..HttpRequest::new("POST", url) };
        request.certificate = self.certificate.as_ref().map(|certificate| shown(certificate, with)).transpose()?;
        add_header(&mut request, "content-type", "application/x-www-form-urlencoded")?;
        add_header(&mut request, "accept", "application/json")?;
        Ok(request)
    }

    fn answered(&self, code: u16, bytes: &[u8], pause: Option<Duration>) -> Verdict {
        let room = Room::new();
        let document = json::read(bytes, &room).ok();
        match status::meaning(code, Repeat::Safe) {
            Meaning::Delivered => self.token(document, code),
            Meaning::Later | Meaning::LaterThis | Meaning::Unknown | Meaning::Elsewhere => {
                self.later(self.failure(&codes::NOT_NOW, code, document.as_ref()), pause).and_pause(pause)
            }
            // 400 with `invalid_client` or `invalid_scope` is as much a refusal of us as 401 is.
            Meaning::Credentials | Meaning::Gone | Meaning::Moved | Meaning::Never => {
                let why = self.failure(&codes::SIGN_IN, code, document.as_ref());
                Verdict::all(1, Outcome::Never(why.clone())).and(Word::Credentials(why))
            }
        }
    }

    fn token(&self, document: Option<Value<'_>>, code: u16) -> Verdict {
        let token = document.and_then(|document| document.get("access_token")?.text());
        let bearer =
            document.and_then(|document| document.get("token_type")?.text()).is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let (Some(token), true) = (token.filter(|token| !token.is_empty()), bearer) else {
            let says = format!("the token endpoint of {} answered {} without a bearer token", self.system, status::words(code));
            return self.later(Failure::new(&codes::SIGN_IN, says), None);
        };
        let lasts = document.and_then(|document| seconds(document.get("expires_in")?)).filter(|lasts| *lasts > 0);
        let lasts = lasts.unwrap_or(LASTS_DEFAULT.as_secs());
        let mut answer = b"{\"token\":".to_vec();
        json::write_text(token, &mut answer);
        answer.extend_from_slice(format!(",\"lasts\":{lasts}}}").as_bytes());
        Verdict::all(1, Outcome::Delivered(Some(answer)))
    }

    fn failure(&self, code: &'static spanwright_shape::text::Code, status: u16, document: Option<&Value<'_>>) -> Failure {
        let said = document.and_then(excerpt::of_document).map(|said| format!(": {said}")).unwrap_or_default();
        Failure::new(code, format!("the token endpoint of {} answered {}{said}", self.system, status::words(status)))
    }

    fn later(&self, why: Failure, after: Option<Duration>) -> Verdict {
        Verdict::all(1, Outcome::Later { why, after, blame: Blame::System })
    }
}

impl System for TokenEndpoint {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, _operation: usize, _calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        self.request(with).map(Request::Http).map_err(Refusal::System)
    }

    /// A token, whatever is asked: who tests a flow cares for its messages.
    fn pretend(&self, _operation: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
        let token = [
            ("access_token", Value::Text("a-token")),
            ("token_type", Value::Text("Bearer")),
            ("expires_in", Value::Number(Number::int(3600))),
        ];
        match pretended {
            Pretended::Gives(Value::Null) => Ok(said_json(&Value::Record(&token))),
            Pretended::Gives(value) => Ok(said_json(value)),
            Pretended::Fault { .. } => Err("a sign-in has no faults by name; give `status:` and `body:`".to_string()),
        }
    }

    fn hear(&self, _operation: usize, _calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, _answers: Answers<'_>) -> Verdict {
        match heard {
            Heard::Http { status, headers, body } => {
                let pause = answer::header(headers, "retry-after").and_then(|value| retry_after::read(value, with.now));
                match answer::read_body(body, REFUSAL_BYTES_MOST) {
                    Ok(bytes) => self.answered(status, &bytes, pause),
                    Err(fault) => {
                        let says = format!("the answer of the token endpoint of {} {}", self.system, fault.words());
                        self.later(Failure::new(&codes::CUT, says), pause)
                    }
                }
            }
            Heard::Files(_) | Heard::Queue(_) => self.later(Failure::new(&codes::NOT_REACHED, NO_HTTP), None),
            // To ask for a token twice does no harm, so it does not matter whether the first time was read.
            Heard::Broken { reached: Reached::No | Reached::Maybe, why } => {
                let says = format!("the token endpoint of {} was not reached: {}", self.system, excerpt::bounded(&why));
                self.later(Failure::new(&codes::NOT_REACHED, says), None)
            }
        }
    }
}

/// Seconds as a number, or as a text, as some endpoints write them.
fn seconds(value: Value<'_>) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_i64().and_then(|seconds| u64::try_from(seconds).ok()),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Record(_) => None,
    }
}
