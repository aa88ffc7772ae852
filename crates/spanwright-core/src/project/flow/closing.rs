//! `when_all_done:`: a flow of its own, whose messages are the ends of rounds.
//!
//! It is called `NAME.done`, begins with a call to ourselves that is answered when the round is over, and is a flow like any
//! other from there on: retried, compensated, a dead letter, in the journal ([`crate::desk::round`]).

use std::sync::Arc;

use spanwright_shape::{
    shape::{RecordShape, Shape},
    text::{Problems, form::Filled},
};

use super::{
    Builder, Known,
    scene::{Scene, constant_names},
};
use crate::{
    desk::round::{ROUND_SYSTEM, flow_of_ends},
    interface::Repeat,
    plan::{Body, EffectPlan, Flow, IfDead, Policy, Source, SourceKind, Step, StepKind},
    project::{codes, handed::tally_shape},
};

/// The first step, and the name of its answer.
const TALLY: &str = "tally";

/// Flows after whose rounds something follows.
pub fn closing<'f>(flows: &[&'f Filled<'f>]) -> Vec<&'f str> {
    flows.iter().filter(|form| form.node("when_all_done").is_some()).filter_map(|form| form.text("flow")).collect()
}

pub(super) fn check(form: &Filled<'_>, of: &str, known: &Known<'_>, to: &mut Problems) -> Option<Flow> {
    let key = form.key("when_all_done")?;
    let from = form.form("from")?;
    if !["poll", "files", "cron"].iter().any(|kind| from.node(kind).is_some()) {
        let says = "`when_all_done` follows a round, and what is brought or handed over has none";
        to.error(&codes::SETTING, key.span, says, "leave it out, or put its steps below the others".to_string());
        return None;
    }
    let name = flow_of_ends(of);
    let mut builder = Builder::of(&name, known, to);
    let asked = known.systems.number(ROUND_SYSTEM)?;
    let operation = known.systems.interface(asked)?.operation(&name)?.0;
    let tally = EffectPlan {
        saved_as: Some(TALLY.into()),
        ..EffectPlan::of(TALLY.into(), format!("{name}.{TALLY}").into(), (asked, operation), Body::None, Repeat::Safe, Policy::default())
    };
    builder.effects.push(tally);
    builder.names.insert(TALLY.to_string(), key.span);
    let nothing = builder.shapes.add(Shape::Record(RecordShape::default()));
    let mut scene = Scene::of(nothing, None, false);
    scene.names = constant_names(&mut builder.shapes, nothing, known.variables);
    let counted = tally_shape(&mut builder.shapes);
    scene.names.push((TALLY.into(), counted));
    let (below, _) = builder.steps(form.items("when_all_done"), scene);
    let steps = std::iter::once(Step { name: TALLY.into(), when: None, kind: StepKind::Call(0) }).chain(below).collect();
    let source =
        Source { name: Source::name_of(&name), kind: SourceKind::Handed, when: None, once: None, key: None, version: None, expect: None };
    let name: Arc<str> = name.as_str().into();
    Some(Flow { name, source: Some(source), steps, effects: builder.effects(), if_dead: IfDead::Letter, pause_after: None, in_order: None })
}
