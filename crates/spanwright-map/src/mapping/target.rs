//! The target's side of a table: which field a key means, which record it goes into, and what is left out.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Field as ShapeField, Presence, Shape, ShapeId},
    text::{Span, did_you_mean},
};

use super::{
    border::Target,
    check::{Checking, Level, Way},
    constant,
    row::{Row, Writes},
};
use crate::{check::lattice, codes};

/// One step into the target.
enum Step {
    /// Anything may be there.
    Open,
    Field(ShapeId, Presence),
    /// The fields that there are, and whose they are.
    Unknown(Vec<Arc<str>>, String),
}

fn fields_of(names: &[Arc<str>]) -> String {
    match names {
        [] => "it has no fields".to_string(),
        _ => format!("it has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}

impl Checking<'_, '_> {
    /// What the target has at a path. `None`: it has nothing, and that was said.
    pub(super) fn target_of(&mut self, way: &Way<'_>, target: Option<ShapeId>) -> Option<Target> {
        let Some(mut shape) = target else { return Some(Target::open()) };
        let mut required = true;
        for (n, segment) in way.segments.iter().enumerate() {
            let below = way.segments[..n].join(".");
            match self.step(shape, segment) {
                Step::Open => return Some(Target::open()),
                Step::Field(next, presence) => {
                    required &= presence == Presence::Always;
                    shape = next;
                }
                Step::Unknown(names, of) => {
                    let owner = if below.is_empty() { of } else { format!("`{below}`") };
                    let help = did_you_mean(segment, names.iter().map(|name| &**name)).unwrap_or_else(|| fields_of(&names));
                    self.to.error(&codes::UNKNOWN_TARGET, way.key.span, format!("{owner} has no field `{segment}`"), help);
                    return None;
                }
            }
        }
        Some(Target { shape: Some(shape), required })
    }

    fn step(&mut self, shape: ShapeId, name: &str) -> Step {
        let arms = lattice::arms(self.sight.shapes, shape);
        let mut names = Vec::new();
        let mut owner = "the target".to_string();
        for arm in arms {
            match self.sight.shapes.get(arm) {
                Shape::Any => return Step::Open,
                Shape::Record(record) => {
                    if let Some(field) = record.fields.iter().find(|field| &*field.name == name) {
                        return Step::Field(field.shape, field.presence);
                    }
                    if record.rest.is_some() {
                        return Step::Open;
                    }
                    names.extend(record.fields.iter().map(|field| field.name.clone()));
                    if let Some(name) = &record.name {
                        owner = format!("`{name}`");
                    }
                }
                Shape::Never | Shape::Null | Shape::Flag | Shape::Number(_) | Shape::Text(_) | Shape::List(..) | Shape::OneOf(_) => (),
            }
        }
        Step::Unknown(names, owner)
    }

    /// Puts what a row writes under its path; a path of several segments makes the records on its way.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn place(
        &mut self,
        way: &Way<'_>,
        writes: Writes,
        target: Option<ShapeId>,
        level: &mut Level,
        shape: ShapeId,
        presence: Presence,
        depth: usize,
    ) {
        let name = way.segments[depth];
        let last = depth + 1 == way.segments.len();
        let slot = level.rows.iter().position(|row| &*row.name == name);
        let (below, required) = match target.map(|target| self.step(target, name)) {
            Some(Step::Field(below, presence)) => (Some(below), presence == Presence::Always),
            Some(Step::Open | Step::Unknown(..)) | None => (None, false),
        };
        match (slot, last) {
            (None, true) => {
                level.rows.push(Row { name: name.into(), key: key(name), writes, required });
                level.shapes.push(ShapeField { name: name.into(), shape, presence, about: None });
            }
            (None, false) => {
                let mut inner = Level { rows: Vec::new(), shapes: Vec::new() };
                self.place(way, writes, below, &mut inner, shape, presence, depth + 1);
                let record = self.record(inner.shapes);
                level.rows.push(Row { name: name.into(), key: key(name), writes: Writes::Record(inner.rows), required });
                level.shapes.push(ShapeField { name: name.into(), shape: record, presence, about: None });
            }
            (Some(slot), false) if matches!(level.rows[slot].writes, Writes::Record(_)) => {
                let Writes::Record(rows) = &mut level.rows[slot].writes else { return };
                let mut inner = Level { rows: std::mem::take(rows), shapes: self.fields_of_record(level.shapes[slot].shape) };
                self.place(way, writes, below, &mut inner, shape, presence, depth + 1);
                let record = self.record(inner.shapes);
                level.rows[slot].writes = Writes::Record(inner.rows);
                level.shapes[slot].shape = record;
                if presence == Presence::Always {
                    level.shapes[slot].presence = presence;
                }
            }
            (Some(_), _) => {
                let help = "keep one of the two".to_string();
                self.to.error(
                    &codes::TWICE,
                    way.key.span,
                    format!("`{}` is written by another row too", way.segments[..=depth].join(".")),
                    help,
                );
            }
        }
    }

    fn fields_of_record(&self, shape: ShapeId) -> Vec<ShapeField> {
        match self.sight.shapes.get(shape) {
            Shape::Record(record) => record.fields.clone(),
            _ => Vec::new(),
        }
    }

    /// Every required field that no row writes, in one problem.
    pub(super) fn required(&mut self, target: Option<ShapeId>, rows: &[Row], at: Span) {
        let Some(target) = target else { return };
        let mut missing = Vec::new();
        self.missing(target, rows, "", &mut missing);
        if missing.is_empty() {
            return;
        }
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (verb, noun) = if missing.len() == 1 { ("is", "this field") } else { ("are", "these fields") };
        let help = format!("the target requires {noun}; a constant is `{}: {{ value: .. }}`", missing[0]);
        self.to.error(&codes::REQUIRED, at, format!("{names} {verb} left out"), help);
    }

    fn missing(&self, target: ShapeId, rows: &[Row], prefix: &str, missing: &mut Vec<String>) {
        let arms = lattice::arms(self.sight.shapes, target);
        let [one] = arms.as_slice() else { return };
        let Shape::Record(record) = self.sight.shapes.get(*one) else { return };
        for field in &record.fields {
            match rows.iter().find(|row| *row.name == *field.name) {
                None if field.presence == Presence::Always => missing.push(format!("{prefix}{}", field.name)),
                Some(Row { writes: Writes::Record(inner), .. }) => {
                    self.missing(field.shape, inner, &format!("{prefix}{}.", field.name), missing)
                }
                None | Some(_) => (),
            }
        }
    }
}

fn key(name: &str) -> Box<[u8]> {
    let mut key = Vec::new();
    constant::quoted(name, &mut key);
    key.push(b':');
    key.into()
}
