//! Our SOAP server, called by zeep, PHP's SoapClient and node-soap: each reads `?wsdl` and knows nothing of us.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use spanwright_engine::{shell::Running, variables::Variables};
use spanwright_proof::project::{Project, repository};
use spanwright_world::{
    Answer, Hostile,
    certificates::{Authority, Certificate},
};

const ORDER: &str = r#"{"number":"O-1","customer":{"name":"Müller & Söhne"},"placedAt":"2026-02-03T04:05:06Z","status":"shipped",
  "lines":[{"sku":"007","quantity":2.500,"price":9.90,"currency":"EUR"}]}"#;

const TOKEN: &str = "{ wsse: { user: partner, password: \"${PARTNER}\" } }";
const PASSWORD: &str = "s3cr&t ä";

fn shop() -> Hostile {
    Hostile::start(vec![Answer::By(Arc::new(|received| match received.path.as_str() {
        "/orders/O-1" => Answer::json(200, ORDER),
        _ => Answer::status(404),
    }))])
}

/// The example; where `partner` says how a client shows who it is, it lets that one in and nobody else. `proof`: what is known of it.
fn start(shop: &Hostile, folder: &tempfile::TempDir, partner: Option<&str>, proof: &str) -> Running {
    served_by(Project::named("soap-facade").unwrap(), shop, folder, partner, &[("PARTNER", proof)])
}

fn served_by(example: Project, shop: &Hostile, folder: &tempfile::TempDir, partner: Option<&str>, known: &[(&str, &str)]) -> Running {
    let mut variables: BTreeMap<String, String> = known.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    variables.extend([("SHOP_URL".to_owned(), shop.url()), ("LISTEN".to_owned(), "127.0.0.1:0".to_owned())]);
    let project = match partner {
        Some(partner) => {
            let client = format!("path: /soap/orders\nclients: {{ partner: {partner} }}");
            let declared = known.iter().map(|(name, _)| format!("\n  {name}: {{ about: For the test., secret: true }}"));
            let declared = format!("vars:{}", declared.collect::<String>());
            example.with("apis/orders.yaml", "path: /soap/orders", &client).with("spanwright.yaml", "vars:", &declared)
        }
        None => example,
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
    let running = start(&shop, &folder, None, "");
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

/// In SOAP 1.2 `FailedAuthentication` is the subcode.
fn unauthenticated(version: &str) -> &'static str {
    if version == "11" { "FailedAuthentication" } else { "Sender" }
}

/// The same where the message must show who sends it: as text and as a digest, and not with another password.
fn check_tokens(call: impl Fn(&str, &str) -> Command) {
    let (shop, folder) = (shop(), tempfile::tempdir().unwrap());
    let running = start(&shop, &folder, Some(TOKEN), PASSWORD);
    let url = format!("http://{}/soap/orders?wsdl", running.address().unwrap());
    for version in ["11", "12"] {
        for form in ["text", "digest"] {
            assert_eq!(called(call(&url, version).args(["partner", PASSWORD, form])), served(version), "{version} {form}");
            for wrong in [["partner", "s3cret"], ["other", PASSWORD]] {
                let said = called(call(&url, version).args(wrong).arg(form));
                let refused =
                    serde_json::json!({ "code": unauthenticated(version), "says": "the user name or the password is not right [R0035]" });
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

#[test]
fn zeep_shows_who_it_is_by_its_certificate() {
    let (shop, folder) = (shop(), tempfile::tempdir().unwrap());
    let ours = Authority::make(folder.path(), "ours").unwrap();
    let [server, partner, other] = ["server", "partner", "other"].map(|name| ours.sign(name).unwrap());
    let stranger = Authority::make(folder.path(), "strange").unwrap().sign("stranger").unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let known = [
        ("CERT", text(&server.certificate)),
        ("KEY", text(&server.key)),
        ("CA", text(&ours.certificate())),
        ("PARTNER", partner.sha256().unwrap()),
    ];
    let tls = "http: \"${LISTEN}\", tls: { cert: \"${CERT}\", key: \"${KEY}\", client_ca: \"${CA}\" }";
    let example = Project::named("soap-facade").unwrap().with("spanwright.yaml", "http: \"${LISTEN}\"", tls);
    let known: Vec<(&str, &str)> = known.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let running = served_by(example, &shop, &folder, Some("{ mtls: { sha256: \"${PARTNER}\" } }"), &known);
    let url = format!("https://{}/soap/orders?wsdl", running.address().unwrap());
    let called_by = |who: Option<&Certificate>| {
        let mut command = zeep(&url, "11");
        command.env("REQUESTS_CA_BUNDLE", ours.certificate());
        if let Some(who) = who {
            command.env("CLIENT_CERT", &who.certificate).env("CLIENT_KEY", &who.key);
        }
        command
    };
    assert_eq!(called(&mut called_by(Some(&partner))), served("11"));
    // Nobody, one of our authority who is no client, and one whom an authority signed that we do not trust.
    for (who, says) in [(None, "401 Client Error"), (Some(&other), "401 Client Error"), (Some(&stranger), "SSLError")] {
        let refused = called_by(who).output().unwrap();
        let told = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && told.contains(says), "{says}: {told}");
    }
    running.stop();
}
