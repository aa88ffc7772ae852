//! What a schema says of a value: the one language that mapping, documents and test generators read.
//!
//! Each schema format lowers into it. What a format says beyond it (JSON Schema `not`, XSD patterns) is
//! *residue*: kept as text, checked at run time where it can be, and printed in the documents as such.
//! Absence is the field's ([`Presence`]), null is the value's ([`Shape::Null`] inside [`Shape::OneOf`]).

use std::{collections::HashMap, sync::Arc};

mod breach;
mod fits;

pub use breach::{Breach, breach};
pub use fits::{Fit, fits};

/// A shape in its [`Shapes`]; recursive types cost nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(pub u32);

/// Arms that a union may have before it is widened to [`Shape::Any`].
pub const UNION_ARMS_MOST: usize = 16;

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Anything: no schema says more.
    Any,
    /// Nothing at all.
    Never,
    /// Only null.
    Null,
    /// A flag.
    Flag,
    /// A number.
    Number(NumberFacets),
    /// Text.
    Text(TextFacets),
    /// A list of one item shape; at least and at most so many (`None`: no limit).
    List(ShapeId, (u32, Option<u32>)),
    /// A record.
    Record(RecordShape),
    /// One of these; flattened, without `Any`, at most [`UNION_ARMS_MOST`].
    OneOf(Box<[ShapeId]>),
}

/// A record's fields.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RecordShape {
    /// What a person calls the type, where it has a name.
    pub name: Option<Arc<str>>,
    /// In schema order.
    pub fields: Vec<Field>,
    /// What any other field would be; `None`: there is no other.
    pub rest: Option<ShapeId>,
    /// Where this is an element's text with attributes: the text is in `#text`, attributes in `@name`.
    pub text_with_attributes: bool,
    /// What this shape cannot say, in words ("exactly one of PersonId, CompanyRegNo").
    pub residue: Vec<Arc<str>>,
    /// Fields that values have on the other side, and that nobody here may see.
    pub withheld: Vec<Arc<str>>,
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its key.
    pub name: Arc<str>,
    /// What its value is when it is there.
    pub shape: ShapeId,
    /// Whether it is there.
    pub presence: Presence,
    /// What the schema says of it to a person.
    pub about: Option<Arc<str>>,
}

/// Whether a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In every valid record.
    Always,
    /// Not in each.
    Maybe,
}

/// What a number may be.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberFacets {
    /// Whole, decimal or binary floating point.
    pub kind: NumberKind,
    /// Digits in all, at most.
    pub digits: Option<u16>,
    /// Digits behind the point, at most.
    pub fraction: Option<u16>,
    /// At least (a JSON number token).
    pub least: Option<Arc<str>>,
    /// At most (a JSON number token).
    pub most: Option<Arc<str>>,
}

/// The three families of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// Whole numbers; `bits` 8, 16, 32 or 64 signed, 0 for any size.
    Integer {
        /// Width, 0 where there is none.
        bits: u8,
    },
    /// Exact decimals.
    Decimal,
    /// IEEE 754 doubles or floats: digits beyond the 15th are not promised.
    Double,
}

/// What a text may be.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TextFacets {
    /// What the text spells.
    pub format: Format,
    /// Fewest characters.
    pub shortest: Option<u32>,
    /// Most characters.
    pub longest: Option<u32>,
    /// The only texts there are, in schema order.
    pub one_of: Option<Arc<[Arc<str>]>>,
    /// A pattern, as the schema wrote it; residue.
    pub pattern: Option<Arc<str>>,
}

/// What a text spells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Nothing in particular.
    #[default]
    Plain,
    /// `2026-11-22`, with a zone as XSD allows it.
    Date(Zone),
    /// `08:00:00`.
    Time(Zone),
    /// RFC 3339, or XSD's dateTime without a zone.
    DateTime(Zone),
    /// An e-mail address.
    Email,
    /// A URI.
    Uri,
    /// A UUID.
    Uuid,
    /// Bytes in base64.
    Base64,
}

/// Whether a time carries its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Always (RFC 3339).
    Must,
    /// Sometimes (XSD).
    May,
    /// Never.
    Never,
}

impl Format {
    /// What a text of this format is called.
    pub fn words(self) -> &'static str {
        match self {
            Format::Plain => "text",
            Format::Date(_) => "a date",
            Format::Time(_) => "a time of day",
            Format::DateTime(_) => "a date-time",
            Format::Email => "an e-mail address",
            Format::Uri => "a URI",
            Format::Uuid => "a UUID",
            Format::Base64 => "bytes in base64",
        }
    }
}

impl NumberFacets {
    /// Any number of a kind.
    pub fn of(kind: NumberKind) -> NumberFacets {
        NumberFacets { kind, digits: None, fraction: None, least: None, most: None }
    }

    /// From what on and up to what: by its own bounds, or else by its width.
    pub fn range(&self) -> (Option<Arc<str>>, Option<Arc<str>>) {
        let (width_least, width_most) = match self.kind {
            NumberKind::Integer { bits: bits @ 1..=64 } => {
                let half = 1i128 << (bits - 1);
                (Some(Arc::from((-half).to_string())), Some(Arc::from((half - 1).to_string())))
            }
            NumberKind::Integer { .. } | NumberKind::Decimal | NumberKind::Double => (None, None),
        };
        (self.least.clone().or(width_least), self.most.clone().or(width_most))
    }
}

