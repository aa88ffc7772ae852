#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use super::*;
use crate::{
    jsonschema::tests::print_brief as print,
    text::{Bundle, FileId, yaml},
};

/// The document as a page of text, its problems below.
fn page(name: &str, text: &str) -> String {
    let bundle = Bundle::new([(name.to_string(), text.as_bytes().to_vec())]);
    let mut problems = Problems::new();
    let tree = yaml::read(&bundle, FileId(0), &mut problems).unwrap();
    let document = read(&tree, &mut problems).unwrap_or_default();
    let mut page = String::new();
    for (name, given, taken) in &document.types {
        let (given, taken) = (print(&document.shapes, *given), print(&document.shapes, *taken));
        writeln!(page, "type {name}: {given}").unwrap();
        if given != taken {
            writeln!(page, "  taken: {taken}").unwrap();
        }
    }
    for endpoint in &document.endpoints {
        operation(&mut page, &document.shapes, endpoint);
    }
    for problem in problems.iter() {
        let (line, column) = bundle.line_column(FileId(0), problem.at.unwrap().from);
        writeln!(page, "{} {line}:{column} {}", problem.code.id, problem.says).unwrap();
    }
    page
}

fn operation(page: &mut String, shapes: &Shapes, endpoint: &Endpoint) {
    let id = endpoint.id.as_deref().unwrap_or("-");
    writeln!(page, "{} {} {id}: {}", endpoint.method, endpoint.path, endpoint.about.as_deref().unwrap_or_default()).unwrap();
    for parameter in &endpoint.parameters {
        let required = if parameter.required { "" } else { "?" };
        let explode = if parameter.explode { "*" } else { "" };
        writeln!(page, "  {:?} {}{required}{explode}: {}", parameter.place, parameter.name, print(shapes, parameter.shape)).unwrap();
    }
    if let Some(body) = &endpoint.body {
        writeln!(page, "  body {} required={}: {}", body.content_type, body.required, print(shapes, body.shape)).unwrap();
    }
    for answer in &endpoint.answers {
        let shape = answer.shape.map_or("nothing".into(), |shape| print(shapes, shape));
        writeln!(page, "  {} success={} other={}: {shape}", answer.status, answer.is_success(), answer.other_content).unwrap();
    }
    if let Some(unusable) = &endpoint.unusable {
        writeln!(page, "  unusable {}: {}", unusable.code.id, unusable.says).unwrap();
    }
}

/// Compares with the file beside the input; `UPDATE=1` rewrites it.
fn check(name: &str, text: &str, expected: &str) {
    let got = page(name, text);
    if std::env::var_os("UPDATE").is_some() {
        let path = format!("{}/src/jsonschema/openapi/tests/{name}.expected", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, &got).unwrap();
    } else {
        assert_eq!(got, expected, "UPDATE=1 cargo test rewrites it");
    }
}

#[test]
fn the_crm_of_the_example() {
    let text = include_str!("../../../../../examples/erp-to-crm/schemas/crm.openapi.yaml");
    check("crm", text, include_str!("tests/crm.expected"));
}

#[test]
fn corners() {
    check("corners", include_str!("tests/corners.yaml"), include_str!("tests/corners.expected"));
}

#[test]
fn what_is_no_openapi_document_is_refused() {
    assert_eq!(page("a", "swagger: '2.0'\npaths: {}\n"), "J0201 1:10 a Swagger 2.0 document is not read; OpenAPI 3.0 and 3.1 are\n");
    assert_eq!(page("a", "openapi: 4.0.0\n"), "J0201 1:10 OpenAPI 4.0.0 is not read; 3.0 and 3.1 are\n");
    assert_eq!(page("a", "opnapi: 3.1.0\n"), "J0201 1:1 this is no OpenAPI document: `openapi: 3.1.0` is missing\n");
    assert_eq!(page("a", "[1, 2]\n"), "J0201 1:1 this is no OpenAPI document: `openapi: 3.1.0` is missing\n");
}

#[test]
fn a_json_document_is_read_alike() {
    let json = "{\n\t\"openapi\": \"3.1.0\",\n\t\"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\", \"responses\": {}}}}\n}\n";
    assert_eq!(page("a", json), "GET /a a: \n");
}
