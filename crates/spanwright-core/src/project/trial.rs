//! One map, or one expression, taken out of a project to be tried on a record: checked as in the project, and nothing else is.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_map::{Mapping, Program, Scope};
use spanwright_shape::{
    shape::{Shape, Shapes},
    text::{Bundle, Problems, Scalar},
};

use super::{
    Files, Maps, Read, Systems, Variables,
    doors::Doors,
    flow::scene,
    policy::Defaults,
    system,
    types::{Side, Types},
};
use crate::connector::Connector;

/// What is tried, and the variables that it sees.
pub struct Tried<T> {
    /// The map or the expression.
    pub what: T,
    /// `$vars`
    pub vars: BTreeMap<Arc<str>, Option<Arc<str>>>,
}

/// A map by its name. `None`: the problems say why.
pub fn map(
    bundle: &Bundle,
    connectors: &[&dyn Connector],
    environment: Option<&str>,
    name: &str,
    to: &mut Problems,
) -> Option<Tried<Arc<Mapping>>> {
    let files = Files::read(bundle, to);
    let filled = Read::all(&files, to);
    let variables = Variables::read(filled.project.as_ref(), &filled.environments, filled.environment(environment, to), to);
    let defaults = Defaults::read(filled.project.as_ref(), &variables, to);
    let world = system::World { bundle, connectors, variables: &variables, defaults: &defaults };
    let systems = Systems::check(&filled.systems, &files.systems, &world, to);
    let doors = Doors::check(&filled.ways_in(&[]), connectors, bundle, to);
    let types = Types { systems: &systems, doors: &doors };
    let maps = Maps::check(&filled.maps, &files.maps, types, &variables, bundle, to);
    let what = maps.find(&Scalar::made(name), to)?.mapping.clone()?;
    Some(Tried { what, vars: variables.seen() })
}

/// An expression over a type (`system:Type.path`), or over anything. `None`: the problems say why.
pub fn expression(
    bundle: &Bundle,
    connectors: &[&dyn Connector],
    environment: Option<&str>,
    (text, over): (&Scalar, Option<&str>),
    to: &mut Problems,
) -> Option<Tried<Program>> {
    let files = Files::read(bundle, to);
    let filled = Read::all(&files, to);
    let variables = Variables::read(filled.project.as_ref(), &filled.environments, filled.environment(environment, to), to);
    let defaults = Defaults::read(filled.project.as_ref(), &variables, to);
    let world = system::World { bundle, connectors, variables: &variables, defaults: &defaults };
    let systems = Systems::check(&filled.systems, &files.systems, &world, to);
    let doors = Doors::check(&filled.ways_in(&[]), connectors, bundle, to);
    let types = Types { systems: &systems, doors: &doors };
    let mut shapes = Shapes::default();
    let (dot, zone) = match over {
        Some(over) => {
            let typed = types.resolve(&Scalar::made(over), Side::Given, to)?;
            let zone = typed.system.and_then(|system| systems.get(system).settings.zone.clone());
            (shapes.import(&typed.shape.shapes, typed.shape.id), zone)
        }
        None => (shapes.add(Shape::Any), None),
    };
    let whole = shapes.add(Shape::Any);
    let names = scene::constant_names(&mut shapes, whole, &variables);
    let what = Program::check(text, &mut Scope { shapes: &mut shapes, dot, names, zone }, to)?;
    Some(Tried { what, vars: variables.seen() })
}
