//! `test`: the example's tests pass, what does not follow is told with its place, and machines can read the report.

#![allow(clippy::unwrap_used)]

use std::fs;

use spanwright_world::{World, WorldSettings};

use crate::project::{Project, expect, ran, repository, run, spanwright};

const CUSTOMERS: &str = "tests/customers.test.yaml";

#[test]
fn the_tests_of_every_example_pass() {
    for entry in fs::read_dir(repository().join("examples")).unwrap() {
        let folder = entry.unwrap().path();
        let ran = run(&["test", folder.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{}: {}{}", folder.display(), ran.out, ran.err);
    }
}

#[test]
fn the_first_example_tries_all_that_there_is() {
    let ran = run(&["test", repository().join("examples/erp-to-crm").to_str().unwrap(), "--threshold", "100"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

/// One wrong expectation; the whole report is in `suite/NAME.txt`, but for its last line, which has a time in it.
fn check(name: &str, from: &str, to: &str) {
    let project = Project::example();
    project.edit(CUSTOMERS, from, to);
    let ran = project.run(&["test"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let end = ran.out.trim_end().rfind('\n').unwrap();
    expect(&format!("suite/{name}.txt"), &ran.out[..=end]);
}

#[test]
fn another_outcome_is_told_with_the_trail() {
    check("outcome", "outcomes: { done: 1, dead: 1 }", "outcomes: { done: 2 }");
}

#[test]
fn a_field_that_differs_is_told_by_its_path() {
    check("requests", "displayName: Mueller & Soehne", "displayName: Mueller");
}

#[test]
fn a_key_that_is_another_is_told() {
    check("key", "- { to: crm.upsertContacts, key: one, not_before: 12s }", "- { to: crm.upsertContacts, key: two, not_before: 12s }");
}

#[test]
fn a_request_that_nobody_answers_is_told() {
    check("no-answer", "times: always", "times: 1, asked: 'false'");
}

#[test]
fn an_answer_that_the_schema_does_not_allow_is_told() {
    check("pretend", "PersonId: P-1, ", "");
}

#[test]
fn a_snapshot_that_differs_is_told_and_can_be_taken_again() {
    let project = Project::example();
    project.edit("maps/customer-to-contact.yaml", "firstName: .FirstName", "firstName: '\"Ada\"'");
    assert_eq!(project.run(&["test"]).code, 1);
    assert_eq!(project.run(&["test", "--update"]).code, 0);
    assert_eq!(project.run(&["test"]).code, 0);
}

#[test]
fn names_that_lead_nowhere_are_told_by_check() {
    let project = Project::example();
    project.edit(CUSTOMERS, "flow: customers", "flow: custmers");
    project.edit("tests/contact.test.yaml", "table:\n  given: [Status, Blocked,", "table:\n  given: [Status,");
    let ran = project.run(&["check"]);
    assert_eq!(ran.code, 1);
    expect("suite/check.txt", &ran.out);
}

#[test]
fn what_no_test_tries_is_named_and_a_threshold_holds() {
    let project = Project::example();
    fs::remove_file(project.path().join("tests/contact.test.yaml")).unwrap();
    let text = fs::read_to_string(project.path().join(CUSTOMERS)).unwrap();
    let cut = text.find("\n  - case: a CRM that asks").unwrap();
    fs::write(project.path().join(CUSTOMERS), &text[..cut]).unwrap();
    let ran = project.run(&["test", "--coverage"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("customers.send-crm.upsertContacts: dead letter"), "{}", ran.out);
    assert_eq!(project.run(&["test", "--threshold", "99"]).code, 1);
}

/// The saga with its pivot, a question, an answer that is waited for, and a step that is forgiven; and one test.
fn tried(case: &str) -> String {
    let project = Project::named("order-saga");
    project.edit("flows/checkout.yaml", "    as: shipment\n", "    as: shipment\n    again: { every: 5s, until: .tracking != null }\n");
    project.edit(
        "flows/checkout.yaml",
        "tracking: $shipment.tracking } }",
        "tracking: $shipment.tracking } }\n  - { name: last, fail: '\"sold out\"', when: .sku == \"piano\" }",
    );
    project.edit(
        "flows/checkout.yaml",
        "body: { fields: { order: .id, cents: .cents } }",
        "body: { fields: { order: .id, cents: if .cents > 900 then 900 else .cents end } }",
    );
    let text = fs::read_to_string(project.path().join("tests/checkout.test.yaml")).unwrap();
    let cases = text.find("cases:").unwrap();
    project.write("tests/checkout.test.yaml", &format!("{}cases:\n{case}", &text[..cases]));
    let ran = project.run(&["test", "--coverage"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran.out
}

#[test]
fn a_decision_counts_as_tried_when_a_test_takes_it() {
    let case = |sku: &str, cents: u32, answers: &str| {
        format!(
            "  - case: one\n    given:\n      message: {{ id: o-1, sku: {sku}, quantity: 1, cents: {cents} }}\n      answers: [ {answers} ]\n    then: {{ snapshot: false }}\n"
        )
    };
    let ship = "{ to: carrier.ship, status: 201, body: { tracking: t-1 } }";
    let wait = "{ to: carrier.ship, status: 201, body: { tracking: ~ } }";
    let lost = "{ to: pay.charge, cut: after }, { to: pay.findCharge, status: 200, body: { charge: { id: c-1 } } }";
    let none = "{ to: pay.charge, cut: after }, { to: pay.findCharge, status: 404 }";
    let check = |place: &str, with: String, without: String| {
        assert!(!tried(&with).contains(place), "{place} is tried, and named");
        assert!(tried(&without).contains(place), "{place} is not tried, and not named");
    };
    let plain = || case("pen", 500, ship);
    check("checkout.charge: asked after an unknown outcome: it happened", case("pen", 500, &format!("{lost}, {ship}")), plain());
    check("checkout.charge: asked after an unknown outcome: it did not happen", case("pen", 500, &format!("{none}, {ship}")), plain());
    check("checkout.ship: not ready, asked again", case("pen", 500, &format!("{wait}, {ship}")), plain());
    check("checkout.ship: stopped behind it, and nothing is undone", case("piano", 500, ship), plain());
    check("checkout.charge.body: cents: `.cents > 900` is true", case("pen", 1000, ship), plain());
}

#[test]
fn ci_servers_read_the_report() {
    let project = Project::example();
    project.edit(CUSTOMERS, "outcomes: { done: 1, dead: 1 }", "outcomes: { done: 2 }");
    let junit = project.run(&["test", "--format", "junit"]).out;
    assert!(junit.contains("failures=\"1\"") && junit.contains("<failure type=\"T0201\""), "{junit}");
    let tap = project.run(&["test", "--format", "tap"]).out;
    assert!(tap.starts_with("TAP version 14\n1..") && tap.matches("\nnot ok ").count() == 1, "{tap}");
    let json = project.run(&["test", "--format", "json"]).out;
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line["result"] == "failed").count(), 1);
    assert!(lines.last().unwrap()["percent"].as_u64().unwrap() > 50);
}

#[test]
fn a_project_without_tests_is_told_how_to_begin() {
    let project = Project::example();
    fs::remove_dir_all(project.path().join("tests")).unwrap();
    let ran = project.run(&["test"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("spanwright test add --from"), "{}", ran.err);
}

#[test]
fn the_same_tests_give_the_same_report_to_the_last_byte() {
    let project = Project::example();
    let once = || project.run(&["test", "--format", "json"]).out;
    assert_eq!(once(), once());
}

#[test]
fn a_dead_letter_becomes_a_test_without_its_personal_data() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    project.edit("flows/customers.yaml", "steps:\n", "steps:\n  - { fail: '\"never\"', when: .Status == \"ACTIVE\" }\n");
    fs::remove_dir_all(project.path().join("tests")).unwrap();
    let world = World::start(WorldSettings::quiet(ledgers.path(), 5)).unwrap();
    ran(&mut project.command(&world, &["--once", "--log", "json", "--level", "error"]));
    let listed = project.run(&["messages", "--state", "dead", "--format", "json"]).out;
    let dead: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let added = ran(spanwright().args(["test", "add", "--from", &dead["run"].to_string(), "--name", "seen"]).arg(project.path()));
    assert_eq!((added.code, added.out.trim()), (0, "tests/seen.test.yaml"), "{}", added.err);
    let text = fs::read_to_string(project.path().join("tests/seen.test.yaml")).unwrap();
    assert!(text.contains("code: R0001") && text.contains("\"Status\":\"ACTIVE\""), "{text}");
    let key = dead["key"].as_str().unwrap();
    assert!(!text.contains(key) && !text.contains("@example"), "{text}");
    assert_eq!(project.run(&["test"]).code, 0);
}
