//! One operation, ready to be asked: nothing in it is looked up in a document any more.

use std::sync::Arc;

use spanwright_core::interface::Repeat;
use spanwright_shape::{
    jsonschema::openapi::{Parameter, Place},
    shape::ShapeId,
};

use crate::{bulk::BulkAnswers, http::outcomes::Outcomes};

/// How an operation is asked and what its answers mean.
#[derive(Debug)]
pub(super) struct RestOperation {
    /// `crm.upsertContacts`, for messages.
    pub(super) name: Arc<str>,
    pub(super) method: &'static str,
    /// In order: what stands between the braces is a parameter.
    pub(super) path: Vec<PathPart>,
    /// Without the one that carries the idempotency key.
    pub(super) parameters: Vec<Parameter>,
    /// Made by hand: every other field of `with:` is a query parameter.
    pub(super) open_query: bool,
    /// Where the idempotency key goes.
    pub(super) key: Option<(Place, Arc<str>)>,
    pub(super) body: Option<RestBody>,
    pub(super) promise: Promise,
    pub(super) outcomes: Outcomes,
    pub(super) repeat: Repeat,
    pub(super) bulk: Option<BulkPlan>,
}

impl RestOperation {
    /// Whether it belongs to one record: then a 404 or 410 speaks of that, not of the endpoint.
    pub(super) fn is_about_one(&self) -> bool {
        self.path.iter().any(|part| matches!(part, PathPart::Parameter(_)))
    }
}

/// A piece of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PathPart {
    Text(Arc<str>),
    Parameter(Arc<str>),
}

/// How a body is sent.
#[derive(Debug)]
pub(super) struct RestBody {
    /// What each call's body must be: of a bulk operation one item. `None`: the document says nothing of it.
    pub(super) shape: Option<ShapeId>,
    pub(super) content_type: Arc<str>,
    pub(super) required: bool,
}

/// What the document promises of the answer to a call that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Always JSON.
    Json,
    /// JSON or nothing at all.
    JsonOrNothing,
    /// Nothing that we read.
    Nothing,
}

/// How many items go into one request, and how each finds its answer.
#[derive(Debug)]
pub(super) struct BulkPlan {
    /// Before the first item: `[` or `{"contacts":[`.
    pub(super) before: Arc<str>,
    /// Behind the last: `]` or `]}`.
    pub(super) behind: Arc<str>,
    pub(super) answers: BulkAnswers,
}
