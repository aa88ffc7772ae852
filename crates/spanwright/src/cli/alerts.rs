//! `spanwright alerts`: what channels were told and that is not over; and whether a channel works.

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use spanwright_core::{
    alert::{AlertRow, Cause, CauseKind, Notice, State},
    connector::Outcome,
    desk::{CallId, Tell},
};
use spanwright_engine::{observe::timestamp, tell, wire::HttpSettings};
use std::sync::Arc;

use super::{
    Ended,
    folder::Folder,
    journal,
    out::{Format, Object, Out},
    run::Project,
    story::words,
};

/// Show what people were told and that is not over; try a channel
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  spanwright alerts\n  spanwright alerts test ops      raises an alert and says that it is over\n\n\
    Dead letters that are replayed, discarded or acknowledged are over."
)]
pub struct Alerts {
    #[command(subcommand)]
    act: Option<Act>,
    #[command(flatten)]
    folder: Folder,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Subcommand)]
enum Act {
    /// Tell a channel something, and that it is over
    Test {
        /// The channel, as it is named under `alerts:`
        channel: String,
        #[command(flatten)]
        folder: Folder,
        /// With the values of environments/NAME.yaml
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
    },
}

impl Alerts {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match &self.act {
            None => self.list(out),
            Some(Act::Test { channel, folder, env }) => test(channel, folder, env.as_deref(), out),
        }
    }

    /// 1 where something stands.
    fn list(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let alerts = journal::look(&self.folder)?.alerts().map_err(journal::fault)?;
        for row in &alerts {
            out.line(&match self.format {
                Format::Human => human(row),
                Format::Json => json(row),
            })?;
        }
        if alerts.is_empty() {
            out.aside("nothing stands that anybody was told of");
        }
        Ok(if alerts.is_empty() { Ended::Fine } else { Ended::Problems })
    }
}

fn notice(row: &AlertRow) -> Notice {
    Notice { state: State::Raised, cause: row.cause.clone(), count: row.count, since: row.since, until: None, why: None, said: None }
}

fn human(row: &AlertRow) -> String {
    format!("{} since {}: {}", row.channel, timestamp(row.since), notice(row).words())
}

fn json(row: &AlertRow) -> String {
    Object::new()
        .text("channel", &row.channel)
        .text("cause", row.cause.kind.word())
        .text("of", &row.cause.of)
        .text("code", &row.cause.code)
        .number("count", row.count)
        .text("since", &timestamp(row.since))
        .text("told", &row.told.map(timestamp).unwrap_or_default())
        .text("words", &notice(row).words())
        .end()
}

fn test(name: &str, folder: &Folder, environment: Option<&str>, out: &mut Out) -> anyhow::Result<Ended> {
    let project = Project::open(folder.clone(), environment, out)?;
    let variables = project.variables(out)?;
    let plan = Arc::new(project.into_plan());
    let Some(channel) = plan.alerts.iter().position(|channel| &*channel.rule.channel == name) else {
        let names: Vec<&str> = plan.alerts.iter().map(|channel| &*channel.rule.channel).collect();
        bail!(
            "there is no channel `{name}` under `alerts:`; there is {}",
            if names.is_empty() { "none".to_string() } else { names.join(", ") }
        );
    };
    for (state, word) in [(State::Raised, "raised"), (State::Over, "over")] {
        let now = journal::now();
        let cause = Cause::new(CauseKind::Trial, &"a trial".into());
        let notice = Notice { state, cause, count: 0, since: now, until: (state == State::Over).then_some(now), why: None, said: None };
        let job = Tell { call: CallId(0), plan: plan.clone(), channel, notice };
        match tell::once(job, &variables, &HttpSettings::default()).map_err(|why| anyhow!(why))? {
            Outcome::Delivered(_) => out.line(&format!("{name} took it: {word}"))?,
            Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Never(why) => {
                out.line(&format!("{name} was not told: {}", words(&why)))?;
                return Ok(Ended::Problems);
            }
        }
    }
    Ok(Ended::Fine)
}
