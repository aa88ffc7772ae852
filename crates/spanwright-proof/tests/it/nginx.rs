//! nginx in front of us: it ends TLS and says who asked, in `X-Forwarded-For`. Whom it names counts, and what a sender says of
//! itself does not.

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::json;
use spanwright_engine::{keep::turned_away, variables::Variables};
use spanwright_proof::project::{Project, repository};
use spanwright_world::{
    certificates::Authority,
    peers::{Program, free_port},
};

/// What nginx comes from when it comes to us, and nobody else does.
const PROXY: &str = "127.0.0.3";
/// An office of ours.
const OFFICE: &str = "127.0.0.5";
const SOMEBODY: &str = "127.0.0.6";
const TOKEN: &str = "a-token-of-twilio";

fn nginx(folder: &Path, ours: u16) -> (Program, u16, String) {
    let authority = Authority::make(folder, "authority").unwrap();
    let certificate = authority.sign("localhost").unwrap();
    let port = free_port().unwrap();
    let here = folder.display();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {here}/{name};")).join(" ");
    let settings = format!(
        "daemon off; master_process off; pid {here}/nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off; {paths}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {};
    ssl_certificate_key {};
    location / {{
      proxy_pass http://127.0.0.1:{ours};
      proxy_http_version 1.1;
      proxy_bind {PROXY};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
",
        certificate.certificate.display(),
        certificate.key.display()
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, settings).unwrap();
    let program = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
    let mut command = Command::new(program);
    command.arg("-p").arg(folder).arg("-c").arg(file);
    let started = Program::start(&mut command, port, &folder.join("nginx.log")).unwrap();
    (started, port, authority.certificate().display().to_string())
}

fn project() -> Project {
    let files = [
        (
            "spanwright.yaml",
            format!(
                "project: behind\nlisten: {{ http: \"${{LISTEN}}\", proxies: [ {PROXY} ] }}\nvars: {{ LISTEN: {{ about: where }}, TOKEN: {{ about: a token, secret: true }} }}\n"
            ),
        ),
        (
            "flows/orders.yaml",
            format!(
                "flow: orders\nfrom:\n  http: POST /orders\n  clients: {{ office: {{ ip: [ {OFFICE} ] }} }}\nsteps: [ {{ only: 'false' }} ]\n"
            ),
        ),
        ("systems/sms.yaml", "system: sms\nhttp:\nwebhooks: { preset: twilio, path: /in/sms, secret: \"${TOKEN}\" }\n".to_string()),
        ("flows/sms.yaml", "flow: sms\nfrom: { webhook: sms }\nsteps: [ { only: 'false' } ]\n".to_string()),
    ];
    Project::of(files.into_iter().map(|(name, text)| (name.to_string(), text.into_bytes())).collect())
}

fn asked(requests: &serde_json::Value) -> Vec<(u64, String)> {
    let output = Command::new("python3").arg(repository().join("tests/peers/nginx/ask.py")).arg(requests.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn behind_nginx_it_is_the_proxy_who_says_who_asks_and_not_the_sender() {
    let (folder, ours) = (tempfile::tempdir().unwrap(), free_port().unwrap());
    let (_nginx, port, ca) = nginx(folder.path(), ours);
    let variables = [("LISTEN", format!("127.0.0.1:{ours}")), ("TOKEN", TOKEN.to_string())];
    let variables: BTreeMap<String, String> = variables.map(|(name, value)| (name.to_string(), value)).into();
    let journal = folder.path().join("journal.db");
    let running = project().start(&journal, Variables::fixed(variables), None, false).unwrap();
    let order = |from: &str, said: &str, direct: bool| {
        let mut headers = json!({ "content-type": "application/json" });
        if !said.is_empty() {
            headers["x-forwarded-for"] = said.into();
        }
        let port = if direct { ours } else { port };
        json!({ "port": port, "plain": direct, "ca": ca, "from": from, "method": "POST", "path": "/orders", "headers": headers, "body": "{}" })
    };
    // Twilio signs the address that it called, which only nginx knows.
    let address = |scheme: &str| format!("{scheme}://localhost:{port}/in/sms");
    let sms = |scheme: &str| {
        let (headers, signed) = (json!({}), json!({ "token": TOKEN, "address": address(scheme), "form": { "Sid": "SM1", "Body": "hi" } }));
        json!({ "port": port, "ca": ca, "from": SOMEBODY, "method": "POST", "path": "/in/sms", "headers": headers, "twilio": signed })
    };
    let requests = [
        (order(OFFICE, "", false), 202),
        (order(OFFICE, "8.8.8.8", false), 202),
        (order(SOMEBODY, "", false), 401),
        (order(SOMEBODY, OFFICE, false), 401),
        (order(SOMEBODY, &format!("{OFFICE}, {PROXY}"), false), 401),
        (order(SOMEBODY, OFFICE, true), 401),
        (order(PROXY, OFFICE, true), 202),
        (sms("https"), 202),
        (sms("http"), 401),
    ];
    let answers = asked(&requests.iter().map(|(request, _)| request.clone()).collect());
    for ((request, expected), (status, body)) in requests.iter().zip(&answers) {
        assert_eq!(status, expected, "{request}: {body}");
    }
    running.stop();
    running.wait();
    let refused = turned_away(&journal).unwrap();
    let from: Vec<&str> = refused.iter().map(|one| one.from.as_str()).collect();
    assert_eq!(from, [SOMEBODY; 5], "whoever it really was is named");
}
