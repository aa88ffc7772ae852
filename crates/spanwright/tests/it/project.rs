//! A copy of the example project in a folder of its own, and the binary run on it.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use spanwright_world::World;

/// What a command printed, and how it ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// The binary, with no variable of ours in its environment.
pub fn spanwright() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanwright"));
    for name in ["ERP_URL", "ERP_USER", "ERP_PASSWORD", "CRM_URL", "CRM_ID", "CRM_SECRET"] {
        command.env_remove(name);
    }
    command.env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Ran {
    ran(spanwright().args(arguments))
}

pub fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A project in a temporary folder.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// `examples/erp-to-crm`.
    pub fn example() -> Project {
        Project::named("erp-to-crm")
    }

    /// An empty folder.
    pub fn empty() -> Project {
        Project { folder: tempfile::tempdir().unwrap() }
    }

    /// Another example.
    pub fn named(example: &str) -> Project {
        let project = Project { folder: tempfile::tempdir().unwrap() };
        copy(&repository().join("examples").join(example), project.path());
        project
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn text(&self) -> &str {
        self.path().to_str().unwrap()
    }

    /// Replaces text that must be there.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Gives a file another name.
    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path().join(from), self.path().join(to)).unwrap();
    }

    /// Writes a further file.
    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.path().join(file), text).unwrap();
    }

    /// Runs a command on it: the first word is the command, and the folder comes last.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(spanwright().args(arguments).arg(self.path()))
    }

    /// `run` with the variables of a world.
    pub fn command(&self, world: &World, arguments: &[&str]) -> Command {
        let mut command = spanwright();
        command.arg("run").args(arguments).arg(self.path());
        command.envs(world.variables().iter().map(|(name, value)| (*name, value.as_str())));
        command
    }

    /// The same, in the background; killed when it is dropped.
    pub fn begin(&self, world: &World) -> Begun {
        let mut command = self.command(world, &["--log", "json", "--level", "error"]);
        Begun { child: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() }
    }
}

/// A process that is killed at the end of its test, however that ends.
pub struct Begun {
    pub child: Child,
}

impl Begun {
    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) -> i32 {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Puts the files of a folder into another one.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else if !entry.file_name().to_str().unwrap().starts_with('.') {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Compares with a file beside the tests; `UPDATE=1` rewrites it.
pub fn expect(name: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, got).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(got, expected, "{name} differs; UPDATE=1 cargo test rewrites it");
}
