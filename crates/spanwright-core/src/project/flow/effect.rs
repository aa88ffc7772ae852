//! `call` and `send`: what is asked of a system, with which body, and how it is tried.

use std::{sync::Arc, time::Duration};

use spanwright_shape::{
    shape::{Fit, Shape, ShapeId, ShapeRef, fits},
    text::{
        Node, Scalar, codes as text_codes,
        form::{self, Filled, Given},
    },
};

use super::{
    Builder,
    parameters::Parameters,
    scene::{RESERVED, Scene},
};
use crate::{
    fact::NodeName,
    interface::{Bulk, Operation, Repeat},
    plan::{BATCH_BYTES_DEFAULT, Batch, Body, EffectPlan, Policy},
    project::{codes, maps, policy},
    settings::OutcomeWord,
};

/// How long the first of a batch waits for others where nothing is said.
const BATCH_WAIT_DEFAULT: Duration = Duration::from_secs(1);

impl Builder<'_, '_> {
    pub(super) fn call(&mut self, node: &NodeName, form: &Filled<'_>, scene: &mut Scene) -> Option<usize> {
        let found = self.operation_of(form);
        let effect = self.effect(node, form, found, scene);
        let answer = self.answer(form, found);
        let saved_as = form.scalar("as").filter(|name| self.check_name(name));
        if let Some(name) = saved_as {
            scene.names.push((name.text.as_str().into(), answer));
        }
        let effect = EffectPlan { saved_as: saved_as.map(|name| name.text.as_str().into()), ..effect? };
        self.keep(effect)
    }

    pub(super) fn send(&mut self, node: &NodeName, form: &Filled<'_>, scene: &Scene) -> Option<usize> {
        let found = self.operation_of(form);
        let effect = self.effect(node, form, found, scene);
        let batch = form.form("batch").and_then(|batch| self.batch(form, &batch, found));
        let unchanged = form.node("unchanged").is_some();
        let wished = form.flag("newest_only");
        self.check_keyed(form, "unchanged", unchanged && !self.keyed, "`key`");
        self.check_keyed(form, "newest_only", wished == Some(Given::Is(true)) && !self.keyed, "`key`");
        let repeatable = effect.as_ref().is_some_and(|effect| effect.repeat != Repeat::Never);
        let newest_only = match wished {
            Some(Given::Is(wished)) => wished,
            // A polled record is a state and not an event: the source itself has forgotten the older one.
            _ => self.states && repeatable && !scene.inside_each(),
        };
        let in_order = self.keyed;
        self.keep(EffectPlan { batch, unchanged, newest_only, in_order, ..effect? })
    }

    fn keep(&mut self, effect: EffectPlan) -> Option<usize> {
        self.effects.push(effect);
        Some(self.effects.len() - 1)
    }

    fn operation_of(&mut self, form: &Filled<'_>) -> Option<(usize, usize)> {
        let (kind, _, operand) = form.named()?;
        let operand = operand.scalar()?;
        if let Some((built_in @ ("flow" | "spanwright"), _)) = operand.text.split_once('.') {
            let says = format!("`{kind}: {built_in}.` is not built yet");
            self.to.error(&text_codes::NOT_BUILT, operand.span, says, "leave the step out".to_string());
            return None;
        }
        self.known.systems.operation(operand, self.to)
    }

    fn operation(&self, found: Option<(usize, usize)>) -> Option<&Operation> {
        let (system, operation) = found?;
        self.known.systems.interface(system)?.operations.get(operation)
    }

    /// What both have: parameters, body, retries. Read to the end even where the operation is unknown.
    fn effect(&mut self, node: &NodeName, form: &Filled<'_>, found: Option<(usize, usize)>, scene: &Scene) -> Option<EffectPlan> {
        let one = self.operation(found).is_some_and(Operation::parameters_are_body);
        let (has_with, has_body) = (form.node("with").is_some(), form.node("body").is_some());
        if let (true, true, Some(key)) = (one, has_with, form.key("body")) {
            let says = "`with` and `body` both say what the request holds";
            self.to.error(&codes::SETTING, key.span, says, "write one of the two".to_string());
        }
        let with = if one && !has_with { None } else { self.with(form, node, Parameters::of(self.known, found), scene) };
        let body = if one && has_with && !has_body { Some(Body::None) } else { self.body(node, form, found, scene) };
        let inherited = found.map_or_else(Policy::default, |(system, _)| self.known.systems.get(system).retry.clone());
        let policy = policy::retry(&inherited, Some(form), self.known.variables, self.to);
        let repeat = self.operation(found).map_or(Repeat::Never, |operation| operation.repeat);
        let (system, operation) = found?;
        Some(EffectPlan {
            node: node.clone(),
            queue: format!("{}.{node}", self.flow).into(),
            system,
            operation,
            with,
            body: body?,
            saved_as: None,
            repeat,
            policy,
            batch: None,
            in_order: false,
            newest_only: false,
            unchanged: false,
            undo: None,
        })
    }

    /// The body that is sent, and whether the operation can take it.
    fn body(&mut self, node: &NodeName, form: &Filled<'_>, found: Option<(usize, usize)>, scene: &Scene) -> Option<Body> {
        let known = self.known;
        let wanted = self.operation(found).and_then(|operation| operation.body);
        let wanted = wanted.and_then(|id| Some(known.systems.interface(found?.0)?.shape(id)));
        let written = form.node("body");
        if let (Some(node), Some(operation), None) = (written, self.operation(found), &wanted) {
            let says = format!("`{}` has no body", operation.name);
            self.to.error(&codes::NO_BODY, node.span, says, "what it takes are parameters: `with:`".to_string());
            return None;
        }
        match (written, form.form("body")) {
            (None, _) if wanted.is_none() => Some(Body::None),
            (None, _) => {
                let at = form.named().map(|(_, _, operand)| operand)?;
                self.check_fits(at, scene.dot, wanted.as_ref());
                Some(Body::Whole)
            }
            (Some(_), Some(made)) => self.made_body(node, &made, found, wanted, scene),
            (Some(written), None) => {
                let program = self.program(written.scalar()?, scene)?;
                let gives = program.gives().shape;
                self.check_fits(written, gives, wanted.as_ref());
                Some(Body::Expr(program))
            }
        }
    }

