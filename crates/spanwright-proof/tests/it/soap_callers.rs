//! Our SOAP server, called by zeep, PHP's SoapClient and node-soap: each reads `?wsdl` and knows nothing of us.

use std::{collections::BTreeMap, path::PathBuf, process::Command, sync::Arc};

use spanwright_engine::{shell::Running, variables::Variables};
use spanwright_proof::project::{Project, repository};
use spanwright_world::{Answer, Hostile};

const ORDER: &str = r#"{"number":"O-1","customer":{"name":"Müller & Söhne"},"placedAt":"2026-02-03T04:05:06Z","status":"shipped",
  "lines":[{"sku":"007","quantity":2.500,"price":9.90,"currency":"EUR"}]}"#;

fn shop() -> Hostile {
    Hostile::start(vec![Answer::By(Arc::new(|received| match received.path.as_str() {
        "/orders/O-1" => Answer::json(200, ORDER),
        _ => Answer::status(404),
    }))])
}

fn start(shop: &Hostile, folder: &tempfile::TempDir) -> Running {
    let variables = BTreeMap::from([("SHOP_URL".to_owned(), shop.url()), ("LISTEN".to_owned(), "127.0.0.1:0".to_owned())]);
    Project::named("soap-facade").unwrap().start(&folder.path().join("journal.db"), Variables::fixed(variables), None, false).unwrap()
}

fn peers() -> PathBuf {
    repository().join("tests/peers/soap")
}

/// What a caller printed: an order and a fault.
fn called(command: &mut Command) -> [serde_json::Value; 2] {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; run tests/peers/setup.sh first"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lines: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{out}{err}"))).collect();
    lines.try_into().unwrap_or_else(|_| panic!("{out}{err}"))
}

/// Calls in both versions; `call` makes the command of a WSDL's address and a version.
fn check(call: impl Fn(&str, &str) -> Command) {
    let (shop, folder) = (shop(), tempfile::tempdir().unwrap());
    let running = start(&shop, &folder);
    let url = format!("http://{}/soap/orders?wsdl", running.address().unwrap());
    for (version, code) in [("11", "Client"), ("12", "Sender")] {
        let [order, fault] = called(&mut call(&url, version));
        let expected = serde_json::json!({
            "no": "O-1", "customer": "Müller & Söhne", "status": "SHIPPED", "sku": "007", "quantity": 2.5, "price": 9.9, "currency": "EUR",
        });
        assert_eq!(order, expected, "{version}");
        let missing = serde_json::json!({ "code": code, "fault": "{urn:example:orders}NotFoundFault", "key": "O-2" });
        assert_eq!(fault, missing, "{version}");
    }
    running.stop();
}

#[test]
fn zeep_is_served() {
    check(|url, version| {
        let mut command = Command::new(peers().join(".venv/bin/python"));
        command.arg(peers().join("call_zeep.py")).args([url, &format!("OrdersPort{version}")]);
        command
    });
}

#[test]
fn php_is_served() {
    check(|url, version| {
        let mut command = Command::new("php");
        command.arg(peers().join("call.php")).args([url, version]);
        command
    });
}

#[test]
fn node_soap_is_served() {
    check(|url, version| {
        let mut command = Command::new("node");
        command.arg(peers().join("call.mjs")).args([url, &format!("OrdersPort{version}")]);
        command
    });
}
