//! `call` and `send`: what is asked of a system, and how it is tried.

use std::time::Duration;

use spanwright_shape::{
    shape::ShapeId,
    text::{
        Scalar, codes as text_codes, did_you_mean,
        form::{self, Filled, Given},
    },
};

use super::{
    Builder,
    parameters::Parameters,
    scene::{RESERVED, Scene},
};
use crate::{
    alert::{Severity, Told},
    connector::is_condition,
    desk::{handover::FLOW_SYSTEM, letters::REPLAY, round::ROUND_SYSTEM},
    fact::NodeName,
    interface::{Bulk, Operation, Repeat},
    plan::{BATCH_BYTES_DEFAULT, Batch, Body, EffectPlan, IfDead, Policy},
    project::{alerts, codes, policy},
    settings::OutcomeWord,
};

/// How long the first of a batch waits for others where nothing is said.
const BATCH_WAIT_DEFAULT: Duration = Duration::from_secs(1);

impl Builder<'_, '_> {
    pub(super) fn call(&mut self, node: &NodeName, form: &Filled<'_>, scene: &mut Scene) -> Option<usize> {
        let found = self.operation_of(form);
        let above = scene.clone();
        let effect = self.effect(node, "", form, found, &above);
        let answer = self.answer(form, found);
        let if_unknown = self.question(node, form, found, &above);
        let again = self.again(form, found, answer, &above);
        let if_dead = self.if_dead(form, &above);
        let saved_as = form.scalar("as").filter(|name| self.check_name(name));
        if let Some(name) = saved_as {
            let answer = if let IfDead::Letter = if_dead { answer } else { self.shapes.or_null(answer) };
            scene.names.push((name.text.as_str().into(), answer));
            self.answered(&name.text, found, scene);
        }
        let undo = self.undo(node, form, saved_as.map(|name| (name, answer)), found, &above);
        let pivot = self.pivot(form, scene);
        if undo.is_none() && if_unknown.is_none() && matches!(if_dead, IfDead::Letter) {
            self.check_way_back(form, found, scene);
        }
        let saved_as = saved_as.map(|name| name.text.as_str().into());
        let effect = EffectPlan { saved_as, again, if_dead, undo, pivot, ..effect? };
        self.keep(asking_back(effect, if_unknown))
    }

    pub(super) fn send(&mut self, node: &NodeName, form: &Filled<'_>, scene: &Scene) -> Option<usize> {
        let found = self.operation_of(form);
        let effect = self.effect(node, "", form, found, scene);
        let if_unknown = self.question(node, form, found, scene);
        let if_dead = self.if_dead(form, scene);
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
        self.check_asks_about_one(form, if_unknown.is_some() && batch.is_some());
        if if_unknown.is_none() && matches!(if_dead, IfDead::Letter) {
            self.check_way_back(form, found, scene);
        }
        let effect = EffectPlan { batch, unchanged, newest_only, in_order, if_dead, ..effect? };
        self.keep(asking_back(effect, if_unknown))
    }

    /// `alert:` is a send to the system that stands for the channel.
    pub(super) fn alert(&mut self, node: &NodeName, form: &Filled<'_>, scene: &Scene) -> Option<usize> {
        let found = self.channel(form);
        let effect = self.effect(node, "", form, found, scene);
        let if_dead = self.if_dead(form, scene);
        self.keep(EffectPlan { if_dead, ..effect? })
    }

    fn channel(&mut self, form: &Filled<'_>) -> Option<(usize, usize)> {
        let name = form.named()?.2.scalar()?;
        let known = self.known;
        if !known.channels.iter().any(|channel| *channel == name.text) {
            let help = did_you_mean(&name.text, known.channels.iter().copied());
            let help = help.unwrap_or_else(|| format!("write `alerts: {{ {}: .. }}` into spanwright.yaml", name.text));
            self.to.error(&codes::NO_CHANNEL, name.span, format!("there is no channel `{}`", name.text), help);
            return None;
        }
        let system = known.systems.number(&alerts::system_name(&name.text))?;
        let severity = form.text("severity").and_then(Severity::of).unwrap_or(Severity::Warning);
        let (operation, _) = known.systems.interface(system)?.operation(&Told::operation(self.flow, severity))?;
        Some((system, operation))
    }

    fn keep(&mut self, effect: EffectPlan) -> Option<usize> {
        self.effects.push(effect);
        Some(self.effects.len() - 1)
    }

    pub(super) fn operation_of(&mut self, form: &Filled<'_>) -> Option<(usize, usize)> {
        let (kind, _, operand) = form.named()?;
        let operand = operand.scalar()?;
        match operand.text.split_once('.') {
            Some((ROUND_SYSTEM, REPLAY)) => {}
            Some((ROUND_SYSTEM, _)) => {
                let says = format!("`{kind}: spanwright.` is not built yet");
                self.to.error(&text_codes::NOT_BUILT, operand.span, says, "leave the step out".to_string());
                return None;
            }
            Some((FLOW_SYSTEM, flow)) => return self.handing_to(kind, flow, operand),
            _ => {}
        }
        self.known.systems.operation(operand, self.to)
    }

