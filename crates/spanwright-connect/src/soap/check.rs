//! Settings against the WSDL: all that is wrong with a `soap:` system at once.

use std::sync::Arc;

use spanwright_core::settings::{Auth, OperationSettings, Part, SystemSettings, Template};
use spanwright_shape::{
    shape::Shape,
    text::{Bundle, Problems, Scalar, did_you_mean},
    wsdl::{self, Operation, Port, Version, Wsdl},
    xml,
    xsd::{ElementId, Graph, Lowering},
};

use crate::{
    auth::{TokenEndpoint, signature},
    codes as shared,
    http::outcomes::Outcomes,
};

use super::bulk;
use super::class::Rules;
use super::codes;
use super::header;
use super::interface;
use super::system::{SoapOperation, SoapSystem};

/// Reads the WSDL and proves the settings.
pub(super) fn system(settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<SoapSystem> {
    let before = to.errors();
    let Some(file) = settings.schema else {
        to.error(
            &codes::NO_WSDL,
            settings.at,
            "`soap:` names no file",
            Some("write the path of its WSDL: `soap: schemas/erp.wsdl`".to_string()),
        );
        return None;
    };
    let read = wsdl::read(file, bundle, to)?;
    let Some(port) = port(&read) else {
        let says = format!("`{}` has no port with a SOAP binding and an operation that can be called", bundle.path(file));
        to.error(&xml::codes::NO_SOAP_PORT, settings.at, says, reason(&read));
        return None;
    };
    let url = url(settings, port, to);
    if let Auth::Hmac(signing) = settings.auth.in_message() {
        signature::check(signing, to);
    }
    let operations = callable(port, settings, to);
    let mut proven: Vec<_> = operations.iter().map(|operation| proven(operation, settings, &read.graph, to)).collect();
    let mut interface = interface::interface(&read.graph, &operations, settings);
    bulk::gather(settings, &read.graph, &mut proven, &mut interface, to);
    let spaces: Vec<&str> = read.graph.targets().collect();
    let rules = Rules::of(&spaces, bundle, to);
    let system = SoapSystem {
        name: settings.name.clone(),
        url: url?,
        auth: settings.auth.clone(),
        correlation: settings.correlation.clone(),
        version: port.version,
        operations: proven,
        interface,
        rules,
        sign_in: TokenEndpoint::of(&settings.auth, &settings.name),
        graph: read.graph,
    };
    (to.errors() == before).then_some(system)
}

/// The first port that speaks SOAP 1.1, else 1.2, and has an operation that can be called.
fn port(read: &Wsdl) -> Option<&Port> {
    let usable = || {
        let ports = read.services.iter().flat_map(|service| &service.ports);
        ports.filter(|port| port.operations.iter().any(|operation| operation.refused.is_none()))
    };
    usable().find(|port| port.version == Version::Soap11).or_else(|| usable().next())
}

/// Why none of the operations can be called, where there are any.
pub(super) fn reason(read: &Wsdl) -> Option<String> {
    let mut operations = read.services.iter().flat_map(|service| &service.ports).flat_map(|port| &port.operations);
    operations.find_map(|operation| operation.refused.as_ref().map(|why| format!("`{}`: {why}", operation.name)))
}

fn url(settings: &SystemSettings, port: &Port, to: &mut Problems) -> Option<Template> {
    let described = || port.address.as_ref().map(|address| Template { parts: vec![Part::Text(address.to_string())] });
    let url = settings.url.clone().or_else(described);
    if url.is_none() {
        let says = format!("nothing says where `{}` is: the WSDL has no address either", settings.name);
        to.error(&shared::URL, settings.at, says, Some("write `url: \"${NAME_OF_A_VARIABLE}\"`".to_string()));
    }
    url
}

/// The operations that can be called; says of which settings speak that cannot.
fn callable<'w>(port: &'w Port, settings: &SystemSettings, to: &mut Problems) -> Vec<&'w Operation> {
    for wanted in &settings.operations {
        let name = &wanted.name;
        match port.operations.iter().find(|operation| *operation.name == *name.text) {
            None if wanted.by_hand.is_some() => {
                let says = format!("`{}` is made by hand, which a `soap:` system does not have: its WSDL says what there is", name.text);
                to.error(&codes::NOT_FOR_SOAP, name.span, says, None);
            }
            None => {
                let help = did_you_mean(&name.text, port.operations.iter().map(|operation| &*operation.name));
                to.error(
                    &shared::OPERATION,
                    name.span,
                    format!("the WSDL has no operation `{}` at its port `{}`", name.text, port.name),
                    help,
                );
            }
            Some(Operation { refused: Some(why), .. }) => {
                to.error(&shared::UNUSABLE, name.span, format!("`{}` cannot be called: {why}", name.text), None);
            }
            Some(_) => {}
        }
    }
    let mut seen: Vec<&Operation> = Vec::new();
    for operation in port.operations.iter().filter(|operation| operation.refused.is_none()) {
        // An overloaded operation cannot be named; the first of its name is the one that flows mean.
        if !seen.iter().any(|other| other.name == operation.name) {
            seen.push(operation);
        }
    }
    seen
}

