//! The generated reference is what the program says today. `UPDATE=1 cargo test -p spanwright docs` rewrites it.

#![allow(clippy::unwrap_used)]

use crate::project::{expect, run};

const REFERENCE: &str = "../../../../docs/reference";

#[test]
fn the_schema_for_editors_is_fresh() {
    expect(&format!("{REFERENCE}/project.schema.json"), &run(&["schema"]).out);
}

#[test]
fn the_list_of_codes_is_fresh() {
    let rows: String = run(&["explain"]).out.lines().map(|line| format!("    {line}\n")).collect();
    let head = "# Problem codes\n\nS text and forms, X XML and WSDL, J JSON Schema and OpenAPI, M maps, P projects, C systems: what `check` says.\n\
        T: what a test says. R: why a message did not get on. `spanwright explain CODE` prints a code's page.\n\n";
    expect(&format!("{REFERENCE}/codes.md"), &format!("{head}{rows}"));
}

#[test]
fn the_help_of_each_command_is_fresh() {
    let commands = [
        "init",
        "check",
        "test",
        "docs",
        "graph",
        "run",
        "demo",
        "map",
        "messages",
        "dead-letters",
        "replay",
        "resend",
        "chores",
        "backup",
        "verify",
        "explain",
        "schema",
        "completions",
    ];
    let documents = ["convert", "schema inspect", "schema import", "schema infer-shape"];
    let page = |command: &&str| {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        format!("\n## {command}\n\n```text\n{}```\n", run(&arguments).out)
    };
    let text: String = commands.iter().chain(&documents).map(page).collect();
    expect(&format!("{REFERENCE}/commands.md"), &format!("# Commands\n{text}"));
}
