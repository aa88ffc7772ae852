//! An ERP on PHP's ext-soap, and Stoplight Prism between us and the CRM: neither shares a line with us.

use std::collections::BTreeMap;

use spanwright_engine::{
    shell::{Ended, Why},
    variables::Variables,
};
use spanwright_proof::project::{Project, repository};
use spanwright_world::Peers;

const CUSTOMERS: u64 = 1_200;
const NOT_THERE: &str =
    "the peers are not installed: run tests/peers/setup.sh (PHP 8.2 with ext-soap, Node.js packages), then this test again";

/// The first call of the ERP but one is answered with its declared fault.
fn peers(folder: &tempfile::TempDir) -> Peers {
    Peers::start(&repository(), folder.path(), CUSTOMERS, Some(2)).unwrap_or_else(|error| panic!("{NOT_THERE}\n{error}"))
}

fn once(project: &Project, folder: &tempfile::TempDir, peers: &Peers) -> Ended {
    let variables: BTreeMap<String, String> = peers.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let running = project.start(&folder.path().join("journal.db"), Variables::fixed(variables), None, true);
    running.unwrap().wait()
}

#[test]
fn php_is_understood_and_prism_finds_nothing_against_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let peers = peers(&folder);
    let ended = once(&Project::example().unwrap(), &folder, &peers);
    assert_eq!(ended.why, Why::Drained);
    assert_eq!(peers.violations().unwrap(), Vec::<String>::new());
    let tally = peers.tally(&[]).unwrap();
    assert_eq!((tally.lost, tally.duplicates, tally.wrong), (vec![], vec![], vec![]));
    assert_eq!((tally.customers, tally.right), (CUSTOMERS, CUSTOMERS));
    let counters = &ended.state.counters;
    assert_eq!((counters.taken, counters.done, counters.dead_letters()), (CUSTOMERS, CUSTOMERS, 0));
    assert_eq!(counters.polls_failed, 1, "the busy fault was heard and waited out");
}

/// A judge that never objects proves nothing.
#[test]
fn prism_objects_where_a_map_breaks_the_contract_behind_our_back() {
    let folder = tempfile::tempdir().unwrap();
    let peers = peers(&folder);
    // Our own reader of the contract is given a laxer one than Prism has: an id of another form is fine with it.
    let project = Project::example().unwrap();
    let project = project.with("schemas/crm.openapi.yaml", "\"^[A-Z]{2,5}-[0-9]+$\"", "\"^.+$\"");
    let project = project.with("maps/customer-to-contact.yaml", "'\"ERP-\" + .'", "'\"erp_\" + .'");
    once(&project, &folder, &peers);
    assert!(!peers.violations().unwrap().is_empty());
}
