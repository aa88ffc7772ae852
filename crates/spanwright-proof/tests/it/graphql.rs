//! The shop of `examples/graphql` on graphql-yoga and on ariadne: neither shares a line with us.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use spanwright_engine::{shell::Running, variables::Variables};
use spanwright_proof::project::{Project, repository};
use spanwright_world::{Answer, Hostile};

const ORDERS: u64 = 100;
const LONG: Duration = Duration::from_secs(60);

/// A server of the shop, ended with the test.
pub(crate) struct Shop {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

pub(crate) fn peers() -> PathBuf {
    repository().join("tests/peers/graphql")
}

impl Shop {
    pub(crate) fn start(mut command: Command, schema: &Path) -> Shop {
        let child = command.arg(schema).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}; run tests/peers/setup.sh first"));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("{command:?} printed no port; run tests/peers/setup.sh first"));
        Shop { child, port }
    }

    /// By a script of node.
    pub(crate) fn node(script: &str, schema: &Path) -> Shop {
        let mut command = Command::new("node");
        command.arg(peers().join(script));
        Shop::start(command, schema)
    }

    /// By a script of Python.
    pub(crate) fn python(script: &str, schema: &Path) -> Shop {
        let mut command = Command::new(peers().join(".venv/bin/python"));
        command.arg(peers().join(script));
        Shop::start(command, schema)
    }

    fn yoga() -> Shop {
        Shop::node("server.mjs", &example_schema())
    }

