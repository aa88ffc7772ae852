//! The border of a map: what its check leaves open is told when it runs, so that whatever a source sends, what is written
//! is of the target's shape, or the record fails and says where.

use std::sync::Arc;

use spanwright_map::{Env, MapContext, Mapping, Scope};
use spanwright_shape::{
    json,
    jsonschema::{Schemas, Side},
    room::Room,
    shape::{ShapeId, ShapeRef, Shapes, breach},
    text::{
        Bundle, Problems,
        render::{self, Look},
        yaml,
    },
};

use crate::dice::Dice;

const SCHEMAS: &str = r#"
Order:
  type: object
  required: [no, status, pieces, lines, at]
  properties:
    no: { type: string, maxLength: 10 }
    status: { type: string, enum: [OPEN, DONE] }
    pieces: { type: integer, minimum: 0, maximum: 20 }
    at: { type: string, format: date-time }
    name: { type: string }
    mail: { type: [string, "null"] }
    flag: { type: boolean }
    code: { type: string }
    any: {}
    street: { type: string }
    city: { type: string }
    notes: { type: array, items: { type: string } }
    lines:
      type: array
      items:
        type: object
        required: [sku]
        properties: { sku: { type: string }, price: { type: number } }
Invoice:
  type: object
  title: Invoice
  required: [id, state, count, lines, source]
  additionalProperties: false
  properties:
    id: { type: string, maxLength: 12, minLength: 4 }
    state: { type: string, enum: [open, done] }
    count: { type: integer, minimum: 0, maximum: 9 }
    at: { type: string, format: date-time }
    name: { type: string, minLength: 1, maxLength: 8 }
    mail: { type: [string, "null"], format: email }
    code: { type: string, pattern: "^[A-Z]+$" }
    any: { type: [number, boolean] }
    source: { type: string, maxLength: 3 }
    extra: { type: object, additionalProperties: { type: string, maxLength: 4 } }
    place:
      type: object
      required: [city]
      additionalProperties: false
      properties: { city: { type: string }, street: { type: string } }
    notes: { type: array, maxItems: 2, items: { type: string, maxLength: 5 } }
    lines:
      type: array
      minItems: 1
      maxItems: 3
      items:
        type: object
        required: [sku]
        additionalProperties: false
        properties: { sku: { type: string, maxLength: 4 }, price: { type: number, minimum: 0 } }
"#;

const FIELDS: &str = r#"
id: '"R-" + .no'
state: { from: .status, table: { OPEN: open, DONE: done } }
count: { from: .pieces, note: more are rare }
at: .at
name: .name
mail: .mail
code: .code
any: .any
source: { value: erp }
extra.hint: .name
place.city: .city
place.street: .street
notes: .notes
lines[]:
  each: .lines
  fields: { sku: .sku, price: .price }
"#;

struct Checked {
    mapping: Option<Mapping>,
    said: String,
    target: ShapeRef,
}

fn checked(fields: &str) -> Checked {
    let bundle = Bundle::new([
        ("schemas.yaml".to_string(), SCHEMAS.as_bytes().to_vec()),
        ("maps/invoice.yaml".to_string(), fields.trim_start().as_bytes().to_vec()),
    ]);
    let mut problems = Problems::new();
    let document = yaml::read(&bundle, bundle.find("schemas.yaml").unwrap(), &mut problems).unwrap();
    let mut schemas = Schemas::new(&document, Some(&document), &mut problems);
    let order: ShapeId = schemas.shape(document.get("Order").unwrap(), Side::Given);
    let invoice = schemas.shape(document.get("Invoice").unwrap(), Side::Taken);
    let mut shapes: Shapes = schemas.finish();
    let target = ShapeRef { shapes: Arc::new(shapes.clone()), id: invoice };
    let node = yaml::read(&bundle, bundle.find("maps/invoice.yaml").unwrap(), &mut problems).unwrap();
    let mut scope = Scope { shapes: &mut shapes, dot: order, names: Vec::new(), zone: None };
    let context = MapContext::alone("invoice", Some(target.clone()), &bundle);
    let mapping = Mapping::check(&node, &mut scope, &context, &mut problems);
    Checked { mapping, said: render::human(&problems, &bundle, Look::Plain), target }
}

