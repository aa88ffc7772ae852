//! A request, from its bytes to the value that a flow sees; or the fault that says why not.

use spanwright_core::door::Request;
use spanwright_shape::{
    room::Room,
    shape::breach,
    value::Value,
    wsdl::Version,
    xml::{self, Event, Name, Reader},
    xsd::{self, INVALID},
};

use super::{Served, SoapDoor, Who, codes, fault::Fault};
use crate::{
    http::excerpt,
    soap::{
        answer::{Strange, close, end_of_body, open_body},
        header::{Blocks, Known},
        request::{SOAP11, SOAP12},
        wsse::WSSE,
    },
};

/// What is asked of us.
pub(super) struct Asking<'r> {
    pub(super) version: Version,
    pub(super) operation: usize,
    pub(super) body: Value<'r>,
    /// The Header's blocks.
    pub(super) blocks: Blocks<'r>,
}

/// Reads a request whole.
pub(super) fn read<'r>(door: &'r SoapDoor, request: &Request<'r>, room: &'r Room) -> Result<Asking<'r>, Fault> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let spoken = door.versions[0];
    let refuse = |code, says: String| Fault::new(spoken, Who::Sender, code, says);
    match media.as_str() {
        "text/xml" | "application/xml" | "application/soap+xml" => {}
        "multipart/related" => return Err(refuse(&codes::MEDIA, "attachments (MTOM, SwA) are not taken here".into()).with_status(415)),
        _ => return Err(refuse(&codes::MEDIA, "a SOAP envelope comes as text/xml or application/soap+xml".into()).with_status(415)),
    }
    let malformed = |fault: xml::Fault| Fault::new(spoken, Who::Sender, &codes::MALFORMED, excerpt::bounded(&fault.says));
    let text: &'r str = match xml::text(request.body, xml::charset_of(content_type)).map_err(malformed)? {
        std::borrow::Cow::Borrowed(text) => text,
        std::borrow::Cow::Owned(text) => room.text(&text),
    };
    let mut reader = Reader::new(text).map_err(malformed)?;
    let version = version(door, &mut reader)?;
    Reading { door, version, reader: &mut reader, room }.envelope(request, content_type)
}

/// The envelope's version, where it is spoken here.
fn version(door: &SoapDoor, reader: &mut Reader<'_>) -> Result<Version, Fault> {
    let spoken = door.versions[0];
    let start = reader.read().map_err(|fault| Fault::new(spoken, Who::Sender, &codes::MALFORMED, excerpt::bounded(&fault.says)))?;
    let found = match start {
        Event::Start(name) if name.local == "Envelope" => match reader.uri(name.space) {
            SOAP11 => Some(Version::Soap11),
            SOAP12 => Some(Version::Soap12),
            _ => None,
        },
        _ => return Err(Fault::new(spoken, Who::Sender, &codes::MALFORMED, "this is XML without a SOAP envelope")),
    };
    match found {
        Some(version) if door.versions.contains(&version) => Ok(version),
        // A caller of 1.1 understands an answer in 1.1 only (SOAP 1.2 part 1, appendix A).
        found => {
            let says = "the envelope is of a version of SOAP that is not spoken here";
            Err(Fault::new(found.unwrap_or(spoken), Who::Version, &codes::VERSION, says))
        }
    }
}

struct Reading<'r, 'd> {
    door: &'r SoapDoor,
    version: Version,
    reader: &'d mut Reader<'r>,
    room: &'r Room,
}

