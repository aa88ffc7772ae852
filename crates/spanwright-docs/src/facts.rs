//! What the documents say, as facts: a name and a value each. `--check` compares these, so that a stale page is told by what is
//! wrong on it, and a changed look or line ending is nothing.

use std::collections::BTreeMap;

use spanwright_core::door::at_once::Keeping;
use spanwright_shape::{json, room::Room, value::Value};

use crate::book::{Book, Dead, Effect, From, OperationPage, StepPage, What};

/// The file that holds them, beside the pages.
pub const FACTS_FILE: &str = "facts.json";
/// Characters of a value that is told.
const SHOWN_MOST: usize = 100;

/// Every fact of a book.
fn of(book: &Book) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    let mut add = |name: String, value: String| drop(facts.insert(name, value));
    add("project".into(), book.project.clone());
    add("project, about".into(), book.about.clone().unwrap_or_default());
    for (name, about, secret) in &book.variables {
        add(format!("variable {name}"), format!("{about}{}", if *secret { " (secret)" } else { "" }));
    }
    for channel in &book.channels {
        add(format!("alerts {}", channel.name), format!("{}, of {}, again after {}", channel.kind, channel.of_what(), channel.again));
    }
    for flow in &book.flows {
        let at = format!("flow {}", flow.name);
        add(format!("{at}, about"), flow.about.clone().unwrap_or_default());
        add(format!("{at}, owner"), flow.owner.clone().unwrap_or_default());
        add(format!("{at}, source"), source(&flow.from));
        let named = [
            ("key", &flow.key),
            ("version", &flow.version),
            ("once", &flow.once),
            ("when", &flow.when),
            ("order", &flow.in_order),
            ("holds itself after", &flow.pause_after),
            ("expected", &flow.expect),
            ("when all is done", &flow.when_all_done),
        ];
        named
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
            .for_each(|(name, value)| add(format!("{at}, {name}"), value.clone()));
        steps(&at, &flow.steps, &mut add);
        match &flow.if_dead {
            Dead::Letter => add(format!("{at}, when it stopped"), "a dead letter".into()),
            Dead::Discard => add(format!("{at}, when it stopped"), "set aside".into()),
            Dead::Steps(inner) => {
                let names = inner.iter().map(|step| step.name.as_str()).collect::<Vec<_>>();
                add(format!("{at}, when it stopped"), format!("{} follows", names.join(", ")));
                steps(&at, inner, &mut add);
            }
        }
    }
    for system in &book.systems {
        let at = format!("system {}", system.name);
        let texts = [
            ("about", system.about.clone()),
            ("owner", system.owner.clone()),
            ("url", Some(system.url.clone())),
            ("auth", Some(system.auth.clone())),
            ("schema", system.schema.clone()),
        ];
        texts.into_iter().for_each(|(name, value)| add(format!("{at}, {name}"), value.unwrap_or_default()));
        system.settings.iter().for_each(|(name, value)| add(format!("{at}, {}", name.to_lowercase()), value.clone()));
        add(format!("{at}, allowed"), system.may_call.join(", "));
        add(format!("{at}, may read"), system.may_read.clone().unwrap_or_default().join(", "));
        add(format!("{at}, may write"), system.may_write.clone().unwrap_or_default().join(", "));
        add(format!("{at}, reads"), system.reads.join(", "));
        add(format!("{at}, writes"), system.writes.join(", "));
        system.operations.iter().for_each(|one| operation(&format!("{at}, operation {}", one.name), one, &mut add));
    }
    for map in &book.maps {
        let at = format!("map {}", map.name);
        let texts = [("about", &map.about), ("owner", &map.owner), ("from", &map.from), ("to", &map.to)];
        texts.into_iter().for_each(|(name, value)| add(format!("{at}, {name}"), value.clone().unwrap_or_default()));
        add(format!("{at}, not mapped"), map.unread.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(", "));
        add(format!("{at}, may not fit"), map.narrowing.join("; "));
        for row in &map.rows {
            let at = format!("{at}, field {}", row.target);
            add(format!("{at}, type"), format!("{}{}", row.target_type, if row.required { ", required" } else { "" }));
            add(format!("{at}, rule"), format!("{} {}", row.rule, row.expression));
            add(format!("{at}, sources"), row.sources.iter().map(|(path, kind)| format!("{path} {kind}")).collect::<Vec<_>>().join(", "));
            add(format!("{at}, when nothing"), row.nothing.clone());
            let optional = [
                ("default", row.default.clone()),
                ("note", row.note.clone()),
                ("example", row.sample.as_ref().map(|sample| format!("{} becomes {}", sample.given.join(", "), sample.made))),
            ];
            optional
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .for_each(|(name, value)| add(format!("{at}, {name}"), value));
            if !row.table.is_empty() {
                add(format!("{at}, table"), row.table.iter().map(|(from, to)| format!("{from} = {to}")).collect::<Vec<_>>().join(", "));
            }
        }
    }
    facts.retain(|_, value| !value.is_empty());
    facts
}

