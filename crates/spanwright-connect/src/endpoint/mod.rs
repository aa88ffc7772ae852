//! `from: { http: METHOD /path }`: a request is a message, and a reply its answer.
//!
//! The endpoint has no schema, so a body is read by its `content-type` alone and into a shape that does not change with
//! the data: see [`body`]. Answers are JSON; what is refused is `application/problem+json` (RFC 9457).

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{
    connector::{CORRELATION_DEFAULT, Connector, System, With},
    door::{Asked, ClientSettings, Door, DoorKind, DoorSettings, Guard, HttpAnswer, Incoming, Received, Refused, Request, Route, Said},
    interface::{Interface, Operation, Repeat},
    settings::SystemSettings,
};
use spanwright_shape::{
    room::Room,
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    text::{Bundle, Code, Problems},
    value::Value,
};

pub mod answer;
pub mod beside;
pub mod body;
pub mod key;

/// The kind of door behind `http:`.
#[derive(Debug)]
pub struct Endpoint;

impl Connector for Endpoint {
    fn key(&self) -> &'static str {
        "http"
    }

    fn about(&self) -> &'static str {
        "Requests to us, without a schema: `from: { http: POST /orders }`. A body is read by its `content-type`."
    }

    fn codes(&self) -> Vec<&'static Code> {
        Vec::new()
    }

    fn system(&self, settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        let built = crate::rest::without_schema(settings, to);
        crate::auth::around(self, built, settings, bundle, to)
    }

    fn guard(&self, clients: &[ClientSettings], to: &mut Problems) -> Option<Arc<dyn Guard>> {
        crate::client::guard(clients, to)
    }

    fn door(&self, settings: &DoorSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn Door>> {
        match &settings.kind {
            DoorKind::Endpoint(route) => Some(Arc::new(EndpointDoor::new(route.clone()))),
            DoorKind::Api { .. } | DoorKind::Webhook(_) => crate::rest::serve::door(settings, bundle, to),
        }
    }
}

/// One endpoint.
struct EndpointDoor {
    routes: [Route; 1],
    interface: Interface,
    beside: [(&'static str, ShapeId); 3],
}

impl EndpointDoor {
    fn new(route: Route) -> EndpointDoor {
        let mut shapes = Shapes::default();
        let any = shapes.add(Shape::Any);
        let path = parameters(&route, &mut shapes);
        let texts = texts(&mut shapes);
        let operation = Operation {
            name: "request".into(),
            about: None,
            wire: route.to_string().into(),
            with: path,
            fields: None,
            body: Some(any),
            gives: any,
            refuses: Vec::new(),
            repeat: repeat_of(&route),
            bulk: None,
        };
        let interface = Interface { shapes: shapes.into(), types: BTreeMap::new(), operations: vec![operation] };
        EndpointDoor { routes: [route], interface, beside: [("headers", texts), ("query", texts), ("path", path)] }
    }
}

impl Door for EndpointDoor {
    fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn beside(&self, _: usize) -> Vec<(&str, ShapeId)> {
        self.beside.to_vec()
    }

    fn receive<'r>(&'r self, request: &Request<'r>, _: &With<'_>, room: &'r Room) -> Result<Received<'r>, Refused> {
        let once = key::idempotency_key(request)?;
        let beside = Value::Record(room.bump().alloc_slice_copy(&[
            ("headers", beside::headers(request, room)),
            ("query", beside::query(request, room)?),
            ("path", beside::path(request, room)?),
        ]));
        let body = body::read(request, room)?;
        let correlation = beside::correlation(request, CORRELATION_DEFAULT);
        Ok(Received::Message(Incoming { operation: 0, dialect: 0, body, beside, once, correlation }))
    }

    fn answer(&self, _: Option<Asked>, said: &Said<'_>) -> HttpAnswer {
        answer::json(said)
    }
}

/// RFC 9110 section 9.2.1: whoever asks by this method changes nothing by it.
fn repeat_of(route: &Route) -> Repeat {
    match route.method {
        Some("GET") => Repeat::Safe,
        Some(_) | None => Repeat::Never,
    }
}

/// The record of a path's parameters: each is there, and is text.
fn parameters(route: &Route, shapes: &mut Shapes) -> ShapeId {
    let text = shapes.add(Shape::Text(TextFacets::default()));
    let field = |name: &Arc<str>| Field { name: name.clone(), shape: text, presence: Presence::Always, about: None };
    let fields = route.parameters().map(field).collect();
    shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }))
}

/// A record of texts under any names.
pub fn texts(shapes: &mut Shapes) -> ShapeId {
    let text = shapes.add(Shape::Text(TextFacets::default()));
    shapes.add(Shape::Record(RecordShape { rest: Some(text), ..RecordShape::default() }))
}

#[cfg(test)]
mod tests;
