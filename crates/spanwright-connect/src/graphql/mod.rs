//! `graphql:` queries and mutations over HTTP, each in a file of its own, proved against a pinned schema.
//!
//! GraphQL over HTTP (draft of August 2026): a POST with JSON, and an answer whose `data` and `errors` say more than its
//! status does. `verdict` has what follows from which of them. A mutation of which nobody knows whether it happened is
//! never repeated by itself, unless one of its variables carries our key.

use std::sync::Arc;

use spanwright_core::{
    connector::{Answers, Call, Connector, Heard, HttpRequest, Pretended, Refusal, Request, Said, System, Verdict, With},
    interface::{Interface, Operation, Repeat, TypeShapes},
    settings::{Auth, OperationSettings, OutcomeWord, SystemSettings, Template},
};
use spanwright_shape::{
    graphql::{self, Schema},
    json,
    room::Room,
    shape::{Shape, ShapeId, Shapes, breach},
    text::{Bundle, Code, Failure, Problems, did_you_mean},
    value::Value,
};

use crate::{
    auth::{self, TokenEndpoint, add_header, signature},
    codes,
    http::{answer::said_json, url},
};

#[cfg(test)]
mod tests;
mod verdict;

/// The draft's own media type first; older servers know only JSON.
const ACCEPT: &str = "application/graphql-response+json, application/json;q=0.9";

/// The kind of system behind `graphql:`.
#[derive(Debug)]
pub struct GraphQl;

impl Connector for GraphQl {
    fn key(&self) -> &'static str {
        "graphql"
    }

    fn about(&self) -> &'static str {
        "A system with a GraphQL interface over HTTP. Its schema is pinned as SDL or as the answer to an introspection; \
         each operation is a document in a file of its own: `operations: { changed: { query: schemas/changed.graphql } }`. \
         Variables are its parameters, and what is in `data` is its answer. An answer with `errors` is a failure, also \
         where its status is 200; `outcomes:` may say otherwise by a code of `extensions.code`, and `partial: delivered` \
         takes what came beside the errors."
    }

    fn codes(&self) -> Vec<&'static Code> {
        Vec::new()
    }

    fn system(&self, settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        let schema = Schema::read(bundle, settings.schema?, to)?;
        let Some(url) = settings.url.clone() else {
            let help = "write it beside `graphql:`, for instance `url: \"${SHOP_URL}/graphql\"`";
            to.error(&codes::URL, settings.at, format!("the system `{}` has no `url:`", settings.name), help.to_string());
            return None;
        };
        if let Auth::Wsse(wsse) = settings.auth.in_message() {
            let says = "a WS-Security token stands in a SOAP envelope, and this system has none";
            to.error(&codes::OTHER_SIGN_IN, wsse.at, says, "write `basic`, `bearer`, `api_key` or `oauth2`".to_string());
        }
        if let Auth::Hmac(signing) = settings.auth.in_message() {
            signature::check(signing, to);
        }
        let mut shapes = Shapes::default();
        let made = settings.operations.iter().filter_map(|operation| compile(operation, settings, &schema, bundle, &mut shapes, to));
        let (seen, operations): (Vec<Operation>, Vec<Document>) = made.unzip();
        let types = seen.iter().map(|operation| {
            let both = TypeShapes { given: operation.gives, taken: operation.with };
            (operation.name.to_string(), both)
        });
        let types = types.collect();
        let built = Arc::new(GraphQlSystem {
            url,
            auth: settings.auth.clone(),
            token: TokenEndpoint::of(&settings.auth, &settings.name),
            correlation: settings.correlation.clone(),
            operations,
            interface: Interface { shapes: Arc::new(shapes), types, operations: seen },
        });
        auth::around(self, Some(built), settings, bundle, to)
    }
}

/// One operation, ready to be asked.
#[derive(Debug)]
struct Document {
    /// `shop.changed`
    name: Arc<str>,
    text: String,
    own_name: Option<String>,
    is_mutation: bool,
    /// The variable that carries the idempotency key.
    key: Option<Arc<str>>,
    with: ShapeId,
    repeat: Repeat,
    /// By status, class of statuses, `extensions.code`, or `partial`.
    outcomes: Vec<(Arc<str>, OutcomeWord)>,
}

fn compile(
    settings: &OperationSettings,
    system: &SystemSettings,
    schema: &Schema,
    bundle: &Bundle,
    shapes: &mut Shapes,
    to: &mut Problems,
) -> Option<(Operation, Document)> {
    let Some(file) = settings.document else {
        let name = &settings.name;
        // A file that is not there has been told.
        if !settings.names_document {
            let help = format!("write `{}: {{ query: schemas/{}.graphql }}`, and the document into that file", name.text, name.text);
            to.error(&codes::OPERATION, name.span, format!("the operation `{}` has no `query:`", name.text), help);
        }
        return None;
    };
    if let Some(bulk) = &settings.bulk {
        let says = "a GraphQL operation carries one item; a mutation that takes a list is given the list";
        to.error(&codes::BULK_BODY, bulk.at, says, "leave `bulk` out".to_string());
    }
    let checked = graphql::Operation::check(bundle, file, schema, shapes, to)?;
    let (with, key) = without_key(settings, checked.with, shapes, to);
    let says_nothing = settings.outcomes.iter().all(|(_, word)| *word != OutcomeWord::None);
    let gives = if says_nothing { checked.gives } else { shapes.or_null(checked.gives) };
    let repeat = match (checked.is_mutation, settings.safe, &key) {
        (false, None | Some(true), _) | (true, Some(true), _) => Repeat::Safe,
        (_, _, Some(_)) => Repeat::Keyed,
        (_, _, None) => Repeat::Never,
    };
    let kind = if checked.is_mutation { "mutation" } else { "query" };
    let seen = Operation {
        name: settings.name.text.as_str().into(),
        about: None,
        wire: format!("GraphQL {kind} {}", checked.name.as_deref().unwrap_or(&settings.name.text)).into(),
        with,
        fields: Some(with),
        body: Some(with),
        gives,
        refuses: Vec::new(),
        repeat,
        bulk: None,
    };
    let document = Document {
        name: format!("{}.{}", system.name, settings.name.text).into(),
        text: checked.text,
        own_name: checked.name,
        is_mutation: checked.is_mutation,
        key,
        with,
        repeat,
        outcomes: settings.outcomes.iter().map(|(name, word)| (name.text.as_str().into(), *word)).collect(),
    };
    Some((seen, document))
}

