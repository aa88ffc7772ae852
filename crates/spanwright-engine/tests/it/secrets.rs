//! Known secrets in every place in which one can go out, and a peer that says them all back: nothing of them is left
//! anywhere but on the wire.

use std::collections::BTreeMap;

use spanwright_world::{Answer, Hostile, Received};

use crate::trial::{Trial, read_folder};

/// Each would look different in JSON or in an address.
const SECRETS: [(&str, &str); 9] = [
    ("BASIC", "basic pl\"um-4711"),
    ("BEARER", "bearer/vel+vet-0815"),
    ("KEY", "query harbour&key=1"),
    ("HEADER", "header-lantern-\\-22"),
    ("LOGIN", "login \"cloud\" 33"),
    ("SIGNING", "signing-secret-of-hooks-44"),
    ("CLIENT", "client secret of/oauth+66"),
    ("TOKEN", "pass<word>&of wsse-77"),
    ("GUARD", "inbound \"guard\" 88"),
];
const SESSION: &str = "session-of-tokens-55";
const ACCESS: &str = "access-token-of-oauth-99";
/// What stands in addresses that are secret as a whole: paths, and a value of the query.
const IN_ADDRESSES: [&str; 3] = ["/base-of-path-12", "/services/T01/hook-of-chat-13", "value-of-query-14"];
/// What a client of ours shows.
const SHOWN: &str = "inbound-key-of-client-15";

/// The same as Basic carries it.
const GUARDED: &str = "Basic YTppbmJvdW5kICJndWFyZCIgODg=";

const NAMES: [&str; 10] = ["basic", "bearer", "query", "header", "signed", "session", "oauth2", "keyed", "wsse", "addressed"];

fn auth(name: &str) -> &'static str {
    match name {
        "basic" => "{ basic: { user: sync, password: \"${BASIC}\" } }",
        "bearer" => "{ bearer: \"${BEARER}\" }",
        "query" => "{ api_key: { query: key, value: \"${KEY}\" } }",
        "header" => "{ api_key: { header: x-key, value: \"${HEADER}\" } }",
        "oauth2" => "{ oauth2: { token_url: \"${URL}/token\", client_id: us, client_secret: \"${CLIENT}\" } }",
        "keyed" => "{ oauth2: { token_url: \"${URL}/token\", client_id: us, private_key: \"${PRIVATE}\" } }",
        "wsse" => "{ wsse: { user: sync, password: \"${TOKEN}\" } }",
        "addressed" => "{ bearer: \"${BEARER}\" }",
        "signed" => "{ hmac: { preset: hmac, header: x-signature, secret: \"${SIGNING}\" } }",
        _ => "{ login: login, with: { password: \"${LOGIN}\" }, take: .session, put: x-session }",
    }
}

