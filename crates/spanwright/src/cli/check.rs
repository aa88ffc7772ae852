//! `spanwright check`: every problem of a project, with its place and what to write instead. It is what `run` does
//! before it opens anything, and needs no variable.

use std::sync::Arc;

use clap::Args;
use spanwright_core::{
    desk::round::follows_rounds,
    plan::{Body, Plan},
    project,
};
use spanwright_lab::suite;
use spanwright_map::Mapping;
use spanwright_shape::text::{
    Bundle, Problems,
    render::{self, Look},
};

use super::{
    Ended, deploy,
    folder::Folder,
    map::show,
    out::{Format, Object, Out},
};

/// Find every problem of a project
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright check\n  spanwright check examples/erp-to-crm --env staging\n  \
    spanwright check --store            before a deploy: what becomes of the messages under way\n  spanwright check --residue          what the schemas leave open, field by field\n  spanwright check --format json      one object a problem: code weight file line column says help")]
pub struct Check {
    #[command(flatten)]
    folder: Folder,
    /// With the values of environments/NAME.yaml
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Also say what the project means for the messages that are in its journal
    #[arg(long)]
    store: bool,
    /// Also list what the schemas cannot tell of each mapped field, and who tells it then
    #[arg(long)]
    residue: bool,
    /// How problems are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Check {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let bundle = self.folder.bundle()?;
        let mut problems = Problems::new();
        let plan = plan_of(&bundle, self.env.as_deref(), &mut problems);
        plan.iter().for_each(|plan| drop(suite::read(&bundle, plan, &mut problems)));
        plan.iter().for_each(|plan| say_left_out(&bundle, plan, out));
        match self.format {
            Format::Human => out.data(&render::human(&problems, &bundle, Look::Colour))?,
            Format::Json => out.data(&render::json_lines(&problems, &bundle))?,
        }
        let Some(plan) = plan.filter(|_| problems.errors() == 0) else { return Ok(Ended::Problems) };
        if self.store && !deploy::say(&self.folder, (&plan, &bundle), self.env.as_deref(), out)?.is_empty() {
            return Ok(Ended::Problems);
        }
        if self.residue {
            out.data(&residue(&plan, self.format))?;
        }
        out.aside(&format!("{} is fine: {}", plan.project, census(&plan)));
        Ok(Ended::Fine)
    }
}

/// What the schemas leave open of each field of each map: a line each.
fn residue(plan: &Plan, format: Format) -> String {
    let effects = plan.flows.iter().flat_map(|flow| &flow.effects);
    let bodies = effects.filter_map(|effect| if let Body::Map(mapping) = &effect.body { Some(mapping) } else { None });
    let mut mappings: Vec<&Arc<Mapping>> = plan.maps.iter().map(|map| &map.mapping).chain(bodies).collect();
    mappings.sort_by(|one, other| one.name().cmp(other.name()));
    mappings.dedup_by(|one, other| one.name() == other.name());
    let mut text = String::new();
    for mapping in mappings {
        for (row, left) in mapping.lineage().iter().filter_map(|row| Some((row, row.residue.as_ref()?))) {
            for says in show::residue(left) {
                let line = match format {
                    Format::Human => format!("map {}, field {}: {says}\n", mapping.name(), row.target),
                    Format::Json => {
                        Object::new().text("map", mapping.name()).text("field", &row.target).text("residue", &says).end() + "\n"
                    }
                };
                text.push_str(&line);
            }
        }
    }
    text
}

/// The plan of a project, or the problems that keep it from having one.
pub fn plan_of(bundle: &Bundle, environment: Option<&str>, to: &mut Problems) -> Option<Plan> {
    project::check(bundle, spanwright_connect::ALL, environment, to)
}

/// Tests of flows that the environment switches off are neither checked nor played.
pub fn say_left_out(bundle: &Bundle, plan: &Plan, out: &mut Out) {
    for (file, flow) in suite::left_out(bundle, plan) {
        out.aside(&format!("{file} is left out: this environment switches the flow `{flow}` off"));
    }
}

/// `2 systems, 1 flow with 2 steps`
fn census(plan: &Plan) -> String {
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    // What follows a round is written in its flow, and the flows themselves are no system.
    let flows = plan.flows.iter().filter(|flow| !follows_rounds(&flow.name)).count();
    let systems = plan.systems.iter().filter(|system| system.is_outside()).count();
    let steps = plan.flows.iter().map(|flow| flow.steps.len() - usize::from(follows_rounds(&flow.name))).sum();
    format!("{}, {} with {}", count(systems, "system"), count(flows, "flow"), count(steps, "step"))
}