/// The variables that a flow fills; the one that carries the key is ours.
fn without_key(settings: &OperationSettings, with: ShapeId, shapes: &mut Shapes, to: &mut Problems) -> (ShapeId, Option<Arc<str>>) {
    let Some(wanted) = &settings.key else { return (with, None) };
    let Shape::Record(mut record) = shapes.get(with).clone() else { return (with, None) };
    let Some(at) = record.fields.iter().position(|field| *field.name == *wanted.text) else {
        let help = did_you_mean(&wanted.text, record.fields.iter().map(|field| &*field.name));
        to.error(&codes::KEY, wanted.span, format!("the document has no variable `${}`", wanted.text), help);
        return (with, None);
    };
    let key = record.fields.remove(at).name;
    (shapes.add(Shape::Record(record)), Some(key))
}

/// One GraphQL system, proved.
#[derive(Debug)]
struct GraphQlSystem {
    url: Template,
    auth: Auth,
    token: Option<TokenEndpoint>,
    correlation: Arc<str>,
    operations: Vec<Document>,
    interface: Interface,
}

impl System for GraphQlSystem {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        let [call] = calls else {
            return Err(Refusal::Call(0, Failure::new(&codes::PARAMETER, "a GraphQL operation carries one item")));
        };
        let document = &self.operations[operation];
        let variables = self.variables(document, call).map_err(|why| Refusal::Call(0, why))?;
        self.request(document, call, with, &variables).map(Request::Http).map_err(Refusal::System)
    }

    fn hear(&self, operation: usize, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, answers: Answers<'_>) -> Verdict {
        verdict::hear(&self.operations[operation], calls.len(), heard, with, answers)
    }

    fn pretend(&self, _: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
        match pretended {
            Pretended::Gives(data) => Ok(said_json(&Value::Record(&[("data", *data)]))),
            Pretended::Fault { name, reason, .. } => {
                let code = [("code", Value::Text(name))];
                let error = [("message", Value::Text(reason)), ("extensions", Value::Record(&code))];
                let errors = [Value::Record(&error)];
                Ok(said_json(&Value::Record(&[("errors", Value::List(&errors))])))
            }
        }
    }

    fn sign_in(&self) -> Option<&dyn System> {
        self.token.as_ref().map(|token| token as &dyn System)
    }
}

impl GraphQlSystem {
    /// The variables as JSON: the parameters, or the body that a map made of them, and the key.
    fn variables(&self, document: &Document, call: &Call<'_>) -> Result<Vec<u8>, Failure> {
        let room = Room::new();
        let given = match call.body.map(|body| json::read(body, &room)) {
            None => call.with,
            Some(Ok(body)) => body,
            Some(Err(fault)) => {
                return Err(Failure::new(
                    &codes::BODY_NOT_ALLOWED,
                    format!("{}: its variables are no JSON (byte {})", document.name, fault.at),
                ));
            }
        };
        if let Some(wrong) = breach(&self.interface.shapes, document.with, &given) {
            let says = format!("{}: the document does not take these variables: {wrong}", document.name);
            return Err(Failure::new(&codes::BODY_NOT_ALLOWED, says));
        }
        let Value::Record(fields) = given else { return Ok(b"{}".to_vec()) };
        let mut all = fields.to_vec();
        all.extend(document.key.as_deref().map(|name| (name, Value::Text(call.key))));
        let mut bytes = Vec::new();
        json::write(&Value::Record(&all), &mut bytes);
        Ok(bytes)
    }

    fn request(&self, document: &Document, call: &Call<'_>, with: &With<'_>, variables: &[u8]) -> Result<HttpRequest, Failure> {
        let url = auth::fill(&self.url, with)?;
        if url::origin(&url).is_none() || url.contains('#') {
            return Err(Failure::new(&codes::ADDRESS, "the system's `url` is no http:// or https:// address without `#`"));
        }
        let mut body = b"{\"query\":".to_vec();
        json::write_text(&document.text, &mut body);
        if let Some(name) = &document.own_name {
            body.extend_from_slice(b",\"operationName\":");
            json::write_text(name, &mut body);
        }
        body.extend_from_slice(b",\"variables\":");
        body.extend_from_slice(variables);
        body.push(b'}');
        let mut request = HttpRequest { body, ..HttpRequest::new("POST", url) };
        add_header(&mut request, "accept", ACCEPT)?;
        add_header(&mut request, "content-type", "application/json")?;
        add_header(&mut request, &self.correlation, call.correlation)?;
        if !call.trace.is_empty() {
            add_header(&mut request, "traceparent", call.trace)?;
        }
        auth::sign(&self.auth, with, &mut request)?;
        Ok(request)
    }
}