/// Answers with a refusal that quotes the whole request; a login gets its session.
fn parrot() -> Hostile {
    Hostile::start(vec![Answer::By(std::sync::Arc::new(|asked: &Received| {
        if asked.path.starts_with("/login") {
            return Answer::json(200, &format!(r#"{{"session":"{SESSION}"}}"#));
        }
        if asked.path.starts_with("/token") {
            return Answer::json(200, &format!(r#"{{"access_token":"{ACCESS}","token_type":"Bearer","expires_in":3600}}"#));
        }
        let said: Vec<String> = asked.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let document = serde_json::json!({ "title": format!("{} {}", asked.path, said.join(", ")), "detail": asked.text() });
        Answer::json(422, &document.to_string())
    }))])
}

/// A system that shows who we are in one way, and says nothing of itself but what is needed for that.
fn system(name: &str) -> String {
    let url = if name == "addressed" { "${ADDRESS}" } else { "${URL}" };
    let (kind, operations) = match name {
        "wsse" => ("soap: schemas/erp.wsdl", "GetCustomer: { safe: false }\n  ListCustomers: { safe: true }".to_string()),
        _ => ("http:", format!("login: {{ post: /login }}\n  put: {{ post: /{name} }}\n  read: {{ get: /{name}, safe: true }}")),
    };
    format!("system: {name}\n{kind}\nurl: \"{url}\"\nzone: UTC\nauth: {}\nretry: {{ tries: 1 }}\noperations:\n  {operations}\n", auth(name))
}

fn flows(name: &str) -> [(String, String); 2] {
    let (put, read) = match name {
        "wsse" => {
            ("GetCustomer, body: { fields: { Number: '\"1\"' } }", "ListCustomers, with: { ChangedSince: '\"2026-01-01T00:00:00\"' }")
        }
        _ => ("put", "read"),
    };
    [
        (format!("to-{name}"), format!("flow: to-{name}\nfrom: {{ http: POST /to/{name} }}\nsteps: [ {{ send: {name}.{put} }} ]\n")),
        (
            format!("from-{name}"),
            format!("flow: from-{name}\nfrom: {{ poll: {name}.{read}, every: 1h, key: '\"1\"' }}\nsteps: [ {{ only: 'false' }} ]\n"),
        ),
    ]
}

/// A key of RSA, made by OpenSSL: PKCS#8, PEM.
fn private_key() -> String {
    let made = std::process::Command::new("openssl").args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]).output();
    String::from_utf8(made.expect("openssl is installed").stdout).unwrap()
}

fn project(parrot: &Hostile, private_key: &str) -> Trial {
    let secret = |name: &str| format!("  {name}: {{ about: a secret, secret: true }}\n");
    let declared: String = SECRETS.iter().map(|(name, _)| *name).chain(["ADDRESS", "CHAT", "PRIVATE"]).map(secret).collect();
    let project = format!(
        "project: parrots\nlisten: {{ http: \"127.0.0.1:0\" }}\nalerts: {{ chat: {{ slack: \"${{CHAT}}\" }} }}\nvars:\n  URL: {{ about: where }}\n{declared}"
    );
    let mut files = BTreeMap::from([("spanwright.yaml".to_string(), project.into_bytes())]);
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/erp-to-crm/schemas");
    for file in ["erp.wsdl", "erp-types.xsd"] {
        files.insert(format!("schemas/{file}"), std::fs::read(example.join(file)).unwrap());
    }
    for name in NAMES {
        files.insert(format!("systems/{name}.yaml"), system(name).into_bytes());
        files.extend(flows(name).map(|(flow, text)| (format!("flows/{flow}.yaml"), text.into_bytes())));
    }
    let guarded = "flow: guarded\nfrom:\n  http: POST /guarded\n  clients: { a: { basic: { user: a, password: \"${GUARD}\" } } }\nsteps: [ { only: 'false' } ]\n";
    files.insert("flows/guarded.yaml".into(), guarded.into());
    let mut trial = Trial::of(files);
    let at = parrot.url();
    let [base, path, value] = IN_ADDRESSES;
    trial.variables.extend(SECRETS.map(|(name, value)| (name.to_string(), value.to_string())));
    trial.variables.extend([
        ("URL".to_string(), at.clone()),
        ("ADDRESS".into(), format!("{at}{base}")),
        ("CHAT".into(), format!("{at}{path}?sig={value}")),
        ("PRIVATE".into(), private_key.to_string()),
    ]);
    trial
}

#[test]
fn no_secret_that_a_peer_says_back_is_left_anywhere() {
    let parrot = parrot();
    let private_key = private_key();
    let trial = project(&parrot, &private_key);
    let running = trial.start(false);
    let to = running.address().unwrap();
    for name in NAMES {
        let got = crate::doors::Client { to }.post(&format!("/to/{name}"), &[], r#"{"id":"1"}"#);
        assert_eq!(got.status, 202, "{}", got.body);
    }
    let guard = |proof: &str| {
        crate::doors::Client { to }.post("/guarded", &[&format!("authorization: {proof}"), &format!("x-api-key: {SHOWN}")], "{}")
    };
    assert_eq!((guard(GUARDED).status, guard("Basic YTpub3RoaW5n").status), (202, 401));
    let all = NAMES.len() as u64;
    crate::trial::until(&running, "all are dead letters, and a person was to be told", |state| {
        state.counters.dead_letters() >= all && state.counters.polls_failed >= all && state.counters.alerts_failed > 0
    });
    let state = format!("{:?}", running.state());
    running.stop();
    crate::trial::wait(running);
    // They were on the wire: otherwise this would show nothing.
    let wire: String =
        parrot.received().iter().map(|request| format!("{} {:?} {}", request.path, request.headers, request.text())).collect();
    let log = trial.log_text();
    assert!(log.contains("/basic") && log.contains("***"), "what was said back is quoted, without the secrets");
    let mut kept = BTreeMap::new();
    read_folder(trial.folder.path(), trial.folder.path(), &mut kept);
    assert!(kept.keys().any(|file| file.starts_with("journal.db")), "{:?}", kept.keys());
    let spelled = |secret: &str| {
        let json = serde_json::to_string(secret).unwrap();
        let address: String = secret
            .bytes()
            .map(|b| if b.is_ascii_alphanumeric() || b"-._~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect();
        let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        [secret.to_string(), json.trim_matches('"').to_string(), address, xml]
    };
    let alerts: String =
        parrot.received().iter().filter(|asked| asked.path.starts_with(IN_ADDRESSES[1])).map(|asked| asked.text()).collect();
    assert!(!alerts.is_empty(), "a channel was told");
    let basic = "c3luYzpiYXNpYyBwbCJ1bS00NzEx";
    let of_key: Vec<&str> = private_key.lines().filter(|line| !line.starts_with("--")).collect();
    let secrets = SECRETS.iter().map(|(_, value)| *value).chain([SESSION, ACCESS, SHOWN, basic, GUARDED]).chain(IN_ADDRESSES).chain(of_key);
    for secret in secrets {
        // The password of Basic goes out within the line above, and a signing secret never does.
        // So does a private key, and what others show us comes the other way.
        let stays = ["basic", "signing", "inbound", "Basic"].iter().any(|word| secret.starts_with(word)) || private_key.contains(secret);
        assert!(stays || spelled(secret).iter().any(|form| wire.contains(form.as_str())), "{secret} went nowhere");
        for form in spelled(secret) {
            assert!(!log.contains(&form), "the log holds {form}");
            assert!(!state.contains(&form), "the state holds {form}");
            assert!(!alerts.contains(&form), "an alert holds {form}");
            for (file, bytes) in &kept {
                assert!(!bytes.windows(form.len()).any(|window| window == form.as_bytes()), "{file} holds {form}");
            }
        }
    }
}
