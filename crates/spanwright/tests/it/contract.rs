//! What we offer to others, judged by programs that are not ours: linters of OpenAPI, a client of Postman collections, a walker
//! of Arazzo workflows, a maker of requests, a parser of diagrams, and a browser. `tests/peers/setup.sh` installs them.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use spanwright_world::{Answer, Hostile};

use crate::project::{Begun, Project, Ran, ran, repository, run, spanwright};

const KEY: &str = "shop-key";
const KEY_SHA256: &str = "44cfdcdd88354fa1412781f5a01a901c9112db33bfa8b165fbec9b618d9cf112";
/// Requests that Schemathesis makes for each operation; `CONTRACT_CASES=700` makes more than 2,000 in all.
const CASES_DEFAULT: &str = "20";

fn judges() -> PathBuf {
    repository().join("tests/peers/contracts")
}

fn judge(program: &str) -> Command {
    let mut command = Command::new(judges().join(program));
    command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true").env("NO_COLOR", "1");
    command
}

fn said(command: &mut Command) -> Ran {
    assert!(command.get_program() != "", "a program");
    let program = command.get_program().to_owned();
    if Path::new(&program).is_absolute() || program.to_string_lossy().contains('/') {
        assert!(Path::new(&program).exists(), "{} is not installed: run tests/peers/setup.sh first", program.display());
    }
    ran(command)
}

fn fine(command: &mut Command) -> String {
    let Ran { code, out, err } = said(command);
    assert_eq!(code, 0, "{command:?}\n{out}\n{err}");
    format!("{out}{err}")
}

