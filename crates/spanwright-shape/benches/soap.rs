//! A SOAP answer with 100 customers to values, on to JSON, and all the way back: MB/s of XML and records/s on one core.
//!
//! `cargo bench -p spanwright-shape --bench soap`

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::time::{Duration, Instant};

use spanwright_shape::room::Room;
use spanwright_shape::text::{Bundle, Problems};
use spanwright_shape::xml::{Event, Reader, Writer};
use spanwright_shape::{json, wsdl, xsd};

const CUSTOMERS: usize = 100;

fn main() {
    let graph = graph();
    let envelope = envelope();
    let mut room = Room::new();
    let mut out = Vec::new();
    let size = envelope.len();
    println!("{CUSTOMERS} customers, {size} bytes of XML");
    run("events only", size, || read_all(&envelope));
    run("XML to values", size, || {
        room.clear();
        decode(&graph, &envelope, &room, |_| ());
    });
    run("XML to values to JSON", size, || {
        room.clear();
        out.clear();
        decode(&graph, &envelope, &room, |value| json::write(value, &mut out));
    });
    println!("{} bytes of JSON, {} bytes of room", out.len(), room.used());
    let id = root(&graph);
    let values = json::read(&out, &room).unwrap();
    run("values to XML", size, || drop(encode(&graph, id, &values)));
    let mut room = Room::new();
    run("JSON to values to XML", size, || {
        room.clear();
        drop(encode(&graph, id, &json::read(&out, &room).unwrap()));
    });
}

/// Runs something for half a second and prints its best pace of five.
fn run(what: &str, bytes: usize, mut does: impl FnMut()) {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let (start, mut rounds) = (Instant::now(), 0u32);
        while start.elapsed() < Duration::from_millis(100) {
            does();
            rounds += 1;
        }
        best = best.min(start.elapsed() / rounds);
    }
    let seconds = best.as_secs_f64();
    println!("{what:24} {:8.1} MB/s {:10.0} records/s", bytes as f64 / seconds / 1e6, CUSTOMERS as f64 / seconds);
}

fn graph() -> xsd::Graph {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/soap");
    let file = |name: &str| (name.to_string(), std::fs::read(format!("{folder}/{name}")).unwrap());
    let bundle = Bundle::new([file("erp.wsdl"), file("types.xsd")]);
    let mut problems = Problems::new();
    wsdl::read(bundle.find("erp.wsdl").unwrap(), &bundle, &mut problems).unwrap().graph
}

fn envelope() -> String {
    let customer = |n: usize| {
        format!(
            "<e:Customer id=\"C{n}\"><t:Number>{n:08}</t:Number><t:Name>M\u{fc}ller &amp; S\u{f6}hne {n} GmbH</t:Name><t:VatNumber xsi:nil=\"true\"/>\
             <t:Status>ACTIVE</t:Status><t:CreditLimit currency=\"EUR\">{n}234.5600</t:CreditLimit><t:ChangedAt>2026-01-01T08:00:00</t:ChangedAt>\
             <t:CustomerSince>2001-02-03+02:00</t:CustomerSince><t:LedgerId>922337203685{n:07}</t:LedgerId><t:Tags>key account north</t:Tags>\
             <t:Email>info{n}@example.com</t:Email><t:Phone>+49 221 {n:07}</t:Phone>\
             <t:Address kind=\"billing\"><t:Street>{n} Hauptstra\u{df}e</t:Street><t:Zip>0{n:04}</t:Zip></t:Address>\
             <t:Address kind=\"delivery\"><t:Street>{n} Dock Road</t:Street><t:Zip>1{n:04}</t:Zip></t:Address>\
             <t:CompanyRegNo>HRB {n:05}</t:CompanyRegNo></e:Customer>"
        )
    };
    let customers: String = (0..CUSTOMERS).map(customer).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:e=\"urn:test:erp\" \
         xmlns:t=\"urn:test:erp:types\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><s:Body><e:ListCustomersResponse>{customers}\
         </e:ListCustomersResponse></s:Body></s:Envelope>"
    )
}

fn root(graph: &xsd::Graph) -> xsd::ElementId {
    graph.root("urn:test:erp", "ListCustomersResponse").unwrap()
}

fn encode(graph: &xsd::Graph, id: xsd::ElementId, value: &spanwright_shape::value::Value<'_>) -> Vec<u8> {
    let mut writer = Writer::new(graph.prefixes());
    xsd::encode(graph, id, value, &mut writer).unwrap();
    writer.finish()
}

fn read_all(envelope: &str) {
    let mut reader = Reader::new(envelope).unwrap();
    while reader.read().unwrap() != Event::Eof {}
}

fn decode(graph: &xsd::Graph, envelope: &str, room: &Room, mut show: impl FnMut(&spanwright_shape::value::Value<'_>)) {
    let mut reader = Reader::new(envelope).unwrap();
    for _ in 0..2 {
        reader.read().unwrap();
    }
    let Event::Start(name) = reader.read().unwrap() else { panic!("no element in the Body") };
    let id = graph.root(reader.uri(name.space), name.local).unwrap();
    show(&xsd::decode(graph, id, &mut reader, room).unwrap());
}
