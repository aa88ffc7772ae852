#![allow(clippy::unwrap_used)]

use std::io::BufReader;

use spanwright_core::{
    connector::{Blame, Outcome, Reached, Word},
    fact::Moment,
    settings::Login,
};
use spanwright_shape::text::{FileId, Scalar, Span};

use super::*;

const SCHEMA: &str = "type Query { order(id: ID!): Order }
type Mutation { create(id: ID!, key: String): Order }
type Order { id: ID! total: Float }";
const FILES: [(&str, &str); 4] = [
    ("create.graphql", "mutation Create($id: ID!, $key: String) { create(id: $id, key: $key) { id } }"),
    ("order.graphql", "query Order($id: ID!) { order(id: $id) { id total } }"),
    ("plain.graphql", "mutation { create(id: 1) { id } }"),
    ("schema.graphql", SCHEMA),
];

fn operation(name: &str, file: u32) -> OperationSettings {
    OperationSettings { document: Some(FileId(file)), names_document: true, ..OperationSettings::named(Scalar::made(name)) }
}

fn shop(change: impl FnOnce(&mut Vec<OperationSettings>)) -> Arc<dyn System> {
    shop_behind(Auth::Bearer(Template::parse("t")), change)
}

fn shop_behind(auth: Auth, change: impl FnOnce(&mut Vec<OperationSettings>)) -> Arc<dyn System> {
    let mut operations = vec![operation("order", 1), operation("create", 2), operation("keyed", 0)];
    operations[2].key = Some(Scalar::made("key"));
    change(&mut operations);
    let settings = SystemSettings {
        name: "shop".into(),
        kind: "graphql".into(),
        at: Span { file: FileId(0), from: 0, to: 0 },
        schema: Some(FileId(3)),
        url: Some(Template::parse("https://shop.example.com/graphql?v=2")),
        zone: None,
        auth,
        correlation: "x-correlation-id".into(),
        operations,
    };
    let bundle = Bundle::new(FILES.map(|(name, text)| (name.to_string(), text.as_bytes().to_vec())));
    let mut problems = Problems::new();
    let system = GraphQl.system(&settings, &bundle, &mut problems);
    assert_eq!(problems.iter().map(|problem| problem.says.clone()).collect::<Vec<_>>(), Vec::<String>::new());
    system.unwrap()
}

fn with() -> With<'static> {
    With { now: Moment(0), variable: &|_| None, token: None, request_key: "key", outcomes: &[], validator: None }
}

fn call<'a>(with: &'a str, room: &'a Room) -> Call<'a> {
    Call { key: "key-1", with: json::read(with.as_bytes(), room).unwrap(), body: None, proved: false, correlation: "c-1", trace: "" }
}

fn asked(system: &Arc<dyn System>, number: usize, variables: &str) -> Result<HttpRequest, String> {
    let room = Room::new();
    match system.ask(number, &[call(variables, &room)], &with()) {
        Ok(Request::Http(request)) => Ok(request),
        Ok(other) => Err(format!("{other:?}")),
        Err(Refusal::Call(_, why) | Refusal::System(why)) => Err(format!("{}: {}", why.code.id, why.says)),
    }
}

#[test]
fn a_document_goes_out_with_its_variables_and_the_key() {
    let shop = shop(|_| {});
    let request = asked(&shop, 2, "{\"id\":\"7\"}").unwrap();
    assert_eq!((request.method, request.url.as_str()), ("POST", "https://shop.example.com/graphql?v=2"));
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["variables"], serde_json::json!({ "id": "7", "key": "key-1" }));
    assert_eq!((body["query"].as_str().unwrap(), body["operationName"].as_str().unwrap()), (FILES[0].1, "Create"));
    assert_eq!(body.as_object().unwrap().len(), 3, "no property of our own (GraphQL over HTTP, section 5.1)");
    let header =
        |name: &str| request.headers.iter().find(|(have, _)| &**have == name).map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    assert_eq!(header("accept").as_deref(), Some(ACCEPT));
    assert_eq!(header("authorization").as_deref(), Some("Bearer t"));
    assert!(asked(&shop, 0, "{\"id\":null}").unwrap_err().starts_with("R2019: shop.order: the document does not take these variables"));
    let repeats: Vec<Repeat> = shop.interface().operations.iter().map(|operation| operation.repeat).collect();
    assert_eq!(repeats, [Repeat::Safe, Repeat::Never, Repeat::Keyed]);
}

