//! A document as a tree with places: what schemas and WSDLs are read from. Messages never become one.

use std::sync::Arc;

use crate::text::{FileId, Span};

use super::fault::Fault;
use super::reader::{Event, Reader};

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
        let mut building = Building { reader, source: &text, file, mark, spaces: Vec::new(), scope: Arc::from([]), open: Vec::new() };
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
    spaces: Vec<Arc<str>>,
    scope: Scope,
    open: Vec<Element>,
}

impl Building<'_> {
    fn read(&mut self) -> Result<Tree, Fault> {
        let mut root = None;
        loop {
            match self.reader.read()? {
                Event::Start(name) => {
                    let element = self.element(name);
                    self.open.push(element);
                }
                Event::Text(text) => {
                    if let Some(top) = self.open.last_mut() {
                        top.text.push_str(&text);
                    }
                }
                Event::End => {
                    let done = self.open.pop().expect("the reader pairs tags");
                    match self.open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => root = Some(done),
                    }
                }
                Event::Eof => return Ok(Tree { root: root.expect("the reader demands a root") }),
            }
        }
    }

    fn element(&mut self, name: super::Name<'_>) -> Element {
        let (from, to) = self.reader.place();
        let scope = self.scope();
        let taken = self.reader.take_attributes();
        let attributes = taken.iter().map(|attribute| self.attribute(attribute)).collect();
        self.reader.give_back(taken);
        let (space, local) = (self.space(name.space), name.local.into());
        Element { space, local, attributes, children: Vec::new(), text: String::new(), span: self.span(from, to), scope }
    }

    fn attribute(&mut self, read: &super::Attribute<'_>) -> Attribute {
        let rest = &self.source[read.at..];
        let quote = rest.find(['"', '\'']).unwrap_or(0);
        let close = rest[quote + 1..].find(&rest[quote..=quote]).map_or(rest.len(), |n| quote + n + 2);
        let span = self.span(read.at, read.at + close);
        Attribute { space: self.space(read.name.space), local: read.name.local.into(), value: (&*read.value).into(), span }
    }

    fn scope(&mut self) -> Scope {
        let now = self.reader.bindings();
        let same = now.len() == self.scope.len()
            && now
                .iter()
                .zip(self.scope.iter())
                .all(|((prefix, space), (had, uri))| **prefix == **had && *self.reader.uri(*space) == **uri);
        if !same {
            self.scope = now.iter().map(|(prefix, space)| (Arc::from(*prefix), Arc::from(self.reader.uri(*space)))).collect();
        }
        self.scope.clone()
    }

    fn space(&mut self, id: super::SpaceId) -> Arc<str> {
        for known in self.spaces.len()..self.reader.spaces() {
            self.spaces.push(self.reader.uri(super::SpaceId(known as u32)).into());
        }
        self.spaces[id.0 as usize].clone()
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span { file: self.file, from: (from + self.mark) as u32, to: (to + self.mark) as u32 }
    }
}
