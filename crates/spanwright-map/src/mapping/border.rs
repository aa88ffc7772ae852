//! Where an expression meets the target: what may be given against what is wanted.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Fit, Format, Shape, ShapeId, Shapes, Zone, fits},
    text::{Scalar, Span, did_you_mean},
};

use super::{
    MapContext, Residue,
    check::Checking,
    constant,
    form::From,
    row::{Empty, Table},
};
use crate::{
    check::{Seen, lattice},
    codes,
    program::Count,
    run::Kinds,
};

/// What the target wants at a path.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its shape; `None`: anything.
    pub shape: Option<ShapeId>,
    /// Whether it must be there, and all records on its way too.
    pub required: bool,
}

impl Target {
    /// Anything goes.
    pub fn open() -> Target {
        Target { shape: None, required: false }
    }
}

/// What follows for a row.
#[derive(Debug)]
pub struct Verdict {
    /// What a null becomes.
    pub on_null: Empty,
    /// What nothing becomes.
    pub on_absent: Empty,
    /// What each value is held against when it runs, in the mapping's own arena.
    pub wants: Option<ShapeId>,
    /// What could not be told before.
    pub residue: Option<Residue>,
    /// What the field then holds.
    pub shape: ShapeId,
    /// Whether it is always written.
    pub always: bool,
}

impl Checking<'_, '_> {
    /// Compares what a field is given with what the target wants of it.
    pub fn border(&mut self, form: &From<'_>, given: &Seen, wanted: &Target, bare: bool, way: &super::check::Way<'_>) -> Verdict {
        let at = form.from.place(0, form.from.text.len());
        let known = lattice::kinds(self.sight.shapes, given.shape);
        let nullable = known.is_some_and(|kinds| kinds.has(Kinds::NULL)) && form.default.is_none();
        let absent = (given.absent || given.count == Count::Maybe) && form.default.is_none();
        let takes_null =
            wanted.shape.is_none_or(|shape| lattice::kinds(self.sight.shapes, shape).is_none_or(|kinds| kinds.has(Kinds::NULL)));
        let core = lattice::without(self.sight.shapes, given.shape, Kinds::NULL);
        let core = match form.default {
            Some(default) => {
                let default_shape = self.constant_fits(default, wanted, default.span, form.note.is_some());
                lattice::union(self.sight.shapes, &[core, default_shape])
            }
            None => core,
        };
        // What the map says for all its fields holds where the target can have it.
        let general = self.empty.filter(|empty| match empty {
            Empty::Null => takes_null,
            Empty::Omit => !wanted.required,
            Empty::Fail => true,
        });
        let on_null = form.empty.or(general).unwrap_or(match (takes_null, wanted.required) {
            (true, _) if bare || wanted.shape.is_some() => Empty::Null,
            (_, true) => Empty::Fail,
            (_, false) => Empty::Omit,
        });
        let on_absent = match (form.empty.or(general), wanted.required) {
            (Some(Empty::Fail), _) | (_, true) => Empty::Fail,
            _ => Empty::Omit,
        };
        if form.empty != Some(Empty::Fail) {
            self.maybe_nothing(absent && known.is_some(), nullable && on_null == Empty::Fail, wanted, at, &form.from.text, way.target());
        }
        let held = self.value_fits(form, core, wanted, at);
        let (wants, residue) = held.map_or((None, None), |(wanted, residue)| (Some(wanted), residue));
        // What is held against the target's shape is of it, whatever was promised.
        let core = wants.unwrap_or(core);
        let may_be_null = (nullable || known.is_none()) && form.default.is_none() && on_null == Empty::Null;
        let shape = if may_be_null { self.sight.shapes.or_null(core) } else { core };
        let written = |becomes: Empty| becomes != Empty::Omit;
        let always = (!absent || written(on_absent)) && (!nullable || written(on_null)) && (known.is_some() || form.default.is_some());
        let always = always || (written(on_absent) && written(on_null));
        let wants = wants.map(|wants| self.held.of(self.sight.shapes, wants));
        Verdict { on_null, on_absent, wants, residue, shape, always }
    }

    fn maybe_nothing(&mut self, absent: bool, null: bool, wanted: &Target, at: Span, text: &str, target: &str) {
        if !wanted.required || !(absent || null) {
            return;
        }
        let what = if absent { "absent" } else { "null" };
        let help = format!("give a default: `{{ from: {}, default: .. }}`; or let such a record fail: `empty: fail`", text.trim());
        self.to.error(&codes::MAYBE_ABSENT, at, format!("`{}` may be {what}, and the target requires `{target}`", text.trim()), help);
    }

    /// Says what does not fit, or loses something.
    pub fn fits(&mut self, given: ShapeId, wanted: &Target, at: Span, noted: bool) -> Option<Fit> {
        let wanted = wanted.shape?;
        let fit = fits(self.sight.shapes, given, wanted);
        match &fit {
            Fit::Fits | Fit::Perhaps(_) => (),
            Fit::Never(says) => {
                let help = "convert it (`tostring`, `tonumber`, a `table:`), or write another source".to_string();
                self.to.error(&codes::MISFIT, at, format!("this does not fit the target: {says}"), help);
            }
            Fit::Narrows(_) if noted => (),
            Fit::Narrows(says) => {
                let help = "cut it to size, or say in a `note:` why it will do".to_string();
                self.to.warning(&codes::NARROWS, at, format!("the target holds less than this gives: {says}"), help);
            }
        }
        Some(fit)
    }

