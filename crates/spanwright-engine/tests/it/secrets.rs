//! Known secrets in every place in which one can go out, and a peer that says them all back: nothing of them is left
//! anywhere but on the wire.

use std::collections::BTreeMap;

use spanwright_world::{Answer, Hostile, Received};

use crate::trial::{Trial, read_folder};

/// Each would look different in JSON or in an address.
const SECRETS: [(&str, &str); 6] = [
    ("BASIC", "basic pl\"um-4711"),
    ("BEARER", "bearer/vel+vet-0815"),
    ("KEY", "query harbour&key=1"),
    ("HEADER", "header-lantern-\\-22"),
    ("LOGIN", "login \"cloud\" 33"),
    ("SIGNING", "signing-secret-of-hooks-44"),
];
const SESSION: &str = "session-of-tokens-55";

fn auth(name: &str) -> &'static str {
    match name {
        "basic" => "{ basic: { user: sync, password: \"${BASIC}\" } }",
        "bearer" => "{ bearer: \"${BEARER}\" }",
        "query" => "{ api_key: { query: key, value: \"${KEY}\" } }",
        "header" => "{ api_key: { header: x-key, value: \"${HEADER}\" } }",
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
        let said: Vec<String> = asked.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let document = serde_json::json!({ "title": format!("{} {}", asked.path, said.join(", ")), "detail": asked.text() });
        Answer::json(422, &document.to_string())
    }))])
}

fn project(parrot: &Hostile) -> Trial {
    let declared: String = SECRETS.iter().map(|(name, _)| format!("  {name}: {{ about: a secret, secret: true }}\n")).collect();
    let mut files = BTreeMap::from([(
        "spanwright.yaml".to_string(),
        format!("project: parrots\nlisten: {{ http: \"127.0.0.1:0\" }}\nvars:\n  URL: {{ about: where }}\n{declared}").into_bytes(),
    )]);
    for name in ["basic", "bearer", "query", "header", "signed", "session"] {
        let system = format!(
            "system: {name}\nhttp:\nurl: \"${{URL}}\"\nauth: {}\nretry: {{ tries: 1 }}\noperations:\n  login: {{ post: /login }}\n  put: {{ post: /{name} }}\n  read: {{ get: /{name}, safe: true }}\n",
            auth(name)
        );
        files.insert(format!("systems/{name}.yaml"), system.into_bytes());
        let flow = format!("flow: to-{name}\nfrom: {{ http: POST /to/{name} }}\nsteps: [ {{ send: {name}.put }} ]\n");
        files.insert(format!("flows/to-{name}.yaml"), flow.into_bytes());
        let poll = format!("flow: from-{name}\nfrom: {{ poll: {name}.read, every: 1h, key: .id }}\nsteps: [ {{ send: {name}.put }} ]\n");
        files.insert(format!("flows/from-{name}.yaml"), poll.into_bytes());
    }
    let mut trial = Trial::of(files);
    trial.variables.insert("URL".into(), parrot.url());
    trial.variables.extend(SECRETS.map(|(name, value)| (name.to_string(), value.to_string())));
    trial
}

#[test]
fn no_secret_that_a_peer_says_back_is_left_anywhere() {
    let parrot = parrot();
    let trial = project(&parrot);
    let running = trial.start(false);
    let to = running.address().unwrap();
    for name in ["basic", "bearer", "query", "header", "signed", "session"] {
        let got = crate::doors::Client { to }.post(&format!("/to/{name}"), &[], r#"{"id":"1"}"#);
        assert_eq!(got.status, 202, "{}", got.body);
    }
    crate::trial::until(&running, "all are dead letters", |state| state.counters.dead_letters() >= 6 && state.counters.polls_failed >= 6);
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
        [secret.to_string(), json.trim_matches('"').to_string(), address]
    };
    let basic = "c3luYzpiYXNpYyBwbCJ1bS00NzEx";
    let secrets = SECRETS.iter().map(|(_, value)| *value).chain([SESSION, basic]);
    for secret in secrets {
        // The password of Basic goes out within the line above, and a signing secret never does.
        let stays = secret.starts_with("basic") || secret.starts_with("signing");
        assert!(stays || spelled(secret).iter().any(|form| wire.contains(form.as_str())), "{secret} went nowhere");
        for form in spelled(secret) {
            assert!(!log.contains(&form), "the log holds {form}");
            assert!(!state.contains(&form), "the state holds {form}");
            for (file, bytes) in &kept {
                assert!(!bytes.windows(form.len()).any(|window| window == form.as_bytes()), "{file} holds {form}");
            }
        }
    }
}