    /// `{ map: NAME }` or `{ fields: FIELDS }`
    fn made_body(
        &mut self,
        node: &NodeName,
        form: &Filled<'_>,
        found: Option<(usize, usize)>,
        wanted: Option<ShapeRef>,
        scene: &Scene,
    ) -> Option<Body> {
        let (kind, _, operand) = form.named()?;
        if kind == "fields" {
            let type_name = wanted.as_ref().and_then(type_name);
            let (mapping, _) = self.mapping(&format!("{node}.body"), operand, wanted, scene)?;
            if let (Some(name), Some((system, _))) = (type_name, found) {
                maps::check_writes(self.known.systems, system, &name, &mapping, operand, self.to);
            }
            return Some(Body::Map(mapping.into()));
        }
        let known = self.known;
        let map = known.maps.find(operand.scalar()?, self.to)?;
        if let Some(reads) = maps::shape_of(map.from.as_ref()) {
            let reads = self.import(reads);
            self.check_source(operand.scalar()?, scene.dot, reads);
        }
        if let Some(makes) = maps::shape_of(map.to.as_ref()) {
            let makes = self.import(makes);
            self.check_fits(operand, makes, wanted.as_ref());
        }
        map.mapping.clone().map(Body::Map)
    }

    fn check_fits(&mut self, at: &Node, given: ShapeId, wanted: Option<&ShapeRef>) {
        let Some(wanted) = wanted else { return };
        let wanted = self.import(wanted);
        match fits(&self.shapes, given, wanted) {
            Fit::Never(why) => {
                let help = "put a map in front that makes the operation's type".to_string();
                self.to.error(&codes::BODY, at.span, format!("the operation cannot take this body: {why}"), help);
            }
            Fit::Narrows(why) => self.to.warning(&codes::BODY, at.span, format!("the operation cannot take every such body: {why}"), None),
            Fit::Fits | Fit::Perhaps(_) => {}
        }
    }

    /// The shape of an answer: null too, where the step can be left out or an outcome says `none`.
    fn answer(&mut self, form: &Filled<'_>, found: Option<(usize, usize)>) -> ShapeId {
        let known = self.known;
        let Some((operation, (system, _))) = self.operation(found).zip(found) else { return self.any() };
        let (gives, name) = (operation.gives, operation.name.clone());
        let Some(interface) = known.systems.interface(system) else { return self.any() };
        let settings = known.systems.get(system).operation_settings(&name);
        let none = settings.is_some_and(|settings| settings.outcomes.iter().any(|(_, word)| *word == OutcomeWord::None));
        let shape = self.import(&interface.shape(gives));
        if none || form.node("when").is_some() { self.shapes.or_null(shape) } else { shape }
    }

    fn batch(&mut self, owner: &Filled<'_>, batch: &Filled<'_>, found: Option<(usize, usize)>) -> Option<Batch> {
        let variables = self.known.variables;
        let most = variables.known(batch, "most", batch.number("most"), form::number, self.to);
        let bytes = variables.known(batch, "bytes", batch.size("bytes"), form::size, self.to);
        let wait = variables.known(batch, "wait", batch.time("wait"), form::time, self.to);
        let operation = self.operation(found)?;
        let (name, bulk) = (operation.name.clone(), operation.bulk);
        let Some(Bulk { most: takes, key }) = bulk else {
            let at = owner.key("batch").map_or(batch.node.span, |key| key.span);
            let help = format!("say in the system's `operations` how `{name}` takes many: `bulk: {{ most: .. }}`");
            self.to.error(&codes::BATCH, at, format!("`{name}` takes one item in a request"), help);
            return None;
        };
        if let (Some(most), Some(scalar)) = (most, batch.scalar("most"))
            && (most == 0 || most > u64::from(takes))
        {
            self.to.error(&codes::BATCH, scalar.span, format!("`{name}` takes 1 to {takes} items in a request"), None);
        }
        let most = usize::try_from(most.unwrap_or(u64::from(takes))).unwrap_or(usize::MAX);
        let bytes = bytes.map_or(BATCH_BYTES_DEFAULT, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        Some(Batch { most, bytes, wait: wait.unwrap_or(BATCH_WAIT_DEFAULT), key })
    }

    fn check_keyed(&mut self, form: &Filled<'_>, option: &str, lacks: bool, wanted: &str) {
        if let (true, Some(key)) = (lacks, form.key(option)) {
            let says = format!("`{option}` compares states of one record, so the flow's `from` needs {wanted}");
            self.to.error(&codes::NEEDS_KEY, key.span, says, None);
        }
    }

    fn check_name(&mut self, name: &Scalar) -> bool {
        let good = !RESERVED.contains(&name.text.as_str()) && !name.text.contains('-');
        if !good {
            let says = format!("`${}` cannot be the name of an answer", name.text);
            self.to.error(
                &codes::RESERVED,
                name.span,
                says,
                "use letters, digits and `_`, and none of the names that are always there".to_string(),
            );
        }
        good
    }
}

fn type_name(shape: &ShapeRef) -> Option<Arc<str>> {
    match shape.shapes.get(shape.id) {
        Shape::Record(record) => record.name.clone(),
        _ => None,
    }
}
