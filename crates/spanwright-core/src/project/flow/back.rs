//! What may follow from an effect's outcome: what it means here, a question, another time, another way, or a step back.

use std::sync::Arc;

use spanwright_map::Program;
use spanwright_shape::{
    shape::ShapeId,
    text::{
        NodeKind, Scalar, codes as text_codes,
        form::{Filled, Given},
    },
};

use super::{
    Builder,
    pages::{QUESTION_PART, UNDO_PART},
    scene::Scene,
};
use crate::{
    fact::NodeName,
    interface::{Operation, Repeat},
    plan::{AGAIN_GIVE_UP_DEFAULT, Again, EffectPlan, IfDead, QUESTION_WAIT_DEFAULT, Question},
    project::{codes, policy, system},
    settings::OutcomeWord,
};

impl Builder<'_, '_> {
    /// `outcomes:` of a step.
    pub(super) fn outcomes(&mut self, form: &Filled<'_>, found: Option<(usize, usize)>) -> Arc<[(Arc<str>, OutcomeWord)]> {
        let mut said = Vec::new();
        for (name, word) in form.pairs("outcomes") {
            let known = self.operation(found).is_none_or(|operation| is_answer(operation, &name.text));
            if !known {
                let help = "write a status such as `404`, a class of them such as `4XX`, or a fault that the operation declares";
                self.to.error(&codes::OUTCOME, name.span, format!("`{}` is no answer of this operation", name.text), help.to_string());
            }
            said.extend(word.scalar().and_then(|word| Some((name.text.as_str().into(), system::word(&word.text)?))));
        }
        said.into()
    }

    /// `if_unknown:` of the step, or else of its operation.
    pub(super) fn question(
        &mut self,
        node: &NodeName,
        form: &Filled<'_>,
        found: Option<(usize, usize)>,
        scene: &Scene,
    ) -> Option<Box<Question>> {
        let known = self.known;
        let inherited = || {
            let (system, _) = found?;
            known.systems.get(system).question(&self.operation(found)?.name)
        };
        let asked = form.form("if_unknown").or_else(inherited)?;
        let which = self.operation_of(&asked);
        let ask = self.effect(node, QUESTION_PART, &asked, which, scene);
        let repeat = self.operation(which).map(|operation| operation.repeat);
        if let (Some(Repeat::Keyed | Repeat::Never), Some((_, _, operand))) = (repeat, asked.named()) {
            let says = "nothing says that this operation only reads";
            self.to.error(&codes::QUESTION, operand.span, says, "if it does, write `safe: true` at it in its system".to_string());
        }
        let answer = self.answer(&asked, which);
        let take = self.taken(&asked, &Scene { dot: answer, ..scene.clone() });
        let wait = policy::time(&asked, "wait", known.variables, self.to).unwrap_or(QUESTION_WAIT_DEFAULT);
        Some(Box::new(Question { ask: ask?, take: take?, wait }))
    }

    fn taken(&mut self, asked: &Filled<'_>, answer: &Scene) -> Option<Program> {
        match asked.scalar("take") {
            Some(text) => self.program(text, answer),
            None => Program::of("."),
        }
    }

    pub(super) fn check_asks_about_one(&mut self, form: &Filled<'_>, many: bool) {
        if let (true, Some(key)) = (many, form.key("if_unknown").or(form.key("batch"))) {
            let says = "`if_unknown` asks about one effect, and a batch has many";
            self.to.error(&codes::QUESTION, key.span, says, "leave one of the two out".to_string());
        }
    }

    /// `again:` of a call, over its answer.
    pub(super) fn again(&mut self, form: &Filled<'_>, found: Option<(usize, usize)>, answer: ShapeId, scene: &Scene) -> Option<Again> {
        let again = form.form("again")?;
        if let (Some(Repeat::Never), Some(key)) = (self.operation(found).map(|operation| operation.repeat), form.key("again")) {
            let says = "this operation may not be asked again";
            self.to.error(&codes::AGAIN, key.span, says, "if it only reads, write `safe: true` at it in its system".to_string());
        }
        let variables = self.known.variables;
        let every = policy::time(&again, "every", variables, self.to);
        let give_up_after = policy::time(&again, "give_up_after", variables, self.to).unwrap_or(AGAIN_GIVE_UP_DEFAULT);
        let until = self.expression(&again, "until", &Scene { dot: answer, ..scene.clone() });
        Some(Again { every: every?, until: until?, give_up_after })
    }

