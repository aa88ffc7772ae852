//! Constants: YAML values as the JSON that is written, and as the shape that they have.

use std::{collections::HashMap, sync::Arc};

use spanwright_shape::{
    shape::{NumberFacets, NumberKind, Shape, ShapeId, Shapes, TextFacets},
    text::{Node, NodeKind, Plain, Problems, Scalar, did_you_mean, yaml},
};

use super::{
    MapContext,
    row::{Json, Table},
};
use crate::codes;

/// A YAML value as JSON.
pub fn json(node: &Node) -> Json {
    let mut out = Vec::new();
    spanwright_shape::json::write_node(node, &mut out);
    out.into()
}

/// A text as JSON.
pub fn quoted(text: &str, out: &mut Vec<u8>) {
    spanwright_shape::json::write(&spanwright_shape::value::Value::Text(text), out);
}

/// The shape of a constant: as narrow as it is.
pub fn shape(node: &Node, shapes: &mut Shapes) -> ShapeId {
    let shape = match &node.kind {
        NodeKind::Scalar(scalar) => match scalar.plain() {
            Plain::Null => Shape::Null,
            Plain::Flag(_) => Shape::Flag,
            Plain::Number(number) => Shape::Number(number_facets(number)),
            Plain::Text(text) => Shape::Text(one_of(vec![text.into()])),
        },
        NodeKind::List(_) => Shape::List(shapes.add(Shape::Any), (0, None)),
        NodeKind::Map(_) => Shape::Any,
    };
    shapes.add(shape)
}

fn number_facets(number: &str) -> NumberFacets {
    let whole = !number.contains(['.', 'e', 'E']);
    let kind = if whole { NumberKind::Integer { bits: 0 } } else { NumberKind::Decimal };
    NumberFacets { least: Some(number.into()), most: Some(number.into()), ..NumberFacets::of(kind) }
}

/// Texts, and no others.
pub fn one_of(texts: Vec<Arc<str>>) -> TextFacets {
    TextFacets { one_of: Some(texts.into()), ..TextFacets::default() }
}

/// A table as it was read, and what is known of it.
#[derive(Debug)]
pub struct Read<'n> {
    /// What runs.
    pub table: Table,
    /// The source values that it names, as keys.
    pub names: Vec<&'n str>,
    /// What it gives.
    pub shape: ShapeId,
}

/// Reads the mapping of a table.
pub fn table<'n>(node: &'n Node, otherwise: Option<&Node>, shapes: &mut Shapes, to: &mut Problems) -> Option<Read<'n>> {
    let NodeKind::Map(pairs) = &node.kind else {
        to.error(
            &codes::TABLE,
            node.span,
            "a table is a mapping of source values to constants",
            "write `{ A: active, B: blocked }`".to_string(),
        );
        return None;
    };
    let otherwise = otherwise.filter(|node| !says_fail(node));
    let mut map = HashMap::with_capacity(pairs.len());
    let mut arms = Vec::new();
    for (key, value) in pairs {
        map.insert(key.text.as_str().into(), json(value));
        arms.push(value);
    }
    arms.extend(otherwise);
    let shape = union(&arms, shapes);
    let names = pairs.iter().map(|(key, _)| key.text.as_str()).collect();
    Some(Read { table: Table { pairs: map, otherwise: otherwise.map(json) }, names, shape })
}

/// `otherwise: fail`; the text "fail" is quoted.
pub fn says_fail(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| scalar.style == spanwright_shape::text::Style::Plain && scalar.text == "fail")
}

/// All texts together are one enumeration.
fn union(arms: &[&Node], shapes: &mut Shapes) -> ShapeId {
    let texts: Option<Vec<Arc<str>>> = arms
        .iter()
        .map(|arm| match arm.scalar().map(Scalar::plain) {
            Some(Plain::Text(text)) => Some(Arc::from(text)),
            _ => None,
        })
        .collect();
    if let Some(mut texts) = texts {
        let mut seen = std::collections::HashSet::new();
        texts.retain(|text| seen.insert(text.clone()));
        return shapes.add(Shape::Text(one_of(texts)));
    }
    let ids: Vec<ShapeId> = arms.iter().map(|arm| shape(arm, shapes)).collect();
    crate::check::lattice::union(shapes, &ids)
}

/// The table of a file of the project: `table: tables/countries.yaml`.
pub fn file(path: &Scalar, context: &MapContext<'_>, to: &mut Problems) -> Option<Node> {
    let Some(found) = context.files.find(&path.text) else {
        let files = context.files.iter().map(|(_, path, _)| path);
        let help = did_you_mean(&path.text, files)
            .unwrap_or_else(|| "write the path from the project's folder, or the table itself: `{ A: active }`".to_string());
        to.error(&codes::TABLE, path.span, format!("there is no file `{}` in the project", path.text), help);
        return None;
    };
    yaml::read(context.files, found, to)
}
