#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use std::path::Path;

use crate::text::Bundle;
use crate::xsd::tests::{erp, read, try_load};

use super::*;

/// Each operation on a line.
fn told(wsdl: &Wsdl) -> String {
    let mut out = String::new();
    for (service, port) in wsdl.services.iter().flat_map(|service| service.ports.iter().map(move |port| (service, port))) {
        out += &format!("{} {} {:?} {}\n", service.name, port.name, port.version, port.address.as_deref().unwrap_or("-"));
        for operation in &port.operations {
            let element = |id: Option<ElementId>| id.map_or("-".to_string(), |id| wsdl.graph.element(id).local.to_string());
            let faults: Vec<&str> = operation.faults.iter().map(|fault| &*fault.name).collect();
            let refused = operation.refused.as_deref().map(|why| format!(" refused: {why}")).unwrap_or_default();
            let (input, output) = (element(operation.input), element(operation.output));
            out += &format!("  {} `{}` {input} -> {output} {faults:?}{refused}\n", operation.name, operation.action);
        }
    }
    out
}

#[test]
fn services_ports_and_operations_are_found() {
    assert_eq!(
        told(&erp()),
        "Erp Port12 Soap12 http://erp.example.com/soap12\n\
         \x20 GetCustomer `urn:test:erp/GetCustomer` CustomerNumber -> Customer [\"NotFoundFault\", \"BusyFault\"]\n\
         Erp Port11 Soap11 http://erp.example.com/soap11\n\
         \x20 ListCustomers `urn:test:erp/ListCustomers` ListCustomers -> ListCustomersResponse [\"BusyFault\"]\n\
         \x20 GetCustomer `` CustomerNumber -> Customer [\"NotFoundFault\", \"BusyFault\"]\n\
         \x20 Ping `ping` - -> - []\n\
         \x20 Old `` - -> - [] refused: it is encoded (`use=\"encoded\"`, SOAP 1.1 section 5), which is neither read nor written here; \
         ask for a literal binding\n"
    );
    assert_eq!(erp().services[0].ports[1].operations[0].about.as_deref(), Some("Changed customers, oldest first."));
}

/// The problems of the test's own ERP with one thing in it changed.
fn problems(from: &str, with: &str) -> Vec<String> {
    let (found, problems) = read(&changed(from, with), "schemas/erp.wsdl");
    assert_eq!(found.is_none(), !problems.is_empty());
    problems
}

/// The test's own ERP with one thing in it changed.
fn changed(from: &str, with: &str) -> Bundle {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/soap");
    let file = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let (wsdl, types) = (file("erp.wsdl"), file("types.xsd"));
    assert!(wsdl.contains(from) || types.contains(from), "{from}");
    let files = [("schemas/erp.wsdl", wsdl), ("schemas/types.xsd", types)];
    Bundle::new(files.map(|(name, text)| (name.to_string(), text.replacen(from, with, 1).into_bytes())))
}

#[test]
fn an_import_that_is_not_there_is_named_with_its_place_and_the_way_out() {
    let missing = "X0201 schemas/erp.wsdl:8:49 `other.xsd` is imported and not in the project = put it at `schemas/other.xsd`";
    assert_eq!(problems("\"types.xsd\"", "\"other.xsd\""), [missing]);
    let fetched = "X0201 schemas/erp.wsdl:8:49 `http://erp/x/t2.xsd?v=1` is imported and not in the project \
                   = nothing is fetched: put it at `schemas/t2.xsd`, beside the importing file, or pin all of it with `spanwright schema import`";
    assert_eq!(problems("\"types.xsd\"", "\"http://erp/x/t2.xsd?v=1\""), [fetched]);
}

#[test]
fn names_that_nothing_declares_are_named_with_the_nearest() {
    let unknown = "X0202 schemas/types.xsd:58:34 no type `Adress` is declared in `urn:test:erp:types` = did you mean `Address`?";
    assert_eq!(problems("name=\"Address\" type=\"t:Address\"", "name=\"Address\" type=\"t:Adress\""), [unknown]);
    let element = "X0202 schemas/erp.wsdl:36:69 no schema declares the element `tns:ListCustomer` = did you mean `ListCustomers`?";
    assert_eq!(problems("element=\"tns:ListCustomers\"", "element=\"tns:ListCustomer\""), [element]);
    let message = "X0202 schemas/erp.wsdl:48:19 no `message` is called `tns:ListIn`";
    assert_eq!(problems("message=\"tns:ListCustomersIn\"", "message=\"tns:ListIn\""), [message]);
    let port_type = "X0202 schemas/erp.wsdl:58:30 no `portType` is called `tns:ErpPortTyp` = did you mean `ErpPortType`?";
    assert_eq!(problems("name=\"Erp11\" type=\"tns:ErpPortType\"", "name=\"Erp11\" type=\"tns:ErpPortTyp\""), [port_type]);
}

