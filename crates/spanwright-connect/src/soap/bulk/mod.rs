//! `bulk:` of a SOAP operation proved against the WSDL: which list of the request takes the items, and what a flow then gives.
//!
//! The body that a flow makes is one item; the parameters are what the request has beside the list, and the header blocks. So what
//! must stand beside the list is asked for by name like any other parameter, and all items of a request share it.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{
    interface::{Bulk, BulkKey, Interface, Operation, TypeShapes},
    settings::{BulkSettings, OperationSettings, SystemSettings},
};
use spanwright_shape::{
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes},
    text::{Problems, Span, did_you_mean},
    xsd::{ElementId, Graph},
};

use super::lists;
use super::system::SoapOperation;
use crate::{
    bulk::{self, BulkAnswers, Given},
    codes,
    http::outcomes::Outcomes,
};

/// Lists that a message names.
const LISTS_NAMED_MOST: usize = 8;

/// How many items go into one request, and how each finds its answer.
#[derive(Debug)]
pub(super) struct SoapBulk {
    /// From the request's element to the list, key by key.
    pub(super) path: Vec<Arc<str>>,
    /// The field of each item that carries its own idempotency key.
    pub(super) key: Option<Arc<str>>,
    pub(super) answers: BulkAnswers,
}

/// Makes those operations gather of which the settings say it. What is wrong has been said.
pub(super) fn gather(settings: &SystemSettings, graph: &Graph, made: &mut [SoapOperation], interface: &mut Interface, to: &mut Problems) {
    let (shapes, types) = (Arc::make_mut(&mut interface.shapes), &interface.types);
    for (made, seen) in made.iter_mut().zip(&mut interface.operations) {
        let wanted = settings.operations.iter().find(|wanted| *wanted.name.text == *seen.name);
        let Some((wanted, bulk)) = wanted.and_then(|wanted| Some((wanted, wanted.bulk.as_ref()?))) else { continue };
        let mut gathering = Gathering { graph, wanted, bulk, shapes, types, to };
        gathering.operation(made, seen);
    }
}

struct Gathering<'g> {
    graph: &'g Graph,
    wanted: &'g OperationSettings,
    bulk: &'g BulkSettings,
    shapes: &'g mut Shapes,
    types: &'g BTreeMap<String, TypeShapes>,
    to: &'g mut Problems,
}

/// Where the idempotency key goes.
enum KeyField {
    OfRequest(Arc<str>),
    OfItem(Arc<str>),
}

impl Gathering<'_> {
    fn operation(&mut self, made: &mut SoapOperation, seen: &mut Operation) {
        let path = self.path(made.input);
        let answers = self.answers(seen.gives, &made.outcomes);
        let Some(path) = path else { return };
        let Some(item) = self.item(seen.with, &path) else { return self.cannot(self.bulk.at, "its request has no fields", None) };
        let with = beside(self.shapes, self.types, seen.with, &path);
        let key = self.key(with, item, &made.headers);
        let (of_request, of_item) = match key {
            Some(KeyField::OfRequest(name)) => (Some(name), None),
            Some(KeyField::OfItem(name)) => (None, Some(name)),
            None => (None, None),
        };
        let key = if of_request.is_some() { BulkKey::PerRequest } else { BulkKey::PerItem };
        seen.fields = seen.fields.map(|id| beside(self.shapes, self.types, id, &path));
        seen.with = with;
        seen.body = Some(of_item.as_ref().map_or(item, |name| without(self.shapes, self.types, item, name)));
        seen.bulk = Some(Bulk { most: self.bulk.most, bytes: self.bulk.bytes, key });
        made.key = of_request;
        made.bulk = answers.map(|answers| SoapBulk { path, key: of_item, answers });
    }

    fn answers(&mut self, answer: ShapeId, outcomes: &Outcomes) -> Option<BulkAnswers> {
        bulk::check(self.bulk, &Given { answer, outcomes }, self.shapes, self.to)
    }

    /// The list that takes the items: the one that is named, else the only one.
    fn path(&mut self, input: Option<ElementId>) -> Option<Vec<Arc<str>>> {
        let mut lists = input.map(|input| lists::of_request(self.graph, input)).unwrap_or_default();
        let names: Vec<String> = lists.iter().map(|path| path.join(".")).collect();
        let quoted: Vec<String> = names.iter().take(LISTS_NAMED_MOST).map(|name| format!("`{name}`")).collect();
        let quoted = format!("{}{}", quoted.join(", "), if names.len() > LISTS_NAMED_MOST { ", .." } else { "" });
        let (at, says, help) = match (&self.bulk.items, names.as_slice()) {
            (_, []) => (self.bulk.at, "nothing in its request may repeat".to_string(), None),
            (Some(named), _) => match names.iter().position(|name| *name == named.text) {
                Some(place) => return Some(lists.swap_remove(place)),
                None => {
                    let help = did_you_mean(&named.text, names.iter().map(String::as_str));
                    let help = help.unwrap_or_else(|| format!("what may repeat in it: {quoted}"));
                    (named.span, format!("nothing at `{}` may repeat in its request", named.text), Some(help))
                }
            },
            (None, [_]) => return lists.pop(),
            (None, [first, ..]) => {
                let help = format!("name the list of the items: `items: {first}`");
                (self.bulk.at, format!("several elements of its request may repeat: {quoted}"), Some(help))
            }
        };
        self.cannot(at, &says, help);
        None
    }

    fn cannot(&mut self, at: Span, why: &str, help: Option<String>) {
        let says = format!("`{}` cannot carry many items: {why}", self.wanted.name.text);
        self.to.error(&codes::BULK_BODY, at, says, help);
    }

    /// The shape of one item, where a request may carry as many as are wanted, and one alone.
    fn item(&mut self, request: ShapeId, path: &[Arc<str>]) -> Option<ShapeId> {
        let mut id = request;
        for key in path {
            id = self.shapes.field(id, key)?.shape;
        }
        let Shape::List(item, (least, most)) = *self.shapes.get(id) else { return None };
        if let Some(most) = most.filter(|most| self.bulk.most > *most) {
            let says = format!("the WSDL allows {most} items in one request, and `most` is {}", self.bulk.most);
            self.to.error(&codes::BULK_MOST, self.bulk.at, says, format!("write `most: {most}`"));
        }
        if least > 1 {
            let why = format!("`{}` must stand there {least} times, and an item may go alone", path.join("."));
            self.cannot(self.bulk.at, &why, None);
        }
        Some(item)
    }

    /// The field that carries the key: of what stands beside the list, else of the item.
    /// A block of the header is no field of the body, which carries the key.
    fn key(&mut self, with: ShapeId, item: ShapeId, blocks: &[(Arc<str>, ElementId)]) -> Option<KeyField> {
        let wanted = self.wanted.key.as_ref()?;
        let field = |id| self.shapes.field(id, &wanted.text).map(|field| field.name.clone());
        let is_block = |name: &str| blocks.iter().any(|(block, _)| **block == *name);
        let found = field(with).filter(|name| !is_block(name)).map(KeyField::OfRequest).or_else(|| field(item).map(KeyField::OfItem));
        if found.is_none() {
            let names: Vec<&str> = [with, item].into_iter().flat_map(|id| names(self.shapes, id)).filter(|name| !is_block(name)).collect();
            let (name, key) = (&self.wanted.name.text, &wanted.text);
            let says = format!("neither the request of `{name}` nor an item in it has a field `{key}` to carry the key");
            self.to.error(&codes::KEY, wanted.span, says, did_you_mean(key, names));
        }
        found
    }
}

