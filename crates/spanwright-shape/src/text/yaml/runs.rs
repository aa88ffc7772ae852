//! Which byte of a scalar's text stands at which byte of the file.
//!
//! A scalar's text differs from the file by quotes, escapes, folded lines and indentation. We walk both at once
//! and note a run wherever they part, so that an expression's third character can be underlined in any style.

use crate::text::Style;

/// The runs of a scalar whose raw text (quotes included, block indicators not) begins at byte `from` of the file, and
/// the byte behind it. The raw text may go on behind the scalar: the parser's marks take blanks and comments with them.
/// No runs where text and file are the same straight one.
pub fn of(text: &str, style: Style, raw: &str, from: u32) -> (Vec<(u32, u32)>, u32) {
    let end = from + raw.trim_end().len() as u32;
    match style {
        Style::Plain if !raw.trim_end().contains(['\n', '\r']) => (Vec::new(), end),
        Style::Plain => (flow(raw.trim_end(), style, from).0, end),
        Style::Single | Style::Double => {
            let (runs, inner) = flow(raw.get(1..).unwrap_or_default(), style, from + 1);
            (runs, from + 1 + inner as u32 + 1)
        }
        Style::Literal | Style::Folded => (block(text, raw, from), end),
    }
}

struct Runs {
    text: u32,
    all: Vec<(u32, u32)>,
}

impl Runs {
    /// The next piece of text stands at this byte of the file.
    fn at(&mut self, file: u32) {
        match self.all.last() {
            Some((text, begun)) if u64::from(self.text) + u64::from(*begun) == u64::from(file) + u64::from(*text) => {}
            Some((text, _)) if *text == self.text => {
                self.all.pop();
                self.at(file);
            }
            _ => self.all.push((self.text, file)),
        }
    }
}

/// Plain and quoted scalars: line breaks fold, quotes double, backslashes escape. Ends at the closing quote, which is
/// the second that it gives.
fn flow(raw: &str, style: Style, from: u32) -> (Vec<(u32, u32)>, usize) {
    let mut runs = Runs { text: 0, all: vec![(0, from)] };
    let mut at = 0;
    while let Some(first) = raw[at..].chars().next() {
        let (took, gave) = match first {
            ' ' | '\t' | '\n' | '\r' => blanks(&raw[at..]),
            '\'' if style == Style::Single && raw[at + 1..].starts_with('\'') => (2, 1),
            '\'' if style == Style::Single => break,
            '"' if style == Style::Double => break,
            '\\' if style == Style::Double => escape(&raw[at + 1..]),
            other => (other.len_utf8(), other.len_utf8()),
        };
        runs.at(from + at as u32);
        at += took;
        runs.text += gave as u32;
    }
    runs.at(from + at as u32);
    (runs.all, at)
}

/// Blanks and breaks from here: (bytes of the file, bytes of text). One break is a space, each further one a break.
fn blanks(rest: &str) -> (usize, usize) {
    let length = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    match breaks(&rest[..length]) {
        0 => (length, length),
        1 => (length, 1),
        more => (length, more - 1),
    }
}

fn breaks(text: &str) -> usize {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().filter(|(n, byte)| **byte == b'\n' || (**byte == b'\r' && bytes.get(n + 1) != Some(&b'\n'))).count()
}

/// What stands behind a backslash: (bytes of the file with the backslash, bytes of text), YAML 1.2.2 section 5.7.
fn escape(rest: &str) -> (usize, usize) {
    let hex = |digits: usize| {
        let code = rest.get(1..1 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        (2 + digits, code.map_or(1, char::len_utf8))
    };
    match rest.chars().next() {
        Some('x') => hex(2),
        Some('u') => hex(4),
        Some('U') => hex(8),
        Some('_' | 'N') => (2, 2),
        Some('L' | 'P') => (2, 3),
        Some('\n' | '\r') => {
            let length = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            (1 + length, breaks(&rest[..length]) - 1)
        }
        Some(other) => (1 + other.len_utf8(), other.len_utf8()),
        None => (1, 0),
    }
}

/// Literal and folded scalars: each line of the file, without its indentation, is found again in the text.
fn block(text: &str, raw: &str, from: u32) -> Vec<(u32, u32)> {
    let mut runs = Runs { text: 0, all: vec![(0, from)] };
    let indent = indent(text, raw);
    let mut at = 0;
    for (number, line) in raw.split_inclusive('\n').enumerate() {
        let cut = if number == 0 { 0 } else { line.bytes().take(indent).take_while(|byte| *byte == b' ').count() };
        let content = line[cut..].trim_end_matches(['\n', '\r']);
        if !content.is_empty() {
            let here = runs.text as usize;
            let skipped = text[here..].bytes().take_while(|byte| matches!(byte, b'\n' | b' ')).count();
            let found = (0..=skipped).find(|skip| text[here + skip..].starts_with(content));
            let Some(skip) = found else { break };
            runs.text += skip as u32;
            runs.at(from + (at + cut) as u32);
            runs.text += content.len() as u32;
        }
        at += line.len();
    }
    runs.all
}

/// The indentation that YAML took away: the first line has none left here, so a later line tells.
fn indent(text: &str, raw: &str) -> usize {
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let kept = text.lines().filter(|line| !line.trim().is_empty()).map(spaces).min().unwrap_or(0);
    let stands = raw.lines().skip(1).filter(|line| !line.trim().is_empty()).map(spaces).min().unwrap_or(0);
    stands.saturating_sub(kept)
}
