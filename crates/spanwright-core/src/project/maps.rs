//! `maps/NAME.yaml`: each checked once, against the two types that it stands between.

use std::sync::Arc;

use spanwright_map::{MapContext, Mapping, OtherMap, OtherMaps, Scope};
use spanwright_shape::{
    shape::{Shape, ShapeRef, Shapes},
    text::{Bundle, Problems, Scalar, did_you_mean, form::Filled},
};

use super::{
    Document, Found, Variables, codes,
    flow::scene,
    types::{Side, Typed, Types},
};
use crate::plan::MapPlan;

/// Every map of the project.
pub(super) struct Maps<'f> {
    all: Vec<Checked<'f>>,
    written: Written<'f>,
}

/// The maps as they are written, with the types that they stand between: what one map may know of another.
struct Written<'f> {
    all: Vec<Known<'f>>,
    /// All files: one that could not be read has been told, and is not told again as missing.
    files: &'f [Found<'f>],
}

/// A map before its fields are checked.
struct Known<'f> {
    name: &'f str,
    form: &'f Filled<'f>,
    from: Option<Typed>,
    to: Option<Typed>,
    zone: Option<Arc<str>>,
    with: Vec<(Arc<str>, Option<ShapeRef>)>,
}

/// One map, as far as it could be read.
pub(super) struct Checked<'f> {
    pub name: &'f str,
    /// `None`: the problems say why.
    pub from: Option<Typed>,
    pub to: Option<Typed>,
    /// Its other inputs.
    pub with: Vec<(Arc<str>, Option<ShapeRef>)>,
    pub mapping: Option<Arc<Mapping>>,
}

impl<'f> Maps<'f> {
    pub(super) fn check(
        documents: &'f [Document<'f>],
        files: &'f [Found<'f>],
        types: Types<'_, '_>,
        variables: &Variables,
        bundle: &Bundle,
        to: &mut Problems,
    ) -> Maps<'f> {
        let all = documents.iter().map(|(file, form)| known(file.name, form, types, to)).collect();
        let written = Written { all, files };
        let all = written.all.iter().map(|map| one(map, &written, types, variables, bundle, to)).collect();
        Maps { all, written }
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
        if found.is_none() && !self.written.is_lost(&name.text) {
            let help = did_you_mean(&name.text, self.all.iter().map(|map| map.name));
            let help = help.unwrap_or_else(|| format!("write `maps/{}.yaml`", name.text));
            to.error(&codes::NO_MAP, name.span, format!("there is no map `{}`", name.text), help);
        }
        found
    }

    /// The maps as fields of others may use them.
    pub(super) fn others(&self) -> &dyn OtherMaps {
        &self.written
    }
}

impl OtherMaps for Written<'_> {
    fn find(&self, name: &str) -> Option<OtherMap<'_>> {
        let map = self.all.iter().find(|map| map.name == name)?;
        Some(OtherMap {
            fields: map.form.node("fields")?,
            copy: map.form.node("copy"),
            empty: map.form.scalar("empty"),
            from: map.from.as_ref().map(|typed| typed.shape.clone()),
            to: map.to.as_ref().map(|typed| typed.shape.clone()),
            zone: map.zone.clone(),
            with: map.with.clone(),
        })
    }

    fn names(&self) -> Vec<&str> {
        self.all.iter().map(|map| map.name).collect()
    }

    fn is_lost(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }
}

fn known<'f>(name: &'f str, form: &'f Filled<'f>, types: Types<'_, '_>, to: &mut Problems) -> Known<'f> {
    let from = form.scalar("from").and_then(|text| types.resolve(text, Side::Given, to));
    let made = form.scalar("to").and_then(|text| types.resolve(text, Side::Taken, to));
    let mut with = Vec::new();
    for (input, node) in form.pairs("with") {
        if scene::RESERVED.contains(&input.text.as_str()) {
            let help = "name it as the call's answer is named: `as: customer`".to_string();
            to.error(&codes::RESERVED, input.span, format!("`${}` is always there, and no input's name", input.text), help);
        }
        let typed = node.scalar().and_then(|text| types.resolve(text, Side::Given, to));
        with.push((Arc::from(input.text.as_str()), typed.map(|typed| typed.shape)));
    }
    let zone = from.as_ref().and_then(|typed| types.systems.get(typed.system?).settings.zone.clone());
    Known { name, form, from, to: made, zone, with }
}

fn one<'f>(
    map: &Known<'f>,
    written: &Written<'f>,
    types: Types<'_, '_>,
    variables: &Variables,
    bundle: &Bundle,
    to: &mut Problems,
) -> Checked<'f> {
    let mut shapes = Shapes::default();
    let dot = match &map.from {
        Some(typed) => shapes.import(&typed.shape.shapes, typed.shape.id),
        None => shapes.add(Shape::Any),
    };
    let whole = shapes.add(Shape::Any);
    let mut names = scene::constant_names(&mut shapes, whole, variables);
    for (name, shape) in &map.with {
        let shape = match shape {
            Some(shape) => shapes.import(&shape.shapes, shape.id),
            None => shapes.add(Shape::Any),
        };
        names.push((name.clone(), shape));
    }
    // Without its source every field would seem to be missing.
    let wanted = map.from.as_ref().and(map.to.as_ref()).map(|typed| typed.shape.clone());
    let (copy, empty) = (map.form.node("copy"), map.form.scalar("empty"));
    let context = MapContext { name: map.name.into(), target: wanted, files: bundle, maps: written, copy, empty };
    let mapping = map.form.node("fields").and_then(|fields| {
        let mut scope = Scope { shapes: &mut shapes, dot, names, zone: map.zone.clone() };
        let mapping = Mapping::check(fields, &mut scope, &context, to)?;
        if let Some((typed, system)) = map.to.as_ref().and_then(|typed| Some((typed, typed.system?))) {
            types.systems.get(system).check_writes(&typed.name, &mapping, fields, to);
        }
        Some(Arc::new(mapping))
    });
    Checked { name: map.name, from: map.from.clone(), to: map.to.clone(), with: map.with.clone(), mapping }
}

/// A shape with its arena, where it was found.
pub(super) fn shape_of(typed: Option<&Typed>) -> Option<&ShapeRef> {
    typed.map(|typed| &typed.shape)
}
