//! OpenAPI 3.0 and 3.1: the operations of a document and the shapes of their parameters, bodies and answers.
//!
//! `servers` are not read: where a system is, its own `url:` says. What this version cannot send makes an
//! [`Endpoint`] *unusable* and is only said when somebody wants it, since a vendor's document has a hundred
//! operations of which a project calls three.

use std::sync::Arc;

use super::{Schemas, Side, codes, keyword};
use crate::{
    shape::{ShapeId, Shapes},
    text::{Code, Node, NodeKind, Problems, Span, did_you_mean},
};

mod body;
mod endpoint;
mod parameter;

pub use body::{Answer, Body};
pub use endpoint::Endpoint;
pub use parameter::{Parameter, Place};

/// What an OpenAPI document says, in shapes.
#[derive(Debug, Default)]
pub struct Document {
    /// The arena of all shapes below.
    pub shapes: Shapes,
    /// `components.schemas` by name: as given, as taken.
    pub types: Vec<(Arc<str>, ShapeId, ShapeId)>,
    /// Every operation, in document order.
    pub endpoints: Vec<Endpoint>,
}

/// Why an operation cannot be used by this version.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// Which kind.
    pub code: &'static Code,
    /// Where it stands.
    pub at: Span,
    /// In one sentence.
    pub says: String,
}

/// Reads a document. `None`: the problems say why.
pub fn read(document: &Node, to: &mut Problems) -> Option<Document> {
    is_openapi(document, to)?;
    let components = document.get("components").and_then(|components| components.get("schemas"));
    let mut schemas = Schemas::new(document, components, to);
    let types = components.map(keyword::pairs).unwrap_or_default();
    let types = types.iter().map(|(name, schema)| {
        let (given, taken) = (schemas.shape(schema, Side::Given), schemas.shape(schema, Side::Taken));
        (Arc::from(name.text.as_str()), given, taken)
    });
    let types = types.collect();
    let endpoints = endpoint::endpoints(document, &mut schemas);
    Some(Document { types, endpoints, shapes: schemas.finish() })
}

fn is_openapi(document: &Node, to: &mut Problems) -> Option<()> {
    let version = document.get("openapi").and_then(Node::scalar).map(|version| version.text.as_str());
    let says = match (version, document.get("swagger"), &document.kind) {
        (Some(version), _, _) if version.starts_with("3.0") || version.starts_with("3.1") => return Some(()),
        (Some(version), _, _) => format!("OpenAPI {version} is not read; 3.0 and 3.1 are"),
        (None, Some(_), _) => "a Swagger 2.0 document is not read; OpenAPI 3.0 and 3.1 are".to_string(),
        (None, None, NodeKind::Map(_) | NodeKind::List(_) | NodeKind::Scalar(_)) => {
            "this is no OpenAPI document: `openapi: 3.1.0` is missing".to_string()
        }
    };
    let help = did_you_mean("openapi", keyword::pairs(document).iter().map(|(key, _)| key.text.as_str()));
    let at = document.get("openapi").or(document.get("swagger")).map_or(document.span, |node| node.span);
    to.error(&codes::NOT_OPENAPI, Span { to: at.to.min(at.from + 80), ..at }, says, help);
    None
}

/// What a node that may be a `$ref` means.
fn meant<'d>(node: &'d Node, schemas: &mut Schemas<'d, '_>) -> Option<&'d Node> {
    match node.get("$ref") {
        Some(reference) => super::resolve(schemas.document, reference, schemas.to),
        None => Some(node),
    }
}

#[cfg(test)]
mod tests;
