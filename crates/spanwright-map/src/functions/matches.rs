//! What a pattern finds in a text: `match`, `capture`, `scan`, `splits`. Places are counted in characters, as in jq.

use std::ops::Range;

use regex::Captures;
use spanwright_shape::{number::Number, value::Value};

use super::{Asked, Function, Makes, Prepared, Result, Types, patterns, places::counted};
use crate::{
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind, Pattern, Reach},
    run::{Kinds, Outcome, Run, Stop},
};

const PATTERN: &[&str] = &["\"pattern\"", "\"pattern\"; \"flags\""];
const TYPES: Types = Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.any_list())).with(Kinds::TEXT.or(Kinds::NULL));

/// `match`
pub static MATCH: Function = Function {
    name: "match",
    takes: PATTERN,
    about: "Where a pattern matches: `{offset, length, string, captures}`, one for each match with the flag `g`, else for the first only.",
    example: [r#"match("[0-9]+") | .string"#, r#""A-42-7""#, r#""42""#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| each(lowering, at, arguments, &MATCHES, false)),
};

static MATCHES: Function = Function {
    name: "match",
    takes: PATTERN,
    about: "All matches.",
    example: [r#"[match("a")] | length"#, r#""a""#, "1"],
    ours: false,
    makes: Makes::Value {
        run: |asked| found_as(asked, false, record_of),
        prepare: patterns::prepared,
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.matches())).with(Kinds::TEXT.or(Kinds::NULL)),
    },
};

/// `capture`
pub static CAPTURE: Function = Function {
    name: "capture",
    takes: PATTERN,
    about: "The named groups of a match as a record; nothing where it does not match. With the flag `g` one for each match.",
    example: [r#"capture("(?<year>[0-9]{4})-(?<month>[0-9]{2})")"#, r#""2026-07-01""#, r#"{"year":"2026","month":"07"}"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| each(lowering, at, arguments, &CAPTURES, false)),
};

static CAPTURES: Function = Function {
    name: "capture",
    takes: PATTERN,
    about: "The named groups of all matches.",
    example: [r#"capture("(?<x>a)") | .x"#, r#""a""#, r#""a""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| found_as(asked, false, |asked, _, found| named(asked.run, found.pattern, found.groups.as_ref(), asked.site)),
        prepare: patterns::prepared,
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, arguments| checker.captures(arguments))).with(Kinds::TEXT.or(Kinds::NULL)),
    },
};

/// `scan`
pub static SCAN: Function = Function {
    name: "scan",
    takes: PATTERN,
    about: "Each match of a pattern: its text, or the list of its groups where it has any.",
    example: [r#"[scan("[0-9]+")]"#, r#""A-42-7""#, r#"["42","7"]"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| each(lowering, at, arguments, &SCANS, true)),
};

static SCANS: Function = Function {
    name: "scan",
    takes: PATTERN,
    about: "All matches.",
    example: [r#"[scan("a")]"#, r#""a""#, r#"["a"]"#],
    ours: false,
    makes: Makes::Value { run: |asked| found_as(asked, true, scanned), prepare: patterns::prepared, types: TYPES },
};

/// `splits`
pub static SPLITS: Function = Function {
    name: "splits",
    takes: PATTERN,
    about: "The parts of a text between the matches of a pattern, one after the other; as a list it is `split(\"pattern\"; null)`.",
    example: [r#"[splits(", *")]"#, r#""a, b,c""#, r#"["a","b","c"]"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| each(lowering, at, arguments, &PARTS, true)),
};

static PARTS: Function = Function {
    name: "splits",
    takes: PATTERN,
    about: "All parts.",
    example: [r#"[splits(",")]"#, r#""a""#, r#"["a"]"#],
    ours: false,
    makes: Makes::Value {
        run: parts,
        prepare: patterns::prepared,
        types: Types::of(Kinds::TEXT, Result::Texts).with(Kinds::TEXT.or(Kinds::NULL)),
    },
};

/// A match, and the groups of it where the pattern is more than a text.
pub(crate) struct Found<'a> {
    pattern: &'a Pattern,
    /// In bytes.
    pub(crate) range: Range<usize>,
    pub(crate) groups: Option<Captures<'a>>,
}

/// The results of a list one by one; at most one where the flags do not say "each".
fn each(lowering: &mut Lowering<'_>, at: Place, arguments: Vec<Op>, function: &'static Function, all: bool) -> Op {
    let list = function.lower(lowering, at, arguments);
    let global = all || matches!(&list.kind, OpKind::Call(_, _, Prepared::Pattern(_, true)));
    let results = lowering.op(at, true, OpKind::Iterate(list.into(), false));
    if global {
        return results;
    }
    let one = lowering.op(at, false, OpKind::Literal(Literal::Small(1, 0)));
    lowering.op(at, false, OpKind::Limit(one.into(), results.into()))
}

/// `split(re; flags)`: what stands between the matches.
pub(super) fn parts<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let text = asked.text()?;
    let Prepared::Pattern(pattern, _) = asked.prepared else { return Ok(Value::List(&[])) };
    let mut parts = asked.run.vec();
    let mut behind = 0;
    for found in found(asked.run, pattern, true, text, asked.site)? {
        asked.run.take_items(1, asked.site)?;
        parts.push(Value::Text(&text[behind..found.range.start]));
        behind = found.range.end;
    }
    parts.push(Value::Text(&text[behind..]));
    Ok(Value::List(parts.into_bump_slice()))
}

type Shown = for<'a, 'r> fn(&Asked<'a, 'r>, &'a str, &Found<'a>) -> Outcome<'a>;

fn found_as<'a>(asked: &Asked<'a, '_>, all: bool, shown: Shown) -> Outcome<'a> {
    let text = asked.text()?;
    let Prepared::Pattern(pattern, global) = asked.prepared else { return Ok(Value::List(&[])) };
    let mut made = Vec::new();
    for found in found(asked.run, pattern, all || *global, text, asked.site)? {
        made.push(shown(asked, text, &found)?);
    }
    asked.run.list(&made, asked.site)
}

/// Every match, or the first.
pub(crate) fn found<'a>(
    run: &Run<'a>,
    pattern: &'a Pattern,
    all: bool,
    text: &'a str,
    site: u32,
) -> std::result::Result<Vec<Found<'a>>, Stop> {
    run.take_text(text.len(), site)?;
    let most = if all { usize::MAX } else { 1 };
    let mut found = Vec::new();
    match pattern {
        Pattern::Literal(sought) => {
            for (at, _) in text.match_indices(&**sought).take(most) {
                run.take_items(1, site)?;
                found.push(Found { pattern, range: at..at + sought.len(), groups: None });
            }
        }
        Pattern::Expression(expression, reach) => {
            let mut at = 0;
            while found.len() < most
                && let Some(groups) = expression.captures_at(text, at)
                && let Some(whole) = groups.get(0)
            {
                run.take_items(4, site)?;
                let range = whole.range();
                let next = behind(text, range.clone());
                found.push(Found { pattern, range, groups: Some(groups) });
                let Some(next) = next else { break };
                if *reach == Reach::Far {
                    run.take_text(text.len() - next, site)?;
                }
                at = next;
            }
        }
    }
    Ok(found)
}

