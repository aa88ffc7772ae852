//! What values are held against: the target's shapes. A constant at once, what is computed when it runs. What the schemas
//! leave open between them is put into words, and so is who tells it then.

use std::{collections::HashMap, sync::Arc};

use spanwright_shape::{
    room::Room,
    shape::{Fit, Format, Shape, ShapeId, Shapes, TextFacets, breach},
    text::{Node, Span},
};

use super::{
    Residue,
    border::{Target, one_of},
    check::Checking,
    constant,
    form::From,
    row::Table,
};
use crate::{check::lattice, codes, run::Kinds};

/// Shapes of the target in an arena of the mapping's own, each once.
#[derive(Default)]
pub(super) struct Held {
    pub(super) shapes: Shapes,
    known: HashMap<ShapeId, ShapeId>,
}

impl Held {
    /// The id here of a shape of another arena, always the same one.
    pub(super) fn of(&mut self, from: &Shapes, id: ShapeId) -> ShapeId {
        self.shapes.import_known(from, id, &mut self.known)
    }
}

impl Checking<'_, '_> {
    /// What values are held against when it runs, and what of it could not be told before.
    pub fn value_fits(&mut self, form: &From<'_>, given: ShapeId, wanted: &Target, at: Span) -> Option<(ShapeId, Option<Residue>)> {
        let wanted_shape = wanted.shape?;
        let core = lattice::without(self.sight.shapes, wanted_shape, Kinds::NULL);
        if self.zone_less(given, core, form, at) || self.lost_values(given, core, form, at) {
            return None;
        }
        let verdict = self.fits(given, &Target { shape: Some(core), required: wanted.required }, at, form.note.is_some())?;
        if matches!(self.sight.shapes.get(core), Shape::Any) {
            return None;
        }
        Some((core, self.residue(verdict, given, core)))
    }

    fn residue(&self, verdict: Fit, given: ShapeId, wanted: ShapeId) -> Option<Residue> {
        let (Fit::Perhaps(says) | Fit::Narrows(says)) = verdict else { return None };
        let left = beyond_shapes(self.sight.shapes, given, wanted);
        let held = (left.as_ref() != Some(&says)).then(|| says.into());
        Some(Residue { held, left: left.map(Arc::from) })
    }

    /// A constant is held against the target at once. Gives its shape, or the target's where it is of that.
    pub fn constant_fits(&mut self, value: &Node, wanted: &Target, at: Span, noted: bool) -> ShapeId {
        let shape = constant::shape(value, self.sight.shapes);
        let before = self.to.errors();
        self.fits(shape, wanted, at, noted);
        let Some(wanted) = wanted.shape.filter(|_| self.to.errors() == before) else { return shape };
        self.constant_is_of(&constant::json(value), wanted, at);
        wanted
    }

    fn constant_is_of(&mut self, json: &[u8], wanted: ShapeId, at: Span) {
        let room = Room::new();
        let Ok(value) = spanwright_shape::json::read(json, &room) else { return };
        if let Some(breach) = breach(self.sight.shapes, wanted, &value) {
            let says = format!("the constant `{}` does not fit the target: {breach}", String::from_utf8_lossy(json));
            self.to.error(&codes::MISFIT, at, says, "write what the target takes".to_string());
        }
    }

    /// What the table gives is held against the target at once; texts against an enumeration have a problem of their own.
    pub fn table_values(&mut self, table: &Table, wanted: &Target, at: Span) {
        let Some(wanted) = wanted.shape else { return };
        let core = lattice::without(self.sight.shapes, wanted, Kinds::NULL);
        let listed = one_of(self.sight.shapes, core).is_some();
        for json in table.pairs.values().chain(&table.otherwise).filter(|json| !(listed && json.starts_with(b"\""))) {
            self.constant_is_of(json, wanted, at);
        }
    }
}

/// What a text is asked to be that no shape can tell here: spelled like a pattern, an address, an id.
fn beyond_shapes(shapes: &Shapes, given: ShapeId, wanted: ShapeId) -> Option<String> {
    let Shape::Text(TextFacets { pattern, format, one_of: None, .. }) = shapes.get(wanted) else { return None };
    let given = match shapes.get(given) {
        Shape::Text(facets) => facets.clone(),
        _ => TextFacets::default(),
    };
    let told = matches!(format, Format::Plain | Format::Date(_) | Format::Time(_) | Format::DateTime(_)) || given.format == *format;
    match pattern {
        Some(pattern) if given.pattern.as_ref() != Some(pattern) => Some(format!("text into text like `{pattern}`")),
        Some(_) | None if told => None,
        Some(_) | None => Some(format!("text into {}", format.words())),
    }
}
