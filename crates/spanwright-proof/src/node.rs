//! The same work in plain Node.js, from `benches/node`.

use std::{
    io,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::project::repository;

/// Runs one of its scripts; what it measured.
///
/// # Errors
/// Node.js is not there, its packages are not installed, or the script failed.
pub fn run(script: &str, arguments: &[String], variables: &[(String, String)]) -> io::Result<Value> {
    let folder = repository().join("benches/node");
    let told = |error: io::Error| io::Error::new(error.kind(), format!("node: {error}; run tests/peers/setup.sh first"));
    let mut command = Command::new("node");
    command.arg(folder.join(script)).args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
    let output = command.stderr(Stdio::inherit()).output().map_err(told)?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{script} failed; are its packages there? run tests/peers/setup.sh")));
    }
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}

/// A figure in what a script measured.
pub fn figure(measured: &Value, name: &str) -> f64 {
    measured[name].as_f64().unwrap_or(f64::NAN)
}
