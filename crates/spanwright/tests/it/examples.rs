//! The other examples, each judged by the ledger of those who were on the other side.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use spanwright_world::{depot, gateway, market};

use crate::project::run;

fn summary(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let all = [&["demo"], arguments, &["--format", "json", "--folder", folder.to_str().unwrap()]].concat();
    let ran = run(&all);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    serde_json::from_str(ran.out.lines().last().unwrap()).unwrap()
}

#[test]
fn an_order_is_done_or_undone_through_three_kills() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("saga");
    let said = summary(&folder, &["order-saga", "--size", "9"]);
    assert_eq!((&said["wrong"], &said["kills"]), (&0.into(), &3.into()), "{said}");
    let tally = market::tally(&folder.join(".spanwright/world/market.jsonl"), 9).unwrap();
    assert_eq!((tally.shipped, tally.undone, tally.wrong), (6, 3, Vec::new()), "each third is refunded and released, once");
    assert!(tally.asked > 0, "the bank was asked about the charge whose answer was lost");
    let dead = run(&["dead-letters", folder.to_str().unwrap()]);
    assert_eq!(dead.code, 0, "what the flow has dealt with is no dead letter: {}", dead.out);
    each_order_that_is_done_becomes_a_test_that_shows_what_happened(&folder);
}

fn each_order_that_is_done_becomes_a_test_that_shows_what_happened(folder: &Path) {
    let listed = run(&["messages", "--state", "done", "--format", "json", folder.to_str().unwrap()]).out;
    assert_eq!(listed.lines().count(), 6, "{listed}");
    for line in listed.lines() {
        let done: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = format!("seen-{}", done["run"]);
        let added = run(&["test", "add", "--name", &name, "--from", &done["run"].to_string(), folder.to_str().unwrap()]);
        let text = std::fs::read_to_string(folder.join(format!("tests/{name}.test.yaml"))).unwrap();
        assert_eq!(added.code, 0, "{}{text}", added.err);
        // Of a charge whose answer a kill has taken it is the question that was answered.
        let answered = text.contains("{ to: pay.charge, gives: {");
        let asked = text.contains("{ to: pay.charge, cut: after }") && text.contains("{ to: pay.findCharge, gives: {");
        assert!(answered || asked, "{text}");
    }
}

#[test]
fn a_sale_loses_no_payment_and_makes_none_twice() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("sale");
    let payments = std::env::var("PAYMENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(800);
    let said = summary(&folder, &["flash-sale", "--size", &payments.to_string()]);
    let tally = gateway::tally(&folder.join(".spanwright/world/gateway.jsonl"), payments).unwrap();
    assert_eq!((tally.once, tally.twice, tally.missing), (payments, 0, 0), "{said}");
    assert!(tally.failed > 0 && tally.recovered == tally.failed, "{said}");
    for status in [429, 503, 0] {
        assert!(tally.answers.get(&status).is_some_and(|count| *count > 0), "no {status} in {said}");
    }
    assert!(said["breaker_opened"].as_u64() > Some(0) && said["breaker_closed"].as_u64() > Some(0), "{said}");
}

#[test]
fn a_thousand_records_a_call_are_a_thousandth_of_the_calls() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("nightly");
    let said = summary(&folder, &["nightly-sync", "--size", "1000"]);
    let ledger = folder.join(".spanwright/world/depot.jsonl");
    let (one, bulk) = (depot::tally(&ledger, "one").unwrap(), depot::tally(&ledger, "bulk").unwrap());
    assert_eq!((one.calls, one.records, bulk.calls, bulk.records), (1000, 1000, 1, 1000), "{said}");
}
