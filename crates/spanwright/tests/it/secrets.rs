//! Secrets are in no output, no log and no file of a run, also where a peer quotes them back to us.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use spanwright_world::{Answer, Hostile, Received, World, WorldSettings};

use crate::project::{Begun, Project, ran, spanwright};

const PASSWORD: &str = "plum-cloud-4711-lantern";
const SECRET: &str = "velvet-0815-harbour-secret";

#[test]
fn no_secret_is_printed_logged_or_kept() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let mut settings = WorldSettings::quiet(ledgers.path(), 30);
    settings.erp.catalog = settings.erp.catalog.without_email(3).with_malformed(5);
    (settings.erp.password, settings.crm.client_secret) = (PASSWORD.into(), SECRET.into());
    let world = World::start(settings).unwrap();
    let ran = ran(&mut project.command(&world, &["--once", "--log", "json", "--level", "debug"]));
    assert!(ran.err.lines().count() > 30, "there is a log: {}", ran.err);
    let mut looked_at = 2;
    hide_nothing("standard output", ran.out.as_bytes());
    hide_nothing("standard error", ran.err.as_bytes());
    each_file(&project.path().join(".spanwright"), &mut |path| {
        hide_nothing(&path.display().to_string(), &fs::read(path).unwrap());
        looked_at += 1;
    });
    assert!(looked_at > 3, "the journal was looked at");
}

fn hide_nothing(what: &str, bytes: &[u8]) {
    // As they are, and as Basic carries them.
    for secret in [PASSWORD, SECRET, "Y3JtLXN5bmM6cGx1bS1jbG91ZC00NzExLWxhbnRlcm4", "ZXJwLXN5bmM6dmVsdmV0LTA4MTU"] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{what} holds {secret}");
    }
}

fn each_file(folder: &Path, then: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { each_file(&path, then) } else { then(&path) }
    }
}

/// What is known of nobody but us and one other, by the place in which it goes; each would look different in JSON, XML or an
/// address. Half of them come from files.
const PLANTED: [(&str, &str); 16] = [
    ("BASIC", "basic pl\"um-4711"),
    ("BEARER", "bearer/vel+vet-0815"),
    ("KEY", "query harbour&key=1"),
    ("HEADER", "header-lantern-\\-22"),
    ("LOGIN", "login \"cloud\" 33"),
    ("HMAC", "signing-secret-of-hooks-44"),
    ("CLIENT", "client secret of/oauth+66"),
    ("REFRESH", "refresh token of/oauth+67"),
    ("TOKEN", "pass<word>&of wsse-77"),
    ("BROKER", "broker/of queues?79"),
    ("GUARD", "inbound \"guard\" 88"),
    ("HOOK", "whsec_c3BhbndyaWdodC1wbGFudGVkLXNlY3JldC0wMQ=="),
    ("CALLER", "caller's pass<word>&of wsse-16"),
    ("DIGESTED", "digested \"password\" of wsse-17"),
    ("BASE", "/base-of-path-12"),
    ("CHAT", "/services/T01/hook-of-chat-13?sig=value-of-query-14"),
];
/// What a client shows, and the header that it shows it in.
const SHOWN: (&str, &str) = ("x-shop-token", "inbound-key-of-client-15");

/// Where the names of WS-Security live, and what a password is called there.
const WSS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss";
/// A nonce, as it is and in Base64.
const NONCE: (&str, &str) = ("nonce-of-caller-18", "bm9uY2Utb2YtY2FsbGVyLTE4");

/// The systems: each shows who we are in another way.
const SYSTEMS: [(&str, &str); 9] = [
    ("basic", "auth: { basic: { user: sync, password: \"${BASIC}\" } }"),
    ("bearer", "auth: { bearer: \"${BEARER}\" }"),
    ("query", "auth: { api_key: { query: key, value: \"${KEY}\" } }"),
    ("header", "auth: { api_key: { header: x-key, value: \"${HEADER}\" } }"),
    ("session", "auth: { login: login, with: { password: \"${LOGIN}\" }, take: .session, put: x-session }"),
    ("signed", "auth: { hmac: { preset: hmac, header: x-signature, secret: \"${HMAC}\" } }"),
    ("oauth", "auth: { oauth2: { token_url: \"${URL}/token\", client_id: us, client_secret: \"${CLIENT}\" } }"),
    ("refreshed", "auth: { oauth2: { token_url: \"${URL}/token\", client_id: us, refresh_token: \"${REFRESH}\" } }"),
    ("addressed", "auth: { bearer: \"${BEARER}\" }"),
];

