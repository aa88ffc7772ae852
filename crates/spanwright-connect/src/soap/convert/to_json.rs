//! XML to JSON.

use std::borrow::Cow;

use spanwright_shape::{
    json,
    room::Room,
    value::Value,
    wsdl::{Version, Wsdl},
    xml::{self, Event, Name, Reader, plain},
    xsd::{self, ElementId, Names},
};

use super::refusal::Note;
use super::{Converted, Head, Options, Way, envelope, fault, operations, versions};
use crate::soap::{codes, header};

/// Converts a document or an envelope. `text`: decoded; `head`: what was captured around it.
///
/// # Errors
/// The first rule that it breaks, with its place.
pub fn to_json(text: &str, head: &Head, options: &Options<'_>) -> Result<Converted, Note> {
    if head.is_multipart() || text.trim_ascii_start().starts_with("--") {
        return Err(Note::new(
            &codes::ATTACHMENTS,
            0,
            "soap.attachments: the message has parts (MTOM or SOAP with Attachments), which are not read yet",
        )
        .help("ask the service to send without attachments: most send base64 then"));
    }
    let room = Room::new();
    let way = if options.way == Way::Either { head.way } else { options.way };
    let source: &str = room.text(text);
    let options = Options { way, ..options.clone() };
    let mut converting = Converting { source, reader: Reader::new(source)?, head, options: &options, room: &room, notes: Vec::new() };
    let value = converting.document()?;
    let mut bytes = Vec::new();
    json::write(&value, &mut bytes);
    bytes.push(b'\n');
    Ok(Converted { bytes, notes: converting.notes })
}

struct Converting<'a, 'o> {
    source: &'a str,
    reader: Reader<'a>,
    head: &'o Head,
    options: &'o Options<'a>,
    room: &'a Room,
    notes: Vec<Note>,
}

