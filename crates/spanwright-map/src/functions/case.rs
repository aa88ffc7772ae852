//! Letters of ASCII in one case; others stay as they are.

use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Nulls, Result, Types, types::nothing};
use crate::run::{Kinds, Outcome};

const TYPES: Types = Types { dot: Kinds::TEXT, nulls: Nulls::Fail, arguments: Kinds::NONE, gives: Result::Text, can_fail: false };

/// `ascii_downcase`
pub static ASCII_DOWNCASE: Function = Function {
    name: "ascii_downcase",
    takes: &[""],
    about: "The text with A to Z in lower case; other letters stay as they are.",
    example: ["ascii_downcase", r#""Anna@Example.COM""#, r#""anna@example.com""#],
    ours: false,
    makes: Makes::Value { run: |asked| cased(asked, str::make_ascii_lowercase), prepare: nothing, types: TYPES },
};

/// `ascii_upcase`
pub static ASCII_UPCASE: Function = Function {
    name: "ascii_upcase",
    takes: &[""],
    about: "The text with a to z in upper case; other letters stay as they are.",
    example: ["ascii_upcase", r#""b2b""#, r#""B2B""#],
    ours: false,
    makes: Makes::Value { run: |asked| cased(asked, str::make_ascii_uppercase), prepare: nothing, types: TYPES },
};

fn cased<'a>(asked: &Asked<'a, '_>, change: fn(&mut str)) -> Outcome<'a> {
    let text = asked.text()?;
    asked.run.take_text(text.len(), asked.site)?;
    let copy = asked.run.room().bump().alloc_str(text);
    change(copy);
    Ok(Value::Text(copy))
}