/// Answers with a refusal that quotes the whole request.
fn parrot() -> Hostile {
    Hostile::start(vec![Answer::By(Arc::new(|asked: &Received| {
        if asked.path.starts_with("/login") {
            return Answer::json(200, "{\"session\":\"session-of-tokens-55\"}");
        }
        if asked.path.starts_with("/token") {
            return Answer::json(200, "{\"access_token\":\"access-token-of-oauth-99\",\"token_type\":\"Bearer\",\"expires_in\":3600}");
        }
        let said: Vec<String> = asked.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let document = serde_json::json!({ "title": format!("{} {}", asked.path, said.join(", ")), "detail": asked.text() });
        Answer::json(422, &document.to_string())
    }))])
}

/// A project in which each of them has its place.
struct Planted {
    project: Project,
    parrot: Hostile,
    port: u16,
}

impl Planted {
    fn new() -> Planted {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let planted = Planted { project: Project::empty(), parrot: parrot(), port };
        for folder in ["apis", "flows", "systems", "schemas", "secrets"] {
            fs::create_dir(planted.path(folder)).unwrap();
        }
        let variable = |(n, (name, value)): (usize, &(&str, &str))| {
            let file = planted.path("secrets").join(name);
            fs::write(&file, value).unwrap();
            let from = if n % 2 == 0 { format!(", file: \"{}\"", file.display()) } else { String::new() };
            format!("  {name}: {{ about: a secret of ours, secret: true{from} }}\n")
        };
        let variables: String = PLANTED.iter().enumerate().map(variable).collect();
        let shown = Command::new("sh").args(["-c", &format!("printf %s {} | sha256sum", SHOWN.1)]).output().unwrap().stdout;
        let sha256 = String::from_utf8(shown).unwrap()[..64].to_string();
        planted.write("spanwright.yaml", &format!(
            "project: planted\nlisten: {{ http: \"127.0.0.1:{port}\" }}\nalerts: {{ chat: {{ slack: \"${{CHAT}}\" }} }}\nvars:\n  URL: {{ about: where }}\n{variables}"
        ));
        for (name, auth) in SYSTEMS {
            let base = if name == "addressed" { "${BASE}" } else { "" };
            let operations = format!("login: {{ post: /login }}\n  put: {{ post: /{name} }}");
            planted.write(
                &format!("systems/{name}.yaml"),
                &format!("system: {name}\nhttp:\nurl: \"${{URL}}{base}\"\n{auth}\nretry: {{ tries: 1 }}\noperations:\n  {operations}\n"),
            );
            planted.write(
                &format!("flows/{name}.yaml"),
                &format!("flow: {name}\nfrom: {{ http: POST /{name} }}\nsteps: [ {{ send: {name}.put }} ]\n"),
            );
        }
        for file in ["erp.wsdl", "erp-types.xsd"] {
            let from = crate::project::repository().join("examples/erp-to-crm/schemas").join(file);
            fs::copy(from, planted.path("schemas").join(file)).unwrap();
        }
        planted.write("systems/wsse.yaml", "system: wsse\nsoap: schemas/erp.wsdl\nurl: \"${URL}/wsse\"\nzone: UTC\nauth: { wsse: { user: sync, password: \"${TOKEN}\" } }\nretry: { tries: 1 }\n");
        planted.write(
            "flows/wsse.yaml",
            "flow: wsse\nfrom: { http: POST /wsse }\nsteps: [ { send: wsse.GetCustomer, body: { fields: { Number: '\"1\"' } } } ]\n",
        );
        planted.write("systems/rabbit.yaml", "system: rabbit\namqp:\nurl: \"amqp://127.0.0.1:1/shop\"\nauth: { basic: { user: us, password: \"${BROKER}\" } }\nretry: { tries: 1, give_up_after: 1s }\noperations: { jobs: { queue: jobs } }\n");
        planted.write("flows/rabbit.yaml", "flow: rabbit\nfrom: { http: POST /rabbit }\nsteps: [ { send: rabbit.jobs } ]\n");
        planted.write("systems/pay.yaml", "system: pay\nhttp:\nwebhooks: { preset: standard, path: /in/pay, secret: \"${HOOK}\" }\n");
        planted.write("flows/paid.yaml", "flow: paid\nfrom: { webhook: pay }\nsteps: [ { only: 'false' } ]\n");
        let clients = format!(
            "{{ a: {{ basic: {{ user: a, password: \"${{GUARD}}\" }} }}, b: {{ api_key: {{ header: {}, sha256: {sha256} }} }} }}",
            SHOWN.0
        );
        planted.write(
            "flows/guarded.yaml",
            &format!("flow: guarded\nfrom: {{ http: POST /guarded, clients: {clients} }}\nsteps: [ {{ fail: '\"\\($headers)\"' }} ]\n"),
        );
        planted.write("apis/desk.yaml", "api: desk\nsoap: schemas/erp.wsdl\npath: /desk\nclients:\n  text: { wsse: { user: text, password: \"${CALLER}\" } }\n  digest: { wsse: { user: digest, password: \"${DIGESTED}\" } }\n");
        planted.write("flows/desk.yaml", "flow: desk\nfrom: { api: desk.GetCustomer }\nsteps: [ { fail: '\"\\($headers) \\(.)\"' } ]\n");
        planted
    }

