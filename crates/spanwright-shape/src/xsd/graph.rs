//! The compiled type graph: what a schema says, in the form that the codec walks.
//!
//! Names are interned: a namespace is a number, a key is one `Arc<str>` that every decoded record borrows.

use std::{collections::HashMap, sync::Arc};

use super::facets::Facets;
use super::occurs::Occurs;

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

/// An element declaration.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its namespace's number in the graph; 0 is none.
    pub space: u32,
    /// Its local name.
    pub local: Arc<str>,
    /// The type of its content.
    pub content: TypeId,
    /// Whether `xsi:nil` is allowed.
    pub nillable: bool,
    /// What an empty element means.
    pub default: Option<Arc<str>>,
    /// What its schema says of it.
    pub about: Option<Arc<str>>,
}

/// A type.
#[derive(Clone, Debug)]
pub enum Type {
    /// Only text.
    Simple(Simple),
    /// Attributes and elements, or text with attributes.
    Complex(Complex),
    /// `xs:anyType`: nothing is known.
    Any,
}

/// A type of text.
#[derive(Clone, Debug)]
pub struct Simple {
    /// Its name, where it has one.
    pub name: Option<Arc<str>>,
    /// What it becomes.
    pub kind: Kind,
    /// What happens to blanks before anything else.
    pub blank: Blank,
    /// What narrows it.
    pub facets: Facets,
}

/// What a text becomes as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A URI.
    Uri,
    /// A flag.
    Flag,
    /// A whole number; `bits` as [`crate::shape::NumberKind::Integer`] has them.
    Integer {
        /// Width, 0 for any.
        bits: u8,
    },
    /// An exact decimal.
    Decimal,
    /// A binary floating point number; `NaN`, `INF` and `-INF` are text.
    Double,
    /// `2026-11-22`, zone or none.
    Date,
    /// `08:00:00`, zone or none.
    Time,
    /// `2026-11-22T08:00:00`, zone or none.
    DateTime,
    /// Bytes in base64, blanks left out.
    Base64,
    /// Bytes in hexadecimal, in capitals.
    Hex,
    /// A list of these, separated by blanks.
    List(TypeId),
    /// One of these: text, since instances must not decide.
    Union(Vec<TypeId>),
}

/// The whiteSpace facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// As it is.
    Preserve,
    /// Tabs and line ends become blanks.
    Replace,
    /// Also runs become one, and none at the ends.
    Collapse,
}

/// A type with attributes or elements.
#[derive(Clone, Debug, Default)]
pub struct Complex {
    /// Its name, where it has one.
    pub name: Option<Arc<str>>,
    /// What it extends or restricts.
    pub base: Option<TypeId>,
    /// Whether other types derive from it: an instance may then carry more.
    pub extended: bool,
    /// Whether text stands between its elements.
    pub mixed: bool,
    /// Whether only derived types may be sent.
    pub is_abstract: bool,
    /// Its keys: attributes, then text or elements, in schema order.
    pub members: Vec<Member>,
    /// Its content model; empty where it has text.
    pub particle: Option<Particle>,
    /// Any further attribute is welcome.
    pub any_attribute: bool,
    /// Where an element goes, in schema order.
    pub routes: Vec<Route>,
    /// The member that takes elements no route knows.
    pub any: Option<u32>,
}

/// One key of a complex type's record.
#[derive(Clone, Debug)]
pub struct Member {
    /// The key.
    pub key: Arc<str>,
    /// What stands there.
    pub kind: MemberKind,
    /// How often; more than once is a list.
    pub occurs: Occurs,
    /// Whether it stands in a choice.
    pub in_choice: bool,
    /// What its schema says of it.
    pub about: Option<Arc<str>>,
}

/// What a member is.
#[derive(Clone, Debug)]
pub enum MemberKind {
    /// An attribute.
    Attribute {
        /// Its namespace's number.
        space: u32,
        /// Its local name.
        local: Arc<str>,
        /// Its type.
        content: TypeId,
    },
    /// The text of the element.
    Text(TypeId),
    /// An element.
    Element(ElementId),
    /// `$any`: elements that the schema leaves open.
    Any,
    /// `$items`: elements of a repeating choice, whose order carries meaning.
    Items(Vec<ElementId>),
}

/// Where an element of a complex type goes.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its namespace's number.
    pub space: u32,
    /// Its local name.
    pub local: Arc<str>,
    /// Its declaration.
    pub element: ElementId,
    /// The member it belongs to.
    pub member: u32,
    /// Whether it is one of `$items`, and so stands in a record of its own.
    pub item: bool,
}

/// A content model. Members are numbers in [`Complex::members`].
#[derive(Clone, Debug)]
pub enum Particle {
    /// An element.
    Element(u32, Occurs),
    /// Open content.
    Any(u32, Occurs),
    /// One of [`MemberKind::Items`].
    Items(u32, Occurs),
    /// One after the other; `all` is read as this too, since the order that we write is allowed there.
    Sequence(Vec<Particle>, Occurs),
    /// One of them.
    Choice(Vec<Particle>, Occurs),
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

    /// All named types of the schemas.
    pub fn types(&self) -> impl Iterator<Item = (&Arc<str>, TypeId)> {
        self.named.iter().map(|((_, local), id)| (local, *id))
    }

    /// (prefix, namespace) pairs as the schemas write them, for a [`crate::xml::Writer`].
    pub fn prefixes(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.prefixes.iter().zip(&self.spaces).filter_map(|(prefix, uri)| Some((prefix.as_ref()?.to_string(), uri.to_string())))
    }

    /// Whether a type is another one or derives from it.
    pub fn derives(&self, id: TypeId, from: TypeId) -> bool {
        // A cycle of bases is refused when schemas are compiled, so this ends.
        id == from || matches!(self.content(id), Type::Complex(Complex { base: Some(base), .. }) if self.derives(*base, from))
    }
}
