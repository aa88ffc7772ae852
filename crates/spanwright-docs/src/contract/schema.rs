//! Shapes as JSON Schema 2020-12, as OpenAPI 3.1 has it.

use std::collections::{BTreeMap, BTreeSet};

use spanwright_shape::shape::{
    Format, NumberFacets, NumberKind, Presence, RecordShape, Shape, ShapeId, ShapeRef, Shapes, TextFacets, Zone,
};

use crate::tree::{Tree, number, record, text, texts};

/// Records inside each other that are written out; below stands "anything".
const DEPTH_MOST: usize = 16;

/// The schema of a shape. What a schema cannot say is left open: it never allows less than the shape.
pub fn of(shape: &ShapeRef) -> Tree {
    schema(&shape.shapes, shape.id, 0)
}

/// Whether a value of it may be null.
pub fn may_be_null(shape: &ShapeRef) -> bool {
    match shape.shapes.get(shape.id) {
        Shape::Any | Shape::Null => true,
        Shape::OneOf(arms) => arms.iter().any(|arm| matches!(shape.shapes.get(*arm), Shape::Null | Shape::Any)),
        _ => false,
    }
}

fn schema(shapes: &Shapes, id: ShapeId, depth: usize) -> Tree {
    if depth > DEPTH_MOST {
        return record([]);
    }
    match shapes.get(id) {
        Shape::Any => record([]),
        Shape::Never => record([("not", record([]))]),
        Shape::Null => record([("type", text("null"))]),
        Shape::Flag => record([("type", text("boolean"))]),
        Shape::Number(facets) => of_number(facets),
        Shape::Text(facets) => of_text(facets),
        Shape::List(item, (least, most)) => {
            let list = record([("type", text("array")), ("items", schema(shapes, *item, depth + 1))]);
            list.with("minItems", (*least > 0).then(|| number(least))).with("maxItems", most.map(number))
        }
        Shape::Record(shape) => of_record(shapes, shape, depth),
        Shape::OneOf(arms) => record([("anyOf", Tree::List(arms.iter().map(|arm| schema(shapes, *arm, depth + 1)).collect()))]),
    }
}

fn of_record(shapes: &Shapes, shape: &RecordShape, depth: usize) -> Tree {
    let described = |about: &Option<std::sync::Arc<str>>| about.as_ref().map(|about| text(&**about));
    let field = |field: &spanwright_shape::shape::Field| {
        (field.name.to_string(), schema(shapes, field.shape, depth + 1).with("description", described(&field.about)))
    };
    let required: Vec<String> =
        shape.fields.iter().filter(|field| field.presence == Presence::Always).map(|field| field.name.to_string()).collect();
    let made = record([("type", text("object"))]);
    let made = made.with("properties", (!shape.fields.is_empty()).then(|| Tree::Record(shape.fields.iter().map(field).collect())));
    let made = made.with("required", (!required.is_empty()).then(|| texts(required)));
    made.with("additionalProperties", shape.rest.map(|rest| schema(shapes, rest, depth + 1)))
}

fn of_number(facets: &NumberFacets) -> Tree {
    let kind = if matches!(facets.kind, NumberKind::Integer { .. }) { "integer" } else { "number" };
    let (least, most) = facets.range();
    record([("type", text(kind))]).with("minimum", least.map(number)).with("maximum", most.map(number))
}

fn of_text(facets: &TextFacets) -> Tree {
    let format = match facets.format {
        Format::Date(Zone::Never) => Some("date"),
        Format::DateTime(Zone::Must) => Some("date-time"),
        Format::Email => Some("email"),
        Format::Uri => Some("uri"),
        Format::Uuid => Some("uuid"),
        Format::Plain | Format::Date(_) | Format::Time(_) | Format::DateTime(_) | Format::Base64 => None,
    };
    let made = record([("type", text("string"))]).with("format", format.map(text));
    let made = made.with("minLength", facets.shortest.map(number)).with("maxLength", facets.longest.map(number));
    let made = made.with("contentEncoding", (facets.format == Format::Base64).then(|| text("base64")));
    made.with("enum", facets.one_of.as_ref().map(|words| texts(words.iter().map(|word| &**word))))
}

/// What is known of a body of which only the fields that are read are known: `.order.id`, `.lines[].sku`.
pub fn of_paths(paths: &BTreeSet<String>, always: &BTreeSet<String>) -> Tree {
    let mut root = Known::default();
    paths.iter().chain(always).for_each(|path| root.add(path, false));
    always.iter().for_each(|path| root.add(path, true));
    if root.fields.is_empty() && !root.list { record([]) } else { root.schema() }
}

#[derive(Default)]
struct Known {
    fields: BTreeMap<String, Known>,
    list: bool,
    required: bool,
    key: bool,
}

impl Known {
    fn add(&mut self, path: &str, required: bool) {
        let mut at = self;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let name = step.trim_end_matches("[]").trim_matches('"');
            if name.is_empty() {
                at.list = true;
                continue;
            }
            at = at.fields.entry(name.to_string()).or_default();
            at.required |= required;
            at.list |= step.ends_with("[]");
        }
        at.key |= required;
    }

    fn schema(&self) -> Tree {
        if self.key {
            // A key is text that is not empty, or a number.
            return record([("type", texts(["string", "number"])), ("minLength", number(1))]);
        }
        if self.fields.is_empty() {
            return record([]);
        }
        let required: Vec<&String> = self.fields.iter().filter(|(_, known)| known.required).map(|(name, _)| name).collect();
        let required = (!required.is_empty()).then(|| texts(required.into_iter().cloned()));
        let properties = Tree::Record(self.fields.iter().map(|(name, known)| (name.clone(), known.schema())).collect());
        let of = |kind: Option<&str>| {
            let made = kind.map_or(record([]), |kind| record([("type", text(kind))]));
            made.with("properties", properties.clone()).with("required", required.clone())
        };
        // Only where something must be there is it certain that it is a record.
        let is_record = required.is_some();
        if self.list { record([]) } else { of(is_record.then_some("object")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &[&str], always: &[&str], expected: &str) {
        let set = |all: &[&str]| all.iter().map(|path| (*path).to_string()).collect();
        assert_eq!(of_paths(&set(paths), &set(always)).line(), expected);
    }

    #[test]
    fn what_is_read_is_known_and_what_is_not_is_open() {
        check(&["."], &[], "{}");
        check(&[".a.b", ".a.c"], &[], r#"{"properties": {"a": {"properties": {"b": {},"c": {}}}}}"#);
        check(
            &[".a"],
            &[".id"],
            r#"{"type": "object","properties": {"a": {},"id": {"type": ["string","number"],"minLength": 1}},"required": ["id"]}"#,
        );
    }
}
