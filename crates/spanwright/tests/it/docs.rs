//! The generated reference is what the program says today. `UPDATE=1 cargo test -p spanwright docs` rewrites it.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use spanwright_core::{
    connector::Connector,
    project::vocabulary::{API, FLOW, OPERATION, SYSTEM},
};
use spanwright_shape::text::form::{self, Choice, Form, Kind};

use crate::project::{expect, repository, run};

const REFERENCE: &str = "../../../../docs/reference";

#[test]
fn the_schema_for_editors_is_fresh() {
    expect(&format!("{REFERENCE}/project.schema.json"), &run(&["schema"]).out);
}

/// Where bounds are declared, by what they bound: a file belongs to the longest of these that its path begins with.
const BOUNDED: [(&str, &[&str]); 12] = [
    ("Messages in hand and on their way", &["core/src", "engine/src/shell", "engine/src/setup.rs"]),
    ("The journal", &["core/src/fact/store.rs", "engine/src/keep"]),
    ("Who listens", &["engine/src/listen", "engine/src/keep/turned_away.rs", "connect/src/endpoint", "connect/src/webhook"]),
    ("On the wire", &["engine/src/wire", "engine/src/fetch.rs", "connect/src/http", "connect/src/client"]),
    ("Queues", &["core/src/connector/queue.rs", "connect/src/amqp", "engine/src/wire/amqp"]),
    ("Files", &["connect/src/files", "engine/src/wire/files.rs"]),
    ("Alerts and logs", &["core/src/alert", "core/src/desk/alarm.rs", "connect/src/channel", "engine/src/observe"]),
    ("SOAP", &["connect/src/soap"]),
    ("Documents of XML", &["shape/src/xml"]),
    ("Values, texts, schemas and descriptions", &["shape/src", "docs/src"]),
    ("Maps", &["map/src"]),
    ("Commands", &["cli"]),
];

/// What a bound that nobody else sees is told of.
const COUNTED: [&str; 5] = ["BYTES", "TIME", "PAGES", "DOCUMENTS", "ITEMS"];

/// What grows with other things, and has no bound of its own.
const BOUNDED_BY_OTHERS: &str = "
## What is bounded by others

These lines have no bound of their own, since whoever brings something to them waits for an answer or is counted already:

- **what the desk is told**: a connection brings one request and waits, or as many as have a place of their own (`CONNECTIONS_MOST`, their bodies within
  `BODIES_BYTES_MOST`), a system answers what it was asked (its `limits: { concurrency }`), a source brings one page, the journal tells what it was handed (`WRITER_JOBS_MOST`);
- **what waits for a worker**: runs in hand (`HAND_RUNS_MOST` a flow), a request of each place, an answer of each exchange;
- **answers to connections**: one each, or one of each place;
- **messages of a broker that are not acknowledged**: `HELD_BYTES_MOST` a line.
";

/// The rows of a file: every constant whose name ends in `_MOST` that others see or that is of what is [`COUNTED`], with the words that
/// stand above it.
fn bounds(source: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut rows = String::new();
    for line in source.lines() {
        if let Some(word) = line.strip_prefix("/// ") {
            words.push(word);
            continue;
        }
        let (public, private) = (line.strip_prefix("pub const "), line.strip_prefix("const ").or(line.strip_prefix("pub(super) const ")));
        let told = |name: &str| name.ends_with("_MOST") && (public.is_some() || COUNTED.iter().any(|what| name.contains(what)));
        let declared = public.or(private).and_then(|declared| declared.split_once(": "));
        if let Some((name, rest)) = declared.filter(|(name, _)| told(name)) {
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
    let product = |text: &str| text.split(" * ").map(|factor| factor.parse::<u64>().ok()).product::<Option<u64>>();
    let time = |unit| value.split_once(unit).and_then(|(_, rest)| product(&rest.strip_suffix(')')?.replace('_', "")));
    let (seconds, millis) = (time("from_secs("), time("from_millis("));
    match (number, seconds.map(|seconds| format!("{seconds} s")).or(millis.map(|millis| format!("{millis} ms")))) {
        (Some(number), _) if bytes && number >= 1 << 30 => format!("{} GiB", number >> 30),
        (Some(number), _) if bytes && number >= 1 << 20 => format!("{} MiB", number >> 20),
        (Some(number), _) if bytes && number >= 1 << 10 => format!("{} KiB", number >> 10),
        (Some(number), _) => number.to_string(),
        (None, Some(time)) => time,
        (None, None) => format!("`{value}`"),
    }
}

/// The sources of what runs, by their paths: `core/src/desk/mod.rs`, `cli/run.rs`.
fn sources() -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for floor in ["shape", "map", "core", "connect", "engine", "docs"] {
        sources_in(&repository().join(format!("crates/spanwright-{floor}/src")), &format!("{floor}/src"), &mut sources);
    }
    sources_in(&repository().join("crates/spanwright/src/cli"), "cli", &mut sources);
    sources
}

fn sources_in(folder: &Path, path: &str, sources: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (name, there) = (entry.file_name().into_string().unwrap(), entry.path());
        let path = format!("{path}/{name}");
        if there.is_dir() {
            sources_in(&there, &path, sources);
        } else if name.ends_with(".rs") {
            sources.insert(path, std::fs::read_to_string(there).unwrap());
        }
    }
}

