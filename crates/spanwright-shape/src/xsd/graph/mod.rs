//! The compiled type graph: what a schema says, in the form that the codec walks.
//!
//! Names are interned: a namespace is a number, a key is one `Arc<str>` that every decoded record borrows.

use std::{collections::HashMap, sync::Arc};

use super::occurs::Occurs;

mod types;

pub use types::{Blank, Common, Complex, Element, Kind, Member, MemberKind, Model, Part, Particle, Route, Simple, Spaces, Type, Wildcard};

/// A type of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// An element declaration of a [`Graph`], global or local.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ElementId(pub u32);

/// All types and elements of one bundle of schemas.
#[derive(Debug, Default)]
pub struct Graph {
    pub(super) spaces: Vec<Arc<str>>,
    /// The prefix that the schemas themselves use for a namespace, by its number.
    pub(super) prefixes: Vec<Option<Arc<str>>>,
    pub(super) types: Vec<Type>,
    pub(super) elements: Vec<Element>,
    pub(super) roots: HashMap<(u32, Arc<str>), ElementId>,
    pub(super) named: HashMap<(u32, Arc<str>), TypeId>,
}

impl Graph {
    /// A namespace's URI.
    pub fn uri(&self, space: u32) -> &Arc<str> {
        &self.spaces[space as usize]
    }

    /// A namespace's number.
    pub fn space(&self, uri: &str) -> Option<u32> {
        self.spaces.iter().position(|known| **known == *uri).map(|n| n as u32)
    }

    /// The type.
    pub fn content(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// The element declaration.
    pub fn element(&self, id: ElementId) -> &Element {
        &self.elements[id.0 as usize]
    }

    /// The global element of a name.
    pub fn root(&self, uri: &str, local: &str) -> Option<ElementId> {
        self.roots.get(&(self.space(uri)?, Arc::from(local))).copied()
    }

    /// The named type.
    pub fn named(&self, uri: &str, local: &str) -> Option<TypeId> {
        self.named.get(&(self.space(uri)?, Arc::from(local))).copied()
    }

    /// All global elements.
    pub fn roots(&self) -> impl Iterator<Item = (&Arc<str>, ElementId)> {
        self.roots.iter().map(|((_, local), id)| (local, *id))
    }

    /// All global elements, in no order.
    pub fn globals(&self) -> impl Iterator<Item = ElementId> {
        self.roots.values().copied()
    }

    /// All named types of the schemas; those of XML Schema itself are left out.
    pub fn types(&self) -> impl Iterator<Item = (&Arc<str>, TypeId)> {
        let own = |space: u32| **self.uri(space) != *super::XSD_SPACE;
        self.named.iter().filter(move |((space, _), _)| own(*space)).map(|((_, local), id)| (local, *id))
    }

    /// Makes up the element of an rpc message: named after the operation, with an element for each part. An element of a
    /// part that has a type is in no namespace (WS-I Basic Profile, R2735).
    pub fn wrapper(&mut self, uri: &str, local: &str, parts: Vec<Part>) -> ElementId {
        let mut made = Complex::default();
        let mut particles = Vec::new();
        for part in parts {
            let id = match part {
                Part::Element(id) => id,
                Part::Type(name, content) => {
                    // Peers say nil of a part that they have no value for.
                    self.elements.push(Element { nillable: true, ..Element::new(0, name, content) });
                    ElementId(self.elements.len() as u32 - 1)
                }
            };
            let (element, member) = (self.element(id), made.members.len() as u32);
            let (key, space) = (element.local.clone(), element.space);
            made.routes.push(Route { space, local: key.clone(), key: key.clone(), element: id, member, item: false });
            made.members.push(Member::new(key, MemberKind::Element(id)));
            particles.push(Particle::Element(member, Occurs::ONCE));
        }
        made.particle = Some(Particle::Sequence(particles, Occurs::ONCE));
        self.types.push(Type::Complex(made));
        let content = TypeId(self.types.len() as u32 - 1);
        let space = self.space(uri).unwrap_or_else(|| {
            self.spaces.push(Arc::from(uri));
            self.prefixes.push(None);
            self.spaces.len() as u32 - 1
        });
        self.elements.push(Element::new(space, local.into(), content));
        ElementId(self.elements.len() as u32 - 1)
    }

    /// (prefix, namespace) pairs as the schemas write them, for a [`crate::xml::Writer`].
    pub fn prefixes(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let made_up = |uri: &str| matches!(uri, super::XSD_SPACE | crate::xml::XML_SPACE);
        let planned = self.prefixes.iter().zip(&self.spaces).filter(move |(_, uri)| !made_up(uri));
        planned.filter_map(|(prefix, uri)| Some((prefix.as_ref()?.to_string(), uri.to_string())))
    }

    /// The namespaces that the schemas declare something in.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.prefixes.iter().zip(&self.spaces).filter(|(prefix, _)| prefix.is_some()).map(|(_, uri)| &**uri)
    }

