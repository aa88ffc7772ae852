//! Operations declared by hand: `getThing: { get: /things/{id} }`.

use std::sync::Arc;

use spanwright_shape::{
    jsonschema::openapi::{Body, Document, Endpoint, Parameter, Place},
    shape::{Shape, TextFacets},
    text::{Problems, Scalar},
};

use super::operation::PathPart;
use crate::codes;

/// An endpoint for a method and a path of which the document knows nothing: what stands in braces is required, the rest
/// is open.
pub(super) fn endpoint(method: &'static str, path: &Scalar, document: &mut Document) -> Endpoint {
    let any = document.shapes.add(Shape::Any);
    let names = parts(&path.text).unwrap_or_default().into_iter().filter_map(|part| match part {
        PathPart::Parameter(name) => Some(name),
        PathPart::Text(_) => None,
    });
    let text = document.shapes.add(Shape::Text(TextFacets::default()));
    let number =
        document.shapes.add(Shape::Number(spanwright_shape::shape::NumberFacets::of(spanwright_shape::shape::NumberKind::Decimal)));
    let shape = document.shapes.add(Shape::OneOf(Box::new([text, number])));
    let parameters = names.map(|name| Parameter { name, place: Place::Path, required: true, explode: false, shape, about: None }).collect();
    let takes_body = matches!(method, "POST" | "PUT" | "PATCH");
    Endpoint {
        id: None,
        at: path.span,
        about: None,
        method,
        path: path.text.as_str().into(),
        parameters,
        body: takes_body.then(|| Body { shape: any, required: false, content_type: "application/json".into() }),
        answers: Vec::new(),
        unusable: None,
    }
}

/// Takes a path apart at its braces; `None` where they do not agree or it does not begin with `/`.
pub(super) fn parts(path: &str) -> Option<Vec<PathPart>> {
    let (mut parts, mut rest) = (Vec::new(), path);
    if !path.starts_with('/') || path.contains(['?', '#', ' ']) {
        return None;
    }
    while let Some((text, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}')?;
        if name.is_empty() || name.contains(['{', '/']) || text.contains('}') {
            return None;
        }
        parts.push(PathPart::Text(Arc::from(text)));
        parts.push(PathPart::Parameter(Arc::from(name)));
        rest = after;
    }
    if rest.contains('}') {
        return None;
    }
    parts.push(PathPart::Text(Arc::from(rest)));
    Some(parts)
}

/// The same, and says what is wrong.
pub(super) fn checked_parts(path: &Scalar, to: &mut Problems) -> Option<Vec<PathPart>> {
    let parts = parts(&path.text);
    if parts.is_none() {
        let help = "a path begins with `/` and has its parameters in braces: `/contacts/{id}`";
        to.error(&codes::PATH, path.span, format!("`{}` is no path", path.text), help.to_string());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart_at_its_braces() {
        let text = |text: &str| PathPart::Text(text.into());
        let parameter = |name: &str| PathPart::Parameter(name.into());
        assert_eq!(parts("/v1/ping"), Some(vec![text("/v1/ping")]));
        assert_eq!(parts("/a/{id}/b"), Some(vec![text("/a/"), parameter("id"), text("/b")]));
        assert_eq!(parts("/a/{x}-{y}"), Some(vec![text("/a/"), parameter("x"), text("-"), parameter("y"), text("")]));
        for none in ["a", "/a/{id", "/a/id}", "/a/{}", "/a/{b{c}}", "/a?x=1", "", "/a b"] {
            assert_eq!(parts(none), None, "{none}");
        }
    }
}
