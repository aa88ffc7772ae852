#![allow(clippy::unwrap_used, clippy::print_stderr)]

use super::*;

/// What a document reads as: `<local@uri name=value ..>` for a start, `>` for an end, text in quotes.
fn read(source: &str) -> Result<String, Fault> {
    let mut reader = Reader::new(source)?;
    let mut out = String::new();
    loop {
        match reader.read()? {
            Event::Start(name) => {
                out += &format!("<{}@{}", name.local, reader.uri(name.space));
                for attribute in reader.attributes() {
                    out += &format!(" {}@{}={}", attribute.name.local, reader.uri(attribute.name.space), attribute.value);
                }
                out += " ";
            }
            Event::End => out += ">",
            Event::Text(text) => out += &format!("{text:?}"),
            Event::Eof => return Ok(out),
        }
    }
}

fn check(source: &str, expected: &str) {
    assert_eq!(read(source).as_deref(), Ok(expected), "{source}");
}

fn refused(source: &str, kind: FaultKind, at: usize) {
    let fault = read(source).expect_err(source);
    assert_eq!((fault.kind, fault.at), (kind, at), "{source}: {fault}");
}

#[test]
fn names_come_with_their_namespace_whatever_the_prefix() {
    check("<p:a xmlns:p='urn:x'><p:b/></p:a>", "<a@urn:x <b@urn:x >>");
    check("<a xmlns='urn:x'><b/></a>", "<a@urn:x <b@urn:x >>");
    check("<a xmlns='urn:x'><b xmlns=''/><c/></a>", "<a@urn:x <b@ ><c@urn:x >>");
}

#[test]
fn attributes_without_a_prefix_are_in_no_namespace() {
    check("<a xmlns='urn:x' xmlns:y='urn:y' b='1' y:b=\"2\"/>", "<a@urn:x b@=1 b@urn:y=2 >");
    check("<a b='&lt;&#x41; x\n&#10;y'/>", "<a@ b@=<A x \ny >");
}

#[test]
fn text_is_one_piece_across_references_comments_and_cdata() {
    check("<a>1 &amp; 2<!-- no -->3<![CDATA[<&]]>&#228;</a>", "<a@ \"1 & 23<&ä\">");
    check("<a>x\r\ny\rz</a>", "<a@ \"x\\ny\\nz\">");
    check("<?xml version='1.0'?>\n<!-- c --><?pi x?><a/> \n<!-- d -->", "<a@ >");
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    refused("", FaultKind::NotXml, 0);
    refused("Service Unavailable", FaultKind::NotXml, 0);
    refused("<a/><b/>", FaultKind::AfterRoot, 4);
    refused("<a/>x", FaultKind::AfterRoot, 4);
    refused("<a><b></a>", FaultKind::Tag, 6);
    refused("<a><b>", FaultKind::EndOfFile, 6);
    refused("<a>text", FaultKind::EndOfFile, 7);
    refused("<a x='1' x='2'/>", FaultKind::Attribute, 9);
    refused("<a x='1'y='2'/>", FaultKind::Attribute, 8);
    refused("<a x=1/>", FaultKind::Attribute, 5);
    refused("<a x='<'/>", FaultKind::Attribute, 6);
    refused("<a x/>", FaultKind::Attribute, 3);
    refused("<1a/>", FaultKind::Tag, 1);
    refused("<a>]]></a>", FaultKind::Tag, 3);
    refused("<a/><?xml version='1.0'?>", FaultKind::Tag, 4);
    refused("<?xml version='2.0'?><a/>", FaultKind::Tag, 6);
    refused("<a><? x?></a>", FaultKind::Tag, 3);
    refused("<a>x<?XmL x?></a>", FaultKind::Tag, 4);
    refused("<a>x<??></a>", FaultKind::Tag, 4);
}

#[test]
fn namespaces_are_proven() {
    refused("<p:a/>", FaultKind::Namespace, 1);
    refused("<a p:x='1'/>", FaultKind::Namespace, 3);
    refused("<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>", FaultKind::Attribute, 43);
    refused("<a xmlns:xml='urn:x'/>", FaultKind::Namespace, 3);
    refused("<a xmlns:p=''/>", FaultKind::Namespace, 3);
    refused("<a xmlns:p='urn:x' xmlns:p='urn:y'/>", FaultKind::Attribute, 19);
}

