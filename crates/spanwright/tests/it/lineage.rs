//! What a mapping document names is all that a field is made of: on maps at random, a change of any source field that it does not
//! name for a target field never changes that field. How often it names too many is measured on the examples.
//!
//! `LINEAGE_MAPS=20000` tries more maps.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use serde_json::{Value, json};
use spanwright_core::{plan::Plan, project};
use spanwright_docs::{Book, Sources, book::Row};
use spanwright_lab::suite;
use spanwright_map::{Env, Mapping};
use spanwright_shape::{
    json as shape_json,
    room::Room,
    text::{Bundle, Problems},
};

use crate::project::repository;

const MAPS_DEFAULT: u64 = 250;
const FIELDS: usize = 6;

const SCHEMA: &str = r##"{"openapi":"3.1.0","info":{"title":"t","version":"1"},
"paths":{"/x":{"get":{"operationId":"list","responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/In"}}}}}},
"post":{"operationId":"put","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Out"}}}},"responses":{"200":{"description":"d"}}}}},
"components":{"schemas":{
"In":{"type":"object","required":["a","b","n","m","f","g","address","items"],"properties":{
 "a":{"type":"string"},"b":{"type":"string"},"c":{"type":"string"},"t":{"type":["string","null"]},"n":{"type":"integer"},"m":{"type":"integer"},"f":{"type":"boolean"},"g":{"type":"boolean"},
 "address":{"$ref":"#/components/schemas/Address"},
 "items":{"type":"array","items":{"$ref":"#/components/schemas/Item"}}}},
"Address":{"type":"object","required":["city","zip"],"properties":{"city":{"type":"string"},"zip":{"type":"string"}}},
"Item":{"type":"object","required":["sku","price","on"],"properties":{"sku":{"type":"string"},"price":{"type":"integer"},"on":{"type":"boolean"}}},
"Line":{"type":"object","properties":{"x":{"type":"string"},"y":{"type":"string"},"z":{"type":"string"}}},
"Part":{"type":"object","properties":{"x":{"type":"string"},"y":{"type":"string"}}},
"Out":{"type":"object","properties":{"t0":{"type":"string"},"t1":{"type":"string"},"t2":{"type":"string"},"t3":{"type":"string"},"t4":{"type":"string"},"t5":{"type":"string"},
 "code":{"type":"string"},"part":{"$ref":"#/components/schemas/Part"},
 "lines":{"type":"array","items":{"$ref":"#/components/schemas/Line"}},"more":{"type":"array","items":{"$ref":"#/components/schemas/Line"}}}}}}}"##;

