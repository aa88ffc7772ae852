//! A system behind what we may do there. Sign-ins are the connector's own business, and do not come by here.

use std::{collections::HashMap, sync::Arc};

use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{
    Rights,
    sieve::{NodeId, Side, Sieve, WITHHELD},
};
use crate::{
    codes,
    connector::{Answers, Call, Heard, Outcome, Pretended, Refusal, Request, Said, Show, System, Verdict, With},
    interface::{Interface, Operation, Repeat, TypeShapes},
};

/// A system, as far as we may touch it.
pub struct Fence {
    name: Arc<str>,
    inner: Arc<dyn System>,
    /// By number.
    call: Option<Vec<bool>>,
    read: Option<Sieve>,
    write: Option<Sieve>,
    /// The inner one's, without what may not be read.
    interface: Interface,
}

impl Fence {
    /// Around a system.
    pub fn around(name: &str, inner: Arc<dyn System>, rights: &Rights) -> Arc<dyn System> {
        if rights.allow_all() {
            return inner;
        }
        let whole = inner.interface();
        let call = rights.call.as_ref().map(|names| {
            let may = |operation: &Operation| names.iter().any(|name| **name == *operation.name);
            whole.operations.iter().map(may).collect()
        });
        let read = rights.read.as_ref().map(|entries| Sieve::of(entries, whole, Side::Given));
        let write = rights.write.as_ref().map(|entries| Sieve::of(entries, whole, Side::Taken));
        let interface = read.as_ref().map_or_else(|| whole.clone(), |read| narrowed(whole, read, inner.shows_items().is_some()));
        Arc::new(Fence { name: name.into(), inner, call, read, write, interface })
    }

    fn may_call(&self, operation: usize) -> bool {
        self.call.as_ref().is_none_or(|call| call[operation])
    }

    /// Which field of a call may not be written. What is asked of an operation that only reads is no writing.
    fn may_not_write(&self, sieve: &Sieve, operation: usize, call: &Call<'_>) -> Option<String> {
        let described = &self.interface.operations[operation];
        let name = &described.name;
        if described.repeat == Repeat::Safe {
            return None;
        }
        let room = Room::new();
        let parameters = || {
            let (node, Value::Record(given)) = (sieve.parameters(operation)?, call.with) else { return None };
            let fields: Vec<_> = given.iter().filter(|(name, _)| self.interface.is_field(operation, name)).copied().collect();
            sieve.beyond(node, &Value::Record(&fields), name)
        };
        let body = || sieve.beyond(sieve.operation(operation), &json::read(call.body?, &room).ok()?, name);
        body().or_else(parameters)
    }

    fn shown<'v>(&self, operation: usize, value: &Value<'v>, room: &'v Room) -> Value<'v> {
        let Some(read) = &self.read else { return *value };
        let Some(list) = self.inner.shows_items() else { return stripped(read, read.operation(operation), value, room) };
        let (Some(node), Value::Record(fields)) = (read.item(operation), value) else { return Value::Null };
        let fields = fields.iter().map(|(name, inner)| match inner {
            Value::List(items) if *name == list => {
                let items: Vec<Value<'v>> = items.iter().map(|item| of_item(read, node, item, room)).collect();
                (*name, Value::List(room.bump().alloc_slice_copy(&items)))
            }
            _ => (*name, *inner),
        });
        Value::Record(room.bump().alloc_slice_copy(&fields.collect::<Vec<_>>()))
    }

    /// Answers that were kept.
    fn kept(&self, operation: usize, verdict: &mut Verdict) {
        let Some(read) = self.read.as_ref().filter(|_| self.inner.shows_items().is_none()) else { return };
        for outcome in &mut verdict.outcomes {
            let Outcome::Delivered(Some(answer)) = outcome else { continue };
            let room = Room::new();
            let mut left = Vec::new();
            // What is no JSON has no fields; nothing of it is known to be allowed.
            let value = json::read(answer, &room).map_or(Value::Null, |value| stripped(read, read.operation(operation), &value, &room));
            json::write(&value, &mut left);
            *answer = left;
        }
    }
}

