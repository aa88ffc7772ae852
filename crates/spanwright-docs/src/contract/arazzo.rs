//! Arazzo 1.0: a flow that begins with a request, as a workflow that a tool can walk.

use spanwright_core::door::Proof;

use super::{Endpoint, openapi};
use crate::{
    book::Book,
    tree::{Tree, record, text, texts},
};

/// The workflows of an endpoint: one for each test that went well, with another status each.
pub fn document(book: &Book, endpoint: &Endpoint<'_>) -> Tree {
    let mut workflows: Vec<Tree> = endpoint.shown().map(|visit| workflow(endpoint, visit)).collect();
    if workflows.is_empty() {
        let untold = record([
            ("workflowId", text(endpoint.id())),
            ("summary", text("No test shows a request that goes well yet.")),
            ("steps", Tree::List(vec![record([("stepId", text("ask")), ("operationId", text(endpoint.id()))])])),
        ]);
        workflows.push(untold);
    }
    record([
        ("arazzo", text("1.0.1")),
        (
            "info",
            record([
                ("title", text(format!("{}: {}", book.project, endpoint.door.name))),
                (
                    "description",
                    text("Written by `spanwright docs` from the project that runs; each workflow was played by one of its tests."),
                ),
                ("version", text(book.print.clone())),
            ]),
        ),
        ("sourceDescriptions", Tree::List(vec![record([("name", text("api")), ("url", text("openapi.json")), ("type", text("openapi"))])])),
        ("workflows", Tree::List(workflows)),
    ])
}

fn workflow(endpoint: &Endpoint<'_>, visit: &spanwright_core::door::Visit) -> Tree {
    let status = visit.answer.status;
    let inputs = inputs(endpoint);
    let mut parameters: Vec<Tree> = Vec::new();
    let mut add = |name: &str, place: &str, value: &str| {
        parameters.push(record([("name", text(name)), ("in", text(place)), ("value", text(value))]));
    };
    visit.parameters.iter().for_each(|(name, value)| add(name, "path", value));
    visit.query.iter().for_each(|(name, value)| add(name, "query", value));
    for (header, input) in &inputs {
        add(header, "header", &format!("$inputs.{input}"));
    }
    let criterion = |condition: String| record([("condition", text(condition))]);
    let ask = record([("stepId", text("ask")), ("description", text(&*visit.case)), ("operationId", text(endpoint.id()))]);
    let ask = ask.with("parameters", (!parameters.is_empty()).then_some(Tree::List(parameters)));
    let json = Tree::read(&visit.asked.body).filter(|_| openapi::media(visit.asked.header("content-type")).contains("json"));
    let ask = ask.with("requestBody", json.map(|payload| record([("contentType", text("application/json")), ("payload", payload)])));
    let ask = ask.with("successCriteria", Tree::List(vec![criterion(format!("$statusCode == {status}"))]));
    let mut steps = Vec::new();
    match status {
        202 => {
            steps.push(ask.with("outputs", record([("id", text("$response.body#/id"))])));
            steps.push(record([
                ("stepId", text("look")),
                ("description", text("What became of it.")),
                ("operationId", text("message")),
                (
                    "parameters",
                    Tree::List(vec![record([("name", text("id")), ("in", text("path")), ("value", text("$steps.ask.outputs.id"))])]),
                ),
                ("successCriteria", Tree::List(vec![criterion("$statusCode == 200".to_string())])),
            ]));
        }
        _ => steps.push(ask),
    }
    let made = record([("workflowId", text(format!("{}-{status}", endpoint.id()))), ("summary", text(&*visit.case))]);
    let properties: Vec<(String, Tree)> = inputs.iter().map(|(_, input)| (input.clone(), record([("type", text("string"))]))).collect();
    let needed = || {
        record([
            ("type", text("object")),
            ("properties", Tree::Record(properties.clone())),
            ("required", texts(inputs.iter().map(|(_, input)| input.clone()))),
        ])
    };
    made.with("inputs", (!inputs.is_empty()).then(needed)).with("steps", Tree::List(steps))
}

/// Headers that show who asks, and the inputs that hold them.
fn inputs(endpoint: &Endpoint<'_>) -> Vec<(String, String)> {
    match endpoint.door.clients.first().map(|client| &client.proof) {
        Some(Proof::ApiKey { header, .. }) => vec![(header.to_string(), "key".to_string())],
        Some(Proof::Basic { .. } | Proof::Jwt(_)) => vec![("authorization".to_string(), "authorization".to_string())],
        _ => Vec::new(),
    }
}
