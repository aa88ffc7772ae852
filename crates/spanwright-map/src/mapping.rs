//! A table of target fields, each with its expression: `maps/NAME.yaml`, and `fields:` and `with:` in a flow.

use std::sync::Arc;

use spanwright_shape::{
    room::Room,
    shape::{ShapeId, ShapeRef},
    text::{Node, Problems},
};

use crate::program::{Env, Fault, Scope};

/// What a mapping is checked against, beside its source.
pub struct MapContext<'c> {
    /// The map's name, or `flow.step` for `fields:`; run-time errors name it.
    pub name: Arc<str>,
    /// The shape that the result must have; `None`: anything goes.
    pub target: Option<ShapeRef>,
    /// The shape in the scope's arena to which the result is reported, for `fields:` whose result later steps read.
    pub files: &'c spanwright_shape::text::Bundle,
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
}

/// A checked mapping.
#[derive(Debug)]
pub struct Mapping {}

impl Mapping {
    /// Checks the FIELDS under `fields:`. `None`: the problems say why.
    pub fn check(_fields: &Node, _scope: &mut Scope<'_>, _context: &MapContext<'_>, _to: &mut Problems) -> Option<Mapping> {
        None
    }

    /// The shape of what it gives, in the scope's arena at the time of the check.
    pub fn gives(&self) -> ShapeId {
        ShapeId(0)
    }

    /// Which source paths each target field reads.
    pub fn lineage(&self) -> &[Lineage] {
        &[]
    }

    /// Writes the target record as JSON, in table order; on a fault `out` holds what it held before.
    ///
    /// # Errors
    /// The first field that fails; it names map, field, line, source path and kind.
    pub fn write(&self, _env: &Env<'_>, _room: &Room, _out: &mut Vec<u8>) -> Result<(), Fault> {
        Ok(())
    }
}
