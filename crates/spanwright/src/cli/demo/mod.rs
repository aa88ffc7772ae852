//! `spanwright demo`: an example project on a bad day, against stand-ins that run in this process on loopback.
//!
//! The stand-ins and the engine share a process and nothing else: they talk over sockets, and what was lost, doubled or
//! called is read from the stand-ins' own ledgers afterwards.

mod nightly;
mod saga;
mod sale;
mod summary;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use spanwright_engine::{
    shell::{State, Why},
    variables::Variables,
};
use spanwright_world::{World, WorldSettings};
use summary::Summary;

use super::{
    Ended, embedded,
    folder::Folder,
    out::{Format, Out},
    progress::{self, Show},
    run::Project,
    story::thousands,
};

/// Customers that the ERP has.
const CUSTOMERS: u64 = 1_000;
/// Nothing is open and nothing has come for so long: some polls have brought no news.
const QUIET: Duration = Duration::from_secs(5);
/// A demo that takes longer is stopped: what it promises is less than a minute.
const DEMO_TIME_MOST: Duration = Duration::from_secs(55);
/// Folders that are tried where none is named.
const FOLDERS_MOST: u32 = 100;

/// Of what an example has, at most.
const SIZE_MOST: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Example {
    /// Customers of a SOAP ERP as contacts in a REST CRM
    #[default]
    ErpToCrm,
    /// Reserve, charge, ship; or refund and release
    OrderSaga,
    /// A payment gateway in a sale
    FlashSale,
    /// One call a record, or a thousand records a call
    NightlySync,
}

/// See it work: an example project, its stand-ins, a bad day, and nothing lost
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright demo                        a SOAP ERP, a REST CRM\n  spanwright demo order-saga             done or undone, through three kills\n  \
    spanwright demo flash-sale             10,000 payments through 429, 503 and an outage\n  spanwright demo nightly-sync           one call a record against a thousand a call\n  \
    spanwright demo --folder /tmp/try --format json"
)]
pub struct Demo {
    /// Which example
    #[arg(value_enum, default_value_t)]
    example: Example,
    /// How many orders, payments or records
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=SIZE_MOST))]
    size: Option<u64>,
    /// Where the project is written; it must not be there yet [default: spanwright-demo, or the first number behind it that is free]
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    folder: Option<PathBuf>,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Demo {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let path = self.folder()?;
        let folder = Folder::at(&path);
        match self.example {
            Example::ErpToCrm => self.day(&path, &folder, out),
            Example::OrderSaga => saga::run(&path, &folder, self, out),
            Example::FlashSale => sale::run(&path, &folder, self, out),
            Example::NightlySync => nightly::run(&path, &folder, self, out),
        }
    }

    fn day(&self, path: &Path, folder: &Folder, out: &mut Out) -> anyhow::Result<Ended> {
        let began = Instant::now();
        embedded::write(embedded::EXAMPLE, path)?;
        let customers = self.size.unwrap_or(CUSTOMERS);
        let world = start_world(folder, customers)?;
        introduce(path, customers, out);
        let project = Project::open(folder.clone(), None, out)?;
        // These and no others: a variable of the caller's process may lead to a real system.
        let values = world.variables().iter().map(|(name, value)| ((*name).to_string(), value.clone()));
        let begun = project.start(Variables::fixed(values.collect()), false, None)?;
        let mut calm = Calm::since(began);
        let ended = progress::follow(begun, &Show::fitting(out), out, |state| calm.is_enough(state));
        if let Why::Broken(_) = ended.why {
            bail!("{}", ended.why);
        }
        // What is still open then would be counted as lost.
        if !calm.is_over {
            bail!("the demo was ended before its day was over; its project stays in `{}`", path.display());
        }
        let summary = Summary::of(&ended.state, folder, &world, calm.last_news - began)?;
        world.stop();
        match self.format {
            Format::Human => out.data(&summary.human(path))?,
            Format::Json => out.line(&summary.json())?,
        }
        Ok(if summary.is_whole() { Ended::Fine } else { Ended::Problems })
    }

    fn folder(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let name = match self.example {
            Example::ErpToCrm => "spanwright-demo",
            Example::OrderSaga => "spanwright-order-saga",
            Example::FlashSale => "spanwright-flash-sale",
            Example::NightlySync => "spanwright-nightly-sync",
        };
        let numbered = (2..FOLDERS_MOST).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.to_string()).chain(numbered);
        names.find(|name| !Path::new(name).exists()).map(PathBuf::from).context("there are a hundred demos here already: name a `--folder`")
    }
}

/// Both stand-ins, with their ledgers beside the journal.
fn start_world(folder: &Folder, customers: u64) -> anyhow::Result<World> {
    World::start(WorldSettings::lively(&ledgers(folder)?, customers)).context("starting the stand-ins on loopback")
}

/// Where the stand-ins of an example write what they saw and did.
fn ledgers(folder: &Folder) -> anyhow::Result<PathBuf> {
    let ledgers = folder.make_state()?.join("world");
    fs::create_dir_all(&ledgers).with_context(|| format!("making `{}`", ledgers.display()))?;
    Ok(ledgers)
}

/// The variables that lead to a stand-in, and no others: one of the caller's process may lead to a real system.
fn fixed(variables: Vec<(&'static str, String)>) -> Variables {
    Variables::fixed(variables.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

fn introduce(path: &Path, customers: u64, out: &mut Out) {
    let (customers, folder) = (thousands(customers), path.display());
    out.aside(&format!(
        "An ERP (SOAP) and a CRM (REST, OAuth2) run on loopback. Each of the ERP's {customers} customers shall be a contact in the CRM, once.\n\
         It is a bad day: the CRM will cut a call, go away, and limit the rate; a page of the ERP is busy; two customers cannot be delivered.\n\
         The project that does it is in {folder}: see flows/customers.yaml and maps/customer-to-contact.yaml.\n"
    ));
}

/// Whether the day is over: everything is delivered, and some polls have brought no news.
struct Calm {
    began: Instant,
    last_news: Instant,
    last_seen: (u64, u64, u64),
    is_over: bool,
}

impl Calm {
    fn since(began: Instant) -> Calm {
        Calm { began, last_news: Instant::now(), last_seen: (0, 0, 0), is_over: false }
    }

    fn is_enough(&mut self, state: &State) -> bool {
        let seen = (state.counters.taken, state.counters.attempts, state.counters.polls_failed);
        if seen != self.last_seen || state.standing.open > 0 {
            (self.last_seen, self.last_news) = (seen, Instant::now());
        }
        let quiet = state.counters.taken > 0 && self.last_news.elapsed() >= QUIET;
        self.is_over = quiet || self.began.elapsed() >= DEMO_TIME_MOST;
        self.is_over
    }
}
