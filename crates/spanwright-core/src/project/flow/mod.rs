//! `flows/NAME.yaml`: a source and its steps, joined to systems and maps.
//!
//! The shape of the body is followed from the source through every step: what a poll gives is what a map must read,
//! what a map makes is what a send must take. Where something could not be found the shape is *anything*, so that one
//! mistake is told once.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_map::{Count, MapContext, Mapping, Program, Scope};
use spanwright_shape::{
    shape::{Shape, ShapeId, ShapeRef, Shapes},
    text::{Bundle, Node, Problems, Scalar, Span, form::Filled},
};

use super::{Doors, Maps, Systems, Variables, handed::Taker, policy};
use crate::plan::{EffectPlan, Flow, InOrder, OrderBy, WhenDead};

mod back;
mod body;
mod clocked;
mod closing;
mod effect;
mod head;
mod letters;
mod pages;
mod parameters;
mod reply;
pub(super) mod scene;
mod served;
mod source;
mod steps;

pub(super) use closing::closing;
pub(super) use letters::end_circles;
use reply::Waiter;
use scene::Scene;

/// What a flow may name.
pub(super) struct Known<'k> {
    pub bundle: &'k Bundle,
    pub systems: &'k Systems<'k>,
    pub maps: &'k Maps<'k>,
    pub doors: &'k Doors,
    pub variables: &'k Variables,
    /// Flows that take what others hand over.
    pub takers: &'k [Taker<'k>],
    /// Every flow that runs.
    pub flows: &'k [&'k str],
    /// Every channel of `alerts:`.
    pub channels: &'k [&'k str],
}

/// Checks one flow, and the one that follows its rounds where it has one. Nothing: the problems say why.
pub(super) fn check(form: &Filled<'_>, known: &Known<'_>, to: &mut Problems) -> Vec<Flow> {
    let Some(name) = form.text("flow") else { return Vec::new() };
    let (flow, then) = (one(form, name, known, to), closing::check(form, name, known, to));
    flow.into_iter().chain(then).collect()
}

fn one(form: &Filled<'_>, name: &str, known: &Known<'_>, to: &mut Problems) -> Option<Flow> {
    let (from, steps) = (form.form("from")?, form.items("steps"));
    let keyed = from.node("key").is_some() || from.node("once").is_some();
    let states = from.node("poll").is_some() && from.node("key").is_some() && from.node("once").is_none();
    let mut builder = Builder { keyed, states, ..Builder::of(name, known, to) };
    let (source, scene) = builder.source(&from);
    let (steps, _) = builder.steps(steps, scene.clone());
    let if_dead = builder.if_dead(form, &Scene { buried: true, ..scene });
    builder.check_replied(&from);
    let pause_after = policy::pause_after(form, known.variables, builder.to);
    let in_order = builder.in_order(form);
    let effects = builder.effects();
    Some(Flow { name: name.into(), source: Some(source?), steps, effects, if_dead, pause_after, in_order })
}

/// What is gathered while a flow is walked.
struct Builder<'b, 'k> {
    known: &'b Known<'k>,
    flow: &'b str,
    shapes: Shapes,
    effects: Vec<EffectPlan>,
    /// Names of steps, and where each stands.
    names: BTreeMap<String, Span>,
    /// The flow says which record a message is about.
    keyed: bool,
    /// Its messages are states of records, not events.
    states: bool,
    /// What whoever waits for a reply may be told.
    waiter: Option<Waiter>,
    /// Some step replies.
    replies: bool,
    /// What is read of the heads of answers, by the name of each.
    heads: BTreeMap<Arc<str>, head::Heads>,
    to: &'b mut Problems,
}

impl<'b, 'k> Builder<'b, 'k> {
    fn of(flow: &'b str, known: &'b Known<'k>, to: &'b mut Problems) -> Builder<'b, 'k> {
        let (shapes, effects, names) = (Shapes::default(), Vec::new(), BTreeMap::new());
        Builder {
            known,
            flow,
            shapes,
            effects,
            names,
            keyed: false,
            states: false,
            waiter: None,
            replies: false,
            heads: BTreeMap::new(),
            to,
        }
    }
}