impl<'r> Reading<'r, '_> {
    fn envelope(mut self, request: &Request<'_>, content_type: &str) -> Result<Asking<'r>, Fault> {
        let space = super::fault::space(self.version);
        let spaces: &[&str] = if self.door.by_token { &[WSSE] } else { &[] };
        let known = Known { graph: &self.door.graph, declared: &self.door.blocks, spaces };
        let blocks = open_body(self.reader, space, known, self.room).map_err(|strange| self.strange(&strange))?;
        let name = self.first()?;
        let candidates = self.candidates(name);
        let action = action(self.version, request, content_type);
        let operation = self.operation(name, &candidates, action.as_deref())?;
        let body = match (self.door.operations[operation].input, name) {
            (Some(input), Some(_)) => {
                xsd::decode(&self.door.graph, input, self.reader, self.room).map_err(|fault| self.malformed(&fault))?
            }
            _ => Value::Null,
        };
        if name.is_some() {
            end_of_body(self.reader).map_err(|strange| self.strange(&strange))?;
        }
        close(self.reader).map_err(|strange| self.strange(&strange))?;
        self.check(operation, &body)?;
        blocks.iter().try_for_each(|(name, block)| self.check_block(name, block))?;
        Ok(Asking { version: self.version, operation, body, blocks })
    }

    /// The element in the Body; `None` where it is empty.
    fn first(&mut self) -> Result<Option<Name<'r>>, Fault> {
        loop {
            match self.reader.read().map_err(|fault| self.malformed(&fault))? {
                Event::Start(name) => return Ok(Some(name)),
                Event::Text(text) if text.trim_ascii().is_empty() => {}
                Event::Text(_) => return Err(self.sender(&codes::MALFORMED, "there is text in the Body".into())),
                Event::End | Event::Eof => return Ok(None),
            }
        }
    }

    fn candidates(&self, name: Option<Name<'_>>) -> Vec<usize> {
        let graph = &self.door.graph;
        let means = |served: &Served| match (served.input.map(|input| graph.element(input)), name) {
            (None, None) => true,
            (Some(element), Some(name)) => *element.local == *name.local && **graph.uri(element.space) == *self.reader.uri(name.space),
            (None, Some(_)) | (Some(_), None) => false,
        };
        self.door.operations.iter().enumerate().filter(|(_, served)| means(served)).map(|(n, _)| n).collect()
    }

    /// The element decides; an action only chooses between operations of one element, and must not name another one.
    fn operation(&self, name: Option<Name<'_>>, candidates: &[usize], action: Option<&str>) -> Result<usize, Fault> {
        let Some(first) = candidates.first() else {
            let what = name.map_or("an empty Body".to_string(), |name| format!("`{}` of `{}`", name.local, self.reader.uri(name.space)));
            return Err(self.sender(&codes::UNKNOWN, excerpt::bounded(&format!("no operation is asked by {what}"))));
        };
        let declared = |n: usize| self.door.operations[n].action(self.version);
        let Some(action) = action else { return Ok(*first) };
        if let Some(named) = candidates.iter().find(|n| declared(**n) == action) {
            return Ok(*named);
        }
        let another = (0..self.door.operations.len()).any(|n| declared(n) == action);
        if another || !declared(*first).is_empty() {
            let says = format!("the action does not belong to `{}`, which the Body asks for", self.door.operations[*first].name);
            return Err(self.sender(&codes::ACTION, says));
        }
        Ok(*first)
    }

    /// What its schema does not allow is not taken: here the sender can still mend it.
    fn check(&self, operation: usize, body: &Value<'_>) -> Result<(), Fault> {
        let declared = &self.door.interface.operations[operation];
        let wrong = |says: &str| self.sender(&codes::INVALID, excerpt::bounded(&format!("`{}`: {says}", declared.name)));
        if let Value::Record([(INVALID, Value::Text(says)), ..]) = body {
            return Err(wrong(says));
        }
        if let Some(name) = unknown(body) {
            return Err(wrong(&format!("`{name}` is not known")));
        }
        let breach = declared.body.and_then(|shape| breach(&self.door.interface.shapes, shape, body));
        breach.map_or(Ok(()), |breach| Err(wrong(&breach.to_string())))
    }

    fn check_block(&self, name: &str, block: &Value<'_>) -> Result<(), Fault> {
        match block {
            Value::Record([(INVALID, Value::Text(says)), ..]) => {
                Err(self.sender(&codes::INVALID, excerpt::bounded(&format!("the header block `{name}`: {says}"))))
            }
            _ => Ok(()),
        }
    }

    fn sender(&self, code: &'static spanwright_shape::text::Code, says: String) -> Fault {
        Fault::new(self.version, Who::Sender, code, says)
    }

    fn malformed(&self, fault: &xml::Fault) -> Fault {
        self.sender(&codes::MALFORMED, excerpt::bounded(&fault.says))
    }

    fn strange(&self, strange: &Strange) -> Fault {
        match strange {
            Strange::NotUnderstood(says) => Fault::new(self.version, Who::MustUnderstand, &codes::NOT_UNDERSTOOD, says.clone()),
            Strange::NotSoap(says) | Strange::Unexpected(says) => self.sender(&codes::MALFORMED, says.clone()),
            Strange::Truncated => self.sender(&codes::MALFORMED, "the envelope ends too early".into()),
        }
    }
}

impl Served {
    pub(super) fn action(&self, version: Version) -> &str {
        self.actions.iter().find(|(of, _)| *of == version).map_or("", |(_, action)| action)
    }
}

/// What the transport says is asked: `SOAPAction` in 1.1, a parameter of the content type in 1.2; nothing where it is empty.
fn action(version: Version, request: &Request<'_>, content_type: &str) -> Option<String> {
    let written = match version {
        Version::Soap11 => request.header("soapaction").map(str::to_string),
        Version::Soap12 => parameter(content_type, "action"),
    }?;
    let bare = written.trim().trim_matches('"').trim();
    (!bare.is_empty()).then(|| bare.to_string())
}

/// A parameter of a content type, whose value may hold `;` in quotes.
fn parameter(content_type: &str, wanted: &str) -> Option<String> {
    let mut rest = content_type.split_once(';')?.1;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let (value, next) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => behind.split_once(';').map_or((behind, ""), |(value, _)| (value, &behind[value.len()..])),
        };
        if name.trim().trim_start_matches(';').trim().eq_ignore_ascii_case(wanted) {
            return Some(value.to_string());
        }
        rest = next;
    }
}

/// The first element or attribute that the schema does not know.
fn unknown<'v>(value: &Value<'v>) -> Option<&'v str> {
    match value {
        Value::Record(fields) => fields.iter().find_map(|(key, value)| match (*key, value) {
            (xsd::EXTRA, Value::List([Value::Record([(name, _), ..]), ..])) => Some(*name),
            (_, value) => unknown(value),
        }),
        Value::List(items) => items.iter().find_map(unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
    }
}
