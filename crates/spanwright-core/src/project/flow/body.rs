//! The body of an effect: as it is, by an expression or by a map, and whether the operation can take it.

use std::sync::Arc;

use spanwright_map::Mapping;
use spanwright_shape::{
    shape::{Fit, ShapeId, ShapeRef, Shapes, fits},
    text::{Node, form::Filled},
};

use super::{Builder, scene::Scene};
use crate::{
    fact::NodeName,
    plan::Body,
    project::{codes, maps, rights::Sent},
};

impl Builder<'_, '_> {
    /// The body that is sent, and whether the operation can take it.
    pub(super) fn body(&mut self, node: &NodeName, form: &Filled<'_>, found: Option<(usize, usize)>, scene: &Scene) -> Option<Body> {
        let known = self.known;
        let wanted = self.operation(found).and_then(|operation| operation.body);
        let wanted = wanted.and_then(|id| Some(known.systems.interface(found?.0)?.shape(id)));
        // What an alert says is its body.
        let written = form.node("body").or_else(|| form.node("text"));
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
                self.check_whole(at, scene.dot, found);
                Some(Body::Whole)
            }
            (Some(_), Some(made)) => self.made_body(node, &made, found, wanted, scene),
            (Some(written), None) => {
                let program = self.program(written.scalar()?, scene)?;
                let gives = program.gives().shape;
                match form.node("text") {
                    Some(text) => self.check_text(text, gives, wanted.as_ref()),
                    None => self.check_fits(written, gives, wanted.as_ref()),
                }
                self.check_whole(written, gives, found);
                Some(Body::Expr(program))
            }
        }
    }

    /// `{ map: NAME }` or `{ fields: FIELDS }`
    pub(super) fn made_body(
        &mut self,
        node: &NodeName,
        form: &Filled<'_>,
        found: Option<(usize, usize)>,
        wanted: Option<ShapeRef>,
        scene: &Scene,
    ) -> Option<Body> {
        let (kind, _, operand) = form.named()?;
        if kind == "fields" {
            let (mapping, _) = self.mapping(&format!("{node}.body"), operand, wanted, scene)?;
            self.check_sent(Sent::Body, &mapping, operand, found);
            return Some(Body::Map(mapping.into()));
        }
        let known = self.known;
        let map = known.maps.find(operand.scalar()?, self.to)?;
        if let Some(reads) = maps::shape_of(map.from.as_ref()) {
            let reads = self.import(reads);
            self.check_source(operand.scalar()?, scene.dot, reads);
        }
        self.check_inputs(operand.scalar()?, &map.with, scene);
        if let Some(makes) = maps::shape_of(map.to.as_ref()) {
            let makes = self.import(makes);
            self.check_fits(operand, makes, wanted.as_ref());
        }
        map.mapping.clone().map(Body::Map)
    }

    /// Whether the check of a map has shown that the operation can take every such body.
    pub(super) fn is_proved(&self, body: &Body, found: Option<(usize, usize)>, scene: &Scene) -> bool {
        let proved = match body {
            Body::Whole => scene.proved.as_ref(),
            Body::Map(mapping) => mapping.proved(),
            Body::None | Body::Expr(_) => None,
        };
        let wanted = self.operation(found).and_then(|operation| operation.body);
        let interface = found.and_then(|(system, _)| self.known.systems.interface(system));
        let (Some(proved), Some(wanted), Some(interface)) = (proved, wanted, interface) else { return false };
        let ShapeRef { shapes, id } = interface.shape(wanted);
        if Arc::ptr_eq(&shapes, &proved.shapes) {
            return fits(&shapes, proved.id, id) == Fit::Fits;
        }
        let mut both = (*shapes).clone();
        let proved = both.import(&proved.shapes, proved.id);
        fits(&both, proved, id) == Fit::Fits
    }

    /// What is sent as it is holds nothing that may not be written there, as far as its shape says.
    fn check_whole(&mut self, at: &Node, given: ShapeId, found: Option<(usize, usize)>) {
        let Some((system, operation)) = found else { return };
        let known = self.known;
        let mut shapes = Shapes::default();
        let id = shapes.import(&self.shapes, given);
        known.systems.get(system).check_whole(operation, &ShapeRef { shapes: shapes.into(), id }, at.span, self.to);
    }

    /// Neither do the fields that are written for an operation that does more than read.
    pub(super) fn check_sent(&mut self, part: Sent, mapping: &Mapping, fields: &Node, found: Option<(usize, usize)>) {
        let known = self.known;
        if let Some((system, operation)) = found {
            known.systems.get(system).check_sent(operation, part, mapping, fields, self.to);
        }
    }

    /// What an alert says is text.
    fn check_text(&mut self, at: &Node, given: ShapeId, wanted: Option<&ShapeRef>) {
        let Some(wanted) = wanted else { return };
        let wanted = self.import(wanted);
        let says = match fits(&self.shapes, given, wanted) {
            Fit::Never(why) => format!("people are told text ({why})"),
            Fit::Narrows(why) => format!("people are told text, and this may be none ({why})"),
            Fit::Fits | Fit::Perhaps(_) => return,
        };
        self.to.error(&codes::BODY, at.span, says, "write it into a text: `\"order \\(.id)\"`".to_string());
    }

    pub(super) fn check_fits(&mut self, at: &Node, given: ShapeId, wanted: Option<&ShapeRef>) {
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
}
