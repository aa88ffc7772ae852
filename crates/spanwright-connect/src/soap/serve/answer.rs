//! What is said to a caller, in its version of SOAP.

use spanwright_core::door::{HttpAnswer, Refused, Reply, Said};
use spanwright_shape::{
    json,
    room::Room,
    value::Value,
    wsdl::Version,
    xml::WriteFault,
    xsd::{self, ElementId, EncodeFault},
};

use super::{SoapDoor, Who, codes, fault, fault::Fault};

/// Statuses that say more than "a fault", and are told as they are.
const TOLD: [u16; 7] = [401, 403, 405, 413, 415, 429, 503];

/// A reply cannot be written. Why is not told: it would name fields of ours, and the caller can do nothing about it.
struct Unwritable;

impl From<WriteFault> for Unwritable {
    fn from(_: WriteFault) -> Unwritable {
        Unwritable
    }
}

impl From<EncodeFault> for Unwritable {
    fn from(_: EncodeFault) -> Unwritable {
        Unwritable
    }
}

pub(super) fn said(door: &SoapDoor, version: Version, operation: Option<usize>, said: &Said<'_>) -> HttpAnswer {
    match (said, operation) {
        (Said::Replied(reply), Some(operation)) => replied(door, version, operation, reply),
        (Said::Refused(refused), _) => self::refused(door, version, refused),
        // One way: kept, and nothing more is to be heard (WS-I Basic Profile R2714).
        (Said::Accepted { .. } | Said::Repeated | Said::LeftOut, _) => HttpAnswer { status: 202, ..HttpAnswer::default() },
        (Said::Finished { .. } | Said::Replied(_), _) => finished(door, version, operation),
    }
}

/// The flow ended and replied nothing: right where there is nothing to reply.
fn finished(door: &SoapDoor, version: Version, operation: Option<usize>) -> HttpAnswer {
    match operation.map(|operation| door.operations[operation].output) {
        Some(None) => {
            let empty = fault::envelope(version, [], |_| Ok::<(), WriteFault>(()));
            fault::answer(version, 200, empty.unwrap_or_default())
        }
        Some(Some(_)) | None => Fault::new(version, Who::Receiver, &codes::NO_ANSWER, "the flow ended without an answer").answer(),
    }
}

fn replied(door: &SoapDoor, version: Version, operation: usize, reply: &Reply) -> HttpAnswer {
    let written = match &reply.fault {
        Some(name) => declared(door, version, operation, name, reply),
        None => content(door, version, operation, reply),
    };
    written.unwrap_or_else(|_| Fault::new(version, Who::Receiver, &codes::UNWRITABLE, "the answer does not fit its schema").answer())
}

fn content(door: &SoapDoor, version: Version, operation: usize, reply: &Reply) -> Result<HttpAnswer, Unwritable> {
    let body = match door.operations[operation].output {
        Some(output) => fault::envelope(version, door.graph.prefixes(), |writer| encode(door, output, reply, writer))?,
        None => fault::envelope(version, [], |_| Ok::<(), Unwritable>(()))?,
    };
    Ok(fault::answer(version, 200, body))
}

/// A fault that the operation declares is the caller's business and no breakdown of ours.
fn declared(door: &SoapDoor, version: Version, operation: usize, name: &str, reply: &Reply) -> Result<HttpAnswer, Unwritable> {
    let found = door.operations[operation].faults.iter().find(|(declared, _)| **declared == *name);
    let (_, element) = found.ok_or(Unwritable)?;
    let write = |writer: &mut spanwright_shape::xml::Writer| encode(door, *element, reply, writer);
    let body = fault::fault(version, Who::Sender, name, door.graph.prefixes(), write)?;
    Ok(fault::answer(version, fault::status(version, Who::Sender), body))
}

fn encode(door: &SoapDoor, element: ElementId, reply: &Reply, writer: &mut spanwright_shape::xml::Writer) -> Result<(), Unwritable> {
    let room = Room::new();
    let value = match reply.body.as_slice() {
        [] => Value::Null,
        bytes => json::read(bytes, &room).map_err(|_| Unwritable)?,
    };
    Ok(xsd::encode(&door.graph, element, &value, writer)?)
}

/// A request that was refused before its envelope was looked at (too slow, cut, nobody that we know): the status is that of HTTP, as at
/// every other door, since it is not the envelope that it speaks of.
pub(super) fn at_the_door(door: &SoapDoor, version: Version, refused: &Refused) -> HttpAnswer {
    HttpAnswer { status: refused.status, ..self::refused(door, version, refused) }
}

fn refused(door: &SoapDoor, version: Version, refused: &Refused) -> HttpAnswer {
    let who = match refused.status {
        401 if door.by_token => Who::Unauthenticated,
        400..500 => Who::Sender,
        _ => Who::Receiver,
    };
    let fault = Fault { code: refused.failure.code.id, ..Fault::new(version, who, refused.failure.code, refused.failure.says.clone()) };
    let fault = if TOLD.contains(&refused.status) { fault.with_status(refused.status) } else { fault };
    let mut answer = fault.answer();
    answer.headers.extend(refused.headers.iter().cloned());
    answer
}
