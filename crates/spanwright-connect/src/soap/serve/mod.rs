//! SOAP offered to others: `apis/NAME.yaml` with `soap:`, the same WSDL turned around.
//!
//! The one idea: the element in the Body says what is asked, and nothing else does. A SOAPAction that names another operation is
//! refused, since a gateway that lets in by the one and works by the other is a hole. What comes in is checked against its schema
//! before it is taken; what goes out is written by the schema or is a fault, in the version of SOAP that the caller speaks.
//!
//! Always: whatever a caller sends, the answer is a well-formed envelope; it tells what is wrong with the request and nothing of us.

mod answer;
mod check;
mod describe;
mod fault;
mod pretend;
mod request;
#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;

use spanwright_core::{
    connector::With,
    door::{Asked, Brings, Door, HttpAnswer, Incoming, Pretended, Received, Refused, Request, Route, Said},
    interface::Interface,
};
use spanwright_shape::{
    room::Room,
    shape::ShapeId,
    text::Failure,
    value::Value,
    wsdl::Version,
    xsd::{ElementId, Graph},
};

pub(super) use check::door;
use describe::Description;
use fault::Who;

use super::{codes, header};
use crate::endpoint::beside;

/// The media type of SOAP 1.2 (RFC 3902); that of 1.1 is `text/xml`.
const SOAP12_MEDIA: &str = "application/soap+xml";

/// An API that speaks SOAP.
pub(super) struct SoapDoor {
    routes: [Route; 1],
    interface: Interface,
    /// The shape of each operation's `$headers`.
    headers: Vec<ShapeId>,
    /// Header blocks of all operations: they are read before it is known which one is asked.
    blocks: Vec<ElementId>,
    /// Callers sign in by a user name token, which the guard has looked at.
    by_token: bool,
    /// The header of correlation ids.
    correlation: Arc<str>,
    graph: Graph,
    /// The versions that its ports speak, the first of them where a caller's is not known.
    versions: Vec<Version>,
    /// In the order of the interface.
    operations: Vec<Served>,
    description: Description,
}

/// One operation, from the inside.
struct Served {
    name: Arc<str>,
    /// The `soapAction` of each version; may be empty.
    actions: Vec<(Version, Arc<str>)>,
    input: Option<ElementId>,
    output: Option<ElementId>,
    faults: Vec<(Arc<str>, ElementId)>,
}

impl Door for SoapDoor {
    fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn beside(&self, operation: usize) -> Vec<(&str, ShapeId)> {
        vec![("headers", self.headers[operation])]
    }

    /// Who shows a token in the message cannot show one when it asks what a message looks like.
    fn is_open_to(&self, request: &Request<'_>) -> bool {
        self.by_token && request.method == "GET" && self.description.find(request.query).is_some()
    }

    fn receive<'r>(&'r self, request: &Request<'r>, _: &With<'_>, room: &'r Room) -> Result<Received<'r>, Refused> {
        if request.method == "GET" {
            return self.described(request).map(Received::Answer);
        }
        if request.method != "POST" {
            return Err(wrong_method());
        }
        match request::read(self, request, room) {
            Ok(asked) => Ok(Received::Message(Incoming {
                operation: asked.operation,
                dialect: dialect(asked.version),
                body: asked.body,
                beside: Value::Record(room.bump().alloc_slice_copy(&[("headers", headers(request, &asked.blocks, room))])),
                once: None,
                correlation: beside::correlation(request, &self.correlation),
            })),
            Err(fault) => Ok(Received::Answer(fault.answer())),
        }
    }

    /// The body was not looked at: its media type is that of one version or the other.
    fn refuse(&self, request: &Request<'_>, refused: &Refused) -> HttpAnswer {
        let media = request.header("content-type").unwrap_or_default().trim_start();
        let is_12 = media.get(..SOAP12_MEDIA.len()).is_some_and(|start| start.eq_ignore_ascii_case(SOAP12_MEDIA));
        let wanted = if is_12 { Version::Soap12 } else { Version::Soap11 };
        let version = self.versions.iter().find(|version| **version == wanted).unwrap_or(&self.versions[0]);
        answer::at_the_door(self, *version, refused)
    }

    fn answer(&self, asked: Option<Asked>, said: &Said<'_>) -> HttpAnswer {
        let version = asked.map_or(self.versions[0], |asked| version(asked.dialect));
        answer::said(self, version, asked.map(|asked| asked.operation), said)
    }

    fn pretend(&self, operation: usize, brings: &Brings<'_>, _: &With<'_>) -> Result<Pretended, String> {
        pretend::request(self, operation, brings)
    }
}

impl SoapDoor {
    /// `GET ?wsdl`, and the files that it imports.
    fn described(&self, request: &Request<'_>) -> Result<HttpAnswer, Refused> {
        let address = format!("{}{}", request.origin, request.path);
        let found = self.description.find(request.query).map(|file| self.description.write(file, &address));
        let body = found.ok_or_else(wrong_method)?;
        Ok(HttpAnswer { status: 200, headers: vec![("content-type".into(), b"text/xml; charset=utf-8".to_vec())], body: body.into_bytes() })
    }
}

/// HTTP's headers, and the Header's blocks beside them.
fn headers<'r>(request: &Request<'r>, blocks: &header::Blocks<'r>, room: &'r Room) -> Value<'r> {
    let texts = beside::headers(request, room);
    let Value::Record(fields) = texts else { return texts };
    let fields = fields.iter().filter(|(name, _)| !blocks.iter().any(|(block, _)| block == name));
    let all: Vec<_> = fields.chain(blocks).copied().collect();
    Value::Record(room.bump().alloc_slice_copy(&all))
}

/// The number of a version in an [`Asked`].
fn dialect(version: Version) -> u8 {
    match version {
        Version::Soap11 => 0,
        Version::Soap12 => 1,
    }
}

fn version(dialect: u8) -> Version {
    if dialect == 1 { Version::Soap12 } else { Version::Soap11 }
}

fn wrong_method() -> Refused {
    let says = "SOAP is asked by POST; its description is at `?wsdl`";
    Refused::new(405, Failure::new(&codes::NOT_ASKED_SO, says)).with("allow", "POST")
}
