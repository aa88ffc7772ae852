//! `test`, `sub`, `gsub`. A pattern is written out, so that it is compiled once and runs in linear time; look-around and
//! back-references cannot, and are refused by name.

use regex::RegexBuilder;
use regex_syntax::{
    ParserBuilder,
    hir::{Hir, HirKind},
};
use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Prepared, Result, Types};
use crate::{
    codes,
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind, Pattern, Reach, Replace},
    run::{Kinds, Outcome},
};

/// Bytes that a compiled pattern may take.
const PATTERN_BYTES_MOST: usize = 1 << 20;

/// `test`
pub static TEST: Function = Function {
    name: "test",
    takes: &["\"pattern\"", "\"pattern\"; \"flags\""],
    about: "Whether a text matches a pattern. Flags: `i` no case, `x` white space in the pattern is none.",
    example: [r#"test("^DE[0-9]+")"#, r#""DE123""#, "true"],
    ours: false,
    makes: Makes::Value { run: test, prepare: prepared, types: Types::of(Kinds::TEXT, Result::Flag).with(Kinds::TEXT.or(Kinds::NULL)) },
};

/// `sub`
pub static SUB: Function = Function {
    name: "sub",
    takes: &["\"pattern\"; with", "\"pattern\"; with; \"flags\""],
    about: "The text with the first match of a pattern replaced; named groups are seen as fields: `sub(\"(?<n>[0-9]+)\"; \"no \\(.n)\")`.",
    example: [r#"sub("^00"; "+")"#, r#""0049 30""#, r#""+49 30""#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| replace(lowering, at, arguments, false)),
};

/// `gsub`
pub static GSUB: Function = Function {
    name: "gsub",
    takes: &["\"pattern\"; with", "\"pattern\"; with; \"flags\""],
    about: "The text with every match of a pattern replaced.",
    example: [r#"gsub(" "; "")"#, r#""+49 30 1""#, r#""+49301""#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| replace(lowering, at, arguments, true)),
};

fn test<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let text = asked.text()?;
    asked.run.take_text(text.len(), asked.site)?;
    Ok(Value::Bool(match asked.prepared {
        Prepared::Pattern(Pattern::Literal(sought), _) => text.contains(&**sought),
        Prepared::Pattern(Pattern::Expression(expression, _), _) => expression.is_match(text),
        _ => false,
    }))
}

/// The pattern and the flags of a function that takes these and nothing else.
pub(super) fn prepared(lowering: &mut Lowering<'_>, at: Place, arguments: &[Op]) -> Prepared {
    match pattern(lowering, at, arguments.first(), arguments.get(1)) {
        Some((pattern, global)) => Prepared::Pattern(pattern, global),
        None => Prepared::Nothing,
    }
}

fn replace(lowering: &mut Lowering<'_>, at: Place, arguments: Vec<Op>, all: bool) -> Op {
    let mut arguments = arguments.into_iter();
    let (sought, with, flags) = (arguments.next(), arguments.next(), arguments.next());
    let made = pattern(lowering, at, sought.as_ref(), flags.as_ref());
    let (Some((pattern, global)), Some(with)) = (made, with) else { return lowering.op(at, false, OpKind::Empty) };
    if with.many {
        lowering.fault(&codes::MANY, at, "the replacement may give one result only", "take one: `first(..)`".to_string());
    }
    lowering.op(at, false, OpKind::Replace(Box::new(Replace { pattern, all: all || global, with })))
}

/// The compiled pattern, and whether its flags say "each".
fn pattern(lowering: &mut Lowering<'_>, at: Place, sought: Option<&Op>, flags: Option<&Op>) -> Option<(Pattern, bool)> {
    let Some(OpKind::Literal(Literal::Text(sought))) = sought.map(|op| &op.kind) else {
        let says = "a pattern is written out here, so that it is checked before anything runs";
        lowering.fault(&codes::PATTERN, at, says, "write the pattern as a text: `gsub(\" \"; \"\")`".to_string());
        return None;
    };
    let flags = match flags.map(|op| &op.kind) {
        None | Some(OpKind::Literal(Literal::Null)) => "",
        Some(OpKind::Literal(Literal::Text(flags))) => flags,
        Some(_) => {
            lowering.fault(&codes::PATTERN, at, "the flags of a pattern are written out", "write `test(\"..\"; \"i\")`".to_string());
            return None;
        }
    };
    if let Some(flag) = flags.chars().find(|flag| !"gix".contains(*flag)) {
        lowering.fault(&codes::PATTERN, at, format!("the flag `{flag}` of a pattern is not built"), "`g`, `i` and `x` are".to_string());
        return None;
    }
    let global = flags.contains('g');
    if flags.chars().all(|flag| flag == 'g') && !sought.is_empty() && regex_free(sought) {
        return Some((Pattern::Literal(sought.clone()), global));
    }
    compiled(lowering, at, sought, flags).map(|pattern| (pattern, global))
}

fn regex_free(text: &str) -> bool {
    !text.contains(['\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$', '#'])
}

fn compiled(lowering: &mut Lowering<'_>, at: Place, sought: &str, flags: &str) -> Option<Pattern> {
    if let Some((what, instead)) = beyond(sought) {
        lowering.fault(
            &codes::PATTERN,
            at,
            format!("{what} in a pattern does not run in linear time, or means another thing elsewhere"),
            instead.to_string(),
        );
        return None;
    }
    let mut builder = RegexBuilder::new(sought);
    builder.case_insensitive(flags.contains('i')).ignore_whitespace(flags.contains('x')).size_limit(PATTERN_BYTES_MOST);
    match builder.build() {
        Ok(expression) => Some(Pattern::Expression(Box::new(expression), reach(sought, flags))),
        Err(fault) => {
            let says = fault.to_string();
            let last = says.lines().last().unwrap_or("it cannot be read").trim_start_matches("error: ").to_string();
            lowering.fault(
                &codes::PATTERN,
                at,
                format!("the pattern is not accepted: {last}"),
                "a sign that means itself has two backslashes in front: `\\\\.`".to_string(),
            );
            None
        }
    }
}

/// Longest match of a pattern that is taken to look near.
const NEAR_BYTES_MOST: usize = 256;

fn reach(sought: &str, flags: &str) -> Reach {
    let mut parser = ParserBuilder::new();
    let parser = parser.case_insensitive(flags.contains('i')).ignore_whitespace(flags.contains('x'));
    match parser.build().parse(sought) {
        Ok(hir) if looks_near(&hir) => Reach::Near,
        Ok(_) | Err(_) => Reach::Far,
    }
}

/// What is short, and a greedy repetition of one character: the engine stops where that ends.
fn looks_near(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Capture(group) => looks_near(&group.sub),
        HirKind::Repetition(repeated) if repeated.greedy && matches!(repeated.sub.kind(), HirKind::Class(_) | HirKind::Literal(_)) => true,
        _ => hir.properties().maximum_len().is_some_and(|bytes| bytes <= NEAR_BYTES_MOST),
    }
}

/// What Oniguruma has and a linear engine has not, or reads otherwise.
fn beyond(pattern: &str) -> Option<(&'static str, &'static str)> {
    const LOOK: &str = "match what stands around it too, and put it back with a named group";
    let signs: [(&str, &str, &str); 15] = [
        ("(?=", "look-ahead", LOOK),
        ("(?!", "look-ahead", LOOK),
        ("(?<=", "look-behind", LOOK),
        ("(?<!", "look-behind", LOOK),
        ("(?>", "an atomic group", "write a plain group `(..)`"),
        ("(?P", "`(?P<name>..)`", "a named group is `(?<name>..)`"),
        ("(?m", "the flag `m`", "`[\\\\s\\\\S]` matches every character"),
        ("(?s", "the flag `s`", "`[\\\\s\\\\S]` matches every character"),
        ("\\G", "`\\G`", "write the pattern without it"),
        ("\\K", "`\\K`", "put what is kept back with a named group"),
        ("\\h", "`\\h`", "write `[0-9a-fA-F]`"),
        ("*+", "a possessive repetition", "write a plain one: `a*`"),
        ("++", "a possessive repetition", "write a plain one: `a+`"),
        ("?+", "a possessive repetition", "write a plain one: `a?`"),
        ("\\k", "a back-reference", "compare two named groups with `==`"),
    ];
    let found = signs.iter().find(|(sign, _, _)| pattern.contains(sign)).map(|(_, what, instead)| (*what, *instead));
    let back_reference = pattern.as_bytes().windows(2).any(|pair| pair[0] == b'\\' && (b'1'..=b'9').contains(&pair[1]));
    found.or_else(|| back_reference.then_some(("a back-reference", "compare two named groups with `==`")))
}
