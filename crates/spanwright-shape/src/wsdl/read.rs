//! Services, ports and operations out of the declarations.

use std::sync::Arc;

use crate::text::{Problems, did_you_mean};
use crate::xml::{Element, codes};
use crate::xsd::{ElementId, Graph, Part, XSD_SPACE};

use super::definitions::{Definitions, Index};
use super::policy;
use super::{Declared, Operation, OtherPort, Port, Service, Style, Version, WSDL_SPACE};

const SOAP11_SPACE: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
const SOAP12_SPACE: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const HTTP_SPACE: &str = "http://schemas.xmlsoap.org/wsdl/http/";

pub(super) fn services(definitions: &Definitions, graph: &mut Graph, to: &mut Problems) -> Vec<Service> {
    let mut reading = Reading { index: definitions.index(), trees: &definitions.trees, graph, to };
    definitions.services().into_iter().map(|tag| reading.service(tag)).collect()
}

struct Reading<'d, 'p> {
    index: Index<'d>,
    trees: &'d [Element],
    graph: &'p mut Graph,
    to: &'p mut Problems,
}

/// One message's part in a binding.
#[derive(Default)]
struct Half {
    element: Option<ElementId>,
    headers: Vec<ElementId>,
    encoded: bool,
    refused: Option<String>,
    notes: Vec<String>,
}

/// What holds for the operations of a binding.
#[derive(Clone, Copy)]
struct Bound<'d> {
    port_type: &'d Element,
    style: Style,
    refused: Option<&'static str>,
}

