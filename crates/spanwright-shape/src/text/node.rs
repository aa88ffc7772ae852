//! A YAML or JSON document as a tree in which every key and scalar knows its place.

use super::Span;

/// A node and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// From its first to its last character.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// The three kinds of YAML nodes. Keys of a map are unique: the reader reports a repeated one.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in file order.
    Map(Vec<(Scalar, Node)>),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bare.
    Plain,
    /// `'..'`
    Single,
    /// `".."`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// What a plain scalar means in YAML 1.2's core schema; quoted ones are always text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Plain<'a> {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`, nothing else (`NO` and `on` are text).
    Flag(bool),
    /// A number in JSON's or YAML's decimal form; `01` is text.
    Number(&'a str),
    /// Everything else.
    Text(&'a str),
}

/// A scalar: its text after YAML's unescaping and folding, and for each piece of it where that stands in the file.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The text that is meant.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Where it stands, quotes included.
    pub span: Span,
    /// Pairs of (byte in `text`, byte in the file) at which a straight run begins; first is at 0. Empty: one run from `span.from`.
    pub runs: Vec<(u32, u32)>,
}

impl Scalar {
    /// A scalar that stands in no file: for plans made by programs.
    pub fn made(text: &str) -> Scalar {
        let span = Span { file: super::FileId(0), from: 0, to: 0 };
        Scalar { text: text.to_string(), style: Style::Plain, span, runs: Vec::new() }
    }

    /// What it means: YAML 1.2's core schema, narrowed to JSON's spellings. `True`, `0x1F` and `01` are text.
    pub fn plain(&self) -> Plain<'_> {
        match (self.style, self.text.as_str()) {
            (Style::Plain, "" | "~" | "null") => Plain::Null,
            (Style::Plain, "true") => Plain::Flag(true),
            (Style::Plain, "false") => Plain::Flag(false),
            (Style::Plain, text) if is_number(text) => Plain::Number(text),
            (_, text) => Plain::Text(text),
        }
    }

    /// The place of bytes `from..to` of the text.
    pub fn place(&self, from: usize, to: usize) -> Span {
        let from_byte = self.byte(from);
        Span { file: self.span.file, from: from_byte, to: self.byte(to.max(from)).max(from_byte) }
    }

    fn byte(&self, at: usize) -> u32 {
        let at = at as u32;
        let run = self.runs.iter().rev().find(|(text, _)| *text <= at);
        let byte = run.map_or(self.span.from + at, |(text, file)| file + (at - text));
        byte.clamp(self.span.from, self.span.to.max(self.span.from))
    }
}

impl Node {
    /// The scalar, where this is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The value under a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::Map(pairs) => pairs.iter().find(|(name, _)| name.text == key).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// A number token of JSON (RFC 8259 section 6).
fn is_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = digits(rest);
    let (fraction, rest) = rest.strip_prefix('.').map_or((None, rest), |rest| (Some(digits(rest).0), digits(rest).1));
    let (exponent, rest) = rest.strip_prefix(['e', 'E']).map_or((None, rest), |rest| {
        let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        (Some(digits(rest).0), digits(rest).1)
    });
    let begins_well = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
    begins_well && fraction != Some("") && exponent != Some("") && rest.is_empty()
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len())
}
