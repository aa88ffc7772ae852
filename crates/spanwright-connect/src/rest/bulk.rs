//! `bulk:` proved against the document: where the items go and where their answers are.

use std::sync::Arc;

use spanwright_core::settings::BulkSettings;
use spanwright_shape::{
    json,
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes},
    text::{Problems, Scalar},
};

use super::operation::BulkPlan;
use crate::{
    bulk::{self, BulkAnswers, Given},
    codes,
    http::outcomes::Outcomes,
};

/// What a bulk operation is proved against.
pub(super) struct Context<'c> {
    pub(super) operation: &'c str,
    /// The whole request body.
    pub(super) body: Option<ShapeId>,
    /// The whole answer.
    pub(super) gives: ShapeId,
    pub(super) outcomes: &'c Outcomes,
}

/// The list within a request body.
struct Wrapping {
    item: ShapeId,
    most: Option<u32>,
    /// The field that holds it; `None`: the body is the list.
    field: Option<Arc<str>>,
}

/// Proves `bulk:`: how the items are sent, where that can be told, and the shape of one item, where that can be told.
/// What is missing has been said.
pub(super) fn compile(
    settings: &BulkSettings,
    context: &Context<'_>,
    shapes: &mut Shapes,
    to: &mut Problems,
) -> (Option<BulkPlan>, Option<ShapeId>) {
    let wrapping = wrapping(settings, context, shapes, to);
    if let Some(most) = wrapping.as_ref().and_then(|wrapping| wrapping.most).filter(|most| settings.most > *most) {
        let says = format!("the document allows {most} items in one request, and `most` is {}", settings.most);
        to.error(&codes::BULK_MOST, settings.at, says, format!("write `most: {most}`"));
    }
    let given = Given { answer: context.gives, outcomes: context.outcomes };
    let answers = bulk::check(settings, &given, shapes, to);
    let item = wrapping.as_ref().map(|wrapping| wrapping.item);
    let plan = wrapping.zip(answers).map(|(wrapping, answers)| plan(&wrapping, answers));
    (plan, item)
}

fn plan(wrapping: &Wrapping, answers: BulkAnswers) -> BulkPlan {
    let Some(field) = &wrapping.field else {
        return BulkPlan { before: "[".into(), behind: "]".into(), answers };
    };
    let mut name = Vec::new();
    json::write_text(field, &mut name);
    BulkPlan { before: format!("{{{}:[", String::from_utf8_lossy(&name)).into(), behind: "]}".into(), answers }
}

fn wrapping(settings: &BulkSettings, context: &Context<'_>, shapes: &mut Shapes, to: &mut Problems) -> Option<Wrapping> {
    let named = settings.items.as_ref();
    let found = match context.body.map(|body| shapes.get(body)) {
        None => Err("it takes no body".to_string()),
        Some(Shape::Any) => {
            let item = shapes.add(Shape::Any);
            Ok(Wrapping { item, most: None, field: named.map(|named| named.text.as_str().into()) })
        }
        Some(Shape::List(..)) if named.is_some() => Err("its body is the list, so there is no `items` to name".to_string()),
        Some(Shape::List(item, (_, most))) => Ok(Wrapping { item: *item, most: *most, field: None }),
        Some(Shape::Record(record)) => in_record(record, named, shapes),
        Some(_) => Err("its body is no list, and no record with one".to_string()),
    };
    let at = named.map_or(settings.at, |named| named.span);
    found.map_err(|why| to.error(&codes::BULK_BODY, at, format!("`{}` cannot carry many items: {why}", context.operation), None)).ok()
}

/// A list of a record, beside which nothing else may be required.
fn in_record(record: &RecordShape, named: Option<&Scalar>, shapes: &Shapes) -> Result<Wrapping, String> {
    let lists: Vec<_> = record.fields.iter().filter(|field| matches!(shapes.get(field.shape), Shape::List(..))).collect();
    let field = match named {
        Some(named) => {
            let found = lists.iter().copied().find(|field| *field.name == *named.text);
            found.ok_or_else(|| format!("its body has no list `{}`", named.text))?
        }
        None => only(&lists)?,
    };
    if let Some(other) = record.fields.iter().find(|other| other.presence == Presence::Always && other.name != field.name) {
        return Err(format!("its body needs `{}` beside the list `{}`", other.name, field.name));
    }
    match shapes.get(field.shape) {
        Shape::List(item, (_, most)) => Ok(Wrapping { item: *item, most: *most, field: Some(field.name.clone()) }),
        _ => Err("its body has no list".into()),
    }
}

/// The one list; of several the one that is required.
fn only<'l>(lists: &[&'l Field]) -> Result<&'l Field, String> {
    let required: Vec<_> = lists.iter().copied().filter(|field| field.presence == Presence::Always).collect();
    match (lists, required.as_slice()) {
        ([one], _) | (_, [one]) => Ok(one),
        ([], _) => Err("its body has no list".into()),
        _ => Err("its body has several lists, and `items` names none of them".into()),
    }
}
