//! What an expression sees at one place of a flow, in shapes. The walk at run time hands in the same names.

use std::sync::Arc;

use spanwright_map::Scope;
use spanwright_shape::shape::{
    Field, Format, NumberFacets, NumberKind, Presence, RecordShape, Shape, ShapeId, ShapeRef, Shapes, TextFacets, Zone,
};

use super::super::Variables;
use crate::run::head;

/// Names that `as:` cannot give.
pub const RESERVED: [&str; 17] = [
    "in", "meta", "vars", "page", "root", "parent", "index", "headers", "query", "path", "file", "delivery", "answer", "answers", "error",
    "tally", "ENV",
];

/// The body and the names beside it.
#[derive(Clone)]
pub struct Scene {
    /// The shape of `.`.
    pub dot: ShapeId,
    /// Names without their `$`.
    pub names: Vec<(Arc<str>, ShapeId)>,
    /// The zone of times that carry none.
    pub zone: Option<Arc<str>>,
    /// The body's shape is unknown because of a mistake that has been told: nothing more is said of it.
    pub lost: bool,
    /// What the body is proved to be of, where a map has just made it.
    pub proved: Option<ShapeRef>,
    /// A pivot stands above: nothing is undone any more.
    pub pivoted: bool,
    /// This is the flow's `if_dead`: all undoing is over.
    pub buried: bool,
}

impl Scene {
    /// Lends it to a check.
    pub fn scope<'s>(&self, shapes: &'s mut Shapes) -> Scope<'s> {
        Scope { shapes, dot: self.dot, names: self.names.clone(), zone: self.zone.clone() }
    }

    /// A scene that sees this body and no names.
    pub fn of(dot: ShapeId, zone: Option<Arc<str>>, lost: bool) -> Scene {
        Scene { dot, names: Vec::new(), zone, lost, proved: None, pivoted: false, buried: false }
    }

    /// With one more name.
    pub fn and(&self, name: &str, shape: ShapeId) -> Scene {
        let mut scene = self.clone();
        scene.names.push((name.into(), shape));
        scene
    }

    /// The steps below a call see the head of its answer in `$answers`. Nothing in it is sure to be there: a step may be left
    /// out, and a question may have told what the answer would have.
    pub fn answered(&mut self, name: &str, shapes: &mut Shapes) {
        let headers = texts(shapes);
        let status = shapes.add(Shape::Number(NumberFacets::of(NumberKind::Integer { bits: 16 })));
        let field = |name: &str, shape, presence| Field { name: name.into(), shape, presence, about: None };
        let fields = vec![field(head::STATUS, status, Presence::Maybe), field(head::HEADERS, headers, Presence::Maybe)];
        let one = shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }));
        let before = self.names.iter().rposition(|(have, _)| &**have == head::ANSWERS).map(|at| self.names.remove(at).1);
        let mut all = match before.map(|before| shapes.get(before)) {
            Some(Shape::Record(record)) => record.clone(),
            _ => RecordShape::default(),
        };
        all.fields.retain(|field| &*field.name != name);
        all.fields.push(field(name, one, Presence::Maybe));
        self.names.push((head::ANSWERS.into(), shapes.add(Shape::Record(all))));
    }

    /// What an effect asks sees `$delivery` too.
    pub fn delivery(&self, shapes: &mut Shapes) -> Scene {
        let text = shapes.add(Shape::Text(TextFacets::default()));
        let shape = record(shapes, [("id".into(), text)]);
        self.and("delivery", shape)
    }

    /// What follows from a failure sees `$error` too.
    pub fn error(&self, shapes: &mut Shapes) -> Scene {
        let text = shapes.add(Shape::Text(TextFacets::default()));
        let maybe = shapes.or_null(text);
        let tries = shapes.add(Shape::Number(NumberFacets::of(NumberKind::Integer { bits: 32 })));
        let fields = [("step", text), ("system", maybe), ("outcome", text), ("code", text), ("reason", text), ("tries", tries)];
        let shape = record(shapes, fields.map(|(name, shape)| (Arc::from(name), shape)));
        self.and("error", shape)
    }

    /// Whether this is the body of an `each`.
    pub fn inside_each(&self) -> bool {
        self.names.iter().any(|(name, _)| &**name == "index")
    }

    /// Inside an `each` over a part of this body.
    pub fn inside(&self, item: ShapeId, shapes: &mut Shapes) -> Scene {
        let mut names = self.names.clone();
        if !names.iter().any(|(name, _)| &**name == "root") {
            names.push(("root".into(), self.dot));
        }
        let index = shapes.add(Shape::Number(NumberFacets::of(NumberKind::Integer { bits: 32 })));
        names.extend([("parent".into(), self.dot), ("index".into(), index)]);
        Scene { dot: item, names, proved: None, ..self.clone() }
    }
}

