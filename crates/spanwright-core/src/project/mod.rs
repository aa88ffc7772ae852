//! From the files of a folder to a plan that can run.
//!
//! Everything is read before anything is judged, and every judge goes on behind a fault: a project with ten mistakes
//! is told ten, each with its place. What comes out is a [`Plan`] in which every name leads somewhere, every
//! expression fits the shapes it reads, and no variable has a value: the same project is the same plan on a machine
//! that has no secrets.
//!
//! The way: [`files`] finds and parses, [`vocabulary`] says what may be written, then variables, systems (a connector
//! proves each against its schema), maps, and last the flows, which join them.

use std::sync::Arc;

use spanwright_shape::text::{Bundle, Problem, Problems, Weight, did_you_mean, form::Filled};

use crate::{alert::Told, connector::Connector, desk::round::flow_of_ends, plan::Plan};

mod alerts;
mod clients;
pub mod codes;
mod doors;
mod files;
mod flow;
mod handed;
mod maps;
mod pace;
mod policy;
mod rights;
mod system;
pub mod trial;
mod types;
mod variables;
pub mod vocabulary;

use doors::Doors;
use files::{Files, Found};
use maps::Maps;
use policy::Defaults;
use system::Systems;
use variables::Variables;
pub use variables::{Declared, declared};

/// Checks the project in a bundle, for one of its environments or for none. `None`: the problems say why; with a plan
/// there may be warnings.
pub fn check(bundle: &Bundle, connectors: &[&dyn Connector], environment: Option<&str>, to: &mut Problems) -> Option<Plan> {
    let errors = to.errors();
    let files = Files::read(bundle, to);
    let filled = Read::all(&files, to);
    let chosen = filled.environment(environment, to);
    let variables = Variables::read(filled.project.as_ref(), &filled.environments, chosen, to);
    let own = filled.systems.iter().chain(&filled.flows).chain(&filled.apis).map(|(_, form)| form);
    let (listen, told) = (filled.project.as_ref().and_then(|project| project.form("listen")), alerts::forms(filled.project.as_ref()));
    variables.check_uses(own.chain(&listen).chain(&told), to);
    let defaults = Defaults::read(filled.project.as_ref(), &variables, to);
    let world = system::World { bundle, connectors, variables: &variables, defaults: &defaults };
    let running: Vec<&Filled<'_>> = filled.running(chosen).collect();
    let (takers, page) = (handed::takers(&running), handed::page());
    let flow_form = page.as_ref().and_then(|page| vocabulary::SYSTEM.fill(page));
    let mut systems = Systems::check(&filled.systems, &files.systems, &world, to);
    let (closing, engine_page) = (flow::closing(&running), handed::engine_page());
    let engine_form = engine_page.as_ref().and_then(|page| vocabulary::SYSTEM.fill(page));
    flow_form.iter().filter(|_| !takers.is_empty()).for_each(|form| systems.stand_for_flows(form, &takers));
    engine_form
        .iter()
        .filter(|_| !closing.is_empty() || handed::replays(&running))
        .for_each(|form| systems.stand_for_engine(form, &closing));
    let names: Vec<&str> = running.iter().filter_map(|form| form.text("flow")).collect();
    let alerts = alerts::channels(filled.project.as_ref(), connectors, &variables, to);
    let (told, channel_page) = (alerts::told(&alerts, &running), handed::channel_page());
    let channel_form = channel_page.as_ref().and_then(|page| vocabulary::SYSTEM.fill(page));
    let speakers: Vec<String> = names.iter().map(ToString::to_string).chain(closing.iter().map(|flow| flow_of_ends(flow))).collect();
    let own_name = filled.project.as_ref().and_then(|project| project.text("project")).unwrap_or_default();
    for (form, (name, channel)) in channel_form.iter().flat_map(|form| told.iter().map(move |told| (form, told))) {
        systems.stand_for_channel(name, form, Told::by(&speakers, channel.system.clone(), own_name, environment));
    }
    let doors = Doors::check(&filled.ways_in(&running), connectors, bundle, to);
    let types = types::Types { systems: &systems, doors: &doors };
    let maps = Maps::check(&filled.maps, &files.maps, types, &variables, bundle, to);
    let channels = alerts::names(filled.project.as_ref());
    let known = flow::Known {
        bundle,
        systems: &systems,
        maps: &maps,
        doors: &doors,
        variables: &variables,
        takers: &takers,
        flows: &names,
        channels: &channels,
    };
    filled.check_switches(&files, to);
    let mut flows: Vec<_> = running.iter().flat_map(|form| flow::check(form, &known, to)).collect();
    flow::end_circles(&mut flows, &running, &known, to);
    let checked = running.iter().filter_map(|form| Some((*form, flows.iter().find(|flow| Some(&*flow.name) == form.text("flow"))?)));
    pace::check(checked, &systems, to);
    let listen = doors::listen(filled.project.as_ref(), to);
    doors.check_listened(listen.as_ref(), to);
    if to.errors() > errors {
        return None;
    }
    variables.check_used(bundle, to);
    let project = filled.project.as_ref()?.text("project")?;
    Some(Plan {
        hash: hash(bundle),
        project: project.into(),
        environment: environment.map(Arc::from),
        systems: systems.plans(),
        flows,
        doors: doors.plans(),
        alerts,
        listen,
        maps: maps.plans(),
        keep: defaults.keep,
        vars: variables.seen(),
    })
}

