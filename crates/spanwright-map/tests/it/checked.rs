//! What the checker says: codes, columns, sentences and help, over one schema. Long expectations are files.

use std::{path::PathBuf, sync::Arc};

use spanwright_map::{Count, MapContext, Mapping, Program, Scope};
use spanwright_shape::{
    jsonschema::{Schemas, Side},
    shape::{ShapeId, ShapeRef, Shapes},
    text::{
        Bundle, Node, Problems, Scalar, Weight,
        render::{self, Look},
        yaml,
    },
};

fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The shapes of `schema.yaml`: customer and contact.
fn schema() -> (Shapes, ShapeId, ShapeId) {
    let bundle = Bundle::new([("schema.yaml".to_string(), std::fs::read(cases().join("schema.yaml")).unwrap())]);
    let mut problems = Problems::new();
    let document = yaml::read(&bundle, bundle.find("schema.yaml").unwrap(), &mut problems).unwrap();
    let types = document.get("types").unwrap();
    let mut schemas = Schemas::new(&document, Some(types), &mut problems);
    let customer = schemas.shape(types.get("Customer").unwrap(), Side::Given);
    let contact = schemas.shape(types.get("Contact").unwrap(), Side::Taken);
    let shapes = schemas.finish();
    assert!(problems.is_empty());
    (shapes, customer, contact)
}

/// The expectation in a file, which `UPDATE=1` rewrites.
fn golden(name: &str, actual: &str) {
    let path = cases().join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    assert_eq!(actual, std::fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
}

fn expression(text: &str) -> String {
    let (mut shapes, customer, _) = schema();
    let mut scope = Scope { shapes: &mut shapes, dot: customer, names: Vec::new(), zone: None };
    let mut problems = Problems::new();
    let mut scalar = Scalar::made(text);
    scalar.span.to = u32::try_from(text.len()).unwrap();
    let program = Program::check(&scalar, &mut scope, &mut problems);
    let said: Vec<String> = problems
        .iter()
        .map(|problem| {
            let at = problem.at.unwrap();
            let weight = if problem.weight == Weight::Error { "error" } else { "warning" };
            format!("{weight} {} {}-{}: {}; {}", problem.code.id, at.from, at.to, problem.says, problem.help.as_deref().unwrap_or("-"))
        })
        .collect();
    let gives = program.map(|program| {
        let gives = program.gives();
        let count = match gives.count {
            Count::One => "one",
            Count::Maybe => "maybe",
            Count::Many => "many",
        };
        let reads = gives.reads.iter().map(|path| &**path).collect::<Vec<_>>().join(" ");
        format!("{count}{}, reads {reads}", if gives.can_fail { ", can fail" } else { "" })
    });
    [gives.unwrap_or_else(|| "refused".to_string())].into_iter().chain(said).collect::<Vec<_>>().join("\n\t")
}

#[test]
fn each_expression_is_judged_as_written_down() {
    let programs = std::fs::read_to_string(cases().join("expressions.txt")).unwrap();
    let judged: String =
        programs.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n\t{}\n", expression(line))).collect();
    golden("expressions.judged.txt", &judged);
}

/// What is said of FIELDS from Customer to Contact.
fn fields(text: &str) -> (Option<Mapping>, String) {
    let (shapes, customer, contact) = schema();
    let bundle = Bundle::new([("m.yaml".to_string(), text.as_bytes().to_vec())]);
    let mut problems = Problems::new();
    let node: Node = yaml::read(&bundle, bundle.find("m.yaml").unwrap(), &mut problems).unwrap();
    let target = ShapeRef { shapes: Arc::new(shapes.clone()), id: contact };
    let mut arena = shapes;
    let mut scope = Scope { shapes: &mut arena, dot: customer, names: Vec::new(), zone: None };
    let context = MapContext::alone("m", Some(target), &bundle);
    let mapping = Mapping::check(&node, &mut scope, &context, &mut problems);
    (mapping, render::human(&problems, &bundle, Look::Plain))
}

const GOOD: &str =
    "id: .Number\nstatus: { from: .Status, table: { ACTIVE: active, BLOCKED: blocked, PROSPECT: prospect } }\nblocked: .Blocked\n";

#[test]
fn a_mapping_that_fits_is_a_mapping_without_a_word() {
    let (mapping, said) =
        fields(&format!("{GOOD}email: .Email\nrating: .Rating\naddresses[]: {{ each: .Address, fields: {{ city: .City, zip: .Zip }} }}\n"));
    assert_eq!(said, "");
    let lines: Vec<String> = mapping.unwrap().lineage().iter().map(|row| format!("{} <- {}", row.target, row.reads.join(", "))).collect();
    let expected =
        ["id <- .Number", "status <- .Status", "blocked <- .Blocked", "email <- .Email", "rating <- .Rating", "addresses[] <- .Address"];
    assert_eq!(lines[..6], expected);
    assert_eq!(lines[6..], ["addresses[].city <- .Address[].City", "addresses[].zip <- .Address[].Zip"]);
}

#[test]
fn each_fault_of_a_mapping_is_said() {
    let cases = [
        ("required", "blocked: .Blocked\nbilling.zip: .Number\n".to_string()),
        ("unknown_target", format!("{GOOD}nmae: .Number\nbilling.town: .Number\n")),
        ("misfit", format!("{GOOD}rating: .Number\naddresses: .Number\n")),
        ("narrows", format!("{GOOD}name: .LongName\n")),
        ("narrows_noted", format!("{GOOD}name: {{ from: .LongName, note: long names are rare }}\n")),
        ("maybe_absent", "id: .FirstName\nstatus: { value: active }\nblocked: .Newsletter\n".to_string()),
        (
            "lost_value",
            "id: .Number\nblocked: .Blocked\nstatus: { from: .Status, table: { ACTIVE: active, BLOCKD: blocked } }\n".to_string(),
        ),
        ("lost_target", "id: .Number\nblocked: .Blocked\nstatus: .Status\n".to_string()),
        ("many", format!("{GOOD}name: .Address[].City\n")),
        ("twice", format!("{GOOD}billing: .Address[0]\nbilling.city: .Number\nid: .Number\n").replace("\nid: .Number\n", "\n")),
        (
            "forms",
            format!(
                "{GOOD}name: {{ form: .Number }}\nemail: [.Email, .Number]\nrating: {{ map: other, from: . }}\nbilling.city: {{ from: .Number, thn: . }}\n"
            ),
        ),
        (
            "list",
            format!(
                "{GOOD}name[]: {{ each: .Address, fields: {{ city: .City }} }}\naddresses[]: {{ each: .Number, fields: {{ city: .City }} }}\n"
            ),
        ),
        ("inside_each", format!("{GOOD}addresses[]:\n  each: .Address\n  fields: {{ zip: .Zipp }}\n")),
    ];
    let said: String = cases.iter().map(|(name, text)| format!("=== {name}\n{}", fields(text).1)).collect();
    golden("mappings.said.txt", &said);
}

#[test]
fn a_fault_in_an_expression_has_its_place_in_every_style_of_yaml() {
    let place = |text: &str, line: u32, column: u32| {
        let said = fields(text).1;
        assert!(said.contains(&format!("m.yaml:{line}:{column}")), "{text}\n{said}");
    };
    place("name: .Number + .Nubmer\n", 1, 18);
    place("name: '.Number + \"''\" + .Nubmer'\n", 1, 26);
    place("name: \".Number + \\\"x\\\" + .Nubmer\"\n", 1, 27);
    place("name: |\n  .Number\n  + .Nubmer\n", 3, 6);
    place("name: >-\n  .Number\n  + .Nubmer\n", 3, 6);
}
