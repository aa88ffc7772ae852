//! An API by its document, from a request to what a flow sees, and from a reply to an answer.

use std::net::{IpAddr, Ipv4Addr};

use spanwright_core::door::{Asked, Door, DoorKind, DoorSettings, Offered, Received, Reply, Request, Route, Said};

use super::*;

const FRONT: &str = r##"
openapi: 3.1.0
info: { title: Front, version: "1" }
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer } }
        - { name: lines, in: query, schema: { type: boolean } }
        - { name: tag, in: query, schema: { type: array, items: { type: string } } }
        - { name: sizes, in: query, explode: false, schema: { type: array, items: { type: number } } }
        - { name: since, in: query, required: true, schema: { type: string, format: date } }
        - { name: X-Tenant, in: header, required: true, schema: { type: string, maxLength: 4 } }
      responses:
        "200": { description: it, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
        "404": { description: none, content: { application/json: { schema: { type: object, properties: { reason: { type: string } } } } } }
  /orders/latest:
    get: { operationId: latest, responses: { "204": { description: nothing yet } } }
  /orders:
    post:
      operationId: placeOrder
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: { "201": { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
    get: { responses: { "200": { description: nobody knows its name } } }
components:
  schemas:
    Order: { type: object, required: [ sku ], properties: { sku: { type: string }, quantity: { type: integer } }, additionalProperties: false }
"##;

fn front(operations: Vec<Offered>) -> (Option<Arc<dyn Door>>, Vec<String>) {
    let bundle = Bundle::new([("front.yaml".to_string(), FRONT.as_bytes().to_vec())]);
    let kind = DoorKind::Api {
        protocol: "rest".into(),
        schema: Some(FileId(0)),
        path: Route::parse("/front").unwrap(),
        operations,
        correlation: "x-request-id".into(),
        by_token: false,
    };
    let mut problems = Problems::new();
    let door = Rest.door(&DoorSettings { name: "front".into(), at: nowhere(), kind }, &bundle, &mut problems);
    (door, problems.iter().map(|problem| format!("{} {}", problem.code.id, problem.says)).collect())
}

fn door() -> Arc<dyn Door> {
    front(vec![Offered { name: Scalar::made("note"), method: "POST", path: Scalar::made("/notes") }]).0.unwrap()
}

/// `OPERATION beside body`, or `STATUS CODE: says`. A request as `METHOD path?query`, with a tenant.
fn received(asked: &str, headers: &[(&str, &str)], body: &str) -> String {
    let (method, path) = asked.split_once(' ').unwrap();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let door = door();
    let route = door.routes().iter().find(|route| route.method == Some(method) && route.fits(path).is_some());
    let parameters = route.and_then(|route| route.fits(path)).unwrap_or_default();
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let request = Request {
        method,
        origin: "",
        path,
        query,
        parameters: &parameters,
        headers: &headers,
        body: body.as_bytes(),
        from,
        certificate: None,
    };
    let room = Room::new();
    match door.receive(&request, &with(), &room) {
        Ok(Received::Message(message)) => {
            let written = |value: &Value<'_>| {
                let mut out = Vec::new();
                json::write(value, &mut out);
                String::from_utf8(out).unwrap()
            };
            let beside = ["query", "path"].map(|name| written(&message.beside.get(name).unwrap())).join(" ");
            format!("{} {beside} {}", door.interface().operations[message.operation].name, written(&message.body))
        }
        Ok(Received::Answer(answer)) => format!("answer {}", answer.status),
        Err(refused) => format!("{} {}: {}", refused.status, refused.failure.code.id, refused.failure.says),
    }
}

const TENANT: (&str, &str) = ("x-tenant", "t1");
const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn parameters_are_what_the_document_says_that_they_are() {
    let asked = "GET /front/orders/7?since=2026-01-01&lines=true&tag=a&tag=b&sizes=1,2.50&other=x&other=y";
    let seen = r#"getOrder {"lines":true,"tag":["a","b"],"sizes":[1,2.50],"since":"2026-01-01","other":"x,y"} {"id":7} null"#;
    assert_eq!(received(asked, &[TENANT], ""), seen);
}

#[test]
fn a_path_without_parameters_goes_before_one_that_would_take_it_too() {
    assert_eq!(received("GET /front/orders/latest", &[], ""), "latest {} {} null");
}

#[test]
fn what_the_document_does_not_allow_is_refused_with_its_place() {
    let check = |asked: &str, headers: &[(&str, &str)], body: &str, expected: &str| assert_eq!(received(asked, headers, body), expected);
    check("GET /front/orders/seven?since=2026-01-01", &[TENANT], "", "400 R0043: the parameter `id`: a number is wanted, and it is text");
    check("GET /front/orders/7", &[TENANT], "", "400 R0043: the parameter `since` is required");
    check("GET /front/orders/7?since=2026-01-01&since=2026-01-02", &[TENANT], "", "400 R0043: the parameter `since` comes more than once");
    check("GET /front/orders/7?since=2026-01-01", &[], "", "400 R0043: the header `X-Tenant` is required");
    check("POST /front/orders", &[JSON], "", "400 R0043: this operation needs a body");
    check(
        "POST /front/orders",
        &[("content-type", "text/csv")],
        "sku\n1",
        "415 R0023: the body of this operation is JSON; say `content-type: application/json`",
    );
    let wrong = |says: &str| format!("422 R0043: the body is not as it is described: {says}");
    check("POST /front/orders", &[JSON], "{}", &wrong("`.sku`: it is required, and missing"));
    check("POST /front/orders", &[JSON], r#"{"sku":"a","quantity":"2"}"#, &wrong("`.quantity`: a number is wanted, and it is text"));
    check("POST /front/orders", &[JSON], r#"{"sku":"a"}"#, r#"placeOrder {} {} {"sku":"a"}"#);
}

#[test]
fn an_operation_made_by_hand_takes_whatever_is_readable() {
    assert_eq!(received("POST /front/notes?of=7", &[("content-type", "text/plain")], "hello"), r#"note {"of":"7"} {} "hello""#);
}

#[test]
fn a_reply_has_the_status_that_the_document_promises() {
    let door = door();
    let answered = |operation: &str, status: Option<u16>, body: &str| {
        let (operation, _) = door.interface().operation(operation).unwrap();
        let reply = Reply { status, body: body.as_bytes().to_vec(), ..Reply::default() };
        let answer = door.answer(Some(Asked { operation, dialect: 0 }), &Said::Replied(&reply));
        format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
    };
    assert_eq!(answered("placeOrder", None, r#"{"sku":"a"}"#), r#"201 {"sku":"a"}"#);
    assert_eq!(answered("getOrder", Some(404), r#"{"reason":"none"}"#), r#"404 {"reason":"none"}"#);
    assert_eq!(answered("latest", None, "null"), "204 ");
}

#[test]
fn what_cannot_be_served_is_told() {
    let nameless = "C0102 GET /orders has no `operationId`, so no flow can serve it".to_string();
    assert_eq!(front(Vec::new()).1, std::slice::from_ref(&nameless));
    let twice = vec![Offered { name: Scalar::made("latest"), method: "GET", path: Scalar::made("/newest") }];
    assert_eq!(front(twice).1, ["C0109 the document has an operation `latest` already".to_string(), nameless]);
}
