//! `apis/NAME.yaml` against its WSDL.

use spanwright_core::door::{DoorKind, DoorSettings};
use spanwright_shape::{
    text::{Bundle, Problems},
    wsdl::{self, Operation, Port, Version, Wsdl},
    xml,
};

use super::{Served, SoapDoor, codes, describe::Description};
use crate::soap::{check::reason, interface};

/// Reads the WSDL and proves the settings.
pub(in crate::soap) fn door(settings: &DoorSettings, bundle: &Bundle, to: &mut Problems) -> Option<SoapDoor> {
    let DoorKind::Api { schema, path, correlation, by_token, .. } = &settings.kind else { return None };
    let Some(file) = *schema else {
        let help = "write the path of its WSDL: `soap: schemas/orders.wsdl`".to_string();
        to.error(&codes::NO_WSDL, settings.at, "`soap:` names no file", help);
        return None;
    };
    let read = wsdl::read(file, bundle, to)?;
    let ports = ports(&read);
    let Some(first) = ports.first() else {
        let says = format!("`{}` has no port with a SOAP binding and an operation that can be served", bundle.path(file));
        to.error(&xml::codes::NO_SOAP_PORT, settings.at, says, reason(&read));
        return None;
    };
    let operations = distinct(first);
    let (interface, headers) = interface::served(&read.graph, &operations);
    Some(SoapDoor {
        routes: [path.clone()],
        interface,
        headers,
        blocks: operations.iter().flat_map(|operation| operation.headers.iter().copied()).collect(),
        by_token: *by_token,
        correlation: correlation.clone(),
        versions: ports.iter().map(|port| port.version).collect(),
        operations: operations.iter().map(|operation| served(operation, &ports)).collect(),
        description: Description::of(file, bundle),
        graph: read.graph,
    })
}

/// The first usable port of each version, that of 1.1 first.
fn ports(read: &Wsdl) -> Vec<&Port> {
    let usable = |version: Version| {
        let mut ports = read.services.iter().flat_map(|service| &service.ports);
        ports.find(|port| port.version == version && port.operations.iter().any(|operation| operation.refused.is_none()))
    };
    [Version::Soap11, Version::Soap12].into_iter().filter_map(usable).collect()
}

/// Operations that can be served; the first of each name.
fn distinct(port: &Port) -> Vec<&Operation> {
    let mut distinct: Vec<&Operation> = Vec::new();
    for operation in port.operations.iter().filter(|operation| operation.refused.is_none()) {
        if !distinct.iter().any(|other| other.name == operation.name) {
            distinct.push(operation);
        }
    }
    distinct
}

fn served(operation: &Operation, ports: &[&Port]) -> Served {
    let of = |port: &&Port| {
        let same = port.operations.iter().find(|other| other.name == operation.name)?;
        Some((port.version, same.action.clone()))
    };
    Served {
        name: operation.name.clone(),
        actions: ports.iter().filter_map(of).collect(),
        input: operation.input,
        output: operation.output,
        faults: operation.faults.iter().map(|fault| (fault.name.clone(), fault.element)).collect(),
    }
}
