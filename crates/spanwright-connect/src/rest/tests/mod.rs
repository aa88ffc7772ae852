#![allow(clippy::unwrap_used)]

use spanwright_core::{
    connector::Outcome,
    fact::Moment,
    settings::{BulkSettings, OperationSettings, OutcomeWord},
};
use spanwright_shape::{
    json,
    room::Room,
    text::{FileId, Scalar, Span},
    value::Value,
};

use super::*;

mod ask;
mod batch;
mod check;
mod hear;
mod laws;
mod serve;

const SHOP: &str = include_str!("shop.yaml");

/// An operation's settings, said in the order of a test's need.
fn operation(name: &str) -> OperationSettings {
    OperationSettings::named(Scalar::made(name))
}

trait Said: Sized {
    fn by_hand(self, method: &'static str, path: &str) -> Self;
    fn key(self, name: &str) -> Self;
    fn outcome(self, of: &str, word: OutcomeWord) -> Self;
    fn bulk(self, most: u32, answers: &str, matched: &str, outcome: &str) -> Self;
}

impl Said for OperationSettings {
    fn by_hand(self, method: &'static str, path: &str) -> Self {
        OperationSettings { by_hand: Some((method, Scalar::made(path))), ..self }
    }

    fn key(self, name: &str) -> Self {
        OperationSettings { key: Some(Scalar::made(name)), ..self }
    }

    fn outcome(mut self, of: &str, word: OutcomeWord) -> Self {
        self.outcomes.push((Scalar::made(of), word));
        self
    }

    /// An empty text is left out.
    fn bulk(self, most: u32, answers: &str, matched: &str, outcome: &str) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| Scalar::made(text));
        let (answers, matched, outcome) = (text(answers), text(matched), text(outcome));
        OperationSettings {
            bulk: Some(BulkSettings { at: nowhere(), most, bytes: None, items: None, answers, matched, outcome, atomic: false }),
            ..self
        }
    }
}

fn nowhere() -> Span {
    Span { file: FileId(0), from: 0, to: 0 }
}

fn settings(operations: Vec<OperationSettings>) -> SystemSettings {
    SystemSettings {
        name: "shop".into(),
        kind: "rest".into(),
        at: nowhere(),
        schema: Some(FileId(0)),
        url: Some(Template::parse("${URL}/")),
        zone: None,
        auth: Auth::Bearer(Template::parse("t")),
        correlation: "X-Correlation-Id".into(),
        operations,
    }
}

/// The system, and what was said of it.
fn read(document: &str, settings: &SystemSettings) -> (Option<Arc<dyn System>>, Vec<String>) {
    let bundle = Bundle::new([("shop.yaml".to_string(), document.as_bytes().to_vec())]);
    let mut problems = Problems::new();
    let system = Rest.system(settings, &bundle, &mut problems);
    let said = problems.iter().map(|problem| {
        let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{} {}{help}", problem.code.id, problem.says)
    });
    (system, said.collect())
}

fn shop(operations: Vec<OperationSettings>) -> Arc<dyn System> {
    let (system, said) = read(SHOP, &settings(operations));
    assert_eq!(said, Vec::<String>::new());
    system.unwrap()
}

fn variable(name: &str) -> Option<String> {
    (name == "URL").then(|| "https://shop.example.com/v1".to_string())
}

fn with() -> With<'static> {
    With {
        now: Moment(1_795_359_600_000_000),
        variable: &variable,
        token: None,
        request_key: "key-of-request",
        outcomes: &[],
        validator: None,
    }
}

/// The calls of a request: for each its parameters and its body as JSON; no body where it is empty.
fn calls<'a>(given: &[(&str, &'a str)], room: &'a Room) -> Vec<Call<'a>> {
    let call = |(n, (with, body)): (usize, &(&str, &'a str))| Call {
        key: room.text(&format!("key-{n}")),
        with: json::read(room.text(with).as_bytes(), room).unwrap(),
        body: Some(body.as_bytes()).filter(|body| !body.is_empty()),
        proved: false,
        correlation: room.text(&format!("correlation-{n}")),
        trace: "00-trace-span-01",
    };
    given.iter().enumerate().map(call).collect()
}

fn number(system: &Arc<dyn System>, operation: &str) -> usize {
    system.interface().operation(operation).unwrap().0
}

/// `delivered ANSWER`, `later CODE after blame: says`, `unknown CODE: says`, `never CODE: says`.
fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered(None) => "delivered".into(),
        Outcome::Delivered(Some(answer)) => format!("delivered {}", String::from_utf8_lossy(answer)),
        Outcome::Later { why, after, blame } => {
            let after = after.map(|after| format!(" after {after:?}")).unwrap_or_default();
            format!("later {}{after} {blame:?}: {}", why.code.id, why.says)
        }
        Outcome::Unknown(why) => format!("unknown {}: {}", why.code.id, why.says),
        Outcome::Never(why) => format!("never {}: {}", why.code.id, why.says),
    }
}

/// What is heard, in a row of a test.
struct Answer<'a> {
    status: u16,
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

fn json_answer(status: u16, body: &str) -> Answer<'_> {
    Answer { status, headers: &[("content-type", "application/json")], body }
}

fn heard(system: &Arc<dyn System>, operation: &str, calls: &[Call<'_>], answer: &Answer<'_>, answers: Answers<'_>) -> Verdict {
    let headers: Vec<(Arc<str>, Vec<u8>)> =
        answer.headers.iter().map(|(name, value)| (Arc::from(*name), value.as_bytes().to_vec())).collect();
    let mut body = answer.body.as_bytes();
    let heard = Heard::Http { status: answer.status, headers: &headers, body: &mut body };
    system.hear(number(system, operation), calls, heard, &with(), answers)
}
