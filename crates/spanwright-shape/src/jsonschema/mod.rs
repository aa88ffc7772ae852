//! JSON Schema (the 2020-12 of OpenAPI 3.1, and 3.0's `nullable`) into [`crate::shape::Shape`].
//!
//! The one idea: a value is judged by a *conjunction* of schemas: the schema itself, what its `$ref` names and the
//! members of its `allOf`, gathered into one list before anything is said of the value. So `allOf` needs no merging
//! of finished shapes, and a type that refers to itself is one more entry of a worklist. `oneOf` and `anyOf` open one
//! conjunction for each alternative.
//!
//! `readOnly` and `writeOnly` make two shapes of one type: what is [`Side::Given`] and what is [`Side::Taken`].
//! Where a schema names `properties` and no `type`, an object is meant: JSON Schema says otherwise, its authors do not.
//! What a shape cannot say (`not`, `if`, `uniqueItems`, ...) becomes residue of the record that it stands in.

use std::collections::{HashMap, VecDeque};

use crate::{
    shape::{Shape, ShapeId, Shapes},
    text::{Node, NodeKind, Plain, Problems, Span},
};

pub mod codes;
mod conjunction;
mod enumeration;
mod leaf;
pub mod openapi;

mod keyword;
mod pointer;
mod record;
mod residue;
mod union;

use conjunction::Part;
pub use pointer::resolve;

/// Shapes that one document may make.
pub const SHAPES_MOST: usize = 500_000;
/// Alternatives of `oneOf` and `anyOf` that one document may make: they multiply where several hold together.
pub const ALTERNATIVES_MOST: usize = 20_000;

/// Who writes the value: `readOnly` properties are only given, `writeOnly` ones only taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// In answers.
    Given,
    /// In requests.
    Taken,
}

/// A conjunction's identity: its schemas by address, and the side.
type Key = (Vec<(usize, usize)>, Side);

/// The schemas of one document on their way into shapes.
pub struct Schemas<'d, 'p> {
    document: &'d Node,
    /// Types by the address of their schema.
    names: HashMap<usize, &'d str>,
    shapes: Shapes,
    known: HashMap<Key, ShapeId>,
    waiting: VecDeque<(ShapeId, Vec<Part<'d>>, Side)>,
    unions: Vec<ShapeId>,
    alternatives: usize,
    full: bool,
    to: &'p mut Problems,
}

impl<'d, 'p> Schemas<'d, 'p> {
    /// Nothing asked yet. `types`: where the document names its types (`components.schemas`, `$defs`).
    pub fn new(document: &'d Node, types: Option<&'d Node>, to: &'p mut Problems) -> Schemas<'d, 'p> {
        let named = types.map(keyword::pairs).unwrap_or_default();
        let names = named.iter().map(|(name, schema)| (conjunction::address(schema), name.text.as_str())).collect();
        let (shapes, known, waiting) = (Shapes::default(), HashMap::new(), VecDeque::new());
        Schemas { document, names, shapes, known, waiting, unions: Vec::new(), alternatives: 0, full: false, to }
    }

    /// The shape of a schema; filled in by [`Schemas::finish`].
    pub fn shape(&mut self, schema: &'d Node, side: Side) -> ShapeId {
        let mut parts = Vec::new();
        self.gather(schema, &mut parts);
        self.want(parts, side)
    }

    /// The arena, for shapes that come from elsewhere (a record of parameters).
    pub fn shapes(&mut self) -> &mut Shapes {
        &mut self.shapes
    }

    /// Where problems go.
    pub fn problems(&mut self) -> &mut Problems {
        self.to
    }

    /// Fills in every shape asked for, and all that they name.
    pub fn finish(mut self) -> Shapes {
        while let Some((id, parts, side)) = self.waiting.pop_front() {
            let shape = self.build(&parts, side);
            if let Shape::OneOf(_) = shape {
                self.unions.push(id);
            }
            self.shapes.set(id, shape);
        }
        union::flatten(&mut self.shapes, &self.unions);
        self.shapes
    }

    fn want(&mut self, parts: Vec<Part<'d>>, side: Side) -> ShapeId {
        let key = (parts.iter().map(|part| (conjunction::address(part.node), part.chosen)).collect(), side);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let id = self.shapes.reserve();
        self.known.insert(key, id);
        if self.shapes.len() < SHAPES_MOST && self.alternatives < ALTERNATIVES_MOST {
            self.waiting.push_back((id, parts, side));
        } else if !self.full {
            self.full = true;
            let at = parts.first().map_or(self.document.span, |part| part.node.span);
            let says = format!("more than {SHAPES_MOST} shapes or {ALTERNATIVES_MOST} alternatives: from here on anything is taken");
            self.warn(&codes::TOO_MANY, at, says);
        }
        id
    }

    fn warn(&mut self, code: &'static crate::text::Code, at: Span, says: impl Into<String>) {
        self.to.warning(code, at, says, None);
    }
}

#[cfg(test)]
mod tests;
