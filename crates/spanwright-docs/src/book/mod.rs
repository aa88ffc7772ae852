//! What there is to tell of a project: systems, flows, maps, and which field goes where.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{door::Visit, fact::hex, plan::Plan, project::vocabulary};
use spanwright_shape::text::{
    Bundle, Node, Problems,
    form::{Filled, Form},
    yaml,
};

mod answers;
mod channel;
mod door;
mod effects;
mod flow;
mod index;
mod map;
mod rule;
mod system;
mod types;

pub use channel::ChannelPage;
pub use door::{DoorPage, DoorSpeaks, ReplyPage, ServedPage};
pub use effects::{Effect, Gather};
pub use flow::{Dead, FlowPage, From, StepPage, What};
pub use index::{Index, Use};
pub use map::{MapPage, Row, Sample};
pub use rule::Rule;
pub use system::{OperationPage, SystemPage};

/// What documents are made from.
#[derive(Clone, Copy)]
pub struct Sources<'s> {
    /// The project's files.
    pub bundle: &'s Bundle,
    /// The plan that they made.
    pub plan: &'s Plan,
    /// What the check had to say: warnings of narrowing belong into the documents.
    pub problems: &'s Problems,
    /// Records before and after, from tests.
    pub examples: &'s [Example],
    /// Requests to our doors and their answers, from tests.
    pub visits: &'s [Visit],
}

/// A record that a map read and what it made of it, both JSON.
#[derive(Clone, Debug)]
pub struct Example {
    /// The map.
    pub map: Arc<str>,
    /// What it read.
    pub given: Arc<[u8]>,
    /// What it made.
    pub made: Arc<[u8]>,
}

/// All of it.
pub struct Book {
    /// The project's name.
    pub project: String,
    /// What its file says above the first key.
    pub about: Option<String>,
    /// The hash of the files that it was made from, 16 hexadecimal digits.
    pub print: String,
    /// The systems, by name.
    pub systems: Vec<SystemPage>,
    /// The flows, by name.
    pub flows: Vec<FlowPage>,
    /// Who is told that something stands still.
    pub channels: Vec<ChannelPage>,
    /// The ways in.
    pub doors: Vec<DoorPage>,
    /// The maps, by name; those without a name under `flow.step`.
    pub maps: Vec<MapPage>,
    /// Which field goes where.
    pub index: Index,
    /// Declared variables: name, what for, whether a secret.
    pub variables: Vec<(String, String, bool)>,
}

impl Book {
    /// Gathers it.
    pub fn of(sources: Sources<'_>) -> Book {
        let files = Documents::read(sources.bundle);
        let maps = map::all(sources, &files);
        let flows: Vec<FlowPage> = sources.plan.flows.iter().map(|flow| flow::page(flow, sources.plan, &files)).collect();
        let doors = door::all(sources, &files);
        let index = Index::of(&maps);
        let systems = system::all(sources, &files, &flows, &maps);
        let project = files.fill(&vocabulary::PROJECT, "spanwright.yaml");
        let channels = channel::all(project.as_ref(), sources.plan);
        let about = project.as_ref().and_then(|form| form.text("about")).map(str::to_string).or_else(|| leading_comment(sources.bundle));
        let print = hex(&sources.plan.hash[..8]);
        let variables = project.as_ref().map(variables).unwrap_or_default();
        Book { project: sources.plan.project.to_string(), about, print, systems, flows, channels, doors, maps, index, variables }
    }
}

fn variables(project: &Filled<'_>) -> Vec<(String, String, bool)> {
    let declared = project.pairs("vars").iter().filter_map(|(name, node)| {
        let form = vocabulary::VAR.fill(node)?;
        Some((name.text.clone(), form.text("about").unwrap_or_default().to_string(), form.text("secret") == Some("true")))
    });
    declared.collect()
}

/// `# ..` above the first key of spanwright.yaml, as people write it there.
fn leading_comment(bundle: &Bundle) -> Option<String> {
    let text = bundle.text(bundle.find("spanwright.yaml")?);
    let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

/// The files of the project, parsed once.
pub(crate) struct Documents {
    nodes: BTreeMap<String, Node>,
}

impl Documents {
    fn read(bundle: &Bundle) -> Documents {
        let wanted = |path: &str| {
            path == "spanwright.yaml" || ["systems/", "flows/", "maps/", "apis/"].iter().any(|folder| path.starts_with(folder))
        };
        let files = bundle.iter().filter(|(_, path, _)| wanted(path) && path.ends_with(".yaml"));
        let nodes = files.filter_map(|(file, path, _)| Some((path.to_string(), yaml::read(bundle, file, &mut Problems::new())?)));
        Documents { nodes: nodes.collect() }
    }

    fn fill(&self, form: &'static Form, path: &str) -> Option<Filled<'_>> {
        form.fill(self.nodes.get(path)?)
    }

    fn system(&self, name: &str) -> Option<Filled<'_>> {
        self.fill(&vocabulary::SYSTEM, &format!("systems/{name}.yaml"))
    }

    fn api(&self, name: &str) -> Option<Filled<'_>> {
        self.fill(&vocabulary::API, &format!("apis/{name}.yaml"))
    }

    fn flow(&self, name: &str) -> Option<Filled<'_>> {
        self.fill(&vocabulary::FLOW, &format!("flows/{name}.yaml"))
    }

    fn map(&self, name: &str) -> Option<Filled<'_>> {
        self.fill(&vocabulary::MAP, &format!("maps/{name}.yaml"))
    }
}

/// The text of a key, owned.
fn text(form: Option<&Filled<'_>>, key: &str) -> Option<String> {
    form?.text(key).map(str::to_string)
}
