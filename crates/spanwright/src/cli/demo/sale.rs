//! `spanwright demo flash-sale`: payments through rate limits, overload and an outage.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use spanwright_engine::shell::{State, Why};
use spanwright_world::{Gateway, GatewaySettings, SaleTally};

use super::{Demo, fixed, ledgers};
use crate::cli::{
    Ended, embedded,
    folder::Folder,
    out::{Format, Object, Out},
    progress::{self, Show},
    run::Project,
    story::{seconds, thousands},
};

/// Payments of the sale where nothing is said.
const PAYMENTS: u64 = 10_000;
/// How long the gateway is dead.
const DEAD_FOR: Duration = Duration::from_secs(4);
/// A sale that takes longer is stopped.
const TIME_MOST: Duration = Duration::from_secs(600);

pub(super) fn run(path: &Path, folder: &Folder, demo: &Demo, out: &mut Out) -> anyhow::Result<Ended> {
    let payments = demo.size.unwrap_or(PAYMENTS);
    embedded::write(embedded::FLASH_SALE, path)?;
    let ledger = ledgers(folder)?.join("gateway.jsonl");
    let gateway = Gateway::start(GatewaySettings { ledger, payments, dead_for: DEAD_FOR }).context("starting the stand-ins on loopback")?;
    out.aside(&format!(
        "A shop and a payment gateway run on loopback; {} payments are to be made. The gateway will limit the rate, be overloaded, and die for {}.\n\
         The project that makes them is in {}: see flows/payments.yaml and systems/gateway.yaml.\n",
        thousands(payments),
        seconds(DEAD_FOR),
        path.display()
    ));
    let project = Project::open(folder.clone(), None, out)?;
    let (began, mut over) = (Instant::now(), false);
    let begun = project.start(fixed(gateway.variables()), false, None)?;
    let ended = progress::follow(begun, &Show::fitting(out), out, |state| {
        over = state.counters.taken >= payments && state.standing.open == 0;
        over || began.elapsed() > TIME_MOST
    });
    if let Why::Broken(_) = ended.why {
        bail!("{}", ended.why);
    }
    let time = began.elapsed();
    let tally = gateway.tally()?;
    gateway.stop();
    match demo.format {
        Format::Human => out.data(&human(&tally, &ended.state, time))?,
        Format::Json => out.line(&json(&tally, &ended.state, time))?,
    }
    let whole = over && tally.twice == 0 && tally.missing == 0 && ended.state.counters.dead_letters() == 0;
    Ok(if whole { Ended::Fine } else { Ended::Problems })
}

fn human(tally: &SaleTally, state: &State, time: Duration) -> String {
    let answered = |status| thousands(tally.answers.get(&status).copied().unwrap_or(0));
    let failed = tally.failed.max(1);
    let mut text = String::from("\nBy the gateway's own ledger:\n");
    for (number, noun, about) in [
        (tally.once, "once", "customers who paid exactly once".to_string()),
        (tally.twice, "twice", "customers who paid more than once".to_string()),
        (tally.missing, "missing", "customers who did not pay".to_string()),
        (
            tally.failed,
            "failed",
            format!(
                "payments that were not taken at the first try: {} x 429, {} x 503, {} x no answer",
                answered(429),
                answered(503),
                answered(0)
            ),
        ),
        (tally.recovered, "recovered", format!("of those: {} %", 100 * tally.recovered / failed)),
    ] {
        text += &format!("{:>8}  {noun:<10} {about}\n", thousands(number));
    }
    let counters = &state.counters;
    text += &format!(
        "{:>8}  opened     the breaker held the gateway, tried it with single payments, and closed {} times\n{:>8}  from the first poll to the last payment\n",
        counters.breaker_opened,
        counters.breaker_closed,
        seconds(time)
    );
    text
}

fn json(tally: &SaleTally, state: &State, time: Duration) -> String {
    let answered = |status| tally.answers.get(&status).copied().unwrap_or(0);
    Object::new()
        .number("once", tally.once)
        .number("twice", tally.twice)
        .number("missing", tally.missing)
        .number("failed", tally.failed)
        .number("recovered", tally.recovered)
        .number("answers_429", answered(429))
        .number("answers_503", answered(503))
        .number("no_answer", answered(0))
        .number("breaker_opened", state.counters.breaker_opened)
        .number("breaker_closed", state.counters.breaker_closed)
        .number("dead_letters", state.counters.dead_letters())
        .number("milliseconds", time.as_millis() as u64)
        .end()
}
