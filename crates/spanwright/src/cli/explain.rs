//! `spanwright explain CODE`: the page of a problem.

use anyhow::anyhow;
use clap::Args;
use spanwright_shape::text::{Code, did_you_mean};

use super::{
    Ended,
    out::{Format, Object, Out},
};
use crate::codes;

/// Explain a problem code: what it means, an example, what to do
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright explain S0203\n  spanwright explain            every code there is")]
pub struct Explain {
    /// As it stands in brackets behind `error`; without one, all codes are listed
    code: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Explain {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match &self.code {
            Some(id) => out.data(&self.page(named(id)?))?,
            None => codes::all().iter().try_for_each(|code| out.line(&self.row(code)))?,
        }
        Ok(Ended::Fine)
    }

    fn page(&self, code: &Code) -> String {
        match self.format {
            Format::Human => code.page.to_string(),
            Format::Json => Object::new().text("code", code.id).text("title", code.title).text("page", code.page).end() + "\n",
        }
    }

    fn row(&self, code: &Code) -> String {
        match self.format {
            Format::Human => format!("{}  {}", code.id, code.title),
            Format::Json => Object::new().text("code", code.id).text("title", code.title).end(),
        }
    }
}

fn named(id: &str) -> anyhow::Result<&'static Code> {
    codes::find(id).ok_or_else(|| {
        let meant = did_you_mean(&id.to_ascii_uppercase(), codes::all().iter().map(|code| code.id));
        anyhow!("there is no code `{id}`: {}", meant.unwrap_or_else(|| "`spanwright explain` lists all of them".into()))
    })
}