type Add<'a> = &'a mut dyn FnMut(String, String);

fn steps(flow: &str, all: &[StepPage], add: Add<'_>) {
    for step in all {
        let at = format!("{flow}, step {}", step.name);
        add(format!("{at}, only where"), step.when.clone().unwrap_or_default());
        match &step.what {
            What::Map(map) => add(at, format!("map {map}")),
            What::Only(test) => add(at, format!("goes on only where {test}")),
            What::Fail(reason) => add(at, format!("fails: {reason}")),
            What::Reply(what) => add(at, format!("replies: {what}")),
            What::Each(list, inner) => {
                add(at, format!("for each of {list}"));
                steps(flow, inner, add);
            }
            What::Route(ways) => {
                for (n, (when, inner)) in ways.iter().enumerate() {
                    add(format!("{at}, way {}", n + 1), when.clone());
                    steps(flow, inner, add);
                }
            }
            What::Effect(one) => effect(&at, one, add),
        }
    }
}

fn effect(at: &str, effect: &Effect, add: Add<'_>) {
    let marks = [
        (effect.unchanged, "not where nothing changed"),
        (effect.newest_only, "the newest state only"),
        (effect.in_order, "in order"),
        (effect.pivot, "nothing is undone from here on"),
    ];
    add(at.to_string(), format!("{} {} ({})", if effect.waits { "calls" } else { "sends" }, effect.name(), effect.wire));
    add(format!("{at}, how"), marks.iter().filter(|(is, _)| *is).map(|(_, words)| *words).collect::<Vec<_>>().join(", "));
    add(format!("{at}, after an unknown outcome"), effect.unknown_words());
    add(format!("{at}, retries"), effect.retry.clone());
    add(format!("{at}, system down"), format!("held when {} failed, up to {}", effect.breaker, effect.give_up));
    let batch = effect.gathered.as_ref().map(|batch| format!("up to {}, the first waits {}", batch.most, batch.wait));
    let again = effect.again.as_ref().map(|(every, until, most)| format!("every {every} until {until}, up to {most}"));
    let answers = effect.outcomes.iter().map(|(answer, means)| format!("{answer}: {means}")).collect::<Vec<_>>().join(", ");
    let more = [
        ("undone by", effect.undo.clone()),
        ("batch", batch),
        ("asked again", again),
        ("read beside the body of its answer", effect.head.clone()),
        ("pages", effect.pages.clone().map(|into| format!("each, by {into}"))),
        ("when it failed for good", effect.forgiven.map(str::to_string)),
        ("answers here", Some(answers)),
    ];
    more.into_iter().for_each(|(name, value)| add(format!("{at}, {name}"), value.unwrap_or_default()));
}

fn operation(at: &str, operation: &OperationPage, add: Add<'_>) {
    add(at.to_string(), operation.wire.clone());
    add(format!("{at}, about"), operation.about.clone().unwrap_or_default());
    add(format!("{at}, twice"), format!("{:?}", operation.repeat).to_lowercase());
    add(format!("{at}, in one request"), operation.bulk.map(|most| format!("up to {most} items")).unwrap_or_default());
    let users = operation.flows.iter().map(|(flow, how)| format!("{flow} {how} it")).collect::<Vec<_>>();
    add(format!("{at}, used by"), users.join(", "));
    operation.answers.iter().for_each(|(answer, means, _)| add(format!("{at}, answer {answer}"), means.clone()));
}