    fn path(&self, path: &str) -> PathBuf {
        self.project.path().join(path)
    }

    fn write(&self, file: &str, text: &str) {
        self.project.write(file, text);
    }

    /// A command with every variable that is no file.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = spanwright();
        command.args(arguments).arg(self.project.path()).env("URL", self.parrot.url());
        command.envs(PLANTED.iter().enumerate().filter(|(n, _)| n % 2 == 1).map(|(_, planted)| *planted));
        let (name, path) = PLANTED[PLANTED.len() - 1];
        command.env(name, format!("{}{path}", self.parrot.url()));
        command
    }

    fn post(&self, path: &str, line: &str) -> u16 {
        self.send(path, &format!("content-type: application/json\r\n{line}"), "{\"id\":\"1\"}")
    }

    /// An envelope whose user name token has this password, and a nonce of its own.
    fn call(&self, user: &str, (kind, password): (&str, &str)) -> u16 {
        let created = stdout_of("date -u +%Y-%m-%dT%H:%M:%SZ");
        let password = match kind {
            "PasswordDigest" => stdout_of(&format!("printf %s '{}{created}{password}' | openssl dgst -sha1 -binary | base64", NONCE.0)),
            _ => password.replace('&', "&amp;").replace('<', "&lt;"),
        };
        let nonce = if kind == "PasswordDigest" { NONCE.1 } else { "b3RoZXItbm9uY2U=" };
        let token = format!(
            "<w:UsernameToken><w:Username>{user}</w:Username><w:Password Type=\"{WSS}-username-token-profile-1.0#{kind}\">{password}</w:Password><w:Nonce>{nonce}</w:Nonce><u:Created>{created}</u:Created></w:UsernameToken>"
        );
        let envelope = format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:w=\"{WSS}-wssecurity-secext-1.0.xsd\" xmlns:u=\"{WSS}-wssecurity-utility-1.0.xsd\"><s:Header><w:Security s:mustUnderstand=\"1\">{token}</w:Security></s:Header><s:Body><GetCustomer xmlns=\"urn:example:erp:v2\"><Number>1</Number></GetCustomer></s:Body></s:Envelope>"
        );
        self.send("/desk", "content-type: text/xml; charset=utf-8\r\n", &envelope)
    }

    fn send(&self, path: &str, lines: &str, body: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{lines}content-length: {}\r\n\r\n{body}", body.len())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
    }

    /// Runs until everything has failed that can, and a channel was told.
    fn run(&self) -> Vec<u8> {
        let log = self.path("secrets/run.log");
        let to = fs::File::create(&log).unwrap();
        let mut command = self.command(&["run", "--log", "json", "--level", "debug"]);
        let running = Begun { child: command.stdin(Stdio::null()).stdout(to.try_clone().unwrap()).stderr(to).spawn().unwrap() };
        let until = |what: &str, is_so: &dyn Fn() -> bool| {
            let begun = Instant::now();
            while !is_so() {
                assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {}", fs::read_to_string(&log).unwrap());
                thread::sleep(Duration::from_millis(50));
            }
        };
        until("it listens", &|| TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        let all = SYSTEMS.iter().map(|(name, _)| *name).chain(["wsse", "rabbit"]);
        let mut dead = 1;
        for name in all {
            assert_eq!(self.post(&format!("/{name}"), ""), 202, "{name}");
            dead += usize::from(name != "rabbit");
        }
        let (basic, token) = ("authorization: Basic YTppbmJvdW5kICJndWFyZCIgODg=\r\n", format!("{}: {}\r\n", SHOWN.0, SHOWN.1));
        assert_eq!((self.post("/guarded", basic), self.post("/guarded", &token)), (202, 202));
        // Those who come with what is nearly right are refused, and kept as that.
        assert_eq!(self.post("/guarded", &format!("{}: {}x\r\n", SHOWN.0, SHOWN.1)), 401);
        assert_eq!(
            self.post("/in/pay", &format!("webhook-id: a\r\nwebhook-timestamp: 1\r\nwebhook-signature: {}\r\n", PLANTED[11].1)),
            401
        );
        // Callers of SOAP, by a password as text and as a digest; and those who come with what is nearly right.
        let (text, digest) = (planted_value("CALLER"), planted_value("DIGESTED"));
        assert_eq!(self.call("text", ("PasswordText", text)), 202);
        assert_eq!(self.call("digest", ("PasswordDigest", digest)), 202);
        assert_eq!(self.call("text", ("PasswordText", &format!("{text}x"))), 401);
        assert_eq!(self.call("digest", ("PasswordText", &format!("{digest}x"))), 401);
        dead += 2;
        let text = || fs::read_to_string(&log).unwrap();
        until("all are dead letters", &|| text().matches("a dead letter").count() > dead);
        until("the broker was not reached", &|| text().contains("R5001"));
        until("a channel was told", &|| self.parrot.received().iter().any(|asked| asked.path.starts_with("/services/T01")));
        drop(running);
        let told = fs::read(&log).unwrap();
        fs::remove_dir_all(self.path("secrets")).unwrap();
        told
    }
}