fn heard(system: &Arc<dyn System>, number: usize, status: u16, kind: &str, body: &str) -> String {
    let room = Room::new();
    let headers = [(Arc::from("content-type"), kind.as_bytes().to_vec()), (Arc::from("retry-after"), b"7".to_vec())];
    let mut bytes = BufReader::new(body.as_bytes());
    let heard = Heard::Http { status, headers: &headers, body: &mut bytes };
    let verdict = system.hear(number, &[call("{}", &room)], heard, &with(), Answers::Keep);
    let outcome = match &verdict.outcomes[0] {
        Outcome::Delivered(answer) => format!("delivered {}", String::from_utf8_lossy(answer.as_deref().unwrap_or_default())),
        Outcome::Later { why, blame: Blame::System, .. } => format!("later {}", why.code.id),
        Outcome::Later { why, blame: Blame::Either, .. } => format!("later, whoever {}", why.code.id),
        Outcome::Later { why, blame: Blame::Message, .. } => format!("later, this one {}", why.code.id),
        Outcome::Unknown(why) => format!("unknown {}", why.code.id),
        Outcome::Never(why) => format!("never {}", why.code.id),
    };
    match verdict.system {
        None => outcome,
        Some(Word::Pause(time)) => format!("{outcome}, pause {}", time.as_secs()),
        Some(Word::Credentials(_)) => format!("{outcome}, credentials"),
        Some(Word::Gone(_)) => format!("{outcome}, gone"),
    }
}

const OWN: &str = "application/graphql-response+json";
const JSON: &str = "application/json; charset=utf-8";

/// What an answer means to a query and to a mutation.
fn check(status: u16, kind: &str, body: &str, query: &str, mutation: &str) {
    let shop = shop(|_| {});
    assert_eq!(heard(&shop, 0, status, kind, body), query, "a query: {status} {kind} {body}");
    assert_eq!(heard(&shop, 1, status, kind, body), mutation, "a mutation: {status} {kind} {body}");
}

fn errors(code: &str) -> String {
    format!("[{{\"message\":\"no\",\"path\":[\"order\",2,\"total\"],\"extensions\":{{\"code\":\"{code}\"}}}}]")
}

#[test]
fn data_without_errors_is_delivered() {
    check(200, JSON, "{\"data\":{\"order\":null}}", "delivered {\"order\":null}", "delivered {\"order\":null}");
    check(200, OWN, "{\"data\":{\"order\":{}},\"errors\":[],\"extensions\":{}}", "delivered {\"order\":{}}", "delivered {\"order\":{}}");
}

#[test]
fn errors_without_data_mean_that_nothing_ran() {
    let body = |code: &str| format!("{{\"errors\":{}}}", errors(code));
    for (status, kind) in [(200, JSON), (200, OWN), (400, OWN)] {
        check(status, kind, &body("GRAPHQL_VALIDATION_FAILED"), "never R2020", "never R2020");
        check(status, kind, &body("THROTTLED"), "later R2006, pause 7", "later R2006, pause 7");
        check(status, kind, &body("UNAUTHENTICATED"), "later R2007, credentials", "later R2007, credentials");
    }
    check(400, JSON, &body("BAD_USER_INPUT"), "never R2005", "never R2005");
    check(503, OWN, &body("X"), "later R2006, pause 7", "later R2006, pause 7");
}

#[test]
fn a_mutation_that_was_executed_may_have_happened() {
    for (status, kind) in [(200, JSON), (294, OWN)] {
        let partial = format!("{{\"data\":{{\"order\":{{\"total\":null}}}},\"errors\":{}}}", errors("X"));
        check(status, kind, &partial, "never R2020", "unknown R2010, pause 7");
        let nothing = format!("{{\"data\":null,\"errors\":{}}}", errors("INTERNAL_SERVER_ERROR"));
        check(status, kind, &nothing, "later R2006", "unknown R2010, pause 7");
        let refused = format!("{{\"data\":{{\"create\":null}},\"errors\":{}}}", errors("BAD_USER_INPUT"));
        check(status, kind, &refused, "never R2020", "never R2020");
        // What is no list of errors says no less that it failed.
        for one in ["{\"message\":\"denied\"}", "\"denied\""] {
            let failed = format!("{{\"data\":{{\"create\":null}},\"errors\":{one}}}");
            check(status, kind, &failed, "never R2020", "unknown R2010, pause 7");
        }
    }
}

