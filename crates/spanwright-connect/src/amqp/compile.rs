//! From `operations:` to queues and exchanges, and to the interface that everybody sees.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{
    connector::QueueKind,
    interface::{Bulk, BulkKey, Interface, Operation, Repeat, TypeShapes},
    settings::{OperationSettings, QueueSettings, SystemSettings, Template},
};
use spanwright_shape::{
    jsonschema::{Schemas, Side},
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    text::{Bundle, FileId, Problems, yaml},
};

use super::codes;

/// Messages in one exchange of which nothing else is said.
const MESSAGES_MOST_DEFAULT: u32 = 500;

/// One queue or exchange.
pub(super) struct Place {
    /// `rabbit.orders`, for messages.
    pub name: Arc<str>,
    pub at: At,
    /// What a message is; `None`: nothing is said of it.
    pub body: Option<ShapeId>,
    /// The media type of every message; `None`: each says its own, and JSON is written.
    pub media: Option<&'static str>,
}

pub(super) const JSON: &str = "application/json";
pub(super) const TEXT: &str = "text/plain";

/// `format:` as a media type.
fn media(format: &str) -> &'static str {
    match format {
        "text" => TEXT,
        "xml" => "application/xml",
        "csv" => "text/csv",
        "jsonl" => "application/x-ndjson",
        _ => JSON,
    }
}

/// Which of the two.
pub(super) enum At {
    Queue {
        name: Template,
        kind: QueueKind,
        /// Exchange and routing key.
        bind: Vec<(Template, Template)>,
    },
    Exchange {
        name: Template,
        /// `topic`, `direct`, `fanout`, `headers`
        kind: &'static str,
    },
}

impl Place {
    pub fn is_queue(&self) -> bool {
        matches!(self.at, At::Queue { .. })
    }
}

pub(super) fn compile(settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> (Interface, Vec<Place>) {
    let mut compiler = Compiler { system: &settings.name, bundle, shapes: Shapes::default(), types: BTreeMap::new(), to };
    let found = settings.operations.iter().filter_map(|operation| compiler.operation(operation)).collect::<Vec<_>>();
    let (operations, places) = found.into_iter().unzip();
    (Interface { shapes: Arc::new(compiler.shapes), types: compiler.types, operations }, places)
}

struct Compiler<'c> {
    system: &'c str,
    bundle: &'c Bundle,
    shapes: Shapes,
    types: BTreeMap<String, TypeShapes>,
    to: &'c mut Problems,
}

impl Compiler<'_> {
    fn operation(&mut self, settings: &OperationSettings) -> Option<(Operation, Place)> {
        let name = &settings.name;
        let Some(queue) = &settings.queue else {
            let help = format!("write `{}: {{ queue: shop.orders }}`, or `exchange:`", name.text);
            self.to.error(&codes::QUEUE_SETTING, name.span, format!("`{}` names no queue and no exchange", name.text), help);
            return None;
        };
        let media = queue.format.as_deref().map(media);
        let text = (media == Some(TEXT)).then(|| self.shapes.add(Shape::Text(TextFacets::default())));
        let body = queue.schema.and_then(|file| self.body(file)).or(text);
        if let Some(id) = body {
            self.types.insert(name.text.clone(), TypeShapes { given: id, taken: id });
        }
        let place = Place { name: format!("{}.{}", self.system, name.text).into(), at: self.at(queue), body, media };
        Some((self.seen(settings, queue, &place), place))
    }

    fn at(&mut self, queue: &QueueSettings) -> At {
        if queue.name.text.is_empty() {
            let help = "write its name".to_string();
            self.to.error(&codes::QUEUE_SETTING, queue.name.span, "a queue or exchange without a name cannot be named", help);
        }
        let name = Template::parse(&queue.name.text);
        if queue.is_exchange {
            let kind = ["direct", "fanout", "headers"].into_iter().find(|kind| queue.kind.as_deref() == Some(*kind)).unwrap_or("topic");
            return At::Exchange { name, kind };
        }
        let kind = if queue.kind.as_deref() == Some("classic") { QueueKind::Classic } else { QueueKind::Quorum };
        let bind = queue.bind.iter().map(|(exchange, key)| (Template::parse(&exchange.text), Template::parse(&key.text))).collect();
        At::Queue { name, kind, bind }
    }

    /// What flows see of it. Its body is one message, read or sent.
    fn seen(&mut self, settings: &OperationSettings, queue: &QueueSettings, place: &Place) -> Operation {
        let body = place.body.unwrap_or_else(|| self.shapes.add(Shape::Any));
        let mut with = RecordShape::default();
        if let At::Exchange { kind, .. } = &place.at {
            let text = self.shapes.add(Shape::Text(TextFacets::default()));
            let presence = if matches!(*kind, "fanout" | "headers") { Presence::Maybe } else { Presence::Always };
            with.fields.push(Field { name: "routing_key".into(), shape: text, presence, about: Some("Which queues it is for.".into()) });
        }
        let what = if place.is_queue() { "queue" } else { "exchange" };
        Operation {
            name: settings.name.text.as_str().into(),
            about: None,
            wire: format!("{what} `{}`", queue.name.text).into(),
            with: self.shapes.add(Shape::Record(with)),
            body: Some(body),
            gives: self.shapes.add(Shape::Record(RecordShape::default())),
            refuses: Vec::new(),
            repeat: Repeat::Keyed,
            bulk: Some(Bulk {
                most: settings.bulk.as_ref().map_or(MESSAGES_MOST_DEFAULT, |bulk| bulk.most),
                bytes: settings.bulk.as_ref().and_then(|bulk| bulk.bytes),
                key: BulkKey::PerItem,
            }),
        }
    }

    /// The schema of a message.
    fn body(&mut self, file: FileId) -> Option<ShapeId> {
        let document = yaml::read(self.bundle, file, self.to)?;
        let types = document.get("$defs").or_else(|| document.get("definitions"));
        let mut schemas = Schemas::new(&document, types, self.to);
        let id = schemas.shape(&document, Side::Given);
        let own = schemas.finish();
        Some(self.shapes.import(&own, id))
    }
}