#[test]
fn doctypes_entities_and_forbidden_characters_are_refused() {
    refused("<!DOCTYPE a><a/>", FaultKind::Doctype, 0);
    refused("<a>&copy;</a>", FaultKind::Entity, 3);
    refused("<a>&lt</a>", FaultKind::Entity, 3);
    refused("<a>&#0;</a>", FaultKind::Character, 3);
    refused("<a>\u{1}</a>", FaultKind::Character, 3);
    refused("<a>\u{FFFE}</a>", FaultKind::Character, 3);
}

#[test]
fn every_limit_stops_with_its_name() {
    let named = |source: String, name: &str| {
        let fault = read(&source).expect_err(name);
        assert!(fault.kind == FaultKind::Limit && fault.says.contains(name), "{fault}");
    };
    named("<a>".repeat(XML_DEPTH_MOST + 1), "XML_DEPTH_MOST");
    named(format!("<{}/>", "a".repeat(XML_NAME_BYTES_MOST + 1)), "XML_NAME_BYTES_MOST");
    let attributes: String = (0..=XML_ATTRIBUTES_MOST).map(|n| format!(" a{n}=''")).collect();
    named(format!("<a{attributes}/>"), "XML_ATTRIBUTES_MOST");
    let spaces: String = (0..=XML_NAMESPACES_MOST).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
    named(format!("<a{spaces}/>"), "XML_NAMESPACES_MOST");
    named(format!("<a>{}</a>", "x".repeat(XML_TEXT_BYTES_MOST + 1)), "XML_TEXT_BYTES_MOST");
    named(format!("<a>{}</a>", "<a/>".repeat(XML_ELEMENTS_MOST)), "XML_ELEMENTS_MOST");
}

#[test]
fn a_tree_knows_its_places_and_prefixes() {
    let source = "\u{FEFF}<a xmlns:p='urn:p'>\n<b type='p:T'>x</b></a>";
    let tree = Tree::read(crate::text::FileId(0), source.as_bytes()).unwrap();
    let b = &tree.root.children[0];
    let place = b.place("type");
    assert_eq!(&source[place.from as usize..place.to as usize], "type='p:T'");
    assert_eq!(b.resolve(b.value("type").unwrap()).map(|(space, local)| (space.to_string(), local)), Some(("urn:p".to_string(), "T")));
    assert_eq!((&*b.text, &source[b.span.from as usize..b.span.to as usize]), ("x", "<b type='p:T'>"));
}

#[test]
fn every_code_has_its_page() {
    for code in codes::ALL {
        assert_eq!(code.page.lines().next(), Some(format!("# {} {}", code.id, code.title).as_str()));
    }
}

/// The shared collection of hostile and sloppy documents, where it is at hand.
#[test]
fn the_collection_of_bad_documents_is_judged_as_its_table_says() {
    let Ok(cases) = std::env::var("SPANWRIGHT_CASES") else {
        eprintln!("left out: the collection of bad documents (SPANWRIGHT_CASES is not set)");
        return;
    };
    let table = read_file(&format!("{cases}/bad-xml/EXPECTED.tsv"));
    let mut judged = 0;
    for row in String::from_utf8(table).unwrap().lines().skip(1) {
        let (name, expected) = (row.split('\t').next().unwrap(), row.split('\t').nth(2).unwrap());
        if !name.ends_with(".http") {
            judge(name, expected, &read_file(&format!("{cases}/bad-xml/{name}")));
            judged += 1;
        }
    }
    assert!(judged > 30, "the table has its rows");
}

fn judge(name: &str, expected: &str, bytes: &[u8]) {
    let got = text(bytes, None).and_then(|source| read(&source)).map_err(|fault| fault.rule());
    let word = got.as_ref().err().map(String::as_str);
    match expected.split([' ', ';']).next().unwrap() {
        "reject:soap.pi" | "reject:wsse.signature_scope" | "reject:xsd.type" => assert_eq!(word, None, "{name}: above this floor"),
        kind if kind.starts_with("reject:") => assert_eq!(word, kind.strip_prefix("reject:"), "{name}"),
        kind if kind.starts_with("limit:") => assert_eq!(word, Some(kind), "{name}"),
        "error:not_soap" => assert!(word.is_some(), "{name}"),
        _ => assert_eq!(word, None, "{name}"),
    }
}

#[allow(clippy::disallowed_methods)]
fn read_file(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