/// Where to look next: behind the match, and one character further where it was empty. An empty match may follow a longer one at once, as in jq.
fn behind(text: &str, found: Range<usize>) -> Option<usize> {
    if !found.is_empty() {
        return Some(found.end);
    }
    text[found.end..].chars().next().map(|next| found.end + next.len_utf8())
}

/// The named groups as a record.
pub(crate) fn named<'a>(run: &Run<'a>, pattern: &'a Pattern, groups: Option<&Captures<'a>>, site: u32) -> Outcome<'a> {
    let (Pattern::Expression(expression, _), Some(groups)) = (pattern, groups) else { return Ok(Value::Record(&[])) };
    let mut fields = Vec::new();
    for name in expression.capture_names().flatten() {
        fields.push((name, groups.name(name).map_or(Value::Null, |group| Value::Text(group.as_str()))));
    }
    run.record(&fields, site)
}

fn record_of<'a>(asked: &Asked<'a, '_>, text: &'a str, found: &Found<'a>) -> Outcome<'a> {
    let mut captures = Vec::new();
    if let (Some(groups), Pattern::Expression(expression, _)) = (&found.groups, found.pattern) {
        for (name, group) in expression.capture_names().zip(groups.iter()).skip(1) {
            let name = name.map_or(Value::Null, Value::Text);
            let range = group.map(|group| group.range());
            captures.push(place(asked, text, range, Some(name))?);
        }
    }
    let captures = asked.run.list(&captures, asked.site)?;
    let Value::Record(fields) = place(asked, text, Some(found.range.clone()), None)? else { return Ok(Value::Null) };
    let fields: Vec<_> = fields.iter().copied().chain([("captures", captures)]).collect();
    asked.run.record(&fields, asked.site)
}

/// `{offset, length, string}`, and the name of a group; a group that took no part is at -1.
fn place<'a>(asked: &Asked<'a, '_>, text: &'a str, range: Option<Range<usize>>, name: Option<Value<'a>>) -> Outcome<'a> {
    asked.run.take_text(range.as_ref().map_or(0, |range| range.end), asked.site)?;
    let (offset, length, string) = match range {
        None => (Number::int(-1), Number::int(0), Value::Null),
        Some(range) => {
            let found = &text[range.clone()];
            (counted(text[..range.start].chars().count()), counted(found.chars().count()), Value::Text(found))
        }
    };
    let fields = [("offset", Value::Number(offset)), ("length", Value::Number(length)), ("string", string)];
    let fields: Vec<_> = fields.into_iter().chain(name.map(|name| ("name", name))).collect();
    asked.run.record(&fields, asked.site)
}

fn scanned<'a>(asked: &Asked<'a, '_>, text: &'a str, found: &Found<'a>) -> Outcome<'a> {
    match &found.groups {
        Some(groups) if groups.len() > 1 => {
            let texts: Vec<Value<'a>> =
                groups.iter().skip(1).map(|group| group.map_or(Value::Null, |group| Value::Text(group.as_str()))).collect();
            asked.run.list(&texts, asked.site)
        }
        _ => Ok(Value::Text(&text[found.range.clone()])),
    }
}