impl<'d> Reading<'d, '_> {
    fn service(&mut self, tag: &'d Element) -> Service {
        let (mut ports, mut others) = (Vec::new(), Vec::new());
        for port in tag.all(WSDL_SPACE, "port") {
            // Real descriptions name bindings that are not there; their other ports are as good as before.
            if let Some(named) = port.value("binding").filter(|named| self.find(port, named, "binding").is_none()) {
                let (says, help) = self.nothing_called(named, "binding");
                self.to.warning(&codes::NAME_UNKNOWN, port.place("binding"), format!("{says}, so that the port is left out"), help);
                others.push(unbound(port, named));
                continue;
            }
            let Some(binding) = self.referred(port, "binding", "binding") else { continue };
            match soap(binding, "binding") {
                Some((version, soap)) => ports.extend(self.port(port, binding, version, soap)),
                None => others.push(other(port, binding)),
            }
        }
        Service { name: name(tag), ports, others }
    }

    fn port(&mut self, tag: &'d Element, binding: &'d Element, version: Version, soap: &'d Element) -> Option<Port> {
        let port_type = self.referred(binding, "type", "portType")?;
        let demands = policy::demands(binding, self.trees);
        let bound = Bound { port_type, style: style(soap, Style::Document), refused: demands.refused };
        let operations = binding.all(WSDL_SPACE, "operation").filter_map(|operation| self.operation(operation, bound)).collect();
        let transport = soap.find("transport").map(|transport| transport.value.clone()).filter(|transport| !is_http(transport));
        Some(Port {
            name: name(tag),
            address: address(tag),
            version,
            binding: name(binding),
            transport,
            policies: demands.told,
            operations,
        })
    }

    fn operation(&mut self, tag: &'d Element, bound: Bound<'d>) -> Option<Operation> {
        let wanted = tag.value("name").unwrap_or_default();
        let Some(declared) = abstract_operation(tag, bound.port_type, wanted) else {
            let says = format!("the port type `{}` has no operation `{wanted}`, so that the binding's is left out", name(bound.port_type));
            self.to.warning(&codes::NAME_UNKNOWN, tag.place("name"), says, None);
            return None;
        };
        let soap = soap(tag, "operation").map(|(_, soap)| soap);
        let style = soap.map_or(bound.style, |soap| style(soap, bound.style));
        let action = soap.and_then(|soap| soap.find("soapAction")).map(|action| action.value.clone()).unwrap_or_default();
        let input = self.half(tag, declared, "input", style);
        let output = self.half(tag, declared, "output", style);
        let answers = output.is_some();
        let demands = policy::demands(tag, self.trees);
        let policy = demands.refused.or(bound.refused).map(|what| format!("its policy demands {what}, which we do not do"));
        let unasked = input.is_none().then(|| "it takes no message: the service sends it by itself".to_string());
        let (input, mut output) = (input.unwrap_or_default(), output.unwrap_or_default());
        let refused = input.refused.or(output.refused).or(unasked).or(policy);
        let mut notes = input.notes;
        notes.append(&mut output.notes);
        let faults = if refused.is_none() { self.faults(declared, &mut notes) } else { Vec::new() };
        Some(Operation {
            name: wanted.into(),
            about: about(declared),
            action,
            style,
            encoded: input.encoded || output.encoded,
            answers,
            input: input.element,
            output: output.element,
            headers: input.headers,
            output_headers: output.headers,
            faults,
            refused,
            notes,
            span: tag.span,
        })
    }

    /// The request or the answer: `None` where the operation has none.
    fn half(&mut self, binding: &'d Element, declared: &'d Element, way: &'static str, style: Style) -> Option<Half> {
        let abstract_part = declared.all(WSDL_SPACE, way).next()?;
        let concrete = binding.all(WSDL_SPACE, way).next();
        let (tags, attached) = concrete.map(soap_tags).unwrap_or_default();
        let body = tags.iter().copied().find(|tag| &*tag.local == "body");
        let mut half = Half::default();
        if body.is_some_and(|body| body.value("use") == Some("encoded")) {
            half.encoded = true;
            half.refused = Some(
                "it is encoded (`use=\"encoded\"`, SOAP 1.1 section 5), which is neither read nor written here; ask for a literal binding"
                    .into(),
            );
            return Some(half);
        }
        let headers = self.headers(&tags, &mut half.notes);
        half.headers = headers.iter().map(|(_, element)| *element).collect();
        if attached {
            half.refused = Some("it carries attachments (SOAP with Attachments, MIME), which are not read or written yet".into());
            return Some(half);
        }
        let message = self.referred(abstract_part, "message", "message")?;
        let parts = parts(message, body, &headers);
        if style == Style::Rpc {
            let local = format!("{}{}", name(declared), if way == "output" { "Response" } else { "" });
            let space = body.and_then(|body| body.value("namespace")).unwrap_or_default();
            let parts = self.rpc_parts(&parts);
            half.element = parts.map(|parts| self.graph.wrapper(space, &local, parts));
            return Some(half);
        }
        match parts.as_slice() {
            [] => {}
            [part] if part.find("element").is_some() => half.element = self.element(part),
            [_] => half.refused = Some("its message has a part of a type, and document style wants an element".into()),
            _ => half.refused = Some("its message has several parts in one Body, which the WS-I Basic Profile forbids (R2201)".into()),
        }
        Some(half)
    }

    /// The parts of an rpc message: their names, and the type or element of each.
    fn rpc_parts(&mut self, parts: &[&'d Element]) -> Option<Vec<Part>> {
        parts.iter().map(|part| self.rpc_part(part)).collect()
    }

    fn rpc_part(&mut self, part: &'d Element) -> Option<Part> {
        if part.find("element").is_some() {
            return self.element(part).map(Part::Element);
        }
        let Some(named) = part.value("type") else {
            self.to.error(&codes::STRUCTURE, part.span, "a `part` has neither `type` nor `element`", None);
            return None;
        };
        let found = part.resolve(named).and_then(|(space, local)| self.graph.named(&space, local));
        let Some(found) = found else {
            let known: Vec<Arc<str>> = self.graph.types().map(|(local, _)| local.clone()).collect();
            let help = did_you_mean(named.rsplit(':').next().unwrap_or(named), known.iter().map(|name| &**name));
            self.to.error(&codes::NAME_UNKNOWN, part.place("type"), format!("no schema declares the type `{named}`"), help);
            return None;
        };
        Some(Part::Type(name(part), found))
    }

    /// Header blocks of a message: their parts' names and elements. One that names what is not there is passed over and
    /// noted, since real descriptions do that.
    fn headers(&mut self, tags: &[&'d Element], notes: &mut Vec<String>) -> Vec<(&'d str, ElementId)> {
        let mut found = Vec::new();
        for tag in tags.iter().filter(|tag| &*tag.local == "header") {
            let message = tag.value("message").and_then(|name| self.find(tag, name, "message"));
            let part = message.and_then(|message| message.all(WSDL_SPACE, "part").find(|part| part.value("name") == tag.value("part")));
            let root = part.and_then(|part| part.resolve(part.value("element")?)).and_then(|(space, local)| self.graph.root(&space, local));
            match (tag.value("part"), root) {
                (Some(part), Some(element)) => found.push((part, element)),
                _ => {
                    let (message, part) = (tag.value("message").unwrap_or_default(), tag.value("part").unwrap_or_default());
                    notes.push(format!("its header `{part}` of the message `{message}` is passed over: nothing declares such an element"));
                }
            }
        }
        found
    }

    /// Declared faults; one whose message is not there is passed over and noted.
    fn faults(&mut self, declared: &'d Element, notes: &mut Vec<String>) -> Vec<Declared> {
        let mut faults = Vec::new();
        for tag in declared.all(WSDL_SPACE, "fault") {
            let message = tag.value("message").and_then(|named| self.find(tag, named, "message"));
            let part = message.and_then(|message| message.all(WSDL_SPACE, "part").next());
            let root = part.and_then(|part| part.resolve(part.value("element")?)).and_then(|(space, local)| self.graph.root(&space, local));
            match root {
                Some(element) => faults.push(Declared { name: name(tag), element }),
                None => notes.push(format!("its fault `{}` is passed over: nothing declares an element for it", name(tag))),
            }
        }
        faults
    }

    fn element(&mut self, part: &'d Element) -> Option<ElementId> {
        let named = part.value("element")?;
        let found = part.resolve(named).and_then(|(space, local)| self.graph.root(&space, local));
        if found.is_none() {
            let known: Vec<Arc<str>> = self.graph.roots().map(|(local, _)| local.clone()).collect();
            let local = named.rsplit(':').next().unwrap_or(named);
            let help = did_you_mean(local, known.iter().map(|name| &**name));
            self.to.error(&codes::NAME_UNKNOWN, part.place("element"), format!("no schema declares the element `{named}`"), help);
        }
        found
    }

    /// What an attribute names; a problem where nothing has that name.
    fn referred(&mut self, at: &'d Element, attribute: &str, kind: &'d str) -> Option<&'d Element> {
        let Some(named) = at.value(attribute) else {
            self.to.error(&codes::STRUCTURE, at.span, format!("`{}` has no `{attribute}`", at.local), None);
            return None;
        };
        let found = self.find(at, named, kind);
        if found.is_none() {
            let (says, help) = self.nothing_called(named, kind);
            self.to.error(&codes::NAME_UNKNOWN, at.place(attribute), says, help);
        }
        found
    }

    fn nothing_called(&self, named: &str, kind: &str) -> (String, Option<String>) {
        let names = self.index.keys().filter(|(of, _, _)| *of == kind).map(|(_, _, name)| *name);
        (format!("no `{kind}` is called `{named}`"), did_you_mean(named.rsplit(':').next().unwrap_or(named), names))
    }

    fn find(&self, at: &Element, named: &str, kind: &'d str) -> Option<&'d Element> {
        let (space, local) = at.resolve(named)?;
        self.index.get(&(kind, &*space, local)).copied()
    }
}

/// The parts of a message that stand in the Body.
fn parts<'d>(message: &'d Element, body: Option<&Element>, headers: &[(&str, ElementId)]) -> Vec<&'d Element> {
    let listed = body.and_then(|body| body.value("parts"));
    let in_body = |part: &&Element| {
        let name = part.value("name").unwrap_or_default();
        match listed {
            Some(listed) => listed.split_whitespace().any(|one| one == name),
            None => !headers.iter().any(|(header, _)| *header == name),
        }
    };
    message.all(WSDL_SPACE, "part").filter(in_body).collect()
}

