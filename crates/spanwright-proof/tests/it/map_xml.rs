//! From XML through a map to XML: the order of the map's keys is the author's, the order of the elements is the schema's.

use std::{fs, path::PathBuf};

use spanwright_map::{Env, MapContext, Mapping, Scope};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Shape, Shapes},
    text::{
        Bundle, Problems,
        render::{self, Look},
        yaml,
    },
    wsdl::{self, Wsdl},
    xml::{Event, Reader, Writer},
    xsd,
};

const SOURCE: &str = r#"<c:Customer xmlns:c="urn:test:erp" xmlns:t="urn:test:erp:types" id="C1">
  <t:Number>007</t:Number><t:Name>Weber</t:Name><t:VatNumber>DE1</t:VatNumber><t:Status>ACTIVE</t:Status>
  <t:CreditLimit currency="EUR">12.50</t:CreditLimit><t:ChangedAt>2026-01-01T08:00:00</t:ChangedAt><t:LedgerId>5</t:LedgerId>
  <t:Address kind="BILL"><t:Street>Weg 1</t:Street><t:Zip>89073</t:Zip></t:Address>
  <t:Address kind="SHIP"><t:Street>Gasse 2</t:Street><t:Zip>53111</t:Zip></t:Address>
  <t:PersonId>9</t:PersonId>
</c:Customer>"#;

/// Rows in the order of the schema.
const ROWS: &[&str] = &[
    "'@id': attr(\"id\")",
    "Number: .Number",
    "Name: .Name | ascii_upcase",
    "VatNumber: .VatNumber",
    "Status: .Status",
    "CreditLimit.@currency: .CreditLimit | attr(\"currency\")",
    "CreditLimit.#text: (.CreditLimit | text) * 2",
    "ChangedAt: .ChangedAt",
    "LedgerId: .LedgerId + 1",
    "Address[]: { each: .Address, fields: { Zip: .Zip, '@kind': attr(\"kind\"), Street: .Street } }",
    "PersonId: .PersonId",
];

fn erp() -> Wsdl {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spanwright-shape/tests/cases/soap");
    let files = ["erp.wsdl", "types.xsd"].map(|name| (name.to_string(), fs::read(folder.join(name)).unwrap()));
    let bundle = Bundle::new(files);
    let mut problems = Problems::new();
    let wsdl = wsdl::read(bundle.find("erp.wsdl").unwrap(), &bundle, &mut problems).unwrap();
    assert!(problems.is_empty());
    wsdl
}

fn mapping(rows: &[&str]) -> Mapping {
    let bundle = Bundle::new([("maps/it.yaml".to_string(), (rows.join("\n") + "\n").into_bytes())]);
    let mut problems = Problems::new();
    let node = yaml::read(&bundle, bundle.find("maps/it.yaml").unwrap(), &mut problems).unwrap();
    let mut shapes = Shapes::default();
    let dot = shapes.add(Shape::Any);
    let mut scope = Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: None };
    let mapping = Mapping::check(&node, &mut scope, &MapContext::alone("it", None, &bundle), &mut problems);
    mapping.unwrap_or_else(|| panic!("{}", render::human(&problems, &bundle, Look::Plain)))
}

/// The customer through the map, as XML again.
fn through(erp: &Wsdl, rows: &[&str]) -> String {
    let mapping = mapping(rows);
    let (room, work) = (Room::new(), Room::new());
    let mut reader = Reader::new(SOURCE).unwrap();
    let Event::Start(name) = reader.read().unwrap() else { panic!("no root") };
    let id = erp.graph.root(reader.uri(name.space), name.local).unwrap();
    let customer = xsd::decode(&erp.graph, id, &mut reader, &room).unwrap();
    let mut made = Vec::new();
    mapping.write(&Env { dot: customer, names: &[] }, &work, &mut made).unwrap();
    let value = json::read(&made, &room).unwrap();
    let mut writer = Writer::new(erp.graph.prefixes());
    xsd::encode(&erp.graph, id, &value, &mut writer).unwrap();
    String::from_utf8(writer.finish()).unwrap()
}

/// The names of all elements, and of the attributes in them, as they stand.
fn names(xml: &str) -> Vec<String> {
    let tags = xml.split('<').skip(2).filter(|tag| !tag.starts_with('/'));
    tags.map(|tag| tag.split(['>', ' ']).next().unwrap().rsplit(':').next().unwrap().to_string()).collect()
}

#[test]
fn a_map_to_xml_comes_out_in_the_order_of_the_schema_whatever_the_order_of_its_keys() {
    let erp = erp();
    let expected = through(&erp, ROWS);
    let order = ["Customer", "Number", "Name", "VatNumber", "Status", "CreditLimit", "ChangedAt", "LedgerId"]
        .into_iter()
        .chain(["Address", "Street", "Zip"].repeat(2));
    assert_eq!(names(&expected), order.chain(["PersonId"]).collect::<Vec<_>>(), "{expected}");
    assert!(expected.contains(r#"currency="EUR">25<"#) && expected.contains(">WEBER<") && expected.contains(">6<"), "{expected}");
    for turn in 0..ROWS.len() {
        let mut rows = ROWS.to_vec();
        rows.rotate_left(turn);
        assert_eq!(through(&erp, &rows), expected, "{rows:?}");
        rows.reverse();
        assert_eq!(through(&erp, &rows), expected, "{rows:?}");
    }
}