/// `$in`, `$meta` and `$vars`: seen by every step and every map.
pub fn constant_names(shapes: &mut Shapes, whole: ShapeId, variables: &Variables) -> Vec<(Arc<str>, ShapeId)> {
    vec![("in".into(), whole), ("meta".into(), meta(shapes)), ("vars".into(), vars(shapes, variables))]
}

fn meta(shapes: &mut Shapes) -> ShapeId {
    let text = shapes.add(Shape::Text(TextFacets::default()));
    let uuid = shapes.add(Shape::Text(TextFacets { format: Format::Uuid, ..TextFacets::default() }));
    let time = shapes.add(Shape::Text(TextFacets { format: Format::DateTime(Zone::Must), ..TextFacets::default() }));
    let (maybe, maybe_time) = (shapes.or_null(text), shapes.or_null(time));
    let fields = [
        ("id", uuid),
        ("correlation", text),
        ("once", maybe),
        ("key", maybe),
        ("version", maybe),
        ("flow", text),
        ("environment", maybe),
        ("received", time),
        ("due", maybe_time),
        ("previous", maybe_time),
    ];
    record(shapes, fields.map(|(name, shape)| (Arc::from(name), shape)))
}

/// `$headers`: texts by their names.
pub fn texts(shapes: &mut Shapes) -> ShapeId {
    let text = shapes.add(Shape::Text(TextFacets::default()));
    shapes.add(Shape::Record(RecordShape { rest: Some(text), ..RecordShape::default() }))
}

/// `$file`: where a row stands; its line is 0 where the format has none.
pub fn file(shapes: &mut Shapes) -> ShapeId {
    let text = shapes.add(Shape::Text(TextFacets::default()));
    let number = shapes.add(Shape::Number(NumberFacets::of(NumberKind::Integer { bits: 64 })));
    record(shapes, [("name", text), ("row", number), ("line", number)].map(|(name, shape)| (Arc::from(name), shape)))
}

fn vars(shapes: &mut Shapes, variables: &Variables) -> ShapeId {
    if variables.are_unknown() {
        return shapes.add(Shape::Any);
    }
    let text = shapes.add(Shape::Text(TextFacets::default()));
    let maybe = shapes.or_null(text);
    let fields: Vec<_> = variables.seen().into_iter().map(|(name, value)| (name, if value.is_some() { text } else { maybe })).collect();
    record(shapes, fields)
}

fn record(shapes: &mut Shapes, fields: impl IntoIterator<Item = (Arc<str>, ShapeId)>) -> ShapeId {
    let field = |(name, shape)| Field { name, shape, presence: Presence::Always, about: None };
    let fields = fields.into_iter().map(field).collect();
    shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }))
}

/// What a message calls a shape.
pub fn noun(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Never => "nothing",
        Shape::Null => "null",
        Shape::Flag => "a flag",
        Shape::Number(_) => "a number",
        Shape::Text(_) => "text",
        Shape::List(..) => "a list",
        Shape::Record(_) => "a record",
        Shape::OneOf(_) => "one of several kinds",
    }
}
