//! Expressions over the items of a list, and over the results of an expression. All of them are forms.

use super::{Function, Makes, Nulls, Result, Types, lists::mapped};
use crate::{
    op::{Literal, Op, OpKind, Quantifier, Step, Way},
    run::Kinds,
};

/// `map`
pub static MAP: Function = Function {
    name: "map",
    takes: &["f"],
    about: "`[.[] | f]`: a list of what an expression gives for each item; an item for which it gives nothing is left out.",
    example: ["map(. + 1)", "[1, 2]", "[2,3]"],
    ours: false,
    makes: Makes::Form(|lowering, at, mut arguments| match arguments.pop() {
        Some(inner) => mapped(lowering, at, inner),
        None => lowering.op(at, false, OpKind::Empty),
    }),
};

/// `map_values`
pub static MAP_VALUES: Function = Function {
    name: "map_values",
    takes: &["f"],
    about: "A record, or a list, with each value changed, or left out where the expression gives nothing; of many results the first counts.",
    example: ["map_values(. + 1)", r#"{"a": 1}"#, r#"{"a":2}"#],
    ours: false,
    makes: Makes::Form(|lowering, at, mut arguments| {
        let Some(inner) = arguments.pop() else { return lowering.op(at, false, OpKind::Empty) };
        let literal =
            |lowering: &mut crate::lower::Lowering<'_>, text: &str| lowering.op(at, false, OpKind::Literal(Literal::Text(text.into())));
        let key = key_step(lowering, at, "key");
        let value = key_step(lowering, at, "value");
        let changed = lowering.op(at, inner.many, OpKind::Pipe(value.into(), inner.into()));
        let one = lowering.op(at, false, OpKind::Literal(Literal::Small(1, 0)));
        let first = lowering.op(at, false, OpKind::Limit(one.into(), changed.into()));
        let fields = Box::new([(literal(lowering, "key"), key), (literal(lowering, "value"), first)]);
        let entry = lowering.op(at, false, OpKind::Record(fields));
        let entries = super::entries::TO_ENTRIES.lower(lowering, at, Vec::new());
        let changed = mapped(lowering, at, entry);
        let list = lowering.op(at, false, OpKind::Pipe(entries.into(), changed.into()));
        lowering.op(at, false, OpKind::Call(&super::entries::REBUILT, Box::new([list]), super::Prepared::Nothing))
    }),
};

fn key_step(lowering: &mut crate::lower::Lowering<'_>, at: crate::lower::Place, name: &str) -> Op {
    let dot = lowering.op(at, false, OpKind::Dot);
    let site = dot.site;
    let step = Step { way: Way::Key(name.into(), std::sync::atomic::AtomicU32::new(0)), optional: false, site };
    lowering.op(at, false, OpKind::Path(dot.into(), Box::new([step])))
}

/// `select`
pub static SELECT: Function = Function {
    name: "select",
    takes: &["condition"],
    about: "The input where a condition holds, nothing where it does not.",
    example: [r#"map(select(.kind == "BILL"))"#, r#"[{"kind":"BILL"},{"kind":"SHIP"}]"#, r#"[{"kind":"BILL"}]"#],
    ours: false,
    makes: Makes::Form(|lowering, at, mut arguments| match arguments.pop() {
        Some(condition) => {
            let many = condition.many;
            lowering.op(at, many, OpKind::Select(condition.into()))
        }
        None => lowering.op(at, false, OpKind::Empty),
    }),
};

/// `empty`
pub static EMPTY: Function = Function {
    name: "empty",
    takes: &[""],
    about: "Nothing: a field whose expression gives nothing is left out.",
    example: ["[1, empty, 2]", "null", "[1,2]"],
    ours: false,
    makes: Makes::Form(|lowering, at, _| lowering.op(at, false, OpKind::Empty)),
};

/// `first`
pub static FIRST: Function = Function {
    name: "first",
    takes: &["", "f"],
    about: "The first item of a list, null where it is empty; `first(f)` is the first result of an expression, nothing where it has none.",
    example: ["first(.[] | select(. > 1))", "[1, 2, 3]", "2"],
    ours: false,
    makes: Makes::Form(|lowering, at, mut arguments| match arguments.pop() {
        Some(inner) => {
            let one = lowering.op(at, false, OpKind::Literal(Literal::Small(1, 0)));
            lowering.op(at, false, OpKind::Limit(one.into(), inner.into()))
        }
        None => item(lowering, at, 0),
    }),
};

/// `last`
pub static LAST: Function = Function {
    name: "last",
    takes: &["", "f"],
    about: "The last item of a list, null where it is empty; `last(f)` is the last result of an expression, nothing where it has none.",
    example: ["last", "[1, 2, 3]", "3"],
    ours: false,
    makes: Makes::Form(|lowering, at, mut arguments| match arguments.pop() {
        Some(inner) => lowering.op(at, false, OpKind::Last(inner.into())),
        None => item(lowering, at, -1),
    }),
};

/// `limit`
pub static LIMIT: Function = Function {
    name: "limit",
    takes: &["n; f"],
    about: "The first results of an expression, at most so many. It does not look further than it must.",
    example: ["[limit(2; .[])]", "[1, 2, 3]", "[1,2]"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| {
        let mut arguments = arguments.into_iter();
        let (Some(most), Some(inner)) = (arguments.next(), arguments.next()) else { return lowering.op(at, false, OpKind::Empty) };
        let one = matches!(most.kind, OpKind::Literal(Literal::Small(1, 0)));
        let many = !one && (inner.many || most.many);
        lowering.op(at, many, OpKind::Limit(most.into(), inner.into()))
    }),
};

/// `skip`
pub static SKIP: Function = Function {
    name: "skip",
    takes: &["n; f"],
    about: "The results of an expression without the first so many.",
    example: ["[skip(1; .[])]", "[1, 2, 3]", "[2,3]"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| {
        let mut arguments = arguments.into_iter();
        let (Some(least), Some(inner)) = (arguments.next(), arguments.next()) else { return lowering.op(at, false, OpKind::Empty) };
        let many = least.many || inner.many;
        lowering.op(at, many, OpKind::Skip(least.into(), inner.into()))
    }),
};

/// `nth`
pub static NTH: Function = Function {
    name: "nth",
    takes: &["n", "n; f"],
    about: "An item of a list by its number, the first is 0: `.[n]`. `nth(n; f)` is that result of an expression, nothing where there are fewer.",
    example: ["nth(1; .[])", "[1, 2, 3]", "2"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| {
        let mut arguments = arguments.into_iter();
        match (arguments.next(), arguments.next()) {
            (Some(slot), None) => {
                let dot = lowering.op(at, false, OpKind::Dot);
                let (site, many) = (dot.site, slot.many);
                let step = Step { way: Way::Computed(slot), optional: false, site };
                lowering.op(at, many, OpKind::Path(dot.into(), Box::new([step])))
            }
            (Some(slot), Some(inner)) => {
                if slot.many {
                    let says = "the number of `nth` may give one result only";
                    lowering.fault(&crate::codes::MANY, at, says, "take one: `first(..)`".to_string());
                }
                let one = lowering.op(at, false, OpKind::Literal(Literal::Small(1, 0)));
                let rest = lowering.op(at, inner.many, OpKind::Skip(slot.into(), inner.into()));
                lowering.op(at, false, OpKind::Limit(one.into(), rest.into()))
            }
            (None, _) => lowering.op(at, false, OpKind::Empty),
        }
    }),
};

/// `isempty`
pub static ISEMPTY: Function = Function {
    name: "isempty",
    takes: &["f"],
    about: "Whether an expression gives nothing. It looks at the first result only.",
    example: ["isempty(.[])", "[]", "true"],
    ours: false,
    makes: Makes::Form(|lowering, at, mut arguments| match arguments.pop() {
        Some(inner) => {
            let never = lowering.op(at, false, OpKind::Literal(Literal::Flag(false)));
            lowering.op(at, false, OpKind::Quantify(Quantifier::All, inner.into(), never.into()))
        }
        None => lowering.op(at, false, OpKind::Empty),
    }),
};

/// `error`
pub static ERROR: Function = Function {
    name: "error",
    takes: &["", "message"],
    about: "Fails with a message; `try .. catch .` gets it back. It is shown and logged: write words for people and no data of theirs.",
    example: [r#"try error("no price") catch ."#, "null", r#""no price""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let raised = if asked.arguments.is_empty() { asked.dot } else { asked.argument(0) };
            let json = asked.run.to_json(raised, asked.site)?;
            Err(asked.stop(crate::run::What::Raised(json.to_string())))
        },
        prepare: super::types::nothing,
        types: Types {
            dot: Kinds::ALL,
            nulls: Nulls::Taken,
            arguments: Kinds::ALL,
            gives: Result::Of(|checker, _, _| checker.shapes.add(spanwright_shape::shape::Shape::Never)),
            can_fail: true,
        },
    },
};

/// `range`
pub static RANGE: Function = Function {
    name: "range",
    takes: &["to", "from; to", "from; to; by"],
    about: "Numbers from one up to, and without, another; by a step, which may be a fraction or negative.",
    example: ["[range(1; 4)]", "null", "[1,2,3]"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| {
        let mut number = |n| lowering.op(at, false, OpKind::Literal(Literal::Small(n, 0)));
        let (zero, one) = (number(0), number(1));
        let mut arguments = arguments.into_iter();
        let bounds = match (arguments.next(), arguments.next(), arguments.next()) {
            (Some(to), None, _) => [zero, to, one],
            (Some(from), Some(to), by) => [from, to, by.unwrap_or(one)],
            (None, ..) => return lowering.op(at, false, OpKind::Empty),
        };
        lowering.op(at, true, OpKind::Range(Box::new(bounds)))
    }),
};

fn item(lowering: &mut crate::lower::Lowering<'_>, at: crate::lower::Place, slot: i64) -> Op {
    let dot = lowering.op(at, false, OpKind::Dot);
    let site = dot.site;
    lowering.op(at, false, OpKind::Path(dot.into(), Box::new([Step { way: Way::Item(slot), optional: false, site }])))
}
