//! Records and lists.

use std::sync::Arc;

use super::{
    Schemas, Side,
    conjunction::{Part, address},
    keyword, leaf, residue,
};
use crate::{
    shape::{Field, Presence, RecordShape, Shape, ShapeId},
    text::{Node, Plain, Scalar},
};

/// Characters of a description that a field keeps.
const ABOUT_CHARS_MOST: usize = 300;

impl<'d> Schemas<'d, '_> {
    pub(super) fn record(&mut self, parts: &[Part<'d>], side: Side) -> Shape {
        let required = self.required(parts);
        let mut record = RecordShape { name: self.name(parts), rest: self.rest(parts, side), ..RecordShape::default() };
        for name in property_names(parts, self.to) {
            let Some(schemas) = self.property(parts, &name) else { continue };
            if self.belongs_elsewhere(&schemas, side) {
                continue;
            }
            record.residue.extend(residue::of_leaf(&name, &schemas));
            let about = about(&schemas);
            let shape = self.want(schemas, side);
            let presence = if required.contains(&&*name) { Presence::Always } else { Presence::Maybe };
            record.fields.push(Field { name, shape, presence, about });
        }
        for name in required.iter().filter(|name| !is_property(parts, name)) {
            record.fields.extend(self.unnamed(name, &record));
        }
        record.residue.extend(residue::of_record(parts));
        Shape::Record(record)
    }

    pub(super) fn list(&mut self, parts: &[Part<'d>], side: Side) -> Shape {
        let (mut items, mut fewest, mut most) = (Vec::new(), 0, None);
        for node in parts.iter().map(|part| part.node) {
            if let Some(item) = node.get("items") {
                self.gather(item, &mut items);
            }
            fewest = fewest.max(keyword::count(node, "minItems", self.to).unwrap_or(0));
            most = leaf::least(most, keyword::count(node, "maxItems", self.to));
        }
        let tuple = parts.iter().any(|part| part.node.get("prefixItems").is_some());
        // The items of a tuple differ by position, which a list cannot say.
        let items = if tuple { Vec::new() } else { items };
        Shape::List(self.want(items, side), (fewest, most))
    }

    /// The name of the type: that of the first schema that has one.
    fn name(&self, parts: &[Part<'d>]) -> Option<Arc<str>> {
        parts.iter().find_map(|part| self.names.get(&address(part.node))).map(|name| Arc::from(*name))
    }

    fn required(&mut self, parts: &[Part<'d>]) -> Vec<&'d str> {
        let lists = parts.iter().flat_map(|part| keyword::list(part.node, "required", self.to));
        lists.filter_map(Node::scalar).map(|name| name.text.as_str()).collect()
    }

    /// All that holds for a property: its own schemas, and `additionalProperties` of the parts that do not name it.
    /// `None` where one of those allows no other.
    fn property(&mut self, parts: &[Part<'d>], name: &str) -> Option<Vec<Part<'d>>> {
        let mut schemas = Vec::new();
        for part in parts {
            let own = part.node.get("properties").and_then(|properties| properties.get(name));
            let pattern = part.node.get("patternProperties").is_some();
            match own.or_else(|| part.node.get("additionalProperties").filter(|_| !pattern)) {
                Some(schema) if own.is_none() && is_false(schema) => return None,
                Some(schema) => self.gather(schema, &mut schemas),
                None => {}
            }
        }
        Some(schemas)
    }

    /// `readOnly` is not sent, `writeOnly` does not come.
    fn belongs_elsewhere(&mut self, schemas: &[Part<'d>], side: Side) -> bool {
        let flag = match side {
            Side::Given => "writeOnly",
            Side::Taken => "readOnly",
        };
        schemas.iter().any(|part| keyword::flag(part.node, flag, self.to))
    }

    /// What a field that nobody names may be; `None` where there is no other.
    fn rest(&mut self, parts: &[Part<'d>], side: Side) -> Option<ShapeId> {
        let mut schemas = Vec::new();
        for node in parts.iter().map(|part| part.node) {
            let open = node.get("patternProperties").is_some();
            for key in ["additionalProperties", "unevaluatedProperties"] {
                match node.get(key) {
                    Some(schema) if is_false(schema) && !open => return None,
                    Some(schema) if !is_false(schema) => self.gather(schema, &mut schemas),
                    Some(_) | None => {}
                }
            }
        }
        Some(self.want(schemas, side))
    }

    /// A required field without a schema: anything, or whatever any other field is.
    fn unnamed(&mut self, name: &str, record: &RecordShape) -> Option<Field> {
        let known = record.fields.iter().any(|field| &*field.name == name);
        let shape = record.rest.filter(|_| !known)?;
        Some(Field { name: name.into(), shape, presence: Presence::Always, about: None })
    }
}

/// Every property that a part names, in document order.
fn property_names(parts: &[Part<'_>], to: &mut crate::text::Problems) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for part in parts {
        for (name, _) in keyword::map(part.node, "properties", to) {
            if seen.insert(name.text.as_str()) {
                names.push(name.text.as_str().into());
            }
        }
    }
    names
}

fn is_property(parts: &[Part<'_>], name: &str) -> bool {
    parts.iter().any(|part| part.node.get("properties").is_some_and(|properties| properties.get(name).is_some()))
}

fn is_false(schema: &Node) -> bool {
    matches!(schema.scalar().map(Scalar::plain), Some(Plain::Flag(false)))
}

fn about(schemas: &[Part<'_>]) -> Option<Arc<str>> {
    let said = |key: &str| schemas.iter().find_map(|part| part.node.get(key)?.scalar()).map(|scalar| scalar.text.trim());
    let text = said("description").or_else(|| said("title"))?;
    let line = text.lines().next().unwrap_or_default();
    Some(line.chars().take(ABOUT_CHARS_MOST).collect::<String>().into())
}
