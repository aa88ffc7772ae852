//! `spanwright test`: plays `tests/*.test.yaml`. It needs no variable and reaches nothing.

mod add;
mod report;

use std::{fs, sync::Arc, time::Instant};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use spanwright_core::plan::Plan;
use spanwright_lab::suite::{self, Options, Report, Test as TestFile};
use spanwright_shape::text::{
    Bundle, Problems,
    render::{self, Look},
};

use super::{
    Ended,
    check::{plan_of, say_left_out},
    folder::Folder,
    out::Out,
};

/// Play the project's tests: given, when, then, without a socket
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  spanwright test\n  \
    spanwright test examples/erp-to-crm --only 'customers: a company'\n  \
    spanwright test --coverage --threshold 80       what no test tries; 1 where less than 80% is tried\n  \
    spanwright test --update                        takes the snapshots again; read their diff\n  \
    spanwright test --format junit > junit.xml\n  \
    spanwright test add --from 4711                 what happened to run 4711 becomes a test, without personal data"
)]
pub struct Test {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    folder: Folder,
    /// With the values of environments/NAME.yaml
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Only cases in whose `test: case` this stands
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Takes the snapshots again, and does not compare them
    #[arg(long)]
    update: bool,
    /// Names what no test tries
    #[arg(long)]
    coverage: bool,
    /// Fails where less than so many percent are tried
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    threshold: Option<u32>,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

#[derive(Subcommand)]
enum What {
    Add(add::Add),
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For a person
    #[default]
    Human,
    /// One JSON object a case
    Json,
    /// The XML that CI servers read
    Junit,
    /// Test Anything Protocol, version 14
    Tap,
}

fn percent(text: &str) -> Result<u32, String> {
    let number = text.trim_end_matches('%').parse().ok().filter(|number| *number <= 100);
    number.ok_or_else(|| "a number from 0 to 100".to_string())
}

/// A project whose tests can be played.
struct Suite {
    bundle: Bundle,
    plan: Arc<Plan>,
    tests: Vec<TestFile>,
}

impl Suite {
    fn open(folder: &Folder, environment: Option<&str>, out: &mut Out) -> anyhow::Result<Suite> {
        let bundle = folder.bundle()?;
        let mut problems = Problems::new();
        let plan = plan_of(&bundle, environment, &mut problems);
        let tests = plan.as_ref().map(|plan| suite::read(&bundle, plan, &mut problems)).unwrap_or_default();
        out.aside_text(&render::human(&problems, &bundle, Look::Colour));
        plan.iter().for_each(|plan| say_left_out(&bundle, plan, out));
        match plan {
            Some(plan) if problems.errors() == 0 => Ok(Suite { bundle, plan: Arc::new(plan), tests }),
            _ => bail!("the project has problems, so its tests are not played"),
        }
    }

    fn play(&self, options: Options<'_>) -> Report {
        suite::play(&self.tests, &self.plan, &self.bundle, options)
    }
}

impl Test {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match &self.what {
            Some(What::Add(add)) => add.run(out),
            None => self.play(out),
        }
    }

    fn play(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let suite = Suite::open(&self.folder, self.env.as_deref(), out)?;
        let began = Instant::now();
        let report = suite.play(Options { only: self.only.as_deref(), update: self.update });
        let took = began.elapsed();
        if self.update {
            self.write(&suite, &report, out)?;
        }
        out.data(&match self.format {
            Form::Human => report::human(&report, &suite.bundle, took, self.coverage || self.threshold.is_some()),
            Form::Json => report::json(&report, &suite.bundle),
            Form::Junit => report::junit(&report, &suite.bundle, &suite.plan.project, took),
            Form::Tap => report::tap(&report, &suite.bundle),
        })?;
        Ok(if self.holds(&report, out) { Ended::Fine } else { Ended::Problems })
    }

    fn holds(&self, report: &Report, out: &mut Out) -> bool {
        if report.cases.is_empty() {
            out.aside(match &self.only {
                Some(_) => "no case has this in its name",
                None => "there is no test: write `tests/NAME.test.yaml`, or `spanwright test add --from MESSAGE`",
            });
            return false;
        }
        let percent = report.coverage.percent();
        let enough = self.threshold.is_none_or(|threshold| percent >= threshold);
        if let (false, Some(threshold)) = (enough, self.threshold) {
            out.aside(&format!("{percent}% is tried, and the threshold is {threshold}%"));
        }
        report.failed() == 0 && enough
    }

    fn write(&self, suite: &Suite, report: &Report, out: &mut Out) -> anyhow::Result<()> {
        for (path, bytes) in &report.snapshots {
            if suite.bundle.find(path).is_some_and(|file| suite.bundle.bytes(file) == bytes.as_slice()) {
                continue;
            }
            let place = self.folder.folder.join(path);
            let doing = || format!("writing `{}`", place.display());
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent).with_context(doing)?;
            }
            fs::write(&place, bytes).with_context(doing)?;
            out.aside(&format!("wrote {path}"));
        }
        Ok(())
    }
}
