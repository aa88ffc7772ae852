//! `spanwright schema inspect FILE`: what a WSDL or an XML Schema offers, and what of it cannot be used and why.

use std::path::PathBuf;

use clap::Args;
use spanwright_shape::{
    text::{Bundle, FileId, Problems},
    wsdl::{self, Operation, OtherPort, Port, Service, Version, Wsdl},
    xml,
    xsd::{self, Documents, ElementId, Graph, XSD_SPACE},
};

use super::{
    Ended, documents,
    out::{Format, Object, Out},
};

/// List what a WSDL offers: services, ports, operations, and what of it cannot be called and why
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright schema inspect schemas/erp.wsdl\n  \
    spanwright schema inspect erp.wsdl --format json      one object: services[].ports[].operations[]\n  \
    spanwright schema inspect types.xsd                   the elements and types of a schema")]
pub struct Inspect {
    /// The WSDL or XSD; what it imports is read from beside it, and nothing is fetched
    #[arg(value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Inspect {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let (bundle, file) = documents::load(&self.file)?;
        let mut problems = Problems::new();
        let read = read(&bundle, file, &mut problems);
        let json = self.format == Format::Json;
        let Some(read) = read else {
            documents::refuse(&problems, &bundle, json, out)?;
            return Ok(Ended::Problems);
        };
        documents::refuse(&documents::warnings(&problems), &bundle, false, out)?;
        match self.format {
            Format::Json => out.line(&object(&read, bundle.path(file)))?,
            Format::Human => out.data(&page(&read))?,
        }
        Ok(Ended::Fine)
    }
}

/// A WSDL, or an XML Schema as one without services; `None`: the problems say why.
pub fn read(bundle: &Bundle, file: FileId, to: &mut Problems) -> Option<Wsdl> {
    match is_schema(bundle, file) {
        true => schema(bundle, file, to).map(|graph| Wsdl { graph, services: Vec::new() }),
        false => wsdl::read(file, bundle, to),
    }
}

/// Whether a file is an XML Schema and no WSDL.
fn is_schema(bundle: &Bundle, file: FileId) -> bool {
    let Ok(text) = xml::text(bundle.bytes(file), None) else { return false };
    let Ok(mut reader) = xml::Reader::new(&text) else { return false };
    match reader.read() {
        Ok(xml::Event::Start(name)) => name.local == "schema" && reader.uri(name.space) == XSD_SPACE,
        _ => false,
    }
}

/// The types of an XML Schema and of all that it imports.
fn schema(bundle: &Bundle, file: FileId, to: &mut Problems) -> Option<Graph> {
    let mut documents = Documents::new();
    documents.add_file(file, None, bundle, to);
    documents.settle(bundle, to);
    if to.errors() > 0 {
        return None;
    }
    let graph = xsd::compile(&documents, to);
    (to.errors() == 0).then_some(graph)
}

fn version(version: Version) -> &'static str {
    match version {
        Version::Soap11 => "1.1",
        Version::Soap12 => "1.2",
    }
}

fn object(read: &Wsdl, file: &str) -> String {
    let mut elements: Vec<String> = read.graph.globals().map(|id| named(&read.graph, id)).collect();
    elements.sort();
    Object::new()
        .text("file", file)
        .list("services", read.services.iter().map(|service| service_object(read, service)))
        .list("elements", elements)
        .number("types", read.graph.types().count() as u64)
        .end()
}

fn service_object(read: &Wsdl, service: &Service) -> String {
    let soap = service.ports.iter().map(|port| port_object(&read.graph, port));
    let others = service.others.iter().map(other_object);
    Object::new().text("name", &service.name).list("ports", soap.chain(others)).end()
}

fn port_object(graph: &Graph, port: &Port) -> String {
    let transport = port.transport.as_ref().map(|transport| format!("its envelopes travel by `{transport}`, and ours by HTTP"));
    let operations = once(port).into_iter().map(|(operation, meant)| operation_object(graph, operation, meant, transport.as_deref()));
    Object::new()
        .text("name", &port.name)
        .maybe("address", port.address.as_deref())
        .text("binding", &port.binding)
        .text("soap", version(port.version))
        .list("policies", port.policies.iter().map(|policy| text(policy)))
        .maybe("unsupported", transport.as_deref())
        .list("operations", operations)
        .end()
}

fn other_object(port: &OtherPort) -> String {
    let why = not_soap(port);
    let operation = |name: &std::sync::Arc<str>| Object::new().text("name", name).text("unsupported", &why).end();
    Object::new()
        .text("name", &port.name)
        .maybe("address", port.address.as_deref())
        .text("unsupported", &why)
        .list("operations", port.operations.iter().map(operation))
        .end()
}

