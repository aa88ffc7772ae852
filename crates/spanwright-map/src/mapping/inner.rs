//! `{ map: NAME, from: EXPR }` and `{ each: EXPR, map: NAME }`: another map for a record, or for each item of a list.
//!
//! Its rows are checked here once more, over the paths of this source, so that lineage goes through; what is wrong in
//! them is said where they stand, once, and not here.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Fit, Presence, ShapeId, fits},
    text::{Problems, Scalar, did_you_mean},
};

use super::{
    Lineage,
    border::Target,
    check::{Checking, Way},
    form::{Inner, first_line},
    level::Leaf,
    others::OtherMap,
    row::{Empty, Row, Sub, Writes},
};
use crate::{
    check::{Seen, lattice},
    codes,
    program::{Count, Program},
    run::Kinds,
};

/// Names that only the inside of an `each` has: another map does not see them.
const AROUND: [&str; 3] = ["root", "parent", "index"];

impl<'c> Checking<'c, '_> {
    /// A record that another map makes.
    pub(super) fn inner(&mut self, way: &Way<'_>, form: &Inner<'_>, wanted: &Target) -> Option<Leaf> {
        let (from, given) = Program::check_in(form.from, &mut self.sight, self.to)?;
        self.one_result(&given, form.from);
        self.lineage.push(Lineage {
            target: way.target_name(),
            reads: from.gives().reads.clone(),
            rule: format!("map {} of {}", form.map.text, form.from.text.trim()).into(),
            note: form.note.map(|note| note.text.as_str().into()),
            residue: None,
        });
        let null = lattice::kinds(self.sight.shapes, given.shape).is_some_and(|kinds| kinds.has(Kinds::NULL));
        let absent = given.absent || given.count == Count::Maybe;
        let shape = lattice::without(self.sight.shapes, given.shape, Kinds::NULL);
        let dot = Seen { shape, absent: false, count: Count::One, paths: given.paths.clone(), known: Vec::new() };
        let before = self.lineage.len();
        let (rows, shape) = self.rows_of(form.map, dot, way, wanted.shape)?;
        self.also_read(&from, before);
        let empty = form.empty.or(self.empty);
        let nothing = match (empty, wanted.required) {
            (Some(Empty::Fail), _) | (_, true) => Empty::Fail,
            (Some(empty), false) => empty,
            (None, false) => Empty::Omit,
        };
        if wanted.required && (null || absent) && form.empty != Some(Empty::Fail) {
            let what = if absent { "absent" } else { "null" };
            let written = form.from.text.trim();
            let help = "let such a record fail: `empty: fail`, or write another source".to_string();
            let says = format!("`{written}` may be {what}, and the target requires `{}`", way.target());
            self.to.error(&codes::MAYBE_ABSENT, form.from.place(0, form.from.text.len()), says, help);
        }
        let place = self.place_of(way, form.from, None);
        let sure = !null && !absent && lattice::kinds(self.sight.shapes, given.shape).is_some();
        let presence = if !sure && nothing == Empty::Omit { Presence::Maybe } else { Presence::Always };
        let shape = if !sure && nothing == Empty::Null { self.sight.shapes.or_null(shape) } else { shape };
        Some(Leaf { writes: Writes::Inner(Box::new(Sub { from, rows, nothing, place })), shape, presence })
    }

    /// The rows of another map over a record of this source.
    pub(super) fn rows_of(&mut self, name: &Scalar, given: Seen, way: &Way<'_>, wanted: Option<ShapeId>) -> Option<(Vec<Row>, ShapeId)> {
        let other = self.find(name)?;
        if self.within.iter().any(|around| **around == *name.text) {
            let help = "write its fields out here: a map that contains itself would have no end".to_string();
            self.to.error(&codes::FORM, name.span, format!("`{}` contains itself", name.text), help);
            return None;
        }
        self.inputs(name, &other)?;
        let dot = self.reads(name, &other, given)?;
        let makes = other.to.as_ref().map(|to| self.sight.shapes.import(&to.shapes, to.id));
        if let (Some(makes), Some(wanted)) = (makes, wanted) {
            let wanted = lattice::without(self.sight.shapes, wanted, Kinds::NULL);
            if let Fit::Never(why) = fits(self.sight.shapes, makes, wanted) {
                let help = format!("name a map that makes what `{}` holds", way.target());
                self.to.error(&codes::MISFIT, name.span, format!("`{}` makes another type than this field holds: {why}", name.text), help);
                return None;
            }
        }
        self.quietly(name, &other, dot, makes.or(wanted), way)
    }

    fn find(&mut self, name: &Scalar) -> Option<OtherMap<'c>> {
        let found = self.context.maps.find(&name.text);
        if found.is_none() && !self.context.maps.is_lost(&name.text) {
            let help = did_you_mean(&name.text, self.context.maps.names());
            let help = help.unwrap_or_else(|| format!("write `maps/{}.yaml`", name.text));
            self.to.error(&codes::NO_MAP, name.span, format!("there is no map `{}`", name.text), help);
        }
        found
    }

    /// What the other map wants beside its source is here under the same names.
    fn inputs(&mut self, name: &Scalar, other: &OtherMap<'_>) -> Option<()> {
        for (input, shape) in &other.with {
            let Some((_, have)) = self.sight.names.iter().rev().find(|(have, _)| have == input) else {
                let help = format!("add it to this map: `with: {{ {input}: .. }}`");
                self.to.error(&codes::UNKNOWN_NAME, name.span, format!("`{}` wants `${input}`, and there is none here", name.text), help);
                return None;
            };
            let Some(shape) = shape else { continue };
            let (have, wants) = (have.shape, self.sight.shapes.import(&shape.shapes, shape.id));
            if let Fit::Never(why) = fits(self.sight.shapes, have, wants) {
                let says = format!("`${input}` is of another type than `{}` reads: {why}", name.text);
                self.to.error(&codes::MISFIT, name.span, says, "give it what it reads".to_string());
                return None;
            }
        }
        Some(())
    }

    /// What is given is what the other map reads; behind the border it is of that type.
    fn reads(&mut self, name: &Scalar, other: &OtherMap<'_>, given: Seen) -> Option<Seen> {
        let Some(from) = &other.from else { return Some(given) };
        let reads = self.sight.shapes.import(&from.shapes, from.id);
        if let Fit::Never(why) = fits(self.sight.shapes, given.shape, reads) {
            let says = format!("`{}` reads another type than this gives: {why}", name.text);
            self.to.error(&codes::MISFIT, name.span, says, "name the map that reads this, or write another source".to_string());
            return None;
        }
        Some(Seen { shape: lattice::without(self.sight.shapes, reads, Kinds::NULL), ..given })
    }

    /// The other map's table, without a word: it is checked for itself elsewhere.
    fn quietly(
        &mut self,
        name: &Scalar,
        other: &OtherMap<'_>,
        dot: Seen,
        target: Option<ShapeId>,
        way: &Way<'_>,
    ) -> Option<(Vec<Row>, ShapeId)> {
        let said = std::mem::replace(self.to, Problems::new());
        let outer_dot = std::mem::replace(&mut self.sight.dot, dot);
        let outer_zone = std::mem::replace(&mut self.sight.zone, other.zone.clone());
        let outer_empty = std::mem::replace(&mut self.empty, Self::empty_of_map(other.empty));
        let names = self.sight.names.clone();
        self.sight.names.retain(|(name, _)| !AROUND.contains(&&**name));
        self.within.push(Arc::from(name.text.as_str()));
        let target = target.map(|target| lattice::without(self.sight.shapes, target, Kinds::NULL));
        let at = first_line(other.fields.span, other.fields);
        let made = self.table_of(other.fields, other.copy, target, &format!("{}.", way.target()), at);
        self.within.pop();
        self.sight.names = names;
        self.empty = outer_empty;
        self.sight.zone = outer_zone;
        self.sight.dot = outer_dot;
        let found = std::mem::replace(self.to, said);
        (found.errors() == 0).then_some(made)
    }
}
