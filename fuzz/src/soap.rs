//! What must hold of any bytes, whoever sent them: the bodies of the fuzz targets, which the ordinary tests run over the corpus too.

use std::sync::LazyLock;

use spanwright_connect::soap::convert::{self, Options};
use spanwright_shape::{
    json,
    room::Room,
    text::{Bundle, Problems},
    wsdl::{self, Wsdl},
    xml::{self, Event, Reader, Writer, plain},
    xsd::{self, Lowering, Names},
};

const WSDL: &[u8] = include_bytes!("../../crates/spanwright-shape/tests/cases/soap/erp.wsdl");
const TYPES: &[u8] = include_bytes!("../../crates/spanwright-shape/tests/cases/soap/types.xsd");

static ERP: LazyLock<Wsdl> = LazyLock::new(|| described(WSDL).expect("our own description is right"));

fn described(wsdl: &[u8]) -> Option<Wsdl> {
    let bundle = Bundle::new([("erp.wsdl".to_string(), wsdl.to_vec()), ("types.xsd".to_string(), TYPES.to_vec())]);
    let mut problems = Problems::new();
    let read = wsdl::read(bundle.find("erp.wsdl")?, &bundle, &mut problems);
    assert!(read.is_some() || problems.errors() > 0, "refused without a word");
    for at in problems.iter().filter_map(|problem| problem.at) {
        assert!(at.from <= at.to && at.to as usize <= bundle.bytes(at.file).len(), "a place outside the file");
    }
    read
}

/// Any bytes are a document or refused at a place inside of them; what is read has balanced elements.
pub fn xml_reader(bytes: &[u8]) {
    let Ok(text) = xml::text(bytes, None) else { return };
    let Ok(mut reader) = Reader::new(&text) else { return };
    let mut depth = 0_usize;
    loop {
        match reader.read() {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End) => depth = depth.checked_sub(1).expect("an end without a start"),
            Ok(Event::Text(_)) => assert!(depth > 0, "text outside of the root"),
            Ok(Event::Eof) => break,
            Err(fault) => {
                assert!(fault.at <= text.len(), "a place outside the text");
                return;
            }
        }
        assert!(reader.depth() == depth && reader.place().0 <= text.len());
    }
    assert_eq!(depth, 0, "a document that ends inside of an element");
    without_schema(&text);
}

/// What is read without a schema is written again, and read the same.
fn without_schema(text: &str) {
    let (room, hints) = (Room::new(), plain::Hints { arrays: vec!["**.l".into()], ..plain::Hints::default() });
    let Some(value) = plain_of(text, &hints, &room) else { return };
    let mut writer = Writer::new([]);
    let (key, content) = value;
    if plain::write(key, &content, &hints, &mut writer).is_err() {
        return;
    }
    let again = String::from_utf8(writer.finish()).expect("we write UTF-8");
    let (key_again, content_again) = plain_of(&again, &hints, &room).expect("what we write can be read");
    assert_eq!((key, told(&content)), (key_again, told(&content_again)), "{again}");
}

fn plain_of<'a>(text: &str, hints: &plain::Hints, room: &'a Room) -> Option<(&'a str, spanwright_shape::value::Value<'a>)> {
    let mut reader = Reader::new(room.text(text)).ok()?;
    let Ok(Event::Start(name)) = reader.read() else { return None };
    let read = plain::read(name, &mut reader, hints, room).ok()?;
    (reader.read() == Ok(Event::Eof)).then_some(read)
}

fn told(value: &spanwright_shape::value::Value<'_>) -> String {
    let mut bytes = Vec::new();
    json::write(value, &mut bytes);
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Any bytes are an exchange, an envelope or a document, or refused with a place; what comes out is JSON.
pub fn soap_envelope(bytes: &[u8]) {
    let (head, from) = convert::split(bytes);
    let Ok(text) = xml::text(&bytes[from..], head.charset()) else { return };
    for schema in [None, Some(&*ERP)] {
        match convert::to_json(&text, &head, &Options { schema, ..Options::default() }) {
            Ok(converted) => {
                let room = Room::new();
                json::read(&converted.bytes, &room).expect("what we write is JSON");
            }
            Err(note) => assert!(note.at <= text.len(), "a place outside the text"),
        }
    }
}

/// Any bytes are a description or refused with a place; the shapes of what it declares are finite.
pub fn wsdl_reader(bytes: &[u8]) {
    let Some(wsdl) = described(bytes) else { return };
    let mut lowering = Lowering::new(&wsdl.graph);
    for (_, element) in wsdl.graph.roots() {
        lowering.element(element);
    }
}

/// The first byte chooses an element, the rest is its document: what is read and is right is written, and read the same.
pub fn xsd_codec(bytes: &[u8]) {
    let [first, rest @ ..] = bytes else { return };
    let graph = &ERP.graph;
    // In the order of their names: a byte means the same element in every process.
    let mut roots: Vec<_> = graph.roots().collect();
    roots.sort();
    let (_, element) = roots[usize::from(*first) % roots.len()];
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let room = Room::new();
    let Some(decoded) = decoded(element, text, &room) else { return };
    if decoded.extra > 0 || !decoded.wrong.is_empty() {
        return;
    }
    let mut writer = Writer::new(graph.prefixes());
    // What only a strict writer minds (facets) may still stop it.
    if xsd::encode(graph, element, &decoded.value, &mut writer).is_err() {
        return;
    }
    let again = String::from_utf8(writer.finish()).expect("we write UTF-8");
    let twice = self::decoded(element, &again, &room).expect("what we write can be read");
    assert!(twice.wrong.is_empty() && twice.extra == 0, "{again}: {:?}", twice.wrong);
    assert_eq!(told(&decoded.value), told(&twice.value), "{again}");
}

fn decoded<'a>(element: xsd::ElementId, text: &str, room: &'a Room) -> Option<xsd::Decoded<'a>>
where
    'static: 'a,
{
    let mut reader = Reader::new(room.text(text)).ok()?;
    let Ok(Event::Start(_)) = reader.read() else { return None };
    let decoded = xsd::decode_all(&ERP.graph, element, &mut reader, room, Names::Expanded).ok()?;
    (reader.read() == Ok(Event::Eof)).then_some(decoded)
}
