//! From the document and `operations:` to operations that can be asked, and to the interface that everybody sees.

use std::sync::Arc;

use spanwright_core::{
    connector::SECRET_HEADERS,
    interface::{Bulk, BulkKey, Interface, Operation, Repeat, TypeShapes},
    settings::{Auth, OperationSettings, SystemSettings},
};
use spanwright_shape::{
    jsonschema::openapi::{Document, Endpoint, Parameter, Place},
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    text::{Problems, Scalar, did_you_mean},
};

use super::{
    bulk::{self, Context},
    by_hand,
    operation::{PathPart, Promise, RestBody, RestOperation},
};
use crate::{auth::signature, codes, http::outcomes::Outcomes};

/// Headers that carry an idempotency key wherever a document declares them, in lower case.
const KEY_HEADERS: [&str; 2] = ["idempotency-key", "x-idempotency-key"];

/// Conditions, as a flow names them.
const CONDITIONS: [(&str, &str); 4] = [
    ("If-Match", "Only where the record is in this state: an `etag`, as `$answers.NAME.headers.etag` has it."),
    ("If-None-Match", "Only where the record is in another state; with `*`, only where there is none."),
    ("If-Modified-Since", "Only where the record was changed since then."),
    ("If-Unmodified-Since", "Only where the record was not changed since then: the `last-modified` of its answer."),
];
/// Headers that are written when the bytes go.
const OF_THE_WIRE: [&str; 10] = [
    "host",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "accept",
    "accept-encoding",
    "expect",
    "traceparent",
];

/// One operation on its way: a name, an endpoint, and what the settings say of it.
struct Chosen<'s> {
    name: Arc<str>,
    endpoint: Endpoint,
    settings: Option<&'s OperationSettings>,
    /// The document knows nothing of it: what is not in the path goes into the query.
    open: bool,
}

/// Compiles every operation that can be used; what cannot is said where the settings speak of it.
pub(super) fn compile(settings: &SystemSettings, mut document: Document, to: &mut Problems) -> (Interface, Vec<RestOperation>) {
    let endpoints = std::mem::take(&mut document.endpoints);
    known(settings, &endpoints, to);
    let hand_made = by_hand(settings, &endpoints, &mut document, to);
    let chosen = described(settings, endpoints).into_iter().chain(hand_made);
    let names_events = names_events(settings);
    let mut compiler = Compiler { system: &settings.name, names_events, shapes: document.shapes, to };
    let (seen, operations) = chosen.map(|chosen| compiler.operation(chosen)).unzip();
    let types = document.types.iter().map(|(name, given, taken)| (name.to_string(), TypeShapes { given: *given, taken: *taken }));
    (Interface { types: types.collect(), shapes: Arc::new(compiler.shapes), operations: seen }, operations)
}

/// The operations of the document, each name once.
fn described(settings: &SystemSettings, endpoints: Vec<Endpoint>) -> Vec<Chosen<'_>> {
    let mut chosen: Vec<Chosen<'_>> = Vec::new();
    for endpoint in endpoints {
        let Some(name) = endpoint.id.clone().filter(|_| endpoint.unusable.is_none()) else { continue };
        if !chosen.iter().any(|other| other.name == name) {
            let settings = settings.operations.iter().find(|operation| operation.name.text == *name && operation.by_hand.is_none());
            chosen.push(Chosen { name, endpoint, settings, open: false });
        }
    }
    chosen
}

/// The operations that the settings declare by method and path; where the document describes those, it counts.
fn by_hand<'s>(settings: &'s SystemSettings, endpoints: &[Endpoint], document: &mut Document, to: &mut Problems) -> Vec<Chosen<'s>> {
    let mut chosen = Vec::new();
    for operation in &settings.operations {
        let Some((method, path)) = &operation.by_hand else { continue };
        if by_hand::checked_parts(path, to).is_none() {
            continue;
        }
        let described = endpoints.iter().find(|endpoint| endpoint.method == *method && *endpoint.path == *path.text);
        let endpoint = described.map_or_else(|| by_hand::endpoint(method, path, document), copy);
        chosen.push(Chosen { name: operation.name.text.as_str().into(), endpoint, settings: Some(operation), open: described.is_none() });
    }
    chosen
}

