//! A SOAP system, proven: its operations in the order of its interface.

use std::sync::Arc;

use spanwright_core::{
    connector::{Answers, Call, Heard, Pretended, Refusal, Request, Said, Show, System, Verdict, With},
    interface::Interface,
    settings::{Auth, Template},
};
use spanwright_shape::{
    wsdl::Version,
    xsd::{ElementId, Graph},
};

use crate::{auth::TokenEndpoint, http::outcomes::Outcomes};

use super::{bulk::SoapBulk, class::Rules, pretend, request, verdict};

/// What `soap:` systems are made of.
#[derive(Debug)]
pub(super) struct SoapSystem {
    /// Its name.
    pub(super) name: Arc<str>,
    pub(super) url: Template,
    pub(super) auth: Auth,
    /// The header that carries the correlation id.
    pub(super) correlation: Arc<str>,
    pub(super) version: Version,
    pub(super) graph: Graph,
    pub(super) operations: Vec<SoapOperation>,
    pub(super) interface: Interface,
    /// What its faults mean, as packs say.
    pub(super) rules: Rules,
    pub(super) sign_in: Option<TokenEndpoint>,
}

/// What the envelope of one operation needs, beside what the interface says of it.
#[derive(Debug)]
pub(super) struct SoapOperation {
    /// The `soapAction`.
    pub(super) action: Arc<str>,
    /// The element in the request's Body.
    pub(super) input: Option<ElementId>,
    /// The element in the answer's Body.
    pub(super) output: Option<ElementId>,
    /// Header blocks of the request: the parameter that carries each.
    pub(super) headers: Vec<(Arc<str>, ElementId)>,
    /// Header blocks of the answer.
    pub(super) output_headers: Vec<ElementId>,
    /// Declared faults: the name in the description, and the element in the detail.
    pub(super) faults: Vec<(Arc<str>, ElementId)>,
    /// The field that carries the idempotency key; of a bulk operation that of the whole request.
    pub(super) key: Option<Arc<str>>,
    /// What the user says that an answer means, by status, declared fault or word of an item.
    pub(super) outcomes: Outcomes,
    /// Whether one request carries many items.
    pub(super) bulk: Option<SoapBulk>,
}

impl System for SoapSystem {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        request::request(self, operation, calls, with).map(Request::Http)
    }

    fn hear(&self, operation: usize, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, answers: Answers<'_>) -> Verdict {
        verdict::verdict(self, operation, calls, heard, with, answers)
    }

    fn reads_pieces(&self) -> bool {
        true
    }

    fn hear_pieces(&self, operation: usize, call: Call<'_>, heard: Heard<'_>, with: &With<'_>, list: &[&str], show: Show<'_>) -> Verdict {
        verdict::in_pieces(self, operation, call, heard, with, list, show)
    }

    fn pretend(&self, operation: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
        pretend::pretend(self, operation, pretended)
    }

    fn sign_in(&self) -> Option<&dyn System> {
        self.sign_in.as_ref().map(|endpoint| endpoint as &dyn System)
    }
}
