//! Changes under a condition at a WebDAV server that shares no line with us: what was read is changed, what somebody else
//! has changed since is not overwritten, and what is there is not made again.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use spanwright_engine::{shell::Running, variables::Variables};
use spanwright_proof::project::{Project, repository};
use spanwright_world::{Answer, Hostile, Received};

use crate::graphql::{Shop, until};

/// Orders are files; a change of one names the state that was read. What was made is answered with a page for people, which is no JSON.
fn project(steps: &str) -> Project {
    let flow = format!("flow: orders\nfrom: {{ poll: desk.wishes, every: 1h, each: ., key: .id }}\nsteps:\n{steps}");
    let files = [
        ("spanwright.yaml", "project: shop\nvars:\n  DAV_URL: { about: The orders. }\n  DESK_URL: { about: Who wants something. }\n"),
        (
            "systems/dav.yaml",
            "system: dav\nhttp:\nurl: \"${DAV_URL}\"\noperations:\n  get: { get: \"/{id}.json\" }\n  put: { put: \"/{id}.json\", outcomes: { 201: delivered } }\n",
        ),
        (
            "systems/desk.yaml",
            "system: desk\nhttp:\nurl: \"${DESK_URL}\"\noperations: { wishes: { get: /wishes }, told: { put: \"/told/{id}\" } }\n",
        ),
        ("flows/orders.yaml", &flow),
    ];
    Project::of(files.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect())
}

fn server(orders: &Path) -> Shop {
    let peers = repository().join("tests/peers/dav");
    let mut command = Command::new(peers.join(".venv/bin/python"));
    command.arg(peers.join("server.py"));
    Shop::start(command, orders)
}

/// What becomes of one wish: the order as it is then, how many were delivered and are dead, and what the desk was told.
#[track_caller]
fn check(steps: &str, order: Option<&str>, meanwhile: impl Fn(&Path) + Send + Sync + 'static) -> (String, u64, u64, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let orders = folder.path().join("orders");
    fs::create_dir(&orders).unwrap();
    let file = orders.join("7.json");
    if let Some(order) = order {
        fs::write(&file, order).unwrap();
    }
    let dav = server(&orders);
    let changed = file.clone();
    let desk = Hostile::start(vec![Answer::By(std::sync::Arc::new(move |received: &Received| match received.method.as_str() {
        "GET" => Answer::json(200, r#"[{"id":"7","state":"delivered"}]"#),
        _ => {
            meanwhile(&changed);
            Answer::json(200, "{}")
        }
    }))]);
    let values = [("DAV_URL", dav.url()), ("DESK_URL", desk.url())];
    let variables: BTreeMap<String, String> = values.map(|(name, value)| (name.to_string(), value)).into();
    let running = project(steps).start(&folder.path().join("journal.db"), Variables::fixed(variables), None, false).unwrap();
    let ended = |running: &Running| {
        let counters = running.state().counters;
        (counters.done, counters.dead.values().sum::<u64>())
    };
    until(&running, "it ended", |running| ended(running) != (0, 0));
    let (done, dead) = ended(&running);
    running.stop();
    let told = desk.received().into_iter().filter(|received| received.method == "PUT").map(|received| received.text()).collect();
    (fs::read_to_string(&file).unwrap(), done, dead, told)
}

const READ: &str = "  - { call: dav.get, with: { id: .id }, as: order }\n  - { call: desk.told, with: { id: .id }, body: { fields: { tag: $answers.order.headers.etag != null } } }\n";
const BY_TAG: &str =
    "  - { send: dav.put, with: { id: .id, If-Match: $answers.order.headers.etag }, body: { fields: { state: .state } } }\n";
const BY_TIME: &str = "  - { send: dav.put, with: { id: .id, If-Unmodified-Since: '$answers.order.headers[\"last-modified\"]' }, body: { fields: { state: .state } } }\n";
const NEW: &str = "  - { send: dav.put, with: { id: .id, If-None-Match: { value: \"*\" } }, body: { fields: { state: .state } } }\n";

#[test]
fn what_was_read_is_changed() {
    let changed = (r#"{"state":"delivered"}"#.to_string(), 1, 0, vec![r#"{"tag":true}"#.to_string()]);
    assert_eq!(check(&format!("{READ}{BY_TAG}"), Some(r#"{"state":"open"}"#), |_| {}), changed);
    assert_eq!(check(&format!("{READ}{BY_TIME}"), Some(r#"{"state":"open"}"#), |_| {}), changed);
}

#[test]
fn what_somebody_changed_since_is_not_overwritten() {
    let other = |file: &Path| fs::write(file, r#"{"state":"cancelled by somebody"}"#).unwrap();
    let (order, done, dead, _) = check(&format!("{READ}{BY_TAG}"), Some(r#"{"state":"open"}"#), other);
    assert_eq!((order.as_str(), done, dead), (r#"{"state":"cancelled by somebody"}"#, 0, 1));
}

#[test]
fn what_is_there_is_not_made_again() {
    assert_eq!(check(NEW, None, |_| {}), (r#"{"state":"delivered"}"#.to_string(), 1, 0, Vec::new()));
    assert_eq!(check(NEW, Some("{}"), |_| {}), ("{}".to_string(), 0, 1, Vec::new()));
}
