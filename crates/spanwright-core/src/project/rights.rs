//! `may:` of a system: read, and proved to name what is there.

use spanwright_map::Mapping;
use spanwright_shape::{
    shape::{Shape, ShapeId, ShapeRef},
    text::{Node, NodeKind, Problems, Scalar, Span, did_you_mean, form::Filled},
};

use super::{codes, system::Checked, types};
use crate::{
    connector::System,
    interface::{Interface, Repeat},
    may::{Entry, Rights, Side, Sieve},
};

/// The operation of everything that a system pushes to us, as paths begin.
const PUSHED: &str = "event";

/// What a system's file says.
pub(super) fn read(form: &Filled<'_>) -> Rights {
    let Some(may) = form.form("may") else { return Rights::default() };
    let texts = |key| may.node(key).map(|_| may.items(key).iter().filter_map(|item| Some(item.scalar()?.text.clone())).collect::<Vec<_>>());
    let entries = |key| texts(key).map(|texts| texts.iter().map(|text| Entry::parse(text)).collect());
    Rights { call: texts("call"), read: entries("read"), write: entries("write") }
}

/// What it names is there. `system`: without its fence.
pub(super) fn check_paths(name: &str, form: &Filled<'_>, system: &dyn System, to: &mut Problems) {
    let Some(may) = form.form("may") else { return };
    let pushes = form.node("webhooks").is_some();
    for (key, side) in [("read", Side::Given), ("write", Side::Taken)] {
        for path in may.items(key).iter().filter_map(|item| item.scalar()) {
            let is_pushed = side == Side::Given && pushes && path.text.split('.').next() == Some(PUSHED);
            if !is_pushed {
                check_path(name, system, path, side, to);
            }
        }
    }
}

/// `Contact.addresses.street` leads somewhere. Below what may be anything, everything does.
fn check_path(name: &str, system: &dyn System, path: &Scalar, side: Side, to: &mut Problems) {
    let interface = system.interface();
    let mut steps = path.text.split('.');
    let first = steps.next().unwrap_or_default();
    let roots = roots(system, first, side);
    if roots.is_empty() {
        let operations = interface.operations.iter().map(|operation| &*operation.name);
        let help = did_you_mean(first, interface.types.keys().map(String::as_str).chain(operations));
        to.error(&codes::NO_TYPE, path.place(0, first.len()), format!("`{name}` has no type and no operation `{first}`"), help);
        return;
    }
    let ways: Vec<_> = roots.into_iter().map(|root| lost(interface, root, first.len(), steps.clone())).collect();
    if let (false, Some(Some((at, step, inside)))) = (ways.contains(&None), ways.first()) {
        let name = step.trim_end_matches("[]");
        let help = did_you_mean(name, types::fields(&interface.shapes, *inside));
        to.error(&codes::NO_TYPE, path.place(at + 1, at + 1 + step.len()), format!("there is no field `{name}` here"), help);
    }
}

/// Where the steps of a path lead no further from a shape: before which place, by which step, and in what; `None` where they arrive.
fn lost<'s>(
    interface: &Interface,
    mut id: ShapeId,
    mut at: usize,
    steps: impl Iterator<Item = &'s str>,
) -> Option<(usize, &'s str, ShapeId)> {
    for step in steps {
        let inside = types::item(&interface.shapes, id);
        let name = step.trim_end_matches("[]");
        id = match (interface.shapes.field(inside, name), interface.shapes.get(inside)) {
            (Some(field), _) => field.shape,
            (None, Shape::Any) => inside,
            (None, Shape::Record(record)) if record.rest.is_some() => record.rest.unwrap_or(inside),
            (None, _) => return Some((at, step, inside)),
        };
        at += 1 + step.len();
    }
    None
}

/// A type, and what an operation gives or takes: what is sent to it may begin with its body and with its parameters.
fn roots(system: &dyn System, name: &str, side: Side) -> Vec<ShapeId> {
    let interface = system.interface();
    let named = interface.types.get(name).map(|shapes| match side {
        Side::Given => shapes.given,
        Side::Taken => shapes.taken,
    });
    let of_operation = interface.operation(name).map(|(_, operation)| match side {
        Side::Given if system.shows_items().is_none() => [Some(operation.gives), None],
        Side::Given => [operation.body, None],
        Side::Taken => [operation.body, operation.fields],
    });
    named.into_iter().chain(of_operation.into_iter().flatten().flatten()).collect()
}

