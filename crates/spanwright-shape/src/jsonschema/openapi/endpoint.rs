//! One operation: a method on a path.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Answer, Body, Parameter, Place, Schemas, Unusable, body, codes, keyword, meant, parameter};
use crate::{
    shape::{Shape, TextFacets},
    text::{Node, Scalar, Span},
};

/// The methods of a path item, as OpenAPI and HTTP spell them.
const METHODS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("patch", "PATCH"),
    ("trace", "TRACE"),
];
/// Characters of a summary that are kept.
const ABOUT_CHARS_MOST: usize = 300;

/// One operation of a document.
#[derive(Debug)]
pub struct Endpoint {
    /// Its `operationId`; without one it can only be named by hand.
    pub id: Option<Arc<str>>,
    /// Where it stands.
    pub at: Span,
    /// Its summary, or the first line of its description.
    pub about: Option<Arc<str>>,
    /// `GET`, `POST`, ...
    pub method: &'static str,
    /// `/contacts/{id}`
    pub path: Arc<str>,
    /// What it can be given beside the body.
    pub parameters: Vec<Parameter>,
    /// Its request body, where it has one.
    pub body: Option<Body>,
    /// What it answers, by status, in document order.
    pub answers: Vec<Answer>,
    /// Why it cannot be used, where it cannot.
    pub unusable: Option<Unusable>,
}

pub(super) fn endpoints<'d>(document: &'d Node, schemas: &mut Schemas<'d, '_>) -> Vec<Endpoint> {
    let (mut endpoints, mut ids, mut told) = (Vec::new(), HashMap::new(), HashSet::new());
    for (path, item) in keyword::map(document, "paths", schemas.to) {
        let Some(item) = meant(item, schemas) else { continue };
        for (key, method) in METHODS {
            let Some(operation) = item.get(key) else { continue };
            let mut endpoint = endpoint(path, method, operation, item, schemas);
            agree(path, &mut endpoint.parameters, &mut told, schemas);
            once(&endpoint, &mut ids, schemas);
            endpoints.push(endpoint);
        }
    }
    endpoints
}

fn once(endpoint: &Endpoint, ids: &mut HashMap<Arc<str>, Span>, schemas: &mut Schemas<'_, '_>) {
    let Some(id) = &endpoint.id else { return };
    if ids.insert(id.clone(), endpoint.at).is_some() {
        let says = format!("a second operation is called `{id}`; the first one counts");
        schemas.to.warning(
            &codes::OPERATION_ID,
            endpoint.at,
            says,
            "declare it by hand under `operations:` with a name of its own".to_string(),
        );
    }
}

fn endpoint<'d>(path: &Scalar, method: &'static str, operation: &'d Node, item: &'d Node, schemas: &mut Schemas<'d, '_>) -> Endpoint {
    let id = operation.get("operationId").and_then(Node::scalar);
    let mut unusable = None;
    let parameters = parameter::parameters(operation, item, schemas, &mut unusable);
    let body = body::request(operation, schemas, &mut unusable);
    let answers = body::answers(operation, schemas);
    Endpoint {
        id: id.map(|id| id.text.as_str().into()),
        at: id.map_or(path.span, |id| id.span),
        about: about(operation),
        method,
        path: path.text.as_str().into(),
        parameters,
        body,
        answers,
        unusable,
    }
}

/// Every `{name}` of the path has a parameter, and every path parameter a place in it; what is amiss is told once a path.
fn agree(path: &Scalar, parameters: &mut Vec<Parameter>, told: &mut HashSet<String>, schemas: &mut Schemas<'_, '_>) {
    let mut tell = |says: String| {
        if told.insert(format!("{} {says}", path.text)) {
            schemas.to.warning(&codes::PATH, path.span, says, None);
        }
    };
    let names: Vec<&str> = placeholders(&path.text).collect();
    for lost in parameters.iter().filter(|parameter| parameter.place == Place::Path && !names.contains(&&*parameter.name)) {
        tell(format!("`{}` has no place in the path `{}`", lost.name, path.text));
    }
    parameters.retain(|parameter| parameter.place != Place::Path || names.contains(&&*parameter.name));
    let known = |name: &str| parameters.iter().any(|parameter| parameter.place == Place::Path && &*parameter.name == name);
    let missing: Vec<&str> = names.into_iter().filter(|name| !known(name)).collect();
    for name in missing {
        tell(format!("`{{{name}}}` has no parameter; it is taken as a required text"));
        let shape = schemas.shapes.add(Shape::Text(TextFacets::default()));
        parameters.push(Parameter { name: name.into(), place: Place::Path, required: true, explode: false, shape, about: None });
    }
}

/// The names in the braces of a path.
pub(super) fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

fn about(operation: &Node) -> Option<Arc<str>> {
    let said =
        |key: &str| Some(operation.get(key)?.scalar()?.text.trim().lines().next()?.chars().take(ABOUT_CHARS_MOST).collect::<String>());
    said("summary").or_else(|| said("description")).map(Arc::from)
}
