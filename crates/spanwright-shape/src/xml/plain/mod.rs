//! XML of which no schema speaks. Nothing is guessed: all text stays text, and a list is a list because [`Hints`] say so,
//! never because an element came twice.
//!
//! An element of text is text; one with attributes or elements is a record: `@name`, `#text`, and the elements by their
//! local names. An element that comes twice and is not declared to repeat is an error that names the line to add: the
//! shape that a map was written against must not change with the data. Text between elements is kept: `$mixed`.

mod hints;
mod infer;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use hints::Hints;
pub use infer::Sample;
pub use read::read;
pub use write::write;

/// Why a document or a value is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no well-formed XML.
    Xml(super::Fault),
    /// An element that comes again and is not declared to: where, and its path.
    Repeats(usize, String),
    /// Two elements or attributes of one parent with one local name in different namespaces: where, and in words.
    Ambiguous(usize, String),
    /// A value that XML has no form for: in words, with its path.
    Value(String),
}

impl From<super::Fault> for Refused {
    fn from(fault: super::Fault) -> Refused {
        Refused::Xml(fault)
    }
}
