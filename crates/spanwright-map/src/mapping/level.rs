//! Rows of one record of the target while the table is read: found again by name, however many there are.

use std::{collections::HashMap, sync::Arc};

use spanwright_shape::shape::{Presence, ShapeId};

use super::row::Writes;

/// The rows under one record, in the order of the table.
#[derive(Default)]
pub struct Level {
    entries: Vec<Entry>,
    places: HashMap<Arc<str>, usize>,
}

/// One key of the record.
pub struct Entry {
    /// The key.
    pub name: Arc<str>,
    /// Whether the target requires it.
    pub required: bool,
    /// What stands behind it.
    pub made: Made,
}

/// What stands behind a key.
pub enum Made {
    /// What a row writes.
    Leaf(Leaf),
    /// The rows of a record inside (`billing.city`).
    Level(Level),
}

/// What a row writes, and what is known of it.
pub struct Leaf {
    /// How it is written.
    pub writes: Writes,
    /// Its shape, where it is there.
    pub shape: ShapeId,
    /// Whether it is always there.
    pub presence: Presence,
}

impl Level {
    /// The key of a name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.places.get(name).map(|place| &self.entries[*place])
    }

    /// Puts a row under a name. `false`: there is one.
    pub fn put(&mut self, name: &str, required: bool, leaf: Leaf) -> bool {
        let free = !self.places.contains_key(name);
        if free {
            self.push(name, required, Made::Leaf(leaf));
        }
        free
    }

    /// The record inside, made where it is not there. `None`: a row writes that key itself.
    pub fn inside(&mut self, name: &str, required: bool) -> Option<&mut Level> {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => self.push(name, required, Made::Level(Level::default())),
        };
        match &mut self.entries[place].made {
            Made::Level(level) => Some(level),
            Made::Leaf(_) => None,
        }
    }

    fn push(&mut self, name: &str, required: bool, made: Made) -> usize {
        let (place, name) = (self.entries.len(), Arc::<str>::from(name));
        self.places.insert(name.clone(), place);
        self.entries.push(Entry { name, required, made });
        place
    }

    /// All keys, in the order of the table.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}
