//! Texts of a fixed length, for files and systems with columns.

use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Result, Types, types::nothing};
use crate::run::{Kinds, Stop, What, numbers};

/// Characters that a text is padded to at most.
const PAD_MOST: usize = 10_000;

const TYPES: Types = Types::of(Kinds::TEXT, Result::Text).with(Kinds::NUMBER.or(Kinds::TEXT)).can_fail();

/// `lpad`
pub static LPAD: Function = Function {
    name: "lpad",
    takes: &["length", "length; sign"],
    about: "The text with signs in front up to a length in characters: spaces, or another. A longer one stays as it is.",
    example: [r#"lpad(6; "0")"#, r#""501""#, r#""000501""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let (text, pad) = padded(asked)?;
            asked.run.joined(&[&pad, text], asked.site)
        },
        prepare: nothing,
        types: TYPES,
    },
};

/// `rpad`
pub static RPAD: Function = Function {
    name: "rpad",
    takes: &["length", "length; sign"],
    about: "The text with signs behind up to a length in characters: spaces, or another. A longer one stays as it is.",
    example: ["rpad(5)", r#""abc""#, r#""abc  ""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let (text, pad) = padded(asked)?;
            asked.run.joined(&[text, &pad], asked.site)
        },
        prepare: nothing,
        types: TYPES,
    },
};

fn padded<'a>(asked: &Asked<'a, '_>) -> std::result::Result<(&'a str, String), Stop> {
    let text = asked.text()?;
    let Value::Number(length) = asked.argument(0) else {
        return Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::NUMBER, got: asked.argument(0).kind() }));
    };
    let length = numbers::floor_i64(&length).and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= PAD_MOST);
    let length = length.ok_or_else(|| asked.stop(What::Argument("a text is padded to 0 to 10000 characters")))?;
    let sign = if asked.arguments.len() > 1 { asked.argument_text(1)? } else { " " };
    if sign.chars().count() != 1 {
        return Err(asked.stop(What::Argument("a text is padded with one character")));
    }
    asked.run.take_text(text.len(), asked.site)?;
    let missing = length.saturating_sub(text.chars().count());
    asked.run.take_text(missing * sign.len(), asked.site)?;
    Ok((text, sign.repeat(missing)))
}