#[test]
fn what_is_no_graphql_answer_goes_by_its_status() {
    check(200, "text/html", "<html>", "later, whoever R2011", "unknown R2011, pause 7");
    check(200, JSON, "{\"data\":null}", "later, whoever R2011", "unknown R2011, pause 7");
    check(502, "text/html", "<html>", "later, whoever R2006", "unknown R2010, pause 7");
    check(429, JSON, "{\"message\":\"slow down\"}", "later R2006, pause 7", "later R2006, pause 7");
    check(401, JSON, "{\"errors\":[{\"message\":\"who?\"}]}", "later R2007, credentials", "later R2007, credentials");
    check(404, "text/html", "", "never R2005", "never R2005");
    check(302, "text/html", "", "later R2017", "later R2017");
    check(308, "text/html", "", "later R2017, gone", "later R2017, gone");
    check(410, "text/html", "", "later R2008, gone", "later R2008, gone");
}

#[test]
fn outcomes_say_otherwise_by_code_and_of_what_came_in_part() {
    let shop = shop(|operations| {
        let said = [
            ("NOT_FOUND", OutcomeWord::None),
            ("BUSY", OutcomeWord::Later),
            ("partial", OutcomeWord::Delivered),
            ("404", OutcomeWord::None),
        ];
        operations[0].outcomes = said.map(|(name, word)| (Scalar::made(name), word)).into();
    });
    let body = |code: &str, data: &str| format!("{{\"data\":{data},\"errors\":{}}}", errors(code));
    let check = |status, body: &str, expected: &str| assert_eq!(heard(&shop, 0, status, JSON, body), expected, "{body}");
    check(200, &body("NOT_FOUND", "{\"order\":null}"), "delivered null");
    check(200, &body("BUSY", "null"), "later, this one R2020");
    check(200, &body("OTHER", "{\"order\":{\"id\":\"7\"}}"), "delivered {\"order\":{\"id\":\"7\"}}");
    check(404, "", "delivered null");
}

#[test]
fn a_cut_mutation_is_unknown_and_one_that_never_left_is_not() {
    let (shop, room) = (shop(|_| {}), Room::new());
    let broken = |reached| {
        let heard = Heard::Broken { reached, why: "reset".into() };
        shop.hear(1, &[call("{}", &room)], heard, &with(), Answers::Keep).outcomes.remove(0)
    };
    assert!(matches!(broken(Reached::No), Outcome::Later { .. }));
    assert!(matches!(broken(Reached::Maybe), Outcome::Unknown(_)));
}

#[test]
fn the_reason_names_the_place_and_the_code() {
    let (shop, room) = (shop(|_| {}), Room::new());
    let body = format!("{{\"data\":null,\"errors\":{}}}", errors("X"));
    let heard = Heard::Http { status: 200, headers: &[], body: &mut body.as_bytes() };
    let verdict = shop.hear(0, &[call("{}", &room)], heard, &with(), Answers::Keep);
    let Outcome::Never(why) = &verdict.outcomes[0] else { panic!("{verdict:?}") };
    assert_eq!(why.says, "the query shop.order failed at order[2].total: no (X)");
}

#[test]
fn a_login_is_a_document_of_the_systems_own_and_its_token_is_in_every_other() {
    let login = Login {
        operation: Scalar::made("order"),
        with: vec![("id".into(), Template::parse("7"))],
        take: Scalar::made(".order.id"),
        header: "x-session".into(),
        prefix: String::new(),
        lasts: None,
    };
    let shop = shop_behind(Auth::Login(Box::new(login)), |_| {});
    let Ok(Request::Http(sign_in)) = shop.sign_in().unwrap().ask(0, &[], &with()) else { panic!("it is asked") };
    let body: serde_json::Value = serde_json::from_slice(&sign_in.body).unwrap();
    assert_eq!(body["variables"], serde_json::json!({ "id": "7" }));
    assert!(!sign_in.headers.iter().any(|(name, _)| &**name == "x-session"));
    let room = Room::new();
    let asked = shop.ask(0, &[call("{\"id\":\"8\"}", &room)], &With { token: Some("s-1"), ..with() });
    let Ok(Request::Http(request)) = asked else { panic!("it is asked") };
    assert!(request.headers.iter().any(|(name, value)| &**name == "x-session" && value == b"s-1"));
}
