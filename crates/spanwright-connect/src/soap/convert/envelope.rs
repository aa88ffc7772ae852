//! What must hold of an envelope before its content is read: its version, who must understand its header, and what a
//! signature in it covers. We verify no signature, and so say nothing of one that covers something else than the Body.

use spanwright_shape::{
    wsdl::Version,
    xml::{Attribute, Event, Reader},
};

use super::refusal::Note;
use crate::soap::{
    request::{SOAP11, SOAP12},
    wsse::WSU,
};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The version of an envelope, by its namespace.
pub(super) fn version(uri: &str, at: usize) -> Result<Version, Note> {
    match uri {
        SOAP11 => Ok(Version::Soap11),
        SOAP12 => Ok(Version::Soap12),
        other => {
            Err(Note::envelope("VersionMismatch", at, format!("an envelope of the namespace `{other}`, which is neither SOAP 1.1 nor 1.2"))
                .help(format!("SOAP 1.1 is `{SOAP11}`, with the slash; SOAP 1.2 is `{SOAP12}`")))
        }
    }
}

/// The namespace of a version's envelopes.
pub(super) fn space(version: Version) -> &'static str {
    match version {
        Version::Soap11 => SOAP11,
        Version::Soap12 => SOAP12,
    }
}

/// Refuses an envelope whose signature covers another Body than the one that would be processed (signature wrapping), or
/// that hides a Body in its Header.
pub(super) fn check_scope(text: &str) -> Result<(), Note> {
    let mut reader = Reader::new(text)?;
    let (mut covered, mut signed): (Vec<String>, Option<usize>) = (Vec::new(), None);
    loop {
        let event = reader.read()?;
        let (at, depth) = (reader.place().0, reader.depth());
        let Event::Start(name) = event else {
            if event == Event::Eof {
                return Ok(());
            }
            continue;
        };
        let uri = reader.uri(name.space);
        let is_body = name.local == "Body" && matches!(uri, SOAP11 | SOAP12);
        if uri == DSIG && name.local == "Signature" {
            signed = signed.or(Some(at));
        }
        if uri == DSIG && name.local == "Reference" {
            let id = reader.attributes().iter().find(|one| one.name.local == "URI").and_then(|one| one.value.strip_prefix('#'));
            covered.extend(id.map(str::to_string));
        }
        if is_body && depth > 2 {
            return Err(Note::envelope(
                "wsse.signature_scope",
                at,
                "a Body stands inside of another element, where no server processes it",
            ));
        }
        if is_body && signed.is_some() {
            let id = |one: &&Attribute<'_>| one.name.local == "Id" && (reader.uri(one.name.space) == WSU || one.name.space.0 == 0);
            let own = reader.attributes().iter().find(id).map(|one| one.value.to_string());
            if !own.is_some_and(|own| covered.contains(&own)) {
                return Err(Note::envelope("wsse.signature_scope", at, "the signature covers something else than this Body"));
            }
            return Ok(());
        }
    }
}
