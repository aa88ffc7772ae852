//! REST offered to others: `apis/NAME.yaml` with `rest:` and an OpenAPI document, or with `http:` and operations by hand.
//!
//! The document is turned around: what a client would write is what is read here. Method and path say which operation is
//! asked; parameters become what the document says that they are (`$query.limit` is a number), and what it does not allow is
//! refused before it is taken, while the sender can still mend it. Answers are JSON, in the status that the document promises.

use std::sync::Arc;

use spanwright_core::{
    codes as core,
    connector::With,
    door::{
        Asked, Brings, Door, DoorKind, DoorSettings, HttpAnswer, Incoming, METHODS, Pretended, Received, Refused, Reply, Request, Route,
        Said, pretend,
    },
    interface::{Interface, Operation, Repeat, TypeShapes},
};
use spanwright_shape::{
    json,
    jsonschema::openapi::{self, Document, Endpoint, Parameter, Place},
    room::Room,
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets, breach},
    text::{Bundle, Failure, Problems, yaml},
    value::Value,
};

use super::{by_hand, compile::refuses};
use crate::{
    codes,
    endpoint::{answer, beside, body, key},
    http::excerpt,
};

/// An API that speaks JSON over HTTP.
pub(crate) struct RestDoor {
    /// One an operation, by the same number; those without parameters first, for a request fits the most certain.
    routes: Vec<Route>,
    interface: Interface,
    operations: Vec<Served>,
    correlation: Arc<str>,
}

