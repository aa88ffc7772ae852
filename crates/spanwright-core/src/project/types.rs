//! `system:Type.path`: from a name to a shape.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Shape, ShapeId, ShapeRef, Shapes},
    text::{Problems, Scalar, did_you_mean},
};

use super::{codes, doors::Doors, system::Systems};
use crate::interface::Interface;

/// A type as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// As the system gives it.
    Given,
    /// As the system takes it.
    Taken,
}

/// A type that was found.
#[derive(Clone)]
pub(super) struct Typed {
    pub shape: ShapeRef,
    /// The system's number; `None`: it is one of an API of ours.
    pub system: Option<usize>,
    /// The type's name and path, without the system.
    pub name: Arc<str>,
}

/// Where types come from: the schemas of systems, and of what we offer.
#[derive(Clone, Copy)]
pub(super) struct Types<'t, 'f> {
    pub systems: &'t Systems<'f>,
    pub doors: &'t Doors,
}

impl Types<'_, '_> {
    /// Finds a type. `None`: the problems say why, or its schema could not be read.
    pub(super) fn resolve(&self, text: &Scalar, side: Side, to: &mut Problems) -> Option<Typed> {
        let (system, rest) = text.text.split_once(':')?;
        let (number, interface) = match self.doors.interface_of(system) {
            Some(interface) => (None, interface?),
            None => {
                let number = self.systems.find(system, text, to)?;
                (Some(number), self.systems.interface(number)?)
            }
        };
        let from = system.len() + 1;
        let name = rest.match_indices('.').map(|(n, _)| &rest[..n]).chain([rest]).rev().find(|name| interface.types.contains_key(*name));
        let Some(name) = name else {
            let first = rest.split('.').next().unwrap_or(rest);
            let help = did_you_mean(first, interface.types.keys().map(String::as_str));
            let at = text.place(from, from + first.len());
            to.error(&codes::NO_TYPE, at, format!("`{system}` has no type `{first}`"), help);
            return None;
        };
        let shapes = interface.types.get(name)?;
        let mut id = match side {
            Side::Given => shapes.given,
            Side::Taken => shapes.taken,
        };
        let mut at = from + name.len();
        for step in rest[name.len()..].split('.').skip(1) {
            at += 1;
            id = self.step(interface, id, step, text, at, to)?;
            at += step.len();
        }
        Some(Typed { shape: interface.shape(id), system: number, name: rest.into() })
    }

    fn step(&self, interface: &Interface, id: ShapeId, step: &str, text: &Scalar, at: usize, to: &mut Problems) -> Option<ShapeId> {
        let step = step.trim_end_matches("[]");
        let inside = item(&interface.shapes, id);
        if let Some(field) = interface.shapes.field(inside, step) {
            return Some(item(&interface.shapes, field.shape));
        }
        let help = did_you_mean(step, fields(&interface.shapes, inside));
        to.error(&codes::NO_TYPE, text.place(at, at + step.len()), format!("there is no field `{step}` here"), help);
        None
    }
}

/// The shape itself, or that of a list's items; looks through null.
pub(super) fn item(shapes: &Shapes, id: ShapeId) -> ShapeId {
    match shapes.get(id) {
        Shape::List(inner, _) => item(shapes, *inner),
        Shape::OneOf(arms) => {
            let rest: Vec<ShapeId> = arms.iter().copied().filter(|arm| !matches!(shapes.get(*arm), Shape::Null)).collect();
            match rest.as_slice() {
                [one] => item(shapes, *one),
                _ => id,
            }
        }
        _ => id,
    }
}

/// The names of a record's fields.
pub(super) fn fields(shapes: &Shapes, id: ShapeId) -> impl Iterator<Item = &str> {
    let records: Vec<ShapeId> = match shapes.get(id) {
        Shape::OneOf(arms) => arms.to_vec(),
        _ => vec![id],
    };
    records
        .into_iter()
        .flat_map(|id| match shapes.get(id) {
            Shape::Record(record) => record.fields.as_slice(),
            _ => &[],
        })
        .map(|field| &*field.name)
}