    /// The key of a global element as the root of a document: its local name, with its prefix where another one has that too.
    pub fn key_of(&self, id: ElementId) -> String {
        let element = self.element(id);
        let alone = self.roots.keys().filter(|(_, local)| *local == element.local).count() < 2;
        match self.prefix(element.space) {
            Some(prefix) if !alone => format!("{prefix}:{}", element.local),
            _ => element.local.to_string(),
        }
    }

    /// The global element of a key, with or without a prefix.
    pub fn element_of_key(&self, key: &str) -> Option<ElementId> {
        if let Some(id) = self.expand(key).and_then(|(uri, local)| self.root(uri, local)) {
            return Some(id);
        }
        let mut alike = self.roots.iter().filter(|((_, local), _)| **local == *key);
        let (_, id) = alike.next()?;
        alike.next().is_none().then_some(*id)
    }

    /// The prefix that a namespace has in keys and names: that of its schemas. `None`: the schemas do not know it.
    pub fn prefix(&self, space: u32) -> Option<&Arc<str>> {
        self.prefixes.get(space as usize)?.as_ref()
    }

    /// The namespace and local name of a key or name as we write them: `prefix:Name`, `{urn:x}Name`, or `Name` of none.
    /// `None`: no schema has that prefix.
    pub fn expand<'n>(&'n self, name: &'n str) -> Option<(&'n str, &'n str)> {
        if let Some((uri, local)) = name.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            return Some((uri, local));
        }
        let Some((prefix, local)) = name.split_once(':') else { return Some(("", name)) };
        if prefix == "xml" {
            return Some((crate::xml::XML_SPACE, local));
        }
        let space = self.prefixes.iter().position(|known| known.as_deref() == Some(prefix))?;
        Some((&self.spaces[space], local))
    }

    /// The type that `@xsi:type` names; a name without a prefix may be that of any namespace, where only one has it.
    pub fn type_of_name(&self, name: &str) -> Option<TypeId> {
        let (uri, local) = self.expand(name)?;
        if let Some(id) = self.named(uri, local) {
            return Some(id);
        }
        let mut some = self.named.iter().filter(|((_, other), _)| uri.is_empty() && **other == *local);
        let (_, id) = some.next()?;
        some.next().is_none().then_some(*id)
    }

    /// The namespace and local name of a named type.
    pub fn name_of(&self, id: TypeId) -> Option<(&Arc<str>, &Arc<str>)> {
        self.named.iter().find(|(_, other)| **other == id).map(|((space, local), _)| (self.uri(*space), local))
    }

    /// Whether a type is another one or derives from it.
    pub fn derives(&self, id: TypeId, from: TypeId) -> bool {
        // A cycle of bases is refused when schemas are compiled, so this ends.
        id == from || matches!(self.content(id), Type::Complex(Complex { base: Some(base), .. }) if self.derives(*base, from))
    }
}