/// One operation, from the inside.
struct Served {
    /// Of path, query and headers.
    parameters: Vec<Parameter>,
    body: Takes,
    /// The status of an answer that went well.
    status: Option<u16>,
    beside: [(&'static str, ShapeId); 3],
}

/// What of a body is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// Whatever its `content-type` says.
    Anything,
    /// JSON of this shape; whether it must be there.
    Described(ShapeId, bool),
}

/// Reads the document and proves the settings. `None`: the problems say why.
pub(crate) fn door(settings: &DoorSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn Door>> {
    let DoorKind::Api { protocol, schema, path, operations, correlation, .. } = &settings.kind else { return None };
    let mut document = match schema {
        Some(file) => openapi::read(&yaml::read(bundle, *file, to)?, to)?,
        None if &**protocol == "rest" => return None,
        None => Document::default(),
    };
    let described = std::mem::take(&mut document.endpoints);
    let mut offered: Vec<(Arc<str>, Endpoint, bool)> = Vec::new();
    for operation in operations {
        if described.iter().any(|endpoint| endpoint.id.as_deref() == Some(&*operation.name.text)) {
            let says = format!("the document has an operation `{}` already", operation.name.text);
            to.error(&codes::AMBIGUOUS, operation.name.span, says, "give the one made by hand a name of its own".to_string());
        } else if by_hand::checked_parts(&operation.path, to).is_some() {
            let endpoint = by_hand::endpoint(operation.method, &operation.path, &mut document);
            offered.push((operation.name.text.as_str().into(), endpoint, true));
        }
    }
    for endpoint in described.into_iter().filter(|endpoint| METHODS.contains(&endpoint.method)) {
        let Some(name) = endpoint.id.clone() else {
            let says = format!("{} {} has no `operationId`, so no flow can serve it", endpoint.method, endpoint.path);
            to.warning(&codes::UNUSABLE, endpoint.at, says, "give it one".to_string());
            continue;
        };
        if let Some(unusable) = &endpoint.unusable {
            let says = format!("`{name}` cannot be served: {} ({})", unusable.says, unusable.code.id);
            to.warning(&codes::UNUSABLE, unusable.at, says, None);
        } else if !offered.iter().any(|(other, ..)| *other == name) {
            offered.push((name, endpoint, false));
        }
    }
    offered.sort_by_key(|(_, endpoint, _)| endpoint.path.matches('{').count());
    if offered.is_empty() {
        let help = "name one: `operations: { place: { post: /orders } }`".to_string();
        to.error(&codes::OPERATION, settings.at, format!("`{}` has no operation that can be served", settings.name), help);
        return None;
    }
    let types = document.types.iter().map(|(name, given, taken)| (name.to_string(), TypeShapes { given: *given, taken: *taken })).collect();
    let mut turning = Turning { prefix: path, shapes: document.shapes, to };
    let mut built =
        RestDoor { routes: Vec::new(), interface: Interface::default(), operations: Vec::new(), correlation: correlation.clone() };
    for (name, endpoint, by_hand) in offered {
        let Some((route, seen, served)) = turning.operation(&name, endpoint, by_hand) else { continue };
        built.routes.push(route);
        built.interface.operations.push(seen);
        built.operations.push(served);
    }
    (built.interface.shapes, built.interface.types) = (Arc::new(turning.shapes), types);
    Some(Arc::new(built))
}

/// From what a client writes to what we read.
struct Turning<'t> {
    prefix: &'t Route,
    shapes: Shapes,
    to: &'t mut Problems,
}

impl Turning<'_> {
    fn operation(&mut self, name: &Arc<str>, endpoint: Endpoint, by_hand: bool) -> Option<(Route, Operation, Served)> {
        let prefix = self.prefix.to_string();
        let written = format!("{} {}{}", endpoint.method, prefix.trim_end_matches('/'), endpoint.path);
        let route = match Route::parse(&written) {
            Ok(route) => route,
            Err(why) => {
                self.to.error(&codes::UNUSABLE, endpoint.at, format!("`{name}` cannot be served at `{written}`: {why}"), None);
                return None;
            }
        };
        let beside = [
            ("headers", self.texts(&[])),
            ("query", self.texts(&of(&endpoint, Place::Query))),
            ("path", self.record(&of(&endpoint, Place::Path))),
        ];
        let body = match &endpoint.body {
            _ if by_hand && endpoint.method != "GET" => Takes::Anything,
            None => Takes::Nothing,
            Some(body) => Takes::Described(body.shape, body.required),
        };
        let seen = Operation {
            name: name.clone(),
            about: endpoint.about.clone(),
            wire: written.into(),
            with: beside[2].1,
            fields: None,
            body: match body {
                Takes::Nothing => None,
                Takes::Anything => Some(self.shapes.add(Shape::Any)),
                Takes::Described(shape, true) => Some(shape),
                Takes::Described(shape, false) => Some(self.shapes.or_null(shape)),
            },
            gives: self.gives(&endpoint),
            refuses: refuses(&endpoint),
            repeat: if endpoint.method == "GET" { Repeat::Safe } else { Repeat::Never },
            bulk: None,
        };
        let status = endpoint.answers.iter().filter(|answer| answer.is_success()).find_map(|answer| answer.status.parse().ok());
        Some((route, seen, Served { parameters: endpoint.parameters, body, status, beside }))
    }

    /// What may be replied: any of the declared successes, anything where none is declared.
    fn gives(&mut self, endpoint: &Endpoint) -> ShapeId {
        let success: Vec<_> = endpoint.answers.iter().filter(|answer| answer.is_success()).collect();
        let shapes: Vec<ShapeId> = success.iter().filter_map(|answer| answer.shape).collect();
        let gives = match shapes.as_slice() {
            [] if success.iter().all(|answer| answer.other_content) => self.shapes.add(Shape::Any),
            [] => self.shapes.add(Shape::Null),
            [one] => *one,
            many => self.shapes.add(Shape::OneOf(many.into())),
        };
        if success.iter().any(|answer| answer.shape.is_none()) { self.shapes.or_null(gives) } else { gives }
    }

    fn record(&mut self, parameters: &[&Parameter]) -> ShapeId {
        self.shapes.add(Shape::Record(RecordShape { fields: fields(parameters), ..RecordShape::default() }))
    }