    /// `if_dead:` of a step or of a flow.
    pub(super) fn if_dead(&mut self, form: &Filled<'_>, scene: &Scene) -> IfDead {
        match form.node("if_dead").map(|node| &node.kind) {
            None => IfDead::Letter,
            Some(NodeKind::List(steps)) => {
                let inside = scene.error(&mut self.shapes);
                IfDead::Steps(self.steps(steps, inside).0)
            }
            Some(NodeKind::Scalar(_) | NodeKind::Map(_)) => IfDead::Discard,
        }
    }

    /// `undo:` of a call; it sees the call's own answer, which is null where nobody knows whether it happened.
    pub(super) fn undo(
        &mut self,
        node: &NodeName,
        form: &Filled<'_>,
        saved_as: Option<(&Scalar, ShapeId)>,
        of: Option<(usize, usize)>,
        scene: &Scene,
    ) -> Option<Box<EffectPlan>> {
        let undo = form.form("undo")?;
        let mut inside = scene.clone();
        if let Some((name, answer)) = saved_as {
            inside = inside.and(&name.text, self.shapes.or_null(answer));
            self.answered(&name.text, of, &mut inside);
        }
        let found = self.operation_of(&undo);
        let effect = self.effect(node, UNDO_PART, &undo, found, &inside);
        self.check_undo(form, &undo, self.operation(found).map(|operation| operation.repeat), scene);
        effect.map(Box::new)
    }

    fn check_undo(&mut self, form: &Filled<'_>, undo: &Filled<'_>, repeat: Option<Repeat>, scene: &Scene) {
        let at = form.key("undo").map_or(form.node.span, |key| key.span);
        if scene.pivoted || scene.buried {
            let why = if scene.buried { "in the flow's `if_dead` all undoing is over" } else { "behind a pivot nothing is undone" };
            self.to.error(&codes::UNDO, at, why, "leave the `undo` out".to_string());
        }
        if let (Some(Repeat::Never), Some((_, _, operand))) = (repeat, undo.named()) {
            let says = "an undo is tried without end, and nothing says that this operation bears being done twice";
            self.to.error(
                &codes::UNDO,
                operand.span,
                says,
                "say at it in its system which parameter carries the key: `key: ..`".to_string(),
            );
        }
    }

    /// Where this may have happened, what stands above it is undone all the same.
    pub(super) fn check_way_back(&mut self, form: &Filled<'_>, of: Option<(usize, usize)>, scene: &Scene) {
        let changes = self.operation(of).is_some_and(|operation| operation.repeat != Repeat::Safe);
        if !changes || scene.pivoted || scene.buried {
            return;
        }
        let undone = self.effects.iter().find(|effect| effect.undo.is_some()).map(|effect| effect.node.clone());
        if let (Some(undone), Some((_, _, operand))) = (undone, form.named()) {
            let says = format!("where its answer is lost, `{undone}` is undone although this may have happened");
            let help =
                "write `pivot: true` or an `undo:` at it, which a `call` can have; or an `if_unknown:`, or `if_dead: discard`".to_string();
            self.to.warning(&codes::NO_WAY_BACK, operand.span, says, help);
        }
    }

    /// `pivot: true`
    pub(super) fn pivot(&mut self, form: &Filled<'_>, scene: &mut Scene) -> bool {
        let pivot = form.flag("pivot") == Some(Given::Is(true));
        if let (true, true, Some(key)) = (pivot, form.node("undo").is_some() || scene.buried, form.key("pivot")) {
            self.to.error(
                &codes::UNDO,
                key.span,
                "a pivot is where the way back ends, so it has no undo",
                "leave one of the two out".to_string(),
            );
        }
        if let Some(Given::Variable(name)) = form.flag("pivot") {
            let at = form.scalar("pivot").map_or(form.node.span, |scalar| scalar.span);
            self.to.error(
                &text_codes::WRITTEN,
                at,
                format!("`${{{name}}}` cannot say whether this is the pivot"),
                "write `true`".to_string(),
            );
        }
        scene.pivoted |= pivot;
        pivot
    }
}

/// A status, a class of them, a declared fault, or a text of a bulk operation's items.
fn is_answer(operation: &Operation, name: &str) -> bool {
    let status = name.parse().is_ok_and(|status: u16| (100..600).contains(&status));
    let class = name.strip_suffix("XX").or_else(|| name.strip_suffix("xx"));
    let class = class.and_then(|class| class.parse().ok()).is_some_and(|class: u16| (1..6).contains(&class));
    status || class || operation.bulk.is_some() || operation.refuses.iter().any(|(fault, _)| &**fault == name)
}
