//! The steps of a flow, and the shape of the body between them.

use std::sync::Arc;

use spanwright_map::Program;
use spanwright_shape::{
    shape::{Fit, ShapeId, ShapeRef, fits},
    text::{Node, Scalar, Span, form::Filled},
};

use super::{Builder, scene::Scene};
use crate::{
    plan::{Step, StepKind},
    project::{codes, maps, vocabulary},
};

impl Builder<'_, '_> {
    /// Steps in their order. The second is the scene below them.
    pub(super) fn steps(&mut self, steps: &[Node], mut scene: Scene) -> (Vec<Step>, Scene) {
        let mut done = Vec::new();
        for node in steps {
            let Some(form) = vocabulary::STEP.fill(node) else { continue };
            let when = self.expression(&form, "when", &scene);
            if let Some((name, kind)) = self.step(&form, &mut scene) {
                // A map that may be left out leaves the body as it was above.
                let made = matches!(kind, StepKind::Map(_)) && form.node("when").is_some();
                scene.proved = scene.proved.filter(|_| !made);
                done.push(Step { name, when, kind });
            }
        }
        (done, scene)
    }

    fn step(&mut self, form: &Filled<'_>, scene: &mut Scene) -> Option<(crate::fact::NodeName, StepKind)> {
        let (kind, _, operand) = form.named()?;
        let named = matches!(kind, "map" | "call" | "send" | "alert");
        let name = self.name(form, operand.scalar().filter(|_| named).map(|scalar| scalar.text.as_str()));
        let step = match kind {
            "map" => self.map_step(operand.scalar()?, scene),
            "fields" => self.fields_step(&name, operand, form, scene),
            "only" => self.program(operand.scalar()?, scene).map(StepKind::Only),
            "fail" => self.program(operand.scalar()?, scene).map(StepKind::Fail),
            "route" => self.route(form, scene),
            "each" => self.each(operand.scalar()?, form, scene),
            "call" => self.call(&name, form, scene).map(StepKind::Call),
            "send" => self.send(&name, form, scene).map(StepKind::Send),
            "alert" => self.alert(&name, form, scene).map(StepKind::Send),
            "reply" | "fault" => self.reply(&name, form, scene),
            _ => None,
        };
        Some((name, step?))
    }

    fn map_step(&mut self, name: &Scalar, scene: &mut Scene) -> Option<StepKind> {
        let known = self.known;
        let map = known.maps.find(name, self.to);
        if let Some(wanted) = map.and_then(|map| maps::shape_of(map.from.as_ref())) {
            let wanted = self.import(wanted);
            self.check_source(name, scene.dot, wanted);
        }
        if let Some(map) = map {
            self.check_inputs(name, &map.with, scene);
        }
        let made = map.and_then(|map| map.to.as_ref());
        scene.dot = match made {
            Some(typed) => self.import(&typed.shape),
            None => self.any(),
        };
        scene.lost = made.is_none();
        scene.zone = made.and_then(|typed| known.systems.get(typed.system?).settings.zone.clone());
        let mapping = map.and_then(|map| map.mapping.clone());
        scene.proved = mapping.as_ref().and_then(|mapping| mapping.proved().cloned());
        mapping.map(StepKind::Map)
    }

    /// The body now is what the map reads.
    pub(super) fn check_source(&mut self, map: &Scalar, given: ShapeId, wanted: ShapeId) {
        if let Fit::Never(why) = fits(&self.shapes, given, wanted) {
            let says = format!("`{}` reads another type than the body is here: {why}", map.text);
            self.to.error(&codes::MAP_SOURCE, map.span, says, "name the map that reads this body".to_string());
        }
    }

    /// What the map wants beside the body is here under the same names: answers of calls above.
    pub(super) fn check_inputs(&mut self, map: &Scalar, with: &[(Arc<str>, Option<ShapeRef>)], scene: &Scene) {
        for (input, wanted) in with {
            let Some((_, given)) = scene.names.iter().rev().find(|(have, _)| have == input) else {
                let help = format!("give an answer this name above: `{{ call: .., as: {input} }}`");
                self.to.error(&codes::MAP_SOURCE, map.span, format!("`{}` wants `${input}`, and there is none here", map.text), help);
                continue;
            };
            let Some(wanted) = wanted else { continue };
            let (given, wanted) = (*given, self.import(wanted));
            if let Fit::Never(why) = fits(&self.shapes, given, wanted) {
                let says = format!("`${input}` is of another type than `{}` reads: {why}", map.text);
                self.to.error(&codes::MAP_SOURCE, map.span, says, "name the map that reads this answer".to_string());
            }
        }
    }

    fn fields_step(&mut self, name: &str, fields: &Node, form: &Filled<'_>, scene: &mut Scene) -> Option<StepKind> {
        let made = self.mapping(name, fields, None, scene);
        // A step that may be left out leaves the body as it is.
        scene.dot = match &made {
            Some((_, gives)) if form.node("when").is_none() => *gives,
            _ => self.any(),
        };
        scene.lost |= made.is_none();
        scene.proved = None;
        made.map(|(mapping, _)| StepKind::Map(mapping.into()))
    }

    fn route(&mut self, form: &Filled<'_>, scene: &Scene) -> Option<StepKind> {
        let branches = form.items("route");
        let mut done: Vec<(Option<Program>, Vec<Step>)> = Vec::new();
        for (number, node) in branches.iter().enumerate() {
            let Some(branch) = vocabulary::BRANCH.fill(node) else { continue };
            let is_else = branch.node("else").is_some();
            if branch.chosen.is_some() && is_else != (number + 1 == branches.len()) {
                self.misplaced_else(is_else, branch.named().map_or(node.span, |(_, key, _)| key.span));
            }
            let when = self.expression(&branch, "when", scene);
            let (steps, _) = self.steps(branch.items(if is_else { "else" } else { "steps" }), scene.clone());
            if is_else || when.is_some() {
                done.push((when, steps));
            }
        }
        Some(StepKind::Route(done))
    }

    fn misplaced_else(&mut self, is_else: bool, at: Span) {
        let (says, help) = match is_else {
            true => ("`else` is not the last branch, so those below it are never taken", "put it last"),
            false => ("a route ends with `else`", "add `- { else: [ { fail: '\"no route\"' } ] }` if nothing else is meant"),
        };
        self.to.error(&codes::ELSE, at, says, help.to_string());
    }

    fn each(&mut self, text: &Scalar, form: &Filled<'_>, scene: &Scene) -> Option<StepKind> {
        let items = self.program(text, scene);
        let item = match &items {
            Some(program) => self.items_of(program, text),
            None => self.any(),
        };
        let mut inside = scene.inside(item, &mut self.shapes);
        inside.lost |= items.is_none();
        let (steps, _) = self.steps(form.items("steps"), inside);
        Some(StepKind::Each { items: items?, steps })
    }
}
