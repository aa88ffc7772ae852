//! `answers:`, `match:` and `outcome:` of `bulk:`, proved against what the operation gives.

use std::sync::Arc;

use spanwright_core::settings::BulkSettings;
use spanwright_map::{Program, Scope};
use spanwright_shape::{
    shape::{Shape, ShapeId, Shapes},
    text::{Problems, Scalar},
};

use super::{BulkAnswers, EachAnswer};
use crate::{codes, http::outcomes::Outcomes};

/// What the answers are proved against.
pub(crate) struct Given<'g> {
    /// The shape of the whole answer.
    pub(crate) answer: ShapeId,
    /// What its words mean.
    pub(crate) outcomes: &'g Outcomes,
}

/// Proves `answers:`, `match:` and `outcome:`. What is wrong has been said.
pub(crate) fn check(settings: &BulkSettings, given: &Given<'_>, shapes: &mut Shapes, to: &mut Problems) -> Option<BulkAnswers> {
    if settings.answers.is_none() && settings.matched.is_none() && settings.outcome.is_none() {
        return Some(BulkAnswers::Whole);
    }
    let (list, all) = match &settings.answers {
        Some(text) => {
            let program = program(text, given.answer, shapes, to)?;
            let all = program.gives().shape;
            (Some(program), all)
        }
        None => (None, given.answer),
    };
    let item = item_of(all, settings, shapes, to)?;
    let matched = optional(&settings.matched, item, shapes, to);
    let outcome = optional(&settings.outcome, item, shapes, to);
    if let (Some(Some(program)), Some(text)) = (&outcome, &settings.outcome) {
        readable(program.gives().shape, text, given.outcomes, shapes, to);
    }
    Some(BulkAnswers::Each(Box::new(EachAnswer { list, matched: matched?, outcome: outcome?, atomic: settings.atomic })))
}

/// Nothing where nothing is written; `None` where it is wrong.
fn optional(text: &Option<Scalar>, dot: ShapeId, shapes: &mut Shapes, to: &mut Problems) -> Option<Option<Program>> {
    match text {
        None => Some(None),
        Some(text) => program(text, dot, shapes, to).map(Some),
    }
}

fn program(text: &Scalar, dot: ShapeId, shapes: &mut Shapes, to: &mut Problems) -> Option<Program> {
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
