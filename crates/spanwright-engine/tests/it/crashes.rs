//! Killed and started again: it goes on where the journal says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use spanwright_core::{
    deploy::SystemsOf,
    fact::{Fact, Store},
};
use spanwright_engine::{
    clock::{Clock, Reading},
    keep::{Keep, Look},
    pinned,
    shell::{Running, Why},
};
use spanwright_world::{Answer, Hostile, World, WorldSettings};

use crate::trial::{Trial, code_of, until};

#[test]
fn killed_again_and_again_it_brings_every_customer_over_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = WorldSettings::quiet(folder.path(), 600);
    settings.erp.page_size = 100;
    settings.crm.keeps_contacts = true;
    let world = World::start(settings).unwrap();
    let mut trial = Trial::within(&world);
    trial.edit("flows/customers.yaml", "most: 500, wait: 1s", "most: 40, wait: 10ms");
    // Each life ends a little later than the one before.
    for life in 1..=8 {
        let running = trial.start(false);
        until(&running, "some were taken or delivered", |state| state.facts >= life * 60);
        drop(running);
    }
    assert_eq!(trial.once().why, Why::Drained);
    let tally = world.tally(&trial.dead()).unwrap();
    assert_eq!((tally.right, tally.lost.len(), tally.duplicates), (600, 0, vec![]));
}

#[test]
fn a_call_that_was_under_way_when_it_was_killed_goes_again_with_its_key_and_bytes() {
    let erp = Hostile::start(vec![Answer::customers(3)]);
    let crm = Hostile::start(vec![Answer::HangAfterReading, Answer::all_contacts(200)]);
    let trial = Trial::between(&erp, &crm);
    let running = trial.start(false);
    until(&running, "the bulk call is read", |_| crm.received().len() == 1);
    drop(running);
    assert_eq!(trial.once().why, Why::Drained);
    let asked = crm.received();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
    assert_eq!(asked[0].text(), asked[1].text());
}

/// Of a batch under one key that was cut off, today's project does not ask for one any more: without it the others would go under
/// another key, so a person looks at all of them, and what comes later goes on.
#[test]
fn a_batch_that_was_cut_off_does_not_go_again_without_one_that_is_not_asked_for_any_more() {
    let erp = Hostile::start(vec![Answer::customers(3), Answer::customers(4)]);
    let crm = Hostile::start(vec![Answer::HangAfterReading, Answer::all_contacts(200)]);
    let mut trial = Trial::between(&erp, &crm);
    trial.edit("spanwright.yaml", "vars:\n", "vars:\n  LEFT_OUT: { about: A customer that is not sent, default: nobody }\n");
    trial.edit("flows/customers.yaml", "crm.upsertContacts, batch", "crm.upsertContacts, when: .externalId != $vars.LEFT_OUT, batch");
    let running = trial.start(false);
    until(&running, "the bulk call is read", |_| crm.received().len() == 1);
    drop(running);
    trial.edit("spanwright.yaml", "default: nobody", "default: ERP-100001");
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    let mut dead: Vec<_> = trial.dead().into_iter().map(|dead| (dead.key, dead.reason)).collect();
    dead.sort();
    let (not_asked, went_with) = ("what the flow says now does not ask for it", "one of them does not go again");
    assert!(
        matches!(&dead[..], [one, two, three] if one.0 == "100001" && one.1.contains(not_asked)
            && [two, three].iter().all(|mate| mate.1.contains(went_with))),
        "{dead:?}{}",
        trial.log_text()
    );
    let asked = crm.received();
    assert_eq!(asked.len(), 2, "{:?}", asked.iter().map(|asked| asked.text()).collect::<Vec<_>>());
    assert!(asked[1].text().contains("100004") && !asked[1].text().contains("100002"), "{}", asked[1].text());
}

/// Whether the last life ended with nothing on its way; asked as `hold` asks it, which leaves that as it was.
fn rested(trial: &Trial) -> bool {
    let mut keep = Keep::open(&trial.store_path(), code_of).unwrap();
    let opening = keep.opening().unwrap();
    keep.commit(&opening.rested.then_some(Fact::Rested { boot: opening.boot }).into_iter().collect::<Vec<_>>()).unwrap();
    opening.rested
}

#[test]
fn an_orderly_end_is_noted_and_a_start_that_cannot_listen_is_no_kill() {
    let erp = Hostile::start(vec![Answer::customers(3)]);
    let crm = Hostile::start(vec![Answer::all_contacts(200), Answer::HangAfterReading]);
    let mut trial = Trial::between(&erp, &crm);
    assert_eq!(trial.once().why, Why::Drained);
    assert!(rested(&trial), "all was heard of");
    let others = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("project: erp-to-crm\nlisten: {{ http: \"{}\" }}", others.local_addr().unwrap());
    trial.edit("spanwright.yaml", "project: erp-to-crm", &listen);
    assert!(trial.try_start(false).is_err());
    assert!(rested(&trial), "nothing was asked");
    trial.edit("spanwright.yaml", &listen, "project: erp-to-crm");
    let erp = Hostile::start(vec![Answer::customers(5)]);
    trial.variables.insert("ERP_URL".into(), erp.url());
    let running = trial.start(false);
    until(&running, "a call is read", |_| crm.received().len() == 2);
    drop(running);
    assert!(!rested(&trial), "a call was on its way");
}

