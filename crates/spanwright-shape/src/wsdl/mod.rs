//! WSDL 1.1: services, ports, operations and their messages, with the type graph of all schemas in them.
//!
//! The one idea: an operation is an element that is sent and an element that comes back. Document/literal says just
//! that; rpc/literal says
//! it of an element named after the operation, which is made up here; what does not (encoded use, several parts,
//! attachments) keeps its operation listed with the reason
//! why it cannot be called, so that its neighbours can.
//!
//! Always: everything comes out of the project's own files, and each problem has its file, line and column.

mod definitions;
mod policy;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::text::{Bundle, FileId, Problems, Span};
use crate::xsd::{ElementId, Graph};

/// The namespace of WSDL 1.1.
pub const WSDL_SPACE: &str = "http://schemas.xmlsoap.org/wsdl/";

/// A service description, read and resolved.
#[derive(Debug)]
pub struct Wsdl {
    /// All types and elements.
    pub graph: Graph,
    /// In file order.
    pub services: Vec<Service>,
}

/// A service.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: Arc<str>,
    /// Its SOAP ports.
    pub ports: Vec<Port>,
    /// Its ports of other bindings, which cannot be called.
    pub others: Vec<OtherPort>,
}

/// A port that does not speak SOAP.
#[derive(Debug)]
pub struct OtherPort {
    /// Its name.
    pub name: Arc<str>,
    /// Where it says that it is.
    pub address: Option<Arc<str>>,
    /// What it speaks, in words.
    pub speaks: Arc<str>,
    /// The names of its operations, where it is plain HTTP.
    pub operations: Vec<Arc<str>>,
}

/// A port: one binding at one address.
#[derive(Debug)]
pub struct Port {
    /// Its name.
    pub name: Arc<str>,
    /// Where it says that it is; settings override it.
    pub address: Option<Arc<str>>,
    /// Which envelope it speaks.
    pub version: Version,
    /// The name of its binding.
    pub binding: Arc<str>,
    /// What carries its envelopes, where that is not HTTP.
    pub transport: Option<Arc<str>>,
    /// What its WS-Policy demands, in words.
    pub policies: Vec<Arc<str>>,
    /// In file order.
    pub operations: Vec<Operation>,
}

/// The two versions of SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.1
    Soap11,
    /// 1.2
    Soap12,
}

/// How the Body of an operation's messages is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The Body holds an element that a schema declares.
    Document,
    /// The Body holds an element named after the operation, with an element for each part of the message.
    Rpc,
}

impl Style {
    /// `document` or `rpc`.
    pub fn word(self) -> &'static str {
        match self {
            Style::Document => "document",
            Style::Rpc => "rpc",
        }
    }
}

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// Its name.
    pub name: Arc<str>,
    /// What the description says of it.
    pub about: Option<Arc<str>>,
    /// The `soapAction`; may be empty.
    pub action: Arc<str>,
    /// How its messages are made. For [`Style::Rpc`] the elements are made up out of the message's parts.
    pub style: Style,
    /// Whether its messages are of SOAP section 5 encoding, which is refused.
    pub encoded: bool,
    /// Whether it declares an answer at all.
    pub answers: bool,
    /// The element in the request's Body; `None`: an empty Body.
    pub input: Option<ElementId>,
    /// The element in the answer's Body; `None`: it answers nothing.
    pub output: Option<ElementId>,
    /// Header blocks of the request.
    pub headers: Vec<ElementId>,
    /// Header blocks of the answer.
    pub output_headers: Vec<ElementId>,
    /// Faults that it declares.
    pub faults: Vec<Declared>,
    /// Why it cannot be called, in words.
    pub refused: Option<String>,
    /// What of its description was passed over, in words.
    pub notes: Vec<String>,
    /// Its place in the binding.
    pub span: Span,
}

/// A declared fault.
#[derive(Debug)]
pub struct Declared {
    /// The fault's name in the operation.
    pub name: Arc<str>,
    /// The element in the fault's detail.
    pub element: ElementId,
}

/// Reads a WSDL and all that it imports. `None`: the problems say why.
pub fn read(file: FileId, bundle: &Bundle, to: &mut Problems) -> Option<Wsdl> {
    let before = to.errors();
    let definitions = definitions::Definitions::read(file, bundle, to)?;
    if to.errors() > before {
        // What a missing file declares would be reported as unknown a second time.
        return None;
    }
    let mut graph = crate::xsd::compile(&definitions.schemas, to);
    let services = read::services(&definitions, &mut graph, to);
    (to.errors() == before).then_some(Wsdl { graph, services })
}
