//! The project's own flows as a system: what `send: flow.NAME` is asked of.
//!
//! It has an operation for each flow that takes what others hand over; a second one has an operation for each flow after
//! whose rounds something follows (`when_all_done:`). The desk hands the messages over itself
//! ([`crate::desk::handover`], [`crate::desk::round`]), so nothing of this system ever goes over a wire.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_shape::{
    shape::{Field, NumberFacets, NumberKind, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    text::{Bundle, FileId, Node, NodeKind, Problems, form::Filled, yaml},
};

use crate::{
    alert::CHANNEL_SYSTEM,
    connector::{Answers, Call, Heard, Refusal, Request, System, Verdict, With},
    desk::{
        errand::{ours_to_blame, unheard},
        handover::FLOW_SYSTEM,
        letters::REPLAY,
        round::{ROUND_SYSTEM, flow_of_ends},
    },
    interface::{Interface, Operation, Repeat},
};

/// A flow that takes what others hand over.
pub(super) struct Taker<'t> {
    pub name: &'t str,
    /// Only from these; empty: from any.
    pub only: Vec<&'t str>,
}

pub(super) fn takers<'t>(flows: &[&'t Filled<'t>]) -> Vec<Taker<'t>> {
    let taker = |form: &&'t Filled<'t>| {
        let (name, from) = (form.text("flow")?, form.form("from")?);
        from.node("flow")?;
        let only = from.items("flow").iter().filter_map(|item| item.scalar()).map(|item| item.text.as_str());
        Some(Taker { name, only: only.filter(|only| *only != "any").collect() })
    };
    flows.iter().filter_map(taker).collect()
}

/// Whether some flow brings dead letters back.
pub(super) fn replays(flows: &[&Filled<'_>]) -> bool {
    let wanted = format!("{ROUND_SYSTEM}.{REPLAY}");
    flows.iter().any(|form| says(form.node, &wanted))
}

fn says(node: &Node, wanted: &str) -> bool {
    match &node.kind {
        NodeKind::Map(pairs) => pairs.iter().any(|(_, value)| says(value, wanted)),
        NodeKind::List(items) => items.iter().any(|item| says(item, wanted)),
        _ => node.scalar().is_some_and(|scalar| scalar.text == wanted),
    }
}

/// What stands in the place of its `systems/flow.yaml`.
pub(super) fn page() -> Option<Node> {
    page_of(FLOW_SYSTEM)
}

/// What stands in the place of `systems/spanwright.yaml`.
pub(super) fn engine_page() -> Option<Node> {
    page_of(ROUND_SYSTEM)
}

/// What stands in the place of `systems/alerts.yaml`, for each channel that steps tell something.
pub(super) fn channel_page() -> Option<Node> {
    page_of(CHANNEL_SYSTEM)
}

fn page_of(name: &str) -> Option<Node> {
    let bundle = Bundle::new([(format!("systems/{name}.yaml"), format!("system: {name}\nhttp:\n").into_bytes())]);
    yaml::read(&bundle, FileId(0), &mut Problems::new())
}

/// The flows of a project, as a system.
pub(super) struct Flows {
    interface: Interface,
}

impl Flows {
    pub(super) fn of(takers: &[Taker<'_>]) -> Flows {
        let mut shapes = Shapes::default();
        let (any, nothing, none) = (shapes.add(Shape::Any), shapes.add(Shape::Null), shapes.add(Shape::Record(RecordShape::default())));
        let operation = |taker: &Taker<'_>| Operation {
            name: taker.name.into(),
            about: None,
            wire: format!("hands over to the flow {}", taker.name).into(),
            with: none,
            fields: None,
            body: Some(any),
            gives: nothing,
            refuses: Vec::new(),
            // The other flow knows our key.
            repeat: Repeat::Keyed,
            bulk: None,
        };
        let operations = takers.iter().map(operation).collect();
        Flows { interface: Interface { shapes: Arc::new(shapes), types: BTreeMap::new(), operations } }
    }
}

/// A record of whole numbers: [`crate::fact::Tally`].
pub(super) fn tally_shape(shapes: &mut Shapes) -> ShapeId {
    let number = shapes.add(Shape::Number(NumberFacets::of(NumberKind::Integer { bits: 64 })));
    let field = |name: &str| Field { name: name.into(), shape: number, presence: Presence::Always, about: None };
    let fields = ["taken", "delivered", "skipped", "dead", "uncertain"].map(field).to_vec();
    shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }))
}

impl Flows {
    /// With an operation for each flow after whose rounds something follows.
    /// And one that brings dead letters back.
    pub(super) fn of_engine(flows: &[&str]) -> Flows {
        let mut shapes = Shapes::default();
        let (none, tally) = (shapes.add(Shape::Record(RecordShape::default())), tally_shape(&mut shapes));
        let operation = |flow: &&str| Operation {
            name: flow_of_ends(flow).into(),
            about: None,
            wire: format!("asks the journal what became of a round of {flow}").into(),
            with: none,
            fields: None,
            body: None,
            gives: tally,
            refuses: Vec::new(),
            repeat: Repeat::Safe,
            bulk: None,
        };
        let mut operations: Vec<Operation> = flows.iter().map(operation).collect();
        operations.push(replay(&mut shapes, none));
        Flows { interface: Interface { shapes: Arc::new(shapes), types: BTreeMap::new(), operations } }
    }
}

/// `spanwright.replay`
fn replay(shapes: &mut Shapes, none: ShapeId) -> Operation {
    let (text, any) = (shapes.add(Shape::Text(TextFacets::default())), shapes.add(Shape::Any));
    let maybe = shapes.or_null(text);
    let field = |name: &str, shape, presence| Field { name: name.into(), shape, presence, about: None };
    let asked = [("message", text, Presence::Always), ("body", any, Presence::Maybe), ("reason", maybe, Presence::Maybe)];
    let asked = asked.map(|(name, shape, presence)| field(name, shape, presence)).to_vec();
    let told = ["message", "how"].map(|name| field(name, text, Presence::Always)).to_vec();
    Operation {
        name: REPLAY.into(),
        about: Some("The dead letter goes on under today's project; with another body, a message made of it does.".into()),
        wire: "brings a dead letter back".into(),
        with: none,
        fields: None,
        body: Some(shapes.add(Shape::Record(RecordShape { fields: asked, rest: Some(any), ..RecordShape::default() }))),
        gives: shapes.add(Shape::Record(RecordShape { fields: told, ..RecordShape::default() })),
        refuses: Vec::new(),
        // It settles in the commit that opens it.
        repeat: Repeat::Safe,
        bulk: None,
    }
}

impl System for Flows {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, _: usize, _: &[Call<'_>], _: &With<'_>) -> Result<Request, Refusal> {
        Err(ours_to_blame("what is handed to a flow goes over no wire"))
    }

    fn hear(&self, _: usize, calls: &[Call<'_>], _: Heard<'_>, _: &With<'_>, _: Answers<'_>) -> Verdict {
        unheard(calls.len())
    }
}
