//! A connector whose schema is a page of YAML, so that projects are checked without WSDL and OpenAPI.
//!
//! `types: { Customer: { Number: text, Name: text?, Address: [Address] } }`: `?` may be absent, `|null` may be null.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{
    connector::{Answers, Call, Connector, Heard, Outcome, Refusal, Request, System, Verdict, With},
    interface::{Bulk, BulkKey, Interface, Operation, Repeat, TypeShapes},
    settings::SystemSettings,
};
use spanwright_shape::{
    shape::{Field, Format, NumberFacets, NumberKind, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets, Zone},
    text::{Bundle, Code, Failure, Node, NodeKind, Problems, yaml},
};

/// `soap:` and `rest:`, both toys.
pub static SOAP: Toy = Toy("soap");
pub static REST: Toy = Toy("rest");

pub struct Toy(&'static str);

static CODE: Code = Code { id: "C0000", title: "A toy refuses", page: "" };

impl Connector for Toy {
    fn key(&self) -> &'static str {
        self.0
    }

    fn about(&self) -> &'static str {
        "A toy."
    }

    fn codes(&self) -> Vec<&'static Code> {
        vec![&CODE]
    }

    fn system(&self, settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        let schema = yaml::read(bundle, settings.schema?, to)?;
        let interface = Schema::default().interface(&schema, settings);
        Some(Arc::new(ToySystem(interface)))
    }
}

#[derive(Default)]
struct Schema {
    shapes: Shapes,
    types: BTreeMap<String, ShapeId>,
}

impl Schema {
    fn interface(mut self, schema: &Node, settings: &SystemSettings) -> Interface {
        for (name, _) in pairs(schema, "types") {
            let id = self.shapes.reserve();
            self.types.insert(name.clone(), id);
        }
        for (name, node) in pairs(schema, "types") {
            let shape = self.shape(node, Some(&name));
            let shape = self.shapes.get(shape).clone();
            self.shapes.set(self.types[&name], shape);
        }
        let operations = pairs(schema, "operations").into_iter().map(|(name, node)| self.operation(&name, node, settings)).collect();
        let types = self.types.iter().map(|(name, id)| (name.clone(), TypeShapes { given: *id, taken: *id })).collect();
        Interface { shapes: Arc::new(self.shapes), types, operations }
    }

    fn operation(&mut self, name: &str, node: &Node, settings: &SystemSettings) -> Operation {
        let set = settings.operations.iter().find(|set| set.name.text == name);
        let mut part = |key: &str| node.get(key).map(|node| self.shape(node, None));
        let (with, body, gives) = (part("with"), part("body"), part("gives"));
        Operation {
            name: name.into(),
            about: None,
            wire: name.into(),
            with: with.unwrap_or_else(|| self.shapes.add(Shape::Record(RecordShape::default()))),
            fields: None,
            body,
            gives: gives.unwrap_or_else(|| self.shapes.add(Shape::Any)),
            refuses: Vec::new(),
            repeat: match set.and_then(|set| set.safe) {
                Some(true) => Repeat::Safe,
                Some(false) => Repeat::Never,
                None => Repeat::Idempotent,
            },
            bulk: set.and_then(|set| set.bulk.as_ref()).map(|bulk| Bulk { most: bulk.most, bytes: bulk.bytes, key: BulkKey::PerRequest }),
        }
    }

    fn shape(&mut self, node: &Node, name: Option<&str>) -> ShapeId {
        match &node.kind {
            NodeKind::Scalar(scalar) => self.named(&scalar.text),
            NodeKind::List(items) => {
                let item = self.shape(&items[0], None);
                self.shapes.add(Shape::List(item, (0, None)))
            }
            NodeKind::Map(pairs) => {
                let field = |(name, node): &(spanwright_shape::text::Scalar, Node)| self.field(&name.text, node);
                let fields = pairs.iter().map(field).collect();
                self.shapes.add(Shape::Record(RecordShape { name: name.map(Arc::from), fields, ..RecordShape::default() }))
            }
        }
    }

    fn field(&mut self, name: &str, node: &Node) -> Field {
        let maybe = node.scalar().is_some_and(|scalar| scalar.text.ends_with('?'));
        let presence = if maybe { Presence::Maybe } else { Presence::Always };
        Field { name: name.into(), shape: self.shape(node, None), presence, about: None }
    }

    fn named(&mut self, text: &str) -> ShapeId {
        let text = text.trim_end_matches('?');
        if let Some(rest) = text.strip_suffix("|null") {
            let shape = self.named(rest);
            return self.shapes.or_null(shape);
        }
        let shape = match text {
            "text" => Shape::Text(TextFacets::default()),
            "time" => Shape::Text(TextFacets { format: Format::DateTime(Zone::Never), ..TextFacets::default() }),
            "number" => Shape::Number(NumberFacets::of(NumberKind::Decimal)),
            "flag" => Shape::Flag,
            "any" => Shape::Any,
            name => return self.types[name],
        };
        self.shapes.add(shape)
    }
}

fn pairs<'n>(node: &'n Node, key: &str) -> Vec<(String, &'n Node)> {
    match node.get(key).map(|node| &node.kind) {
        Some(NodeKind::Map(pairs)) => pairs.iter().map(|(name, node)| (name.text.clone(), node)).collect(),
        _ => Vec::new(),
    }
}

struct ToySystem(Interface);

impl System for ToySystem {
    fn interface(&self) -> &Interface {
        &self.0
    }

    fn ask(&self, _operation: usize, _calls: &[Call<'_>], _with: &With<'_>) -> Result<Request, Refusal> {
        Err(Refusal::System(Failure::new(&CODE, "a toy asks nobody")))
    }

    fn hear(&self, _operation: usize, calls: &[Call<'_>], _heard: Heard<'_>, _with: &With<'_>, _answers: Answers<'_>) -> Verdict {
        Verdict::all(calls.len(), Outcome::Unknown(Failure::new(&CODE, "a toy hears nothing")))
    }
}