/// Numbers that look like chance and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }

    fn one<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }

    fn text(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.one(&[".a", ".b", ".address.city", ".address.zip", "\"x\"", "(.c // \"none\")", "(.t // .a)"]).to_string();
        }
        match self.roll(12) {
            0 => format!("({} + {})", self.text(depth - 1), self.text(depth - 1)),
            1 => format!("(if {} then {} else {} end)", self.flag(depth - 1), self.text(depth - 1), self.text(depth - 1)),
            2 => format!("({} | ascii_upcase)", self.text(depth - 1)),
            3 => format!("([{}, {}] | join(\"-\"))", self.text(depth - 1), self.text(depth - 1)),
            4 => format!("({} | tostring)", self.number(depth - 1)),
            5 => "([.items[].sku] | join(\",\"))".to_string(),
            6 => format!("((first(.items[] | select(.on) | .sku)) // {})", self.text(depth - 1)),
            7 => format!("\"<\\({})>\"", self.text(depth - 1)),
            8 => format!("(.address | \"\\(.{})\")", self.one(&["city", "zip"])),
            9 => format!("((.items[0].sku) // {})", self.text(depth - 1)),
            10 => "([.items[] | select(.price > 5) | .sku] | sort | join(\"\"))".to_string(),
            _ => self.text(0),
        }
    }

    fn number(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.one(&[".n", ".m", "7"]).to_string();
        }
        match self.roll(5) {
            0 => format!("({} + {})", self.number(depth - 1), self.number(depth - 1)),
            1 => "(.items | length)".to_string(),
            2 => "(([.items[].price] | add) // 0)".to_string(),
            3 => format!("({} | length)", self.text(depth - 1)),
            _ => self.number(0),
        }
    }

    fn flag(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.one(&[".f", ".g", "true"]).to_string();
        }
        match self.roll(5) {
            0 => format!("({} > {})", self.number(depth - 1), self.number(depth - 1)),
            1 => format!("({} == {})", self.text(depth - 1), self.text(depth - 1)),
            2 => format!("({} and {})", self.flag(depth - 1), self.flag(depth - 1)),
            3 => "((.items | length) > 1)".to_string(),
            _ => self.flag(0),
        }
    }

    /// A list of the source, perhaps not all of it.
    fn list(&mut self) -> String {
        match self.roll(5) {
            0 => "[.items[] | select(.on)]".to_string(),
            1 => ". as $all | [.items[] | select(.price > $all.n)]".to_string(),
            2 => "(.items | sort_by(.sku))".to_string(),
            3 => format!("(if {} then .items else [] end)", self.flag(0)),
            _ => ".items".to_string(),
        }
    }

    /// Of an item; with what is around it where it is seen.
    fn of_item(&mut self, around: bool) -> String {
        match self.roll(if around { 9 } else { 5 }) {
            0 => ".sku".to_string(),
            1 => "(.price | tostring)".to_string(),
            2 => "(if .on then .sku else \"off\" end)".to_string(),
            3 => "(\"<\\(.sku)/\\(.price)>\")".to_string(),
            4 => "(if .price > 4 then \"dear\" else .sku end)".to_string(),
            5 => "$root.a".to_string(),
            6 => "($root.n | tostring)".to_string(),
            7 => "$parent.address.city".to_string(),
            _ => "($index | tostring)".to_string(),
        }
    }

    /// A field by a table, with and without what stands for nothing.
    fn table(&mut self, depth: u32) -> String {
        let from = json!(self.text(depth));
        match self.roll(2) {
            0 => format!("{{ from: {from}, table: {{ p: one, q: two }}, otherwise: other }}"),
            _ => format!("{{ from: {from}, table: {{ p: one }}, otherwise: more, default: nobody }}"),
        }
    }

    fn of_table(&mut self) -> String {
        format!("{{ from: {}, table: {{ p: one, q: two }}, otherwise: other }}", json!(self.of_item(false)))
    }

    fn record(&mut self) -> Value {
        let word = |dice: &mut Dice| dice.one(&["p", "q", "rs", ""]).to_string();
        let items: Vec<Value> =
            (0..self.roll(4)).map(|_| json!({"sku": word(self), "price": self.roll(10), "on": self.roll(2) == 0})).collect();
        let mut made = json!({
            "a": word(self), "b": word(self), "n": self.roll(5), "m": self.roll(5), "f": self.roll(2) == 0, "g": self.roll(2) == 0,
            "address": {"city": word(self), "zip": word(self)}, "items": items,
        });
        if self.roll(2) == 0 {
            made["c"] = word(self).into();
        }
        if self.roll(3) > 0 {
            made["t"] = if self.roll(2) == 0 { Value::Null } else { word(self).into() };
        }
        made
    }
}

/// A map with plain fields, a table, a list made here, one that another map makes, and a record that a third one makes.
fn bundle(dice: &mut Dice) -> Bundle {
    let mut fields: String = (0..FIELDS).map(|n| format!("  t{n}: {}\n", json!(dice.text(2)))).collect();
    fields += &format!("  code: {}\n", dice.table(1));
    let inside = format!("x: {}, y: {}, z: {{ value: same }}", json!(dice.of_item(true)), json!(dice.of_item(true)));
    fields += &format!("  lines[]: {{ each: {}, fields: {{ {inside} }} }}\n", json!(dice.list()));
    fields += &format!("  more[]: {{ each: {}, map: line }}\n", json!(dice.list()));
    fields += "  part: { map: part, from: .address }\n";
    let line = format!("map: line\nfrom: s:Item\nto: s:Line\nfields:\n  x: {}\n  y: {}\n", json!(dice.of_item(false)), dice.of_table());
    let part = "map: part\nfrom: s:Address\nto: s:Part\nfields:\n  x: .city\n  y: '(.zip | ascii_upcase)'\n";
    let files = [
        ("spanwright.yaml", "project: law\nvars: { URL: { about: where } }\n".to_string()),
        ("systems/s.yaml", "system: s\nrest: schemas/s.json\nurl: \"${URL}\"\n".to_string()),
        ("schemas/s.json", SCHEMA.to_string()),
        (
            "flows/f.yaml",
            "flow: f\nfrom: { poll: s.list, every: 1m, key: .a, once: .b }\nsteps: [ { map: m }, { send: s.put } ]\n".to_string(),
        ),
        ("maps/m.yaml", format!("map: m\nfrom: s:In\nto: s:Out\nfields:\n{fields}")),
        ("maps/line.yaml", line),
        ("maps/part.yaml", part.to_string()),
    ];
    Bundle::new(files.map(|(path, text)| (path.to_string(), text.into_bytes())))
}

