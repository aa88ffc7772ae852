//! XML as bytes: a hardened reader, a writer that plans its prefixes, and a tree with places for schemas.
//!
//! quick-xml finds the tokens; everything that makes a document well-formed and harmless is checked here, because
//! the tokeniser accepts two roots, unbound prefixes, control characters and DOCTYPE. The one idea: a [`Reader`]
//! hands out names whose namespaces are already resolved, so nobody above ever sees a prefix.
//!
//! Always: no DOCTYPE (SOAP 1.1 section 3 forbids one, and XXE, billion laughs and external subsets go with it), no
//! entity but the five of XML, nothing fetched, every limit below has a name and stops reading with that name.

pub mod codes;
mod declaration;
mod encoding;
mod fault;
mod limits;
mod name;
pub mod plain;
mod reader;
mod spaces;
mod tag;
mod tree;
mod writer;

#[cfg(test)]
mod tests;

pub use encoding::{charset_of, text};
pub use fault::{Fault, FaultKind};
pub use limits::{XML_ATTRIBUTES_MOST, XML_DEPTH_MOST, XML_ELEMENTS_MOST, XML_NAME_BYTES_MOST, XML_NAMESPACES_MOST, XML_TEXT_BYTES_MOST};
pub use name::{is_legal_char, is_name};
pub use reader::{Event, Reader};
pub use spaces::{Name, SpaceId, XML_SPACE, XSI_SPACE};
pub use tag::Attribute;
pub use tree::{Element, Scope, Tree};
pub use writer::{WriteFault, Writer};
