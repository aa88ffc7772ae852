//! The release binary at work on a project, in a process of its own.

use std::{
    io::{self, BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Killed when it is dropped.
pub struct Ours {
    child: Child,
    /// Where it listens; the project's `ADDRESS`.
    pub address: SocketAddr,
}

/// An address that was free a moment ago.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

impl Ours {
    /// Writes these files into `folder/project` and runs it, until it listens.
    pub fn start<'f>(
        folder: &Path,
        files: impl IntoIterator<Item = (&'f str, Vec<u8>)>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> io::Result<Ours> {
        let (project, address) = (folder.join("project"), free_address()?);
        for (name, text) in files {
            let path = project.join(name);
            std::fs::create_dir_all(path.parent().unwrap())?;
            std::fs::write(path, text)?;
        }
        let mut command = Command::new(binary()?);
        command.arg("run").arg(&project).args(["--log", "json", "--level", "info"]);
        command.env("ADDRESS", address.to_string()).envs(variables);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut said = Vec::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let listens = lines.by_ref().any(|line| {
            said.push(line.clone());
            line.contains("\"listening\"")
        });
        std::thread::spawn(move || lines.for_each(drop));
        let ours = Ours { child, address };
        if listens { Ok(ours) } else { Err(io::Error::other(format!("it does not start: {}", said.join("\n")))) }
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn binary() -> io::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let binary = here.parent().and_then(Path::parent).unwrap().join("spanwright");
    if binary.exists() { Ok(binary) } else { Err(io::Error::other("there is no release binary: cargo build --release")) }
}
