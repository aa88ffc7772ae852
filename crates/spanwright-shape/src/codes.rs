//! Every code of this floor: S for text and forms, X for XML, XSD and WSDL, J for JSON Schema and OpenAPI.

use crate::{
    jsonschema,
    text::{self, Code},
    xml,
};

/// All of them.
pub fn all() -> Vec<&'static Code> {
    [text::codes::ALL, xml::codes::ALL, jsonschema::codes::ALL].concat()
}
