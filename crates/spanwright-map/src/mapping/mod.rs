//! A table of target fields, each with its expression: `maps/NAME.yaml`, and `fields:` and `with:` in a flow.
//!
//! The key is the target path, so lineage is exact and a change of a field is a change of a line. Rows are checked
//! against the target's schema when the project is read, and write JSON straight into the output in the order of the
//! table; what turns out to be nothing is taken back.

mod border;
mod check;
mod constant;
mod copy;
mod each;
mod fork;
mod form;
mod hold;
mod inner;
mod level;
mod others;
mod row;
mod target;
mod write;

use std::sync::Arc;

pub use fork::Fork;
pub use others::{NoMaps, OtherMap, OtherMaps};
use spanwright_shape::{
    room::Room,
    shape::{ShapeId, ShapeRef, Shapes},
    text::{Node, Problems, Scalar},
};

use crate::program::{Env, Fault, Scope};

/// What a mapping is checked against, beside its source.
pub struct MapContext<'c> {
    /// The map's name, or `flow.step` for `fields:`; run-time errors name it.
    pub name: Arc<str>,
    /// The shape that the result must have; `None`: anything goes.
    pub target: Option<ShapeRef>,
    /// The files of the project: table files, and the lines that failures name.
    pub files: &'c spanwright_shape::text::Bundle,
    /// The other maps of the project.
    pub maps: &'c dyn OtherMaps,
    /// `copy:` of the map.
    pub copy: Option<&'c Node>,
    /// `empty:` of the map: what a null becomes where a field says nothing.
    pub empty: Option<&'c Scalar>,
}

impl<'c> MapContext<'c> {
    /// For a mapping that stands alone.
    pub fn alone(name: impl Into<Arc<str>>, target: Option<ShapeRef>, files: &'c spanwright_shape::text::Bundle) -> MapContext<'c> {
        MapContext { name: name.into(), target, files, maps: &NoMaps, copy: None, empty: None }
    }
}

/// One row of the mapping document: which source paths a target field reads, and how.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// `addresses[].street`
    pub target: Arc<str>,
    /// `.Address[].Street`
    pub reads: Vec<Arc<str>>,
    /// The expression as written, or the constant.
    pub rule: Arc<str>,
    /// The author's note.
    pub note: Option<Arc<str>>,
    /// What the schemas could not tell, and so is told when it runs.
    pub residue: Option<Residue>,
}

/// What is left of a comparison of two schemas: the source promises less than the target asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residue {
    /// "text of any length into 60 characters": each value is held against it when the map runs.
    pub held: Option<Arc<str>>,
    /// "text like `[A-Z]+`": nobody here can tell, so it is left to the target.
    pub left: Option<Arc<str>>,
}

/// Who is told of a target field, and which way it goes.
pub type Watch<'w> = &'w dyn Fn(&Arc<str>, Fork<'_>);

/// A checked mapping.
#[derive(Debug)]
pub struct Mapping {
    name: Arc<str>,
    rows: Vec<row::Row>,
    /// The shapes that values are held against.
    held: Shapes,
    gives: ShapeId,
    proved: Option<ShapeRef>,
    lineage: Vec<Lineage>,
}

impl Mapping {
    /// Checks the FIELDS under `fields:`. `None`: the problems say why.
    pub fn check(fields: &Node, scope: &mut Scope<'_>, context: &MapContext<'_>, to: &mut Problems) -> Option<Mapping> {
        check::Checking::new(scope, context, to).mapping(fields)
    }

    /// Its name: the map's, or `flow.step`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The shape of what it gives, in the scope's arena at the time of the check.
    pub fn gives(&self) -> ShapeId {
        self.gives
    }

    /// The shape that whatever it writes is of, as far as a value can be held against a shape at all: nobody needs to
    /// look again. Each value is held against its field's shape when it is written, and the check has
    /// shown of what stands around them (which keys there are, and in which records and lists) that it fits.
    pub fn proved(&self) -> Option<&ShapeRef> {
        self.proved.as_ref()
    }

    /// Which source paths each target field reads, in the order of the table.
    pub fn lineage(&self) -> &[Lineage] {
        &self.lineage
    }

    /// Writes the target record as JSON, in table order; on a fault `out` holds what it held before.
    ///
    /// # Errors
    /// The first field that fails; it names map, field, line, source path and kind.
    pub fn write(&self, env: &Env<'_>, room: &Room, out: &mut Vec<u8>) -> Result<(), Fault> {
        write::write((&self.name, &self.rows, &self.held), env, room, out, None)
    }

    /// The same, and tells which way each field went that can go more than one.
    ///
    /// # Errors
    /// As [`Mapping::write`]; what was told before stays told.
    pub fn write_watched(&self, env: &Env<'_>, room: &Room, out: &mut Vec<u8>, watch: Watch<'_>) -> Result<(), Fault> {
        write::write((&self.name, &self.rows, &self.held), env, room, out, Some(watch))
    }

    /// Every way that its fields can go, with the target field, in the order of the table.
    pub fn forks(&self, tell: Watch<'_>) {
        fork::all(&self.rows, tell);
    }
}