/// Whether a file says how the project is tried, and not what it does.
pub fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
}

/// BLAKE3 over every path and every byte that a run depends on, so that two folders with one hash are one project.
pub fn hash(bundle: &Bundle) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (_, path, bytes) in bundle.iter().filter(|(_, path, _)| !is_test(path)) {
        for piece in [path.as_bytes(), bytes] {
            hasher.update(&(piece.len() as u64).to_le_bytes());
            hasher.update(piece);
        }
    }
    *hasher.finalize().as_bytes()
}

/// A file and the form that it fills in.
type Document<'f> = (&'f Found<'f>, Filled<'f>);

/// Every file, read by its form.
struct Read<'f> {
    project: Option<Filled<'f>>,
    environments: Vec<Document<'f>>,
    systems: Vec<Document<'f>>,
    apis: Vec<Document<'f>>,
    flows: Vec<Document<'f>>,
    maps: Vec<Document<'f>>,
}

impl<'f> Read<'f> {
    fn all(files: &'f Files<'f>, to: &mut Problems) -> Read<'f> {
        let mut read = |found: &'f [Found<'f>], form| found.iter().filter_map(|file| Some((file, file.read(form, to)?))).collect();
        let (environments, systems) = (read(&files.environments, &vocabulary::ENVIRONMENT), read(&files.systems, &vocabulary::SYSTEM));
        let apis = read(&files.apis, &vocabulary::API);
        let (flows, maps) = (read(&files.flows, &vocabulary::FLOW), read(&files.maps, &vocabulary::MAP));
        let _: Vec<Document<'_>> = read(&files.tests, &vocabulary::TEST);
        let project = files.project.as_ref().and_then(|node| vocabulary::PROJECT.read(node, to));
        Read { project, environments, systems, apis, flows, maps }
    }

    /// Whatever others may bring us something through.
    fn ways_in<'r>(&'r self, flows: &'r [&'r Filled<'f>]) -> doors::WaysIn<'r, 'f> {
        doors::WaysIn { project: self.project.as_ref(), systems: &self.systems, apis: &self.apis, flows }
    }

    fn environment(&self, name: Option<&str>, to: &mut Problems) -> Option<&Filled<'f>> {
        let name = name?;
        let found = self.environments.iter().find(|(file, _)| file.name == name);
        if found.is_none() {
            let help = did_you_mean(name, self.environments.iter().map(|(file, _)| file.name));
            let says = format!("there is no `environments/{name}.yaml`");
            to.push(Problem { code: &codes::NO_ENVIRONMENT, weight: Weight::Error, at: None, says, help });
        }
        found.map(|(_, form)| form)
    }

    /// Every flow that an environment switches off is there.
    fn check_switches(&self, files: &Files<'_>, to: &mut Problems) {
        for (name, _) in self.environments.iter().flat_map(|(_, form)| form.pairs("flows")) {
            if !files.flows.iter().any(|file| file.name == name.text) {
                let help = did_you_mean(&name.text, files.flows.iter().map(|file| file.name));
                to.error(&codes::NO_FLOW, name.span, format!("there is no flow `{}`", name.text), help);
            }
        }
    }

    /// The flows that the environment does not switch off.
    fn running<'a>(&'a self, environment: Option<&'a Filled<'f>>) -> impl Iterator<Item = &'a Filled<'f>> + use<'a, 'f> {
        let off = environment.map_or(&[][..], |form| form.pairs("flows"));
        let is_off = move |file: &Found<'_>| off.iter().any(|(name, _)| name.text == file.name);
        self.flows.iter().filter(move |(file, _)| !is_off(file)).map(|(_, form)| form)
    }
}