/// The documents of an example, in a folder of their own.
fn documents(example: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let project = repository().join("examples").join(example);
    let ran = run(&["docs", project.to_str().unwrap(), "--out", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    folder
}

/// The warehouse of `examples/order-api`, and the project running against it.
struct Offered {
    _stock: Hostile,
    _running: Begun,
    _project: Project,
    url: String,
}

impl Offered {
    fn start(stock: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Offered {
        let stock = Hostile::start(vec![Answer::By(Arc::new(move |received| stock(received.path.as_str())))]);
        let project = Project::named("order-api");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let mut command = spanwright();
        command.arg("run").args(["--log", "json", "--level", "error"]).arg(project.path());
        command.envs([("STOCK_URL", stock.url().as_str()), ("LISTEN", &listen), ("SHOP_KEY_SHA256", KEY_SHA256)]);
        let running = Begun { child: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() };
        let began = Instant::now();
        while TcpStream::connect(&listen).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "nobody listens at {listen}");
            thread::sleep(Duration::from_millis(20));
        }
        Offered { _stock: stock, _running: running, _project: project, url: format!("http://{listen}") }
    }

    fn working() -> Offered {
        Offered::start(|path| match path {
            "/reservations" => Answer::json(201, r#"{"id":"r-1"}"#),
            "/notes" => Answer::status(204),
            path if path.starts_with("/prices/") => Answer::json(200, r#"{"cents":1250}"#),
            _ => Answer::status(404),
        })
    }
}

#[test]
fn three_linters_find_no_error_in_the_openapi() {
    let documents = documents("order-api");
    let file = documents.path().join("api/openapi.json");
    let redocly = fine(judge("node_modules/.bin/redocly").arg("lint").arg(&file).arg("--config").arg(judges().join("redocly.yaml")));
    assert!(redocly.contains("valid"), "{redocly}");
    fine(judge("node_modules/.bin/spectral").arg("lint").arg(&file).arg("-r").arg(judges().join("spectral.yaml")));
    fine(judge(".venv/bin/openapi-spec-validator").arg(&file));
}

/// Stripe pushes, and a flow passes it on.
fn pushed() -> Project {
    let project = Project::named("order-api");
    let webhooks = "{ preset: stripe, path: /in/stripe, secret: \"${STRIPE}\" }";
    project.write("systems/stripe.yaml", &format!("system: stripe\nhttp:\nwebhooks: {webhooks}\n"));
    project
        .write("flows/paid.yaml", "flow: paid\nabout: A payment is noted.\nfrom: { webhook: stripe }\nsteps: [ { send: stock.note } ]\n");
    project.edit("spanwright.yaml", "vars:", "vars:\n  STRIPE: { about: The secret of Stripe, secret: true }");
    project
}

#[test]
fn the_openapi_says_how_a_webhook_is_signed_and_what_stands_in_which_header() {
    let (project, folder) = (pushed(), tempfile::tempdir().unwrap());
    let ran = project.run(&["docs", "--out", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let file = folder.path().join("api/openapi.json");
    fine(judge("node_modules/.bin/redocly").arg("lint").arg(&file).arg("--config").arg(judges().join("redocly.yaml")));
    fine(judge(".venv/bin/openapi-spec-validator").arg(&file));
    let document: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let scheme = &document["components"]["securitySchemes"]["signed-stripe-signature"];
    assert_eq!((&scheme["in"], &scheme["name"]), (&"header".into(), &"stripe-signature".into()));
    let about = "HMAC-SHA256 over `{timestamp}.{body}`, in hexadecimal digits, as `t=SECONDS,v1=SIGNATURE`.";
    assert_eq!(scheme["description"], about);
    assert_eq!(document["paths"]["/in/stripe"]["post"]["security"], serde_json::json!([{ "signed-stripe-signature": [] }]));
    let names = |path: &str| {
        let parameters = document["paths"][path]["post"]["parameters"].as_array().unwrap();
        parameters.iter().map(|parameter| parameter["name"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names("/in/stripe"), names("/orders")),
        (vec!["X-Correlation-Id".into()], vec!["Idempotency-Key".into(), "X-Correlation-Id".into()])
    );
    let told = &document["paths"]["/orders"]["post"]["responses"]["201"]["headers"];
    assert!(told["x-correlation-id"].is_object(), "{told}");
}

#[test]
fn the_openapi_says_where_an_idempotency_key_is_required() {
    let asked = |project: &Project| {
        let folder = tempfile::tempdir().unwrap();
        let ran = project.run(&["docs", "--out", folder.path().to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let document: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("api/openapi.json")).unwrap()).unwrap();
        let parameters = document["paths"]["/orders"]["post"]["parameters"].as_array().unwrap().clone();
        let key = parameters.into_iter().find(|parameter| parameter["name"] == "Idempotency-Key").unwrap();
        key["required"] == true
    };
    let project = Project::named("order-api");
    assert!(!asked(&project), "an order has an id");
    project.edit("flows/order.yaml", "once: .orderId,", "idempotency_key: required,");
    assert!(asked(&project));
}

/// A linter that never objects proves nothing.
#[test]
fn the_linters_object_to_a_broken_openapi() {
    let documents = documents("order-api");
    let file = documents.path().join("api/openapi.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"in\": \"path\"", "\"in\": \"nowhere\"")).unwrap();
    let redocly = said(judge("node_modules/.bin/redocly").arg("lint").arg(&file).arg("--config").arg(judges().join("redocly.yaml")));
    let spectral = said(judge("node_modules/.bin/spectral").arg("lint").arg(&file).arg("-r").arg(judges().join("spectral.yaml")));
    let validator = said(judge(".venv/bin/openapi-spec-validator").arg(&file));
    assert!(redocly.code == 1 && spectral.code == 1 && validator.code == 1);
}

fn newman(documents: &Path, url: &str) -> Ran {
    let mut command = judge("node_modules/.bin/newman");
    command.arg("run").arg(documents.join("api/postman.json")).args(["--reporters", "cli,json", "--reporter-json-export"]);
    command.arg(documents.join("newman.json")).args([
        "--env-var",
        &format!("baseUrl={url}"),
        "--env-var",
        &format!("key-in-x-api-key={KEY}"),
    ]);
    said(&mut command)
}

/// (assertions, failed)
fn assertions(documents: &Path) -> (u64, u64) {
    let report: serde_json::Value = serde_json::from_slice(&fs::read(documents.join("newman.json")).unwrap()).unwrap();
    let stats = &report["run"]["stats"]["assertions"];
    (stats["total"].as_u64().unwrap(), stats["failed"].as_u64().unwrap())
}

#[test]
fn newman_finds_every_assertion_of_the_collection_true() {
    let (documents, offered) = (documents("order-api"), Offered::working());
    let ran = newman(documents.path(), &offered.url);
    let (all, failed) = assertions(documents.path());
    assert!(ran.code == 0 && failed == 0 && all >= 20, "{all} assertions, {failed} failed\n{}", ran.out);
}

#[test]
fn newman_objects_where_an_endpoint_is_broken() {
    let documents = documents("order-api");
    // The warehouse gives prices of another form: what a caller relies on is not there any more.
    let offered = Offered::start(|path| match path {
        "/notes" => Answer::status(204),
        _ => Answer::json(200, r#"{"cents":"a lot"}"#),
    });
    assert_eq!(newman(documents.path(), &offered.url).code, 1);
    assert!(assertions(documents.path()).1 > 0);
}

#[test]
fn redocly_walks_the_workflows_of_each_flow() {
    let (documents, offered) = (documents("order-api"), Offered::working());
    for flow in ["quote", "order", "note"] {
        let file = documents.path().join(format!("api/{flow}.arazzo.json"));
        fine(judge("node_modules/.bin/redocly").arg("lint").arg(&file).arg("--config").arg(judges().join("redocly.yaml")));
        let mut command = judge("node_modules/.bin/redocly");
        command.arg("respect").arg(&file).args(["--input", &format!("key={KEY}"), "--server", &format!("api={}", offered.url)]);
        let walked = fine(&mut command);
        assert!(walked.contains("1 passed"), "{walked}");
    }
}

#[test]
fn schemathesis_finds_no_violation() {
    let (documents, offered) = (documents("order-api"), Offered::working());
    let cases = std::env::var("CONTRACT_CASES").unwrap_or_else(|_| CASES_DEFAULT.to_string());
    let mut command = judge(".venv/bin/schemathesis");
    command
        .current_dir(documents.path())
        .arg("--config-file")
        .arg(judges().join("schemathesis.toml"))
        .arg("run")
        .arg("api/openapi.json")
        .args(["--url", &offered.url, "-H", &format!("x-api-key: {KEY}")]);
    command.args(["--max-examples", &cases, "--seed", "1", "--generation-database", "none"]);
    // Its phase of edge cases overruns the parser of Python 3.11, whatever the document says.
    command.args(["--phases", "examples,fuzzing,stateful"]);
    // The first is no promise of ours: a message that no flow can handle is answered 502, and is in the document.
    command.args(["--exclude-checks", "not_a_server_error,ignored_auth"]);
    let text = fine(&mut command);
    println!("{}", text.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
}

#[test]
fn mermaid_parses_every_diagram() {
    let mut count = 0;
    for example in fs::read_dir(repository().join("examples")).unwrap() {
        let documents = documents(example.unwrap().file_name().to_str().unwrap());
        let said = fine(Command::new("node").arg(judges().join("mermaid.mjs")).arg(documents.path()));
        count += said.trim().parse::<u32>().unwrap();
    }
    assert!(count >= 12, "{count}");
}

/// What ends a statement of Mermaid, opens a frame or is markup, in names and conditions that a person may well write.
#[test]
fn mermaid_parses_diagrams_of_hostile_words() {
    let (project, folder) = (Project::named("order-api"), tempfile::tempdir().unwrap());
    project.edit("flows/order.yaml", "- name: reserve", "- name: end");
    project.edit(
        "flows/order.yaml",
        "    as: reservation",
        "    as: reservation\n    when: '.note != \"a;b # {c} <d> %%e `f` | [g] end; \\\"h\\\" --> i: é\"'",
    );
    project.edit("flows/order.yaml", "$reservation.id", "$reservation.id // \"none\"");
    let ran = project.run(&["docs", "--out", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    fine(Command::new("node").arg(judges().join("mermaid.mjs")).arg(folder.path()));
}

#[test]
fn a_browser_opens_every_page_from_its_folder() {
    for example in ["erp-to-crm", "order-api", "order-saga", "soap-facade"] {
        let documents = documents(example);
        let said = fine(Command::new("node").arg(judges().join("open.mjs")).arg(documents.path()));
        let seen: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
        assert_eq!(
            (&seen["errors"], &seen["requests"], &seen["overflow"]),
            (&serde_json::json!([]), &serde_json::json!([]), &serde_json::json!([])),
            "{example}"
        );
        let counted = |name: &str| seen[name].as_u64().unwrap();
        assert!(counted("printed") >= 1, "{example}: the first page cannot be printed");
        assert!(counted("pages") >= 5 && counted("drawings") >= 2 && counted("tables") >= 5, "{example}: {seen}");
        for link in seen["links"].as_array().unwrap() {
            let path = link.as_str().unwrap().strip_prefix("file://").unwrap();
            assert!(Path::new(path).exists(), "{example}: {path} leads nowhere");
        }
    }
}

#[test]
fn a_wsdl_and_what_it_imports_lie_beside_each_other() {
    let documents = documents("soap-facade");
    for file in ["orders.wsdl", "order-types.xsd"] {
        let copied = fs::read(documents.path().join("api/schemas").join(file)).unwrap();
        assert_eq!(copied, fs::read(repository().join("examples/soap-facade/schemas").join(file)).unwrap());
    }
}
