//! Kill the process at any moment and start it again: it goes on, and the systems' own ledgers say that nothing was lost or doubled.
//! `KILLS=200` raises the number of kills, and the customers with it.

#![allow(clippy::unwrap_used)]

use std::{thread, time::Duration};

use spanwright_world::{CrmScript, ErpScript, World, WorldSettings};

use crate::project::{Project, ran};

/// After so many milliseconds it is killed, and started again.
const KILLS: [u64; 7] = [150, 400, 250, 700, 1_100, 300, 900];
/// Customers for each kill.
const CUSTOMERS_A_KILL: u64 = 300;

#[test]
fn killed_again_and_again_nothing_is_lost_or_doubled() {
    let kills: usize = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS.len());
    let customers = CUSTOMERS_A_KILL * kills as u64;
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    project.edit("flows/customers.yaml", "batch: { most: 500, wait: 1s }", "batch: { most: 50, wait: 20ms }");
    project.edit("systems/erp.yaml", "limits: { rate: 20/s, ", "limits: { ");
    let mut settings = WorldSettings::quiet(ledgers.path(), customers);
    settings.erp.page_size = 100;
    settings.erp.script = ErpScript { busy_at_call: Some(9), busy_seconds: 1, ..ErpScript::default() };
    settings.crm.keeps_contacts = true;
    settings.crm.script =
        CrmScript { cut_at_call: Some(3), away_at_call: Some(12), away_for: Duration::from_millis(700), limited_calls: 1 };
    let world = World::start(settings).unwrap();
    for milliseconds in KILLS.iter().cycle().take(kills).copied() {
        let mut running = project.begin(&world);
        thread::sleep(Duration::from_millis(milliseconds));
        // SIGKILL: no handler, no farewell.
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }
    let ran = ran(&mut project.command(&world, &["--once", "--log", "human", "--level", "error"]));
    let tally = world.tally(&[]).unwrap();
    assert_eq!((tally.lost.len(), tally.duplicates.len(), tally.wrong.len()), (0, 0, 0), "{:?} {:?}", tally.lost, tally.duplicates);
    assert_eq!((ran.code, tally.right), (0, customers), "{}{}", ran.out, ran.err);
}
