//! Schemas of other systems, looked at by hand.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use serde_json::Value;

use crate::project::run;

const ERP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spanwright-shape/tests/cases/soap/erp.wsdl");

fn inspected(file: &str) -> (i32, Value) {
    let ran = run(&["schema", "inspect", file, "--format", "json"]);
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{file}: {}{}", ran.out, ran.err)))
}

#[test]
fn a_wsdl_tells_what_it_offers_and_what_cannot_be_called() {
    let (code, told) = inspected(ERP);
    assert_eq!(code, 0);
    let ports = told["services"][0]["ports"].as_array().unwrap();
    assert_eq!((&ports[0]["soap"], &ports[1]["soap"]), (&Value::from("1.2"), &Value::from("1.1")));
    let operations = ports[1]["operations"].as_array().unwrap();
    assert_eq!(operations[0]["input"]["name"], "ListCustomers");
    assert_eq!(operations[0]["faults"][0]["name"], "BusyFault");
    let old = operations.iter().find(|operation| operation["name"] == "Old").unwrap();
    assert!(old["unsupported"].as_str().unwrap().contains("encoded"), "{old}");
    let page = run(&["schema", "inspect", ERP]).out;
    assert!(page.contains("port Port11  SOAP 1.1") && page.contains("cannot be called: it is encoded"), "{page}");
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    let (code, told) = inspected(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert_eq!((code, &told["problems"][0]["code"]), (1, &Value::from("X0101")));
    assert_eq!(run(&["schema", "inspect", "no-such.wsdl"]).code, 2);
}

#[test]
fn a_document_is_converted_there_and_back_or_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (xml, json) = (folder.path().join("a.xml"), folder.path().join("a.json"));
    let request = r#"{"Body":{"ListCustomers":{"ChangedSince":"2026-01-01T00:00:00Z"}}}"#;
    std::fs::write(&json, request).unwrap();
    let made = run(&["convert", json.to_str().unwrap(), "--schema", ERP]);
    assert!(made.code == 0 && made.out.contains("<tns:ListCustomers>"), "{}{}", made.out, made.err);
    std::fs::write(&xml, &made.out).unwrap();
    let back = run(&["convert", xml.to_str().unwrap(), "--schema", ERP]);
    assert_eq!((back.code, back.out.trim_end()), (0, request), "{}", back.err);
    std::fs::write(&xml, made.out.replace("<?xml", "<!DOCTYPE x>\n<?xml")).unwrap();
    let refused = run(&["convert", xml.to_str().unwrap(), "--schema", ERP]);
    assert!(refused.code == 1 && refused.out.is_empty(), "{}", refused.out);
    assert!(refused.err.contains("error[X0112]: xml.doctype") && refused.err.contains("a.xml:1:1"), "{}", refused.err);
    assert_eq!(run(&["convert", "no-such.xml"]).code, 2);
}

#[test]
fn a_rule_pack_beside_the_schema_says_what_a_fault_means() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let fault = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><faultcode>s:Client</faultcode>\
                 <faultstring>ORA-00060: deadlock</faultstring></s:Fault></s:Body></s:Envelope>";
    for name in ["erp.wsdl", "types.xsd"] {
        std::fs::copy(std::path::Path::new(ERP).with_file_name(name), path(name)).unwrap();
    }
    std::fs::write(path("fault.xml"), fault).unwrap();
    let class = || {
        let told = run(&["convert", &path("fault.xml"), "--schema", &path("erp.wsdl")]);
        let value: Value = serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("{}{}", told.out, told.err));
        value["Fault"]["class"].clone()
    };
    assert_eq!(class(), "permanent", "a Client's fault");
    std::fs::write(path("erp.faults"), "for urn:test:erp\ntransient ORA-00060\n").unwrap();
    assert_eq!(class(), "transient");
    std::fs::write(path("erp.faults"), "for urn:test:erp\ntransent ORA-00060\n").unwrap();
    let refused = run(&["convert", &path("fault.xml"), "--schema", &path("erp.wsdl")]);
    assert!(refused.code == 1 && refused.err.contains("erp.faults:2:1"), "{}", refused.err);
}

/// Descriptions of real services: as many services and operations as an independent client finds.
#[test]
fn real_descriptions_are_told_as_an_independent_client_reads_them() {
    let Ok(cases) = std::env::var("SPANWRIGHT_CASES") else {
        eprintln!("left out: descriptions of real services (SPANWRIGHT_CASES is not set)");
        return;
    };
    let expected = std::fs::read_to_string(format!("{cases}/wsdl/EXPECTED.txt")).unwrap();
    for row in expected.lines() {
        let (path, rest) = row.split_once(' ').unwrap();
        let number = |key: &str| rest.split(key).nth(1).and_then(|rest| rest.split(' ').next()).and_then(|text| text.parse::<usize>().ok());
        let (code, told) = inspected(&format!("{cases}/wsdl/{path}"));
        match number("services=") {
            Some(services) => {
                let all = told["services"].as_array().unwrap();
                let ports = all.iter().flat_map(|service| service["ports"].as_array().unwrap());
                let operations: usize = ports.map(|port| port["operations"].as_array().unwrap().len()).sum();
                assert_eq!((code, all.len(), Some(operations)), (0, services, number("port-ops=")), "{path}");
            }
            // The other client would fetch the schema of SOAP encoding, which is built in here.
            None if path == "wasabi/tradetracker.wsdl" => assert_eq!(code, 0, "{told}"),
            None => {
                let problem = &told["problems"][0];
                let placed = ["file", "line", "column", "help"].iter().all(|key| !problem[key].is_null());
                assert!(code == 1 && placed, "{path}: {told}");
            }
        }
    }
}
