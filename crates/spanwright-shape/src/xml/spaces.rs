//! Namespaces in force: declarations of the open elements, and the namespaces of the document, each with a number.

use std::borrow::Cow;

use super::fault::{Fault, FaultKind};
use super::limits::XML_NAMESPACES_MOST;

/// The namespace that the prefix `xml` is bound to, always.
pub const XML_SPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of `xsi:nil` and `xsi:type`.
pub const XSI_SPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XMLNS_SPACE: &str = "http://www.w3.org/2000/xmlns/";

/// A namespace of one document. Numbers mean nothing outside their reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId(pub u32);

impl SpaceId {
    /// No namespace.
    pub const NONE: SpaceId = SpaceId(0);
    /// [`XML_SPACE`].
    pub const XML: SpaceId = SpaceId(1);
    /// [`XSI_SPACE`].
    pub const XSI: SpaceId = SpaceId(2);
}

/// An expanded name: its namespace and its local part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'i> {
    /// The namespace.
    pub space: SpaceId,
    /// The local part.
    pub local: &'i str,
}

/// The namespaces of a document and which prefixes are bound to them here.
#[derive(Debug)]
pub(super) struct Spaces<'i> {
    uris: Vec<Cow<'i, str>>,
    bound: Vec<(&'i str, SpaceId)>,
}

impl<'i> Spaces<'i> {
    pub(super) fn new() -> Spaces<'i> {
        let uris = ["", XML_SPACE, XSI_SPACE].map(Cow::Borrowed).to_vec();
        Spaces { uris, bound: vec![("", SpaceId::NONE), ("xml", SpaceId::XML)] }
    }

    pub(super) fn uri(&self, space: SpaceId) -> &str {
        &self.uris[space.0 as usize]
    }

    pub(super) fn count(&self) -> usize {
        self.uris.len()
    }

    /// How many bindings there are now; [`Spaces::close`] goes back to it.
    pub(super) fn mark(&self) -> usize {
        self.bound.len()
    }

    pub(super) fn close(&mut self, mark: usize) {
        self.bound.truncate(mark);
    }

    pub(super) fn find(&self, prefix: &str) -> Option<SpaceId> {
        self.bound.iter().rev().find(|(bound, _)| *bound == prefix).map(|(_, space)| *space)
    }

    pub(super) fn bindings(&self) -> &[(&'i str, SpaceId)] {
        &self.bound
    }

    pub(super) fn bind(&mut self, prefix: &'i str, uri: Cow<'i, str>, at: usize) -> Result<(), Fault> {
        let refuse = |says: String| Err(Fault::new(FaultKind::Namespace, at, says));
        match (prefix, &*uri) {
            ("xml", XML_SPACE) => return Ok(()),
            ("xml" | "xmlns", _) => return refuse(format!("the prefix `{prefix}` cannot be bound to another namespace")),
            (_, XML_SPACE | XMLNS_SPACE) => return refuse(format!("the prefix `{prefix}` is bound to a reserved namespace")),
            (prefix, "") if !prefix.is_empty() => return refuse(format!("the prefix `{prefix}` is bound to nothing")),
            _ => {}
        }
        let space = self.intern(uri, at)?;
        if self.bound.len() >= XML_NAMESPACES_MOST {
            return Err(too_many(at));
        }
        self.bound.push((prefix, space));
        Ok(())
    }

    fn intern(&mut self, uri: Cow<'i, str>, at: usize) -> Result<SpaceId, Fault> {
        if let Some(known) = self.uris.iter().position(|known| *known == uri) {
            return Ok(SpaceId(known as u32));
        }
        if self.uris.len() >= XML_NAMESPACES_MOST {
            return Err(too_many(at));
        }
        self.uris.push(uri);
        Ok(SpaceId(self.uris.len() as u32 - 1))
    }
}

fn too_many(at: usize) -> Fault {
    Fault::limit("namespaces", at, format!("more than {XML_NAMESPACES_MOST} namespaces (XML_NAMESPACES_MOST)"))
}
