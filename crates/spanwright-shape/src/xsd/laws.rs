//! Laws that hold for any valid value of a schema, tried on values that are made from its type graph.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods, clippy::disallowed_types)]

use std::{path::Path, process::Command, sync::LazyLock};

use proptest::prelude::*;

use crate::room::Room;
use crate::xml::{Event, Reader};

use super::tests::{decoded, encoded, erp};
use super::*;

/// Read once: the laws are tried hundreds of times.
static ERP: LazyLock<crate::wsdl::Wsdl> = LazyLock::new(erp);

/// Records inside of records that a made value has.
const DEPTH_MOST: usize = 3;
const SPACE: &str = "urn:test:erp";
const ROOT: &str = "ListCustomersResponse";

/// Makes valid JSON for a type out of a row of choices; when the row is used up, every choice is the first.
struct Making<'g> {
    graph: &'g Graph,
    choices: std::vec::IntoIter<u8>,
}

impl Making<'_> {
    fn below(&mut self, most: usize) -> usize {
        usize::from(self.choices.next().unwrap_or_default()) % most
    }

    fn element(&mut self, id: ElementId, depth: usize) -> String {
        let element = self.graph.element(id);
        if element.nillable && self.below(3) == 1 {
            return "null".to_string();
        }
        self.content(element.content, depth)
    }

    fn content(&mut self, id: TypeId, depth: usize) -> String {
        match self.graph.content(id) {
            Type::Any => "\"open\"".to_string(),
            Type::Simple(simple) => self.simple(simple),
            Type::Complex(complex) => self.complex(complex, depth),
        }
    }

    fn complex(&mut self, complex: &Complex, depth: usize) -> String {
        let mut included: Vec<bool> = complex.members.iter().map(|member| member.occurs.least > 0 || self.below(2) == 1).collect();
        if let Some(particle) = &complex.particle {
            let attributes = complex.members.iter().take_while(|member| matches!(member.kind, MemberKind::Attribute { .. })).count();
            included[attributes..].fill(false);
            self.include(particle, &mut included, depth);
        }
        let mut fields = Vec::new();
        for (n, member) in complex.members.iter().enumerate() {
            if let Some(value) = self.member(complex, member, included[n], depth) {
                fields.push(format!("\"{}\":{value}", member.key));
            }
        }
        format!("{{{}}}", fields.join(","))
    }

    fn include(&mut self, particle: &Particle, included: &mut [bool], depth: usize) {
        match particle {
            Particle::Element(member, occurs) | Particle::Any(member, _, occurs) => {
                included[*member as usize] = occurs.least > 0 || (depth < DEPTH_MOST && self.below(2) == 1);
            }
            Particle::Items(member, _) => included[*member as usize] = true,
            Particle::Sequence(parts, _) => parts.iter().for_each(|part| self.include(part, included, depth)),
            Particle::Choice(parts, _) => {
                let made = self.below(parts.len());
                self.include(&parts[made], included, depth);
            }
        }
    }

    fn member(&mut self, complex: &Complex, member: &Member, included: bool, depth: usize) -> Option<String> {
        let repeats = member.occurs.repeats();
        match &member.kind {
            MemberKind::Attribute { content, .. } | MemberKind::Text(content) => included.then(|| self.content(*content, depth)),
            MemberKind::Any => included.then(|| r##"[{"{urn:x}Extra":"x"},{"{urn:x}More":{"@a":"1","#text":"y"}}]"##.to_string()),
            MemberKind::Items => {
                let Some(Particle::Items(_, model)) = &complex.particle else { return Some("[]".to_string()) };
                let mut items = Vec::new();
                self.items(complex, model, depth, &mut items);
                Some(format!("[{}]", items.join(",")))
            }
            MemberKind::Element(id) if repeats => {
                let most = member.occurs.most.map_or(3, |most| most as usize + 1);
                let count = if included { self.below(most).max(member.occurs.least as usize) } else { 0 };
                let items: Vec<String> = (0..count).map(|_| self.element(*id, depth + 1)).collect();
                Some(format!("[{}]", items.join(",")))
            }
            MemberKind::Element(id) => included.then(|| self.element(*id, depth + 1)),
        }
    }

    fn items(&mut self, complex: &Complex, model: &Model, depth: usize, into: &mut Vec<String>) {
        let (Model::Element(_, occurs)
        | Model::Any(_, occurs)
        | Model::Sequence(_, occurs)
        | Model::Choice(_, occurs)
        | Model::All(_, occurs)) = model;
        let rounds = if depth < DEPTH_MOST { self.below(3).max(occurs.least as usize) } else { occurs.least as usize };
        for _ in 0..rounds.min(occurs.most.map_or(3, |most| most as usize)) {
            if complex.mixed && self.below(2) == 1 {
                into.push("\" text & \"".to_string());
            }
            match model {
                Model::Element(route, _) => {
                    let route = &complex.routes[*route as usize];
                    into.push(format!("{{\"{}\":{}}}", route.key, self.element(route.element, depth + 1)));
                }
                Model::Any(..) => into.push(r#"{"{urn:x}Extra":"x"}"#.to_string()),
                Model::Sequence(parts, _) | Model::All(parts, _) => parts.iter().for_each(|part| self.items(complex, part, depth, into)),
                Model::Choice(parts, _) => {
                    let made = self.below(parts.len());
                    self.items(complex, &parts[made], depth, into);
                }
            }
        }
    }

    fn simple(&mut self, simple: &Simple) -> String {
        if let Some(one_of) = &simple.facets.one_of {
            return format!("\"{}\"", one_of[self.below(one_of.len())]);
        }
        let pick = |making: &mut Self, all: &[&str]| all[making.below(all.len())].to_string();
        match &simple.kind {
            Kind::Text if simple.facets.longest.is_some() => pick(self, &[r#""00501""#, r#""ä<&>""#]),
            Kind::Text if simple.blank == Blank::Collapse => pick(self, &[r#""a""#, r#""b-2""#]),
            Kind::Text => pick(self, &[r#""""#, r#"" two  words ""#, r#""<&>\"'\t\n\r ü€𝄞 ]]>""#, r#""00501""#]),
            Kind::Uri => "\"urn:a\"".to_string(),
            Kind::Flag => pick(self, &["true", "false"]),
            Kind::Integer { .. } => pick(self, &["0", "7", "127"]),
            Kind::Decimal => pick(self, &["0", "-12.50", "12345678901234.5600", "0.0001"]),
            Kind::Double => pick(self, &["1.5", "-2", "\"NaN\""]),
            Kind::Date => pick(self, &[r#""2026-11-22""#, r#""2001-02-03+02:00""#]),
            Kind::Time => "\"08:00:00\"".to_string(),
            Kind::DateTime => pick(self, &[r#""2026-11-22T08:00:00""#, r#""2026-11-22T08:00:00.5Z""#]),
            Kind::Base64 => pick(self, &[r#""""#, r#""aGVsbG8=""#]),
            Kind::Hex => "\"0AFF\"".to_string(),
            Kind::List(item) => {
                let items: Vec<String> = (0..self.below(3)).map(|_| self.content(*item, DEPTH_MOST)).collect();
                format!("[{}]", items.join(","))
            }
            Kind::Name => pick(self, &[r#""t:a""#, r#""{urn:x}b""#]),
            Kind::Union(..) => pick(self, &[r#""12""#, r#""06""#, r#""ACTIVE""#]),
        }
    }
}

fn made(graph: &Graph, choices: Vec<u8>) -> String {
    let root = graph.root(SPACE, ROOT).unwrap();
    Making { graph, choices: choices.into_iter() }.element(root, 0)
}

proptest! {
    #[test]
    fn a_valid_value_comes_back_as_it_went(choices in prop::collection::vec(any::<u8>(), 0..300)) {
        let erp = &*ERP;
        let json = made(&erp.graph, choices);
        let xml = encoded(&erp.graph, SPACE, ROOT, &json).unwrap();
        prop_assert_eq!(decoded(&erp.graph, &xml), json);
    }

    #[test]
    fn no_bytes_make_the_reader_or_the_decoder_panic(
        choices in prop::collection::vec(any::<u8>(), 0..120),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let erp = &*ERP;
        let mut bytes = encoded(&erp.graph, SPACE, ROOT, &made(&erp.graph, choices)).unwrap().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let Ok(text) = crate::xml::text(&bytes, None) else { return Ok(()) };
        let room = Room::new();
        let Ok(mut reader) = Reader::new(&text) else { return Ok(()) };
        while let Ok(Event::Start(_) | Event::Text(_)) = reader.read() {
            let _ = decode(&erp.graph, erp.graph.root(SPACE, ROOT).unwrap(), &mut reader, &room);
        }
    }
}

/// What libxml2 says of what we write, where it is installed.
#[test]
fn an_independent_validator_accepts_what_we_write() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        eprintln!("left out: what xmllint says of what we write (it is not installed)");
        return;
    }
    let folder = std::env::temp_dir().join(format!("spanwright-xmllint-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let schema = write_schemas(&folder);
    let erp = &*ERP;
    let files = (0u32..60).map(|n| {
        let choices = (0..300u32).map(|k| (n.wrapping_mul(2_654_435_761).wrapping_add(k.wrapping_mul(40_503 + n)) >> 7) as u8).collect();
        let path = folder.join(format!("{n}.xml"));
        std::fs::write(&path, encoded(&erp.graph, SPACE, ROOT, &made(&erp.graph, choices)).unwrap()).unwrap();
        path
    });
    let files: Vec<_> = files.collect();
    let judged = Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(&schema).args(&files).output().unwrap();
    let said = String::from_utf8_lossy(&judged.stderr).into_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(judged.status.success(), "{said}");
    assert_eq!(said.matches(" validates").count(), files.len());
}

/// The schema inside the WSDL as a file of its own, and what it imports.
fn write_schemas(folder: &Path) -> std::path::PathBuf {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/soap");
    let wsdl = std::fs::read_to_string(format!("{cases}/erp.wsdl")).unwrap();
    let inside = &wsdl[wsdl.find("<xs:schema").unwrap()..wsdl.find("</wsdl:types>").unwrap()];
    let spaces = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="urn:test:erp" xmlns:t="urn:test:erp:types""#;
    std::fs::write(folder.join("erp.xsd"), inside.replacen("<xs:schema", spaces, 1)).unwrap();
    let types = std::fs::read_to_string(format!("{cases}/types.xsd")).unwrap();
    std::fs::write(folder.join("types.xsd"), types.replace("http://www.w3.org/2001/xml.xsd", "xml.xsd")).unwrap();
    let xml = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
        <xs:attribute name="lang" type="xs:string"/></xs:schema>"#;
    std::fs::write(folder.join("xml.xsd"), xml).unwrap();
    folder.join("erp.xsd")
}
