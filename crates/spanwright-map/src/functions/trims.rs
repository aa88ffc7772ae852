//! Texts without what stands around them.

use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Nulls, Result, Types, types::nothing};
use crate::run::{Kinds, Outcome};

const SPACE: Types = Types { dot: Kinds::TEXT, nulls: Nulls::Fail, arguments: Kinds::NONE, gives: Result::Text, can_fail: false };
const AFFIX: Types = Types { dot: Kinds::TEXT, nulls: Nulls::Fail, arguments: Kinds::TEXT, gives: Result::Text, can_fail: false };

/// `trim`
pub static TRIM: Function = Function {
    name: "trim",
    takes: &[""],
    about: "The text without white space at either end.",
    example: ["trim", r#""  Weber ""#, r#""Weber""#],
    ours: false,
    makes: Makes::Value { run: |asked| cut(asked, |text| text.trim_matches(is_space)), prepare: nothing, types: SPACE },
};

/// `ltrim`
pub static LTRIM: Function = Function {
    name: "ltrim",
    takes: &[""],
    about: "The text without white space in front.",
    example: ["ltrim", r#""  Weber ""#, r#""Weber ""#],
    ours: false,
    makes: Makes::Value { run: |asked| cut(asked, |text| text.trim_start_matches(is_space)), prepare: nothing, types: SPACE },
};

/// `rtrim`
pub static RTRIM: Function = Function {
    name: "rtrim",
    takes: &[""],
    about: "The text without white space behind.",
    example: ["rtrim", r#""  Weber ""#, r#""  Weber""#],
    ours: false,
    makes: Makes::Value { run: |asked| cut(asked, |text| text.trim_end_matches(is_space)), prepare: nothing, types: SPACE },
};

/// `ltrimstr`
pub static LTRIMSTR: Function = Function {
    name: "ltrimstr",
    takes: &["prefix"],
    about: "The text without a prefix, where it has it.",
    example: [r#"ltrimstr("ERP-")"#, r#""ERP-00501""#, r#""00501""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let (text, prefix) = (asked.text()?, asked.argument_text(0)?);
            Ok(Value::Text(text.strip_prefix(prefix).unwrap_or(text)))
        },
        prepare: nothing,
        types: AFFIX,
    },
};

/// `rtrimstr`
pub static RTRIMSTR: Function = Function {
    name: "rtrimstr",
    takes: &["suffix"],
    about: "The text without a suffix, where it has it.",
    example: [r#"rtrimstr(" GmbH")"#, r#""ACME GmbH""#, r#""ACME""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let (text, suffix) = (asked.text()?, asked.argument_text(0)?);
            Ok(Value::Text(text.strip_suffix(suffix).unwrap_or(text)))
        },
        prepare: nothing,
        types: AFFIX,
    },
};

/// `trimstr`
pub static TRIMSTR: Function = Function {
    name: "trimstr",
    takes: &["affix"],
    about: "The text without an affix at either end, where it has it.",
    example: [r#"trimstr("\"")"#, r#""\"quoted\"""#, r#""quoted""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let (text, affix) = (asked.text()?, asked.argument_text(0)?);
            let text = text.strip_prefix(affix).unwrap_or(text);
            Ok(Value::Text(text.strip_suffix(affix).unwrap_or(text)))
        },
        prepare: nothing,
        types: AFFIX,
    },
};

fn cut<'a>(asked: &Asked<'a, '_>, cut: fn(&str) -> &str) -> Outcome<'a> {
    Ok(Value::Text(cut(asked.text()?)))
}

/// White space as jq has it: that of Unicode.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}