/// The arena of shapes that a schema, or a checked map, lives in.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    all: Vec<Shape>,
    /// Where the fields of large records are, by name: among a few it is quicker to look.
    large: HashMap<ShapeId, HashMap<Arc<str>, usize>>,
}

/// Fields that are looked through one by one.
const FIELDS_LOOKED_THROUGH: usize = 16;

impl Shapes {
    /// Adds a shape.
    pub fn add(&mut self, shape: Shape) -> ShapeId {
        let id = ShapeId(u32::try_from(self.all.len()).expect("fewer than 2^32 shapes"));
        self.all.push(Shape::Any);
        self.set(id, shape);
        id
    }

    /// Reserves an id for a recursive type; [`Shapes::set`] fills it in.
    pub fn reserve(&mut self) -> ShapeId {
        self.add(Shape::Any)
    }

    /// Fills in a reserved shape.
    pub fn set(&mut self, id: ShapeId, shape: Shape) {
        self.large.remove(&id);
        if let Shape::Record(RecordShape { fields, .. }) = &shape
            && fields.len() > FIELDS_LOOKED_THROUGH
        {
            // Of two fields of one name the first counts, as where they are looked through.
            self.large.insert(id, fields.iter().enumerate().rev().map(|(n, field)| (field.name.clone(), n)).collect());
        }
        self.all[id.0 as usize] = shape;
    }

    /// The shape.
    pub fn get(&self, id: ShapeId) -> &Shape {
        &self.all[id.0 as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Copies a shape, and all that it names, out of another arena.
    pub fn import(&mut self, from: &Shapes, id: ShapeId) -> ShapeId {
        let mut known = HashMap::new();
        self.import_known(from, id, &mut known)
    }

    /// The same, where what is copied more than once is to be there once: `known` says what is here already.
    pub fn import_known(&mut self, from: &Shapes, id: ShapeId, known: &mut HashMap<ShapeId, ShapeId>) -> ShapeId {
        if let Some(done) = known.get(&id) {
            return *done;
        }
        let here = self.reserve();
        known.insert(id, here);
        let copy = match from.get(id) {
            Shape::List(item, counts) => Shape::List(self.import_known(from, *item, known), *counts),
            Shape::OneOf(arms) => Shape::OneOf(arms.iter().map(|arm| self.import_known(from, *arm, known)).collect()),
            Shape::Record(record) => {
                let mut copy = record.clone();
                for field in &mut copy.fields {
                    field.shape = self.import_known(from, field.shape, known);
                }
                copy.rest = copy.rest.map(|rest| self.import_known(from, rest, known));
                Shape::Record(copy)
            }
            leaf => leaf.clone(),
        };
        self.set(here, copy);
        here
    }

    /// The shape without null, where it is a union with it: `(shape, may be null)`.
    pub fn without_null(&mut self, id: ShapeId) -> (ShapeId, bool) {
        let Shape::OneOf(arms) = self.get(id) else {
            return if matches!(self.get(id), Shape::Null) {
                (self.add(Shape::Never), true)
            } else {
                (id, matches!(self.get(id), Shape::Any))
            };
        };
        let rest: Vec<ShapeId> = arms.iter().copied().filter(|arm| !matches!(self.get(*arm), Shape::Null)).collect();
        if rest.len() == arms.len() {
            return (id, false);
        }
        match rest.as_slice() {
            [one] => (*one, true),
            _ => (self.add(Shape::OneOf(rest.into())), true),
        }
    }

    /// The same shape, or null.
    pub fn or_null(&mut self, id: ShapeId) -> ShapeId {
        let null = self.add(Shape::Null);
        match self.get(id).clone() {
            Shape::Any | Shape::Null => id,
            Shape::OneOf(arms) if arms.iter().any(|arm| matches!(self.get(*arm), Shape::Null)) => id,
            Shape::OneOf(arms) => {
                let arms = arms.iter().copied().chain([null]).collect();
                self.add(Shape::OneOf(arms))
            }
            _ => self.add(Shape::OneOf(Box::new([id, null]))),
        }
    }

    /// The field of a record shape; looks through null.
    pub fn field(&self, id: ShapeId, name: &str) -> Option<&Field> {
        match self.get(id) {
            Shape::Record(record) => match self.large.get(&id) {
                Some(places) => places.get(name).map(|place| &record.fields[*place]),
                None => record.fields.iter().find(|field| &*field.name == name),
            },
            Shape::OneOf(arms) => arms.iter().find_map(|arm| self.field(*arm, name)),
            _ => None,
        }
    }
}

/// A shape together with the arena it lives in.
#[derive(Clone, Debug)]
pub struct ShapeRef {
    /// The arena.
    pub shapes: Arc<Shapes>,
    /// The shape.
    pub id: ShapeId,
}

#[cfg(test)]
mod laws;
