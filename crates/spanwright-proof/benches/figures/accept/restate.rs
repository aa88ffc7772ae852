//! Restate's server with a service that does nothing, and its durable send: `POST /sink/take/send` is answered when it is on its log.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use spanwright_proof::project::repository;

use super::{
    free_address,
    load::{self, Load},
};

/// Between the registration and the first message.
const SETTLES: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);

/// Brings messages to it.
pub fn send(folder: &Path, senders: usize, time: Duration) -> io::Result<Load> {
    let place = repository().join("benches/restate");
    if !place.join("node_modules/.bin/restate-server").exists() {
        return Err(io::Error::other("it is not installed: npm ci --ignore-scripts in benches/restate"));
    }
    let (service, ingress, admin, node) = (free_address()?, free_address()?, free_address()?, free_address()?);
    let log = fs::File::create(folder.join("restate.log"))?;
    let mut node_js = Command::new("node");
    node_js.arg(place.join("service.mjs")).arg(service.port().to_string());
    let _service = Part::start(&mut node_js, &log)?;
    // The program itself: the script around it would be killed in its place.
    let mut server = Command::new(place.join("node_modules/@restatedev/restate-server-linux-x64/bin/restate-server"));
    server.env("RESTATE_BASE_DIR", folder.join("restate")).env("RESTATE_DISABLE_TELEMETRY", "true").env("RESTATE_LOG_FILTER", "warn");
    server.env("RESTATE_INGRESS__BIND_ADDRESS", ingress.to_string()).env("RESTATE_ADMIN__BIND_ADDRESS", admin.to_string());
    server.env("RESTATE_BIND_ADDRESS", node.to_string());
    let _server = Part::start(&mut server, &log)?;
    until_it_knows(admin, service)?;
    load::bring(ingress, "/sink/take/send", senders, time, None, None)
}

/// Registers the service, as soon as the server takes it.
fn until_it_knows(admin: SocketAddr, service: SocketAddr) -> io::Result<()> {
    let (began, body) = (Instant::now(), format!("{{\"uri\":\"http://{service}\"}}"));
    loop {
        match post(admin, "/deployments", &body) {
            Ok(answer) if answer.starts_with("HTTP/1.1 2") => {
                thread::sleep(SETTLES);
                return Ok(());
            }
            Ok(answer) if began.elapsed() > PATIENCE => return Err(io::Error::other(answer)),
            Err(error) if began.elapsed() > PATIENCE => return Err(error),
            Ok(_) | Err(_) => thread::sleep(Duration::from_millis(300)),
        }
    }
}

fn post(to: SocketAddr, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let head = format!("POST {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: application/json\r\n");
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A process; killed when it is dropped.
struct Part(Child);

impl Part {
    fn start(command: &mut Command, log: &fs::File) -> io::Result<Part> {
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?).spawn().map(Part)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