#[test]
fn the_limits_are_fresh() {
    let sources = sources();
    let place = |path: &str| {
        let begins = |prefix: &&&str| path.strip_prefix(**prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let longest =
            |(at, (_, prefixes)): (usize, &(&str, &[&str]))| Some((prefixes.iter().filter(begins).map(|prefix| prefix.len()).max()?, at));
        BOUNDED.iter().enumerate().filter_map(longest).max().unwrap_or_else(|| panic!("{path} has bounds, and no section is theirs")).1
    };
    let mut sections = vec![String::new(); BOUNDED.len()];
    for (path, source) in &sources {
        let rows = bounds(source);
        if !rows.is_empty() {
            sections[place(path)] += &rows;
        }
    }
    let section = |((title, _), rows): (&(&str, &[&str]), &String)| {
        assert!(rows.lines().count() >= 2, "{title}");
        format!("\n## {title}\n\n| limit | most | of what |\n| --- | --- | --- |\n{rows}")
    };
    let head = "# Limits\n\nEach has a name; what goes beyond one is refused, or cut off, with that name. None of them can be \
                set. Time is linear in bytes,\nso a bound on bytes is one on time.\n";
    let sections: String = BOUNDED.iter().zip(&sections).map(section).collect();
    expect(&format!("{REFERENCE}/limits.md"), &format!("{head}{sections}{BOUNDED_BY_OTHERS}"));
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
        "adopt",
        "hold",
        "held",
        "resume",
        "resend",
        "chores",
        "alerts",
        "setup",
        "backup",
        "verify",
        "explain",
        "schema",
        "completions",
    ];
    let documents = ["convert", "schema inspect", "schema import", "schema infer-shape", "webhook verify", "webhook sign"];
    let page = |command: &&str| {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        format!("\n## {command}\n\n```text\n{}```\n", run(&arguments).out)
    };
    let text: String = commands.iter().chain(&documents).map(page).collect();
    expect(&format!("{REFERENCE}/commands.md"), &format!("# Commands\n{text}"));
}

/// A connector's page of the reference: which of the declarations are about it, and where the guide tells of it.
struct Page {
    name: &'static str,
    system: Option<&'static str>,
    operations: &'static [&'static str],
    sources: &'static [&'static str],
    api: Option<&'static str>,
    guide: &'static [&'static str],
}

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

const PAGES: [Page; 11] = [
    Page { name: "soap", system: Some("soap"), operations: &[], sources: &["poll"], api: None, guide: &["soap.md", "polling.md"] },
    Page { name: "rest", system: Some("rest"), operations: METHODS, sources: &["poll"], api: None, guide: &["rest.md", "polling.md"] },
    Page {
        name: "graphql",
        system: Some("graphql"),
        operations: &["query"],
        sources: &["poll"],
        api: None,
        guide: &["graphql.md", "polling.md"],
    },
    Page { name: "http", system: Some("http"), operations: METHODS, sources: &["http"], api: None, guide: &["push-or-pull.md", "rest.md"] },
    Page { name: "amqp", system: Some("amqp"), operations: &["queue", "exchange"], sources: &["queue"], api: None, guide: &["queues.md"] },
    Page { name: "files", system: Some("files"), operations: &["folder"], sources: &["files"], api: None, guide: &["files.md"] },
    Page { name: "webhook", system: None, operations: &[], sources: &["webhook"], api: None, guide: &["webhooks.md"] },
    Page { name: "api", system: None, operations: &[], sources: &["api"], api: Some("soap"), guide: &["soap-server.md"] },
    Page { name: "cron", system: None, operations: &[], sources: &["cron"], api: None, guide: &["clocks-and-flows.md"] },
    Page {
        name: "flow",
        system: None,
        operations: &[],
        sources: &["flow", "dead_letters"],
        api: None,
        guide: &["clocks-and-flows.md", "queues.md"],
    },
    Page { name: "alerts", system: None, operations: &[], sources: &[], api: None, guide: &["alerts.md"] },
];

