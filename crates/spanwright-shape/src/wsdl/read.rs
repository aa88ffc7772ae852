//! Services, ports and operations out of the declarations.

use std::sync::Arc;

use crate::text::{Problems, did_you_mean};
use crate::xml::{Element, codes};
use crate::xsd::{ElementId, Graph, XSD_SPACE};

use super::definitions::{Definitions, Index};
use super::{Declared, Operation, Port, Service, Version, WSDL_SPACE};

const SOAP11_SPACE: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
const SOAP12_SPACE: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";

pub(super) fn services(definitions: &Definitions, graph: &mut Graph, to: &mut Problems) -> Vec<Service> {
    let mut reading = Reading { index: definitions.index(), graph, to };
    let tags = definitions.trees.iter().flat_map(|root| root.all(WSDL_SPACE, "service"));
    tags.map(|tag| Service { name: name(tag), ports: tag.all(WSDL_SPACE, "port").filter_map(|port| reading.port(port)).collect() })
        .collect()
}

struct Reading<'d, 'p> {
    index: Index<'d>,
    graph: &'p mut Graph,
    to: &'p mut Problems,
}

/// One message's part in a binding.
struct Half {
    element: Option<ElementId>,
    headers: Vec<ElementId>,
    refused: Option<String>,
}

impl<'d> Reading<'d, '_> {
    fn port(&mut self, tag: &'d Element) -> Option<Port> {
        let binding = self.referred(tag, "binding", "binding")?;
        let (version, soap) = soap(binding, "binding")?;
        let port_type = self.referred(binding, "type", "portType")?;
        let style = soap.value("style").unwrap_or("document");
        let operations = binding.all(WSDL_SPACE, "operation").filter_map(|operation| self.operation(operation, port_type, style)).collect();
        let address = tag.children.iter().find(|child| &*child.local == "address");
        let address = address.and_then(|address| address.find("location")).map(|location| location.value.clone());
        Some(Port { name: name(tag), address, version, operations })
    }

    fn operation(&mut self, tag: &'d Element, port_type: &'d Element, style: &str) -> Option<Operation> {
        let wanted = tag.value("name").unwrap_or_default();
        let Some(declared) = port_type.all(WSDL_SPACE, "operation").find(|operation| operation.value("name") == Some(wanted)) else {
            let says = format!("the port type `{}` has no operation `{wanted}`", name(port_type));
            self.to.error(&codes::NAME_UNKNOWN, tag.place("name"), says, None);
            return None;
        };
        let soap = soap(tag, "operation").map(|(_, soap)| soap);
        let style = soap.and_then(|soap| soap.value("style")).unwrap_or(style);
        let action = soap.and_then(|soap| soap.find("soapAction")).map(|action| action.value.clone()).unwrap_or_default();
        let input = self.half(tag, declared, "input", style);
        let output = self.half(tag, declared, "output", style);
        let refused =
            input.as_ref().and_then(|half| half.refused.clone()).or_else(|| output.as_ref().and_then(|half| half.refused.clone()));
        let refused = refused.or_else(|| input.is_none().then(|| "it takes no message: the service sends it by itself".to_string()));
        let faults = if refused.is_none() { self.faults(declared) } else { Vec::new() };
        let headers = input.as_ref().map(|half| half.headers.clone()).unwrap_or_default();
        let (input, output) = (input.and_then(|half| half.element), output.and_then(|half| half.element));
        Some(Operation { name: wanted.into(), about: about(declared), action, input, output, headers, faults, refused, span: tag.span })
    }

    /// The request or the answer: `None` where the operation has none.
    fn half(&mut self, binding: &'d Element, declared: &'d Element, way: &'static str, style: &str) -> Option<Half> {
        let abstract_part = declared.all(WSDL_SPACE, way).next()?;
        let refuse = |why: &str| Some(Half { element: None, headers: Vec::new(), refused: Some(why.to_string()) });
        let concrete = binding.all(WSDL_SPACE, way).next();
        let body = concrete.and_then(|concrete| soap(concrete, "body")).map(|(_, body)| body);
        if style == "rpc" {
            return refuse("rpc style is not built yet");
        }
        if body.is_some_and(|body| body.value("use") == Some("encoded")) {
            return refuse("encoded use is not built yet");
        }
        if body.is_none() && concrete.is_some_and(|concrete| concrete.children.iter().any(|child| &*child.local == "multipartRelated")) {
            return refuse("attachments (MIME) are not built yet");
        }
        let headers = concrete.map(|concrete| self.headers(concrete)).unwrap_or_default();
        let message = self.referred(abstract_part, "message", "message")?;
        let parts = parts(message, body, &headers);
        match parts.as_slice() {
            [] => Some(Half { element: None, headers: elements(&headers), refused: None }),
            [part] if part.find("element").is_some() => {
                let element = self.element(part);
                Some(Half { element, headers: elements(&headers), refused: None })
            }
            [_] => refuse("its message has a part of a type, and document style wants an element"),
            _ => refuse("several parts in one body are not built yet"),
        }
    }

    /// Header blocks of a message: their parts' names and elements. One that names what is not there is passed over,
    /// since real descriptions do that.
    fn headers(&mut self, concrete: &'d Element) -> Vec<(&'d str, ElementId)> {
        let tags = concrete.children.iter().filter(|child| &*child.local == "header" && is_soap(&child.space));
        let mut found = Vec::new();
        for tag in tags {
            let message = tag.value("message").and_then(|name| self.find(tag, name, "message"));
            let part = message.and_then(|message| message.all(WSDL_SPACE, "part").find(|part| part.value("name") == tag.value("part")));
            let root = part.and_then(|part| part.resolve(part.value("element")?)).and_then(|(space, local)| self.graph.root(&space, local));
            if let (Some(part), Some(element)) = (tag.value("part"), root) {
                found.push((part, element));
            }
        }
        found
    }

    fn faults(&mut self, declared: &'d Element) -> Vec<Declared> {
        let mut faults = Vec::new();
        for tag in declared.all(WSDL_SPACE, "fault") {
            let part = self.referred(tag, "message", "message").and_then(|message| message.all(WSDL_SPACE, "part").next());
            if let Some(element) = part.and_then(|part| self.element(part)) {
                faults.push(Declared { name: name(tag), element });
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
            let names = self.index.keys().filter(|(of, _, _)| *of == kind).map(|(_, _, name)| *name);
            let help = did_you_mean(named.rsplit(':').next().unwrap_or(named), names);
            self.to.error(&codes::NAME_UNKNOWN, at.place(attribute), format!("no `{kind}` is called `{named}`"), help);
        }
        found
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

fn elements(headers: &[(&str, ElementId)]) -> Vec<ElementId> {
    headers.iter().map(|(_, element)| *element).collect()
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
