//! A RabbitMQ of the test's own: its ports, its folder, its name; ended with it. And a client of it that is not ours.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::project::repository;

/// A node takes some seconds to come up, and more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Rabbit {
    folder: tempfile::TempDir,
    pub port: u16,
    /// Of the port mapper and of the node's own talk.
    ports: [u16; 2],
    mapper: Child,
    node: Option<Child>,
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        self.kill();
        self.mapper.kill().ok();
        self.mapper.wait().ok();
    }
}

fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn server() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/rabbitmq/lib").expect("run tests/peers/setup.sh first");
    versions.flatten().next().expect("run tests/peers/setup.sh first").path().join("sbin")
}

impl Rabbit {
    pub fn start() -> Rabbit {
        let (folder, [port, mapper_port, talk]) = (tempfile::tempdir().unwrap(), free_ports());
        let mapper = Command::new("epmd").args(["-port", &mapper_port.to_string(), "-address", "127.0.0.1"]).stderr(Stdio::null()).spawn();
        let mapper = mapper.expect("run tests/peers/setup.sh first");
        fs::write(folder.path().join("rabbitmq.conf"), format!("listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = false\n")).unwrap();
        fs::write(folder.path().join("plugins"), "[].").unwrap();
        let mut rabbit = Rabbit { folder, port, ports: [mapper_port, talk], mapper, node: None };
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
    pub fn begin(&mut self) {
        self.node = Some(self.command("rabbitmq-server").spawn().unwrap());
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "RabbitMQ does not come up");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGKILL: no handler, no farewell. The shell that began the node has become it, or waits for it.
    pub fn kill(&mut self) {
        let Some(mut node) = self.node.take() else { return };
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

    pub fn count(&self, queue: &str) -> u64 {
        self.peer(&["count", queue]).trim().parse().unwrap()
    }

    pub fn drain(&self, queue: &str) -> Vec<serde_json::Value> {
        self.peer(&["drain", queue]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port)
    }
}

fn children(of: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).flat_map(|child: u32| [children(child), vec![child]].concat()).collect()
}
