//! Parameters in path, query and header.

use std::sync::Arc;

use super::{Schemas, Side, Unusable, codes, keyword, meant};
use crate::{
    shape::{Shape, ShapeId},
    text::{Node, NodeKind},
};

/// Headers that parameters may not describe (OpenAPI 3.1, section 4.8.12.1): other parts of the document do.
const NOT_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// Something that an operation can be given beside its body.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// As the document spells it.
    pub name: Arc<str>,
    /// Where it goes.
    pub place: Place,
    /// Whether it must be there.
    pub required: bool,
    /// Lists: `a=1&a=2` rather than `a=1,2`.
    pub explode: bool,
    /// What it may be.
    pub shape: ShapeId,
    /// Its description.
    pub about: Option<Arc<str>>,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the braces of the path.
    Path,
    /// Behind the `?`.
    Query,
    /// In a header of its name.
    Header,
}

/// The operation's own parameters, then those of its path that it does not replace.
pub(super) fn parameters<'d>(
    operation: &'d Node,
    item: &'d Node,
    schemas: &mut Schemas<'d, '_>,
    unusable: &mut Option<Unusable>,
) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for owner in [operation, item] {
        for node in keyword::list(owner, "parameters", schemas.to) {
            let Some(node) = meant(node, schemas) else { continue };
            let Some(parameter) = parameter(node, schemas, unusable) else { continue };
            if !parameters.iter().any(|other| other.name == parameter.name && other.place == parameter.place) {
                parameters.push(parameter);
            }
        }
    }
    parameters
}

fn parameter<'d>(node: &'d Node, schemas: &mut Schemas<'d, '_>, unusable: &mut Option<Unusable>) -> Option<Parameter> {
    let name = keyword::text(node, "name", schemas.to)?;
    let required = keyword::flag(node, "required", schemas.to);
    let (place, style) = match keyword::text(node, "in", schemas.to)? {
        "path" => (Place::Path, "simple"),
        "query" => (Place::Query, "form"),
        "header" if NOT_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) => return None,
        "header" => (Place::Header, "simple"),
        other => return refuse(node, format!("`{name}` goes into the {other}, which is not built yet"), required, unusable),
    };
    let written = keyword::text(node, "style", schemas.to).unwrap_or(style);
    if written != style {
        return refuse(node, format!("`{name}` has the style `{written}`, which is not built yet"), required, unusable);
    }
    if node.get("content").is_some() {
        return refuse(node, format!("`{name}` is written as a document of its own, which is not built yet"), required, unusable);
    }
    let shape = match node.get("schema") {
        Some(schema) => schemas.shape(schema, Side::Taken),
        None => schemas.shapes().add(Shape::Any),
    };
    let explode = if node.get("explode").is_some() { keyword::flag(node, "explode", schemas.to) } else { place == Place::Query };
    let about = keyword::text(node, "description", schemas.to).and_then(|text| text.trim().lines().next()).map(Arc::from);
    Some(Parameter { name: name.into(), place, required: required || place == Place::Path, explode, shape, about })
}

/// What cannot be sent is left out; where it must be there, so is the operation.
fn refuse(node: &Node, says: String, required: bool, unusable: &mut Option<Unusable>) -> Option<Parameter> {
    let at = match &node.kind {
        NodeKind::Map(pairs) => pairs.first().map_or(node.span, |(_, value)| value.span),
        NodeKind::Scalar(_) | NodeKind::List(_) => node.span,
    };
    if required && unusable.is_none() {
        *unusable = Some(Unusable { code: &codes::PARAMETER, at, says: format!("the parameter {says}") });
    }
    None
}
