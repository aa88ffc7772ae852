//! What kind a value is, and values of one kind only.

use spanwright_shape::value::{Kind, Value};

use super::{Function, Makes, Nulls, Prepared, Result, Types, types::nothing};
use crate::{
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind},
    run::Kinds,
    syntax::Operator,
};

/// `type`
pub static TYPE: Function = Function {
    name: "type",
    takes: &[""],
    about: "`\"null\"`, `\"boolean\"`, `\"number\"`, `\"string\"`, `\"array\"` or `\"object\"`.",
    example: ["type", "[1]", r#""array""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| Ok(Value::Text(word(asked.dot.kind()))),
        prepare: nothing,
        types: Types { dot: Kinds::ALL, nulls: Nulls::Taken, arguments: Kinds::NONE, gives: Result::Text, can_fail: false },
    },
};

macro_rules! of_one_kind {
    ($name:ident $word:literal $kind:literal $about:literal $input:literal $output:literal) => {
        #[doc = $about]
        pub static $name: Function = Function {
            name: $word,
            takes: &[""],
            about: $about,
            example: [concat!("[.[] | ", $word, "]"), $input, $output],
            ours: false,
            makes: Makes::Form(|lowering, at, _| only(lowering, at, Operator::Equal, $kind)),
        };
    };
}

of_one_kind!(NULLS "nulls" "null" "The input where it is null." r#"[1, null]"# "[null]");
of_one_kind!(STRINGS "strings" "string" "The input where it is text." r#"[1, "a"]"# r#"["a"]"#);
of_one_kind!(NUMBERS "numbers" "number" "The input where it is a number." r#"[1, "a"]"# "[1]");
of_one_kind!(BOOLEANS "booleans" "boolean" "The input where it is a flag." r#"[1, true]"# "[true]");
of_one_kind!(ARRAYS "arrays" "array" "The input where it is a list." r#"[1, [2]]"# "[[2]]");
of_one_kind!(OBJECTS "objects" "object" "The input where it is a record." r#"[1, {"a": 2}]"# r#"[{"a":2}]"#);

/// `values`
pub static VALUES: Function = Function {
    name: "values",
    takes: &[""],
    about: "The input where it is not null.",
    example: ["[.[] | values]", "[1, null]", "[1]"],
    ours: false,
    makes: Makes::Form(|lowering, at, _| only(lowering, at, Operator::Unequal, "null")),
};

/// `scalars`
pub static SCALARS: Function = Function {
    name: "scalars",
    takes: &[""],
    about: "The input where it is no list and no record.",
    example: ["[.[] | scalars]", r#"[1, [2], "a", null]"#, r#"[1,"a",null]"#],
    ours: false,
    makes: Makes::Form(|lowering, at, _| of_two(lowering, at, Operator::Unequal, OpKind::And)),
};

/// `iterables`
pub static ITERABLES: Function = Function {
    name: "iterables",
    takes: &[""],
    about: "The input where it is a list or a record.",
    example: ["[.[] | iterables]", r#"[1, [2], {"a": 3}]"#, r#"[[2],{"a":3}]"#],
    ours: false,
    makes: Makes::Form(|lowering, at, _| of_two(lowering, at, Operator::Equal, OpKind::Or)),
};

/// `select(type == KIND)`
fn only(lowering: &mut Lowering<'_>, at: Place, operator: Operator, kind: &str) -> Op {
    let condition = is(lowering, at, operator, kind);
    lowering.op(at, false, OpKind::Select(condition.into()))
}

/// `select(type == "array" or type == "object")`, or its contrary.
fn of_two(lowering: &mut Lowering<'_>, at: Place, operator: Operator, both: fn(Box<Op>, Box<Op>) -> OpKind) -> Op {
    let (list, record) = (is(lowering, at, operator, "array"), is(lowering, at, operator, "object"));
    let condition = lowering.op(at, false, both(list.into(), record.into()));
    lowering.op(at, false, OpKind::Select(condition.into()))
}

/// `type == KIND`
fn is(lowering: &mut Lowering<'_>, at: Place, operator: Operator, kind: &str) -> Op {
    let kind_of = lowering.op(at, false, OpKind::Call(&TYPE, Box::new([]), Prepared::Nothing));
    let wanted = lowering.op(at, false, OpKind::Literal(Literal::Text(kind.into())));
    lowering.op(at, false, OpKind::Binary(operator, kind_of.into(), wanted.into()))
}

/// jq's word for a kind.
pub fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Flag => "boolean",
        Kind::Number => "number",
        Kind::Text => "string",
        Kind::List => "array",
        Kind::Record => "object",
    }
}
