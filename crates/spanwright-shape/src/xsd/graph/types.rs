//! What a schema declares: elements, types, and what a complex type is made of.

use std::sync::Arc;

use crate::xsd::{facets::Facets, occurs::Occurs};

use super::{ElementId, TypeId};

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
    pub(in crate::xsd) fn new(key: Arc<str>, kind: MemberKind) -> Member {
        Member { key, kind, occurs: Occurs::ONCE, list: false, in_choice: false, about: None }
    }
}
