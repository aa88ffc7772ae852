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

/// A part of an rpc message.
#[derive(Clone, Debug)]
pub enum Part {
    /// An element that a schema declares.
    Element(ElementId),
    /// A name, and the type of what stands there.
    Type(Arc<str>, TypeId),
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
    /// Whether it may say nothing but that.
    pub fixed: bool,
    /// Whether only what may stand in its place can be sent.
    pub is_abstract: bool,
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
    /// A qualified name: its prefix is one of ours, or its namespace stands before it as `{urn:x}`.
    Name,
    /// One of these. Instances must not decide what it becomes, so it is text unless all of them become the same.
    Union(Vec<TypeId>, Common),
}

/// What all types of a union become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Common {
    /// Not the same thing: text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Flags.
    Flag,
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
    /// Further attributes that are welcome.
    pub any_attribute: Option<Wildcard>,
    /// Where an element goes, in schema order.
    pub routes: Vec<Route>,
    /// The member that takes elements no route knows, if a wildcard of its kind welcomes them.
    pub any: Option<u32>,
    /// The wildcards of that member.
    pub wildcards: Vec<Wildcard>,
    /// The member of [`MemberKind::Items`].
    pub items: Option<u32>,
    /// The wildcards among the items.
    pub item_wildcards: Vec<Wildcard>,
}

/// Which names a wildcard welcomes, and what is made of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    /// Their namespaces.
    pub spaces: Spaces,
    /// Whether their declarations count: not for `processContents="skip"`.
    pub typed: bool,
}

/// Namespaces, by their numbers in the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spaces {
    /// Any.
    All,
    /// Any but this one, and not none.
    Other(u32),
    /// These.
    Of(Vec<u32>),
}

impl Wildcard {
    /// Whether a namespace is welcome; one that the graph does not know has no number.
    pub fn welcomes(&self, space: Option<u32>) -> bool {
        match &self.spaces {
            Spaces::All => true,
            Spaces::Other(target) => space != Some(0) && space != Some(*target),
            Spaces::Of(some) => space.is_some_and(|space| some.contains(&space)),
        }
    }
}

/// One key of a complex type's record.
#[derive(Clone, Debug)]
pub struct Member {
    /// The key.
    pub key: Arc<str>,
    /// What stands there.
    pub kind: MemberKind,
    /// How often.
    pub occurs: Occurs,
    /// Whether it is a list, whatever the instance: it may come more than once, here or in what this type restricts.
    pub list: bool,
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
        /// The only value that it may have.
        fixed: Option<Arc<str>>,
    },
    /// The text of the element.
    Text(TypeId),
    /// An element.
    Element(ElementId),
    /// `$any`: elements that the schema leaves open.
    Any,
    /// `$items`: elements of a repeating group, whose order carries meaning; `$mixed`, where text stands between them.
    Items,
}

/// Where an element of a complex type goes.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its namespace's number.
    pub space: u32,
    /// Its local name.
    pub local: Arc<str>,
    /// The key of an item: its local name, with a prefix where another item has that too.
    pub key: Arc<str>,
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
    /// Open content: the member and the wildcard.
    Any(u32, u32, Occurs),
    /// A group whose elements are [`MemberKind::Items`].
    Items(u32, Model),
    /// One after the other; `all` is read as this too, since the order that we write is allowed there.
    Sequence(Vec<Particle>, Occurs),
    /// One of them.
    Choice(Vec<Particle>, Occurs),
}

/// The order that items may have.
#[derive(Clone, Debug)]
pub enum Model {
    /// An element, by its number in [`Complex::routes`].
    Element(u32, Occurs),
    /// What a wildcard welcomes, by its number in [`Complex::item_wildcards`].
    Any(u32, Occurs),
    /// One after the other.
    Sequence(Vec<Model>, Occurs),
    /// One of them.
    Choice(Vec<Model>, Occurs),
    /// In any order.
    All(Vec<Model>, Occurs),
}

impl Element {
    /// An element of a type, with nothing special about it.
    pub fn new(space: u32, local: Arc<str>, content: TypeId) -> Element {
        Element { space, local, content, nillable: false, default: None, fixed: false, is_abstract: false, about: None }
    }
}

impl Member {
    /// A member that is there once.
    pub(super) fn new(key: Arc<str>, kind: MemberKind) -> Member {
        Member { key, kind, occurs: Occurs::ONCE, list: false, in_choice: false, about: None }
    }
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
