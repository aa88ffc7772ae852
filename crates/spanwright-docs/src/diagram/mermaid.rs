//! The same diagrams as Mermaid text. `;` and `#` end a statement there, so they are written as entities; `end` is a word of
//! the language and stands nowhere alone.

use std::fmt::Write as _;

use super::sequence::{Arrow, Item, Sequence};

/// Text of a label.
pub fn label(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '#' => out.push_str("#35;"),
            ';' => out.push_str("#59;"),
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '{' | '}' | '[' | ']' | '|' | '`' | '%' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            '\n' | '\r' => out.push_str("<br/>"),
            c => out.push(c),
        }
    }
    if out.trim().eq_ignore_ascii_case("end") { format!("{}#8203;", out.trim()) } else { out }
}

/// A sequence diagram.
pub fn sequence(sequence: &Sequence) -> String {
    let mut out = String::from("sequenceDiagram\n");
    for (n, name) in sequence.participants.iter().enumerate() {
        let _ = writeln!(out, "  participant p{n} as {}", label(name));
    }
    items(&sequence.items, 1, &mut out);
    out
}

fn items(all: &[Item], depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for item in all {
        match item {
            Item::Says { from, to, words, arrow } => {
                let line = match arrow {
                    Arrow::Asks => "->>",
                    Arrow::Answers => "-->>",
                    Arrow::Lost => "--x",
                };
                let _ = writeln!(out, "{indent}p{from}{line}p{to}: {}", label(words));
            }
            Item::Note { at, words } => {
                let _ = writeln!(out, "{indent}Note over p{at}: {}", label(words));
            }
            Item::Frame { kind, parts } => {
                for (n, (condition, inside)) in parts.iter().enumerate() {
                    let word = if n == 0 { *kind } else { "else" };
                    let _ = writeln!(out, "{indent}{word} {}", label(condition));
                    items(inside, depth + 1, out);
                }
                let _ = writeln!(out, "{indent}end");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_label_ends_no_statement() {
        assert_eq!(super::label("a; b # c\nd"), "a#59; b #35; c<br/>d");
        assert_eq!(super::label("end"), "end#8203;");
    }
}