fn made(mapping: &Mapping, record: &Value) -> Option<Value> {
    let (room, bytes) = (Room::new(), serde_json::to_vec(record).unwrap());
    let mut out = Vec::new();
    let dot = shape_json::read(&bytes, &room).unwrap();
    mapping.write(&Env { dot, names: &[] }, &room, &mut out).ok()?;
    serde_json::from_slice(&out).ok()
}

/// Every value in a record: a pointer to it, and its path as documents write it.
fn places(value: &Value, pointer: &str, path: &str, found: &mut Vec<(String, String)>) {
    if !pointer.is_empty() {
        found.push((pointer.to_string(), path.to_string()));
    }
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, &format!("{pointer}/{name}"), &format!("{path}.{name}"), found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{pointer}/{n}"), &format!("{path}[]"), found))
        }
        _ => {}
    }
}

/// The record with other values at one place.
fn changed(record: &Value, pointer: &str) -> Vec<Value> {
    let old = record.pointer(pointer).unwrap();
    let others = match old {
        Value::String(text) => vec![json!(format!("{text}z")), json!(""), json!("DE"), Value::Null],
        Value::Number(number) => vec![json!((number.as_f64().unwrap_or(0.0) as i64).wrapping_add(1)), json!(0), json!(100)],
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Null => vec![json!("was null")],
        Value::Array(items) if !items.is_empty() => vec![json!(items[1..])],
        Value::Array(_) | Value::Object(_) => Vec::new(),
    };
    let put = |value| {
        let mut other = record.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        other
    };
    let mut all: Vec<Value> = others.into_iter().map(put).collect();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut without = record.clone();
    if let Some(Value::Object(fields)) = without.pointer_mut(parent) {
        fields.remove(name);
        all.push(without);
    }
    all
}

/// Whether a change at `path` is one of what a row names: of it, of what is inside it, or of what it is inside of.
fn is_named(row: &Row, path: &str) -> bool {
    let leads = |short: &str, long: &str| long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    row.sources.iter().any(|(read, _)| read == "." || leads(read, path) || leads(path, read))
}

/// What a row speaks of, in what a map made: of `lines[].x` each of them. A row that has others inside it (a list, a record)
/// speaks of how many there are, or whether it is there at all: what is inside is theirs.
fn target(made: &Value, row: &Row, rows: &[Row]) -> Value {
    let inside = |other: &Row| other.target.strip_prefix(&*row.target).is_some_and(|rest| rest.starts_with(['.', '[']));
    let found = at(made, &row.target.split('.').collect::<Vec<_>>());
    match found {
        Value::Array(items) if rows.iter().any(inside) => json!(items.len()),
        found if rows.iter().any(inside) => json!(!found.is_null()),
        found => found,
    }
}

fn at(value: &Value, steps: &[&str]) -> Value {
    let Some((first, rest)) = steps.split_first() else { return value.clone() };
    let inside = value.get(first.trim_end_matches("[]")).unwrap_or(&Value::Null);
    match inside {
        Value::Array(items) if first.ends_with("[]") && !rest.is_empty() => items.iter().map(|item| at(item, rest)).collect(),
        inside => at(inside, rest),
    }
}

/// Whether a row names a path, or one of the rows that it stands in does: which items there are is said by the list.
fn is_said(rows: &[Row], row: &Row, path: &str) -> bool {
    let around = |other: &&Row| row.target.strip_prefix(&*other.target).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    rows.iter().filter(around).any(|row| is_named(row, path))
}

