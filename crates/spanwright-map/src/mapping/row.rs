//! A checked row of a mapping: what is written under one key of the target, and what happens where there is nothing.

use std::{collections::HashMap, sync::Arc};

use spanwright_shape::shape::ShapeId;

use crate::program::Program;

/// JSON that is written as it stands.
pub type Json = Box<[u8]>;

/// One key of a target record.
#[derive(Debug)]
pub struct Row {
    /// `"name":`
    pub key: Json,
    /// What stands behind it.
    pub writes: Writes,
    /// Whether the target requires the key in its record: an empty record or list is then written, and not taken back,
    /// and where any other key of the record is written, this one must be.
    pub required: bool,
}

/// What a row writes.
#[derive(Debug)]
pub enum Writes {
    /// The same for every record.
    Constant(Json),
    /// What an expression gives.
    Field(Box<Field>),
    /// A record of further rows (`billing.city`).
    Record(Vec<Row>),
    /// A record that another map makes.
    Inner(Box<Sub>),
    /// A record for each item.
    List(Box<List>),
}

impl Writes {
    /// What it is computed from and where that stands, or the first such row inside it.
    pub fn source(&self) -> Option<(&Place, &Program)> {
        match self {
            Writes::Constant(_) => None,
            Writes::Field(field) => Some((&field.place, &field.from)),
            Writes::Record(rows) => rows.iter().find_map(|row| row.writes.source()),
            Writes::Inner(sub) => Some((&sub.place, &sub.from)),
            Writes::List(list) => Some((&list.place, &list.each)),
        }
    }
}

/// Rows of another map over a record of this source.
#[derive(Debug)]
pub struct Sub {
    /// The record.
    pub from: Program,
    /// The other map's rows.
    pub rows: Vec<Row>,
    /// What no record, or null, becomes.
    pub nothing: Empty,
    /// Where it stands, for failures.
    pub place: Place,
}

/// A field and its rules, in the order in which they apply.
#[derive(Debug)]
pub struct Field {
    /// The source.
    pub from: Program,
    /// What is done to it where there is something.
    pub then: Option<Program>,
    /// Constants by value.
    pub table: Option<Table>,
    /// Where there is nothing or null.
    pub default: Option<Json>,
    /// What a null becomes.
    pub on_null: Empty,
    /// What nothing becomes.
    pub on_absent: Empty,
    /// What the target takes, in the mapping's own arena: each value is held against it. `None`: anything.
    pub wants: Option<ShapeId>,
    /// Where it stands, for failures.
    pub place: Place,
}

/// Rows for each item of a list.
#[derive(Debug)]
pub struct List {
    /// The list.
    pub each: Program,
    /// The rows of an item.
    pub rows: Vec<Row>,
    /// Whether the rows are another map's: an item is then a source of its own.
    pub alone: bool,
    /// Whether some expression inside looks at `$root`, `$parent` or `$index`.
    pub looks_around: bool,
    /// What no list, or null, becomes.
    pub on_absent: NoList,
    /// How many items the target takes.
    pub counts: (u32, Option<u32>),
    /// Where it stands, for failures.
    pub place: Place,
}

/// What no list becomes at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoList {
    /// The field is left out.
    Omit,
    /// `null`
    Null,
    /// `[]`: the target requires the list, and one of no items says the same.
    Empty,
    /// The record fails.
    Fail,
}

/// Constants by the text of a value.
#[derive(Debug)]
pub struct Table {
    /// The pairs.
    pub pairs: HashMap<Box<str>, Json>,
    /// For any other value; `None`: the record fails.
    pub otherwise: Option<Json>,
}

/// What nothing becomes at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// The field is left out.
    Omit,
    /// `null`
    Null,
    /// The record fails.
    Fail,
}

/// A target field and the lines of its expressions.
#[derive(Clone, Debug)]
pub struct Place {
    /// `addresses[].street`
    pub target: Arc<str>,
    /// The file; empty where a program made the mapping.
    pub file: Arc<str>,
    /// Pairs of (first byte in the text, line) for `from`, or `each`.
    pub lines: Box<[(u32, u32)]>,
    /// The same for `then`.
    pub then_lines: Box<[(u32, u32)]>,
}
