//! Patterns of XML Schema (Part 2, appendix F) in the words of the regex crate, which is linear in time.
//!
//! The two dialects differ in a few places: a pattern speaks of the whole text, `^` and `$` are plain characters, `\i` and
//! `\c` are the characters of names, and a class is taken out of another one with `-[..]`. What cannot be said (blocks
//! such as `\p{IsBasicLatin}`) leaves the pattern unchecked, and the schema's own words are shown.

use std::sync::{Arc, OnceLock};

use regex::Regex;

/// Bytes that the program of one pattern may have.
const PATTERN_BYTES_MOST: usize = 1 << 20;

/// A pattern, compiled when it is first needed: most schemas have more of them than messages ever meet.
#[derive(Debug)]
pub struct Pattern {
    /// As the schema wrote it.
    pub written: Arc<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.written == other.written
    }
}

impl Eq for Pattern {}

impl Pattern {
    pub(super) fn new(written: Arc<str>) -> Pattern {
        Pattern { written, compiled: OnceLock::new() }
    }

    /// Whether a text has this pattern; one that we cannot say holds always.
    pub fn holds(&self, text: &str) -> bool {
        self.compiled.get_or_init(|| compile(&self.written)).as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

fn compile(written: &str) -> Option<Regex> {
    let inside = translate(written)?;
    regex::RegexBuilder::new(&format!("^(?:{inside})$")).size_limit(PATTERN_BYTES_MOST).build().ok()
}

/// Characters that begin a name, and that go on in one, as the inside of a class.
const BEGINS: &str = r"_:A-Za-z\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}-\x{200D}\x{2070}-\x{218F}\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}";
const GOES_ON: &str = r"\-.0-9\x{B7}\x{300}-\x{36F}\x{203F}-\x{2040}";

fn translate(written: &str) -> Option<String> {
    let mut out = String::with_capacity(written.len() + 16);
    let mut chars = written.chars().peekable();
    // Classes inside one another: `[a-z-[aeiou]]`.
    let mut depth = 0usize;
    let mut first = false;
    while let Some(c) = chars.next() {
        let opened = std::mem::take(&mut first);
        match c {
            '\\' => escape(chars.next()?, depth > 0, &mut out)?,
            '[' => {
                depth += 1;
                first = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            '-' if depth > 0 && chars.peek() == Some(&'[') => out.push_str("--"),
            // A hyphen at the edge of a class is one.
            '-' if depth > 0 && (opened || chars.peek() == Some(&']')) => out.push_str("\\-"),
            '^' | '$' if depth == 0 => {
                out.push('\\');
                out.push(c);
            }
            '&' | '~' if depth > 0 => {
                out.push('\\');
                out.push(c);
            }
            '.' if depth == 0 => out.push_str("[^\\n\\r]"),
            _ => out.push(c),
        }
    }
    (depth == 0).then_some(out)
}

fn escape(c: char, in_class: bool, out: &mut String) -> Option<()> {
    let class = |inside: &str, out: &mut String| {
        if in_class {
            out.push_str(inside);
        } else {
            out.push('[');
            out.push_str(inside);
            out.push(']');
        }
    };
    match c {
        'i' => class(BEGINS, out),
        'c' => class(&format!("{BEGINS}{GOES_ON}"), out),
        // The complements can be said outside of a class only.
        'I' if !in_class => out.push_str(&format!("[^{BEGINS}]")),
        'C' if !in_class => out.push_str(&format!("[^{BEGINS}{GOES_ON}]")),
        'I' | 'C' => return None,
        's' => class(" \\t\\n\\r", out),
        'S' if !in_class => out.push_str("[^ \\t\\n\\r]"),
        'd' => out.push_str("\\p{Nd}"),
        'D' => out.push_str("\\P{Nd}"),
        'w' => out.push_str(if in_class { "\\p{L}\\p{M}\\p{N}\\p{S}" } else { "[\\p{L}\\p{M}\\p{N}\\p{S}]" }),
        'W' => out.push_str(if in_class { "\\p{P}\\p{Z}\\p{C}" } else { "[\\p{P}\\p{Z}\\p{C}]" }),
        'n' | 't' | 'r' | 'p' | 'P' | 'S' => {
            out.push('\\');
            out.push(c);
        }
        _ => out.push_str(&regex::escape(&c.to_string())),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_speak_of_the_whole_text_in_the_dialect_of_xml_schema() {
        for (pattern, yes, no) in [
            ("[A-Z]{2}", "DE", "DEU"),
            ("a|b", "b", "ab"),
            ("\\d{3}", "123", "12a"),
            ("[a-z-[aeiou]]+", "xyz", "xay"),
            ("\\i\\c*", "a-1", "1a"),
            ("^a$", "^a$", "a"),
            ("[\\w.-]+@\\w+", "a.b-c@d", "a b@d"),
            ("[-+]?[0-9]+", "-5", "5-"),
            ("[^,]*", "a b", "a,b"),
            (".+", "ab", "a\nb"),
            ("[a&b~]+", "a&~", "c"),
            ("\\p{Lu}x", "Äx", "äx"),
            ("(\\+|-)?\\.5", "+.5", ".55"),
        ] {
            let made = Pattern::new(pattern.into());
            assert!(translate(pattern).is_some() && compile(pattern).is_some(), "{pattern}");
            assert!(made.holds(yes) && !made.holds(no), "{pattern}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_left_unchecked() {
        for pattern in ["\\p{IsBasicLatin}", "[a", "(", "[\\I]"] {
            assert!(Pattern::new(pattern.into()).holds("anything"), "{pattern}");
        }
    }
}
