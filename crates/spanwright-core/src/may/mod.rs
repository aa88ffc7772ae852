//! Least privilege: what we may ask of a system, and which of its fields we may see and fill.
//!
//! The one idea: a [`Fence`] stands around a system, whatever connector built it, and everybody who speaks to the system
//! speaks to its fence: the checker of plans, the engine, the tests of a project, the documents. So a field that may not be
//! read is in no shape, and therefore in no expression, no `copy:` and no document; and it is in no value, and therefore
//! in no journal. What always holds, whatever a map computes: a field that may not be written is sent to nobody.
//!
//! A list that is not given allows everything; one that is given allows what it names and nothing else.

use std::sync::Arc;

mod fence;
mod pushed;
mod sieve;

pub use fence::Fence;
pub use pushed::Pushed;
pub use sieve::{Side, Sieve};

/// `may:` of a system.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// Operations by name.
    pub call: Option<Vec<String>>,
    /// Fields that we may see.
    pub read: Option<Vec<Entry>>,
    /// Fields that we may fill.
    pub write: Option<Vec<Entry>>,
}

/// `Contact.address.city`: a field, and all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// A type, or an operation: then it is about its answer, or about its body and those of its parameters that are fields.
    pub root: Arc<str>,
    /// From there; empty: all of it.
    pub path: Vec<Arc<str>>,
}

impl Entry {
    /// Of its text. Lists have no place of their own: `Contact.places[].city` is `Contact.places.city`.
    pub fn parse(text: &str) -> Entry {
        let mut names = text.split('.').map(|name| Arc::from(name.trim_end_matches("[]")));
        Entry { root: names.next().unwrap_or_default(), path: names.collect() }
    }
}

impl Rights {
    /// Whether nothing is said.
    pub fn allow_all(&self) -> bool {
        self.call.is_none() && self.read.is_none() && self.write.is_none()
    }
}

#[cfg(test)]
mod tests;