impl Builder<'_, '_> {
    /// `in_order:` and `when_dead:`
    fn in_order(&mut self, form: &Filled<'_>) -> Option<InOrder> {
        let Some(by) = form.text("in_order") else {
            if let Some(key) = form.key("when_dead") {
                let says = "`when_dead` says what becomes of a line whose head died, and nothing stands in line here";
                self.to.error(&super::codes::SETTING, key.span, says, "add `in_order: key`, or leave `when_dead` out".to_string());
            }
            return None;
        };
        let by = if by == "all" { OrderBy::All } else { OrderBy::Key };
        if let (OrderBy::Key, false, Some(key)) = (by, self.keyed, form.key("in_order")) {
            let says = "`in_order: key` lines up the messages of one record, so the flow's `from` needs `key`";
            self.to.error(&super::codes::NEEDS_KEY, key.span, says, None);
        }
        let when_dead = if form.text("when_dead") == Some("skip") { WhenDead::Skip } else { WhenDead::Block };
        Some(InOrder { by, when_dead })
    }

    fn program(&mut self, text: &Scalar, scene: &Scene) -> Option<Program> {
        let mut scope = scene.scope(&mut self.shapes);
        let program = Program::check(text, &mut scope, self.to)?;
        self.reads_heads(&program.gives().reads, &[text]);
        Some(program)
    }

    /// The expression behind a key, where it is written.
    fn expression(&mut self, form: &Filled<'_>, key: &str, scene: &Scene) -> Option<Program> {
        form.scalar(key).and_then(|text| self.program(text, scene))
    }

    /// FIELDS, against a target where there is one. The second is the shape that they give, in the flow's arena.
    fn mapping(&mut self, name: &str, fields: &Node, target: Option<ShapeRef>, scene: &Scene) -> Option<(Mapping, ShapeId)> {
        let target = target.filter(|_| !scene.lost);
        let name = format!("{}.{name}", self.flow);
        let context = MapContext { maps: self.known.maps.others(), ..MapContext::alone(name, target, self.known.bundle) };
        let mut scope: Scope<'_> = scene.scope(&mut self.shapes);
        let mapping = Mapping::check(fields, &mut scope, &context, self.to)?;
        let gives = mapping.gives();
        let heads = mapping.lineage().iter().flat_map(|line| &line.reads).filter(|path| head::is_head(path)).cloned().collect::<Vec<_>>();
        if !heads.is_empty() {
            self.reads_heads(&heads, &head::written(fields));
        }
        Some((mapping, gives))
    }

    fn any(&mut self) -> ShapeId {
        self.shapes.add(Shape::Any)
    }

    fn import(&mut self, shape: &ShapeRef) -> ShapeId {
        self.shapes.import(&shape.shapes, shape.id)
    }

    /// The shape of the items of a list that an expression gives; tells where it gives none.
    fn items_of(&mut self, program: &Program, text: &Scalar) -> ShapeId {
        let gives = program.gives();
        let (shape, many) = (gives.shape, gives.count == Count::Many);
        let (shape, _) = self.shapes.without_null(shape);
        match self.shapes.get(shape) {
            Shape::List(item, _) if !many => return *item,
            Shape::Any if !many => {}
            Shape::OneOf(_) if !many => {}
            other => {
                let what = if many { "any number of values" } else { scene::noun(other) };
                let help = if many { "gather them into one list: `[..]`".to_string() } else { "name the list itself".to_string() };
                self.to.error(&super::codes::NO_LIST, text.span, format!("`each` wants a list, and this gives {what}"), help);
            }
        }
        self.any()
    }

    /// `was:` of a step: the journal, and the keys that other systems remember, go on knowing it by that name.
    fn identity(&mut self, was: &Scalar) -> Arc<str> {
        if let Some(other) = self.names.insert(was.text.clone(), was.span) {
            let (line, _) = self.known.bundle.line_column(other.file, other.from);
            let says = format!("the step of line {line} has the name `{}`", was.text);
            self.to.error(&super::codes::STEP_NAME, was.span, says, "`was:` is a name that no step has any more".to_string());
        }
        was.text.as_str().into()
    }

    /// `name:` of a step, or kind and operand.
    fn name(&mut self, form: &Filled<'_>, operand: Option<&str>) -> Arc<str> {
        let (kind, at) = form.named().map_or(("step", form.node.span), |(kind, at, _)| (kind, at.span));
        let given = form.scalar("name");
        let name = match (given, operand) {
            (Some(name), _) => name.text.clone(),
            (None, Some(operand)) => format!("{kind}-{operand}"),
            (None, None) => kind.to_string(),
        };
        let at = given.map_or(at, |name| name.span);
        if let Some(first) = self.names.get(&name) {
            let (line, _) = self.known.bundle.line_column(first.file, first.from);
            let says = format!("the step of line {line} has the name `{name}` already");
            self.to.error(&super::codes::STEP_NAME, at, says, "give one of them a `name:` that says what it is for".to_string());
        }
        self.names.entry(name.clone()).or_insert(at);
        match form.scalar("was") {
            Some(was) => self.identity(was),
            None => name.into(),
        }
    }
}