fn names(shapes: &Shapes, id: ShapeId) -> Vec<&str> {
    match shapes.get(id) {
        Shape::Record(record) => record.fields.iter().map(|field| &*field.name).collect(),
        _ => Vec::new(),
    }
}

/// A record without the list at the end of a path: what a request has beside its items. A wrapper that has nothing else in it is
/// written with the list, and nobody gives it.
fn beside(shapes: &mut Shapes, types: &BTreeMap<String, TypeShapes>, id: ShapeId, path: &[Arc<str>]) -> ShapeId {
    let (id, _) = shapes.without_null(id);
    let name = name_of(shapes, types, id);
    let (Shape::Record(record), [key, below @ ..]) = (shapes.get(id).clone(), path) else { return id };
    let mut fields = Vec::with_capacity(record.fields.len());
    for field in record.fields {
        if field.name != *key {
            // In an answer a list is always there; in a request it may be left out where none of it need be.
            let may_be_left = matches!(shapes.get(field.shape), Shape::List(_, (0, _)));
            fields.push(if may_be_left { Field { presence: Presence::Maybe, ..field } } else { field });
        } else if !below.is_empty() {
            let shape = beside(shapes, types, field.shape, below);
            fields.extend(presence(shapes, shape).map(|presence| Field { shape, presence, ..field }));
        }
    }
    shapes.add(Shape::Record(RecordShape { name, fields, ..record }))
}

/// Whether a wrapper must be given; `None`: there is nothing in it to give.
fn presence(shapes: &Shapes, id: ShapeId) -> Option<Presence> {
    let Shape::Record(record) = shapes.get(id) else { return None };
    let needed = record.fields.iter().any(|field| field.presence == Presence::Always);
    match (needed, record.fields.is_empty() && record.rest.is_none()) {
        (true, _) => Some(Presence::Always),
        (false, false) => Some(Presence::Maybe),
        (false, true) => None,
    }
}

/// An item without the field that the engine fills.
fn without(shapes: &mut Shapes, types: &BTreeMap<String, TypeShapes>, item: ShapeId, key: &str) -> ShapeId {
    let (id, _) = shapes.without_null(item);
    let Shape::Record(record) = shapes.get(id).clone() else { return item };
    let name = name_of(shapes, types, id);
    let fields = record.fields.into_iter().filter(|field| *field.name != *key).collect();
    shapes.add(Shape::Record(RecordShape { name, fields, ..record }))
}

/// What is less than a type is still called as it is, where rights name it.
fn name_of(shapes: &Shapes, types: &BTreeMap<String, TypeShapes>, id: ShapeId) -> Option<Arc<str>> {
    let own = match shapes.get(id) {
        Shape::Record(record) => record.name.clone(),
        _ => None,
    };
    own.or_else(|| types.iter().find(|(_, shapes)| shapes.taken == id).map(|(name, _)| name.as_str().into()))
}

#[cfg(test)]
mod tests;
