//! `spanwright demo order-saga`: orders that are done or undone, while the process that does it is killed three times.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use spanwright_world::{Market, MarketSettings, MarketTally};

use super::{Demo, ledgers};
use crate::cli::{
    Ended, embedded,
    folder::Folder,
    out::{Format, Object, Out},
};

/// Orders of the shop where nothing is said.
const ORDERS: u64 = 12;
/// Just after the first of each of these was written into the ledger, and before its answer is sent, the process is killed.
const KILLED_AT: [&str; 3] = ["charged", "refunded", "released"];
/// So long an answer takes: time enough to be killed in.
const ANSWERS_AFTER: Duration = Duration::from_millis(150);
/// How long a moment is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the ledger is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

pub(super) fn run(path: &Path, folder: &Folder, demo: &Demo, out: &mut Out) -> anyhow::Result<Ended> {
    let orders = demo.size.unwrap_or(ORDERS);
    embedded::write(embedded::ORDER_SAGA, path)?;
    let settings = MarketSettings { answers_after: ANSWERS_AFTER, ..MarketSettings::lively(&ledgers(folder)?, orders) };
    let market = Market::start(settings).context("starting the stand-ins on loopback")?;
    out.aside(&format!(
        "A shop, a warehouse, a bank and a carrier run on loopback. Each of {orders} orders is reserved, charged and shipped; the carrier refuses \
         each third.\nThe bank knows no idempotency keys, and one of its answers is lost. The process is killed three times on the way.\n\
         The project that does it is in {}: see flows/checkout.yaml.\n",
        path.display()
    ));
    let mut kills = 0;
    for moment in KILLED_AT {
        let before = count(market.ledger(), moment)?;
        let mut process = begin(path, &market, &[])?;
        let seen = wait_for(market.ledger(), moment, before)?;
        // SIGKILL: no handler, no farewell.
        process.kill().context("killing the process")?;
        process.wait().context("waiting for the killed process")?;
        kills += u64::from(seen);
        out.aside(&format!("killed just after something was {moment}, before its answer was heard; started again"));
    }
    let ended = begin(path, &market, &["--once"])?.wait().context("waiting for the process")?;
    let tally = market.tally()?;
    market.stop();
    match demo.format {
        Format::Human => out.data(&human(&tally, kills, path))?,
        Format::Json => out.line(&json(&tally, kills))?,
    }
    Ok(if tally.wrong.is_empty() && ended.success() { Ended::Fine } else { Ended::Problems })
}

fn begin(path: &Path, market: &Market, more: &[&str]) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("finding this program")?;
    let mut command = Command::new(program);
    command.arg("run").args(["--log", "human", "--level", "warn"]).args(more).arg(path).envs(market.variables());
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("starting this program once more")
}

fn wait_for(ledger: &Path, what: &str, before: usize) -> anyhow::Result<bool> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if count(ledger, what)? > before {
            return Ok(true);
        }
        thread::sleep(LOOK_EVERY);
    }
    if before == 0 { bail!("in {} s nothing was {what}", PATIENCE.as_secs()) } else { Ok(false) }
}

fn count(ledger: &Path, what: &str) -> anyhow::Result<usize> {
    let text = fs::read_to_string(ledger).with_context(|| format!("reading `{}`", ledger.display()))?;
    let begins = format!(r#"{{"what":"{what}""#);
    Ok(text.lines().filter(|line| line.starts_with(&begins)).count())
}

fn human(tally: &MarketTally, kills: u64, path: &Path) -> String {
    let mut text = format!(
        "\n{:>8}  shipped     reserved, charged and shipped, each once\n{:>8}  undone      the carrier refused: refunded, then released, each once\n\
         {:>8}  wrong       anything else, by the ledger of those who did it\n{:>8}  asked       questions to the bank whether a charge was made\n\
         {kills:>8}  kills\n",
        tally.shipped,
        tally.undone,
        tally.wrong.len(),
        tally.asked
    );
    tally.wrong.iter().for_each(|wrong| text += &format!("{:>12}{wrong}\n", ""));
    text + &format!("\nTry next:\n  spanwright messages {}\n", path.display())
}

fn json(tally: &MarketTally, kills: u64) -> String {
    Object::new()
        .number("shipped", tally.shipped)
        .number("undone", tally.undone)
        .number("wrong", tally.wrong.len() as u64)
        .number("asked", tally.asked)
        .number("kills", kills)
        .end()
}
