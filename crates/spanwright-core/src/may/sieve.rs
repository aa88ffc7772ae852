//! What passes of a value: the entries of a list, laid over the shapes of an interface.
//!
//! A type may hold itself, so this is a graph: a node is a place in the shapes together with how far the entries have come
//! there. A record keeps the fields that may pass and those that hold something that may; a list is its items.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use spanwright_shape::{
    room::Room,
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes},
    value::Value,
};

use super::Entry;
use crate::{interface::Interface, run::intake::INVALID};

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From the system to us.
    Given,
    /// From us to the system.
    Taken,
}

/// What passes, for every operation and type of an interface.
#[derive(Clone, Debug)]
pub struct Sieve {
    nodes: Vec<Node>,
    operations: Vec<NodeId>,
    parameters: Vec<Option<NodeId>>,
    items: Vec<Option<NodeId>>,
    types: BTreeMap<String, NodeId>,
}

/// A place in a [`Sieve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(usize);

#[derive(Clone, Debug)]
enum Node {
    /// All of it.
    All,
    /// These fields of a record, as far as their own nodes say; nothing of what is no record.
    Fields(BTreeMap<Arc<str>, NodeId>),
}

impl Sieve {
    /// Of a list of entries.
    pub fn of(entries: &[Entry], interface: &Interface, side: Side) -> Sieve {
        let mut building = Building { interface, entries, side, nodes: Vec::new(), known: HashMap::new() };
        let operations = interface.operations.iter();
        let passing = |operation: &crate::interface::Operation| match side {
            Side::Given => Some(operation.gives),
            Side::Taken => operation.body,
        };
        let whole = operations.clone().map(|operation| building.root(passing(operation), &operation.name)).collect();
        let fields = operations.clone().map(|operation| (operation.fields, &operation.name));
        let parameters = fields.map(|(fields, name)| fields.map(|fields| building.root(Some(fields), name))).collect();
        let items = operations.map(|operation| operation.body.map(|body| building.root(Some(body), &operation.name))).collect();
        let types = interface.types.iter().map(|(name, shapes)| {
            let id = if side == Side::Given { shapes.given } else { shapes.taken };
            (name.clone(), building.root(Some(id), name))
        });
        let types = types.collect();
        let mut nodes = building.nodes;
        cut(&mut nodes);
        Sieve { nodes, operations: whole, parameters, items, types }
    }

    /// What passes of an operation's answer, or of its body.
    pub fn operation(&self, operation: usize) -> NodeId {
        self.operations[operation]
    }

    /// What passes of those parameters of an operation that are fields.
    pub fn parameters(&self, operation: usize) -> Option<NodeId> {
        self.parameters[operation]
    }

    /// What passes of an item that is read through an operation, or brought through it.
    pub fn item(&self, operation: usize) -> Option<NodeId> {
        self.items[operation]
    }

    /// Whether all of it passes.
    pub fn is_all(&self, node: NodeId) -> bool {
        matches!(self.nodes[node.0], Node::All)
    }

    /// What passes of a type.
    pub fn named(&self, name: &str) -> Option<NodeId> {
        self.types.get(name).copied()
    }

    /// Whether a field of it may pass, or holds something that may. `path`: names with dots between them.
    pub fn passes(&self, mut node: NodeId, path: &str) -> bool {
        for name in path.split('.').map(|name| name.trim_end_matches("[]")).filter(|name| !name.is_empty()) {
            match &self.nodes[node.0] {
                Node::All => return true,
                Node::Fields(fields) => match fields.get(name) {
                    Some(inside) => node = *inside,
                    None => return false,
                },
            }
        }
        true
    }

    /// The value without what may not pass; `None` where nothing of it may.
    pub fn strip<'v>(&self, node: NodeId, value: &Value<'v>, room: &'v Room) -> Option<Value<'v>> {
        let Node::Fields(fields) = &self.nodes[node.0] else { return Some(*value) };
        match value {
            Value::Null => Some(Value::Null),
            Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
            Value::List(items) => {
                let left: Vec<Value<'v>> = items.iter().filter_map(|item| self.strip(node, item, room)).collect();
                Some(Value::List(room.bump().alloc_slice_copy(&left)))
            }
            Value::Record(all) => {
                let left = all.iter().filter_map(|(name, inner)| match fields.get(*name) {
                    Some(inside) => Some((*name, self.strip(*inside, inner, room)?)),
                    // The reasons quote what breaks the schema.
                    None if *name == INVALID => Some((*name, Value::Text(WITHHELD))),
                    None => None,
                });
                Some(Value::Record(room.bump().alloc_slice_copy(&left.collect::<Vec<_>>())))
            }
        }
    }