/// A part of what an operation is sent.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sent {
    Body,
    /// Those that are fields.
    Parameters,
}

impl Checked<'_> {
    /// Every field that a mapping fills may be written there. `root`: a type with a path, or an operation.
    pub(super) fn check_writes(&self, root: &str, mapping: &Mapping, fields: &Node, to: &mut Problems) {
        let Some(write) = &self.write else { return };
        let (name, path) = root.split_once('.').unwrap_or((root, ""));
        let operation = || self.system.as_ref().and_then(|system| system.interface().operation(name)).map(|(n, _)| write.operation(n));
        let Some(node) = write.named(name).or_else(operation) else { return };
        self.check_rows(mapping, fields, root, |target| write.passes(node, &format!("{path}.{target}")), to);
    }

    /// The same of what is sent to an operation that does more than read.
    pub(super) fn check_sent(&self, operation: usize, part: Sent, mapping: &Mapping, fields: &Node, to: &mut Problems) {
        let Some((write, interface)) = self.written(operation) else { return };
        let passes = |target: &str| may_send(write, interface, (operation, part), target);
        self.check_rows(mapping, fields, &interface.operations[operation].name, passes, to);
    }

    /// The same of one parameter.
    pub(super) fn check_filled(&self, operation: usize, parameter: &Scalar, to: &mut Problems) {
        let Some((write, interface)) = self.written(operation) else { return };
        if !may_send(write, interface, (operation, Sent::Parameters), &parameter.text) {
            let name = &interface.operations[operation].name;
            self.may_not_write(&format!("{name}.{}", parameter.text), parameter.span, to);
        }
    }

    /// What may be written, and where, if only some may be and an operation does more than read.
    fn written(&self, operation: usize) -> Option<(&Sieve, &Interface)> {
        let (write, interface) = (self.write.as_ref()?, self.system.as_ref()?.interface());
        (interface.operations[operation].repeat != Repeat::Safe).then_some((write, interface))
    }

    /// Each field that a mapping makes and that may not be written, once for the key that makes it.
    fn check_rows(&self, mapping: &Mapping, fields: &Node, root: &str, passes: impl Fn(&str) -> bool, to: &mut Problems) {
        let mut told: Vec<Span> = Vec::new();
        for row in mapping.lineage() {
            let at = place_of(fields, &row.target);
            if !passes(&row.target) && !told.contains(&at) {
                told.push(at);
                self.may_not_write(&format!("{root}.{}", row.target.replace("[]", "")), at, to);
            }
        }
    }

    /// The same of a body that an operation is given as it is.
    pub(super) fn check_whole(&self, operation: usize, given: &ShapeRef, at: Span, to: &mut Problems) {
        let Some((write, interface)) = self.written(operation) else { return };
        let name = &interface.operations[operation].name;
        if let Some(path) = write.shape_beyond(write.operation(operation), &given.shapes, given.id, name) {
            self.may_not_write(&path, at, to);
        }
    }

    fn may_not_write(&self, path: &str, at: Span, to: &mut Problems) {
        let help = format!("take it out, or add it to `may: {{ write: [..] }}` in systems/{}.yaml", self.name);
        to.error(&codes::MAY_NOT_WRITE, at, format!("`{path}` may not be written at `{}`", self.name), help);
    }
}

fn may_send(write: &Sieve, interface: &Interface, (operation, part): (usize, Sent), target: &str) -> bool {
    let is_field = || interface.is_field(operation, target.split(['.', '[']).next().unwrap_or(target));
    match part {
        Sent::Body => write.passes(write.operation(operation), target),
        Sent::Parameters => write.parameters(operation).is_none_or(|node| !is_field() || write.passes(node, target)),
    }
}

/// The key under which a target field is made.
fn place_of(fields: &Node, target: &str) -> Span {
    let NodeKind::Map(pairs) = &fields.kind else { return fields.span };
    let begins = |key: &Scalar| target.strip_prefix(key.text.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    pairs.iter().map(|(key, _)| key).find(|key| begins(key)).map_or(fields.span, |key| key.span)
}
