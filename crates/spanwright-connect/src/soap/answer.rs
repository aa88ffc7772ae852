//! What an answer's body is: content, a fault, nothing, or no SOAP.

use std::borrow::Cow;

use spanwright_shape::{
    room::Room,
    value::Value,
    xml::{self, Event, FaultKind, Reader},
    xsd::{self, ElementId, Graph, Names},
};

use super::fault::Fault;
use super::header::{self, Blocks, Known};
use super::request::{SOAP11, SOAP12};

/// An answer, read.
pub(super) enum Answer<'a> {
    /// The content of the Body's element, and how many fields in it the schema does not have.
    Content(Value<'a>, usize),
    /// A Body without an element.
    Nothing,
    /// A fault.
    Fault(Fault),
}

/// Why a body is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Strange {
    /// It is no XML, or XML that is no envelope.
    NotSoap(String),
    /// It ends too early.
    Truncated,
    /// An envelope with something else in it.
    Unexpected(String),
    /// A header block that must be understood, and is not.
    NotUnderstood(String),
}

impl From<xml::Fault> for Strange {
    /// Only the rule that was broken is told, since the rest of the words may quote the body.
    fn from(fault: xml::Fault) -> Strange {
        match fault.kind {
            FaultKind::EndOfFile => Strange::Truncated,
            FaultKind::Limit => Strange::NotSoap(fault.says),
            kind => Strange::NotSoap(format!("no well-formed XML: {}", kind.word())),
        }
    }
}

/// Reads a body. `output`: the element that the operation answers with; `blocks`: those that may stand in its Header.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    charset: Option<&str>,
    graph: &'a Graph,
    output: Option<ElementId>,
    blocks: &'a [ElementId],
    room: &'a Room,
) -> Result<Answer<'a>, Strange> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Strange::NotSoap("an empty body".to_string()));
    }
    let text: &'a str = match xml::text(bytes, charset)? {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => room.text(&text),
    };
    let mut reader = Reader::new(text)?;
    let space = open_envelope(&mut reader)?;
    let known = Known { graph, declared: blocks, spaces: &header::UNDERSTOOD };
    let blocks = open_body(&mut reader, &space, known, room)?;
    let answer = inside(&mut reader, &space, graph, output, room)?;
    close(&mut reader)?;
    Ok(match answer {
        Answer::Content(value, extra) => Answer::Content(header::with(value, blocks, room), extra),
        other => other,
    })
}

/// The envelope's start; either version is taken, whichever we spoke.
fn open_envelope(reader: &mut Reader<'_>) -> Result<String, Strange> {
    match reader.read()? {
        Event::Start(name) if name.local == "Envelope" && matches!(reader.uri(name.space), SOAP11 | SOAP12) => {
            Ok(reader.uri(name.space).to_string())
        }
        Event::Start(name) if name.local == "Envelope" => Err(Strange::NotSoap("an envelope of an unknown version".to_string())),
        _ => Err(Strange::NotSoap("XML without an envelope".to_string())),
    }
}

/// Reads the Header and stops behind the Body's start.
pub(super) fn open_body<'a>(reader: &mut Reader<'a>, space: &str, known: Known<'a>, room: &'a Room) -> Result<Blocks<'a>, Strange> {
    let mut blocks = Vec::new();
    loop {
        match reader.read()? {
            Event::Start(name) if name.local == "Body" && reader.uri(name.space) == space => return Ok(blocks),
            Event::Start(name) if name.local == "Header" && reader.uri(name.space) == space => {
                blocks = header::read(reader, space, known, room)?;
            }
            Event::Start(_) => skip(reader)?,
            Event::Text(_) => {}
            Event::End | Event::Eof => return Err(Strange::NotSoap("an envelope without a Body".to_string())),
        }
    }
}

fn inside<'a>(
    reader: &mut Reader<'a>,
    space: &str,
    graph: &'a Graph,
    output: Option<ElementId>,
    room: &'a Room,
) -> Result<Answer<'a>, Strange> {
    loop {
        match reader.read()? {
            Event::Text(_) => {}
            Event::End | Event::Eof => return Ok(Answer::Nothing),
            Event::Start(name) if name.local == "Fault" && reader.uri(name.space) == space => {
                let fault = Fault::read(reader)?;
                end_of_body(reader)?;
                return Ok(Answer::Fault(fault));
            }
            Event::Start(name) => {
                let expected = output.map(|id| graph.element(id));
                let fits =
                    expected.is_some_and(|element| *element.local == *name.local && **graph.uri(element.space) == *reader.uri(name.space));
                let (Some(output), true) = (output, fits) else {
                    let wanted = expected.map_or("nothing", |element| &*element.local);
                    let found = format!("`{}` of `{}` where `{wanted}` belongs", name.local, reader.uri(name.space));
                    return Err(Strange::Unexpected(crate::http::excerpt::bounded(&found)));
                };
                let decoded = xsd::decode_all(graph, output, reader, room, Names::Expanded)?;
                end_of_body(reader)?;
                return Ok(Answer::Content(decoded.value, decoded.extra));
            }
        }
    }
}

/// The rest of the Body: elements behind the first are those of encoded style, and are passed over.
pub(super) fn end_of_body(reader: &mut Reader<'_>) -> Result<(), Strange> {
    loop {
        match reader.read()? {
            Event::Start(_) => skip(reader)?,
            Event::Text(_) => {}
            Event::End | Event::Eof => return Ok(()),
        }
    }
}

/// The rest of the document: a second Body is a trick, and what is cut off is noticed here.
pub(super) fn close(reader: &mut Reader<'_>) -> Result<(), Strange> {
    loop {
        match reader.read()? {
            Event::Start(name) if name.local == "Body" => return Err(Strange::Unexpected("a second Body".to_string())),
            Event::Eof => return Ok(()),
            Event::Start(_) | Event::End | Event::Text(_) => {}
        }
    }
}

/// Passes over the element whose start was just read.
pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), Strange> {
    let depth = reader.depth();
    while reader.depth() >= depth {
        reader.read()?;
    }
    Ok(())
}
