//! The project of the messages that are made, and a start of the engine on their journal.

use std::{
    collections::BTreeMap,
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use spanwright_core::{fact::Moment, project};
use spanwright_engine::{
    clock::{Clock, Reading},
    pinned,
    shell::{Engine, Start, StorePlace},
    variables::Variables,
    wire::HttpSettings,
};
use spanwright_lab::conformance::code_of;
use spanwright_shape::text::{Bundle, Problems, render};

const CRM: &str = "system: crm
http:
url: \"${CRM_URL}\"
retry: { tries: 8, first: 1h, longest: 12h }
operations:
  list: { get: /customers }
  put: { put: \"/customers/{id}\" }
  closed: { post: /rounds }
";
const STEPS: &str = "pause_after: { dead: 100000, within: 1h }
steps:
  - { name: crm, send: crm.put, with: { id: .id }, body: . }
";
const IN_ORDER: &str = "in_order: key\n";
/// Where nobody listens: what is due at once is not delivered meanwhile.
const NOBODY: &str = "http://127.0.0.1:1";

fn files(about: &str, ordered: bool) -> Bundle {
    let line = if ordered { IN_ORDER } else { "" };
    let customers = format!("flow: customers\nfrom: {{ http: POST /customers, key: .id }}\n{line}{STEPS}");
    let polled = "from: { poll: crm.list, every: 1h, each: .items, key: .id, version: .version }\n";
    let records = format!("flow: records\n{polled}{IN_ORDER}{STEPS}when_all_done:\n  - {{ send: crm.closed, body: $tally }}\n");
    let project =
        format!("project: aged\nabout: {about}\nlisten: {{ http: \"127.0.0.1:0\" }}\nvars: {{ CRM_URL: {{ about: Who takes it. }} }}\n");
    let files = [
        ("spanwright.yaml", project),
        ("systems/crm.yaml", CRM.into()),
        ("flows/customers.yaml", customers),
        ("flows/records.yaml", records),
    ];
    Bundle::new(files.into_iter().map(|(path, text)| (path.to_string(), text.into_bytes())).collect::<BTreeMap<_, _>>())
}

/// As it was when the messages came: a start builds its plan again.
pub fn older(ordered: bool) -> Bundle {
    files("As it was.", ordered)
}

/// The time from which the engine is started on this journal, as the binary does, until it takes a connection. Then it is cut off.
pub fn start(journal: &Path, now: Moment, ordered: bool) -> Duration {
    let (bundle, mut problems) = (files("As it is.", ordered), Problems::new());
    let plan = project::check(&bundle, spanwright_connect::ALL, None, &mut problems);
    let plan = Arc::new(plan.unwrap_or_else(|| panic!("{}", render::json_lines(&problems, &bundle))));
    let began = Instant::now();
    let wall = Duration::from_micros(now.0.unsigned_abs());
    let hands = move || Reading { counted: began.elapsed(), wall: wall + began.elapsed() };
    let start = Start {
        plan,
        bundle: pinned::pin(&bundle),
        rebuild: Box::new(|pinned, _| pinned::rebuild(pinned, spanwright_connect::ALL, None)),
        store: StorePlace::File(journal.into(), code_of),
        variables: Variables::fixed([("CRM_URL".to_string(), NOBODY.to_string())].into()),
        once: false,
        signals: false,
        log: None,
        watch: None,
        http: HttpSettings::default(),
        clock: Arc::new(Clock::reading(hands)),
    };
    let running = Engine::start(start).unwrap();
    TcpStream::connect(running.address().unwrap()).unwrap();
    let taken = began.elapsed();
    drop(running);
    taken
}
