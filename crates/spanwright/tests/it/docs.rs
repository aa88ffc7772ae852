//! The generated reference is what the program says today. `UPDATE=1 cargo test -p spanwright docs` rewrites it.

#![allow(clippy::unwrap_used)]

use crate::project::{expect, run};

const REFERENCE: &str = "../../../../docs/reference";

#[test]
fn the_schema_for_editors_is_fresh() {
    expect(&format!("{REFERENCE}/project.schema.json"), &run(&["schema"]).out);
}

/// Where the bounds of XML and SOAP are declared, by what they bound.
const BOUNDED: [(&str, &[&str]); 4] = [
    ("Documents of XML", &["spanwright-shape/src/xml/limits.rs"]),
    ("Schemas and descriptions", &["spanwright-shape/src/xsd/documents.rs", "spanwright-shape/src/wsdl/definitions.rs"]),
    ("SOAP", &["spanwright-connect/src/soap/pieces/mod.rs", "spanwright-connect/src/soap/wsse/verify.rs"]),
    (
        "On the wire",
        &[
            "spanwright-engine/src/wire/mod.rs",
            "spanwright-engine/src/listen/mod.rs",
            "spanwright-engine/src/listen/turned_away.rs",
            "spanwright-engine/src/keep/turned_away.rs",
        ],
    ),
];

/// The rows of a file: every constant whose name ends in `_MOST`, with the words that stand above it.
fn bounds(source: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut rows = String::new();
    for line in source.lines() {
        if let Some(word) = line.strip_prefix("/// ") {
            words.push(word);
            continue;
        }
        let declared = line.trim_start_matches("pub(super) ").trim_start_matches("pub ").strip_prefix("const ");
        if let Some((name, rest)) = declared.and_then(|declared| declared.split_once(": ")).filter(|(name, _)| name.ends_with("_MOST")) {
            let value = rest.split_once(" = ").map_or("", |(_, value)| value.trim_end_matches(';'));
            rows += &format!("| `{name}` | {} | {} |\n", amount(value, name.contains("BYTES")), words.join(" "));
        }
        words.clear();
    }
    rows
}

/// A number as people read it; what is no plain number as it is written.
fn amount(value: &str, bytes: bool) -> String {
    let plain = value.replace('_', "");
    let number = match plain.split_once(" << ") {
        Some((base, by)) => base.parse::<u64>().ok().zip(by.parse::<u32>().ok()).map(|(base, by)| base << by),
        None => plain.parse().ok(),
    };
    let seconds = value.split_once("from_secs(").and_then(|(_, rest)| rest.strip_suffix(')'));
    match (number, seconds) {
        (Some(number), _) if bytes && number >= 1 << 30 => format!("{} GiB", number >> 30),
        (Some(number), _) if bytes && number >= 1 << 20 => format!("{} MiB", number >> 20),
        (Some(number), _) if bytes && number >= 1 << 10 => format!("{} KiB", number >> 10),
        (Some(number), _) => number.to_string(),
        (None, Some(seconds)) => format!("{seconds} s"),
        (None, None) => format!("`{value}`"),
    }
}

#[test]
fn the_limits_of_xml_and_soap_are_fresh() {
    let file = |path: &&str| std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let section = |(title, files): &(&str, &[&str])| {
        let rows: String = files.iter().map(|path| bounds(&file(path))).collect();
        assert!(rows.lines().count() >= 2, "{title}");
        format!("\n## {title}\n\n| limit | most | of what |\n| --- | --- | --- |\n{rows}")
    };
    let head = "# Limits of XML and SOAP\n\nEach has a name; what goes beyond one is refused, or cut off, with that name. None of them can be \
                set. Time is linear in bytes,\nso a bound on bytes is one on time.\n";
    expect(&format!("{REFERENCE}/limits.md"), &format!("{head}{}", BOUNDED.iter().map(section).collect::<String>()));
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
        "refused",
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
