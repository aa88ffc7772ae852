//! The CRM behind a proxy that misbehaves: whatever was heard of a call, the CRM's own ledger has each contact once.

use std::time::Duration;

use spanwright_engine::shell::Why;
use spanwright_world::{
    World, WorldSettings,
    chaos::{Chaos, Mishap},
};

use crate::trial::Trial;

const CUSTOMERS: u64 = 200;

/// A day on which every second connection meets this mishap.
fn check(mishap: Mishap) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = WorldSettings::quiet(folder.path(), CUSTOMERS);
    settings.crm.keeps_contacts = true;
    let world = World::start(settings).unwrap();
    let mut trial = Trial::within(&world);
    let crm = trial.variables["CRM_URL"].clone();
    let chaos = Chaos::start(crm.trim_start_matches("http://").parse().unwrap(), vec![mishap, Mishap::None]);
    trial.variables.insert("CRM_URL".into(), chaos.url());
    trial.edit("flows/customers.yaml", "most: 500, wait: 1s", "most: 20, wait: 10ms");
    trial.edit("systems/crm.yaml", "timeout: 5s", "timeout: 300ms");
    trial.edit("systems/crm.yaml", "first: 250ms", "first: 20ms");
    trial.edit("systems/crm.yaml", "longest: 3s", "longest: 50ms");
    trial.edit("systems/crm.yaml", "hold: 2s, longest: 5s", "hold: 50ms, longest: 100ms");
    let ended = trial.once();
    let tally = world.tally(&trial.dead()).unwrap();
    assert_eq!((ended.why, tally.right, tally.lost.len(), tally.duplicates.len()), (Why::Drained, CUSTOMERS, 0, 0), "{mishap:?}");
    assert!(chaos.met() >= 10, "{} connections met {mishap:?}", chaos.met());
}

#[test]
fn latency_loses_nothing_and_doubles_nothing() {
    check(Mishap::Latency(Duration::from_millis(80)));
}

#[test]
fn a_reset_loses_nothing_and_doubles_nothing() {
    check(Mishap::Reset);
}

#[test]
fn a_black_hole_loses_nothing_and_doubles_nothing() {
    check(Mishap::BlackHole);
}

#[test]
fn a_cut_behind_the_request_loses_nothing_and_doubles_nothing() {
    check(Mishap::CutAfterRequest);
}

#[test]
fn a_cut_in_the_head_of_the_answer_loses_nothing_and_doubles_nothing() {
    check(Mishap::CutInsideAnswer(20));
}

#[test]
fn a_cut_in_the_body_of_the_answer_loses_nothing_and_doubles_nothing() {
    check(Mishap::CutInsideAnswer(300));
}

#[test]
fn an_answer_that_drips_for_longer_than_we_wait_loses_nothing_and_doubles_nothing() {
    check(Mishap::SlowLoris(Duration::from_millis(5)));
}