fn stripped<'v>(read: &Sieve, node: NodeId, value: &Value<'v>, room: &'v Room) -> Value<'v> {
    read.strip(node, value, room).unwrap_or(Value::Null)
}

/// `{ line, row, value }`, or `{ fault, raw }` of one that cannot be read: the fault quotes it, and raw is all of it.
fn of_item<'v>(read: &Sieve, node: NodeId, item: &Value<'v>, room: &'v Room) -> Value<'v> {
    let Value::Record(fields) = item else { return Value::Null };
    let fields = fields.iter().map(|(name, inner)| match *name {
        "value" => (*name, stripped(read, node, inner, room)),
        "raw" if !read.is_all(node) => (*name, Value::Null),
        "fault" if !read.is_all(node) => (*name, Value::Text(WITHHELD)),
        _ => (*name, *inner),
    });
    Value::Record(room.bump().alloc_slice_copy(&fields.collect::<Vec<_>>()))
}

/// The interface without what may not be read.
fn narrowed(whole: &Interface, read: &Sieve, items: bool) -> Interface {
    let mut shapes = (*whole.shapes).clone();
    let mut known = HashMap::new();
    let mut types = whole.types.clone();
    for (name, type_shapes) in &mut types {
        if let Some(node) = read.named(name) {
            type_shapes.given = read.narrow(node, &mut shapes, type_shapes.given, &mut known);
        }
    }
    let mut operations = whole.operations.clone();
    for (n, operation) in operations.iter_mut().enumerate() {
        match (items, operation.body, read.item(n)) {
            (true, Some(taken), Some(node)) => {
                let given = read.narrow(node, &mut shapes, taken, &mut known);
                types.insert(operation.name.to_string(), TypeShapes { given, taken });
            }
            _ => operation.gives = read.narrow(read.operation(n), &mut shapes, operation.gives, &mut known),
        }
    }
    Interface { shapes: Arc::new(shapes), types, operations }
}

impl System for Fence {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        let name = &self.interface.operations[operation].name;
        if !self.may_call(operation) {
            let says = format!("`{name}` may not be called at `{}`", self.name);
            return Err(Refusal::Call(0, Failure::new(&codes::MAY_NOT_CALL, says)));
        }
        if let Some(write) = &self.write {
            let beyond = calls.iter().enumerate().find_map(|(n, call)| Some((n, self.may_not_write(write, operation, call)?)));
            if let Some((n, path)) = beyond {
                let says = format!("`{path}` may not be written at `{}`", self.name);
                return Err(Refusal::Call(n, Failure::new(&codes::MAY_NOT_WRITE, says)));
            }
        }
        self.inner.ask(operation, calls, with)
    }

    fn hear(&self, operation: usize, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, answers: Answers<'_>) -> Verdict {
        match answers {
            Answers::Show(show) => {
                let mut fenced = |value: &Value<'_>| {
                    let room = Room::new();
                    show(&self.shown(operation, value, &room));
                };
                self.inner.hear(operation, calls, heard, with, Answers::Show(&mut fenced))
            }
            Answers::Drop => self.inner.hear(operation, calls, heard, with, Answers::Drop),
            Answers::Keep => {
                let mut verdict = self.inner.hear(operation, calls, heard, with, Answers::Keep);
                self.kept(operation, &mut verdict);
                verdict
            }
        }
    }

    fn reads_pieces(&self) -> bool {
        self.inner.reads_pieces()
    }

    fn hear_pieces(&self, operation: usize, call: Call<'_>, heard: Heard<'_>, with: &With<'_>, list: &[&str], show: Show<'_>) -> Verdict {
        let mut fenced = |value: &Value<'_>, part| {
            let room = Room::new();
            show(&self.shown(operation, value, &room), part)
        };
        self.inner.hear_pieces(operation, call, heard, with, list, &mut fenced)
    }

    fn shows_items(&self) -> Option<&'static str> {
        self.inner.shows_items()
    }

    fn setup(&self, with: &With<'_>) -> Option<Result<Request, Refusal>> {
        self.inner.setup(with)
    }

    fn pretend(&self, operation: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
        self.inner.pretend(operation, pretended)
    }

    fn sign_in(&self) -> Option<&dyn System> {
        self.inner.sign_in()
    }
}