/// The ONVIF consortium's description of analytics has such a port, and a neighbour that can be called.
#[test]
fn a_port_whose_binding_is_not_there_is_left_out_and_its_neighbours_stay() {
    let (found, problems) = read(&changed("binding=\"tns:Erp12\"", "binding=\"tns:Erp13\""), "schemas/erp.wsdl");
    let says = "X0202 schemas/erp.wsdl:80:30 no `binding` is called `tns:Erp13`, so that the port is left out = did you mean `Erp11`?";
    assert_eq!(problems, [says]);
    let service = found.unwrap().services.remove(0);
    assert_eq!(service.ports.len(), 1);
    assert_eq!(&*service.others[0].speaks, "nothing: no binding is called `tns:Erp13`");
}

/// The ONVIF consortium's description of devices imports that of media, which has a service of its own.
#[test]
fn the_services_are_those_of_the_file_that_was_asked_for_and_of_its_imports_where_it_has_none() {
    let head = "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:a'>";
    let check = |service: &str, expected: &str| {
        let asked = format!("{head}<import namespace='urn:a' location='b.wsdl'/>{service}</definitions>");
        let imported = format!("{head}<service name='Imported'/></definitions>");
        let bundle = Bundle::new([("a.wsdl".to_string(), asked.into_bytes()), ("b.wsdl".to_string(), imported.into_bytes())]);
        let names: Vec<String> = read(&bundle, "a.wsdl").0.unwrap().services.iter().map(|service| service.name.to_string()).collect();
        assert_eq!(names, [expected]);
    };
    check("<service name='Own'/>", "Own");
    check("", "Imported");
}

#[test]
fn what_is_no_wsdl_is_said() {
    let check = |text: &str, expected: &str| {
        let bundle = Bundle::new([("a.wsdl".to_string(), text.as_bytes().to_vec())]);
        assert_eq!(read(&bundle, "a.wsdl").1, [expected]);
    };
    check("<html/>", "X0103 a.wsdl:1:1 `a.wsdl` is no WSDL 1.1: its root is `html`");
    check("", "X0101 a.wsdl:1:1 the document is empty");
    check("<a>\n<b></a>", "X0101 a.wsdl:2:4 ill-formed document: expected `</b>`, but `</a>` was found");
    check(
        "<description xmlns='http://www.w3.org/ns/wsdl'/>",
        "X0103 a.wsdl:1:1 `a.wsdl` is no WSDL 1.1: its root is `description` = this is WSDL 2.0; ask the service for its WSDL 1.1",
    );
}

#[test]
fn a_type_that_derives_from_itself_is_a_problem_and_no_loop() {
    let found = problems("base=\"t:Address\"", "base=\"t:ForeignAddress\"");
    assert_eq!(found, ["X0203 schemas/types.xsd:34:38 a type derives from itself"]);
}

/// Descriptions of real services, where they are at hand: as many services and operations as another client finds.
#[test]
fn real_descriptions_read_as_an_independent_client_reads_them() {
    let Ok(cases) = std::env::var("SPANWRIGHT_CASES") else {
        eprintln!("left out: descriptions of real services (SPANWRIGHT_CASES is not set)");
        return;
    };
    let expected = std::fs::read_to_string(format!("{cases}/wsdl/EXPECTED.txt")).unwrap();
    let mut judged = 0;
    for row in expected.lines().filter(|row| row.contains(".wsdl") || row.contains(".xml")) {
        let (path, rest) = row.split_once(' ').unwrap();
        let (folder, name) = path.split_once('/').unwrap();
        let (wsdl, problems) = try_load(&Path::new(&cases).join("wsdl").join(folder), name);
        judge(path, rest, wsdl, &problems);
        judged += 1;
    }
    assert!(judged > 15);
}

fn judge(path: &str, rest: &str, wsdl: Option<Wsdl>, problems: &[String]) {
    let number = |key: &str| rest.split(key).nth(1).and_then(|rest| rest.split(' ').next()).and_then(|text| text.parse::<usize>().ok());
    match (path, number("services="), wsdl) {
        // It needs the well-known schema of SOAP encoding, which the other client would fetch and we have built in.
        ("wasabi/tradetracker.wsdl", _, found) => assert!(found.is_some(), "{path} {problems:?}"),
        (_, None, found) => assert!(found.is_none() && !problems.is_empty(), "{path}"),
        (_, Some(services), Some(found)) => {
            assert_eq!(Some(found.services.len()), Some(services), "{path}");
            assert_eq!(Some(operations(&found)), number("port-ops="), "{path}");
        }
        (_, Some(_), None) => panic!("{path}: {problems:?}"),
    }
}

/// Of all ports, those of plain HTTP too.
fn operations(wsdl: &Wsdl) -> usize {
    let soap = wsdl.services.iter().flat_map(|service| &service.ports).map(|port| port.operations.len());
    soap.chain(wsdl.services.iter().flat_map(|service| &service.others).map(|port| port.operations.len())).sum()
}