fn proven(operation: &Operation, settings: &SystemSettings, graph: &Graph, to: &mut Problems) -> SoapOperation {
    let wanted = settings.operations.iter().find(|wanted| *wanted.name.text == *operation.name);
    if let Some(wanted) = wanted {
        refuse_foreign(wanted, to);
        wanted.outcomes.iter().for_each(|(name, _)| check_outcome(name, wanted, operation, graph, to));
    }
    // Where the key of a batch goes is for `bulk` to say.
    let key = wanted.filter(|wanted| wanted.bulk.is_none()).and_then(|wanted| wanted.key.as_ref());
    let key = key.and_then(|key| key_field(&key.text, key.span, operation, graph, to));
    SoapOperation {
        action: operation.action.clone(),
        input: operation.input,
        output: operation.output,
        headers: headers(operation, graph),
        output_headers: operation.output_headers.clone(),
        faults: operation.faults.iter().map(|fault| (fault.name.clone(), fault.element)).collect(),
        key,
        outcomes: wanted.map(Outcomes::of).unwrap_or_default(),
        bulk: None,
    }
}

/// An item of a batch may speak in words of its own.
fn check_outcome(name: &Scalar, wanted: &OperationSettings, operation: &Operation, graph: &Graph, to: &mut Problems) {
    let has_words = wanted.bulk.as_ref().is_some_and(|bulk| bulk.outcome.is_some());
    if has_words || is_outcome(&name.text, operation, graph) {
        return;
    }
    let says = format!("`{}` is no status, and `{}` declares no fault of that name", name.text, operation.name);
    let names: Vec<&str> = operation.faults.iter().map(|fault| &*fault.name).collect();
    let help = did_you_mean(&name.text, names.iter().copied())
        .or_else(|| (!names.is_empty()).then(|| format!("it declares {}", names.join(", "))));
    to.error(&codes::FAULT_UNDECLARED, name.span, says, help);
}

fn headers(operation: &Operation, graph: &Graph) -> Vec<(Arc<str>, ElementId)> {
    let mut lowering = Lowering::new(graph);
    let content = operation.input.map(|input| lowering.element(input));
    let nothing = Shape::Null;
    let content = content.map_or(&nothing, |content| lowering.shapes.get(content));
    operation.headers.iter().map(|block| (header::parameter(graph, *block, content).into(), *block)).collect()
}

fn refuse_foreign(wanted: &OperationSettings, to: &mut Problems) {
    if let Some((_, path)) = &wanted.by_hand {
        to.error(&codes::NOT_FOR_SOAP, path.span, "a `soap:` operation has no method and path: its WSDL says how it is called", None);
    }
}

fn key_field(name: &str, at: spanwright_shape::text::Span, operation: &Operation, graph: &Graph, to: &mut Problems) -> Option<Arc<str>> {
    let mut lowering = Lowering::new(graph);
    let fields: Vec<Arc<str>> = operation.input.map(|input| fields(&mut lowering, input)).unwrap_or_default();
    let found = fields.iter().find(|field| ***field == *name).cloned();
    if found.is_none() {
        let says = format!("the request of `{}` has no field `{name}` to carry the key", operation.name);
        to.error(&shared::KEY, at, says, did_you_mean(name, fields.iter().map(|field| &**field)));
    }
    found
}

fn fields(lowering: &mut Lowering<'_>, input: ElementId) -> Vec<Arc<str>> {
    let id = lowering.element(input);
    match lowering.shapes.get(id) {
        Shape::Record(record) => record.fields.iter().map(|field| field.name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// Whether a name in `outcomes:` is a status (`503`, `5XX`) or a fault that the operation declares.
fn is_outcome(name: &str, operation: &Operation, graph: &Graph) -> bool {
    is_status(name) || operation.faults.iter().any(|fault| *fault.name == *name || *graph.element(fault.element).local == *name)
}

fn is_status(name: &str) -> bool {
    match name.as_bytes() {
        [b'1'..=b'5', rest @ ..] if rest.len() == 2 => rest.iter().all(u8::is_ascii_digit) || rest == b"XX",
        _ => false,
    }
}