    fn ariadne() -> Shop {
        Shop::python("server.py", &example_schema())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn example_schema() -> PathBuf {
    repository().join("examples/graphql/schemas/shop.graphql")
}

pub(crate) fn ask(port: u16, line: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_string())
}

fn start(project: &Project, shop: &Shop, books: &Hostile, folder: &tempfile::TempDir) -> Running {
    let values = [("SHOP_URL", shop.url()), ("BOOKS_URL", books.url()), ("LISTEN", "127.0.0.1:0".to_string())];
    let variables: BTreeMap<String, String> = values.map(|(name, value)| (name.to_string(), value)).into();
    project.start(&folder.path().join("journal.db"), Variables::fixed(variables), None, false).unwrap()
}

fn books() -> Hostile {
    Hostile::start(vec![Answer::By(Arc::new(|_| Answer::json(200, "{}")))])
}

#[track_caller]
pub(crate) fn until(running: &Running, what: &str, is_so: impl Fn(&Running) -> bool) {
    let begun = Instant::now();
    while !is_so(running) {
        assert!(begun.elapsed() < LONG, "{what}: {:#?}", running.state());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn bring(running: &Running, flow: &str, id: &str) {
    let (status, body) = ask(running.address().unwrap().port(), &format!("POST /{flow}"), &format!("{{\"id\":\"{id}\"}}"));
    assert_eq!(status, 202, "{body}");
}

#[test]
fn one_query_takes_the_place_of_three_calls() {
    let (shop, books, folder) = (Shop::yoga(), books(), tempfile::tempdir().unwrap());
    let running = start(&Project::named("graphql").unwrap(), &shop, &books, &folder);
    for id in 0..ORDERS {
        bring(&running, "by-rest", &id.to_string());
        bring(&running, "by-query", &id.to_string());
    }
    until(&running, "all are in the books", |running| running.state().counters.done == 2 * ORDERS);
    running.stop();
    let counts: serde_json::Value = serde_json::from_str(&ask(shop.port, "GET /counts", "").1).unwrap();
    let (rest, graphql) = (counts["rest"].as_u64().unwrap(), counts["graphql"].as_u64().unwrap());
    let fewer = 100 - 100 * graphql / rest;
    println!("{ORDERS} orders: {rest} calls by REST, {graphql} by GraphQL, {fewer} % fewer");
    assert_eq!((rest, graphql), (3 * ORDERS, ORDERS));
    assert!(fewer >= 60, "{fewer} %");
    let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for received in books.received() {
        let entry: serde_json::Value = serde_json::from_str(&received.text()).unwrap();
        entries.entry(entry["order"].as_str().unwrap().to_string()).or_default().push(entry.to_string());
    }
    assert_eq!(entries.len() as u64, ORDERS);
    for (order, both) in entries {
        assert!(both.len() == 2 && both[0] == both[1], "{order}: both ways make the same entry: {both:?}");
    }
}

/// A schema that was asked of the server itself is as good as its SDL.
fn check_introspection(shop: &Shop) {
    let mut body = b"{\"query\":".to_vec();
    spanwright_shape::json::write_text(spanwright_shape::graphql::INTROSPECTION_QUERY, &mut body);
    body.push(b'}');
    let url = format!("{}/graphql", shop.url());
    let schema = spanwright_engine::fetch::post_json(&url, body, None, true).unwrap();
    let bundle = |schema: Vec<u8>, name: &str| {
        let document = include_bytes!("../../../../examples/graphql/schemas/order.graphql").to_vec();
        spanwright_shape::text::Bundle::new([("a.graphql".to_string(), document), (name.to_string(), schema)])
    };
    let read = |bundle: &spanwright_shape::text::Bundle| {
        let (mut problems, mut shapes) = (spanwright_shape::text::Problems::new(), spanwright_shape::shape::Shapes::default());
        let schema = spanwright_shape::graphql::Schema::read(bundle, spanwright_shape::text::FileId(1), &mut problems).unwrap();
        spanwright_shape::graphql::Operation::check(bundle, spanwright_shape::text::FileId(0), &schema, &mut shapes, &mut problems).unwrap()
    };
    let sdl = include_bytes!("../../../../examples/graphql/schemas/shop.graphql").to_vec();
    assert_eq!(read(&bundle(schema, "s.json")), read(&bundle(sdl, "s.graphql")));
}

/// Orders that are there, that are not, and of which half cannot be told; and a document that the server knows better.
fn check(shop: &Shop) {
    let (books, folder) = (books(), tempfile::tempdir().unwrap());
    let project = Project::named("graphql").unwrap();
    let running = start(&project, shop, &books, &folder);
    bring(&running, "by-query", "7");
    bring(&running, "by-query", "none");
    until(&running, "both are over, one of them without an entry", |running| running.state().counters.done == 2);
    running.stop();
    let entry: serde_json::Value = serde_json::from_str(&books.received()[0].text()).unwrap();
    let items = serde_json::json!([{ "sku": "A7", "count": 2 }]);
    let whole = serde_json::json!({ "order": "7", "sum": 12.5, "state": "OPEN", "customer": "Ada", "country": "DE", "items": items });
    assert_eq!((books.received().len(), entry), (1, whole));

    let folder = tempfile::tempdir().unwrap();
    let half = Project::named("graphql").unwrap().with("schemas/order.graphql", "    total", "    total parcel");
    let running = start(&half, shop, &books, &folder);
    bring(&running, "by-query", "7");
    until(&running, "half an answer is a dead letter", |running| running.state().counters.dead_letters() == 1);
    running.stop();

    let folder = tempfile::tempdir().unwrap();
    let newer = Project::named("graphql").unwrap().with("schemas/shop.graphql", "  total: Float!", "  total: Float!\n  added: Int");
    let running = start(&newer.with("schemas/order.graphql", "    total", "    total added"), shop, &books, &folder);
    bring(&running, "by-query", "7");
    until(&running, "a refused document is a dead letter", |running| running.state().counters.dead_letters() == 1);
    running.stop();
    assert_eq!(books.received().len(), 1, "nothing was written from half an answer");
}

#[test]
fn graphql_yoga_is_understood() {
    let shop = Shop::yoga();
    check_introspection(&shop);
    check(&shop);
}

#[test]
fn ariadne_is_understood() {
    let shop = Shop::ariadne();
    check_introspection(&shop);
    check(&shop);
}
