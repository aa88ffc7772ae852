//! `bulk:` proved against the document: where the items go and where their answers are.

use std::sync::Arc;

use spanwright_core::settings::BulkSettings;
use spanwright_map::{Program, Scope};
use spanwright_shape::{
    json,
    shape::{Presence, RecordShape, Shape, ShapeId, Shapes},
    text::{Problems, Scalar},
};

use super::{
    operation::{BulkAnswers, BulkPlan, EachAnswer},
    outcomes::Outcomes,
};
use crate::codes;

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
    let answers = answers(settings, context, shapes, to);
    let item = wrapping.as_ref().map(|wrapping| wrapping.item);
    let plan = wrapping.zip(answers).map(|(wrapping, answers)| plan(&wrapping, answers, settings.atomic));
    (plan, item)
}

fn plan(wrapping: &Wrapping, answers: BulkAnswers, atomic: bool) -> BulkPlan {
    let Some(field) = &wrapping.field else {
        return BulkPlan { before: "[".into(), behind: "]".into(), answers, atomic };
    };
    let mut name = Vec::new();
    json::write_text(field, &mut name);
    BulkPlan { before: format!("{{{}:[", String::from_utf8_lossy(&name)).into(), behind: "]}".into(), answers, atomic }
}

fn wrapping(settings: &BulkSettings, context: &Context<'_>, shapes: &mut Shapes, to: &mut Problems) -> Option<Wrapping> {
    let found = match context.body.map(|body| shapes.get(body)) {
        None => Err("it takes no body".to_string()),
        Some(Shape::Any) => {
            let item = shapes.add(Shape::Any);
            Ok(Wrapping { item, most: None, field: None })
        }
        Some(Shape::List(item, (_, most))) => Ok(Wrapping { item: *item, most: *most, field: None }),
        Some(Shape::Record(record)) => in_record(record, shapes),
        Some(_) => Err("its body is no list, and no record with one".to_string()),
    };
    found
        .map_err(|why| to.error(&codes::BULK_BODY, settings.at, format!("`{}` cannot carry many items: {why}", context.operation), None))
        .ok()
}

/// The one list of a record; of several the one that is required. Nothing else may be required.
fn in_record(record: &RecordShape, shapes: &Shapes) -> Result<Wrapping, String> {
    let lists: Vec<_> = record.fields.iter().filter(|field| matches!(shapes.get(field.shape), Shape::List(..))).collect();
    let required: Vec<_> = lists.iter().copied().filter(|field| field.presence == Presence::Always).collect();
    let field = match (lists.as_slice(), required.as_slice()) {
        ([one], _) | (_, [one]) => *one,
        ([], _) => return Err("its body has no list".into()),
        _ => return Err("its body has several lists".into()),
    };
    if let Some(other) = record.fields.iter().find(|other| other.presence == Presence::Always && other.name != field.name) {
        return Err(format!("its body needs `{}` beside the list `{}`", other.name, field.name));
    }
    match shapes.get(field.shape) {
        Shape::List(item, (_, most)) => Ok(Wrapping { item: *item, most: *most, field: Some(field.name.clone()) }),
        _ => Err("its body has no list".into()),
    }
}

fn answers(settings: &BulkSettings, context: &Context<'_>, shapes: &mut Shapes, to: &mut Problems) -> Option<BulkAnswers> {
    if settings.answers.is_none() && settings.matched.is_none() && settings.outcome.is_none() {
        return Some(BulkAnswers::Whole);
    }
    let (list, all) = match &settings.answers {
        Some(text) => {
            let program = check(text, context.gives, shapes, to)?;
            let all = program.gives().shape;
            (Some(program), all)
        }
        None => (None, context.gives),
    };
    let item = item_of(all, settings, shapes, to)?;
    let matched = optional(&settings.matched, item, shapes, to);
    let outcome = optional(&settings.outcome, item, shapes, to);
    if let (Some(Some(program)), Some(text)) = (&outcome, &settings.outcome) {
        readable(program.gives().shape, text, context.outcomes, shapes, to);
    }
    Some(BulkAnswers::Each(Box::new(EachAnswer { list, matched: matched?, outcome: outcome? })))
}

/// Nothing where nothing is written; `None` where it is wrong.
fn optional(text: &Option<Scalar>, dot: ShapeId, shapes: &mut Shapes, to: &mut Problems) -> Option<Option<Program>> {
    match text {
        None => Some(None),
        Some(text) => check(text, dot, shapes, to).map(Some),
    }
}

fn check(text: &Scalar, dot: ShapeId, shapes: &mut Shapes, to: &mut Problems) -> Option<Program> {
    Program::check(text, &mut Scope { shapes, dot, names: Vec::new(), zone: None }, to)
}

/// The shape of one answer.
fn item_of(all: ShapeId, settings: &BulkSettings, shapes: &mut Shapes, to: &mut Problems) -> Option<ShapeId> {
    let (all, _) = shapes.without_null(all);
    match shapes.get(all) {
        Shape::List(item, _) => Some(*item),
        Shape::Any => Some(all),
        _ => {
            let at = settings.answers.as_ref().map_or(settings.at, |text| text.span);
            to.error(&codes::BULK_ANSWERS, at, "this is no list of answers", "write where the list is: `answers: .results`".to_string());
            None
        }
    }
}

/// A status, a flag, or texts that all have a meaning.
fn readable(shape: ShapeId, text: &Scalar, outcomes: &Outcomes, shapes: &mut Shapes, to: &mut Problems) {
    let (shape, _) = shapes.without_null(shape);
    match shapes.get(shape) {
        Shape::Any | Shape::Number(_) | Shape::Flag | Shape::OneOf(_) => {}
        Shape::Text(facets) => {
            let unknown = |value: &&Arc<str>| outcomes.of_text(value).is_none() && value.parse::<u16>().is_err();
            let missing: Vec<String> =
                facets.one_of.iter().flat_map(|values| values.iter()).filter(unknown).map(|value| format!("`{value}`")).collect();
            if !missing.is_empty() {
                let help = "say what each means under `outcomes:`: delivered, none, later, unknown or never";
                to.error(&codes::BULK_OUTCOME, text.span, format!("nothing says what {} means", missing.join(", ")), help.to_string());
            }
        }
        Shape::Null | Shape::Never | Shape::List(..) | Shape::Record(_) => {
            let help = "take the status, a flag or a text of the answer: `outcome: .status`";
            to.error(&codes::BULK_OUTCOME, text.span, "this is no status, no flag and no text", help.to_string());
        }
    }
}
