//! `check`: the example is fine without a secret, and each mistake is named with its place and what to write instead.

#![allow(clippy::unwrap_used)]

use crate::project::{Project, expect, run};

/// One mistake in the example; the whole answer is in `check/NAME.txt`.
fn check(name: &str, edits: &[(&str, &str, &str)]) {
    let project = Project::example();
    for (file, from, to) in edits {
        project.edit(file, from, to);
    }
    let ran = project.run(&["check"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    expect(&format!("check/{name}.txt"), &ran.out);
}

#[test]
fn the_example_is_fine_without_any_variable() {
    let ran = Project::example().run(&["check"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("erp-to-crm is fine: 2 systems, 1 flow"), "{}", ran.err);
}

#[test]
fn what_the_schemas_leave_open_is_listed_field_by_field() {
    let ran = Project::example().run(&["check", "--residue"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let of = |field: &str| format!("map customer-to-contact, field {field}: told when it runs: ");
    assert!(ran.out.lines().any(|line| line.starts_with(&of("displayName"))), "{}", ran.out);
    assert!(!ran.out.contains("field isBlocked:"), "a flag into a flag leaves nothing open: {}", ran.out);
    let machine = Project::example().run(&["check", "--residue", "--format", "json"]);
    assert!(machine.out.contains(r#""map":"customer-to-contact","field":"displayName""#), "{}", machine.out);
}

#[test]
fn tests_of_a_flow_that_the_environment_switches_off_are_left_out_and_said_so() {
    let project = Project::named("nightly-sync");
    for arguments in [&["check", "--env", "in-batches"][..], &["test", "--env", "in-batches"]] {
        let ran = project.run(arguments);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert!(ran.err.contains("tests/one-by-one.test.yaml is left out"), "{}", ran.err);
    }
    assert!(!project.run(&["check"]).err.contains("left out"));
}

#[test]
fn what_init_writes_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").to_str().unwrap().to_string();
    assert_eq!(run(&["init", &path]).code, 0);
    let ran = run(&["check", &path]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert_eq!(run(&["init", &path]).code, 2, "nothing of a user's is overwritten");
}

#[test]
fn yaml_that_cannot_be_parsed() {
    check("unparsable-yaml", &[("flows/customers.yaml", "steps:\n", "steps: [\n")]);
}

#[test]
fn an_unknown_key() {
    check("unknown-key", &[("systems/crm.yaml", "limits: { rate: 50/s", "limits: { rat: 50/s")]);
}

#[test]
fn a_key_that_is_not_built_yet() {
    check("not-built-yet", &[("flows/customers.yaml", "  every: 2s\n", "  every: 2s\n  snapshot: {}\n")]);
}

#[test]
fn a_secret_that_is_written_literally() {
    check("literal-secret", &[("systems/crm.yaml", "client_secret: \"${CRM_SECRET}\"", "client_secret: \"hunter2-hunter2\"")]);
}

#[test]
fn a_wsdl_that_imports_what_is_not_there() {
    check("missing-import", &[("schemas/erp.wsdl", "erp-types.xsd", "erp-typos.xsd")]);
}

#[test]
fn a_map_that_reads_a_path_that_is_not_there() {
    check("unknown-path", &[("maps/customer-to-contact.yaml", "firstName: .FirstName", "firstName: .FirstNam")]);
}

#[test]
fn an_operation_that_is_not_there() {
    check("unknown-operation", &[("flows/customers.yaml", "poll: erp.ListCustomers", "poll: erp.ListCustomer")]);
}

#[test]
fn a_variable_that_is_not_declared() {
    check("undeclared-variable", &[("systems/erp.yaml", "url: \"${ERP_URL}\"", "url: \"${ERP_ADDRESS}\"")]);
}

#[test]
fn a_channel_that_is_not_there_and_a_text_that_is_none() {
    let told = "steps:\n  - { alert: opps, text: '\"a customer\"' }\n  - { alert: ops, text: .Blocked, with: { no: .CustomerNo } }\n";
    check(
        "alert-steps",
        &[
            ("spanwright.yaml", "vars:\n", "alerts:\n  ops: { http: \"https://status.example.com/in\" }\nvars:\n"),
            ("flows/customers.yaml", "steps:\n", told),
        ],
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    check(
        "all-at-once",
        &[
            ("systems/crm.yaml", "concurrency: 4", "concurency: 4"),
            ("systems/erp.yaml", "timeout: 10s", "timeout: soon"),
            ("flows/customers.yaml", "every: 2s", "evry: 2s"),
            ("maps/customer-to-contact.yaml", "status:\n", "state:\n"),
        ],
    );
}

#[test]
fn a_machine_reads_one_object_a_line() {
    let project = Project::example();
    project.edit("systems/crm.yaml", "rate: 50/s", "rat: 50/s");
    let ran = project.run(&["check", "--format", "json"]);
    let line: serde_json::Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert_eq!((ran.code, &line["code"], &line["file"], &line["line"]), (1, &"S0203".into(), &"systems/crm.yaml".into(), &7.into()));
}

#[test]
fn a_folder_that_is_no_project_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(&["check", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("this folder has no `spanwright.yaml`") && ran.out.contains("spanwright init"), "{}", ran.out);
    assert_eq!(run(&["check", "no/such/folder"]).code, 2);
}

#[test]
fn ways_in_that_cannot_work() {
    let project = Project::example();
    let flow = |name: &str, from: &str, steps: &str| {
        project.write(&format!("flows/{name}.yaml"), &format!("flow: {name}\nfrom: {from}\nsteps:\n{steps}"))
    };
    flow("one", "{ http: POST /orders, late: 504 }", "  - { reply: .total }\n");
    flow("two", "{ http: \"POST /{name}\", reply_within: 5s }", "  - { only: $path.nme == \"a\" }\n");
    flow("three", "{ http: /api/v1/orders }", "  - { fail: '\"no\"' }\n");
    flow(
        "four",
        "{ http: GET /api/v1/orders, reply_within: 5s }",
        "  - { fault: NotFound, body: . }\n  - { reply: ., status: 99, name: b }\n",
    );
    flow("five", "{ api: facade.GetOrder, reply_within: 5s }", "  - { reply: . }\n");
    project.edit("flows/customers.yaml", "steps:\n", "steps:\n  - { reply: . }\n");
    let ran = project.run(&["check"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    expect("check/ways-in.txt", &ran.out);
}