impl<'a> Converting<'a, '_> {
    fn document(&mut self) -> Result<Value<'a>, Note> {
        let name = match self.reader.read() {
            Ok(Event::Start(name)) => name,
            Ok(_) => unreachable!("a document begins with its root"),
            Err(fault) if is_html(self.source) => {
                return Err(Note::new(&codes::NOT_SOAP, fault.at, "not_soap: it is a page of HTML")
                    .help("is the address right, and the session alive?"));
            }
            Err(fault) => return Err(fault.into()),
        };
        let at = self.reader.place().0;
        if name.local.eq_ignore_ascii_case("html") {
            return Err(
                Note::new(&codes::NOT_SOAP, at, "not_soap: it is a page of HTML").help("is the address right, and the session alive?")
            );
        }
        let value = if name.local == "Envelope" { self.envelope(name, at)? } else { self.plain_document(name, at)? };
        loop {
            if self.reader.read()? == Event::Eof {
                return Ok(value);
            }
        }
    }

    fn plain_document(&mut self, name: Name<'a>, at: usize) -> Result<Value<'a>, Note> {
        let (key, value) = self.content(name, at, None)?;
        Ok(self.one(key, value))
    }

    fn envelope(&mut self, name: Name<'a>, at: usize) -> Result<Value<'a>, Note> {
        let uri = self.reader.uri(name.space);
        if uri.is_empty() && self.options.schema.is_some_and(|wsdl| wsdl.graph.root("", "Envelope").is_some()) {
            return self.plain_document(name, at);
        }
        let version = envelope::version(uri, at)?;
        envelope::check_scope(self.source)?;
        let space = envelope::space(version);
        let (mut header, mut body) = (Vec::new(), None);
        while let Some(name) = self.next()? {
            let at = self.reader.place().0;
            match (name.local, self.reader.uri(name.space) == space) {
                ("Header", true) if body.is_none() => header = self.header(space)?,
                ("Body", true) if body.is_none() => body = Some(self.body(version)?),
                ("Body", true) => return Err(Note::envelope("soap.body", at, "a second Body")),
                _ => self.skip()?,
            }
        }
        let Some(body) = body else { return Err(Note::new(&codes::NOT_SOAP, at, "not_soap: an envelope without a Body")) };
        if let (Way::Request, Some(at)) = (self.way_of(&body), self.reader.instruction()) {
            return Err(Note::envelope("soap.pi", at, "a processing instruction, which SOAP forbids (SOAP 1.1 section 3)"));
        }
        self.check_version(version, &body, at)?;
        let mut fields = Vec::new();
        if !header.is_empty() {
            fields.push(("Header", Value::Record(self.room.bump().alloc_slice_copy(&header))));
        }
        fields.push(match body {
            Body::Fault(fault) => ("Fault", fault),
            Body::Content(key, value, _) => ("Body", self.one(key, value)),
            Body::Empty => ("Body", Value::Record(&[])),
        });
        Ok(Value::Record(self.room.bump().alloc_slice_copy(&fields)))
    }

    fn way_of(&self, body: &Body<'_>) -> Way {
        match body {
            Body::Content(_, _, way) if self.options.way == Way::Either => *way,
            _ => self.options.way,
        }
    }

    /// An answer of the other version is taken with a warning; a request of a version that no port speaks is refused.
    fn check_version(&mut self, version: Version, body: &Body<'_>, at: usize) -> Result<(), Note> {
        let spoken = self.options.schema.map(versions).unwrap_or_default();
        if spoken.is_empty() || spoken.contains(&version) {
            return Ok(());
        }
        let note = Note::envelope("VersionMismatch", at, "the envelope is of a version of SOAP that no port of the description speaks");
        match self.way_of(body) {
            Way::Request => Err(note),
            Way::Answer | Way::Either => {
                self.notes.push(note);
                Ok(())
            }
        }
    }

    fn header(&mut self, space: &str) -> Result<Vec<(&'a str, Value<'a>)>, Note> {
        let mut blocks: Vec<(&'a str, Value<'a>)> = Vec::new();
        while let Some(name) = self.next()? {
            let at = self.reader.place().0;
            let uri = self.reader.uri(name.space).to_string();
            let is_declared = |wsdl: &Wsdl| wsdl.graph.root(&uri, name.local).is_some();
            let known = self.options.schema.is_some_and(is_declared) || header::UNDERSTOOD.contains(&&*uri);
            if !known && header::must_be_understood(&self.reader, space) {
                return Err(Note::envelope(
                    "MustUnderstand",
                    at,
                    format!("the header block `{}` must be understood, and nobody here does", name.local),
                ));
            }
            let (key, value) = match self.options.schema {
                Some(wsdl) => xsd::decode_open(&wsdl.graph, name, &mut self.reader, self.room)?,
                None => xsd::decode_open(self.nothing(), name, &mut self.reader, self.room)?,
            };
            // The local name alone, but where two blocks have it.
            let taken = blocks.iter().any(|(other, _)| *other == name.local);
            blocks.push((if taken { key } else { name.local }, value));
        }
        Ok(blocks)
    }

    fn body(&mut self, version: Version) -> Result<Body<'a>, Note> {
        let Some(name) = self.next()? else { return Ok(Body::Empty) };
        let at = self.reader.place().0;
        let body = if name.local == "Fault" && self.reader.uri(name.space) == envelope::space(version) {
            Body::Fault(fault::read(&mut self.reader, version, self.head.status, self.options, self.room)?)
        } else {
            let known = self.operation_element(name);
            if let Some((_, action, Way::Request)) = known {
                self.check_action(name.local, action, at)?;
            }
            let (key, value) = self.content(name, at, known.map(|(id, ..)| id))?;
            Body::Content(key, value, known.map_or(Way::Either, |(.., way)| way))
        };
        while let Some(name) = self.next()? {
            let at = self.reader.place().0;
            self.notes.push(Note::new(
                &xml::codes::EXTRA,
                at,
                format!("`{}` stands behind the Body's element, and is passed over", name.local),
            ));
            self.skip()?;
        }
        Ok(body)
    }

    /// The element of an operation's message, its action, and on which way it is.
    fn operation_element(&self, name: Name<'_>) -> Option<(ElementId, &'a str, Way)> {
        let graph = &self.options.schema?.graph;
        let uri = self.reader.uri(name.space);
        let is = |id: ElementId| *graph.element(id).local == *name.local && **graph.uri(graph.element(id).space) == *uri;
        let input = |operation: &'a spanwright_shape::wsdl::Operation| {
            operation.input.filter(|id| is(*id)).map(|id| (id, &*operation.action, Way::Request))
        };
        let output =
            |operation: &'a spanwright_shape::wsdl::Operation| operation.output.filter(|id| is(*id)).map(|id| (id, "", Way::Answer));
        let schema = self.options.schema;
        match self.options.way {
            Way::Answer => operations(schema).find_map(output).or_else(|| operations(schema).find_map(input)),
            Way::Request | Way::Either => operations(schema).find_map(input).or_else(|| operations(schema).find_map(output)),
        }
    }

    /// A SOAPAction that names another operation than the Body does is a trick or a mistake: who may call is decided by the
    /// Body.
    fn check_action(&self, local: &str, declared: &str, at: usize) -> Result<(), Note> {
        match self.head.action.as_deref() {
            Some(action) if !action.is_empty() && !declared.is_empty() && action != declared => Err(Note::envelope(
                "Client.ActionMismatch",
                at,
                format!("the SOAPAction names another operation than the Body's `{local}`"),
            )),
            _ => Ok(()),
        }
    }

    /// An element by the schema, or by hints where there is none.
    fn content(&mut self, name: Name<'a>, at: usize, known: Option<ElementId>) -> Result<(&'a str, Value<'a>), Note> {
        let Some(wsdl) = self.options.schema else {
            return Ok(plain::read(name, &mut self.reader, &self.options.hints, self.room)?);
        };
        let graph = &wsdl.graph;
        let uri = self.reader.uri(name.space).to_string();
        let Some(element) = known.or_else(|| graph.root(&uri, name.local)) else {
            let near = spanwright_shape::text::did_you_mean(name.local, graph.roots().map(|(local, _)| &**local));
            let says = format!("xsd.extra: no schema declares the element `{}` of `{uri}`", name.local);
            let note = Note { help: near, ..Note::new(&xml::codes::EXTRA, at, says) };
            if self.options.strict {
                return Err(note);
            }
            self.notes.push(note);
            return Ok(xsd::decode_open(graph, name, &mut self.reader, self.room)?);
        };
        let decoded = xsd::decode_all(graph, element, &mut self.reader, self.room, Names::Expanded)?;
        if decoded.extra > 0 {
            let says =
                format!("xsd.extra: {} of its elements and attributes are none of the schema; they are kept in `$extra`", decoded.extra);
            self.tell(Note::new(&xml::codes::EXTRA, at, says))?;
        }
        for wrong in decoded.wrong {
            self.tell(Note::new(&xml::codes::INVALID, wrong.at, wrong.says))?;
        }
        let key = graph.key_of(element);
        Ok((self.room.text(&key), decoded.value))
    }

    /// A refusal where it is strict, else a warning.
    fn tell(&mut self, note: Note) -> Result<(), Note> {
        if self.options.strict {
            return Err(note);
        }
        self.notes.push(note);
        Ok(())
    }

    fn nothing(&self) -> &'a xsd::Graph {
        self.room.bump().alloc(xsd::Graph::default())
    }

    fn one(&self, key: &'a str, value: Value<'a>) -> Value<'a> {
        Value::Record(self.room.bump().alloc_slice_copy(&[(key, value)]))
    }

    fn next(&mut self) -> Result<Option<Name<'a>>, Note> {
        loop {
            match self.reader.read()? {
                Event::Start(name) => return Ok(Some(name)),
                Event::Text(_) => {}
                Event::End | Event::Eof => return Ok(None),
            }
        }
    }

    fn skip(&mut self) -> Result<(), Note> {
        let depth = self.reader.depth();
        while self.reader.depth() >= depth {
            self.reader.read()?;
        }
        Ok(())
    }
}

enum Body<'a> {
    Fault(Value<'a>),
    /// The element's key, its content, and on which way its operation has it.
    Content(&'a str, Value<'a>, Way),
    Empty,
}

/// Whether what broke a rule of XML is a page: its first element says so, whatever stands before that.
fn is_html(source: &str) -> bool {
    let mut rest: Cow<'_, str> = source.into();
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        if !tag.starts_with(['!', '?']) {
            return tag.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("html"));
        }
        rest = tag.to_string().into();
    }
    false
}
