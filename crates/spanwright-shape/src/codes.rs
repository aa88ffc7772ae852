//! Every code of this floor: S for text and forms, X for XML, XSD and WSDL, J for JSON Schema and OpenAPI.

use crate::text::{self, Code};

/// All of them.
pub fn all() -> Vec<&'static Code> {
    [text::codes::ALL, crate::xml::codes::ALL].concat()
}
