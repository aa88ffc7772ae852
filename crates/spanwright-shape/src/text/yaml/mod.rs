//! YAML 1.2, and JSON within it, read into a tree in which everything knows its place.
//!
//! The one file that names the YAML crate. It gives events with marks in characters; we keep bytes. What YAML
//! allows and a project file does not (anchors, tags, merge keys, repeated keys, several documents) is refused
//! by name and read on, so that one fault never hides the next. Only text that is no YAML ends the reading.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks};

use super::{Bundle, FileId, Node, NodeKind, Problems, Scalar, Span, Style, codes};

mod broken;
mod runs;

/// Bytes that a file may have.
pub const FILE_BYTES_MOST: usize = 32 << 20;
/// Lists and mappings inside each other.
pub const DEPTH_MOST: usize = 128;
/// Nodes of a file, copies by alias included.
pub const NODES_MOST: usize = 2_000_000;

/// Reads a file. `None`: the problems say why; with `Some` there may be problems too.
pub fn read(bundle: &Bundle, file: FileId, to: &mut Problems) -> Option<Node> {
    let bytes = bundle.bytes(file);
    let whole = Span { file, from: 0, to: 0 };
    if bytes.len() > FILE_BYTES_MOST {
        to.error(&codes::TOO_LARGE, whole, format!("this file has {} bytes, more than {FILE_BYTES_MOST}", bytes.len()), None);
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Reader::new(text, file).read(to),
        Err(error) => {
            let at = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX);
            to.error(&codes::NOT_UTF8, Span { file, from: at, to: at + 1 }, "this byte is not UTF-8", "save the file as UTF-8".to_string());
            None
        }
    }
}

/// A list or mapping whose end has not come yet.
struct Open {
    from: u32,
    anchor: usize,
    held: Held,
}

enum Held {
    List(Vec<Node>),
    Map { pairs: Vec<(Scalar, Node)>, seen: Keys, key: Key },
}

/// Where a mapping stands: before a key, or between a key and its value.
enum Key {
    Wanted,
    Good(Scalar),
    /// The key was refused, so its value is dropped.
    Refused,
}

/// The keys of a mapping, in so far as looking through its pairs would take too long.
#[derive(Default)]
struct Keys(HashSet<String>);

/// Pairs that are looked through one by one.
const PAIRS_FEW: usize = 16;

impl Keys {
    fn contain(&mut self, key: &str, pairs: &[(Scalar, Node)]) -> bool {
        if pairs.len() <= PAIRS_FEW {
            return pairs.iter().any(|(have, _)| have.text == key);
        }
        if self.0.is_empty() {
            self.0.extend(pairs.iter().map(|(have, _)| have.text.clone()));
        }
        !self.0.insert(key.to_string())
    }
}

struct Reader<'t> {
    text: &'t str,
    file: FileId,
    /// The byte of each character; empty where the text is ASCII and the two are one.
    bytes: Vec<u32>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

/// Why the reading ends before the file does; the problem is told.
struct Stop;

impl<'t> Reader<'t> {
    fn new(text: &'t str, file: FileId) -> Reader<'t> {
        let bytes = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().map(|(byte, _)| byte as u32).chain([text.len() as u32]).collect(),
        };
        Reader { text, file, bytes, open: Vec::new(), anchors: HashMap::new(), nodes: 0, root: None }
    }

    fn read(mut self, to: &mut Problems) -> Option<Node> {
        for event in Parser::new_from_str(self.text) {
            let took = match event {
                Ok((Event::DocumentStart(_), marks)) if self.root.is_some() => {
                    self.second_document(marks, to);
                    return self.root;
                }
                Ok((event, marks)) => self.take(event, marks, to),
                Err(error) => self.unreadable(&error, to),
            };
            if took.is_err() {
                return None;
            }
        }
        if self.root.is_none() {
            to.error(&codes::EMPTY, self.span(0, 0), "this file is empty", None);
        }
        self.root
    }

    fn take(&mut self, event: Event<'_>, marks: Marks, to: &mut Problems) -> Result<(), Stop> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let from = self.properties(marks, anchor != 0 || tag.is_some(), to);
                let scalar = self.scalar(text.into_owned(), style, from, self.byte(marks.end.index()));
                if scalar.style == Style::Plain && scalar.text.contains('"') {
                    broken::cut_short(self.text, &scalar).into_iter().for_each(|problem| to.push(problem));
                }
                self.put(Node { span: scalar.span, kind: NodeKind::Scalar(scalar) }, anchor, to)
            }
            Event::SequenceStart(anchor, tag) => {
                let from = self.properties(marks, anchor != 0 || tag.is_some(), to);
                self.begin(from, anchor, Held::List(Vec::new()), to)
            }
            Event::MappingStart(anchor, tag) => {
                let from = self.properties(marks, anchor != 0 || tag.is_some(), to);
                self.begin(from, anchor, Held::Map { pairs: Vec::new(), seen: Keys::default(), key: Key::Wanted }, to)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(marks, to),
            Event::Alias(anchor) => self.alias(anchor, marks, to),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, from: u32, anchor: usize, held: Held, to: &mut Problems) -> Result<(), Stop> {
        if self.open.len() == DEPTH_MOST {
            let says = format!("more than {DEPTH_MOST} lists and mappings inside each other");
            to.error(&codes::TOO_DEEP, self.span(from, from + 1), says, None);
            return Err(Stop);
        }
        self.open.push(Open { from, anchor, held });
        Ok(())
    }