    /// The same, and texts under any other name.
    fn texts(&mut self, parameters: &[&Parameter]) -> ShapeId {
        let text = self.shapes.add(Shape::Text(TextFacets::default()));
        self.shapes.add(Shape::Record(RecordShape { fields: fields(parameters), rest: Some(text), ..RecordShape::default() }))
    }
}

fn of(endpoint: &Endpoint, place: Place) -> Vec<&Parameter> {
    endpoint.parameters.iter().filter(|parameter| parameter.place == place).collect()
}

fn fields(parameters: &[&Parameter]) -> Vec<Field> {
    let field = |parameter: &&Parameter| Field {
        name: parameter.name.clone(),
        shape: parameter.shape,
        presence: if parameter.required { Presence::Always } else { Presence::Maybe },
        about: parameter.about.clone(),
    };
    parameters.iter().map(field).collect()
}

impl Door for RestDoor {
    fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn beside(&self, operation: usize) -> Vec<(&str, ShapeId)> {
        self.operations[operation].beside.to_vec()
    }

    fn receive<'r>(&'r self, request: &Request<'r>, _: &With<'_>, room: &'r Room) -> Result<Received<'r>, Refused> {
        let is_asked = |route: &Route| route.method == Some(request.method) && route.fits(request.path).is_some();
        let operation = self.routes.iter().position(is_asked).ok_or_else(|| invalid(404, "nothing is served under this path".into()))?;
        let served = &self.operations[operation];
        let once = key::idempotency_key(request)?;
        let headers = beside::headers(request, room);
        self.check_headers(served, &headers, room)?;
        let beside = Value::Record(room.bump().alloc_slice_copy(&[
            ("headers", headers),
            ("query", self.query(served, request, room)?),
            ("path", self.path(served, request, room)?),
        ]));
        let body = self.body(served, request, room)?;
        let correlation = beside::correlation(request, &self.correlation);
        Ok(Received::Message(Incoming { operation, dialect: 0, body, beside, once, correlation }))
    }

    fn answer(&self, asked: Option<Asked>, said: &Said<'_>) -> HttpAnswer {
        match (said, asked) {
            (Said::Replied(reply), Some(asked)) => {
                let status = reply.status.or_else(|| reply.fault.as_deref()?.parse().ok()).or(self.operations[asked.operation].status);
                answer::json(&Said::Replied(&Reply { status, fault: None, ..(*reply).clone() }))
            }
            (said, _) => answer::json(said),
        }
    }

    fn pretend(&self, operation: usize, brings: &Brings<'_>, _: &With<'_>) -> Result<Pretended, String> {
        pretend::plain(&self.routes[operation], brings)
    }
}