    /// The first field of a value that may not pass, with its path. Null in place of a record is all of it.
    pub fn beyond(&self, node: NodeId, value: &Value<'_>, path: &str) -> Option<String> {
        let Node::Fields(fields) = &self.nodes[node.0] else { return None };
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => Some(path.to_string()),
            Value::List(items) => items.iter().find_map(|item| self.beyond(node, item, path)),
            Value::Record(all) => all.iter().find_map(|(name, inner)| {
                let path = format!("{path}.{name}");
                match fields.get(*name) {
                    Some(inside) => self.beyond(*inside, inner, &path),
                    None => Some(path),
                }
            }),
        }
    }

    /// The first field that every value of a shape has, and that may not pass: then none of them may. What only some have
    /// is found when one comes.
    pub fn shape_beyond(&self, node: NodeId, shapes: &Shapes, id: ShapeId, path: &str) -> Option<String> {
        self.shape_beyond_known(node, shapes, id, path, &mut BTreeSet::new())
    }

    fn shape_beyond_known(
        &self,
        node: NodeId,
        shapes: &Shapes,
        id: ShapeId,
        path: &str,
        seen: &mut BTreeSet<(NodeId, ShapeId)>,
    ) -> Option<String> {
        let Node::Fields(fields) = &self.nodes[node.0] else { return None };
        if !seen.insert((node, id)) {
            return None;
        }
        match shapes.get(id) {
            Shape::List(item, _) => self.shape_beyond_known(node, shapes, *item, path, seen),
            Shape::OneOf(arms) => {
                let mut values = arms.iter().filter(|arm| !matches!(shapes.get(**arm), Shape::Null));
                let first = values.next().and_then(|arm| self.shape_beyond_known(node, shapes, *arm, path, seen));
                first.filter(|_| values.all(|arm| self.shape_beyond_known(node, shapes, *arm, path, seen).is_some()))
            }
            Shape::Record(record) => record.fields.iter().filter(|field| field.presence == Presence::Always).find_map(|field| {
                let path = format!("{path}.{}", field.name);
                match fields.get(&field.name) {
                    Some(inside) => self.shape_beyond_known(*inside, shapes, field.shape, &path, seen),
                    None => Some(path),
                }
            }),
            // What it is shows when it runs.
            Shape::Any | Shape::Never | Shape::Null | Shape::Flag | Shape::Number(_) | Shape::Text(_) => None,
        }
    }

    /// The shape of what is left of values of a shape.
    pub fn narrow(&self, node: NodeId, shapes: &mut Shapes, id: ShapeId, known: &mut HashMap<(NodeId, ShapeId), ShapeId>) -> ShapeId {
        let Node::Fields(fields) = &self.nodes[node.0] else { return id };
        if let Some(done) = known.get(&(node, id)) {
            return *done;
        }
        let here = shapes.reserve();
        known.insert((node, id), here);
        let left = match shapes.get(id).clone() {
            Shape::List(item, counts) => Shape::List(self.narrow(node, shapes, item, known), counts),
            Shape::OneOf(arms) => Shape::OneOf(arms.iter().map(|arm| self.narrow(node, shapes, *arm, known)).collect()),
            Shape::Record(record) => Shape::Record(self.record(fields, record, shapes, known)),
            Shape::Any => Shape::Record(self.record(fields, RecordShape { rest: Some(id), ..RecordShape::default() }, shapes, known)),
            Shape::Never | Shape::Null | Shape::Flag | Shape::Number(_) | Shape::Text(_) => Shape::Null,
        };
        shapes.set(here, left);
        here
    }

    fn record(
        &self,
        passing: &BTreeMap<Arc<str>, NodeId>,
        record: RecordShape,
        shapes: &mut Shapes,
        known: &mut HashMap<(NodeId, ShapeId), ShapeId>,
    ) -> RecordShape {
        let (mut fields, mut withheld) = (Vec::new(), record.withheld);
        for field in record.fields {
            match passing.get(&field.name) {
                Some(inside) => fields.push(Field { shape: self.narrow(*inside, shapes, field.shape, known), ..field }),
                None => withheld.push(field.name),
            }
        }
        if let Some(rest) = record.rest {
            let others: Vec<_> = passing.iter().filter(|(name, _)| !fields.iter().any(|field| field.name == **name)).collect();
            for (name, inside) in others {
                let shape = self.narrow(*inside, shapes, rest, known);
                fields.push(Field { name: name.clone(), shape, presence: Presence::Maybe, about: None });
            }
        }
        RecordShape { fields, withheld, rest: None, residue: Vec::new(), ..record }
    }
}

