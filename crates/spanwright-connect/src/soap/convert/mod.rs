//! By hand what a flow does: a document or an envelope to JSON and back, by the very decoder and encoder, or refused with
//! a code and a place.
//!
//! An envelope becomes `{"Header": {..}, "Body": {"Name": ..}}`; a fault is no data and becomes `{"Fault": {..}}`; any
//! other document becomes `{"Root": ..}`. Reading is lenient as in a flow: what a schema does not know is kept and told.

mod envelope;
mod fault;
mod http;
#[cfg(test)]
mod laws;
mod place;
mod refusal;
mod to_json;
mod to_xml;

#[cfg(test)]
mod tests;

pub use super::class::{ENDING as RULES_ENDING, Rules};
pub use http::{Head, split};
pub use refusal::Note;
pub use to_json::to_json;
pub use to_xml::to_xml;

use spanwright_shape::{
    wsdl::{Operation, Version, Wsdl},
    xml::plain::Hints,
};

/// On which way a message is: some rules hold for requests alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// What its schema says, if it does.
    #[default]
    Either,
    /// To a server.
    Request,
    /// From a server.
    Answer,
}

/// What a conversion goes by.
#[derive(Clone, Debug, Default)]
pub struct Options<'o> {
    /// The schema, where there is one; of an XML Schema alone without services.
    pub schema: Option<&'o Wsdl>,
    /// What its faults mean, where packs of the project say so beside those that are built in.
    pub rules: Option<Rules>,
    /// What to read by where there is none.
    pub hints: Hints,
    /// On which way it is.
    pub way: Way,
    /// Whether what breaks its schema is refused and not told.
    pub strict: bool,
    /// The version of envelopes that are written.
    pub version: Option<Version>,
    /// The element whose content the value is, where the value does not name it.
    pub element: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The document or the JSON.
    pub bytes: Vec<u8>,
    /// What there is to tell of it.
    pub notes: Vec<Note>,
}

/// Every operation of a description that can be called.
fn operations(schema: Option<&Wsdl>) -> impl Iterator<Item = &Operation> {
    schema.into_iter().flat_map(|wsdl| &wsdl.services).flat_map(|service| &service.ports).flat_map(|port| &port.operations)
}

/// The versions that its ports speak.
fn versions(schema: &Wsdl) -> Vec<Version> {
    schema.services.iter().flat_map(|service| &service.ports).map(|port| port.version).collect()
}
