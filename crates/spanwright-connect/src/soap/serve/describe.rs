//! The WSDL as it is served: byte for byte as it lies in the project, but for where it says that we are.
//!
//! What it imports is served as well, under the same path; only those files can be asked for, and no other file of the project.

use std::collections::VecDeque;

use spanwright_shape::{
    text::{Bundle, FileId},
    wsdl::WSDL_SPACE,
    xml::{self, Event, Reader},
    xsd,
};

const XSD_SPACE: &str = "http://www.w3.org/2001/XMLSchema";
const SOAP_BINDINGS: [&str; 2] = ["http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/"];

/// The WSDL and what it imports.
#[derive(Debug, Default)]
pub(super) struct Description {
    /// The WSDL first.
    files: Vec<Described>,
}

#[derive(Debug)]
struct Described {
    /// Its path in the project.
    path: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// Where we are.
    Address,
    /// The address of a file.
    File(usize),
}

impl Description {
    /// Of a WSDL that was read without a problem.
    pub(super) fn of(file: FileId, bundle: &Bundle) -> Description {
        let (mut description, mut found, mut waiting) = (Description::default(), vec![file], VecDeque::from([file]));
        while let Some(file) = waiting.pop_front() {
            let mut number = |other: FileId| match found.iter().position(|known| *known == other) {
                Some(number) => number,
                None => {
                    found.push(other);
                    waiting.push_back(other);
                    found.len() - 1
                }
            };
            let pieces = pieces(file, bundle, &mut number);
            description.files.push(Described { path: bundle.path(file).to_string(), pieces });
        }
        description
    }

    /// The file that a query asks for: `wsdl`, `wsdl=PATH`, `xsd=PATH`.
    pub(super) fn find(&self, query: &str) -> Option<usize> {
        query.split('&').find_map(|pair| {
            let (name, path) = pair.split_once('=').unwrap_or((pair, ""));
            let path = crate::http::url::decode(path)?;
            match (name.to_ascii_lowercase().as_str(), path.is_empty()) {
                ("wsdl", true) => (!self.files.is_empty()).then_some(0),
                ("wsdl" | "xsd", false) => self.files.iter().position(|file| *file.path == *path),
                _ => None,
            }
        })
    }

    /// A file, for a caller who reached us at `address`.
    pub(super) fn write(&self, file: usize, address: &str) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        for piece in &self.files[file].pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Address => escape(address, &mut out),
                Piece::File(number) => escape(&format!("{address}?xsd={}", self.files[*number].path), &mut out),
            }
        }
        out
    }
}

/// A file, cut at the values that are to be ours.
fn pieces(file: FileId, bundle: &Bundle, number: &mut dyn FnMut(FileId) -> usize) -> Vec<Piece> {
    let Ok(text) = xml::text(bundle.bytes(file), None) else { return Vec::new() };
    let (mut pieces, mut done) = (Vec::new(), declaration(&text));
    for (at, is_address, value) in places(&text) {
        let ours = match is_address {
            true => Some(Piece::Address),
            false => bundle.find(&xsd::beside(bundle.path(file), &value)).map(|other| Piece::File(number(other))),
        };
        let (Some(ours), Some((from, to))) = (ours, quoted(&text, at)) else { continue };
        pieces.push(Piece::Text(text[done..from].to_string()));
        pieces.push(ours);
        done = to;
    }
    pieces.push(Piece::Text(text[done..].to_string()));
    pieces
}

/// Attributes that say where we are or where a file is: their places, which of the two, and their values.
fn places(text: &str) -> Vec<(usize, bool, String)> {
    let mut places = Vec::new();
    let Ok(mut reader) = Reader::new(text) else { return places };
    while let Ok(event) = reader.read() {
        let name = match event {
            Event::Start(name) => name,
            Event::Eof => break,
            Event::End | Event::Text(_) => continue,
        };
        let (attribute, is_address) = match (reader.uri(name.space), name.local) {
            (WSDL_SPACE, "import") => ("location", false),
            (XSD_SPACE, "import" | "include") => ("schemaLocation", false),
            (space, "address") if SOAP_BINDINGS.contains(&space) => ("location", true),
            _ => continue,
        };
        let found = reader.attributes().iter().find(|one| one.name.local == attribute && one.name.space == xml::SpaceId::NONE);
        places.extend(found.map(|found| (found.at, is_address, found.value.to_string())));
    }
    places
}

/// The value of the attribute that is written at `at`: from behind its quote to the next one.
fn quoted(text: &str, at: usize) -> Option<(usize, usize)> {
    let from = at + text.get(at..)?.find(['"', '\''])? + 1;
    let quote = text.as_bytes()[from - 1];
    let to = from + text[from..].bytes().position(|byte| byte == quote)?;
    Some((from, to))
}

/// Bytes of the XML declaration, which says an encoding that is no longer the text's.
fn declaration(text: &str) -> usize {
    if text.starts_with("<?xml") { text.find("?>").map_or(0, |end| end + 2) } else { 0 }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}