/// One of these, and now and then what no schema allows there.
fn one(dice: &mut Dice, right: &[&str]) -> Option<String> {
    const WRONG: &[&str] = &["null", "7", "-3.5", "true", "\"\"", "\"far too long for whatever it is\"", "[]", "[1]", "{}", "{\"a\":1}"];
    match dice.roll(80) {
        0 => None,
        1 => Some(dice.pick(WRONG).to_string()),
        _ => Some(dice.pick(right).to_string()),
    }
}

fn order(dice: &mut Dice) -> String {
    let rows: &[(&str, &[&str])] = &[
        ("no", &["\"12\"", "\"4711\"", "\"0123456789\""]),
        ("status", &["\"OPEN\"", "\"DONE\""]),
        ("pieces", &["0", "3", "9", "9", "10"]),
        ("at", &["\"2026-11-26T08:00:00Z\"", "\"2026-11-26T08:00:00+01:00\""]),
        ("name", &["\"Anna\"", "\"Bea\"", "\"Maximilian\""]),
        ("mail", &["\"a@b.test\"", "null"]),
        ("code", &["\"AB\"", "\"c\""]),
        ("any", &["1", "true", "2.50", "\"x\""]),
        ("street", &["\"Hauptstr. 1\""]),
        ("city", &["\"Ulm\""]),
        ("notes", &["[]", "[\"a\"]", "[\"a\",\"b\"]", "[\"a\",\"b\",\"c\"]", "[\"abcdef\"]"]),
    ];
    let mut fields: Vec<String> = Vec::new();
    for (name, right) in rows {
        fields.extend(one(dice, right).map(|value| format!("\"{name}\":{value}")));
    }
    let count = dice.roll(5);
    let lines: Vec<String> = (0..count)
        .map(|_| {
            let cells = [("sku", one(dice, &["\"A-1\"", "\"A-12\"", "\"A-123\""])), ("price", one(dice, &["0", "1.50", "12"]))];
            let cells: Vec<String> = cells.into_iter().filter_map(|(name, value)| Some(format!("\"{name}\":{}", value?))).collect();
            format!("{{{}}}", cells.join(","))
        })
        .collect();
    fields.extend(one(dice, &["@"]).map(|lines_or| format!("\"lines\":{}", lines_or.replace('@', &format!("[{}]", lines.join(","))))));
    format!("{{{}}}", fields.join(","))
}

#[test]
fn what_a_proved_map_writes_is_of_the_target_whatever_the_source_sends() {
    let Checked { mapping, said, target } = checked(FIELDS);
    let mapping = mapping.unwrap_or_else(|| panic!("{said}"));
    assert!(mapping.proved().is_some(), "nothing is left to anybody else");
    let (mut written, mut codes) = (0, std::collections::BTreeMap::<&str, usize>::new());
    for seed in 0..20_000 {
        let input = order(&mut Dice::new(seed));
        let (room, work) = (Room::new(), Room::new());
        let dot = json::read(input.as_bytes(), &room).unwrap();
        let mut out = Vec::new();
        match mapping.write(&Env { dot, names: &[] }, &work, &mut out) {
            Ok(()) => {
                let value = json::read(&out, &room).unwrap();
                let breach = breach(&target.shapes, target.id, &value);
                assert_eq!(breach, None, "{input}\n{}", String::from_utf8_lossy(&out));
                written += 1;
            }
            Err(fault) => {
                assert!(fault.failure.says.starts_with("map `invoice`, field `"), "{}", fault.failure.says);
                assert!(fault.failure.says.contains("(maps/invoice.yaml:"), "{}", fault.failure.says);
                *codes.entry(fault.failure.code.id).or_default() += 1;
            }
        }
    }
    println!("{written} written, failed {codes:?}");
    assert!(written > 1_000, "{written} written");
    assert!(codes.get("R1009").is_some_and(|count| *count > 1_000) && codes.contains_key("R1007"), "{codes:?}");
}