/// A backup of what an engine left when it was stopped after one try, to be put in place later.
fn backed_up(trial: &Trial, running: Running) -> std::path::PathBuf {
    until(&running, "the first try is over", |state| state.counters.attempts >= 1);
    running.stop();
    crate::trial::wait(running);
    let copy = trial.store_path().with_extension("copy");
    Look::open(&trial.store_path(), code_of).unwrap().copy(&copy).unwrap();
    copy
}

#[test]
fn a_backup_that_is_put_in_place_says_so_once_and_goes_on_under_its_keys() {
    let shop = Hostile::start(vec![Answer::status(503), Answer::json(200, "{}")]);
    let orders = "flow: orders\nfrom: { http: POST /orders, key: .orderId }\nsteps: [{ send: shop.place }]\n";
    let mut trial = crate::doors::project(&[("orders", orders)], &shop);
    trial.edit("systems/shop.yaml", "tries: 1, first: 10ms, longest: 10ms", "tries: 9, first: 1s, longest: 1s");
    let running = trial.start(false);
    assert_eq!(crate::doors::Client::of(&running).post("/orders", &[], "{\"orderId\":7}").status, 202);
    let copy = backed_up(&trial, running);
    let once = || (trial.once().state.counters.done, trial.lines("journal-restored").len());
    assert_eq!(once(), (1, 0));
    std::fs::rename(&copy, trial.store_path()).unwrap();
    assert_eq!((once(), once()), ((1, 1), (0, 1)));
    let keys: Vec<_> = shop.received().iter().map(|request| request.header("idempotency-key").map(str::to_string)).collect();
    assert!(keys.len() == 3 && keys[0].is_some() && keys[1..] == [keys[0].clone(), keys[0].clone()], "{keys:?}");
}

/// Its batch may have gone since, under a key of others.
#[test]
fn what_a_backup_has_open_for_a_batch_under_one_key_is_not_asked_again() {
    let erp = Hostile::start(vec![Answer::customers(1)]);
    let crm = Hostile::start(vec![Answer::status(503), Answer::all_contacts(200)]);
    let trial = Trial::between(&erp, &crm);
    let copy = backed_up(&trial, trial.start(false));
    assert_eq!(trial.once().state.counters.done, 1);
    std::fs::rename(&copy, trial.store_path()).unwrap();
    let counters = trial.once().state.counters;
    assert_eq!((counters.done, counters.dead_letters(), crm.received().len()), (0, 1, 2));
}

#[test]
fn a_message_ends_under_the_map_that_it_began_under() {
    let erp = Hostile::start(vec![Answer::customers(1)]);
    let crm = Hostile::start(vec![Answer::status(503)]);
    let mut trial = Trial::between(&erp, &crm);
    let running = trial.start(false);
    until(&running, "the first try is over", |state| state.counters.attempts >= 1);
    drop(running);
    trial.edit("maps/customer-to-contact.yaml", "'\"ERP-\" + .'", "'\"NEW-\" + .'");
    // Another address: a server of a new script.
    let well = Hostile::start(vec![Answer::all_contacts(200)]);
    trial.variables.insert("CRM_URL".into(), well.url());
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    let bodies: Vec<String> = well.received().iter().map(|request| request.text()).collect();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert!(bodies[0].contains("\"ERP-") && !bodies[0].contains("\"NEW-"), "{bodies:?}");
}

/// A trial with a message that was taken by a project whose CRM was sick.
fn a_sick_day() -> (Hostile, Trial) {
    let erp = Hostile::start(vec![Answer::customers(1)]);
    let crm = Hostile::start(vec![Answer::status(503)]);
    let trial = Trial::between(&erp, &crm);
    let running = trial.start(false);
    until(&running, "the first try is over", |state| state.counters.attempts >= 1);
    drop(running);
    (erp, trial)
}

/// Steps and maps are those of then; where the system is, and what its address is made of, is today's.
#[test]
fn a_mended_address_is_for_messages_from_before_too() {
    let (_erp, mut trial) = a_sick_day();
    trial.edit("maps/customer-to-contact.yaml", "'\"ERP-\" + .'", "'\"NEW-\" + .'");
    for file in ["systems/crm.yaml", "spanwright.yaml"] {
        trial.edit(file, "CRM_URL", "CRM_ADDRESS");
    }
    let well = Hostile::start(vec![Answer::all_contacts(200)]);
    trial.variables.remove("CRM_URL");
    trial.variables.insert("CRM_ADDRESS".into(), well.url());
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    let bodies: Vec<String> = well.received().iter().map(|request| request.text()).collect();
    assert!(bodies.len() == 1 && bodies[0].contains("\"ERP-"), "{bodies:?}");
}

