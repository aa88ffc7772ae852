//! The demo's promise, judged by the ledgers of its stand-ins and by their own counting.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, path::Path};

use crate::project::run;

#[test]
fn a_bad_day_loses_nothing_and_doubles_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("demo");
    let ran = run(&["demo", "--format", "json", "--folder", folder.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let summary: serde_json::Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    let keys: Vec<&String> = summary.as_object().unwrap().keys().collect();
    let expected = ["calls", "calls_one_by_one", "dead_letters", "delivered", "duplicates", "lost", "retried", "seconds", "taken"];
    assert_eq!(keys, expected, "{summary}");
    assert_eq!((&summary["lost"], &summary["duplicates"], &summary["dead_letters"]), (&0.into(), &0.into(), &2.into()), "{summary}");
    assert!(summary["retried"].as_u64() > Some(0) && summary["calls"].as_u64() < summary["calls_one_by_one"].as_u64(), "{summary}");
    assert!(summary["seconds"].as_f64() < Some(60.0), "{summary}");
    told(&ran.err);
    dead_letters(&folder);
    the_second_state_is_in_the_crm(&folder.join(".spanwright/world"));
}

/// Each turn of the day is told.
fn told(story: &str) {
    for turn in
        ["BusyFault", "connection ended without an answer", "answers 503", "held for", "answers 429", "asked us to wait", "dead letter"]
    {
        assert!(story.contains(turn), "{turn} is not told:\n{story}");
    }
}

fn dead_letters(folder: &Path) {
    let ran = run(&["dead-letters", "--format", "json", folder.to_str().unwrap()]);
    let causes: Vec<serde_json::Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut codes: Vec<&str> = causes.iter().map(|cause| cause["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!((ran.code, codes), (1, vec!["R0003", "R2015"]), "{}", ran.out);
    assert!(ran.out.contains("email") && ran.out.contains("CreditLimit"), "{}", ran.out);
}

/// The customer that changed twice while the CRM was away: the last that was served is the last that was applied.
fn the_second_state_is_in_the_crm(ledgers: &Path) {
    let (served, applied) = (versions(ledgers, "erp.jsonl", "served"), versions(ledgers, "crm.jsonl", "applied"));
    let changed: Vec<_> = served.iter().filter(|(_, versions)| versions.len() > 1).collect();
    assert_eq!(changed.len(), 1, "one customer changes");
    let (customer, versions) = changed[0];
    assert_eq!(versions.len(), 3, "twice");
    assert_eq!(applied[customer].last().map(|version| &version[..19]), versions.last().map(String::as_str));
}

/// Each customer's different versions in a ledger, in order.
fn versions(ledgers: &Path, file: &str, what: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in fs::read_to_string(ledgers.join(file)).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["what"] == what {
            let (customer, version) = (line["customer"].as_str().unwrap(), line["version"].as_str().unwrap().to_string());
            let versions = found.entry(customer.trim_start_matches("ERP-").to_string()).or_default();
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
    }
    found
}
