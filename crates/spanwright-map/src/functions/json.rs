//! Values out of texts that hold them.

use spanwright_shape::{json, value::Value};

use super::{Asked, Function, Makes, Result, Types, types::nothing};
use crate::run::{Kinds, Outcome, What};

/// `fromjson`
pub static FROMJSON: Function = Function {
    name: "fromjson",
    takes: &[""],
    about: "The value of a text that holds JSON, such as a field in which a system keeps a document.",
    example: ["fromjson", r#""{\"a\":[1.50]}""#, r#"{"a":[1.50]}"#],
    ours: false,
    makes: Makes::Value {
        run: from_json,
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.shapes.add(spanwright_shape::shape::Shape::Any))).can_fail(),
    },
};

/// `toboolean`
pub static TOBOOLEAN: Function = Function {
    name: "toboolean",
    takes: &[""],
    about: "The flag that `\"true\"` or `\"false\"` spells; other spellings fail, so name yours: `.x == \"X\"`.",
    example: ["toboolean", r#""true""#, "true"],
    ours: false,
    makes: Makes::Value {
        run: |asked| match asked.dot {
            Value::Bool(_) => Ok(asked.dot),
            Value::Text("true") => Ok(Value::Bool(true)),
            Value::Text("false") => Ok(Value::Bool(false)),
            Value::Text(_) => Err(asked.stop(What::Argument("the text is neither `true` nor `false`"))),
            _ => Err(asked.wants(Kinds::TEXT.or(Kinds::FLAG))),
        },
        prepare: nothing,
        types: Types::of(Kinds::TEXT.or(Kinds::FLAG), Result::Flag).can_fail(),
    },
};

/// The values are not larger than their text by more than a known factor, so the text's length is what is counted.
fn from_json<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let text = asked.text()?;
    asked.run.take_items(text.len() / 2, asked.site)?;
    json::read(text.as_bytes(), asked.run.room()).map_err(|_| asked.stop(What::Argument("the text is no JSON")))
}
