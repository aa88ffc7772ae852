//! Text that is no YAML: which mistake it most likely is, and how to write it instead.
//!
//! Most of these are expressions that YAML read as its own: `"ERP-" + .Number` is a quoted text with something
//! behind it, `[.A, .B] | join(" ")` a list. The whole line is at hand here, so we can say what to write.

use crate::text::{FileId, Problem, Scalar, Span, Weight, codes};

/// The problem for a fault that the parser found at byte `at`.
pub fn problem(text: &str, file: FileId, at: usize, info: &str) -> Problem {
    let begin = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    let line = text[begin..end].trim_end();
    if info.contains("tab") {
        let tab = line.find('\t').map_or(at, |n| begin + n);
        let (says, help) = ("a tab cannot indent".to_string(), "indent with spaces".to_string());
        return error(&codes::TAB, file, tab..tab + 1, says, help);
    }
    match expression(line) {
        Some(from) if begin + from <= at => {
            let value = &line[from..];
            let says = format!("YAML reads {} for itself, so this is not one value", marks(value));
            let help = format!("quote the whole of it: '{}'", value.replace('\'', "''"));
            error(&codes::UNQUOTED, file, begin + from..begin + line.len(), says, help)
        }
        _ => error(&codes::UNPARSABLE, file, at..at + 1, format!("this is not YAML: {info}"), hint(info)),
    }
}

/// A plain value that YAML ended inside quotes, at a comma, a bracket or what it takes for a comment:
/// `{ take: test("a, b") }`, `name: .x | split(" #")`.
pub fn cut_short(text: &str, scalar: &Scalar) -> Option<Problem> {
    let quotes = |text: &str| text.matches('"').count();
    let behind = &text[scalar.span.to as usize..];
    let line = &behind[..behind.find('\n').unwrap_or(behind.len())];
    let by = line.trim_start().chars().next().filter(|c| matches!(c, ',' | '#' | ']' | '}'))?;
    if quotes(&scalar.text).is_multiple_of(2) || quotes(line).is_multiple_of(2) {
        return None;
    }
    let says = format!("YAML ends this value at `{by}`, inside quotes");
    let range = scalar.span.from as usize..scalar.span.to as usize;
    Some(error(&codes::UNQUOTED, scalar.span.file, range, says, "put the whole expression in single quotes".to_string()))
}

fn error(code: &'static crate::text::Code, file: FileId, at: std::ops::Range<usize>, says: String, help: String) -> Problem {
    let span = Span { file, from: at.start as u32, to: at.end as u32 };
    let help = Some(help).filter(|help| !help.is_empty());
    Problem { code, weight: Weight::Error, at: Some(span), says, help }
}

/// Where the value of `key: value` or `- value` begins, if it looks like an expression that YAML took apart.
fn expression(line: &str) -> Option<usize> {
    let key = line.find(": ").map(|n| n + 2);
    let item = line.find("- ").filter(|n| line[..*n].trim().is_empty()).map(|n| n + 2);
    let from = key.or(item)?;
    let value = line[from..].trim_start();
    let from = line.len() - value.len();
    let balanced = value.matches('"').count().is_multiple_of(2) && value.matches('\'').count().is_multiple_of(2);
    let opens = value.starts_with(['"', '\'', '[', '{', '%', '@', '`']);
    let inner = value.contains(": ");
    let operator = [" + ", " | ", " - ", " * ", " // ", " == "].iter().any(|operator| value.contains(operator));
    (balanced && (opens && operator || (inner && !opens) || value.starts_with(['%', '@', '`']))).then_some(from)
}

fn marks(value: &str) -> &'static str {
    match value.as_bytes().first() {
        Some(b'"' | b'\'') => "the first quotes",
        Some(b'[') => "`[..]`",
        Some(b'{') => "`{..}`",
        Some(b'%' | b'@' | b'`') => "the first character",
        _ => "`: `",
    }
}

fn hint(info: &str) -> String {
    let known = [
        ("unexpected end of stream", "a quote is opened here and never closed"),
        ("block sequence entries are not allowed", "begin the list on a line of its own"),
        ("expected key", "this line is indented differently from the keys above it"),
        ("expected '-'", "this line is indented like the list above it, but is no item of it"),
        ("illegal placement of ':'", "a `[` or `{` above this line is not closed"),
        ("expected ',' or ']'", "a `[` above is not closed, or a comma is missing"),
        ("expected ',' or '}'", "a `{` above is not closed, or a comma is missing"),
        ("unknown escape", "in double quotes a backslash is written `\\\\`; single quotes take it as it is"),
        ("unknown anchor", "aliases are not supported; text that begins with `*` is quoted"),
        ("mapping values are not allowed", "a key cannot stand here: look at the indentation of this line and the one above"),
    ];
    known.iter().find(|(part, _)| info.contains(part)).map(|(_, help)| (*help).to_string()).unwrap_or_default()
}
