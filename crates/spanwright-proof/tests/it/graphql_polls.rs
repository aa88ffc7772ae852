//! A poll of orders that change, on graphql-yoga and on ariadne: pages by cursor, a cursor by time with overlap, answers of which
//! a part or all failed, a gateway that is unwell, and a process that ends between two pages.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};
use spanwright_engine::{shell::Running, variables::Variables};
use spanwright_proof::project::Project;
use spanwright_world::{Answer, Hostile};

use crate::graphql::{Shop, ask, peers, until};

const ORDERS: u64 = 25;
const START: &str = "2026-01-01T00:00:00Z";

fn project() -> Project {
    let schema = std::fs::read_to_string(peers().join("changed.graphql")).unwrap();
    let query = "query Changed($since: String!, $after: String) {\n  changed(since: $since, after: $after) {\n    nodes { id total updatedAt parcel }\n    pageInfo { hasNextPage endCursor }\n  }\n}\n";
    let flow = format!(
        "flow: orders\nfrom:\n  poll: shop.changed\n  every: 50ms\n  pages: {{ into: after, take: .changed.pageInfo | select(.hasNextPage) | .endCursor }}\n  each: .changed.nodes\n  key: .id\n  version: .updatedAt\n  cursor: {{ into: since, take: .updatedAt, start: \"{START}\", overlap: 5m }}\nsteps: [ {{ send: books.post, body: {{ fields: {{ order: .id, sum: .total }} }} }} ]\n"
    );
    let files = [
        ("spanwright.yaml", "project: shop\nvars:\n  SHOP_URL: { about: The shop. }\n  BOOKS_URL: { about: The books. }\n"),
        (
            "systems/shop.yaml",
            "system: shop\ngraphql: schemas/shop.graphql\nurl: \"${SHOP_URL}/graphql\"\nretry: { first: 10ms, longest: 50ms }\nbreaker: { hold: 50ms, longest: 100ms }\nlimits: { rate: 100/s }\noperations: { changed: { query: schemas/changed.graphql } }\n",
        ),
        (
            "systems/books.yaml",
            "system: books\nhttp:\nurl: \"${BOOKS_URL}\"\noperations: { post: { post: /entries, key: Idempotency-Key } }\n",
        ),
        ("flows/orders.yaml", &flow),
        ("schemas/shop.graphql", &schema),
        ("schemas/changed.graphql", query),
    ];
    Project::of(files.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect())
}

fn start(shop: &Shop, books: &Hostile, journal: &Path) -> Running {
    let values = [("SHOP_URL", shop.url()), ("BOOKS_URL", books.url())];
    let variables: BTreeMap<String, String> = values.map(|(name, value)| (name.to_string(), value)).into();
    project().start(journal, Variables::fixed(variables), None, false).unwrap()
}

fn asked(shop: &Shop) -> Vec<Value> {
    serde_json::from_str(&ask(shop.port, "GET /asked", "").1).unwrap()
}

fn next(shop: &Shop, answers: &[&str]) {
    assert_eq!(ask(shop.port, "POST /next", &json!(answers).to_string()).0, 200);
}

/// What the books have: order and sum, in the order in which they came.
fn entries(books: &Hostile) -> Vec<(String, f64)> {
    let entry = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let entries = books.received().into_iter().map(|received| entry(&received.text()));
    entries.map(|entry| (entry["order"].as_str().unwrap().to_string(), entry["sum"].as_f64().unwrap())).collect()
}

/// Every order once, as it was at first.
fn assert_each_once(mut have: Vec<(String, f64)>) {
    have.sort_by(|a, b| a.1.total_cmp(&b.1));
    let all: Vec<_> = (0..ORDERS).map(|n| (n.to_string(), f64::from(u32::try_from(n).unwrap()) + 0.5)).collect();
    assert_eq!(have, all);
}

/// The first page is good; behind it comes what goes wrong, and in the end each order is in the books once.
fn check(shop: &Shop) {
    let (books, folder) = (Hostile::start(vec![Answer::status(201)]), tempfile::tempdir().unwrap());
    next(shop, &["ok", "partial", "ok", "null", "ok", "throttled", "unwell", "ok"]);
    let running = start(shop, &books, &folder.path().join("journal.db"));
    until(&running, "all orders are in the books", |running| running.state().counters.done == ORDERS);
    assert_each_once(entries(&books));
    let seen = asked(shop);
    assert_eq!(seen[0], json!({ "since": START, "after": null }));
    let begun_again = seen.iter().filter(|query| query["after"].is_null() && query["since"] == START).count();
    assert!(begun_again >= 3, "half an answer and none at all end their round, and the cursor stays: {seen:?}");
    assert!(running.state().counters.polls_failed >= 4, "each of the four was told: {:?}", running.state().counters);

    // The last change but five minutes; what lies in between was seen before.
    let overlap = "2026-01-02T00:19:00Z";
    until(&running, "the cursor has moved", |_| asked(shop).last().is_some_and(|query| query["since"] == overlap));
    assert_eq!(ask(shop.port, "POST /touch/3/99.5", "").0, 200);
    until(&running, "the change is in the books", |running| running.state().counters.done == ORDERS + 1);
    until(&running, "the cursor is behind the change", |_| {
        asked(shop).last().is_some_and(|query| query["since"] == "2026-01-02T00:55:00Z")
    });
    running.stop();
    assert_eq!(entries(&books).split_off(ORDERS as usize), [("3".to_string(), 99.5)]);
}

/// It ends between two pages, and the next life reads both again: nothing is lost, nothing is done twice.
fn check_kill(shop: &Shop) {
    let (books, folder) = (Hostile::start(vec![Answer::status(201)]), tempfile::tempdir().unwrap());
    let journal = folder.path().join("journal.db");
    next(shop, &["ok", "hang"]);
    let running = start(shop, &books, &journal);
    until(&running, "the first page is in the books", |running| running.state().counters.done == 10);
    running.stop();
    running.stop();
    drop(running.wait());
    assert_eq!(entries(&books).len(), 10);
    let running = start(shop, &books, &journal);
    until(&running, "the others are there", |running| running.state().counters.done == ORDERS - 10);
    running.stop();
    assert_each_once(entries(&books));
}

#[test]
fn a_poll_of_graphql_yoga_survives_what_a_server_says() {
    let shop = Shop::node("changed.mjs", &peers().join("changed.graphql"));
    check(&shop);
}

#[test]
fn a_poll_of_ariadne_survives_what_a_server_says() {
    let shop = Shop::python("changed.py", &peers().join("changed.graphql"));
    check(&shop);
}

#[test]
fn a_kill_between_two_pages_of_graphql_loses_nothing() {
    check_kill(&Shop::node("changed.mjs", &peers().join("changed.graphql")));
    check_kill(&Shop::python("changed.py", &peers().join("changed.graphql")));
}
