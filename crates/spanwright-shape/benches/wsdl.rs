//! A description as those of large HR systems are: four megabytes, nearly all of it types with their words for people.
//!
//! `cargo bench -p spanwright-shape --bench wsdl`

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::fmt::Write;
use std::time::{Duration, Instant};

use spanwright_shape::text::{Bundle, Problems};
use spanwright_shape::wsdl;

const TYPES: usize = 1_900;
const READINGS: usize = 9;

fn main() {
    let text = description();
    let bytes = text.len();
    let bundle = Bundle::new([("large.wsdl".to_string(), text.into_bytes())]);
    let (mut times, mut types) = (Vec::new(), 0);
    for _ in 0..READINGS {
        let (start, mut problems) = (Instant::now(), Problems::new());
        let read = wsdl::read(bundle.find("large.wsdl").unwrap(), &bundle, &mut problems).unwrap();
        times.push(start.elapsed());
        types = read.graph.types().count();
    }
    times.sort();
    let shown = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    println!("a WSDL of {bytes} bytes, {types} named types, read {READINGS} times:");
    println!(
        "{} at best, {} in the middle, {} at most; {} MB resident at most",
        shown(times[0]),
        shown(times[READINGS / 2]),
        shown(times[READINGS - 1]),
        resident_most()
    );
}

/// The most megabytes that were resident, where there is a `/proc` to ask.
fn resident_most() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn description() -> String {
    let mut types = String::new();
    for n in 0..TYPES {
        let other = (n * 7 + 1) % TYPES;
        write!(types, "<xs:complexType name=\"T{n}\"><xs:annotation><xs:documentation>What is known of the {n}th kind of record, as of its effective date.</xs:documentation></xs:annotation><xs:sequence>").unwrap();
        for field in 0..10 {
            write!(
                types,
                "<xs:element name=\"Field_{field}_of_{n}\" type=\"xs:{}\" minOccurs=\"0\" maxOccurs=\"{}\"><xs:annotation><xs:documentation>\
                 The {field}th field; empty where nothing is known of it.</xs:documentation></xs:annotation></xs:element>",
                ["string", "decimal", "date", "boolean"][field % 4],
                if field % 5 == 0 { "unbounded" } else { "1" },
            )
            .unwrap();
        }
        write!(types, "<xs:element name=\"Other\" type=\"t:T{other}\" minOccurs=\"0\"/></xs:sequence><xs:attribute name=\"Descriptor\" type=\"xs:string\"/></xs:complexType>").unwrap();
    }
    let head = "<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:s=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:t=\"urn:large\" \
                xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:large\"><types><xs:schema targetNamespace=\"urn:large\" \
                elementFormDefault=\"qualified\">";
    let tail = "<xs:element name=\"Get\" type=\"t:T0\"/></xs:schema></types><message name=\"M\"><part name=\"p\" element=\"t:Get\"/></message>\
                <portType name=\"P\"><operation name=\"Get\"><input message=\"t:M\"/><output message=\"t:M\"/></operation></portType>\
                <binding name=\"B\" type=\"t:P\"><s:binding transport=\"http://schemas.xmlsoap.org/soap/http\"/><operation name=\"Get\">\
                <s:operation soapAction=\"\"/><input><s:body use=\"literal\"/></input><output><s:body use=\"literal\"/></output></operation></binding>\
                <service name=\"S\"><port name=\"P\" binding=\"t:B\"><s:address location=\"http://127.0.0.1/\"/></port></service></definitions>";
    format!("{head}{types}{tail}")
}