/// What today's systems do not allow goes on as it was, and it is said why.
#[test]
fn a_message_goes_on_as_it_was_where_todays_systems_do_not_fit() {
    let (_erp, mut trial) = a_sick_day();
    let then = trial.bundle();
    trial.write("flows/customers.yaml", "flow: customers\nfrom: { poll: erp.ListCustomers, every: 1h, key: .Number, each: .Customer }\nsteps: [{ send: crm.getContact, with: { externalId: .Number } }]\n");
    trial.edit("systems/crm.yaml", "may: { call: [upsertContacts, getContact] }", "may: { call: [getContact] }");
    let (pinned, connectors, open) = (pinned::pin(&then), spanwright_connect::ALL, ["customers".into()]);
    let SystemsOf::Then(why) = pinned::go_on(&pinned, &trial.bundle(), connectors, None, &open).unwrap().systems else { panic!() };
    assert!(why.starts_with("P0") && why.contains("upsertContacts"), "{why}");
    assert_eq!(pinned::go_on(&pinned, &then, connectors, None, &open).unwrap().systems, SystemsOf::Today);
    // Nothing of that flow is open: it keeps nobody from what was mended.
    let others = pinned::go_on(&pinned, &trial.bundle(), connectors, None, &["orders".into()]).unwrap();
    assert!(others.systems == SystemsOf::Today && others.plan.flow("customers").is_none(), "{:?}", others.systems);
}

/// A try that was not heard of went under a key: today's operation, which has none, would do it again.
#[test]
fn a_message_goes_on_as_it_was_where_todays_operation_bears_a_repeat_otherwise() {
    let mut trial = Trial::new();
    let then = trial.bundle();
    trial.edit("systems/crm.yaml", "    key: Idempotency-Key\n", "    safe: true\n");
    let goes_on = pinned::go_on(&pinned::pin(&then), &trial.bundle(), spanwright_connect::ALL, None, &["customers".into()]);
    let SystemsOf::Then(why) = goes_on.unwrap().systems else { panic!() };
    assert!(why.contains("`send-crm.upsertContacts`") && why.contains("repeat"), "{why}");
}

#[test]
fn messages_whose_plan_cannot_be_built_again_wait_and_are_said() {
    let erp = Hostile::start(vec![Answer::customers(1)]);
    let crm = Hostile::start(vec![Answer::status(503), Answer::all_contacts(200)]);
    let mut trial = Trial::between(&erp, &crm);
    let running = trial.start(false);
    until(&running, "the first try is over", |state| state.counters.attempts >= 1);
    drop(running);
    trial.edit("flows/customers.yaml", "within seconds", "within a minute");
    trial.rebuilds = false;
    let ended = trial.once();
    assert_eq!((ended.why, ended.state.plans_unbuilt, ended.state.counters.dead_letters()), (Why::PlansUnbuilt, 1, 0));
    assert_eq!(trial.lines("plan-unbuilt")[0]["error.code"], "R0105");
    trial.rebuilds = true;
    assert_eq!(trial.once().state.counters.done, 1, "the edition that can build it goes on");
}

/// Hands of a clock that is set back an hour when somebody says so.
pub fn hands() -> (Arc<AtomicU64>, Clock) {
    let (back, machine) = (Arc::new(AtomicU64::new(0)), Clock::of_machine());
    let (turned, start) = (back.clone(), machine.now());
    let clock = Clock::reading(move || {
        let now = machine.now();
        let wall = Duration::from_micros(now.0.unsigned_abs()) - Duration::from_secs(turned.load(Ordering::Relaxed));
        Reading { counted: now.since(start), wall }
    });
    (back, clock)
}

#[test]
fn a_clock_set_back_an_hour_stalls_nothing_and_repeats_nothing() {
    let erp = Hostile::start(vec![Answer::customers(2)]);
    let crm = Hostile::start(vec![Answer::status(503), Answer::status(503), Answer::all_contacts(200)]);
    let mut trial = Trial::between(&erp, &crm);
    let (back, clock) = hands();
    trial.clock = Arc::new(clock);
    let running = trial.start(true);
    until(&running, "the first try is over", |state| state.counters.attempts >= 1);
    back.store(3_600, Ordering::Relaxed);
    let ended = crate::trial::wait(running);
    assert_eq!((ended.why, crm.taken(), ended.state.counters.done), (Why::Drained, 3, 2));
}
