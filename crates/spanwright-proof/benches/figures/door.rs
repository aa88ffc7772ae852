//! What comes in over HTTP: answers beside fastify, rust-camel and nginx, the same with a SOAP call and a map inside beside fastify with
//! node-soap, webhooks that are verified and kept, and what an idle connection costs.
//!
//! `cargo build --release && (cd benches/rust-camel && cargo build --release --locked) && cargo bench -p spanwright-proof -- door [SECONDS]`,
//! with `wrk` and nginx of Debian. All of them, wrk too, share the processors of the machine, one after the other.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use spanwright_connect::webhook::preset;
use spanwright_proof::{
    apart::{Apart, Weather},
    project::repository,
    usage,
};
use spanwright_world::peers::{Program, free_port};

use super::{accept::load, ours::Ours};

/// Connections of wrk.
const CONNECTIONS: &str = "32";
/// Senders of webhooks.
const SENDERS: usize = 64;
/// Connections that do nothing.
const IDLE: usize = 10_000;
/// Customers that the ERP has.
const CUSTOMERS: u64 = 1_000;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const PROJECT: &str = "project: door
listen: { http: \"${ADDRESS}\" }
vars:
  ADDRESS: { about: ours }
  ERP_URL: { about: theirs }
  ERP_USER: { about: our user there }
  ERP_PASSWORD: { about: its password, secret: true }
  SECRET: { about: of the webhooks, secret: true }
";
const ERP: &str = "system: erp
soap: schemas/erp.wsdl
url: \"${ERP_URL}\"
zone: Europe/Berlin
auth: { basic: { user: \"${ERP_USER}\", password: \"${ERP_PASSWORD}\" } }
limits: { concurrency: 64 }
operations: { ListCustomers: { safe: true } }
";
const PING: &str = "flow: ping\nfrom: { http: GET /ping, reply_within: 10s }\nsteps:\n  - { reply: { fields: { ok: 'true' } } }\n";
/// The same fields as `benches/node/door.mjs`.
const CUSTOMER: &str = "flow: customer
from: { http: GET /customer, reply_within: 10s }
steps:
  - { call: erp.ListCustomers, with: { ChangedSince: '\"2000-01-01T00:00:00\"', PageSize: 1 }, as: got }
  - reply:
      fields:
        id: $got.Customer[0].Number
        name: '$got.Customer[0].CompanyName // $got.Customer[0].LastName // \"\"'
        email: { from: '$got.Customer[0].Email', then: ascii_downcase }
        status: { from: '$got.Customer[0].Status', table: { ACTIVE: active, BLOCKED: blocked, PROSPECT: prospect, CLOSED: former } }
        limit: { from: '$got.Customer[0].CreditLimit', then: text }
        changed: { from: '$got.Customer[0].ChangedAt' }
        addresses[]:
          each: $got.Customer[0].Address
          fields: { street: .Street, city: .City, country: .Country }
";
const PAY: &str = "system: pay\nhttp:\nwebhooks: { preset: standard, path: /in/pay, secret: \"${SECRET}\" }\n";
const PAID: &str = "flow: paid\nfrom: { webhook: pay }\nsteps:\n  - { only: .id == null }\n";

/// Measures and prints.
pub fn figures(counts: &[u64]) -> io::Result<()> {
    let [seconds] = usage::given(counts, [8]);
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let world = Apart::start(folder.path(), CUSTOMERS, Weather::Fair)?;
    let ours = start(folder.path(), &world)?;
    answers(&ours, folder.path(), seconds)?;
    calls(&ours, folder.path(), &world, seconds)?;
    webhooks(&ours, seconds)?;
    idle(&ours)
}

fn start(folder: &Path, world: &Apart) -> io::Result<Ours> {
    let schema = |name: &str| std::fs::read(repository().join("examples/erp-to-crm/schemas").join(name));
    let files = [
        ("spanwright.yaml", PROJECT.into()),
        ("systems/erp.yaml", ERP.into()),
        ("systems/pay.yaml", PAY.into()),
        ("flows/ping.yaml", PING.into()),
        ("flows/customer.yaml", CUSTOMER.into()),
        ("flows/paid.yaml", PAID.into()),
        ("schemas/erp.wsdl", schema("erp.wsdl")?),
        ("schemas/erp-types.xsd", schema("erp-types.xsd")?),
    ];
    let variables = world.variables.clone().into_iter().chain([("SECRET".to_string(), SECRET.to_string())]);
    Ours::start(folder, files, variables)
}

/// Requests a second by wrk, and how many of them were no 2xx.
fn asked(url: &str, seconds: u64) -> io::Result<f64> {
    let mut command = Command::new("wrk");
    command.args(["-t", "2", "-c", CONNECTIONS, "-d", &format!("{seconds}s")]);
    let output = command.arg(url).output().map_err(|error| io::Error::other(format!("wrk: {error}; apt-get install wrk")))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if said.contains("Non-2xx") {
        return Err(io::Error::other(format!("{url} was answered otherwise than by 2xx: {said}")));
    }
    let rate = said.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok());
    rate.ok_or_else(|| io::Error::other(format!("wrk says no figure: {said}")))
}

fn answers(ours: &Ours, folder: &Path, seconds: u64) -> io::Result<()> {
    let url = format!("http://{}/ping", ours.address);
    let rate = asked(&url, seconds)?;
    let fastify = node(folder, "ping", &[])?;
    let theirs = asked(&format!("{}/ping", fastify.url()), seconds)?;
    drop(fastify);
    let camel = camel(folder)?.map(|camel| asked(&format!("{}/ping", camel.url()), seconds)).transpose()?;
    let nginx = nginx(folder)?;
    let fixed = asked(&format!("{}/ping", nginx.program.url()), seconds)?;
    println!("a synchronous answer without mapping, {CONNECTIONS} connections; it owes nothing, and nothing of it is kept");
    println!(
        "  ours {rate:.0}/s    fastify {theirs:.0}/s: ours is {:.2} of it    nginx, fixed {fixed:.0}/s: {:.2}",
        rate / theirs,
        rate / fixed
    );
    match camel {
        Some(camel) => println!("  rust-camel {camel:.0}/s: ours is {:.2} of it", rate / camel),
        None => println!("  rust-camel is not built: (cd benches/rust-camel && cargo build --release --locked)"),
    }
    Ok(())
}

/// rust-camel, where it is built: it is a workspace of its own, since nothing of ours depends on it.
fn camel(folder: &Path) -> io::Result<Option<Program>> {
    let program = repository().join("benches/rust-camel/target/release/door-of-rust-camel");
    if !program.exists() {
        return Ok(None);
    }
    let port = free_port()?;
    Program::start(Command::new(program).arg(port.to_string()), port, &folder.join("camel.log")).map(Some)
}

fn calls(ours: &Ours, folder: &Path, world: &Apart, seconds: u64) -> io::Result<()> {
    let rate = asked(&format!("http://{}/customer", ours.address), seconds)?;
    let wsdl = repository().join("examples/erp-to-crm/schemas/erp.wsdl").display().to_string();
    let variables: Vec<(String, String)> = world.variables.clone().into_iter().chain([("WSDL".to_string(), wsdl)]).collect();
    let fastify = node(folder, "customers", &variables)?;
    let theirs = asked(&format!("{}/customer", fastify.url()), seconds)?;
    println!(
        "the same with a SOAP call and a map inside\n  ours {rate:.0}/s    fastify with node-soap {theirs:.0}/s: ours is {:.1} times",
        rate / theirs
    );
    Ok(())
}

fn webhooks(ours: &Ours, seconds: u64) -> io::Result<()> {
    let load = load::bring(ours.address, "/in/pay", SENDERS, Duration::from_secs(seconds), None, Some(signed))?;
    let millis = |percent| load.answered_after(percent).as_secs_f64() * 1e3;
    println!(
        "webhooks verified by HMAC, kept and synced before they are answered, {SENDERS} senders\n  {:.0}/s; answered after {:.1} ms in the middle, {:.1} ms at 99 %",
        load.rate,
        millis(50),
        millis(99)
    );
    Ok(())
}

/// As Standard Webhooks does it.
fn signed(id: &str, body: &str) -> String {
    let scheme = preset::scheme("standard").expect("it is built in");
    let time = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs().to_string();
    let signature = scheme.sign(SECRET, &time, &scheme.content(id, &time, body.as_bytes(), "")).expect("the secret is one");
    format!("webhook-id: {id}\r\nwebhook-timestamp: {time}\r\nwebhook-signature: {signature}\r\n")
}

/// Connections that were opened and say nothing.
fn idle(ours: &Ours) -> io::Result<()> {
    let before = usage::memory_of(ours.process())?.resident_bytes;
    let open: Vec<TcpStream> = (0..IDLE).map(|_| TcpStream::connect(ours.address)).collect::<io::Result<_>>()?;
    // Until each is taken.
    std::thread::sleep(Duration::from_secs(2));
    let after = usage::memory_of(ours.process())?.resident_bytes;
    println!(
        "{} idle connections: {:.1} MB, {} bytes each",
        open.len(),
        (after - before) as f64 / 1e6,
        (after - before) / open.len() as u64
    );
    Ok(())
}

fn node(folder: &Path, what: &str, variables: &[(String, String)]) -> io::Result<Program> {
    let port = free_port()?;
    let mut command = Command::new("node");
    command.arg(repository().join("benches/node/door.mjs")).args([&port.to_string(), what]);
    command.env("NODE_ENV", "production").envs(variables.iter().map(|(name, value)| (name, value)));
    Program::start(&mut command, port, &folder.join("node.log"))
}

/// nginx with a worker for each processor. Its workers end only when its master is told to end them.
struct Nginx {
    program: Program,
    folder: PathBuf,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let told = nginx_in(&self.folder).args(["-s", "stop"]).status();
        if told.is_ok_and(|status| status.success()) {
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn nginx_in(folder: &Path) -> Command {
    let mut command = Command::new(if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" });
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command
}

fn nginx(folder: &Path) -> io::Result<Nginx> {
    let (port, here) = (free_port()?, folder.display());
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {here}/{name};")).join(" ");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let settings = format!(
        "daemon off; pid {here}/nginx.pid; error_log stderr; worker_processes 2;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 100000000; {paths}
  server {{ listen {address}; location /ping {{ default_type application/json; return 200 '{{\"ok\":true}}'; }} }}
}}
"
    );
    std::fs::write(folder.join("nginx.conf"), settings)?;
    let program = Program::start(&mut nginx_in(folder), port, &folder.join("nginx.log"))?;
    Ok(Nginx { program, folder: folder.into() })
}
