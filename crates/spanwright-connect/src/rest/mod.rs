//! `rest:` JSON over HTTP, described by OpenAPI or by hand.
//!
//! `compile` turns the document and `operations:` into one `RestOperation` each, in which nothing is left to be looked
//! up; `ask` and `hear` only follow it. A request body is spliced from the bytes that the map wrote, which are read only
//! to see that the document allows them. What is promised: one exchange, no redirect followed, no secret kept; of every
//! call one outcome, and where nobody can know, `unknown`.

use std::sync::Arc;

use spanwright_core::{
    connector::{Answers, Call, Connector, Heard, Pretended, Refusal, Request, Said, System, Verdict, With},
    door::{Door, DoorSettings},
    interface::Interface,
    settings::{Auth, SystemSettings, Template},
};
use spanwright_shape::{
    jsonschema::openapi::{self, Document},
    text::{Bundle, Code, Problems, yaml},
};

use crate::{
    auth::{TokenEndpoint, around, signature},
    codes,
    http::answer::said_json,
};

mod ask;
mod bulk;
mod by_hand;
mod compile;
mod hear;
mod operation;
mod parameters;
pub(crate) mod serve;

pub(crate) use hear::keep;
use operation::RestOperation;

/// The kind of system behind `rest:`.
#[derive(Debug)]
pub struct Rest;

impl Connector for Rest {
    fn key(&self) -> &'static str {
        "rest"
    }

    fn about(&self) -> &'static str {
        "A system with a JSON interface over HTTP, described by a pinned OpenAPI document (3.0 or 3.1). Operations are \
         named by their `operationId`; others can be declared by hand under `operations:`. The document's `servers` are \
         not read: `url:` says where the system is."
    }

    fn codes(&self) -> Vec<&'static Code> {
        codes::ALL.to_vec()
    }

    fn door(&self, settings: &DoorSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn Door>> {
        serve::door(settings, bundle, to)
    }

    fn system(&self, settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        let document = match settings.schema {
            Some(file) => openapi::read(&yaml::read(bundle, file, to)?, to)?,
            None => Document::default(),
        };
        if let Auth::Wsse(wsse) = settings.auth.in_message() {
            let help = "write `basic`, `bearer`, `api_key` or `oauth2`".to_string();
            to.error(&codes::OTHER_SIGN_IN, wsse.at, "a WS-Security token stands in a SOAP envelope, and this system has none", help);
        }
        let Some(url) = settings.url.clone() else {
            let help = "write it beside `rest:`, for instance `url: \"${CRM_URL}\"`";
            to.error(&codes::URL, settings.at, format!("the system `{}` has no `url:`", settings.name), help.to_string());
            return None;
        };
        check_signing(settings, to);
        let (interface, operations) = compile::compile(settings, document, to);
        let built = Arc::new(RestSystem {
            url,
            auth: settings.auth.clone(),
            token: TokenEndpoint::of(&settings.auth, &settings.name),
            correlation: settings.correlation.clone(),
            operations,
            interface,
        });
        around(self, Some(built), settings, bundle, to)
    }
}

fn check_signing(settings: &SystemSettings, to: &mut Problems) {
    if let Auth::Hmac(signing) = settings.auth.in_message() {
        signature::check(signing, to);
    }
}

/// A system without a document: what can be asked of it is declared by hand, or it only pushes to us.
pub(crate) fn without_schema(settings: &SystemSettings, to: &mut Problems) -> Option<Arc<dyn System>> {
    if settings.url.is_none() && !settings.operations.is_empty() {
        let help = "write it beside `http:`, for instance `url: \"${SHOP_URL}\"`";
        to.error(&codes::URL, settings.at, format!("the system `{}` has no `url:`", settings.name), help.to_string());
        return None;
    }
    check_signing(settings, to);
    let (interface, operations) = compile::compile(settings, Document::default(), to);
    Some(Arc::new(RestSystem {
        url: settings.url.clone().unwrap_or_default(),
        auth: settings.auth.clone(),
        token: TokenEndpoint::of(&settings.auth, &settings.name),
        correlation: settings.correlation.clone(),
        operations,
        interface,
    }))
}

/// One REST system, proved.
#[derive(Debug)]
struct RestSystem {
    url: Template,
    auth: Auth,
    token: Option<TokenEndpoint>,
    /// The header that carries the correlation id.
    correlation: Arc<str>,
    /// By the same number as in the interface.
    operations: Vec<RestOperation>,
    interface: Interface,
}

impl System for RestSystem {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        ask::ask(self, &self.operations[operation], calls, with).map(Request::Http)
    }

    fn hear(&self, operation: usize, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, answers: Answers<'_>) -> Verdict {
        hear::hear(self, &self.operations[operation], calls, heard, with, answers)
    }

    fn pretend(&self, _operation: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
        match pretended {
            Pretended::Gives(value) => Ok(said_json(value)),
            Pretended::Fault { .. } => Err("a REST system has no faults by name; give `status:` and `body:`".to_string()),
        }
    }

    fn sign_in(&self) -> Option<&dyn System> {
        self.token.as_ref().map(|token| token as &dyn System)
    }
}

#[cfg(test)]
mod tests;
