//! What answers mean: the connector itself hears each of them, so that a page cannot say anything else than what happens.

use spanwright_core::{
    connector::{Answers, Call, FilesHeard, Heard, Outcome, Pretended, Reached, System, Verdict, With, Word},
    fact::Moment,
    interface::Repeat,
    plan::SystemPlan,
    settings::OutcomeWord,
};
use spanwright_shape::{
    text::{Node, NodeKind, Scalar, form::Filled},
    value::Value,
};

/// Statuses that are heard, beside those that are declared.
const STATUSES: [u16; 16] = [400, 401, 403, 404, 408, 409, 410, 412, 422, 423, 425, 429, 500, 502, 503, 504];

/// An answer, what it means, and who says so.
pub type Answer = (String, String, &'static str);

/// A word of `outcomes:`, for a reader.
pub fn means(word: OutcomeWord) -> &'static str {
    match word {
        OutcomeWord::Delivered => "delivered",
        OutcomeWord::None => "delivered, and the answer is null",
        OutcomeWord::Later => "not now: tried again",
        OutcomeWord::Unknown => "nobody knows whether it happened",
        OutcomeWord::Never => "never: a dead letter",
    }
}

/// What answers of an operation mean: what the project says, then what the schema declares, then everything else.
pub(super) fn all(form: Option<&Filled<'_>>, system: &SystemPlan, number: usize) -> Vec<Answer> {
    let operation = &system.system.interface().operations[number];
    let own = own(form, &operation.name);
    let told = |name: &str| own.iter().any(|(have, _)| have == name);
    let ear = Ear { system: &*system.system, number, repeat: operation.repeat };
    let mut all: Vec<Answer> = own.iter().map(|(name, word)| (name.clone(), word.clone(), "the project")).collect();
    let declared = operation.refuses.iter().filter(|(name, _)| !told(name));
    all.extend(declared.map(|(name, _)| (name.to_string(), ear.declared(name), "the schema")));
    if &*system.kind == "files" {
        all.extend(ear.of_files().map(|(name, meaning)| (name.to_string(), meaning, "the protocol")));
        return all;
    }
    let is_soap = &*system.kind == "soap";
    if is_soap {
        all.push(("another Client fault".into(), "never: a dead letter".into(), "the protocol"));
        all.push((
            "another Server fault".into(),
            "not now, where twice is harmless; else nobody knows whether it happened".into(),
            "the protocol",
        ));
    } else {
        all.push(("2xx".into(), "delivered".into(), "the protocol"));
    }
    let is_said = |status: u16| told(&status.to_string()) || operation.refuses.iter().any(|(name, _)| **name == status.to_string());
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for status in STATUSES.into_iter().filter(|status| !is_said(*status)) {
        let meaning = ear.status(status);
        match groups.iter_mut().find(|(have, _)| *have == meaning) {
            Some((_, statuses)) => statuses.push(status.to_string()),
            None => groups.push((meaning, vec![status.to_string()])),
        }
    }
    let without = if is_soap { " without an envelope" } else { "" };
    all.extend(groups.into_iter().map(|(meaning, statuses)| (format!("{}{without}", statuses.join(", ")), meaning, "the protocol")));
    let broken = [("no connection", Reached::No), ("time-out, cut connection", Reached::Maybe)];
    all.extend(broken.map(|(name, reached)| (name.to_string(), ear.broken(reached), "the protocol")));
    all
}

/// `outcomes:` of the operation.
fn own(form: Option<&Filled<'_>>, operation: &str) -> Vec<(String, String)> {
    let pairs = form.map(|form| form.pairs("operations")).unwrap_or_default();
    let own = pairs.iter().find(|(name, _)| name.text == operation).and_then(|(_, node)| node.get("outcomes"));
    let words: &[(Scalar, Node)] = match own.map(|node| &node.kind) {
        Some(NodeKind::Map(pairs)) => pairs,
        _ => &[],
    };
    let word = |text: &str| {
        let known = [("delivered", OutcomeWord::Delivered), ("none", OutcomeWord::None), ("later", OutcomeWord::Later)];
        let more = [("unknown", OutcomeWord::Unknown), ("never", OutcomeWord::Never)];
        known.into_iter().chain(more).find(|(have, _)| *have == text).map_or(text.to_string(), |(_, word)| means(word).to_string())
    };
    words.iter().filter_map(|(name, node)| Some((name.text.clone(), word(&node.scalar()?.text)))).collect()
}

/// Hears answers to one call.
struct Ear<'e> {
    system: &'e dyn System,
    number: usize,
    repeat: Repeat,
}

impl Ear<'_> {
    fn status(&self, status: u16) -> String {
        self.hear(Heard::Http { status, headers: &[], body: &mut [].as_slice() })
    }

    /// What can become of a file.
    fn of_files(&self) -> [(&'static str, String); 4] {
        [
            ("the file is there, whole", self.hear(Heard::Files(FilesHeard::Put { name: "x" }))),
            ("another file of that name", self.hear(Heard::Files(FilesHeard::InTheWay { name: "x" }))),
            ("the folder cannot be reached", self.broken(Reached::No)),
            ("cut off while it is written", self.broken(Reached::Maybe)),
        ]
    }

    fn broken(&self, reached: Reached) -> String {
        self.hear(Heard::Broken { reached, why: String::new() })
    }

    /// A status of its description, or a fault; one whose detail cannot be made up is a business answer.
    fn declared(&self, name: &str) -> String {
        if let Ok(status) = name.parse() {
            return self.status(status);
        }
        let fault = Pretended::Fault { name, detail: Value::Record(&[]), reason: name };
        match self.system.pretend(self.number, &fault) {
            Ok(said) => self.hear(Heard::Http { status: said.status, headers: &said.headers, body: &mut said.body.as_slice() }),
            Err(_) => means(OutcomeWord::Never).to_string(),
        }
    }

    fn hear(&self, heard: Heard<'_>) -> String {
        let call = Call { key: "", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" };
        let variable = |_: &str| None;
        let with = With { now: Moment(0), variable: &variable, token: None, request_key: "", outcomes: &[], validator: None };
        self.words(&self.system.hear(self.number, &[call], heard, &with, Answers::Drop))
    }

    fn words(&self, verdict: &Verdict) -> String {
        match (&verdict.system, verdict.outcomes.first()) {
            (Some(Word::Credentials(_)), _) => "signed in again, else the system is held and a person is told; costs no try".to_string(),
            (Some(Word::Gone(_)), _) => "gone: the system is held until a person acts".to_string(),
            (_, Some(Outcome::Delivered(_))) => "delivered".to_string(),
            (_, Some(Outcome::Later { .. })) => "not now: tried again, not before Retry-After".to_string(),
            (_, Some(Outcome::Unknown(_))) => match self.repeat {
                Repeat::Never => "nobody knows whether it happened: a person decides".to_string(),
                Repeat::Safe | Repeat::Idempotent | Repeat::Keyed => {
                    "nobody knows whether it happened: asked again, since twice is once".to_string()
                }
            },
            (_, Some(Outcome::Never(_)) | None) => means(OutcomeWord::Never).to_string(),
        }
    }
}