    /// `send: flow.NAME`
    fn handing_to(&mut self, kind: &str, flow: &str, operand: &Scalar) -> Option<(usize, usize)> {
        let at = operand.place(FLOW_SYSTEM.len() + 1, operand.text.len());
        let known = self.known;
        let Some(taker) = known.takers.iter().find(|taker| taker.name == flow) else {
            let help = did_you_mean(flow, known.takers.iter().map(|taker| taker.name));
            let help = help.unwrap_or_else(|| format!("write `from: {{ flow: any }}` into flows/{flow}.yaml"));
            self.to.error(&codes::HANDED, at, format!("no flow `{flow}` takes what others hand over"), help);
            return None;
        };
        if !taker.only.is_empty() && !taker.only.contains(&self.flow) {
            let help = format!("add it there: `from: {{ flow: [.., {}] }}`", self.flow);
            self.to.error(&codes::HANDED, at, format!("`{flow}` takes nothing from `{}`", self.flow), help);
        }
        if kind != "send" {
            let says = "a message is handed over by `send`, and nobody waits for what becomes of it";
            self.to.error(&codes::HANDED, operand.span, says, format!("write `send: {FLOW_SYSTEM}.{flow}`"));
            return None;
        }
        known.systems.operation(operand, self.to)
    }

    pub(super) fn operation(&self, found: Option<(usize, usize)>) -> Option<&Operation> {
        let (system, operation) = found?;
        self.known.systems.interface(system)?.operations.get(operation)
    }

    /// What every request has: parameters, body, retries. Read to the end even where the operation is unknown. The
    /// queue is named after the step, and `part` of it: its undo and its question wait in queues of their own.
    pub(super) fn effect(
        &mut self,
        node: &NodeName,
        part: &str,
        form: &Filled<'_>,
        found: Option<(usize, usize)>,
        scene: &Scene,
    ) -> Option<EffectPlan> {
        let scene = &scene.delivery(&mut self.shapes);
        let one = self.operation(found).is_some_and(Operation::parameters_are_body);
        let (has_with, has_body) = (form.node("with").is_some(), form.node("body").is_some());
        if let (true, true, Some(key)) = (one, has_with, form.key("body")) {
            let says = "`with` and `body` both say what the request holds";
            self.to.error(&codes::SETTING, key.span, says, "write one of the two".to_string());
        }
        let mut parameters = Parameters::of(self.known, found);
        let gather = self.pages_of_call(part, form, found, &mut parameters);
        let with = if one && !has_with { None } else { self.with(form, node, parameters, scene) };
        let body = if one && has_with && !has_body { Some(Body::None) } else { self.body(node, form, found, scene) };
        let inherited = found.map_or_else(Policy::default, |(system, _)| self.known.systems.get(system).retry.clone());
        let policy = policy::retry(&inherited, Some(form), self.known.variables, self.to);
        let timeout = policy::time(form, "timeout", self.known.variables, self.to);
        let outcomes = self.outcomes(form, found);
        let repeat = self.operation(found).map_or(Repeat::Never, |operation| operation.repeat);
        let conditional = repeat == Repeat::Idempotent && gives_condition(form);
        let queue = format!("{}.{node}{part}", self.flow).into();
        let proved = body.as_ref().is_some_and(|body| self.is_proved(body, found, scene));
        let effect = EffectPlan::of(node.clone(), queue, found?, body?, repeat, policy);
        Some(EffectPlan { with, proved, timeout, outcomes, gather, conditional, ..effect })
    }

    /// The shape of an answer: null too, where the step can be left out or an outcome says `none`.
    pub(super) fn answer(&mut self, form: &Filled<'_>, found: Option<(usize, usize)>) -> ShapeId {
        let known = self.known;
        let Some((operation, (system, _))) = self.operation(found).zip(found) else { return self.any() };
        let (gives, name) = (operation.gives, operation.name.clone());
        let Some(interface) = known.systems.interface(system) else { return self.any() };
        let settings = known.systems.get(system).operation_settings(&name);
        let said = settings.is_some_and(|settings| settings.outcomes.iter().any(|(_, word)| *word == OutcomeWord::None));
        let none = said || form.pairs("outcomes").iter().any(|(_, word)| word.scalar().is_some_and(|word| word.text == "none"));
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
        let Some(Bulk { most: takes, bytes: takes_bytes, key }) = bulk else {
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
        if let (Some(bytes), Some(scalar)) = (bytes, batch.scalar("bytes"))
            && (bytes == 0 || takes_bytes.is_some_and(|takes| bytes > takes))
        {
            let takes = takes_bytes.map_or("something".to_string(), |takes| format!("at most {takes} bytes"));
            self.to.error(&codes::BATCH, scalar.span, format!("`{name}` takes {takes} in a request, and `bytes` is {bytes}"), None);
        }
        let most = usize::try_from(most.unwrap_or(u64::from(takes))).unwrap_or(usize::MAX);
        let bytes = bytes.or(takes_bytes).unwrap_or(BATCH_BYTES_DEFAULT);
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
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

/// Whether its `with:` has a header that makes the request conditional.
fn gives_condition(form: &Filled<'_>) -> bool {
    form.pairs("with").iter().any(|(name, _)| is_condition(&name.text))
}

/// An unknown outcome is asked about: so it is noted before it is asked, and never simply repeated.
fn asking_back(effect: EffectPlan, if_unknown: Option<Box<crate::plan::Question>>) -> EffectPlan {
    let repeat = if if_unknown.is_some() { Repeat::Never } else { effect.repeat };
    EffectPlan { if_unknown, repeat, ..effect }
}