fn source(from: &From) -> String {
    match from {
        From::Poll { system, operation, files: Some(files), .. } => format!("files of {system}.{operation}, {files}"),
        From::Poll { system, operation, queue: Some(prefetch), .. } => format!("the queue {system}.{operation}, {prefetch} ahead"),
        From::Poll { system, operation, every, pages, cursor, .. } => {
            format!(
                "polls {system}.{operation} every {every}, pages {}, cursor {}",
                pages.as_deref().unwrap_or("none"),
                cursor.as_ref().map_or("none", |(into, _)| into)
            )
        }
        From::Door { wire, keeping: Keeping::Failures, .. } => format!("{wire}, answers at once and keeps nothing"),
        From::Door { wire, keeping: Keeping::FailuresOfAsking, .. } => format!("{wire}, only asks, and keeps what does not go well"),
        From::Door { wire, reply_within, .. } => {
            format!("{wire}, replies within {}", reply_within.as_deref().unwrap_or("no time: 202 at once"))
        }
        From::Cron { line, zone, missed } => format!("at {line} in {zone}; {missed}"),
        From::Handed(flows) => format!("what other flows hand over: {}", flows.join(", ")),
        From::Round(of) => format!("the end of each round of {of}"),
        From::Letters(None) => "dead letters of any flow".to_string(),
        From::Letters(Some(flows)) => format!("dead letters of {}", flows.join(", ")),
        From::Nowhere => "none".to_string(),
    }
}

/// As a file: a fact a line.
pub fn file(book: &Book) -> String {
    let facts = of(book);
    let mut out = b"{\n".to_vec();
    for (n, (name, value)) in facts.iter().enumerate() {
        out.extend(b"  ");
        json::write_text(name, &mut out);
        out.extend(b": ");
        json::write_text(value, &mut out);
        out.extend(if n + 1 < facts.len() { b",\n".as_slice() } else { b"\n" });
    }
    out.extend(b"}\n");
    String::from_utf8_lossy(&out).into_owned()
}

/// What is stale: facts that differ, then pages that are missing, left over, or were changed by hand. Empty: all is fresh.
/// `have`: the files as they lie there; `want`: as they should.
pub fn stale(have: &BTreeMap<String, Vec<u8>>, want: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let read = |files: &BTreeMap<String, Vec<u8>>| files.get(FACTS_FILE).and_then(|bytes| facts_of(bytes));
    let mut told = Vec::new();
    match (read(have), read(want)) {
        (Some(have), Some(want)) => differences(&have, &want, &mut told),
        (None, _) => told.push("there are no documents yet, or their facts cannot be read".to_string()),
        (Some(_), None) => {}
    }
    if told.is_empty() {
        told.extend(want.keys().filter(|path| !have.contains_key(*path)).map(|path| format!("`{path}` is missing")));
        let edited = want.iter().filter(|(path, bytes)| have.get(*path).is_some_and(|lies| meaning(lies) != meaning(bytes)));
        told.extend(
            edited.map(|(path, _)| format!("`{path}` does not say what it should: another version wrote it, or a person changed it")),
        );
        told.extend(have.keys().filter(|path| !want.contains_key(*path)).map(|path| format!("`{path}` is left over")));
    }
    told
}

fn differences(have: &BTreeMap<String, String>, want: &BTreeMap<String, String>, told: &mut Vec<String>) {
    for (name, value) in want {
        match have.get(name) {
            Some(said) if said == value => {}
            Some(said) => told.push(format!("{name}: the documents say `{}`, the project says `{}`", shown(said), shown(value))),
            None => told.push(format!("{name}: the documents do not say `{}`", shown(value))),
        }
    }
    told.extend(
        have.iter()
            .filter(|(name, _)| !want.contains_key(*name))
            .map(|(name, said)| format!("{name}: the documents say `{}`, and the project has it no more", shown(said))),
    );
}

fn facts_of(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let room = Room::new();
    let Ok(Value::Record(fields)) = json::read(bytes, &room) else { return None };
    fields.iter().map(|(name, value)| Some(((*name).to_string(), value.text()?.to_string()))).collect()
}

/// The words of a page without its blanks, its line ends and the print of the project: what a reader would notice.
fn meaning(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_whitespace().filter(|word| !is_print(word)).collect::<Vec<_>>().join(" ")
}

fn is_print(word: &str) -> bool {
    let word = word.trim_matches(['(', ')', '.', ',']);
    word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn shown(text: &str) -> String {
    if text.chars().count() <= SHOWN_MOST { text.to_string() } else { text.chars().take(SHOWN_MOST).chain("…".chars()).collect() }
}
