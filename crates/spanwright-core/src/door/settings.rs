//! What a project says of a way in.

use std::sync::Arc;

use spanwright_shape::text::{FileId, Scalar, Span};

use super::Route;
use crate::settings::Template;

/// What a door is made from.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// The flow's, system's or API's name.
    pub name: Arc<str>,
    /// Where it is declared.
    pub at: Span,
    /// What it is.
    pub kind: DoorKind,
}

/// The kinds of ways in.
#[derive(Clone, Debug)]
pub enum DoorKind {
    /// `from: { http: METHOD /path }`
    Endpoint(Route),
    /// `apis/NAME.yaml`
    Api {
        /// The key that names its protocol: `soap`, `rest`.
        protocol: Arc<str>,
        /// The pinned schema.
        schema: Option<FileId>,
        /// Where it is served.
        path: Route,
        /// Operations that it has beside those of its schema.
        operations: Vec<Offered>,
        /// The header of correlation ids, in lower case.
        correlation: Arc<str>,
        /// Callers sign in by a token in the message.
        by_token: bool,
    },
    /// `webhooks:` of a system.
    Webhook(WebhookSettings),
}

/// One entry of `operations:` of an API.
#[derive(Clone, Debug)]
pub struct Offered {
    /// Its name.
    pub name: Scalar,
    /// In upper case.
    pub method: &'static str,
    /// Behind that of the API.
    pub path: Scalar,
}

/// `webhooks: { preset, path, secret, id }`
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where the preset is named.
    pub at: Span,
    /// `stripe`, `github`, ...
    pub preset: Arc<str>,
    /// Where it is served.
    pub path: Route,
    /// The secrets; each is accepted.
    pub secrets: Vec<Template>,
    /// What a preset does not fix: `header`, `algorithm`, ... in the order in which they were written.
    pub options: Vec<(Arc<str>, Template, Span)>,
}
