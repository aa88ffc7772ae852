//! XML Schema: the type graph, its lowering into [`crate::shape::Shape`], and the codec that it drives.
//!
//! The one idea: the JSON shape of a document is a function of its *type*, never of the instance. One `<Item>` and ten
//! are both a list, an amount with a currency is always `{"#text", "@currency"}`, `00501` stays text where the schema
//! says string, and absent, null and `""` stay three things. [`Graph`] is compiled once; [`decode`] and [`encode`] walk
//! it in one pass, without a tree of the document, so that what the shapes promise is what the codec does.
//!
//! Reading schemas is permissive (one public WSDL in nine does not load in a strict processor): rules that only matter
//! to validators are not checked. Writing messages is strict: what the schema does not allow is not sent.

mod builtin;
mod choice;
mod compile;
mod complex;
mod decode;
mod documents;
mod encode;
mod facets;
mod graph;
mod known;
mod lexical;
mod members;
mod model;
mod occurs;
mod pattern;
mod shapes;

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod tests;

pub use compile::compile;
pub use decode::{Decoded, EXTRA, INVALID, Names, Wrong, decode, decode_all, decode_open};
pub use documents::{Documents, XSD_DOCUMENTS_MOST, beside, locations};
pub(crate) use documents::{find as find_file, read as read_tree};
pub use encode::{EncodeFault, encode, encode_open};
pub use graph::{
    Blank, Common, Complex, Element, ElementId, Graph, Kind, Member, MemberKind, Model, Part, Particle, Route, Simple, Spaces, Type,
    TypeId, Wildcard,
};
pub use occurs::Occurs;
pub use shapes::Lowering;

/// The namespace of XML Schema.
pub const XSD_SPACE: &str = "http://www.w3.org/2001/XMLSchema";
