#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use std::path::Path;

use crate::json;
use crate::room::Room;
use crate::shape::{Presence, Shape};
use crate::text::{Bundle, Problems};
use crate::wsdl::Wsdl;
use crate::xml::{Event, Reader, Writer};

use super::*;

/// The test's own ERP.
pub(crate) fn erp() -> Wsdl {
    load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/soap")), "erp.wsdl")
}

/// A WSDL of a folder, with the schemas beside it.
pub(crate) fn load(folder: &Path, name: &str) -> Wsdl {
    let (wsdl, problems) = try_load(folder, name);
    assert_eq!(problems, Vec::<String>::new(), "{name}");
    wsdl.unwrap()
}

pub(crate) fn try_load(folder: &Path, name: &str) -> (Option<Wsdl>, Vec<String>) {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let bundle = Bundle::new(files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_string(), std::fs::read(&path).unwrap())));
    read(&bundle, name)
}

pub(crate) fn read(bundle: &Bundle, name: &str) -> (Option<Wsdl>, Vec<String>) {
    let mut problems = Problems::new();
    let wsdl = crate::wsdl::read(bundle.find(name).unwrap(), bundle, &mut problems);
    let told = |problem: &crate::text::Problem| {
        let at = problem.at.unwrap();
        let (line, column) = bundle.line_column(at.file, at.from);
        let help = problem.help.as_ref().map(|help| format!(" = {help}")).unwrap_or_default();
        format!("{} {}:{line}:{column} {}{help}", problem.code.id, bundle.path(at.file), problem.says)
    };
    (wsdl, problems.iter().map(told).collect())
}

/// A document as JSON, decoded as the global element that its root is.
pub(crate) fn decoded(graph: &Graph, source: &str) -> String {
    let room = Room::new();
    let mut reader = Reader::new(source).unwrap();
    let Event::Start(name) = reader.read().unwrap() else { panic!("no root") };
    let id = graph.root(reader.uri(name.space), name.local).expect(name.local);
    let value = decode(graph, id, &mut reader, &room).unwrap();
    assert_eq!(reader.read().unwrap(), Event::Eof);
    let mut out = Vec::new();
    json::write(&value, &mut out);
    String::from_utf8(out).unwrap()
}

/// JSON as a document, encoded as a global element.
pub(crate) fn encoded(graph: &Graph, uri: &str, local: &str, source: &str) -> Result<String, EncodeFault> {
    let room = Room::new();
    let value = json::read(source.as_bytes(), &room).unwrap();
    let mut writer = Writer::new(graph.prefixes());
    encode(graph, graph.root(uri, local).unwrap(), &value, &mut writer)?;
    Ok(String::from_utf8(writer.finish()).unwrap())
}

/// Compares with the file beside it; `UPDATE=1` rewrites that.
fn golden(path: &Path, got: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, got).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(got, expected, "{} (UPDATE=1 rewrites it)", path.display());
}

/// JSON with a line for each record, so that a difference can be read.
fn lines(json: &str) -> String {
    json.replace("},{", "},\n{") + "\n"
}

#[test]
fn documents_decode_as_their_golden_files_say() {
    let erp = erp();
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/soap/decode"));
    let mut judged = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            golden(&path.with_extension("json"), &lines(&decoded(&erp.graph, &std::fs::read_to_string(&path).unwrap())));
            judged += 1;
        }
    }
    assert!(judged > 8);
}

/// What the writer made of JSON, without its declarations.
fn written(local: &str, json: &str) -> String {
    let uri = if matches!(local, "Log" | "Note" | "Remark") { "urn:test:erp:types" } else { "urn:test:erp" };
    match encoded(&erp().graph, uri, local, json) {
        Ok(xml) => {
            xml.split_once('\n').unwrap().1.replace(" xmlns:tns=\"urn:test:erp\"", "").replace(" xmlns:t=\"urn:test:erp:types\"", "")
        }
        Err(fault) => fault.to_string(),
    }
}

const ADDRESS: &str = r#""Street":"a","Zip":"1""#;

