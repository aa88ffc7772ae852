//! The WSDL as an [`Interface`]: operations in shapes, and types by the names that a user writes.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{
    interface::{Interface, Operation, Repeat, TypeShapes},
    settings::SystemSettings,
};
use spanwright_shape::{
    shape::{RecordShape, Shape, ShapeId},
    wsdl,
    xsd::{ElementId, Graph, Lowering},
};

use super::header;

pub(super) fn interface(graph: &Graph, operations: &[&wsdl::Operation], settings: &SystemSettings) -> Interface {
    let mut lowering = Lowering::new(graph);
    let types = types(graph, &mut lowering);
    let operations = operations.iter().map(|operation| one(graph, operation, repeat(&operation.name, settings), &mut lowering)).collect();
    Interface { shapes: Arc::new(lowering.shapes), types, operations }
}

/// The same turned around: what comes in is the body, and nothing else is asked for. And the shape of each operation's `$headers`.
pub(super) fn served(graph: &Graph, operations: &[&wsdl::Operation]) -> (Interface, Vec<ShapeId>) {
    let mut lowering = Lowering::new(graph);
    let types = types(graph, &mut lowering);
    let nothing = lowering.shapes.add(Shape::Record(RecordShape::default()));
    let turned = |operation: Operation| Operation { with: nothing, fields: None, ..operation };
    let headers = operations.iter().map(|operation| headers(graph, operation, &mut lowering)).collect();
    let operations = operations.iter().map(|operation| turned(one(graph, operation, Repeat::Never, &mut lowering))).collect();
    (Interface { shapes: Arc::new(lowering.shapes), types, operations }, headers)
}

/// HTTP's headers are texts under names in lower case; the Header's blocks stand beside them.
fn headers(graph: &Graph, operation: &wsdl::Operation, lowering: &mut Lowering<'_>) -> ShapeId {
    let texts = crate::endpoint::texts(&mut lowering.shapes);
    let Shape::Record(record) = lowering.shapes.get(texts).clone() else { return texts };
    let fields = header::fields(&operation.headers, lowering, |id| graph.element(id).local.to_string());
    lowering.shapes.add(Shape::Record(RecordShape { fields, ..record }))
}

/// Global elements and named types by their local names; an element wins, since that is what stands in a message.
fn types(graph: &Graph, lowering: &mut Lowering<'_>) -> BTreeMap<String, TypeShapes> {
    let both = |id: ShapeId| TypeShapes { given: id, taken: id };
    let named = graph.types().map(|(name, id)| (name.to_string(), both(lowering.content(id))));
    let mut types: BTreeMap<String, TypeShapes> = named.collect();
    for (name, id) in graph.roots() {
        types.insert(name.to_string(), both(lowering.element(id)));
    }
    types
}

fn one(graph: &Graph, operation: &wsdl::Operation, repeat: Repeat, lowering: &mut Lowering<'_>) -> Operation {
    let body = operation.input.map(|input| lowering.element(input));
    let with = match body {
        Some(body) if matches!(lowering.shapes.get(body), Shape::Record(_)) => body,
        _ => lowering.shapes.add(Shape::Record(RecordShape::default())),
    };
    let fields = Some(with);
    let with = with_blocks(graph, with, &operation.headers, lowering);
    let gives = match operation.output {
        Some(output) => {
            let content = lowering.element(output);
            header::beside(graph, content, &operation.output_headers, lowering)
        }
        None => lowering.shapes.add(Shape::Null),
    };
    let wire = match (&*operation.action, operation.input) {
        ("", Some(input)) => format!("SOAP {}", qualified(graph, input)),
        (action, _) => format!("SOAP {action}"),
    };
    let refuses = operation.faults.iter().map(|fault| (fault.name.clone(), lowering.element(fault.element))).collect();
    Operation {
        name: operation.name.clone(),
        about: operation.about.clone(),
        wire: wire.trim_end().into(),
        with,
        fields,
        body,
        gives,
        refuses,
        repeat,
        bulk: None,
    }
}

/// The parameters with those that are header blocks.
fn with_blocks(graph: &Graph, with: ShapeId, blocks: &[ElementId], lowering: &mut Lowering<'_>) -> ShapeId {
    let content = lowering.shapes.get(with).clone();
    let (false, Shape::Record(mut record)) = (blocks.is_empty(), content.clone()) else { return with };
    record.fields.extend(header::fields(blocks, lowering, |id| header::parameter(graph, id, &content)));
    lowering.shapes.add(Shape::Record(record))
}

fn qualified(graph: &Graph, element: ElementId) -> String {
    let element = graph.element(element);
    format!("{}/{}", graph.uri(element.space), element.local)
}

/// A WSDL does not say what only reads, and names do not either: `GetNextNumber` is not safe. The settings say it.
fn repeat(name: &str, settings: &SystemSettings) -> Repeat {
    let wanted = settings.operations.iter().find(|wanted| *wanted.name.text == *name);
    match wanted.map(|wanted| (wanted.safe, wanted.key.is_some())) {
        Some((Some(true), _)) => Repeat::Safe,
        Some((_, true)) => Repeat::Keyed,
        _ => Repeat::Never,
    }
}
