//! The example against programs that share no code with us: an ERP on PHP ext-soap, and Stoplight Prism, which holds each
//! request and each answer against the CRM's OpenAPI document. `tests/peers/setup.sh` installs both; `scripts/test` does that.

#![allow(clippy::unwrap_used)]

use spanwright_world::peers::Peers;

use crate::project::{Project, ran, repository, spanwright};

const CUSTOMERS: u64 = 250;

#[test]
fn php_and_prism_find_nothing_against_their_contracts() {
    if std::env::var_os("SPANWRIGHT_PEERS").is_none() {
        eprintln!("left out: PHP and Prism (SPANWRIGHT_PEERS is not set; scripts/test installs them and sets it)");
        return;
    }
    let (project, folder) = (Project::example(), tempfile::tempdir().unwrap());
    project.edit("flows/customers.yaml", "batch: { most: 500, wait: 1s }", "batch: { most: 100, wait: 100ms }");
    let peers = Peers::start(&repository(), folder.path(), CUSTOMERS, Some(2)).unwrap();
    let mut command = spanwright();
    command.args(["run", "--once", "--log", "human", "--level", "warn"]).arg(project.path()).envs(peers.variables());
    let ran = ran(&mut command);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(peers.violations().unwrap(), [] as [String; 0]);
    let tally = peers.tally(&[]).unwrap();
    assert_eq!((tally.right, tally.lost.len(), tally.duplicates.len(), tally.wrong.len()), (CUSTOMERS, 0, 0, 0), "{:?}", tally.wrong);
    assert!(ran.err.contains("BusyFault"), "the fault of PHP was heard and waited out: {}", ran.err);
}