#[test]
fn what_a_document_does_not_name_cannot_change_a_field() {
    let maps = std::env::var("LINEAGE_MAPS").ok().and_then(|count| count.parse().ok()).unwrap_or(MAPS_DEFAULT);
    let (mut checked, mut moved, mut inside, mut tried) = (0u64, 0u64, 0u64, 0u64);
    for seed in 0..maps {
        let mut dice = Dice(seed.wrapping_mul(7_919) + 1);
        let (bundle, mut problems) = (bundle(&mut dice), Problems::new());
        // What the checker refuses (a `//` that never counts, say) is no map.
        let Some(plan) = project::check(&bundle, spanwright_connect::ALL, None, &mut problems) else { continue };
        tried += 1;
        let book = Book::of(Sources { bundle: &bundle, plan: &plan, problems: &problems, examples: &[], visits: &[] });
        let (mapping, rows) = (&plan.map("m").unwrap().mapping, &book.maps.iter().find(|page| page.name == "m").unwrap().rows);
        for _ in 0..3 {
            let record = dice.record();
            let Some(before) = made(mapping, &record) else { continue };
            let mut all = Vec::new();
            places(&record, "", "", &mut all);
            for (pointer, path) in all {
                for other in changed(&record, &pointer) {
                    let Some(after) = made(mapping, &other) else { continue };
                    for row in rows {
                        checked += 1;
                        let same = target(&before, row, rows) == target(&after, row, rows);
                        moved += u64::from(!same);
                        inside += u64::from(!same && row.target.contains('.'));
                        let why = || format!("{path} changes {} = {}\n{record}\n{other}", row.target, row.expression);
                        assert!(same || is_said(rows, row, &path), "seed {seed}: {}", why());
                    }
                }
            }
        }
    }
    assert!(
        tried * 3 > maps && checked > 50_000 && moved > 1_000 && inside > 1_000,
        "{tried} of {maps} maps, {checked} comparisons, {moved} fields that moved, {inside} of them in lists and records"
    );
    println!(
        "{tried} maps, {checked} comparisons, {moved} fields that moved ({inside} of them in lists and records), none by a source that its document does not name"
    );
}

#[test]
fn how_often_documents_of_the_examples_name_too_many() {
    let (mut named, mut idle) = (0, Vec::new());
    for entry in fs::read_dir(repository().join("examples")).unwrap() {
        let bundle = read(&entry.unwrap().path());
        let mut problems = Problems::new();
        let plan = Arc::new(project::check(&bundle, spanwright_connect::ALL, None, &mut problems).unwrap());
        let records = records(&plan, &bundle);
        let book = Book::of(Sources { bundle: &bundle, plan: &plan, problems: &problems, examples: &[], visits: &[] });
        for (name, records) in records {
            let (map, page) = (plan.map(&name).unwrap(), book.maps.iter().find(|page| page.name == name).unwrap());
            for row in &page.rows {
                for (source, _) in row.sources.iter().filter(|(source, _)| source.starts_with('.')) {
                    named += 1;
                    if !moves(&map.mapping, &records, (row, &page.rows), source) {
                        idle.push(format!("{name}: {} is named for {}", source, row.target));
                    }
                }
            }
        }
    }
    println!(
        "{named} source fields are named, {} of them ({}%) change nothing in any record of a test:",
        idle.len(),
        idle.len() * 100 / named.max(1)
    );
    idle.iter().for_each(|line| println!("  {line}"));
    assert!(named > 20 && idle.len() * 2 < named, "one in two names too many: {idle:#?}");
}

/// Whether some change of a source field, in some record, changes the target field.
fn moves(mapping: &Mapping, records: &[Value], (row, rows): (&Row, &[Row]), source: &str) -> bool {
    records.iter().any(|record| {
        let before = made(mapping, record);
        let mut all = Vec::new();
        places(record, "", "", &mut all);
        // What is not there in this record is there in another one, or can be put there.
        let inside = |path: &str| path.strip_prefix(source).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        let others = all.iter().filter(|(_, path)| inside(path)).flat_map(|(pointer, _)| changed(record, pointer));
        others.into_iter().any(|other| {
            let after = made(mapping, &other);
            after.is_none() != before.is_none()
                || matches!((&before, &after), (Some(before), Some(after)) if target(before, row, rows) != target(after, row, rows))
        })
    })
}

/// The records of the tests of a project, by map.
fn records(plan: &Arc<Plan>, bundle: &Bundle) -> BTreeMap<String, Vec<Value>> {
    let tests = suite::read(bundle, plan, &mut Problems::new());
    let played = suite::play(&tests, plan, bundle, suite::Options::default());
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for example in played.cases.into_iter().filter_map(|case| case.example) {
        all.entry(example.map.to_string()).or_default().push(serde_json::from_slice(&example.given).unwrap());
    }
    all
}

fn read(folder: &Path) -> Bundle {
    let mut files = BTreeMap::new();
    gather(folder, "", &mut files);
    Bundle::new(files)
}

fn gather(folder: &Path, path: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let inside = format!("{path}{}", entry.file_name().to_str().unwrap());
        match entry.path().is_dir() {
            true => gather(&entry.path(), &format!("{inside}/"), files),
            false => drop(files.insert(inside, fs::read(entry.path()).unwrap())),
        }
    }
}