/// What is said of a record that breaks its schema in place of the reasons.
pub(super) const WITHHELD: &str = "it breaks its schema; how is not said, since `may: { read }` withholds fields of it";

/// How far an entry has come: its number, and the names of its path that are behind.
type Place = (usize, usize);

struct Building<'b> {
    interface: &'b Interface,
    entries: &'b [Entry],
    side: Side,
    nodes: Vec<Node>,
    known: HashMap<(Vec<ShapeId>, BTreeSet<Place>), NodeId>,
}

impl Building<'_> {
    fn root(&mut self, shape: Option<ShapeId>, name: &str) -> NodeId {
        let within = self.entries.iter().enumerate().filter(|(_, entry)| &*entry.root == name).map(|(n, _)| (n, 0)).collect();
        self.node(&shape.into_iter().collect::<Vec<_>>(), within)
    }

    fn node(&mut self, shapes: &[ShapeId], mut within: BTreeSet<Place>) -> NodeId {
        let mut arms = Vec::new();
        shapes.iter().for_each(|id| self.arms(*id, &mut arms));
        let rooted =
            self.entries.iter().enumerate().filter(|(_, entry)| shapes.iter().chain(&arms).any(|id| self.is_type(*id, &entry.root)));
        within.extend(rooted.map(|(n, _)| (n, 0)));
        let key = (arms, within);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let (arms, within) = key.clone();
        let here = NodeId(self.nodes.len());
        self.nodes.push(Node::Fields(BTreeMap::new()));
        self.known.insert(key, here);
        self.nodes[here.0] = if within.iter().any(|(entry, at)| *at == self.entries[*entry].path.len()) {
            Node::All
        } else {
            Node::Fields(
                self.names(&arms, &within)
                    .into_iter()
                    .filter_map(|name| Some((name.clone(), self.field(&name, &arms, &within)?)))
                    .collect(),
            )
        };
        here
    }

    /// Records, and what may be one.
    fn arms(&self, id: ShapeId, into: &mut Vec<ShapeId>) {
        match self.interface.shapes.get(id) {
            Shape::List(item, _) => self.arms(*item, into),
            Shape::OneOf(arms) => arms.iter().for_each(|arm| self.arms(*arm, into)),
            Shape::Record(_) | Shape::Any => into.push(id),
            Shape::Never | Shape::Null | Shape::Flag | Shape::Number(_) | Shape::Text(_) => {}
        }
    }

    fn is_type(&self, id: ShapeId, name: &str) -> bool {
        let declared = self.interface.types.get(name).is_some_and(|shapes| match self.side {
            Side::Given => shapes.given == id,
            Side::Taken => shapes.taken == id,
        });
        declared || matches!(self.interface.shapes.get(id), Shape::Record(record) if record.name.as_deref() == Some(name))
    }

    fn names(&self, arms: &[ShapeId], within: &BTreeSet<Place>) -> BTreeSet<Arc<str>> {
        let written = arms.iter().flat_map(|arm| match self.interface.shapes.get(*arm) {
            Shape::Record(record) => record.fields.as_slice(),
            _ => &[],
        });
        let wanted = within.iter().map(|(entry, at)| self.entries[*entry].path[*at].clone());
        written.map(|field| field.name.clone()).chain(wanted).collect()
    }

    fn field(&mut self, name: &Arc<str>, arms: &[ShapeId], within: &BTreeSet<Place>) -> Option<NodeId> {
        let shapes = &self.interface.shapes;
        let inner: Vec<ShapeId> = arms
            .iter()
            .filter_map(|arm| match shapes.get(*arm) {
                Shape::Any => Some(*arm),
                Shape::Record(record) => shapes.field(*arm, name).map(|field| field.shape).or(record.rest),
                _ => None,
            })
            .collect();
        let further = within.iter().filter(|(entry, at)| self.entries[*entry].path[*at] == *name).map(|(entry, at)| (*entry, at + 1));
        let further = further.collect();
        (!inner.is_empty()).then(|| self.node(&inner, further))
    }
}

/// Takes out the fields of which nothing passes.
fn cut(nodes: &mut [Node]) {
    let mut passes: Vec<bool> = nodes.iter().map(|node| matches!(node, Node::All)).collect();
    loop {
        let more: Vec<usize> = (0..nodes.len())
            .filter(|n| !passes[*n] && matches!(&nodes[*n], Node::Fields(fields) if fields.values().any(|inside| passes[inside.0])))
            .collect();
        if more.is_empty() {
            break;
        }
        more.into_iter().for_each(|n| passes[n] = true);
    }
    for node in nodes {
        if let Node::Fields(fields) = node {
            fields.retain(|_, inside| passes[inside.0]);
        }
    }
}
