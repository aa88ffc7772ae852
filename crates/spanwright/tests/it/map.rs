//! `spanwright map`: a map or an expression is tried on a record, and each field says what it read and gave.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use crate::{
    commands::{objects, with_a_dead_letter},
    project::{Project, Ran, ran, run, spanwright},
};

const CUSTOMER: &str = r#"{"Number":"00501","FirstName":"Anna","LastName":"Weber","Email":"Anna@Example.COM","Status":"ACTIVE","Blocked":false,
"Segment":"B2C","LedgerId":9007199254740993,"CreatedAt":"2026-07-01T08:00:00","ChangedAt":"2026-07-02T08:00:00","PersonId":"P-1",
"CustomerSince":"2020-01-01","Address":[{"@kind":"BILL","Street":"A 1","Zip":"10115","City":"Berlin","Country":"DE"}],"OpenItem":[]}"#;

/// A command with a text on its standard input.
fn given(arguments: &[&str], input: &str) -> Ran {
    let mut child = spanwright().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn a_map_is_tried_and_each_field_says_what_it_read_and_gave() {
    let project = Project::example();
    let tried = given(&["map", "customer-to-contact", "--in", project.text()], CUSTOMER);
    assert_eq!(tried.code, 0, "{}{}", tried.out, tried.err);
    for line in
        ["externalId", "\"ERP-00501\"", "<- .Number \"00501\"", "ledgerId", "\"9007199254740993\"", "(left out)", "addresses[].city"]
    {
        assert!(tried.out.contains(line), "{line}\n{}", tried.out);
    }
    assert!(tried.out.contains("told when it runs: "), "{}", tried.out);
    let last: serde_json::Value = serde_json::from_str(tried.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["updatedAt"], &last["segment"]), (&"2026-07-02T08:00:00+02:00".into(), &"consumer".into()));
}

#[test]
fn a_machine_reads_the_same_in_json() {
    let project = Project::example();
    let file = project.path().join("customer.json");
    fs::write(&file, CUSTOMER).unwrap();
    let tried = run(&["map", "customer-to-contact", "--in", project.text(), "--file", file.to_str().unwrap(), "--format", "json"]);
    let tried = &objects(&tried)[0];
    let email = tried["fields"].as_array().unwrap().iter().find(|field| field["field"] == "email").unwrap();
    assert_eq!(email["gave"][0], "anna@example.com");
    assert_eq!(email["reads"], serde_json::json!([{ "path": ".Email", "values": ["Anna@Example.COM"] }]));
    assert_eq!(tried["gives"]["email"], "anna@example.com");
}

#[test]
fn an_expression_is_tried_alone_and_over_a_type() {
    let project = Project::example();
    let tried = given(&["map", "-e", ".Number, .Address[].City", "--in", project.text()], CUSTOMER);
    assert_eq!((tried.code, tried.out.lines().take(2).collect::<Vec<_>>()), (0, vec!["\"00501\"", "\"Berlin\""]));
    assert!(tried.out.contains("<- .Address[].City \"Berlin\""), "{}", tried.out);
    let typed = given(&["map", "-e", ".Nubmer", "--type", "erp:ListCustomersResponse.Customer", "--in", project.text()], CUSTOMER);
    assert_eq!(typed.code, 1);
    assert!(typed.out.contains("M0201") && typed.out.contains("did you mean `.Number`?"), "{}", typed.out);
}

#[test]
fn what_fails_says_why_and_shows_no_value_of_the_record() {
    let project = Project::example();
    let tried = given(&["map", "customer-to-contact", "--in", project.text()], &CUSTOMER.replace("ACTIVE", "SECRET"));
    assert_eq!(tried.code, 1);
    assert!(tried.out.contains("R1008") && tried.out.contains("field `status`") && !tried.out.contains("SECRET"), "{}", tried.out);
    assert_eq!(given(&["map", "no-such", "--in", project.text()], "{}").code, 1);
    let broken = given(&["map", "customer-to-contact", "--in", project.text()], "{");
    assert_eq!(broken.code, 2);
    assert!(broken.err.contains("the record is no JSON"), "{}", broken.err);
    assert_eq!(run(&["map", "--in", project.text()]).code, 2);
}

#[test]
fn each_item_of_a_list_is_tried() {
    let project = Project::example();
    let tried = given(&["map", "-e", ".a + 1", "--each", "--format", "json", "--in", project.text()], r#"[{"a":1},{"a":0.5}]"#);
    let gives: Vec<_> = objects(&tried).into_iter().map(|tried| tried["gives"][0].clone()).collect();
    assert_eq!(gives, [serde_json::json!(2), serde_json::json!(1.5)]);
}

#[test]
fn a_stored_message_is_tried_with_the_map_of_its_flow() {
    let (project, _world, _ledgers) = with_a_dead_letter();
    let found = objects(&project.run(&["messages", "--state", "dead", "--format", "json"]));
    let id = found[0]["run"].to_string();
    let tried = run(&["map", "--message", &id, "--in", project.text(), "--format", "json"]);
    assert_eq!(tried.code, 0, "{}{}", tried.out, tried.err);
    let key = found[0]["key"].as_str().unwrap();
    assert_eq!(objects(&tried)[0]["gives"]["externalId"], format!("ERP-{key}"));
}

#[test]
fn a_change_is_seen_and_tried_again() {
    let project = Project::example();
    let file = project.path().join("record.json");
    fs::write(&file, r#"{"a":1}"#).unwrap();
    let mut command = spanwright();
    let arguments = ["map", "-e", ".a", "--watch", "--in", project.text(), "--file", file.to_str().unwrap()];
    let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "1");
    assert_eq!(lines.next().unwrap().unwrap(), "  <- .a 1");
    fs::write(&file, r#"{"a":"two"}"#).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "\"two\"");
    child.kill().unwrap();
    child.wait().unwrap();
    let refused = ran(spanwright().args(["map", "-e", ".a", "--watch", "--in", project.text()]));
    assert_eq!(refused.code, 2);
}
