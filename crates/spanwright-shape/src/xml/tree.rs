//! A document as a tree with places: what schemas and WSDLs are read from. Messages never become one.

use std::sync::Arc;

use crate::text::{FileId, Span};

use super::fault::Fault;
use super::reader::{Event, Reader};
use super::spaces::SpaceId;

/// A prefix and what it is bound to, for each binding in force.
pub type Scope = Arc<[(Arc<str>, Arc<str>)]>;

/// An element with everything in it.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its namespace's URI; empty for none.
    pub space: Arc<str>,
    /// Its local name.
    pub local: Arc<str>,
    /// Its attributes in file order.
    pub attributes: Vec<Attribute>,
    /// Its elements in file order.
    pub children: Vec<Element>,
    /// Its text, that of its elements left out.
    pub text: String,
    /// Its start tag.
    pub span: Span,
    /// What prefixes mean in it.
    pub scope: Scope,
}

/// An attribute of an [`Element`].
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its namespace's URI; empty for none.
    pub space: Arc<str>,
    /// Its local name.
    pub local: Arc<str>,
    /// Its value.
    pub value: Arc<str>,
    /// Its name and value in the file.
    pub span: Span,
}

/// A document.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Its root.
    pub root: Element,
}

impl Tree {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// The [`Fault`] of the reader; its byte counts from the file's first one where the file is UTF-8.
    pub fn read(file: FileId, bytes: &[u8]) -> Result<Tree, Fault> {
        let text = super::text(bytes, None)?;
        let mark = if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
        let shift = |mut fault: Fault| {
            fault.at += mark;
            fault
        };
        let reader = Reader::new(&text).map_err(shift)?;
        let mut building = Building {
            reader,
            source: &text,
            file,
            mark,
            words: Words::default(),
            spaces: Vec::new(),
            bound: Vec::new(),
            scope: Arc::from([]),
            open: Vec::new(),
            closed: Vec::new(),
        };
        building.read().map_err(shift)
    }
}

impl Element {
    /// Whether this is an element of that namespace and name.
    pub fn is(&self, space: &str, local: &str) -> bool {
        *self.local == *local && *self.space == *space
    }

    /// The attribute of that name that is in no namespace.
    pub fn find(&self, local: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.space.is_empty() && *attribute.local == *local)
    }

    /// Its value.
    pub fn value(&self, local: &str) -> Option<&str> {
        self.find(local).map(|attribute| &*attribute.value)
    }

    /// The elements in it of that namespace.
    pub fn of<'e>(&'e self, space: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| *child.space == *space)
    }

    /// The elements in it of that namespace and name.
    pub fn all<'e>(&'e self, space: &'e str, local: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.is(space, local))
    }

    /// The namespace and local name that a QName means here; `None` where its prefix is unbound.
    pub fn resolve<'q>(&self, name: &'q str) -> Option<(Arc<str>, &'q str)> {
        let (prefix, local) = name.trim().split_once(':').unwrap_or(("", name.trim()));
        self.scope.iter().rev().find(|(bound, _)| **bound == *prefix).map(|(_, uri)| (uri.clone(), local))
    }

    /// The place of an attribute, or of the start tag where there is none.
    pub fn place(&self, local: &str) -> Span {
        self.find(local).map_or(self.span, |attribute| attribute.span)
    }
}

struct Building<'i> {
    reader: Reader<'i>,
    source: &'i str,
    file: FileId,
    mark: usize,
    words: Words,
    spaces: Vec<Arc<str>>,
    /// What `scope` was made of.
    bound: Vec<(&'i str, SpaceId)>,
    scope: Scope,
    /// Elements whose end is to come, each with the number of those that were closed before it began.
    open: Vec<(Element, usize)>,
    /// Elements whose parent's end is to come. A parent takes its own in one piece, as large as it has to be.
    closed: Vec<Element>,
}

impl<'i> Building<'i> {
    fn read(&mut self) -> Result<Tree, Fault> {
        loop {
            match self.reader.read()? {
                Event::Start(name) => {
                    let element = self.element(name);
                    self.open.push((element, self.closed.len()));
                }
                Event::Text(text) => {
                    // Blanks between the elements of a description are half of its texts, and nobody's.
                    if let Some((top, _)) = self.open.last_mut().filter(|(top, _)| !top.text.is_empty() || !text.trim_ascii().is_empty()) {
                        top.text.push_str(&text);
                    }
                }
                Event::End => {
                    let (mut done, since) = self.open.pop().expect("the reader pairs tags");
                    done.children = self.closed.drain(since..).collect();
                    self.closed.push(done);
                }
                Event::Eof => return Ok(Tree { root: self.closed.pop().expect("the reader demands a root") }),
            }
        }
    }

    fn element(&mut self, name: super::Name<'_>) -> Element {
        let (from, to) = self.reader.place();
        let scope = self.scope();
        let taken = self.reader.take_attributes();
        let attributes = taken.iter().map(|attribute| self.attribute(attribute)).collect();
        self.reader.give_back(taken);
        let (space, local) = (self.space(name.space), self.words.of(name.local));
        Element { space, local, attributes, children: Vec::new(), text: String::new(), span: self.span(from, to), scope }
    }

    fn attribute(&mut self, read: &super::Attribute<'_>) -> Attribute {
        let rest = &self.source.as_bytes()[read.at..];
        let quote = memchr::memchr2(b'"', b'\'', rest).unwrap_or(0);
        let close = memchr::memchr(rest[quote], &rest[quote + 1..]).map_or(rest.len(), |n| quote + n + 2);
        let span = self.span(read.at, read.at + close);
        let (space, local) = (self.space(read.name.space), self.words.of(read.name.local));
        Attribute { space, local, value: self.words.of(&read.value), span }
    }

    fn scope(&mut self) -> Scope {
        let now = self.reader.bindings();
        if *now != *self.bound {
            self.bound = now.to_vec();
            self.scope = now.iter().map(|(prefix, space)| (Arc::from(*prefix), Arc::from(self.reader.uri(*space)))).collect();
        }
        self.scope.clone()
    }

    fn space(&mut self, id: SpaceId) -> Arc<str> {
        for known in self.spaces.len()..self.reader.spaces() {
            self.spaces.push(self.reader.uri(SpaceId(known as u32)).into());
        }
        self.spaces[id.0 as usize].clone()
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span { file: self.file, from: (from + self.mark) as u32, to: (to + self.mark) as u32 }
    }
}

/// Words that a description says over and over: `element`, `name`, `xs:string`, `0`. Each has one place, where the last one stays.
struct Words {
    last: Vec<Arc<str>>,
}

/// Places for words: a power of two.
const WORDS: usize = 1024;
/// The bytes of a longer text are not looked at twice: such a text is hardly said again.
const WORD_BYTES_MOST: usize = 32;

impl Default for Words {
    fn default() -> Words {
        Words { last: vec![Arc::from(""); WORDS] }
    }
}

impl Words {
    fn of(&mut self, text: &str) -> Arc<str> {
        if text.len() > WORD_BYTES_MOST {
            return text.into();
        }
        // FNV-1a: what is asked of it is to be short.
        let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let place = &mut self.last[(hash ^ (hash >> 16)) as usize & (WORDS - 1)];
        if **place != *text {
            *place = text.into();
        }
        place.clone()
    }
}