    fn end(&mut self, marks: Marks, to: &mut Problems) -> Result<(), Stop> {
        let Some(done) = self.open.pop() else { return Ok(()) };
        let last = match &done.held {
            Held::List(items) => items.last().map_or(done.from, |item| item.span.to),
            Held::Map { pairs, .. } => pairs.last().map_or(done.from, |(key, value)| value.span.to.max(key.span.to)),
        };
        // A block ends where its last item does; only `]` and `}` are there to be seen.
        let end = if marks.is_empty() { last } else { self.byte(marks.start.index()) + 1 };
        let kind = match done.held {
            Held::List(items) => NodeKind::List(items),
            Held::Map { pairs, .. } => NodeKind::Map(pairs),
        };
        self.put(Node { span: self.span(done.from, end), kind }, done.anchor, to)
    }

    fn put(&mut self, node: Node, anchor: usize, to: &mut Problems) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > NODES_MOST {
            to.error(&codes::TOO_MANY, node.span, format!("more than {NODES_MOST} keys and values in one file"), None);
            return Err(Stop);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { held: Held::List(items), .. }) => items.push(node),
            Some(Open { held: Held::Map { pairs, seen, key }, .. }) => match std::mem::replace(key, Key::Wanted) {
                Key::Good(name) => pairs.push((name, node)),
                Key::Refused => {}
                Key::Wanted => *key = self::key(node, pairs, seen, to),
            },
        }
        Ok(())
    }

    /// An alias is refused, and stands for what it names so that nothing else is said of it.
    fn alias(&mut self, anchor: usize, marks: Marks, to: &mut Problems) -> Result<(), Stop> {
        let span = self.span(self.byte(marks.start.index()), self.byte(marks.end.index()));
        let says = format!("the alias `{}` is not supported", &self.text[span.from as usize..span.to as usize]);
        to.error(&codes::ANCHOR, span, says, "write the value out, or put it into a variable or a map".to_string());
        let meant = self.anchors.get(&anchor).cloned();
        let mut node = meant
            .unwrap_or_else(|| Node { span, kind: NodeKind::Scalar(self.scalar(String::new(), ScalarStyle::Plain, span.from, span.to)) });
        node.span = span;
        self.nodes += size(&node);
        self.put(node, 0, to)
    }

    /// Refuses `&anchor` and `!tag` in front of a value; gives where the value itself begins.
    fn properties(&self, marks: Marks, any: bool, to: &mut Problems) -> u32 {
        let (mut from, end) = (self.byte(marks.start.index()), self.byte(marks.end.index()));
        if !any {
            return from;
        }
        loop {
            let rest = &self.text[from as usize..end.max(from) as usize];
            let word = rest.split_whitespace().next().unwrap_or_default();
            let (code, what) = match word.as_bytes().first() {
                Some(b'&') => (&codes::ANCHOR, "anchor"),
                Some(b'!') => (&codes::TAG, "tag"),
                _ => return from,
            };
            let start = from + (rest.len() - rest.trim_start().len()) as u32;
            let behind = start + word.len() as u32;
            to.error(code, self.span(start, behind), format!("the {what} `{word}` is not supported"), "leave it out".to_string());
            let blanks = self.text[behind as usize..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
            from = (behind + blanks as u32).min(end);
        }
    }

    fn scalar(&self, text: String, style: ScalarStyle, from: u32, to: u32) -> Scalar {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let raw = &self.text[from as usize..to.max(from) as usize];
        let (runs, end) = runs::of(&text, style, raw, from);
        Scalar { text, style, span: self.span(from, end), runs }
    }

    fn second_document(&self, marks: Marks, to: &mut Problems) {
        let from = self.byte(marks.start.index());
        let help = "one thing a file: move what follows into a file of its own".to_string();
        to.error(&codes::DOCUMENTS, self.span(from, from + 3), "a second document begins here", help);
    }

    fn unreadable(&self, error: &ScanError, to: &mut Problems) -> Result<(), Stop> {
        let at = (self.byte(error.marker().index()) as usize).min(self.text.len());
        to.push(broken::problem(self.text, self.file, at, error.info()));
        Err(Stop)
    }

    fn byte(&self, character: usize) -> u32 {
        match self.bytes.is_empty() {
            true => (character.min(self.text.len())) as u32,
            false => self.bytes[character.min(self.bytes.len() - 1)],
        }
    }

    fn span(&self, from: u32, to: u32) -> Span {
        let most = self.text.len() as u32;
        Span { file: self.file, from: from.min(most), to: to.min(most).max(from.min(most)) }
    }
}

/// Judges a node in a key's place.
fn key(node: Node, pairs: &[(Scalar, Node)], seen: &mut Keys, to: &mut Problems) -> Key {
    let NodeKind::Scalar(scalar) = node.kind else {
        let help = "keys are words; quote an expression that begins with `[` or `{`".to_string();
        to.error(&codes::KEY, node.span, "a list or mapping cannot be a key", help);
        return Key::Refused;
    };
    if scalar.text.is_empty() && scalar.style == Style::Plain {
        to.error(&codes::KEY, scalar.span, "a key is missing in front of `:`", None);
        return Key::Refused;
    }
    if scalar.text == "<<" && scalar.style == Style::Plain {
        to.error(&codes::MERGE, scalar.span, "the merge key `<<` is not supported", "write the keys out".to_string());
        return Key::Refused;
    }
    if seen.contain(&scalar.text, pairs) {
        let says = format!("the key `{}` is here a second time", scalar.text);
        to.error(&codes::DUPLICATE, scalar.span, says, "remove one of the two, or merge them".to_string());
        return Key::Refused;
    }
    Key::Good(scalar)
}

/// How many nodes a node is.
fn size(node: &Node) -> usize {
    1 + match &node.kind {
        NodeKind::Scalar(_) => 0,
        NodeKind::List(items) => items.iter().map(size).sum(),
        NodeKind::Map(pairs) => pairs.iter().map(|(_, value)| size(value)).sum(),
    }
}

#[cfg(test)]
mod tests;
