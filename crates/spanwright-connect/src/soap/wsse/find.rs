//! The `Security` block of an envelope, found before anything else of it is looked at.

use spanwright_shape::xml::{Event, Fault, Reader};

use super::{Security, WSSE};
use crate::soap::request::{SOAP11, SOAP12};

/// What the envelope's Header says of who sends it; `None` where it says nothing, or where this is no envelope.
///
/// # Errors
/// It is no well-formed XML up to its Body.
pub fn find(text: &str) -> Result<Option<Security>, Fault> {
    let (mut reader, mut found) = (Reader::new(text)?, None::<Security>);
    loop {
        let name = match reader.read()? {
            Event::Start(name) => name,
            Event::Eof => return Ok(found),
            Event::Text(_) | Event::End => continue,
        };
        let uri = reader.uri(name.space);
        match (reader.depth(), matches!(uri, SOAP11 | SOAP12), name.local) {
            (1, true, "Envelope") | (2, true, "Header") => {}
            // What stands behind the Body is no Header, whatever it is called.
            (1, ..) | (2, true, "Body") => return Ok(found),
            (3, _, "Security") if uri == WSSE => {
                let block = Security::read(&mut reader)?;
                found = Some(if found.is_some() { block.doubled() } else { block });
            }
            (depth, ..) => {
                while reader.depth() >= depth {
                    reader.read()?;
                }
            }
        }
    }
}