/// The SOAP extensions of an input or output, those in the first part of a MIME message too, and whether it is one.
fn soap_tags(concrete: &Element) -> (Vec<&Element>, bool) {
    let direct = concrete.children.iter().filter(|child| is_soap(&child.space));
    let multipart = concrete.children.iter().filter(|child| &*child.local == "multipartRelated");
    let parts: Vec<&Element> = multipart.flat_map(|related| &related.children).collect();
    let in_parts = parts.iter().flat_map(|part| &part.children).filter(|child| is_soap(&child.space));
    (direct.chain(in_parts).collect(), parts.len() > 1)
}

/// The operation of a port type that a binding's operation means: of overloaded ones that whose messages have the same names.
fn abstract_operation<'d>(tag: &Element, port_type: &'d Element, wanted: &str) -> Option<&'d Element> {
    let mut named = port_type.all(WSDL_SPACE, "operation").filter(|operation| operation.value("name") == Some(wanted));
    let message = |operation: &Element, way| operation.all(WSDL_SPACE, way).next().and_then(|one| one.value("name").map(str::to_string));
    let first = named.next()?;
    let (input, output) = (message(tag, "input"), message(tag, "output"));
    let fits = |operation: &&Element| message(operation, "input") == input && message(operation, "output") == output;
    Some(if fits(&first) { first } else { named.find(fits).unwrap_or(first) })
}

