//! Expressions over the items of a list, and over the results of an expression. All of them are forms.

use super::{Function, Makes, lists::mapped};
use crate::op::{Literal, Op, OpKind, Step, Way};

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
    about: "A record with each value changed, or left out where the expression gives nothing; records only, `map(..)` is for lists.",
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
        super::entries::WITH_ENTRIES.lower(lowering, at, vec![entry])
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
    about: "The first results of an expression, at most so many; the number is written out.",
    example: ["[limit(2; .[])]", "[1, 2, 3]", "[1,2]"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| {
        let mut arguments = arguments.into_iter();
        let (Some(most), Some(inner)) = (arguments.next(), arguments.next()) else { return lowering.op(at, false, OpKind::Empty) };
        if !matches!(most.kind, OpKind::Literal(Literal::Small(0.., 0))) {
            let says = "the number of `limit` is written out here";
            lowering.fault(&crate::codes::REFUSED, at, says, "write `limit(3; ..)`".to_string());
        }
        lowering.op(at, true, OpKind::Limit(most.into(), inner.into()))
    }),
};

/// `range`
pub static RANGE: Function = Function {
    name: "range",
    takes: &["to", "from; to", "from; to; by"],
    about: "Whole numbers from one up to, and without, another.",
    example: ["[range(1; 4)]", "null", "[1,2,3]"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| {
        if arguments.iter().any(|argument| argument.many) {
            lowering.fault(&crate::codes::MANY, at, "an argument of `range` may give one result only", "take one: `first(..)`".to_string());
        }
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