/// The form that a key of another names.
fn inner(form: &'static Form, key: &str) -> &'static Form {
    match form.keys.iter().find(|declared| declared.name == key).unwrap().kind {
        Kind::Form(inner) => inner,
        _ => panic!("`{key}` is no form"),
    }
}

fn choice(form: &'static Form, name: &str) -> &'static Choice {
    form.choices().iter().find(|choice| choice.key.name == name).unwrap_or_else(|| panic!("`{}` has no `{name}`", form.name))
}

fn connector(name: &str) -> Option<&'static dyn Connector> {
    spanwright_connect::ALL.iter().copied().find(|connector| connector.key() == name)
}

/// Where the forms stand that a part of a page names.
const FORMS: &str = "../files.md";

impl Page {
    fn text(&self) -> String {
        let mut out = format!("# `{}`\n", self.name);
        if let Some(connector) = connector(self.name) {
            writeln!(out, "\n{}", connector.about()).unwrap();
        }
        for (n, page) in self.guide.iter().enumerate() {
            let text = std::fs::read_to_string(repository().join("docs/guide").join(page)).unwrap();
            // The first is about nothing else.
            assert!(n > 0 || text.contains(&format!("{}:", self.name)), "{page} shows no `{}:`", self.name);
            let title = text.lines().next().unwrap().trim_start_matches("# ");
            writeln!(out, "\nThe guide: [{title}](../../guide/{page}).").unwrap();
        }
        let mut section = |title: &str, form: &'static Form, names: &[&str]| {
            if !names.is_empty() {
                writeln!(out, "\n## {title}").unwrap();
                names.iter().for_each(|name| out += &form::part(choice(form, name), FORMS));
            }
        };
        section("A system, beside what [all have](../files.md#system)", &SYSTEM, self.system.as_slice());
        section("Its operations, beside what [all have](../files.md#operation)", &OPERATION, self.operations);
        section("A source, beside what [all have](../files.md#source)", inner(&FLOW, "from"), self.sources);
        section("An interface of ours, beside what [all have](../files.md#api)", &API, self.api.as_slice());
        let codes = connector(self.name).map(|connector| connector.codes()).unwrap_or_default();
        if !codes.is_empty() {
            writeln!(out, "\n## Its codes\n\n`spanwright explain CODE` says what each means and what to do.\n\n| code | what is wrong |\n| --- | --- |").unwrap();
            codes.iter().for_each(|code| writeln!(out, "| {} | {} |", code.id, code.title).unwrap());
        }
        out
    }
}

#[test]
fn each_connector_has_a_page_of_its_declarations_and_one_of_the_guide() {
    for page in &PAGES {
        assert!(!page.guide.is_empty(), "{}", page.name);
        expect(&format!("{REFERENCE}/connectors/{}.md", page.name), &page.text());
    }
    let built = |form: &'static Form| {
        form.choices().iter().filter(|choice| matches!(choice.key.built, form::Built::Now)).map(|choice| choice.key.name)
    };
    let declared: BTreeSet<&str> =
        built(&SYSTEM).chain(built(inner(&FLOW, "from"))).chain(spanwright_connect::ALL.iter().map(|it| it.key())).collect();
    let told = |name: &&str| PAGES.iter().any(|page| page.name == *name || page.system == Some(name) || page.sources.contains(name));
    assert_eq!(declared.iter().filter(|name| !told(name)).collect::<Vec<_>>(), Vec::<&&str>::new(), "these have no page");
}
