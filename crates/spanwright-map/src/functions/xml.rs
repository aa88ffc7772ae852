//! Values of XML elements that carry attributes: the text is in `#text`, an attribute `x` in `@x`.

use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Nulls, Result, Types, types::nothing};
use crate::{
    op::{Literal, OpKind},
    run::{Kinds, Outcome},
};

/// `text`
pub static TEXT: Function = Function {
    name: "text",
    takes: &[""],
    about: "The value of an XML element, whether it carries attributes or not: `.CreditLimit | text`. Null where it has none.",
    example: ["text", r##"{"#text": 12.50, "@currency": "EUR"}"##, "12.50"],
    ours: true,
    makes: Makes::Value {
        run: text,
        prepare: nothing,
        types: Types {
            dot: Kinds::ALL.without(Kinds::LIST),
            nulls: Nulls::Taken,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, dot, _| checker.text_of(dot)),
            can_fail: false,
        },
    },
};

/// `attr`
pub static ATTR: Function = Function {
    name: "attr",
    takes: &["\"name\""],
    about: "An attribute of an XML element: `.CreditLimit | attr(\"currency\")`. Null where it has none.",
    example: [r#"attr("currency")"#, r##"{"#text": 12.50, "@currency": "EUR"}"##, r#""EUR""#],
    ours: true,
    makes: Makes::Value {
        run: attribute,
        prepare: |lowering, at, arguments| {
            if !matches!(arguments, [op] if matches!(op.kind, OpKind::Literal(Literal::Text(_)))) {
                lowering.fault(
                    &crate::codes::ARGUMENTS,
                    at,
                    "`attr` wants the name of an attribute",
                    "write `attr(\"currency\")`".to_string(),
                );
            }
            super::Prepared::Nothing
        },
        types: Types {
            dot: Kinds::ALL.without(Kinds::LIST),
            nulls: Nulls::Taken,
            arguments: Kinds::TEXT,
            gives: Result::Of(|checker, dot, arguments| checker.attribute_of(dot, arguments)),
            can_fail: false,
        },
    },
};

fn text<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    match asked.dot {
        Value::Record(_) => Ok(asked.dot.get("#text").unwrap_or(Value::Null)),
        Value::List(_) => Err(asked.wants(Kinds::ALL.without(Kinds::LIST))),
        scalar => Ok(scalar),
    }
}

fn attribute<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let name = asked.argument_text(0)?;
    match asked.dot {
        Value::Record(fields) => {
            let found = fields.iter().find(|(have, _)| have.strip_prefix('@') == Some(name));
            Ok(found.map_or(Value::Null, |(_, value)| *value))
        }
        Value::List(_) => Err(asked.wants(Kinds::ALL.without(Kinds::LIST))),
        _ => Ok(Value::Null),
    }
}