#[test]
fn what_the_schemas_leave_open_is_said_of_each_field() {
    let mapping = checked(FIELDS).mapping.unwrap();
    let open: Vec<String> = mapping
        .lineage()
        .iter()
        .filter_map(|row| {
            let residue = row.residue.as_ref()?;
            Some(format!("{}: {} | {}", row.target, residue.held.as_deref().unwrap_or("-"), residue.left.as_deref().unwrap_or("-")))
        })
        .collect();
    let expected = [
        "id: text of any length into 12 characters | -",
        "count: up to 20 into at most 9 | -",
        "name: text of any length into 8 characters | -",
        "mail: - | text into an e-mail address",
        "code: - | text into text like `^[A-Z]+$`",
        "any: anything into a flag or a decimal number | -",
        "extra.hint: text of any length into 4 characters | -",
        "notes: any number of items into at most 2 | -",
        "lines[].sku: text of any length into 4 characters | -",
        "lines[].price: any number into at least 0 | -",
    ];
    assert_eq!(open, expected);
}

#[test]
fn what_cannot_be_proved_is_not() {
    let proved = |fields: &str| {
        let Checked { mapping, said, .. } = checked(fields);
        mapping.unwrap_or_else(|| panic!("{said}")).proved().is_some()
    };
    assert!(proved(FIELDS));
    // A null where the target has none, because the map says so.
    assert!(!proved(&FIELDS.replace("name: .name", "name: { from: .name // null | select(true), empty: null }")));
}

#[test]
fn a_constant_that_the_target_does_not_take_is_found_before_anything_runs() {
    let says = |fields: &str, expected: &str| {
        let said = checked(fields).said;
        assert!(said.contains("M0305") && said.contains(expected), "{fields}\n{said}");
    };
    says(&FIELDS.replace("source: { value: erp }", "source: { value: legacy }"), "at least 6 characters into 3");
    says(&FIELDS.replace("any: .any", "any: { value: [1, 2] }"), "a list");
    says(&FIELDS.replace("notes: .notes", "notes: { value: [a, b, c] }"), "it has 3 items, and at most 2 are allowed");
    says(&FIELDS.replace("name: .name", "name: { from: .name, default: \"\" }"), "up to 0 characters, and at least 1 are wanted");
    says(&FIELDS.replace("name: .name", "name: { from: .name, table: { a: long enough }, otherwise: fail }"), "at most 8 are allowed");
}

#[test]
fn where_a_record_is_written_all_that_its_target_requires_there_is() {
    let mapping = checked(FIELDS).mapping.unwrap();
    let base = r#""no":"4711","status":"OPEN","pieces":1,"at":"2026-11-26T08:00:00Z","lines":[{"sku":"A"}]"#;
    let writes = |more: &str| {
        let (room, work) = (Room::new(), Room::new());
        let input = format!("{{{base}{more}}}");
        let dot = json::read(input.as_bytes(), &room).unwrap();
        let mut out = Vec::new();
        match mapping.write(&Env { dot, names: &[] }, &work, &mut out) {
            Ok(()) => String::from_utf8(out).unwrap(),
            Err(fault) => format!("{} {}", fault.failure.code.id, fault.failure.says),
        }
    };
    assert!(!writes("").contains("place"));
    assert!(writes(r#","city":"Ulm""#).contains(r#""place":{"city":"Ulm"}"#));
    let expected = "R1007 map `invoice`, field `place.city` (maps/invoice.yaml:11): nothing for a required field, at `.city`";
    assert_eq!(writes(r#","street":"Hauptstr. 1""#), expected);
}
