//! What we offer to others: each way in, who may come, what it reads and answers, and the files for tools.

use spanwright_core::door::{Proof, SignHeader, Signs};

use super::{flow_links, home, maybe};
use crate::{
    book::{Book, DoorPage, DoorSpeaks},
    contract,
    page::{Block, Inline, Page, code, joined, words},
};

/// One line a way in.
pub fn table(book: &Book) -> Block {
    let rows = book.doors.iter().flat_map(|door| {
        door.routes.iter().map(move |(method, path)| {
            let flows: Vec<String> = door.operations.iter().flat_map(|served| served.flows.iter().map(|(flow, _)| flow.clone())).collect();
            vec![code(format!("{method} {path}")), words(speaks(door)), maybe(door.about.as_ref()), words(who(door)), flow_links(&flows)]
        })
    });
    Block::Table(vec!["Asked by", "Speaks", "What for", "Who may come", "Flows"], rows.collect())
}

/// The page.
pub fn page(book: &Book) -> Page {
    let mut blocks = vec![table(book), Block::Heading(2, "For tools".into()), Block::List(files(book))];
    for door in &book.doors {
        blocks.push(Block::Heading(2, door.name.clone()));
        blocks.extend(door.about.clone().map(|about| Block::Text(words(about))));
        for served in &door.operations {
            let list = |names: &mut dyn Iterator<Item = &String>| joined(names.map(|name| field(name)), ", ");
            let mut facts = vec![("Asked by".to_string(), asked_by(door))];
            facts.push(("Operation".to_string(), code(served.name.clone())));
            facts.push(("Answered".to_string(), words(answered(served.waits, served.late))));
            let read = [
                ("Fields that are read", &served.body),
                ("Query", &served.query),
                ("Headers", &served.headers),
                ("Never without", &served.always),
            ];
            facts.extend(door.signs.iter().map(|sign| (signed(sign.carries).to_string(), header(sign))));
            let some = read.iter().filter(|(_, names)| !names.is_empty());
            facts.extend(some.map(|(title, names)| ((*title).to_string(), list(&mut names.iter()))));
            blocks.push(Block::Facts(facts));
        }
        let visits: Vec<_> = door.operations.iter().flat_map(|served| &served.visits).collect();
        if !visits.is_empty() {
            let rows = visits.iter().map(|visit| {
                let query = if visit.asked.query.is_empty() { String::new() } else { format!("?{}", visit.asked.query) };
                let asked = format!("{} {}{query}", visit.asked.method, visit.asked.path);
                vec![
                    words(&*visit.case),
                    code(asked),
                    bytes(&visit.asked.body),
                    words(visit.answer.status.to_string()),
                    bytes(&visit.answer.body),
                ]
            });
            blocks.push(Block::Table(vec!["Shown by a test", "Request", "Body", "Status", "Answer"], rows.collect()));
        }
    }
    Page { path: "api/index".into(), title: "What we offer".into(), crumbs: home(book), blocks }
}

/// `.` is the body as a whole.
fn field(name: &str) -> Vec<Inline> {
    if name == "." { words("the whole body") } else { code(name) }
}

fn signed(carries: Signs) -> &'static str {
    match carries {
        Signs::Signature => "Signed in",
        Signs::Time => "Signed at",
        Signs::Event => "Which event",
    }
}

fn header(sign: &SignHeader) -> Vec<Inline> {
    vec![Inline::Code(sign.name.to_string()), Inline::Text(format!(": {}", sign.about))]
}

fn files(book: &Book) -> Vec<Vec<Inline>> {
    let made = contract::files(book);
    let label = |path: &str| match path {
        contract::OPENAPI => "OpenAPI 3.1: every parameter, response and problem",
        contract::POSTMAN => "Postman collection, with assertions",
        path if path.ends_with(".arazzo.json") => "Arazzo: the requests of a flow as a workflow",
        path if path.ends_with(".wsdl") => "WSDL",
        _ => "imported by the WSDL",
    };
    made.keys().map(|path| vec![Inline::Link(path.clone(), path.clone()), Inline::Text(format!(": {}", label(path)))]).collect()
}

fn asked_by(door: &DoorPage) -> Vec<Inline> {
    joined(door.routes.iter().map(|(method, path)| code(format!("{method} {path}"))), ", ")
}

fn speaks(door: &DoorPage) -> &'static str {
    match door.kind {
        DoorSpeaks::Http => "HTTP",
        DoorSpeaks::Webhook => "webhook, signed",
        DoorSpeaks::Soap(_) => "SOAP",
    }
}

fn answered(waits: bool, late: bool) -> &'static str {
    match (waits, late) {
        (false, _) => "202 as soon as the message is on disk",
        (true, false) => "with the flow's reply; 202 where that takes too long",
        (true, true) => "with the flow's reply; 504 where that takes too long",
    }
}

/// Who may come, by their names and kinds of proof; no value of one.
fn who(door: &DoorPage) -> String {
    if door.clients.is_empty() {
        return if matches!(door.kind, DoorSpeaks::Webhook) { "whoever signs with the secret" } else { "anybody" }.to_string();
    }
    let kind = |proof: &Proof| match proof {
        Proof::ApiKey { header, .. } => format!("a key in {header}"),
        Proof::Basic { .. } => "user and password".to_string(),
        Proof::Token { .. } => "a user name token".to_string(),
        Proof::Jwt(_) => "a token".to_string(),
        Proof::Hmac(_) => "a signature".to_string(),
        Proof::Mtls { .. } => "a certificate".to_string(),
        Proof::Address => "its address".to_string(),
    };
    door.clients.iter().map(|client| format!("{} by {}", client.name, kind(&client.proof))).collect::<Vec<_>>().join(", ")
}

/// Characters of a body that are shown.
const SHOWN_MOST: usize = 160;

fn bytes(body: &[u8]) -> Vec<Inline> {
    if body.is_empty() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(body);
    let short: String = text.chars().take(SHOWN_MOST).collect();
    code(if short.len() < text.len() { format!("{short}…") } else { short })
}
