//! `http:`, `api:`: messages that others bring to us.

use std::sync::Arc;

use spanwright_map::Program;
use spanwright_shape::{
    shape::{Shape, ShapeRef},
    text::{form, form::Filled},
};

use super::{
    Builder,
    reply::Waiter,
    scene::{Scene, constant_names},
};
use crate::plan::{Late, Served, Source, SourceKind};

impl Builder<'_, '_> {
    /// The source, and what the first step sees. `None`: the problems say why.
    pub(super) fn served(&mut self, form: &Filled<'_>) -> (Option<Source>, Scene) {
        let found = self.door_of(form);
        let brought = self.brought(found);
        let within = self.known.variables.known(form, "reply_within", form.time("reply_within"), form::time, self.to);
        let waits = form.node("reply_within").is_some();
        let late = if form.text("late") == Some("504") { Late::TimedOut } else { Late::Accepted };
        if let (Some(key), false) = (form.key("late"), waits) {
            let says = "`late` says what a waiting sender is told, and without `reply_within` nobody waits";
            self.to.error(&crate::project::codes::SETTING, key.span, says, "add `reply_within: 8s`, or leave `late` out".to_string());
        }
        self.waiter = found.map(|(door, operation)| self.waiter(door, operation, waits));
        let kind = found.map(|(door, operation)| {
            let (same_body, wants_key) = (form.node("webhook").is_none(), form.node("idempotency_key").is_some());
            SourceKind::Door(Served { door, operation, reply_within: within, late, same_body, wants_key })
        });
        let source = self.source_of(form, &brought, kind);
        let mut names = constant_names(&mut self.shapes, brought.dot, self.known.variables);
        names.extend(brought.names.iter().cloned());
        let first = Scene { names, ..brought };
        (source, first)
    }

    fn door_of(&mut self, form: &Filled<'_>) -> Option<(usize, usize)> {
        match form.named()? {
            ("http", _, _) => Some((self.known.doors.of_flow(self.flow)?, 0)),
            ("webhook", _, operand) => Some((self.known.doors.of_system(operand.scalar()?, self.to)?, 0)),
            (_, _, operand) => self.known.doors.operation(operand.scalar()?, self.to),
        }
    }

    /// `id:` of the system's webhooks, where the flow says nothing else.
    pub(super) fn webhook_id(&mut self, form: &Filled<'_>, brought: &Scene) -> Option<Program> {
        let system = form.scalar("webhook").filter(|_| form.node("once").is_none())?;
        let number = self.known.systems.find(&system.text, system, self.to)?;
        let webhooks = self.known.systems.get(number).form.form("webhooks")?;
        self.scalar_of(&webhooks, "id", brought)
    }

    /// What the source's own expressions see: the body, and what came beside it.
    fn brought(&mut self, found: Option<(usize, usize)>) -> Scene {
        let Some((door, operation)) = found else { return Scene::of(self.any(), None, true) };
        let door = self.known.doors.door(door);
        let interface = door.interface();
        let dot = match interface.operations[operation].body {
            Some(body) => self.import(&interface.shape(body)),
            None => self.shapes.add(Shape::Null),
        };
        let names = door.beside(operation).into_iter().map(|(name, id)| (Arc::from(name), self.import(&interface.shape(id)))).collect();
        Scene { names, ..Scene::of(dot, None, false) }
    }

    fn waiter(&self, door: usize, operation: usize, waits: bool) -> Waiter {
        let interface = self.known.doors.door(door).interface();
        let operation = &interface.operations[operation];
        let shape = |id| ShapeRef { shapes: interface.shapes.clone(), id };
        Waiter {
            waits,
            gives: shape(operation.gives),
            faults: operation.refuses.iter().map(|(name, id)| (name.clone(), shape(*id))).collect(),
        }
    }
}
