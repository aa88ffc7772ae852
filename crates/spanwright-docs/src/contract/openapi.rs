//! OpenAPI 3.1.

use std::collections::BTreeMap;

use spanwright_core::door::{Proof, SignHeader, Signs, Visit};

use super::{
    Endpoint, SERVER,
    responses::{self, Response},
    schema,
};
use crate::{
    book::{Book, DoorSpeaks},
    tree::{Tree, number, record, text, texts},
};

/// The document.
pub fn document(book: &Book, endpoints: &[Endpoint<'_>]) -> Tree {
    let mut paths = record([]);
    for endpoint in endpoints {
        *paths.entry(endpoint.path).entry(&endpoint.method.to_ascii_lowercase()) = operation(endpoint);
    }
    *paths.entry("/api/v1/messages/{id}").entry("get") = whereabouts();
    let about = book.about.clone().unwrap_or_else(|| format!("What {} offers.", book.project));
    let tags = endpoints.iter().map(|endpoint| {
        let about = endpoint.door.about.clone().unwrap_or_else(|| format!("What {} brings.", endpoint.door.name));
        record([("name", text(endpoint.id())), ("description", text(about))])
    });
    record([
        ("openapi", text("3.1.0")),
        (
            "info",
            record([
                ("title", text(book.project.clone())),
                ("description", text(format!("{about}\n\nWritten by `spanwright docs` from the project that runs."))),
                ("version", text(book.print.clone())),
            ]),
        ),
        ("servers", Tree::List(vec![record([("url", text(SERVER)), ("description", text("Where `listen:` of the project says."))])])),
        (
            "tags",
            Tree::List(tags.chain([record([("name", text("messages")), ("description", text("What became of a message."))])]).collect()),
        ),
        ("paths", paths),
        ("components", components(endpoints)),
    ])
}

fn operation(endpoint: &Endpoint<'_>) -> Tree {
    let served = endpoint.served;
    let about: Vec<&str> = served.flows.iter().filter_map(|(_, about)| about.as_deref()).collect();
    let flows = served.flows.iter().map(|(flow, _)| format!("`{flow}`")).collect::<Vec<_>>().join(", ");
    let wait = match (served.waits, served.late) {
        (false, _) => "The sender is told 202 as soon as the message is on disk.",
        (true, false) => "The sender waits for the flow's reply, and is told 202 where that takes too long.",
        (true, true) => "The sender waits for the flow's reply, and is told 504 where that takes too long.",
    };
    let summary = about.first().map_or_else(|| format!("{} {}", endpoint.method, endpoint.path), |about| (*about).to_string());
    let responses = responses::of(endpoint);
    let made = record([
        ("operationId", text(endpoint.id())),
        ("summary", text(summary)),
        ("description", text(format!("{}\n\nFlows: {flows}. {wait}", about.join(" ")).trim_start().to_string())),
        ("tags", texts([endpoint.id()])),
        ("security", security(endpoint)),
        ("parameters", Tree::List(parameters(endpoint))),
    ]);
    let made = made.with("requestBody", endpoint.has_body().then(|| request_body(endpoint)));
    let statuses = responses.iter().map(|(status, response)| (status.to_string(), of_response(*status, response, endpoint)));
    made.with("responses", Tree::Record(statuses.collect()))
}

fn parameters(endpoint: &Endpoint<'_>) -> Vec<Tree> {
    let good = || endpoint.served.visits.iter().filter(|visit| visit.answer.status < 400);
    let any_text = || record([("type", text("string"))]);
    let parameter = |name: &str, place: &str, required: bool, about: &str, schema: Tree, example: Option<String>| {
        let made = record([
            ("name", text(name)),
            ("in", text(place)),
            ("required", Tree::Flag(required)),
            ("description", text(about)),
            ("schema", schema),
        ]);
        made.with("example", example.map(text))
    };
    let mut all = Vec::new();
    for name in endpoint.parameters() {
        let example = good().find_map(|visit| value_of(&visit.parameters, name));
        all.push(parameter(name, "path", true, "A part of the path.", any_text().with("minLength", number(1)), example));
    }
    for name in &endpoint.served.query {
        let example = good().find_map(|visit| value_of(&visit.query, name));
        all.push(parameter(name, "query", false, "Read by the flow.", any_text(), example));
    }
    let own = ["content-type", "accept", "authorization", "idempotency-key", "x-correlation-id"];
    let signed = |name: &String| endpoint.door.signs.iter().any(|sign| *sign.name == **name);
    for name in endpoint.served.headers.iter().filter(|name| !own.contains(&name.as_str()) && !signed(name)) {
        all.push(parameter(name, "header", false, "Read by the flow.", plain_text(None), None));
    }
    for sign in endpoint.door.signs.iter().filter(|sign| sign.carries != Signs::Signature) {
        all.push(parameter(&sign.name, "header", sign.carries == Signs::Time, &sign.about, any_text(), None));
    }
    if matches!(endpoint.door.kind, DoorSpeaks::Http) {
        let about = "The same key means the same event, which is taken once.";
        all.push(parameter("Idempotency-Key", "header", endpoint.served.wants_key, about, key_text(), None));
    }
    all.push(parameter(
        "X-Correlation-Id",
        "header",
        false,
        "Taken over into logs and onward requests, where it is short and plain.",
        any_text(),
        None,
    ));
    all
}

/// A key is bare, as most clients send it, or a quoted string, as the draft has it; blanks around it are no part of it, and in it they are.
fn key_text() -> Tree {
    let pattern = "^[ \\t]*(\"[ !#-\\[\\]-~]{1,255}\"|[!#-\\[\\]-~]([ !#-\\[\\]-~]{0,253}[!#-\\[\\]-~])?)[ \\t]*$";
    record([("type", text("string")), ("pattern", text(pattern)), ("minLength", number(1))])
}

/// Characters that a header carries as they are.
fn plain_text(longest: Option<u32>) -> Tree {
    record([("type", text("string")), ("pattern", text("^[!#-\\[\\]-~]+$")), ("minLength", number(1))])
        .with("maxLength", longest.map(number))
}

fn value_of(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs.iter().find(|(have, _)| have == name).map(|(_, value)| value.clone())
}

fn request_body(endpoint: &Endpoint<'_>) -> Tree {
    let served = endpoint.served;
    let good: Vec<&Visit> = served.visits.iter().filter(|visit| visit.answer.status < 400 && !visit.asked.body.is_empty()).collect();
    let mut content: BTreeMap<String, Vec<(&Visit, Tree)>> = BTreeMap::from([("application/json".to_string(), Vec::new())]);
    for visit in good {
        let media = media(visit.asked.header("content-type"));
        if let Some(value) = value(&media, &visit.asked.body) {
            content.entry(media).or_default().push((visit, value));
        }
    }
    let schema = schema::of_paths(&served.body, &served.always);
    let content = content.into_iter().map(|(media, examples)| {
        let schema = if media.contains("json") { schema.clone() } else { record([("type", text("string"))]) };
        (media, record([("schema", schema)]).with("examples", named(examples)))
    });
    record([("required", Tree::Flag(!served.always.is_empty())), ("content", Tree::Record(content.collect()))])
}

/// Examples under names that a document may use.
fn named(examples: Vec<(&Visit, Tree)>) -> Option<Tree> {
    let mut all = record([]);
    for (visit, value) in examples {
        let name: String = visit.case.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        *all.entry(name.trim_matches('-')) = record([("summary", text(&*visit.case)), ("value", value)]);
    }
    (all != record([])).then_some(all)
}

/// `application/json` of a content type.
pub fn media(header: Option<&[u8]>) -> String {
    let text = header.map(String::from_utf8_lossy).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A body as an example.
fn value(media: &str, body: &[u8]) -> Option<Tree> {
    match media {
        json if json.contains("json") => Tree::read(body),
        _ => std::str::from_utf8(body).ok().map(text),
    }
}

fn of_response(status: u16, response: &Response, endpoint: &Endpoint<'_>) -> Tree {
    let mut bodies: Vec<Tree> = response.bodies.clone();
    bodies.dedup();
    let seen = |problem: bool| {
        let told = endpoint.served.visits.iter().filter(|visit| visit.answer.status == status);
        let of_kind = told.filter(|visit| header(visit, "content-type").contains("problem") == problem);
        named(of_kind.filter_map(|visit| Some((visit, Tree::read(&visit.answer.body)?))).collect())
    };
    let mut content = record([]);
    match bodies.len() {
        0 => {}
        1 => *content.entry("application/json") = record([("schema", bodies.remove(0))]).with("examples", seen(false)),
        _ => {
            *content.entry("application/json") = record([("schema", record([("anyOf", Tree::List(bodies))]))]).with("examples", seen(false))
        }
    }
    if response.problem {
        let schema = record([("$ref", text("#/components/schemas/Problem"))]);
        *content.entry("application/problem+json") = record([("schema", schema)]).with("examples", seen(true));
    }
    let headers = response.headers.iter().map(|name| {
        let about = match name.as_str() {
            "retry-after" => "Seconds until it is worth asking again.",
            "x-correlation-id" => "The correlation id of the message: yours, or ours.",
            "location" => "Where the state of the message can be asked.",
            _ => "Set by the flow.",
        };
        (name.clone(), record([("description", text(about)), ("schema", record([("type", text("string"))]))]))
    });
    let headers: Vec<(String, Tree)> = headers.collect();
    let made = record([("description", text(sentence(&response.says)))]);
    let made = made.with("headers", (!headers.is_empty()).then_some(Tree::Record(headers)));
    made.with("content", (content != record([])).then_some(content))
}

fn header(visit: &Visit, name: &str) -> String {
    let found = visit.answer.headers.iter().find(|(have, _)| **have == *name);
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

fn sentence(says: &[String]) -> String {
    let joined = says.join("; or ");
    let mut chars = joined.chars();
    chars.next().map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str())).unwrap_or_default()
}

/// Any one of its clients' proofs.
fn security(endpoint: &Endpoint<'_>) -> Tree {
    let mut all: Vec<Tree> = Vec::new();
    for client in &endpoint.door.clients {
        let one = match scheme(&client.proof) {
            Some((name, _)) => record([]).with(&name, Tree::List(Vec::new())),
            None => record([]),
        };
        if !all.contains(&one) {
            all.push(one);
        }
    }
    let signed = signatures(&endpoint.door.signs).map(|(name, _)| record([]).with(&name, Tree::List(Vec::new())));
    all.extend(signed);
    Tree::List(all)
}

/// The signatures that a way in asks for by itself: the scheme's name, and what it is.
fn signatures(signs: &[SignHeader]) -> impl Iterator<Item = (String, Tree)> {
    let signatures = signs.iter().filter(|sign| sign.carries == Signs::Signature);
    signatures.map(|sign| {
        let made =
            [("type", text("apiKey")), ("in", text("header")), ("name", text(&*sign.name)), ("description", text(sign.about.clone()))];
        (format!("signed-{}", sign.name), record(made))
    })
}

/// The scheme of a proof: its name and what it is. `None`: it is shown by the address alone.
pub fn scheme(proof: &Proof) -> Option<(String, Tree)> {
    Some(match proof {
        Proof::ApiKey { header, .. } => {
            let about = "A key; we hold its SHA-256 alone.";
            let made = record([("type", text("apiKey")), ("in", text("header")), ("name", text(&**header)), ("description", text(about))]);
            (format!("key-in-{header}"), made)
        }
        Proof::Basic { .. } => ("basic".to_string(), record([("type", text("http")), ("scheme", text("basic"))])),
        Proof::Jwt(jwt) => {
            let algorithms = jwt.algorithms.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let about = format!("A JSON Web Token, signed by {algorithms}.");
            (
                "token".to_string(),
                record([("type", text("http")), ("scheme", text("bearer")), ("bearerFormat", text("JWT")), ("description", text(about))]),
            )
        }
        Proof::Hmac(sign) => {
            let option = sign.options.iter().find(|(name, _, _)| &**name == "header");
            let header = option.and_then(|(_, value, _)| value.fill(&|_| None).ok()).unwrap_or_else(|| "x-signature".to_string());
            let about = format!("A signature over the body, as `{}` has it.", sign.preset);
            let made = record([("type", text("apiKey")), ("in", text("header")), ("name", text(header)), ("description", text(about))]);
            (format!("signed-{}", sign.preset), made)
        }
        Proof::Mtls { .. } => {
            ("certificate".to_string(), record([("type", text("mutualTLS")), ("description", text("A client certificate."))]))
        }
        Proof::Address | Proof::Token { .. } => return None,
    })
}

fn whereabouts() -> Tree {
    let id = record([
        ("name", text("id")),
        ("in", text("path")),
        ("required", Tree::Flag(true)),
        ("description", text("The id that the sender was told.")),
        ("schema", record([("type", text("string")), ("format", text("uuid"))])),
    ]);
    let body = |name: &str| record([("schema", record([("$ref", text(format!("#/components/schemas/{name}")))]))]);
    let of = |about: &str, media: &str, name: &str| record([("description", text(about)), ("content", record([]).with(media, body(name)))]);
    record([
        ("operationId", text("message")),
        ("summary", text("What became of a message.")),
        ("description", text("Whoever knows the id of a message may ask: ids are random and have 128 bits.")),
        ("tags", texts(["messages"])),
        ("security", Tree::List(Vec::new())),
        ("parameters", Tree::List(vec![id])),
        (
            "responses",
            record([
                ("200", of("Its state.", "application/json", "Message")),
                ("404", of("There is no message with this id.", "application/problem+json", "Problem")),
            ]),
        ),
    ])
}

fn components(endpoints: &[Endpoint<'_>]) -> Tree {
    let words = || record([("type", text("string"))]);
    let object = |fields: Tree, required: &[&str]| {
        record([("type", text("object")), ("properties", fields), ("required", texts(required.iter().copied()))])
    };
    let problem = record([
        ("title", words().with("description", text("What the status is called."))),
        ("status", record([("type", text("integer")), ("minimum", number(400)), ("maximum", number(599))])),
        ("detail", words().with("description", text("What is wrong with this request."))),
        (
            "code",
            record([
                ("type", text("string")),
                ("pattern", text("^[RCXJSM][0-9]{4}$")),
                ("description", text("`spanwright explain CODE` prints its page.")),
            ]),
        ),
    ]);
    let id = || record([("type", text("string")), ("format", text("uuid"))]);
    let accepted = record([("id", id()), ("status", words().with("description", text("The path under which its state can be asked.")))]);
    let message = record([
        ("id", id()),
        ("flow", words()),
        ("state", words().with("description", text("open, held, done, dead, uncertain, skipped or discarded"))),
        ("received", record([("type", text("string")), ("format", text("date-time"))])),
        ("reason", words().with("description", text("The code of the failure that stopped it."))),
    ]);
    let schemas = record([
        ("Problem", object(problem, &["title", "status", "detail", "code"]).with("description", text("A problem (RFC 9457)."))),
        ("Accepted", object(accepted, &["id", "status"])),
        ("Finished", object(record([("id", id())]), &["id"])),
        ("Repeated", object(record([("result", record([("const", text("taken before"))]))]), &["result"])),
        ("Message", object(message, &["id", "flow", "state", "received"])),
    ]);
    let mut schemes = record([]);
    for client in endpoints.iter().flat_map(|endpoint| &endpoint.door.clients) {
        if let Some((name, made)) = scheme(&client.proof) {
            *schemes.entry(&name) = made;
        }
    }
    for (name, made) in endpoints.iter().flat_map(|endpoint| signatures(&endpoint.door.signs)) {
        *schemes.entry(&name) = made;
    }
    record([("schemas", schemas)]).with("securitySchemes", (schemes != record([])).then_some(schemes))
}