impl RestDoor {
    fn path<'r>(&self, served: &Served, request: &Request<'r>, room: &'r Room) -> Result<Value<'r>, Refused> {
        let texts = beside::path(request, room)?;
        let Value::Record(fields) = texts else { return Ok(texts) };
        let mut meant = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let declared = served.parameters.iter().find(|parameter| parameter.place == Place::Path && *parameter.name == **name);
            let value = match (declared, value) {
                (Some(parameter), Value::Text(text)) => self.meant(parameter, &[text], room)?,
                _ => *value,
            };
            meant.push((*name, value));
        }
        Ok(Value::Record(room.bump().alloc_slice_copy(&meant)))
    }

    fn query<'r>(&self, served: &'r Served, request: &Request<'r>, room: &'r Room) -> Result<Value<'r>, Refused> {
        let pairs = beside::pairs(request.query, "the query", room)?;
        let declared = served.parameters.iter().filter(|parameter| parameter.place == Place::Query);
        let mut fields: Vec<(&'r str, Value<'r>)> = Vec::new();
        for parameter in declared.clone() {
            let texts: Vec<&'r str> = pairs.iter().filter(|(name, _)| *parameter.name == **name).map(|(_, text)| *text).collect();
            match texts.as_slice() {
                [] if parameter.required => return Err(invalid(400, format!("the parameter `{}` is required", parameter.name))),
                [] => {}
                texts => fields.push((&*parameter.name, self.meant(parameter, texts, room)?)),
            }
        }
        let others = pairs.iter().copied().filter(|(name, _)| !declared.clone().any(|parameter| *parameter.name == **name));
        if let Value::Record(others) = beside::joined(others, ",", room) {
            fields.extend(others);
        }
        Ok(Value::Record(room.bump().alloc_slice_copy(&fields)))
    }

    fn check_headers(&self, served: &Served, headers: &Value<'_>, room: &Room) -> Result<(), Refused> {
        for parameter in served.parameters.iter().filter(|parameter| parameter.place == Place::Header) {
            match headers.get(&parameter.name.to_ascii_lowercase()).and_then(|value| value.text()) {
                Some(text) => drop(self.meant(parameter, &[room.text(text)], room)?),
                None if parameter.required => return Err(invalid(400, format!("the header `{}` is required", parameter.name))),
                None => {}
            }
        }
        Ok(())
    }

    /// What the texts of a parameter mean by its shape.
    fn meant<'r>(&self, parameter: &Parameter, texts: &[&'r str], room: &'r Room) -> Result<Value<'r>, Refused> {
        let shapes = &self.interface.shapes;
        let value = match (shapes.get(parameter.shape), texts) {
            (Shape::List(item, _), texts) => {
                let parts: Vec<&'r str> = match parameter.explode {
                    true => texts.to_vec(),
                    false => texts.iter().flat_map(|text| text.split(',')).collect(),
                };
                let items: Vec<Value<'r>> = parts.into_iter().map(|part| one(shapes, *item, part, room)).collect();
                Value::List(room.bump().alloc_slice_copy(&items))
            }
            (_, [text]) => one(shapes, parameter.shape, text, room),
            (_, _) => return Err(invalid(400, format!("the parameter `{}` comes more than once", parameter.name))),
        };
        match breach(shapes, parameter.shape, &value) {
            Some(wrong) => Err(invalid(400, excerpt::bounded(&format!("the parameter `{}`: {wrong}", parameter.name)))),
            None => Ok(value),
        }
    }

    fn body<'r>(&self, served: &Served, request: &Request<'r>, room: &'r Room) -> Result<Value<'r>, Refused> {
        let (shape, required) = match served.body {
            Takes::Nothing => return Ok(Value::Null),
            Takes::Anything => return body::read(request, room),
            Takes::Described(shape, required) => (shape, required),
        };
        if request.body.is_empty() {
            return if required { Err(invalid(400, "this operation needs a body".into())) } else { Ok(Value::Null) };
        }
        let body = body::read_json(request, room)?;
        match breach(&self.interface.shapes, shape, &body) {
            Some(wrong) => Err(invalid(422, excerpt::bounded(&format!("the body is not as it is described: {wrong}")))),
            None => Ok(body),
        }
    }
}

/// One text as the shape has it: a number or a flag where it reads as one, else the text.
fn one<'r>(shapes: &Shapes, shape: ShapeId, text: &'r str, room: &'r Room) -> Value<'r> {
    let read = || json::read(text.as_bytes(), room).unwrap_or(Value::Text(text));
    match (shapes.get(shape), read()) {
        (Shape::Number(_), number @ Value::Number(_)) => number,
        (Shape::Flag, flag @ Value::Bool(_)) => flag,
        (Shape::OneOf(arms), _) => {
            let fits =
                arms.iter().map(|arm| (one(shapes, *arm, text, room), arm)).find(|(value, arm)| breach(shapes, **arm, value).is_none());
            fits.map_or(Value::Text(text), |(value, _)| value)
        }
        (_, _) => Value::Text(text),
    }
}

fn invalid(status: u16, says: String) -> Refused {
    Refused::new(status, Failure::new(&core::NOT_AS_DESCRIBED, says))
}