fn planted_value(name: &str) -> &'static str {
    PLANTED.iter().find(|(have, _)| *have == name).map(|(_, value)| *value).unwrap()
}

fn stdout_of(script: &str) -> String {
    String::from_utf8(Command::new("sh").args(["-c", script]).output().unwrap().stdout).unwrap().trim().to_string()
}

/// How a text may be written where it is quoted.
fn spelled(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let twice = serde_json::to_string(json.trim_matches('"')).unwrap();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let address: String =
        secret.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect();
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html = xml.replace('"', "&quot;");
    vec![secret.to_string(), json.trim_matches('"').to_string(), twice.trim_matches('"').to_string(), address, xml, html]
}

#[test]
fn no_planted_secret_is_in_a_log_a_list_a_document_or_a_copy() {
    let planted = Planted::new();
    let mut looked_at = vec![("the log".to_string(), planted.run())];
    // Each command has all secrets in its environment, as in the shell of whoever looks after it. Their files are gone.
    fs::create_dir(planted.path("secrets")).unwrap();
    PLANTED.iter().for_each(|(name, value)| fs::write(planted.path("secrets").join(name), value).unwrap());
    let (site, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (out, to) = (site.path().to_str().unwrap(), copy.path().join("copy.db"));
    let commands: [&[&str]; 13] = [
        &["check"],
        &["check", "--residue"],
        &["docs", "--out", out],
        &["graph"],
        &["messages", "--format", "json"],
        &["dead-letters"],
        &["dead-letters", "--format", "json"],
        &["refused"],
        &["chores"],
        &["alerts"],
        &["backup", "--to", to.to_str().unwrap()],
        &["verify"],
        &["test"],
    ];
    for arguments in commands {
        let ran = ran(&mut planted.command(arguments));
        assert!(!ran.err.contains("unexpected argument") && !ran.err.contains("unrecognized"), "{arguments:?}: {}", ran.err);
        looked_at.push((arguments.join(" "), format!("{}{}", ran.out, ran.err).into_bytes()));
    }
    let listed = ran(&mut planted.command(&["messages", "--format", "json", "--most", "100"])).out;
    for line in listed.lines() {
        let id = serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].as_str().unwrap().to_string();
        looked_at.push((format!("message {id}"), ran(&mut planted.command(&["messages", "--id", &id, "--body"])).out.into_bytes()));
    }
    fs::remove_dir_all(planted.path("secrets")).unwrap();
    for folder in [planted.path(".spanwright"), site.path().to_path_buf(), copy.path().to_path_buf()] {
        each_file(&folder, &mut |path| looked_at.push((path.display().to_string(), fs::read(path).unwrap())));
    }
    let names = |part: &str| looked_at.iter().filter(|(what, _)| what.contains(part)).count();
    assert!(
        names(".html") > 5 && names("openapi") > 0 && names("postman") > 0 && names("journal.db") > 0 && names("copy.db") > 0,
        "{:?}",
        looked_at.iter().map(|(what, _)| what).collect::<Vec<_>>()
    );
    // They went out: otherwise this would show nothing.
    let wire: String =
        planted.parrot.received().iter().map(|asked| format!("{} {:?} {}", asked.path, asked.headers, asked.text())).collect();
    let of_ours = ["session-of-tokens-55", "access-token-of-oauth-99", SHOWN.1, NONCE.1];
    let both_ways = ["HMAC", "BROKER", "GUARD", "HOOK", "BASIC", "CLIENT", "CALLER", "DIGESTED"];
    for (name, secret) in PLANTED {
        assert!(both_ways.contains(&name) || spelled(secret).iter().any(|form| wire.contains(form.as_str())), "{name} went nowhere");
    }
    for secret in PLANTED.iter().map(|(_, secret)| *secret).chain(of_ours) {
        for form in spelled(secret) {
            for (what, bytes) in &looked_at {
                assert!(!bytes.windows(form.len()).any(|window| window == form.as_bytes()), "{what} holds {form}");
            }
        }
    }
}
