//! From `operations:` to queues and exchanges, and to the interface that everybody sees.

use std::sync::Arc;

use spanwright_core::{
    connector::QueueKind,
    interface::{BulkKey, Interface, Operation, Repeat},
    settings::{OperationSettings, QueueSettings, SystemSettings, Template},
};
use spanwright_shape::{
    shape::{Field, Presence, RecordShape, Shape, ShapeId, TextFacets},
    text::{Bundle, Problems},
};

use super::codes;
use crate::declared::{self, Declared};

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
pub(super) const XML: &str = "application/xml";
pub(super) const CSV: &str = "text/csv";
/// JSON Lines.
pub(super) const LINES: &str = "application/x-ndjson";

/// `format:` as a media type.
fn media(format: &str) -> &'static str {
    match format {
        "text" => TEXT,
        "xml" => XML,
        "csv" => CSV,
        "jsonl" => LINES,
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
    declared::operations(settings, bundle, to, operation)
}

fn operation(declared: &mut Declared<'_>, settings: &OperationSettings) -> Option<(Operation, Place)> {
    let name = &settings.name;
    let Some(queue) = &settings.queue else {
        let help = format!("write `{}: {{ queue: shop.orders }}`, or `exchange:`", name.text);
        declared.to.error(&codes::QUEUE_SETTING, name.span, format!("`{}` names no queue and no exchange", name.text), help);
        return None;
    };
    let media = queue.format.as_deref().map(media);
    let text = (media == Some(TEXT)).then(|| declared.shapes.add(Shape::Text(TextFacets::default())));
    let body = queue.schema.and_then(|file| declared.schema(file)).or(text);
    declared.is_type(settings, body);
    let place = Place { name: declared.name(settings), at: at(queue, declared.to), body, media };
    Some((seen(declared, settings, queue, &place), place))
}

fn at(queue: &QueueSettings, to: &mut Problems) -> At {
    if queue.name.text.is_empty() {
        let help = "write its name".to_string();
        to.error(&codes::QUEUE_SETTING, queue.name.span, "a queue or exchange without a name cannot be named", help);
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
fn seen(declared: &mut Declared<'_>, settings: &OperationSettings, queue: &QueueSettings, place: &Place) -> Operation {
    let body = place.body.unwrap_or_else(|| declared.shapes.add(Shape::Any));
    let mut with = RecordShape::default();
    if let At::Exchange { kind, .. } = &place.at {
        let text = declared.shapes.add(Shape::Text(TextFacets::default()));
        let presence = if matches!(*kind, "fanout" | "headers") { Presence::Maybe } else { Presence::Always };
        with.fields.push(Field { name: "routing_key".into(), shape: text, presence, about: Some("Which queues it is for.".into()) });
    }
    let what = if place.is_queue() { "queue" } else { "exchange" };
    Operation {
        name: settings.name.text.as_str().into(),
        about: None,
        wire: format!("{what} `{}`", queue.name.text).into(),
        with: declared.shapes.add(Shape::Record(with)),
        fields: None,
        body: Some(body),
        gives: declared.shapes.add(Shape::Record(RecordShape::default())),
        refuses: Vec::new(),
        repeat: Repeat::Keyed,
        bulk: Some(declared.bulk(settings, MESSAGES_MOST_DEFAULT, BulkKey::PerItem)),
    }
}
