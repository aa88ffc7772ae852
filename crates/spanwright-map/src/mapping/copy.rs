//! `copy: [path, ..]` and `copy: same`: rows for fields that have one name on both sides. They are made as if they had
//! been written out, and so are checked, written and listed like any other.

use std::{collections::HashSet, sync::Arc};

use spanwright_shape::{
    shape::{Shape, ShapeId},
    text::{Node, NodeKind, Scalar, did_you_mean},
};

use super::check::Checking;
use crate::{check::lattice, codes};

/// Rows as they would have been written: target key and expression.
pub type Copied = Vec<(Scalar, Node)>;

impl Checking<'_, '_> {
    /// The rows that `copy:` stands for, beside those that are written.
    pub(super) fn copied(&mut self, copy: &Node, fields: &Node, target: Option<ShapeId>) -> Copied {
        match &copy.kind {
            NodeKind::List(items) => items.iter().filter_map(Node::scalar).map(|path| row(&path.text, path)).collect(),
            NodeKind::Scalar(word) => self.same(word, fields, target),
            NodeKind::Map(_) => Vec::new(),
        }
    }

    /// Every field of the target that the source has too, and no row writes.
    fn same(&mut self, word: &Scalar, fields: &Node, target: Option<ShapeId>) -> Copied {
        let source = lattice::without(self.sight.shapes, self.sight.dot.shape, crate::run::Kinds::NULL);
        let (Some(source), Some(target)) = (self.names_of(Some(source)), self.names_of(target)) else {
            if target.is_some() {
                let help = "name the fields: `copy: [name, address.city]`".to_string();
                self.to.error(&codes::FORM, word.span, "`copy: same` needs types with known fields on both sides", help);
            }
            return Vec::new();
        };
        let written: HashSet<&str> = match &fields.kind {
            NodeKind::Map(pairs) => pairs.iter().filter_map(|(key, _)| key.text.split(['.', '[']).next()).collect(),
            NodeKind::List(_) | NodeKind::Scalar(_) => HashSet::new(),
        };
        let has: HashSet<&Arc<str>> = source.iter().collect();
        let same: Vec<&Arc<str>> = target.iter().filter(|name| has.contains(name) && !written.contains(&***name)).collect();
        if same.is_empty() {
            let near = target.iter().find_map(|name| did_you_mean(name, source.iter().map(|have| &**have)));
            let help = near.map_or("take `copy: same` out".to_string(), |near| format!("names are compared letter by letter: {near}"));
            self.to.warning(&codes::FORM, word.span, "`copy: same` finds no field of one name on both sides", help);
        }
        same.into_iter().map(|name| row(name, word)).collect()
    }

    fn names_of(&self, shape: Option<ShapeId>) -> Option<Vec<Arc<str>>> {
        match self.sight.shapes.get(shape?) {
            Shape::Record(record) if record.rest.is_none() => Some(record.fields.iter().map(|field| field.name.clone()).collect()),
            _ => None,
        }
    }
}

/// `path: .path`, at the place of what stands for it.
fn row(path: &str, at: &Scalar) -> (Scalar, Node) {
    let expression: String = path.split('.').map(step).collect();
    let runs = match at.text == path {
        // The dot in front stands nowhere; a name in quotes is longer than what is written, and keeps to its end.
        true => vec![(0, at.place(0, 0).from), (1, at.place(0, 0).from)],
        false => vec![(0, at.span.from)],
    };
    let scalar = Scalar { text: expression, runs, ..at.clone() };
    let key = Scalar { text: path.to_string(), ..at.clone() };
    (key, Node { span: at.span, kind: NodeKind::Scalar(scalar) })
}

fn step(name: &str) -> String {
    let plain =
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { format!(".{name}") } else { format!(".\"{name}\"") }
}
