//! Request bodies and answers: JSON, or nothing that we read.

use std::sync::Arc;

use super::{Schemas, Side, Unusable, codes, keyword, meant};
use crate::{
    shape::{Shape, ShapeId},
    text::Node,
};

/// A JSON request body.
#[derive(Clone, Debug)]
pub struct Body {
    /// What it may be.
    pub shape: ShapeId,
    /// Whether it must be there.
    pub required: bool,
    /// `application/json`, `application/merge-patch+json`, ...
    pub content_type: Arc<str>,
}

/// One entry of `responses`.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `200`, `4XX`, `default`.
    pub status: Arc<str>,
    /// What its JSON body is, where it has one.
    pub shape: Option<ShapeId>,
    /// Whether it promises a body that is no JSON.
    pub other_content: bool,
}

impl Answer {
    /// Whether it is the answer of a call that happened.
    pub fn is_success(&self) -> bool {
        self.status.starts_with('2')
    }
}

pub(super) fn request<'d>(operation: &'d Node, schemas: &mut Schemas<'d, '_>, unusable: &mut Option<Unusable>) -> Option<Body> {
    let node = meant(operation.get("requestBody")?, schemas)?;
    let required = keyword::flag(node, "required", schemas.to);
    let content = keyword::map(node, "content", schemas.to);
    let Some((name, media)) = content.iter().find(|(name, _)| is_json(&name.text)) else {
        let kinds: Vec<&str> = content.iter().map(|(name, _)| name.text.as_str()).collect();
        let says = format!("its body is {}, and only JSON bodies are built yet", kinds.join(" or "));
        if required && unusable.is_none() {
            let at = content.first().map_or(node.span, |(name, _)| name.span);
            *unusable = Some(Unusable { code: &codes::CONTENT, at, says });
        }
        return None;
    };
    let content_type = if name.text.contains('*') { "application/json" } else { &name.text };
    Some(Body { shape: shape(media, Side::Taken, schemas), required, content_type: content_type.into() })
}

pub(super) fn answers<'d>(operation: &'d Node, schemas: &mut Schemas<'d, '_>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (status, node) in keyword::map(operation, "responses", schemas.to) {
        let Some(node) = meant(node, schemas) else { continue };
        let content = keyword::map(node, "content", schemas.to);
        let json = content.iter().find(|(name, _)| is_json(&name.text));
        let shape = json.map(|(_, media)| shape(media, Side::Given, schemas));
        let other_content = json.is_none() && !content.is_empty();
        answers.push(Answer { status: status.text.to_ascii_uppercase().replace("DEFAULT", "default").into(), shape, other_content });
    }
    answers
}

fn shape<'d>(media: &'d Node, side: Side, schemas: &mut Schemas<'d, '_>) -> ShapeId {
    match media.get("schema") {
        Some(schema) => schemas.shape(schema, side),
        None => schemas.shapes().add(Shape::Any),
    }
}

/// `application/json`, `*/*`, and every `+json`; parameters such as `charset` aside.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "application/json" | "*/*" | "application/*" | "text/json") || essence.ends_with("+json")
}
