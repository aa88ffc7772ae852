//! Records: what is missing, what nobody knows there, and each field that both have.

use super::{Comparison, Fit};
use crate::shape::{Field, Presence, RecordShape, ShapeId};

impl Comparison<'_> {
    pub(super) fn records(&mut self, (given_id, given): (ShapeId, &RecordShape), (wanted_id, wanted): (ShapeId, &RecordShape)) -> Fit {
        let shapes = self.shapes;
        let mut worst = if given.text_with_attributes && !wanted.text_with_attributes && !wanted.fields.is_empty() {
            Fit::Never("text with attributes into a record: write `text` or `attr(\"name\")`".into())
        } else {
            residue(given, wanted)
        };
        for field in &wanted.fields {
            let have = shapes.field(given_id, &field.name);
            worst = worst.worse(self.wanted_field(given, have, field).within(&path(&field.name)));
        }
        for field in given.fields.iter().filter(|field| shapes.field(wanted_id, &field.name).is_none()) {
            worst = worst.worse(self.extra_field(field, wanted).within(&path(&field.name)));
        }
        worst.worse(self.rest(given, wanted))
    }

    fn wanted_field(&mut self, given: &RecordShape, have: Option<&Field>, wanted: &Field) -> Fit {
        let must = wanted.presence == Presence::Always;
        let Some(have) = have else {
            return match (must, given.rest) {
                (true, None) => Fit::Never("it is required, and missing".into()),
                (true, Some(_)) => Fit::Perhaps("it is required, and nothing says that it is there".into()),
                (false, None) => Fit::Fits,
                (false, Some(rest)) => self.fit(rest, wanted.shape).of_some(),
            };
        };
        let fit = self.fit(have.shape, wanted.shape);
        match (must, have.presence) {
            (true, Presence::Maybe) => fit.worse(Fit::Narrows("it is required, and may be missing".into())),
            (true, Presence::Always) | (false, Presence::Always | Presence::Maybe) => fit,
        }
    }

    /// A field that the wanted record does not name.
    fn extra_field(&mut self, given: &Field, wanted: &RecordShape) -> Fit {
        match (wanted.rest, given.presence) {
            (Some(rest), _) => self.fit(given.shape, rest),
            (None, Presence::Always) => Fit::Never("there is no such field there".into()),
            (None, Presence::Maybe) => Fit::Narrows("there is no such field there".into()),
        }
    }

    fn rest(&mut self, given: &RecordShape, wanted: &RecordShape) -> Fit {
        match (given.rest, wanted.rest) {
            (None, _) => Fit::Fits,
            (Some(_), None) => Fit::Perhaps("it may carry fields that are not known there".into()),
            (Some(have), Some(want)) => self.fit(have, want).of_some(),
        }
    }
}

/// What the wanted record asks beyond its fields, unless the given one promises the same.
fn residue(given: &RecordShape, wanted: &RecordShape) -> Fit {
    let asked = wanted.residue.iter().find(|rule| !given.residue.contains(rule));
    asked.map_or(Fit::Fits, |rule| Fit::Perhaps(format!("{rule}: told when it runs")))
}

/// A field as a path step, quoted where jq asks for it.
fn path(name: &str) -> String {
    let bare = !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if bare && !name.is_empty() { format!(".{name}") } else { format!(".\"{name}\"") }
}
