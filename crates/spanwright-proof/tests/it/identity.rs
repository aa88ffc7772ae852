//! npm `oidc-provider` hands out tokens, publishes the keys that verify them, and changes its keys. We are both ends: one flow
//! asks for a token and sends it, another lets in who shows one.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use spanwright_engine::{
    clock::{Clock, Reading},
    shell::Running,
    variables::Variables,
};
use spanwright_proof::project::{Project, repository};
use spanwright_world::peers::{Program, free_port};

use crate::http::ask;

const SECRET: &str = "a secret, of the provider";
const LONG: Duration = Duration::from_secs(60);
/// A key set is fetched again no sooner than this.
const AGAIN: u64 = 31;

fn provider(folder: &Path) -> (Program, String) {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let openssl = |arguments: &[&str]| assert!(Command::new("openssl").args(arguments).output().unwrap().status.success());
    let (key, public) = (path("ours.pem"), path("ours.pub"));
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &key]);
    openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]);
    let port = free_port().unwrap();
    let mut command = Command::new("node");
    command.arg(repository().join("tests/peers/oidc/server.mjs")).args([&port.to_string(), &public]);
    (Program::start(&mut command, port, &folder.join("oidc.log")).unwrap(), key)
}

fn project() -> Project {
    let system = |name: &str, proof: &str| {
        let auth = format!("token_url: \"${{ISSUER}}/token\", client_id: {name}, {proof}, scope: \"orders:write\"");
        format!(
            "system: {name}\nhttp:\nurl: \"${{OURS}}\"\nauth: {{ oauth2: {{ {auth} }} }}\noperations: {{ order: {{ put: /orders }} }}\n"
        )
    };
    let jwt = "{ issuer: \"${ISSUER}\", audience: orders, jwks: \"${ISSUER}/jwks\", algorithms: [RS256], scopes: [ \"orders:write\" ] }";
    let flow = |name: &str| format!("flow: in-{name}\nfrom: {{ http: POST /in/{name} }}\nsteps: [ {{ send: {name}.order }} ]\n");
    let files = [
        (
            "spanwright.yaml",
            "project: identity\nlisten: { http: \"${LISTEN}\" }\nvars:\n  LISTEN: { about: where }\n  OURS: { about: the same }\n  ISSUER: { about: theirs }\n  SECRET: { about: a secret, secret: true }\n  KEY: { about: a key, secret: true }\n".to_string(),
        ),
        ("systems/by-secret.yaml", system("by-secret", "client_secret: \"${SECRET}\"")),
        ("systems/by-key.yaml", system("by-key", "private_key: \"${KEY}\", key_id: ours")),
        ("flows/in-by-secret.yaml", flow("by-secret")),
        ("flows/in-by-key.yaml", flow("by-key")),
        (
            "flows/orders.yaml",
            format!("flow: orders\nfrom:\n  http: PUT /orders\n  clients: {{ portal: {{ jwt: {jwt} }} }}\nsteps: [ {{ only: 'false' }} ]\n"),
        ),
    ];
    Project::of(files.into_iter().map(|(name, text)| (name.to_string(), text.into_bytes())).collect())
}

/// The machine's time, some seconds later.
fn clock(later: &Arc<AtomicU64>) -> Clock {
    let (began, later) = (Instant::now(), later.clone());
    Clock::reading(move || {
        let ahead = Duration::from_secs(later.load(Ordering::SeqCst));
        Reading { counted: began.elapsed() + ahead, wall: SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + ahead }
    })
}

fn until(running: &Running, what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "{what}: {:#?}", running.state());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn tokens_of_an_identity_provider_are_asked_for_shown_and_verified_while_its_keys_change() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, key) = provider(folder.path());
    let theirs = provider.url().rsplit(':').next().unwrap().parse().unwrap();
    let counted = |name: &str| {
        let counts: serde_json::Value = serde_json::from_str(&ask(theirs, "GET /counts", &[], "").1).unwrap();
        counts[name].as_u64().unwrap()
    };
    let port = free_port().unwrap();
    let key = std::fs::read_to_string(key).unwrap();
    let values = [
        ("LISTEN", format!("127.0.0.1:{port}")),
        ("OURS", format!("http://127.0.0.1:{port}")),
        ("ISSUER", provider.url()),
        ("SECRET", SECRET.to_string()),
        ("KEY", key),
    ];
    let variables: BTreeMap<String, String> = values.map(|(name, value)| (name.to_string(), value)).into();
    let later = Arc::new(AtomicU64::new(0));
    let running = project().start_by(clock(&later), &folder.path().join("journal.db"), Variables::fixed(variables), None, false).unwrap();
    let bring = |name: &str, delivered: u64| {
        assert_eq!(ask(port, &format!("POST /in/{name}"), &["content-type: application/json"], "{}").0, 202);
        until(&running, &format!("{name}: what was shown was taken"), || running.state().counters.delivered == delivered);
    };
    bring("by-secret", 1);
    assert_eq!((counted("tokens"), counted("keys")), (1, 1));
    ask(theirs, "POST /rotate", &[], "");
    later.store(AGAIN, Ordering::SeqCst);
    // Its token is signed with a key that we have never seen, and the assertion with ours.
    bring("by-key", 2);
    assert_eq!((counted("tokens"), counted("keys")), (2, 2));
    // The token of before is still good, and so is the key that signed it: nobody is asked.
    bring("by-secret", 3);
    assert_eq!((counted("tokens"), counted("keys")), (2, 2));
    // Whoever makes keys up makes us ask for none.
    let forged = "authorization: Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Im1hZGUtdXAifQ.e30.AAAA";
    for _ in 0..3 {
        assert_eq!(ask(port, "PUT /orders", &[forged, "content-type: application/json"], "{}").0, 401);
    }
    assert_eq!(counted("keys"), 2);
    running.stop();
    running.wait();
}
