//! Our SOAP server, called by zeep, PHP's SoapClient and node-soap: each reads `?wsdl` and knows nothing of us.

use std::{collections::BTreeMap, path::PathBuf, process::Command, sync::Arc};

use spanwright_engine::{shell::Running, variables::Variables};
use spanwright_proof::project::{Project, repository};
use spanwright_world::{Answer, Hostile};

const ORDER: &str = r#"{"number":"O-1","customer":{"name":"Müller & Söhne"},"placedAt":"2026-02-03T04:05:06Z","status":"shipped",
  "lines":[{"sku":"007","quantity":2.500,"price":9.90,"currency":"EUR"}]}"#;

const PASSWORD: &str = "s3cr&t ä";

fn shop() -> Hostile {
    Hostile::start(vec![Answer::By(Arc::new(|received| match received.path.as_str() {
        "/orders/O-1" => Answer::json(200, ORDER),
        _ => Answer::status(404),
    }))])
}

/// The example; with a client it lets in who shows that client's user name token, and nobody else.
fn start(shop: &Hostile, folder: &tempfile::TempDir, by_token: bool) -> Running {
    let variables = [("SHOP_URL", shop.url()), ("LISTEN", "127.0.0.1:0".to_owned()), ("PARTNER", PASSWORD.to_owned())];
    let variables: BTreeMap<String, String> = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let example = Project::named("soap-facade").unwrap();
    let project = if by_token {
        let client = "path: /soap/orders\nclients: { partner: { wsse: { user: partner, password: \"${PARTNER}\" } } }";
        let variable = "vars:\n  PARTNER: { about: The partner's password., secret: true }";
        example.with("apis/orders.yaml", "path: /soap/orders", client).with("spanwright.yaml", "vars:", variable)
    } else {
        example
    };
    project.start(&folder.path().join("journal.db"), Variables::fixed(variables), None, false).unwrap()
}

fn peers() -> PathBuf {
    repository().join("tests/peers/soap")
}

/// What a caller printed: an order and a fault, or a fault alone.
fn called(command: &mut Command) -> Vec<serde_json::Value> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; run tests/peers/setup.sh first"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !out.is_empty(), "{out}{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{out}{err}"))).collect()
}

/// Calls in both versions; `call` makes the command of a WSDL's address and a version.
fn check(call: impl Fn(&str, &str) -> Command) {
    let (shop, folder) = (shop(), tempfile::tempdir().unwrap());
    let running = start(&shop, &folder, false);
    let url = format!("http://{}/soap/orders?wsdl", running.address().unwrap());
    for version in ["11", "12"] {
        assert_eq!(called(&mut call(&url, version)), served(version), "{version}");
    }
    running.stop();
}

fn served(version: &str) -> Vec<serde_json::Value> {
    let order = serde_json::json!({
        "no": "O-1", "customer": "Müller & Söhne", "status": "SHIPPED", "sku": "007", "quantity": 2.5, "price": 9.9, "currency": "EUR",
    });
    let missing = serde_json::json!({ "code": sender(version), "fault": "{urn:example:orders}NotFoundFault", "key": "O-2" });
    vec![order, missing]
}

fn sender(version: &str) -> &'static str {
    if version == "11" { "Client" } else { "Sender" }
}

/// The same where the message must show who sends it: as text and as a digest, and not with another password.
fn check_tokens(call: impl Fn(&str, &str) -> Command) {
    let (shop, folder) = (shop(), tempfile::tempdir().unwrap());
    let running = start(&shop, &folder, true);
    let url = format!("http://{}/soap/orders?wsdl", running.address().unwrap());
    for version in ["11", "12"] {
        for form in ["text", "digest"] {
            assert_eq!(called(call(&url, version).args(["partner", PASSWORD, form])), served(version), "{version} {form}");
            for wrong in [["partner", "s3cret"], ["other", PASSWORD]] {
                let said = called(call(&url, version).args(wrong).arg(form));
                let refused = serde_json::json!({ "code": sender(version), "says": "the user name or the password is not right [R0035]" });
                assert_eq!(said, [refused], "{version} {form}");
            }
        }
    }
    let nobody = called(&mut call(&url, "11"));
    assert!(nobody[0]["says"].as_str().unwrap().starts_with("the request does not show who sends it"), "{nobody:?}");
    running.stop();
}

fn zeep(url: &str, version: &str) -> Command {
    let mut command = Command::new(peers().join(".venv/bin/python"));
    command.arg(peers().join("call_zeep.py")).args([url, &format!("OrdersPort{version}")]);
    command
}

fn php(url: &str, version: &str) -> Command {
    let mut command = Command::new("php");
    command.arg(peers().join("call.php")).args([url, version]);
    command
}

fn node(url: &str, version: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(peers().join("call.mjs")).args([url, &format!("OrdersPort{version}")]);
    command
}

#[test]
fn zeep_is_served() {
    check(zeep);
}

#[test]
fn php_is_served() {
    check(php);
}

#[test]
fn node_soap_is_served() {
    check(node);
}

#[test]
fn zeep_shows_who_it_is_by_a_user_name_token() {
    check_tokens(zeep);
}

#[test]
fn php_shows_who_it_is_by_a_user_name_token() {
    check_tokens(php);
}