/// A valid customer with some fields changed or added, as its JSON.
fn customer(more: &str) -> String {
    let rest = [("@id", r#""C1""#), ("Number", r#""1""#), ("Name", r#""n""#), ("VatNumber", "null"), ("Status", r#""ACTIVE""#)];
    let tail = [("ChangedAt", r#""2026-01-01T08:00:00""#), ("LedgerId", "5"), ("PersonId", r#""9""#)];
    let missing = rest.iter().chain(&tail).filter(|(key, _)| !more.contains(&format!("\"{key}\":")));
    let fields: Vec<String> =
        missing.map(|(key, value)| format!("\"{key}\":{value}")).chain((!more.is_empty()).then(|| more.to_string())).collect();
    format!("{{{}}}", fields.join(","))
}

#[test]
fn values_are_written_in_schema_order_whatever_theirs() {
    let body = "<t:Number>1</t:Number><t:Name>n</t:Name><t:VatNumber xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>\
                <t:Status>ACTIVE</t:Status><t:CreditLimit currency=\"EUR\">12.50</t:CreditLimit><t:ChangedAt>2026-01-01T08:00:00</t:ChangedAt>\
                <t:LedgerId>5</t:LedgerId><t:Tags>a b</t:Tags><t:Address kind=\"x\"><t:Street>a</t:Street><t:Zip>1</t:Zip></t:Address>\
                <t:PersonId>9</t:PersonId>";
    let more = format!(r##""Address":[{{{ADDRESS},"@kind":"x"}}],"Tags":["a","b"],"CreditLimit":{{"@currency":"EUR","#text":12.50}}"##);
    assert_eq!(written("Customer", &customer(&more)), format!("<tns:Customer id=\"C1\">{body}</tns:Customer>"));
}

#[test]
fn what_the_schema_does_not_allow_is_not_sent() {
    for (more, expected) in [
        (r#""Nmae":"x""#, "the schema has no `Nmae` here; did you mean `Name`?"),
        (r#""Number":null"#, "`Number`: null is here, and the schema does not allow nil"),
        (r#""Number":{"a":1}"#, "`Number`: a record is here, and the schema wants a text"),
        (r#""Status":"NEW""#, "`Status`: it is none of the values that the schema lists (ACTIVE, BLOCKED)"),
        (r#""LedgerId":9223372036854775808"#, "`LedgerId`: it is above 9223372036854775807"),
        (r#""LedgerId":"12a""#, "`LedgerId`: the text that is here is not a whole number"),
        (r#""LedgerId":1.5"#, "`LedgerId`: the number that is here is not whole"),
        (r#""ChangedAt":"1.1.2026""#, "`ChangedAt`: the text that is here is not a dateTime"),
        (r##""CreditLimit":{"#text":1.23456,"@currency":"EUR"}"##, "`CreditLimit.#text`: it has more than 4 digits behind the point"),
        (r##""CreditLimit":{"#text":1}"##, "`CreditLimit.@currency`: the schema demands it"),
        (r#""Address":[{"Street":"a","Zip":"1"},{"Zip":"1"}]"#, "`Address[1].Street`: the schema demands it"),
        (r#""Address":{"Street":"a","Zip":"1234567890123"}"#, "`Address[0].Zip`: it is longer than 12"),
        (r#""Name":"a\u0001""#, "`Name`: the character U+0001 cannot be written in XML"),
        (r#""Phone":["1","2","3","4"]"#, "`Phone`: there is more of it than the schema allows"),
        (r#""PersonId":"9","CompanyRegNo":"8""#, "only one of PersonId, CompanyRegNo may be there"),
        (r#""$invalid":"x""#, "`$invalid` marks a record that is not what its schema says; it cannot be sent"),
    ] {
        assert_eq!(written("Customer", &customer(more)), expected, "{more}");
    }
    let without = customer("").replace(r#","PersonId":"9""#, "").replace(r#""Name":"n","#, "");
    assert_eq!(written("Customer", &without), "one of PersonId, CompanyRegNo is missing");
    assert_eq!(written("Customer", &without.replace('{', r#"{"PersonId":"1","#)), "`Name`: the schema demands it");
}

#[test]
fn what_can_only_be_meant_one_way_is_taken() {
    let change = |more: &str, expected: &str| assert!(written("Customer", &customer(more)).contains(expected), "{more}");
    change(r#""LedgerId":"12""#, "<t:LedgerId>12</t:LedgerId>");
    change(r#""LedgerId":12.00"#, "<t:LedgerId>12</t:LedgerId>");
    change(r#""Blocked":"1""#, "<t:Blocked>1</t:Blocked>");
    change(r#""Number":7"#, "<t:Number>7</t:Number>");
    change(r#""Address":{"Street":"a","Zip":"1"}"#, "<t:Address><t:Street>a</t:Street>");
    change(r#""CustomerSince":null"#, "<t:LedgerId>5</t:LedgerId><t:PersonId>");
    change(r#""Discount":1.25e2"#, "<t:Discount>125</t:Discount>");
    change(r#""Address":[{"Street":"a","Zip":"1","@xsi:type":"ForeignAddress","Country":"FR"}]"#, "xsi:type=\"t:ForeignAddress\"");
    assert_eq!(written("Log", r#"{"$items":[{"Out":1},{"In":2}]}"#), "<t:Log><t:Out>1</t:Out><t:In>2</t:In></t:Log>");
    assert_eq!(written("Remark", r#""only text""#), "<t:Remark>only text</t:Remark>");
}

/// A shape in a few letters, records one level deep.
fn told(shapes: &crate::shape::Shapes, id: crate::shape::ShapeId, depth: usize) -> String {
    match shapes.get(id) {
        Shape::Record(record) if depth == 0 => format!("{{{}}}", record.name.as_deref().unwrap_or_default()),
        Shape::Record(record) => {
            let field = |field: &crate::shape::Field| {
                let maybe = if field.presence == Presence::Maybe { "?" } else { "" };
                format!("{}{maybe} {}", field.name, told(shapes, field.shape, depth - 1))
            };
            let fields: Vec<String> = record.fields.iter().map(field).collect();
            let residue: Vec<String> = record.residue.iter().map(|one| format!("; {one}")).collect();
            format!("{{{}{}}}", fields.join(", "), residue.concat())
        }
        Shape::List(item, (least, most)) => {
            format!("[{}]{least}..{}", told(shapes, *item, depth), most.map_or(String::new(), |n| n.to_string()))
        }
        Shape::OneOf(arms) => arms.iter().map(|arm| told(shapes, *arm, depth)).collect::<Vec<_>>().join("|"),
        Shape::Number(facets) => format!("{:?}{:?}", facets.kind, facets.digits),
        Shape::Text(facets) => match (&facets.format, &facets.one_of) {
            (crate::shape::Format::Plain, Some(one_of)) => one_of.join("/"),
            (crate::shape::Format::Plain, None) => format!("Text{:?}", facets.longest),
            (format, _) => format!("{format:?}"),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn shapes_say_what_the_codec_does() {
    let erp = erp();
    let mut lowering = Lowering::new(&erp.graph);
    let mut shape = |uri: &str, local: &str, depth| {
        let id = erp.graph.root(uri, local).map(|id| lowering.element(id));
        let id = id.unwrap_or_else(|| lowering.content(erp.graph.named(uri, local).unwrap()));
        told(&lowering.shapes, id, depth).replace(", ", ",\n  ") + "\n"
    };
    let types = "urn:test:erp:types";
    let all = [
        shape("urn:test:erp", "ListCustomersResponse", 1),
        shape(types, "Customer", 1),
        shape(types, "Amount", 1),
        shape(types, "ForeignAddress", 1),
        shape(types, "Log", 2),
        shape(types, "Note", 1),
    ];
    golden(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/soap/shapes.txt")), &all.concat());
}

#[test]
fn a_type_tells_what_its_schema_says_of_it() {
    let erp = erp();
    let mut lowering = Lowering::new(&erp.graph);
    let customer = lowering.content(erp.graph.named("urn:test:erp:types", "Customer").unwrap());
    assert_eq!(lowering.shapes.field(customer, "Number").unwrap().about.as_deref(), Some("With leading zeros."));
}