fn not_soap(port: &OtherPort) -> String {
    format!("it speaks {}, and no SOAP", port.speaks)
}

/// The operations of a port, each name once: of overloaded ones the first is meant, and it is told how many there are.
fn once(port: &Port) -> Vec<(&Operation, usize)> {
    let mut all: Vec<(&Operation, usize)> = Vec::new();
    for operation in &port.operations {
        match all.iter_mut().find(|(other, _)| other.name == operation.name) {
            Some((_, count)) => *count += 1,
            None => all.push((operation, 1)),
        }
    }
    all
}

fn operation_object(graph: &Graph, operation: &Operation, meant: usize, transport: Option<&str>) -> String {
    let element = |id: Option<ElementId>| id.map_or("null".to_string(), |id| named(graph, id));
    let headers = |ids: &[ElementId]| ids.iter().map(|id| named(graph, *id)).collect::<Vec<_>>();
    let faults =
        operation.faults.iter().map(|fault| Object::new().text("name", &fault.name).raw("element", &named(graph, fault.element)).end());
    let overloaded = (meant > 1).then(|| format!("{meant} operations have this name; the first is meant"));
    let notes = operation.notes.iter().map(String::as_str).chain(overloaded.as_deref()).map(text);
    let object = Object::new()
        .text("name", &operation.name)
        .text("action", &operation.action)
        .text("style", operation.style.word())
        .text("use", if operation.encoded { "encoded" } else { "literal" })
        .raw("input", &element(operation.input))
        .raw("output", &element(operation.output))
        .raw("one_way", if operation.answers { "false" } else { "true" })
        .list("headers", headers(&operation.headers))
        .list("output_headers", headers(&operation.output_headers))
        .list("faults", faults)
        .list("notes", notes);
    object.maybe("unsupported", operation.refused.as_deref().or(transport)).end()
}

fn named(graph: &Graph, id: ElementId) -> String {
    let element = graph.element(id);
    Object::new().text("name", &element.local).text("namespace", graph.uri(element.space)).end()
}

fn text(text: &str) -> String {
    let mut out = Vec::new();
    spanwright_shape::json::write_text(text, &mut out);
    String::from_utf8(out).expect("it was text")
}

fn page(read: &Wsdl) -> String {
    let mut page = String::new();
    for service in &read.services {
        page += &format!("service {}\n", service.name);
        service.ports.iter().for_each(|port| port_page(&mut page, &read.graph, port));
        for port in &service.others {
            page += &format!("  port {}  cannot be called: {}\n", port.name, not_soap(port));
            port.operations.iter().for_each(|name| page += &format!("    {name}\n"));
        }
    }
    if read.services.is_empty() {
        let mut names: Vec<String> = read.graph.globals().map(|id| told(&read.graph, Some(id))).collect();
        names.sort();
        page += &format!("no service; {} global elements, {} named types\n", names.len(), read.graph.types().count());
        names.iter().for_each(|name| page += &format!("  {name}\n"));
    }
    page
}

fn port_page(page: &mut String, graph: &Graph, port: &Port) {
    let address = port.address.as_deref().unwrap_or("no address");
    *page += &format!("  port {}  SOAP {}  {address}\n", port.name, version(port.version));
    if let Some(transport) = &port.transport {
        *page += &format!("    cannot be called: its envelopes travel by `{transport}`, and ours by HTTP\n");
    }
    port.policies.iter().for_each(|policy| *page += &format!("    its policy demands {policy}\n"));
    for (operation, meant) in once(port) {
        let way = if operation.answers { format!(" -> {}", told(graph, operation.output)) } else { ", one way".to_string() };
        *page += &format!("    {}  {}{way}\n", operation.name, told(graph, operation.input));
        let list = |ids: &[ElementId]| ids.iter().map(|id| told(graph, Some(*id))).collect::<Vec<_>>().join(", ");
        if !operation.headers.is_empty() {
            *page += &format!("      headers {}\n", list(&operation.headers));
        }
        if !operation.faults.is_empty() {
            let faults: Vec<&str> = operation.faults.iter().map(|fault| &*fault.name).collect();
            *page += &format!("      faults {}\n", faults.join(", "));
        }
        if meant > 1 {
            *page += &format!("      {meant} operations have this name; the first is meant\n");
        }
        operation.notes.iter().for_each(|note| *page += &format!("      note: {note}\n"));
        if let Some(why) = &operation.refused {
            *page += &format!("      cannot be called: {why}\n");
        }
    }
}

fn told(graph: &Graph, id: Option<ElementId>) -> String {
    id.map_or("nothing".to_string(), |id| graph.element(id).local.to_string())
}
