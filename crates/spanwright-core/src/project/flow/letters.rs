//! `dead_letters:` dead letters of other flows, each a message that says what stopped, where and why.

use std::{collections::BTreeSet, sync::Arc};

use spanwright_shape::{
    shape::{Field, Format, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets, Zone},
    text::{Problems, did_you_mean, form::Filled},
};

use super::{
    Builder, Known,
    scene::{Scene, constant_names},
};
use crate::{
    desk::{
        handover::FLOW_SYSTEM,
        letters::REPLAY,
        round::{ROUND_SYSTEM, flow_of_ends},
    },
    plan::{EffectPlan, Flow, Letters, Source, SourceKind},
    project::codes,
};

impl Builder<'_, '_> {
    pub(super) fn lettered(&mut self, form: &Filled<'_>) -> (Option<Source>, Scene) {
        let dot = letter(&mut self.shapes);
        let item = Scene::of(dot, None, false);
        let names: Vec<_> = form.items("dead_letters").iter().filter_map(|item| item.scalar()).filter(|name| name.text != "any").collect();
        for name in &names {
            if !self.known.flows.contains(&name.text.as_str()) {
                let help = did_you_mean(&name.text, self.known.flows.iter().copied());
                let help = help.unwrap_or_else(|| "write `any`, or the names of flows".to_string());
                self.to.error(&codes::NO_FLOW, name.span, format!("there is no flow `{}`", name.text), help);
            }
        }
        let only = names.iter().map(|name| Arc::from(name.text.as_str())).collect();
        let kind = SourceKind::Letters(Letters { only, never: Vec::new() });
        let source = self.source_of(form, &item, Some(kind));
        let names = constant_names(&mut self.shapes, dot, self.known.variables);
        (source, Scene { names, ..item })
    }
}

/// What is told of a dead letter; `desk/letters.rs` writes it.
fn letter(shapes: &mut Shapes) -> ShapeId {
    let text = shapes.add(Shape::Text(TextFacets::default()));
    let id = shapes.add(Shape::Text(TextFacets { format: Format::Uuid, ..TextFacets::default() }));
    let time = shapes.add(Shape::Text(TextFacets { format: Format::DateTime(Zone::Must), ..TextFacets::default() }));
    let (maybe, flag, any) = (shapes.or_null(text), shapes.add(Shape::Flag), shapes.add(Shape::Any));
    let field = |(name, shape): (&str, ShapeId)| Field { name: name.into(), shape, presence: Presence::Always, about: None };
    let fields = [
        ("message", id),
        ("flow", text),
        ("step", text),
        ("kind", text),
        ("code", text),
        ("reason", text),
        ("undone", flag),
        ("at", time),
        ("correlation", text),
        ("key", maybe),
        ("version", maybe),
        ("body", any),
    ];
    let fields = fields.into_iter().map(field).collect();
    shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }))
}

/// What dead letters lead to has none that is told of, and brings none back: either would go round for ever.
pub(in crate::project) fn end_circles(flows: &mut [Flow], forms: &[&Filled<'_>], known: &Known<'_>, to: &mut Problems) {
    let never = led_to_by_letters(flows, known);
    for form in forms {
        check(form, flows, &never, known, to);
    }
    for flow in flows {
        if let Some(Source { kind: SourceKind::Letters(letters), .. }) = &mut flow.source {
            letters.never = never.iter().cloned().collect();
        }
    }
}

/// Flows that take dead letters, and those that these lead to.
fn led_to_by_letters(flows: &[Flow], known: &Known<'_>) -> BTreeSet<Arc<str>> {
    let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut ahead: Vec<Arc<str>> = flows.iter().filter(|flow| letters_of(flow).is_some()).map(|flow| flow.name.clone()).collect();
    while let Some(name) = ahead.pop() {
        if found.insert(name.clone())
            && let Some(flow) = flows.iter().find(|flow| flow.name == name)
        {
            ahead.extend(flow.effects.iter().flat_map(EffectPlan::all).flat_map(|effect| led_to(effect, flows, known)));
            ahead.extend(flows.iter().filter(|after| *after.name == *flow_of_ends(&name)).map(|after| after.name.clone()));
        }
    }
    found
}

fn letters_of(flow: &Flow) -> Option<&Letters> {
    flow.source.as_ref()?.letters()
}

/// The flows that what is sent there comes to by itself: one that it is handed to, one that reads the queue.
fn led_to(effect: &EffectPlan, flows: &[Flow], known: &Known<'_>) -> Vec<Arc<str>> {
    let (system, operation) = (effect.system, effect.operation);
    let Some(name) = known.systems.interface(system).and_then(|interface| Some(&interface.operations.get(operation)?.name)) else {
        return Vec::new();
    };
    let settings = &known.systems.get(system).settings;
    let queue_of = |name: &str| {
        settings.operations.iter().find(|operation| operation.name.text == name).and_then(|operation| operation.queue.as_ref())
    };
    let reads = |flow: &Flow| {
        let Some(poll) = flow.source.as_ref().and_then(Source::poll).filter(|poll| poll.system == system) else { return false };
        let Some(read) = known.systems.interface(system).and_then(|interface| interface.operations.get(poll.operation)) else {
            return false;
        };
        match (queue_of(name), queue_of(&read.name)) {
            (Some(sent), Some(read)) if sent.is_exchange => read.bind.iter().any(|(exchange, _)| exchange.text == sent.name.text),
            (Some(sent), Some(read)) => sent.name.text == read.name.text,
            _ => poll.operation == operation,
        }
    };
    let handed = |flow: &Flow| &*settings.kind == FLOW_SYSTEM && flow.name == *name;
    flows.iter().filter(|flow| handed(flow) || reads(flow)).map(|flow| flow.name.clone()).collect()
}

fn check(form: &Filled<'_>, flows: &[Flow], never: &BTreeSet<Arc<str>>, known: &Known<'_>, to: &mut Problems) {
    let Some(flow) = form.text("flow").and_then(|name| flows.iter().find(|flow| &*flow.name == name)) else { return };
    let from = form.form("from");
    let named = from.iter().flat_map(|from| from.items("dead_letters")).filter_map(|item| item.scalar());
    for name in named.filter(|name| never.contains(name.text.as_str())) {
        let says = format!("dead letters lead to `{}`: one of its own would go round for ever", name.text);
        to.error(&codes::CIRCLE, name.span, says, "leave it out; its dead letters stay in the journal".to_string());
    }
    let is_replay = |effect: &EffectPlan| {
        let system = known.systems.get(effect.system);
        let operation = known.systems.interface(effect.system).and_then(|interface| interface.operations.get(effect.operation));
        &*system.settings.kind == ROUND_SYSTEM && operation.is_some_and(|operation| &*operation.name == REPLAY)
    };
    if never.contains(&flow.name) && flow.effects.iter().any(is_replay) {
        let at = form.scalar("flow").map_or(form.node.span, |name| name.span);
        let says = format!(
            "dead letters lead to `{}` by themselves, and it brings them back: what cannot be delivered would go round for ever",
            flow.name
        );
        let help = "let it read another queue, which somebody fills who has looked".to_string();
        to.error(&codes::CIRCLE, at, says, help);
    }
}
