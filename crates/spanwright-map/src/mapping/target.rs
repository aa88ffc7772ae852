//! The target's side of a table: which field a key means, which record it goes into, and what is left out.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Field as ShapeField, Presence, RecordShape, Shape, ShapeId},
    text::{Span, did_you_mean},
};

use super::{
    border::Target,
    check::{Checking, Way},
    constant,
    level::{Entry, Leaf, Level, Made},
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

    fn step(&self, shape: ShapeId, name: &str) -> Step {
        let arms = lattice::arms(self.sight.shapes, shape);
        let mut names = Vec::new();
        let mut owner = "the target".to_string();
        for arm in arms {
            match self.sight.shapes.get(arm) {
                Shape::Any => return Step::Open,
                Shape::Record(record) => {
                    if let Some(field) = self.sight.shapes.field(arm, name) {
                        return Step::Field(field.shape, field.presence);
                    }
                    match record.rest {
                        Some(rest) if !matches!(self.sight.shapes.get(rest), Shape::Any) => return Step::Field(rest, Presence::Maybe),
                        Some(_) => return Step::Open,
                        None => (),
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
    pub(super) fn place(&mut self, way: &Way<'_>, leaf: Leaf, target: Option<ShapeId>, level: &mut Level) {
        let Some((last, before)) = way.segments.split_last() else { return };
        let (mut level, mut target) = (level, target);
        for (depth, name) in before.iter().enumerate() {
            let (below, required) = self.below(target, name);
            let Some(inside) = level.inside(name, required) else { return self.twice(way, depth) };
            (level, target) = (inside, below);
        }
        let (_, required) = self.below(target, last);
        if !level.put(last, required, leaf) {
            self.twice(way, before.len());
        }
    }

    /// What the target has under a key, and whether it requires it there; of several records none is known to be meant.
    fn below(&self, target: Option<ShapeId>, name: &str) -> (Option<ShapeId>, bool) {
        match target.map(|target| self.step(target, name)) {
            Some(Step::Field(below, presence)) => (Some(below), presence == Presence::Always && self.one_record(target).is_some()),
            Some(Step::Open | Step::Unknown(..)) | None => (None, false),
        }
    }

    fn twice(&mut self, way: &Way<'_>, depth: usize) {
        let says = format!("`{}` is written by another row too", way.segments[..=depth].join("."));
        self.to.error(&codes::TWICE, way.key.span, says, "keep one of the two".to_string());
    }

    /// The rows of a level, the shape of the record that they write, and whether something is always in it.
    pub(super) fn rows_of_level(&mut self, level: Level, target: Option<ShapeId>) -> (Vec<Row>, ShapeId, bool) {
        let (mut rows, mut fields, mut sure) = (Vec::new(), Vec::new(), false);
        for Entry { name, required, made } in level.into_entries() {
            let Leaf { writes, shape, presence } = match made {
                Made::Leaf(leaf) => leaf,
                Made::Level(inside) => self.record_inside(inside, self.below(target, &name).0, required),
            };
            sure |= presence == Presence::Always;
            // A record without what is required in it is not written.
            let presence = if required { Presence::Always } else { presence };
            rows.push(Row { key: key(&name), writes, required });
            fields.push(ShapeField { name, shape, presence, about: None });
        }
        // What the target says beyond shapes is the target's to tell: see `Residue`.
        let residue = self.one_record(target).map_or_else(Vec::new, |record| record.residue.clone());
        let record = RecordShape { fields, residue, ..RecordShape::default() };
        (rows, self.sight.shapes.add(Shape::Record(record)), sure)
    }

    fn record_inside(&mut self, inside: Level, target: Option<ShapeId>, required: bool) -> Leaf {
        let (rows, shape, sure) = self.rows_of_level(inside, target);
        let presence = if required || sure { Presence::Always } else { Presence::Maybe };
        Leaf { writes: Writes::Record(rows), shape, presence }
    }

    /// The record that a shape is, where it is one and nothing else.
    fn one_record(&self, shape: Option<ShapeId>) -> Option<&RecordShape> {
        let arms = lattice::arms(self.sight.shapes, shape?);
        let mut records = arms.iter().filter(|arm| !matches!(self.sight.shapes.get(**arm), Shape::Null));
        match (self.sight.shapes.get(*records.next()?), records.next()) {
            (Shape::Record(record), None) => Some(record),
            _ => None,
        }
    }

    /// Every required field that no row writes, in one problem.
    pub(super) fn required(&mut self, target: Option<ShapeId>, level: &Level, at: Span) {
        let Some(target) = target else { return };
        let mut missing = Vec::new();
        self.missing(target, level, "", &mut missing);
        if missing.is_empty() {
            return;
        }
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (verb, noun) = if missing.len() == 1 { ("is", "this field") } else { ("are", "these fields") };
        let help = format!("the target requires {noun}; a constant is `{}: {{ value: .. }}`", missing[0]);
        self.to.error(&codes::REQUIRED, at, format!("{names} {verb} left out"), help);
    }

    fn missing(&self, target: ShapeId, level: &Level, prefix: &str, missing: &mut Vec<String>) {
        let Some(record) = self.one_record(Some(target)) else { return };
        for field in &record.fields {
            match level.find(&field.name) {
                None if field.presence == Presence::Always => missing.push(format!("{prefix}{}", field.name)),
                Some(Entry { made: Made::Level(inside), .. }) => {
                    self.missing(field.shape, inside, &format!("{prefix}{}.", field.name), missing)
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