    pub fn zone_less(&mut self, given: ShapeId, wanted: ShapeId, form: &From<'_>, at: Span) -> bool {
        let format = |id: ShapeId| match self.sight.shapes.get(id) {
            Shape::Text(facets) => Some(facets.format),
            _ => None,
        };
        let given = format(given);
        let less = matches!(given, Some(Format::DateTime(Zone::Never | Zone::May))) && format(wanted) == Some(Format::DateTime(Zone::Must));
        if less {
            let carries = if given == Some(Format::DateTime(Zone::Never)) { "carries no zone" } else { "may carry no zone" };
            let call = if self.sight.zone.is_some() { "zoned" } else { "zoned(\"Europe/Berlin\")" };
            let help = format!("write `{} | {call}`", form.from.text.trim());
            self.to.error(&codes::ZONE_LESS, at, format!("this time {carries}, and the target wants one"), help);
        }
        less
    }

    /// Source values that the target's enumeration has not.
    pub fn lost_values(&mut self, given: ShapeId, wanted: ShapeId, form: &From<'_>, at: Span) -> bool {
        let (Some(given), Some(wanted)) = (one_of(self.sight.shapes, given), one_of(self.sight.shapes, wanted)) else { return false };
        let lost: Vec<&Arc<str>> = given.iter().filter(|value| !wanted.contains(value)).collect();
        if lost.is_empty() {
            return false;
        }
        let has = listed(wanted.iter());
        let help = match form.table {
            Some(_) => did_you_mean(lost[0], wanted.iter().map(|value| &**value)).unwrap_or_else(|| format!("the target has {has}")),
            None => format!("the target has {has}: write a `table:`"),
        };
        let place = form.table.map_or(at, |table| super::form::first_line(table.span, table));
        self.to.error(&codes::LOST_VALUE, place, format!("the target does not take {}", listed(lost.into_iter())), help);
        true
    }

    /// Reads the table of a field; `given` becomes what the table gives.
    pub fn table(&mut self, form: &From<'_>, given: &mut Seen, wanted: &Target) -> Option<Option<Table>> {
        let Some(written) = form.table else { return Some(None) };
        let file = match written.scalar() {
            Some(path) => Some(constant::file(path, self.context, self.to)?),
            None => None,
        };
        let node = file.as_ref().unwrap_or(written);
        let read = constant::table(node, form.otherwise, self.sight.shapes, self.to)?;
        let at = super::form::first_line(written.span, written);
        self.table_names(&read.names, form, given.shape, at);
        self.table_values(&read.table, wanted, at);
        let null = lattice::kinds(self.sight.shapes, given.shape).is_some_and(|kinds| kinds.has(Kinds::NULL));
        given.shape = if null { self.sight.shapes.or_null(read.shape) } else { read.shape };
        Some(Some(read.table))
    }

    /// The table's keys against the source's enumeration, both ways.
    fn table_names(&mut self, names: &[&str], form: &From<'_>, given: ShapeId, at: Span) {
        let core = lattice::without(self.sight.shapes, given, Kinds::NULL);
        let Some(source) = one_of(self.sight.shapes, core) else { return };
        if form.otherwise.is_none() {
            let lost: Vec<&Arc<str>> = source.iter().filter(|value| !names.contains(&&***value)).collect();
            if !lost.is_empty() {
                let says = format!("the table has no row for {}", listed(lost.into_iter()));
                self.to.error(
                    &codes::LOST_VALUE,
                    at,
                    says,
                    "write them, or `otherwise: fail`, or `otherwise:` with a constant".to_string(),
                );
            }
        }
        for name in names.iter().filter(|name| !source.iter().any(|value| **value == ***name)) {
            let help = did_you_mean(name, source.iter().map(|value| &**value))
                .unwrap_or_else(|| format!("the source has {}", listed(source.iter())));
            self.to.error(&codes::TABLE, at, format!("the source never gives `{name}`"), help);
        }
    }
}

/// The only texts of a shape, where it has only some.
pub fn one_of(shapes: &Shapes, id: ShapeId) -> Option<Arc<[Arc<str>]>> {
    match shapes.get(id) {
        Shape::Text(facets) => facets.one_of.clone(),
        _ => None,
    }
}

fn listed<'v>(values: impl Iterator<Item = &'v Arc<str>>) -> String {
    values.map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}

/// How many items a list shape has.
pub fn counts(shapes: &Shapes, id: ShapeId) -> (u32, Option<u32>) {
    match shapes.get(id) {
        Shape::List(_, counts) => *counts,
        _ => (0, None),
    }
}

/// For each straight run of a scalar: its first byte in the text and its line in the file.
pub fn lines(scalar: &Scalar, context: &MapContext<'_>) -> Box<[(u32, u32)]> {
    if scalar.span.from == scalar.span.to {
        return Box::default();
    }
    let starts = scalar.text.match_indices('\n').map(|(at, _)| at + 1);
    let mut bytes: Vec<usize> = scalar.runs.iter().map(|(text, _)| *text as usize).chain([0]).chain(starts).collect();
    bytes.sort_unstable();
    bytes.dedup();
    let line = |byte: usize| context.files.line_column(scalar.span.file, scalar.place(byte, byte).from).0;
    bytes.into_iter().map(|byte| (u32::try_from(byte).unwrap_or(u32::MAX), line(byte))).collect()
}
