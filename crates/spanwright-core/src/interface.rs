//! What a system can do, in shapes. The checker, the documents and the mapping know nothing else of it.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_shape::shape::{RecordShape, Shape, ShapeId, ShapeRef, Shapes};

/// The operations and types of one system.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    /// The arena of all shapes below.
    pub shapes: Arc<Shapes>,
    /// Types by the name that a user writes behind `system:` (`erp:ListCustomersResponse`, `crm:Contact`).
    pub types: BTreeMap<String, TypeShapes>,
    /// In the schema's order, then those made by hand.
    pub operations: Vec<Operation>,
}

/// One named type, as the system gives it and as it takes it (they differ by `readOnly` and `writeOnly`).
#[derive(Clone, Copy, Debug)]
pub struct TypeShapes {
    /// In answers.
    pub given: ShapeId,
    /// In requests.
    pub taken: ShapeId,
}

/// One thing that a system can be asked.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name in flows: `erp.ListCustomers`.
    pub name: Arc<str>,
    /// One line from the schema.
    pub about: Option<Arc<str>>,
    /// For people: `POST /v1/contacts/bulk-upsert`, `SOAP urn:erp/ListCustomers`.
    pub wire: Arc<str>,
    /// The record of its parameters (`with:`): path, query, header; for SOAP the fields of the request element.
    pub with: ShapeId,
    /// The record of those parameters that are fields of what is sent, as SOAP's and the variables of GraphQL are; `None`: they are
    /// all of path, query and header.
    pub fields: Option<ShapeId>,
    /// Its body, where it has one. Of a bulk operation: the body of one item.
    pub body: Option<ShapeId>,
    /// What it answers. Of a bulk operation: the whole answer.
    pub gives: ShapeId,
    /// Refusals that the schema declares, by name.
    pub refuses: Vec<(Arc<str>, ShapeId)>,
    /// What may be done after an unknown outcome.
    pub repeat: Repeat,
    /// Whether one request carries many items.
    pub bulk: Option<Bulk>,
}

/// Whether an operation may be asked again when nobody knows whether it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Only reads.
    Safe,
    /// Doing it twice is doing it once (PUT, DELETE).
    Idempotent,
    /// Carries our key, which the system honours.
    Keyed,
    /// Twice is twice: intent is noted on disk before it is asked, and an unknown outcome is parked.
    Never,
}

/// How one request carries many items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// Items in one request, at most.
    pub most: u32,
    /// Bytes of items in one request, at most.
    pub bytes: Option<u64>,
    /// Where the idempotency key goes.
    pub key: BulkKey,
}

/// Where the idempotency key of a bulk request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkKey {
    /// Each item has its own: an unknown batch may be regrouped.
    PerItem,
    /// One for the request: an unknown batch stays glued together and is sent again as it was.
    PerRequest,
}

impl Operation {
    /// Whether its parameters are the fields of its body, as SOAP's are: then `with:` or `body:` says it all.
    pub fn parameters_are_body(&self) -> bool {
        self.body == Some(self.with)
    }
}

impl Interface {
    /// Of a system that a connector asks for itself (a token, an alert): one operation, whose body it writes, and which may be
    /// repeated.
    pub fn of_one(name: &str, about: &str, wire: &str) -> Interface {
        let mut shapes = Shapes::default();
        let with = shapes.add(Shape::Record(RecordShape::default()));
        let gives = shapes.add(Shape::Any);
        let operation = Operation {
            name: name.into(),
            about: Some(about.into()),
            wire: wire.into(),
            with,
            fields: None,
            body: None,
            gives,
            refuses: Vec::new(),
            repeat: Repeat::Safe,
            bulk: None,
        };
        Interface { shapes: Arc::new(shapes), operations: vec![operation], ..Interface::default() }
    }

    /// The operation of a name, and its number.
    pub fn operation(&self, name: &str) -> Option<(usize, &Operation)> {
        self.operations.iter().enumerate().find(|(_, operation)| &*operation.name == name)
    }

    /// Whether a parameter of an operation is a field of what is sent: not where it is declared as one that stands elsewhere.
    pub fn is_field(&self, operation: usize, parameter: &str) -> bool {
        let Operation { with, fields, .. } = self.operations[operation];
        let declared = |id| self.shapes.field(id, parameter).is_some();
        fields.is_some_and(|fields| declared(fields) || !declared(with))
    }

    /// What is read through an operation whose body is what it reads: a row of a file, a message of a queue.
    pub fn item(&self, operation: usize) -> Option<ShapeRef> {
        let Operation { name, body, .. } = &self.operations[operation];
        let id = self.types.get(&**name).map(|shapes| shapes.given).or(*body)?;
        Some(self.shape(id))
    }

    /// A shape of this interface with its arena.
    pub fn shape(&self, id: ShapeId) -> ShapeRef {
        ShapeRef { shapes: self.shapes.clone(), id }
    }
}
