//! Channels: how people are told through Slack, PagerDuty, or any address that takes JSON.
//!
//! A channel is a [`System`] with one operation whose body is a notice
//! ([`Notice::to_json`](spanwright_core::alert::Notice::to_json)); each kind makes of it what its service wants
//! ([`form`]). So an alert goes over the same wire as a delivery, and is judged like one: what may pass is tried again,
//! and what the channel refuses is a mistake in its settings, which a person must see in the log.

use std::sync::Arc;

use spanwright_core::{
    connector::{Answers, Blame, Call, Connector, Heard, HttpRequest, Outcome, Reached, Refusal, Request, System, Verdict, With},
    interface::{Interface, Repeat},
    settings::{ChannelSettings, SystemSettings, Template},
};
use spanwright_shape::{
    json,
    room::Room,
    text::{Bundle, Code, Failure, Problems, codes as text_codes},
};

mod form;
#[cfg(test)]
mod tests;

use crate::{
    auth::{add_header, fill},
    codes,
    http::{
        NO_HTTP,
        answer::{self, REFUSAL_BYTES_MOST},
        excerpt, retry_after,
        status::{self, Meaning},
        url,
    },
};

/// Where PagerDuty takes events, where nothing else is said.
const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// The kinds of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Slack,
    PagerDuty,
    Http,
}

/// What stands behind `alerts:`.
#[derive(Debug)]
pub struct Channels;

impl Connector for Channels {
    fn key(&self) -> &'static str {
        "alerts"
    }

    fn about(&self) -> &'static str {
        "Who is told that something stands still: Slack, PagerDuty, or any address that takes JSON. See `alerts:` of the project."
    }

    fn codes(&self) -> Vec<&'static Code> {
        vec![&codes::ALERT_REFUSED, &codes::ALERT_NOT_NOW]
    }

    fn system(&self, settings: &SystemSettings, _: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        to.error(&text_codes::NOT_BUILT, settings.at, "a channel of alerts is no system", None);
        None
    }

    fn channel(&self, settings: &ChannelSettings) -> Option<Arc<dyn System>> {
        let kind = match &*settings.kind {
            "slack" => Kind::Slack,
            "pagerduty" => Kind::PagerDuty,
            "http" => Kind::Http,
            _ => return None,
        };
        Some(Arc::new(Channel {
            name: settings.name.clone(),
            kind,
            to: settings.to.clone(),
            url: settings.url.clone(),
            bearer: settings.bearer.clone(),
            interface: Interface::of_one("tell", "Tells people.", "POST"),
        }))
    }
}

/// One channel.
#[derive(Debug)]
struct Channel {
    name: Arc<str>,
    kind: Kind,
    to: Template,
    url: Option<Template>,
    bearer: Option<Template>,
    interface: Interface,
}

impl Channel {
    fn request(&self, notice: &[u8], with: &With<'_>) -> Result<HttpRequest, Failure> {
        let room = Room::new();
        let notice =
            json::read(notice, &room).map_err(|why| Failure::new(&codes::ALERT_REFUSED, format!("the notice is no JSON: {}", why.says)))?;
        let to = fill(&self.to, with)?;
        let (url, body) = match self.kind {
            Kind::Slack => (to, form::slack(&notice)),
            Kind::PagerDuty => {
                let url = self.url.as_ref().map_or_else(|| Ok(PAGERDUTY_URL.to_string()), |url| fill(url, with))?;
                (url, form::pagerduty(&notice, &to))
            }
            Kind::Http => (to, form::plain(&notice)),
        };
        if url::origin(&url).is_none() {
            return Err(Failure::new(
                &codes::ADDRESS,
                format!("the address of the channel `{}` is no http:// or https:// address", self.name),
            ));
        }
        let mut request = HttpRequest { body, ..HttpRequest::new("POST", url) };
        add_header(&mut request, "content-type", "application/json")?;
        if let Some(bearer) = &self.bearer {
            add_header(&mut request, "authorization", format!("Bearer {}", fill(bearer, with)?))?;
        }
        Ok(request)
    }

    fn answered(&self, code: u16, headers: &[(Arc<str>, Vec<u8>)], body: &[u8], with: &With<'_>) -> Outcome {
        let room = Room::new();
        // Slack says one word in plain text, PagerDuty a document.
        let said = match json::read(body, &room) {
            Ok(document) => excerpt::of_document(&document),
            Err(_) => Some(excerpt::bounded(&String::from_utf8_lossy(body))).filter(|text| !text.is_empty() && !text.starts_with('<')),
        };
        let words = format!(
            "the channel `{}` answered {}{}",
            self.name,
            status::words(code),
            said.map(|said| format!(": {said}")).unwrap_or_default()
        );
        // To be told twice does no harm, and not to be told does.
        match status::meaning(code, Repeat::Safe) {
            Meaning::Delivered => Outcome::Delivered(None),
            Meaning::Later | Meaning::LaterThis | Meaning::Unknown => {
                let after = answer::header(headers, "retry-after").and_then(|value| retry_after::read(value, with.now));
                Outcome::Later { why: Failure::new(&codes::ALERT_NOT_NOW, words), after, blame: Blame::System }
            }
            Meaning::Credentials | Meaning::Gone | Meaning::Moved | Meaning::Elsewhere | Meaning::Never => {
                Outcome::Never(Failure::new(&codes::ALERT_REFUSED, words))
            }
        }
    }
}

impl System for Channel {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, _operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        let notice = calls.first().and_then(|call| call.body).unwrap_or(b"{}");
        self.request(notice, with).map(Request::Http).map_err(Refusal::System)
    }

    fn hear(&self, _operation: usize, _calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, _answers: Answers<'_>) -> Verdict {
        let outcome = match heard {
            Heard::Http { status, headers, body } => {
                let body = answer::read_body(body, REFUSAL_BYTES_MOST).unwrap_or_default();
                self.answered(status, headers, &body, with)
            }
            Heard::Files(_) | Heard::Queue(_) => {
                Outcome::Later { why: Failure::new(&codes::ALERT_NOT_NOW, NO_HTTP), after: None, blame: Blame::System }
            }
            Heard::Broken { reached: Reached::No | Reached::Maybe, why } => {
                let says = format!("the channel `{}` was not reached: {}", self.name, excerpt::bounded(&why));
                Outcome::Later { why: Failure::new(&codes::ALERT_NOT_NOW, says), after: None, blame: Blame::System }
            }
        };
        Verdict::all(1, outcome)
    }
}