fn style(soap: &Element, otherwise: Style) -> Style {
    match soap.value("style") {
        Some("rpc") => Style::Rpc,
        Some("document") => Style::Document,
        _ => otherwise,
    }
}

/// A port that does not speak SOAP, told by the first extension of its binding.
fn other(port: &Element, binding: &Element) -> OtherPort {
    let extension = binding.children.iter().find(|child| &*child.space != WSDL_SPACE && &*child.local == "binding");
    let speaks = match extension.map(|tag| (&*tag.space, tag.value("verb").unwrap_or_default())) {
        Some((HTTP_SPACE, verb)) => format!("plain HTTP {verb}"),
        Some((space, _)) => format!("`{space}`"),
        None => "nothing that its binding says".to_string(),
    };
    let is_http = extension.is_some_and(|tag| &*tag.space == HTTP_SPACE);
    let operations = binding.all(WSDL_SPACE, "operation").filter(|_| is_http).map(name).collect();
    OtherPort { name: name(port), address: address(port), speaks: speaks.trim_end().into(), operations }
}

/// A port whose binding nothing declares.
fn unbound(port: &Element, named: &str) -> OtherPort {
    let speaks = format!("nothing: no binding is called `{named}`").into();
    OtherPort { name: name(port), address: address(port), speaks, operations: Vec::new() }
}

fn address(port: &Element) -> Option<Arc<str>> {
    let tag = port.children.iter().find(|child| &*child.local == "address")?;
    tag.find("location").map(|location| location.value.clone())
}

fn is_http(transport: &str) -> bool {
    matches!(transport, "http://schemas.xmlsoap.org/soap/http" | "http://www.w3.org/2003/05/soap/bindings/HTTP/" | "")
        || transport.starts_with("http://schemas.xmlsoap.org/soap/http")
}

fn is_soap(space: &str) -> bool {
    matches!(space, SOAP11_SPACE | SOAP12_SPACE)
}

/// The SOAP extension of a binding's element.
fn soap<'d>(tag: &'d Element, local: &str) -> Option<(Version, &'d Element)> {
    tag.children.iter().find(|child| &*child.local == local && is_soap(&child.space)).map(|child| {
        let version = if &*child.space == SOAP12_SPACE { Version::Soap12 } else { Version::Soap11 };
        (version, child)
    })
}

fn name(tag: &Element) -> Arc<str> {
    tag.value("name").unwrap_or_default().into()
}

fn about(tag: &Element) -> Option<Arc<str>> {
    let documentation =
        tag.children.iter().find(|child| &*child.local == "documentation" && matches!(&*child.space, WSDL_SPACE | XSD_SPACE))?;
    let text: Vec<&str> = documentation.text.split_whitespace().collect();
    (!text.is_empty()).then(|| text.join(" ").into())
}
