//! `maps/NAME.yaml`: each checked once, against the two types that it stands between.

use std::sync::Arc;

use spanwright_map::{MapContext, Mapping, Scope};
use spanwright_shape::{
    shape::{Shape, ShapeRef, Shapes},
    text::{Bundle, Node, NodeKind, Problems, Scalar, Span, did_you_mean, form::Filled},
};

use super::{
    Document, Found, Systems, Variables, codes,
    flow::scene,
    types::{Side, Typed},
};
use crate::plan::MapPlan;

/// Every map of the project.
pub(super) struct Maps<'f> {
    all: Vec<Checked<'f>>,
    /// All files: one that could not be read has been told, and is not told again as missing.
    files: &'f [Found<'f>],
}

/// One map, as far as it could be read.
pub(super) struct Checked<'f> {
    pub name: &'f str,
    /// `None`: the problems say why.
    pub from: Option<Typed>,
    pub to: Option<Typed>,
    pub mapping: Option<Arc<Mapping>>,
}

impl<'f> Maps<'f> {
    pub(super) fn check(
        documents: &'f [Document<'f>],
        files: &'f [Found<'f>],
        systems: &Systems<'_>,
        variables: &Variables,
        bundle: &Bundle,
        to: &mut Problems,
    ) -> Maps<'f> {
        let all = documents.iter().map(|(file, form)| one(file.name, form, systems, variables, bundle, to));
        Maps { all: all.collect(), files }
    }

    /// As a plan has them.
    pub(super) fn plans(&self) -> Vec<MapPlan> {
        let shape = |typed: &Option<Typed>| typed.as_ref().map(|typed| typed.shape.clone());
        let plan = |map: &Checked<'f>| {
            Some(MapPlan { name: map.name.into(), from: shape(&map.from), to: shape(&map.to), mapping: map.mapping.clone()? })
        };
        self.all.iter().filter_map(plan).collect()
    }

    /// A map by name; tells where there is none.
    pub(super) fn find(&self, name: &Scalar, to: &mut Problems) -> Option<&Checked<'f>> {
        let found = self.all.iter().find(|map| map.name == name.text);
        if found.is_none() && !self.files.iter().any(|file| file.name == name.text) {
            let help = did_you_mean(&name.text, self.all.iter().map(|map| map.name));
            let help = help.unwrap_or_else(|| format!("write `maps/{}.yaml`", name.text));
            to.error(&codes::NO_MAP, name.span, format!("there is no map `{}`", name.text), help);
        }
        found
    }
}

fn one<'f>(
    name: &'f str,
    form: &Filled<'f>,
    systems: &Systems<'_>,
    variables: &Variables,
    bundle: &Bundle,
    to: &mut Problems,
) -> Checked<'f> {
    let source = form.scalar("from").and_then(|text| systems.resolve(text, Side::Given, to));
    let target = form.scalar("to").and_then(|text| systems.resolve(text, Side::Taken, to));
    let mut shapes = Shapes::default();
    let dot = match &source {
        Some(typed) => shapes.import(&typed.shape.shapes, typed.shape.id),
        None => shapes.add(Shape::Any),
    };
    let whole = shapes.add(Shape::Any);
    let names = scene::constant_names(&mut shapes, whole, variables);
    let zone = source.as_ref().and_then(|typed| systems.get(typed.system).settings.zone.clone());
    // Without its source every field would seem to be missing.
    let wanted = source.as_ref().and(target.as_ref()).map(|typed| typed.shape.clone());
    let context = MapContext { name: name.into(), target: wanted, files: bundle };
    let mapping = form.node("fields").and_then(|fields| {
        let mapping = Mapping::check(fields, &mut Scope { shapes: &mut shapes, dot, names, zone }, &context, to)?;
        if let Some(typed) = &target {
            check_writes(systems, typed.system, &typed.name, &mapping, fields, to);
        }
        Some(Arc::new(mapping))
    });
    Checked { name, from: source, to: target, mapping }
}

/// Every field that a mapping fills is among those that `may: { write }` of the system names, where it names any.
pub(super) fn check_writes(systems: &Systems<'_>, system: usize, type_name: &str, mapping: &Mapping, fields: &Node, to: &mut Problems) {
    let system = systems.get(system);
    let Some(may) = system.form.form("may").filter(|may| may.node("write").is_some()) else { return };
    let allowed: Vec<&str> = may.items("write").iter().filter_map(|item| item.scalar()).map(|item| item.text.as_str()).collect();
    let mut told: Vec<Span> = Vec::new();
    for row in mapping.lineage() {
        let path = format!("{type_name}.{}", row.target.replace("[]", ""));
        let covered = |entry: &&str| path == **entry || path.strip_prefix(*entry).is_some_and(|rest| rest.starts_with('.'));
        // A container is filled by what stands in it, and that has a row of its own.
        let holds = allowed.iter().any(|entry| entry.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.')));
        let at = place_of(fields, &row.target);
        if !holds && !allowed.iter().any(covered) && !told.contains(&at) {
            told.push(at);
            let help = format!("take it out, or add it to `may: {{ write: [..] }}` in systems/{}.yaml", system.name);
            to.error(&codes::MAY_NOT_WRITE, at, format!("`{path}` may not be written at `{}`", system.name), help);
        }
    }
}

/// The key under which a target field is made.
fn place_of(fields: &Node, target: &str) -> Span {
    let NodeKind::Map(pairs) = &fields.kind else { return fields.span };
    let begins = |key: &Scalar| target.strip_prefix(key.text.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    pairs.iter().map(|(key, _)| key).find(|key| begins(key)).map_or(fields.span, |key| key.span)
}

/// A shape with its arena, where it was found.
pub(super) fn shape_of(typed: Option<&Typed>) -> Option<&ShapeRef> {
    typed.map(|typed| &typed.shape)
}
