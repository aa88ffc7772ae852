//! A RabbitMQ of the test's own: its ports, its folder, its name; ended with it. And a client of it that is not ours.

#![allow(clippy::unwrap_used)]

use std::{
    cell::RefCell,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::project::repository;

/// A node takes some seconds to come up, and more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

pub struct Rabbit {
    folder: tempfile::TempDir,
    pub port: u16,
    pub tls_port: u16,
    /// Of the port mapper and of the node's own talk.
    ports: [u16; 2],
    mapper: Child,
    node: RefCell<Option<Child>>,
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        self.kill();
        self.mapper.kill().ok();
        self.mapper.wait().ok();
    }
}

fn free_ports() -> [u16; 4] {
    let listeners = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn server() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/rabbitmq/lib").expect("run tests/peers/setup.sh first");
    versions.flatten().next().expect("run tests/peers/setup.sh first").path().join("sbin")
}

impl Rabbit {
    pub fn start() -> Rabbit {
        let (folder, [port, mapper_port, talk, tls_port]) = (tempfile::tempdir().unwrap(), free_ports());
        let mapper = Command::new("epmd").args(["-port", &mapper_port.to_string(), "-address", "127.0.0.1"]).stderr(Stdio::null()).spawn();
        let mapper = mapper.expect("run tests/peers/setup.sh first");
        let at = |file: &str| folder.path().join(file).to_str().unwrap().to_string();
        certify(folder.path());
        let settings = format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\nlisteners.ssl.1 = 127.0.0.1:{tls_port}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
             ssl_options.verify = verify_none\nlog.console = false\n",
            at("broker.crt"),
            at("broker.key")
        );
        fs::write(folder.path().join("rabbitmq.conf"), settings).unwrap();
        fs::write(folder.path().join("plugins"), "[].").unwrap();
        let rabbit = Rabbit { folder, port, tls_port, ports: [mapper_port, talk], mapper, node: RefCell::new(None) };
        rabbit.begin();
        rabbit
    }

    fn command(&self, program: &str) -> Command {
        let at = |path: &str| self.folder.path().join(path);
        let mut command = Command::new(server().join(program));
        command
            .env("RABBITMQ_NODENAME", format!("spanwright{}@localhost", self.port))
            .env("RABBITMQ_BASE", at(""))
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
            .env("RABBITMQ_PID_FILE", at("pid"))
            .env("RABBITMQ_CONF_ENV_FILE", at("none"))
            .env("RABBITMQ_DIST_PORT", self.ports[1].to_string())
            .env("ERL_EPMD_PORT", self.ports[0].to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("HOME", at(""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Starts the node, again after a kill.
    pub fn begin(&self) {
        *self.node.borrow_mut() = Some(self.command("rabbitmq-server").spawn().unwrap());
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "RabbitMQ does not come up");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGKILL: no handler, no farewell. The shell that began the node has become it, or waits for it.
    pub fn kill(&self) {
        let Some(mut node) = self.node.borrow_mut().take() else { return };
        for child in children(node.id()) {
            Command::new("kill").args(["-9", &child.to_string()]).status().ok();
        }
        node.kill().ok();
        node.wait().ok();
    }

    /// Tells the node something, or asks it.
    pub fn control(&self, arguments: &[&str]) -> String {
        let output = self.command("rabbitmqctl").args(arguments).stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the other client prints.
    pub fn peer(&self, arguments: &[&str]) -> String {
        let folder = repository().join("tests/peers/queues");
        let mut command = Command::new(folder.join(".venv/bin/python"));
        let output = command.arg(folder.join("peer.py")).arg(self.port.to_string()).args(arguments).output();
        let output = output.expect("run tests/peers/setup.sh first");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// How many are in each queue.
    pub fn count(&self, queues: &[&str]) -> Vec<u64> {
        self.peer(&[&["count"], queues].concat()).split_whitespace().map(|count| count.parse().unwrap()).collect()
    }

    pub fn drain(&self, queue: &str) -> Vec<serde_json::Value> {
        self.peer(&["drain", queue]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The certificate of whoever certified it.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    pub fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port)
    }
}

/// An authority, and a certificate of it for `localhost`, made by OpenSSL.
fn certify(folder: &Path) {
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for arguments in [
        format!("req -x509 {new_key} -days 2 -subj /CN=authority -keyout ca.key -out ca.crt"),
        format!("req {new_key} -subj /CN=localhost -keyout broker.key -out broker.csr"),
        "x509 -req -in broker.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out broker.crt".to_string(),
    ] {
        let made = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

fn children(of: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).flat_map(|child: u32| [children(child), vec![child]].concat()).collect()
}
