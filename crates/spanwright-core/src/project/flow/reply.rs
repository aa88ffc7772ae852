//! `reply:` and `fault:`: what whoever waits is told.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Shape, ShapeRef, Shapes},
    text::{
        Scalar, did_you_mean,
        form::{self, Filled, Given},
    },
};

use super::{Builder, scene::Scene};
use crate::{
    door::status_of,
    plan::{Body, ReplyPlan, StepKind},
    project::codes,
};

/// What a sender who waits may be told.
pub(super) struct Waiter {
    /// The source says how long it waits.
    pub waits: bool,
    /// The body of a reply.
    pub gives: ShapeRef,
    /// Declared faults, by name.
    pub faults: Vec<(Arc<str>, ShapeRef)>,
}

impl Waiter {
    /// Whether its refusals are known by their status, as a document of REST has them.
    fn has_statuses(&self) -> bool {
        self.faults.iter().any(|(name, _)| &**name == "default" || name.starts_with(|c: char| c.is_ascii_digit()))
    }
}

impl Builder<'_, '_> {
    /// `reply:` or `fault:`
    pub(super) fn reply(&mut self, name: &str, form: &Filled<'_>, scene: &Scene) -> Option<StepKind> {
        let (kind, key, operand) = form.named()?;
        self.replies = true;
        self.check_waited_for(kind, key, scene);
        let status = self.status(form);
        let wanted = match kind {
            "fault" => operand.scalar().and_then(|fault| self.fault(fault)),
            _ => self.replied(form, status),
        };
        let body = match kind {
            "fault" => self.said(name, form, "body", wanted, scene),
            _ => self.said(name, form, "reply", wanted, scene),
        };
        let headers = form.node("headers").and_then(|fields| self.mapping(&format!("{name}.headers"), fields, None, scene));
        let fault = operand.scalar().filter(|_| kind == "fault").map(|fault| fault.text.as_str().into());
        let body = body?;
        let gives = self.said_shape(&body, scene);
        Some(StepKind::Reply(Box::new(ReplyPlan { status, headers: headers.map(|(mapping, _)| mapping), fault, body, gives })))
    }

    /// What a body can be, out of the arena of the check.
    fn said_shape(&self, body: &Body, scene: &Scene) -> ShapeRef {
        let mut shapes = Shapes::default();
        let id = match body {
            Body::None => shapes.add(Shape::Null),
            Body::Whole => shapes.import(&self.shapes, scene.dot),
            Body::Expr(program) => shapes.import(&self.shapes, program.gives().shape),
            Body::Map(mapping) => shapes.import(&self.shapes, mapping.gives()),
        };
        ShapeRef { shapes: Arc::new(shapes), id }
    }

    fn check_waited_for(&mut self, kind: &str, key: &Scalar, scene: &Scene) {
        let (says, help) = match &self.waiter {
            _ if scene.inside_each() => ("inside an `each` there would be a reply for each item", "put it below the `each`"),
            // What it is had to be told already.
            None if scene.lost => return,
            None => ("nobody waits for a reply: the source is no request", "leave the step out"),
            Some(waiter) if !waiter.waits => {
                ("the sender is told 202 at once and hears no reply", "write `reply_within: 8s` at the source")
            }
            Some(_) => return,
        };
        self.to.error(&codes::NO_WAITER, key.span, format!("`{kind}`: {says}"), help.to_string());
    }

    /// What a reply of this status must be: a refusal as the operation declares it, else what it gives.
    fn replied(&mut self, form: &Filled<'_>, status: Option<u16>) -> Option<ShapeRef> {
        let waiter = self.waiter.as_ref()?;
        let Some(refusal) = status.filter(|status| *status >= 400 && waiter.has_statuses()) else { return Some(waiter.gives.clone()) };
        let names = [refusal.to_string(), format!("{}XX", refusal / 100), "default".to_string()];
        let found = names.iter().find_map(|name| waiter.faults.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)));
        if let (None, Some(at)) = (found, form.scalar("status")) {
            let declared = waiter.faults.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let says = format!("the operation declares no answer {refusal}");
            self.to.error(&codes::NO_FAULT, at.span, says, format!("it declares {declared}"));
            return None;
        }
        found.map(|(_, shape)| shape.clone())
    }

    fn fault(&mut self, name: &Scalar) -> Option<ShapeRef> {
        let faults = &self.waiter.as_ref()?.faults;
        let found = faults.iter().find(|(fault, _)| **fault == *name.text).map(|(_, shape)| shape.clone());
        if found.is_none() {
            let help = did_you_mean(&name.text, faults.iter().map(|(fault, _)| &**fault));
            let help = help.unwrap_or_else(|| "an endpoint without a schema answers with `reply:` and a `status:`".to_string());
            self.to.error(&codes::NO_FAULT, name.span, format!("the operation declares no fault `{}`", name.text), help);
        }
        found
    }

    /// The body that is said, and whether the operation can say it.
    fn said(&mut self, name: &str, form: &Filled<'_>, key: &str, wanted: Option<ShapeRef>, scene: &Scene) -> Option<Body> {
        let Some(written) = form.node(key) else {
            let at = form.named().map(|(_, _, operand)| operand)?;
            self.check_fits(at, scene.dot, wanted.as_ref());
            return Some(Body::Whole);
        };
        if let Some(made) = form.form(key) {
            return self.made_body(&name.into(), &made, None, wanted, scene);
        }
        let program = self.program(written.scalar()?, scene)?;
        let gives = program.gives().shape;
        self.check_fits(written, gives, wanted.as_ref());
        Some(Body::Expr(program))
    }

    fn status(&mut self, owner: &Filled<'_>) -> Option<u16> {
        let given = owner.number("status");
        let status = match given {
            Some(Given::Is(status)) => Some(status),
            given => self.known.variables.known(owner, "status", given, form::number, self.to),
        }?;
        let good = i64::try_from(status).ok().and_then(|status| status_of(&spanwright_shape::number::Number::int(status)));
        if let (None, Some(at)) = (good, owner.scalar("status")) {
            self.to.error(&codes::SETTING, at.span, format!("{status} is no status of an answer"), "write one of 200 to 599".to_string());
        }
        good
    }

    /// A sender who waits should hear something.
    pub(super) fn check_replied(&mut self, from: &Filled<'_>) {
        if let (false, Some(key)) = (self.replies, from.key("reply_within")) {
            let says = "the sender waits for a reply, and no step replies";
            self.to.warning(&codes::NO_REPLY, key.span, says, "add a `reply:`, or leave `reply_within` out".to_string());
        }
    }
}