/// Each name under `operations:` means one operation.
fn known(settings: &SystemSettings, endpoints: &[Endpoint], to: &mut Problems) {
    for operation in &settings.operations {
        let name = &operation.name.text;
        let endpoint = endpoints.iter().find(|endpoint| endpoint.id.as_deref() == Some(name));
        match (endpoint, &operation.by_hand) {
            (Some(_), Some(_)) => {
                let help = "give the one made by hand a name of its own";
                to.error(
                    &codes::AMBIGUOUS,
                    operation.name.span,
                    format!("the document has an operation `{name}` already"),
                    help.to_string(),
                );
            }
            (None, None) => {
                let names = endpoints.iter().filter_map(|endpoint| endpoint.id.as_deref());
                let help = did_you_mean(name, names).unwrap_or_else(|| format!("make it by hand: `{name}: {{ get: /path }}`"));
                to.error(&codes::OPERATION, operation.name.span, format!("the document has no operation `{name}`"), help);
            }
            (Some(Endpoint { unusable: Some(unusable), .. }), None) => {
                let says = format!("`{name}` cannot be used: {} ({})", unusable.says, unusable.code.id);
                to.error(&codes::UNUSABLE, operation.name.span, says, None);
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
    }
}

/// The same endpoint under another name.
fn copy(endpoint: &Endpoint) -> Endpoint {
    Endpoint {
        id: None,
        at: endpoint.at,
        about: endpoint.about.clone(),
        method: endpoint.method,
        path: endpoint.path.clone(),
        parameters: endpoint.parameters.clone(),
        body: endpoint.body.clone(),
        answers: endpoint.answers.clone(),
        unusable: endpoint.unusable.clone(),
    }
}

/// Whether each request carries the id of its event beside its signature, as a Standard Webhook does: who receives it twice
/// knows it again.
fn names_events(settings: &SystemSettings) -> bool {
    let Auth::Hmac(signing) = settings.auth.in_message() else { return false };
    signature::check(signing, &mut Problems::new()).is_some_and(|scheme| !scheme.id_headers.is_empty())
}

struct Compiler<'c> {
    system: &'c Arc<str>,
    names_events: bool,
    shapes: Shapes,
    to: &'c mut Problems,
}

impl Compiler<'_> {
    fn operation(&mut self, chosen: Chosen<'_>) -> (Operation, RestOperation) {
        let Chosen { name, mut endpoint, settings, open } = chosen;
        let key = self.key(&mut endpoint, settings, open);
        self.headers(&mut endpoint, settings);
        let outcomes = settings.map(|settings| Outcomes::read(settings, self.to)).unwrap_or_default();
        let repeat = repeat(endpoint.method, settings.and_then(|settings| settings.safe), key.is_some() || self.names_events);
        let gives = self.gives(&endpoint, &outcomes);
        let bulk_settings = settings.and_then(|settings| settings.bulk.as_ref());
        let (bulk, item) = bulk_settings.map_or((None, None), |bulk| {
            let context = Context { operation: &name, body: endpoint.body.as_ref().map(|body| body.shape), gives, outcomes: &outcomes };
            bulk::compile(bulk, &context, &mut self.shapes, self.to)
        });
        let bulk_key = if key.is_some() { BulkKey::PerRequest } else { BulkKey::PerItem };
        let seen = Operation {
            name: name.clone(),
            about: endpoint.about.clone(),
            wire: format!("{} {}", endpoint.method, endpoint.path).into(),
            with: self.with(&endpoint, open),
            fields: None,
            body: item.or(endpoint.body.as_ref().map(|body| body.shape)),
            gives,
            refuses: refuses(&endpoint),
            repeat,
            bulk: bulk_settings.map(|bulk| Bulk { most: bulk.most, bytes: bulk.bytes, key: bulk_key }),
        };
        let made = RestOperation {
            name: format!("{}.{name}", self.system).into(),
            method: endpoint.method,
            path: by_hand::parts(&endpoint.path).unwrap_or_else(|| vec![PathPart::Text(endpoint.path.clone())]),
            promise: promise(&endpoint),
            parameters: endpoint.parameters,
            open_query: open,
            key,
            body: endpoint.body.map(|body| RestBody {
                shape: self.checkable(seen.body),
                content_type: body.content_type,
                required: body.required,
            }),
            outcomes,
            repeat,
            bulk,
        };
        (seen, made)
    }

    /// The shape to check bodies against, where it says anything.
    fn checkable(&self, body: Option<ShapeId>) -> Option<ShapeId> {
        body.filter(|id| !matches!(self.shapes.get(*id), Shape::Any))
    }

    /// The parameter that carries the idempotency key, taken out of what a flow can give.
    fn key(&mut self, endpoint: &mut Endpoint, settings: Option<&OperationSettings>, open: bool) -> Option<(Place, Arc<str>)> {
        let wanted = settings.and_then(|settings| settings.key.as_ref());
        let is_key = |name: &str| match wanted {
            Some(wanted) => name.eq_ignore_ascii_case(&wanted.text),
            None => KEY_HEADERS.contains(&name.to_ascii_lowercase().as_str()),
        };
        let found = endpoint.parameters.iter().position(|parameter| {
            is_key(&parameter.name) && (parameter.place == Place::Header || wanted.is_some() && parameter.place == Place::Query)
        });
        match (found, wanted) {
            (Some(place), _) => {
                let parameter = endpoint.parameters.remove(place);
                Some((parameter.place, parameter.name))
            }
            // An operation made by hand says itself what the system honours.
            (None, Some(wanted)) if open => Some((Place::Header, wanted.text.as_str().into())),
            (None, Some(wanted)) => {
                self.no_key(wanted, endpoint);
                None
            }
            (None, None) => None,
        }
    }

    /// Parameters that are headers, though no document says so: those that the settings name, and conditions (RFC 9110, section 13.1).
    fn headers(&mut self, endpoint: &mut Endpoint, settings: Option<&OperationSettings>) {
        let text = self.shapes.add(Shape::Text(TextFacets::default()));
        let header = |name: &str, shape, about: &str| Parameter {
            name: name.into(),
            place: Place::Header,
            required: false,
            explode: false,
            shape,
            about: (!about.is_empty()).then(|| about.into()),
        };
        for name in settings.iter().flat_map(|settings| &settings.headers) {
            let lower = name.text.to_ascii_lowercase();
            if SECRET_HEADERS.contains(&&*lower) || OF_THE_WIRE.contains(&&*lower) || !is_token(&lower) {
                let help = "name a header of your own, as `X-Tenant`; what shows who we are is `auth:`".to_string();
                self.to.error(&codes::HEADER, name.span, format!("`{}` is no header that a flow gives", name.text), help);
                continue;
            }
            endpoint.parameters.push(header(&name.text, self.shapes.add(Shape::Any), ""));
        }
        for (name, about) in CONDITIONS {
            if !endpoint.parameters.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(name)) {
                endpoint.parameters.push(header(name, text, about));
            }
        }
    }

    fn no_key(&mut self, wanted: &Scalar, endpoint: &Endpoint) {
        let names = endpoint.parameters.iter().filter(|parameter| parameter.place != Place::Path).map(|parameter| &*parameter.name);
        let help = did_you_mean(&wanted.text, names);
        self.to.error(&codes::KEY, wanted.span, format!("the operation has no header or query parameter `{}`", wanted.text), help);
    }

    /// The record of its parameters; of reads also the link to a next page.
    fn with(&mut self, endpoint: &Endpoint, open: bool) -> ShapeId {
        let mut record = RecordShape::default();
        for parameter in &endpoint.parameters {
            if record.fields.iter().any(|field| field.name == parameter.name) {
                let says = format!("{} {} has two parameters `{}`; the first one counts", endpoint.method, endpoint.path, parameter.name);
                self.to.warning(&codes::AMBIGUOUS, endpoint.at, says, None);
                continue;
            }
            let presence = if parameter.required { Presence::Always } else { Presence::Maybe };
            record.fields.push(Field { name: parameter.name.clone(), shape: parameter.shape, presence, about: parameter.about.clone() });
        }
        if endpoint.method == "GET" && !record.fields.iter().any(|field| &*field.name == "url") {
            let shape = self.shapes.add(Shape::Text(TextFacets::default()));
            let about = Some("The link to the next page, where `pages: { into: url }` takes it from an answer.".into());
            record.fields.push(Field { name: "url".into(), shape, presence: Presence::Maybe, about });
        }
        if open {
            record.rest = Some(self.shapes.add(Shape::Any));
        }
        self.shapes.add(Shape::Record(record))
    }

    /// What a call that happened answers: any of the declared successes, and null where there may be nothing.
    fn gives(&mut self, endpoint: &Endpoint, outcomes: &Outcomes) -> ShapeId {
        let success: Vec<_> = endpoint.answers.iter().filter(|answer| answer.is_success()).collect();
        let mut shapes: Vec<ShapeId> = Vec::new();
        for shape in success.iter().filter_map(|answer| answer.shape) {
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        let gives = match shapes.as_slice() {
            [] if success.is_empty() => self.shapes.add(Shape::Any),
            [] => self.shapes.add(Shape::Null),
            [one] => *one,
            many => self.shapes.add(Shape::OneOf(many.into())),
        };
        let nothing = success.iter().any(|answer| answer.shape.is_none()) || outcomes.may_be_none();
        if nothing { self.shapes.or_null(gives) } else { gives }
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// What an operation answers where it refuses, by status.
pub(super) fn refuses(endpoint: &Endpoint) -> Vec<(Arc<str>, ShapeId)> {
    let refusals = endpoint.answers.iter().filter(|answer| !answer.is_success());
    refusals.filter_map(|answer| Some((answer.status.clone(), answer.shape?))).collect()
}

fn promise(endpoint: &Endpoint) -> Promise {
    let success: Vec<_> = endpoint.answers.iter().filter(|answer| answer.is_success()).collect();
    let json = success.iter().filter(|answer| answer.shape.is_some()).count();
    match (success.len(), json) {
        (0, _) => Promise::JsonOrNothing,
        (_, 0) => Promise::Nothing,
        (all, json) if all == json => Promise::Json,
        _ => Promise::JsonOrNothing,
    }
}

/// RFC 9110, section 9.2, unless `safe:` says more or a key makes it repeatable.
fn repeat(method: &str, safe: Option<bool>, keyed: bool) -> Repeat {
    match (safe, method) {
        (Some(true), _) | (None, "GET" | "HEAD" | "OPTIONS" | "TRACE") => Repeat::Safe,
        _ if keyed => Repeat::Keyed,
        (_, "PUT" | "DELETE") => Repeat::Idempotent,
        _ => Repeat::Never,
    }
}
