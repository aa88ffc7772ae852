//! Other maps of the project, as a map that uses them sees them: their fields are checked and run where they are used,
//! so that types, lineage and places go through.

use std::sync::Arc;

use spanwright_shape::{
    shape::ShapeRef,
    text::{Node, Scalar},
};

/// A map that another may use: `{ map: NAME, from: .Address }`.
pub struct OtherMap<'m> {
    /// What stands under its `fields:`.
    pub fields: &'m Node,
    /// Its `copy:`.
    pub copy: Option<&'m Node>,
    /// Its `empty:`.
    pub empty: Option<&'m Scalar>,
    /// The type that it reads; `None` where it could not be found, which was said.
    pub from: Option<ShapeRef>,
    /// The type that it makes.
    pub to: Option<ShapeRef>,
    /// The zone of times that carry none in its source.
    pub zone: Option<Arc<str>>,
    /// Its other inputs.
    pub with: Vec<(Arc<str>, Option<ShapeRef>)>,
}

/// The maps of a project by their names.
pub trait OtherMaps {
    /// The map of a name.
    fn find(&self, name: &str) -> Option<OtherMap<'_>>;
    /// All names, for "did you mean".
    fn names(&self) -> Vec<&str>;
    /// Whether a map of this name could not be read, which was said.
    fn is_lost(&self, name: &str) -> bool;
}

/// No maps: a mapping that stands alone.
pub struct NoMaps;

impl OtherMaps for NoMaps {
    fn find(&self, _: &str) -> Option<OtherMap<'_>> {
        None
    }

    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    fn is_lost(&self, _: &str) -> bool {
        false
    }
}
