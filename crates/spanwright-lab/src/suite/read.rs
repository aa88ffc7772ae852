//! From `tests/*.test.yaml` to tests: every name leads somewhere, every value is JSON, every fault has its place.
//!
//! `check` has read each file by its form before, and told what is written wrong; here the names are looked up.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_core::{alert::CHANNEL_SYSTEM, fact::Moment, plan::Plan, project::vocabulary, run::moment};
use spanwright_map::Program;
use spanwright_shape::{
    json,
    text::{
        Bundle, FileId, Node, NodeKind, Problems, Scalar, Span, did_you_mean,
        form::{Filled, Given, flag, number, time},
        yaml,
    },
};

use super::{
    case::{
        Answer, Case, Content, Dead, Fails, Happening, Happens, Json, Knock, Notice, Record, Says, Story, Subject, Test, Then, Told,
        Wanted, What,
    },
    compare,
    script::CHANNEL_OPERATION,
};
use crate::codes;

/// What the name of a test file ends with.
const ENDING: &str = ".test.yaml";
/// When a case begins of which nothing is said: 2026-01-01T00:00:00Z.
const BEGINS: Moment = Moment(1_767_225_600_000_000);
/// How long an answer takes of which nothing is said.
const TAKES: Duration = Duration::from_millis(20);
/// The name of a system's token endpoint among its operations.
const SIGN_IN: &str = "sign_in";

/// Reads every test of a project, but those that are [left out](left_out).
pub fn read(bundle: &Bundle, plan: &Plan, to: &mut Problems) -> Vec<Test> {
    let played = files(bundle).filter(|(file, _)| flow_off(*file, bundle, plan).is_none());
    played.filter_map(|(file, _)| one(file, bundle, plan, to)).collect()
}

/// Tests of flows that the environment switches off: their files, and the flows.
pub fn left_out(bundle: &Bundle, plan: &Plan) -> Vec<(String, String)> {
    files(bundle).filter_map(|(file, path)| Some((path.to_string(), flow_off(file, bundle, plan)?))).collect()
}

fn files(bundle: &Bundle) -> impl Iterator<Item = (FileId, &str)> {
    let is_test = |path: &str| path.strip_prefix("tests/").is_some_and(|name| name.ends_with(ENDING) && !name.contains('/'));
    bundle.iter().filter(move |(_, path, _)| is_test(path)).map(|(file, path, _)| (file, path))
}

/// The flow that a test is for, where it is one of the project and none of the plan.
fn flow_off(file: FileId, bundle: &Bundle, plan: &Plan) -> Option<String> {
    let node = yaml::read(bundle, file, &mut Problems::new())?;
    let form = vocabulary::TEST.fill(&node)?;
    let (kind, _, node) = form.named()?;
    let name = &node.scalar()?.text;
    let is_written = |path: &str| [".yaml", ".yml"].iter().any(|ending| path == format!("flows/{name}{ending}"));
    let off = kind == "flow" && plan.flow(name).is_none() && bundle.iter().any(|(_, path, _)| is_written(path));
    off.then(|| name.clone())
}

fn one(file: FileId, bundle: &Bundle, plan: &Plan, to: &mut Problems) -> Option<Test> {
    let node = yaml::read(bundle, file, &mut Problems::new())?;
    let form = vocabulary::TEST.fill(&node)?;
    let mut reading = Reading { bundle, plan, to, base: None };
    reading.base = form.scalar("message_over").and_then(|path| reading.json_file(path)).map(|json| json.bytes);
    let subject = reading.subject(&form)?;
    let begins = reading.begins(&form);
    let answers = reading.answers(&form);
    let cases = match subject {
        Subject::Flow(_) => reading.stories(&form),
        Subject::Map(_) => reading.records(&form),
    };
    reading.unique(&cases);
    let vars = form.pairs("vars").iter().filter_map(|(name, node)| Some((name.text.clone(), node.scalar()?.text.clone()))).collect();
    Some(Test { name: form.text("test")?.into(), subject, cases, begins, vars, answers })
}

struct Reading<'r> {
    bundle: &'r Bundle,
    plan: &'r Plan,
    to: &'r mut Problems,
    /// What each message is put over.
    base: Option<Arc<[u8]>>,
}

impl Reading<'_> {
    fn cannot(&mut self, at: Span, says: String, help: Option<String>) {
        self.to.error(&codes::CANNOT, at, says, help);
    }

    fn subject(&mut self, form: &Filled<'_>) -> Option<Subject> {
        let (kind, _, node) = form.named()?;
        let name = node.scalar()?;
        let names: Vec<&str> = match kind {
            "flow" => self.plan.flows.iter().map(|flow| &*flow.name).collect(),
            _ => self.plan.maps.iter().map(|map| &*map.name).collect(),
        };
        let Some(number) = names.iter().position(|have| *have == name.text) else {
            let help = did_you_mean(&name.text, names);
            self.cannot(name.span, format!("there is no {kind} `{}`", name.text), help);
            return None;
        };
        Some(if kind == "flow" { Subject::Flow(number) } else { Subject::Map(number) })
    }

    fn begins(&mut self, form: &Filled<'_>) -> Moment {
        let Some(at) = form.scalar("at") else { return BEGINS };
        moment(&at.text).unwrap_or_else(|| {
            self.cannot(at.span, format!("`{}` is no time", at.text), Some("write it as `2026-01-01T00:00:00Z`".to_string()));
            BEGINS
        })
    }

    fn unique(&mut self, cases: &[Case]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for case in cases {
            if let Some(first) = seen.insert(&case.name, case.at) {
                let (line, _) = self.bundle.line_column(first.file, first.from);
                let help = Some("say in each what it shows and the other does not".to_string());
                self.to.error(&codes::NAME, case.at, format!("the case of line {line} has this name already"), help);
            }
        }
    }

    // ---- flows

    fn stories(&mut self, form: &Filled<'_>) -> Vec<Case> {
        form.forms("cases").into_iter().filter_map(|case| self.story(&case)).collect()
    }

    fn story(&mut self, form: &Filled<'_>) -> Option<Case> {
        let name = form.scalar("case")?;
        let given = form.form("given");
        let then = form.form("then")?;
        let story = Story {
            messages: given.iter().flat_map(|given| self.messages(given)).collect(),
            knocks: given.iter().flat_map(|given| self.knocks(given)).collect(),
            answers: given.iter().flat_map(|given| self.answers(given)).collect(),
            when: form.forms("when").iter().filter_map(|happens| self.happens(happens)).collect(),
            until: time_of(form, "until"),
            then: self.then(&then),
        };
        Some(Case { name: name.text.as_str().into(), at: name.span, what: What::Story(Box::new(story)) })
    }

    fn messages(&mut self, given: &Filled<'_>) -> Vec<Json> {
        let one = given.node("message").map(|node| self.message(node));
        let from = given.scalar("message_from").and_then(|path| self.json_file(path));
        one.into_iter().chain(from).chain(given.items("messages").iter().map(|node| self.message(node))).collect()
    }

    fn message(&self, node: &Node) -> Json {
        let Json { at, bytes } = of_node(node);
        let bytes = self.base.as_ref().map_or(bytes.clone(), |base| compare::over(base, &bytes, &[]));
        Json { at, bytes }
    }

    fn knocks(&mut self, given: &Filled<'_>) -> Vec<Knock> {
        let forms: Vec<Filled<'_>> = given.form("request").into_iter().chain(given.forms("requests")).collect();
        forms.iter().filter_map(|form| self.knock(form)).collect()
    }

    fn knock(&mut self, form: &Filled<'_>) -> Option<Knock> {
        let named = |key: &str| pairs(form, key).map(|(_, name, value)| (name, value)).collect::<Vec<_>>();
        let body = match (form.node("body"), form.text("text"), form.scalar("file")) {
            (Some(body), _, _) => Content::Json(self.message(body).bytes),
            (None, Some(text), _) => Content::Bytes(text.as_bytes().into()),
            (None, None, Some(path)) => Content::Bytes(self.file(path)?.into()),
            (None, None, None) => Content::Nothing,
        };
        Some(Knock {
            at: form.node.span,
            path: named("path"),
            query: named("query"),
            headers: named("headers"),
            body,
            client: form.text("client").map(Arc::from),
        })
    }

    fn told(&self, form: &Filled<'_>) -> Told {
        let text = |key: &str| form.scalar(key).map(|scalar| (scalar.span, scalar.text.clone()));
        Told {
            at: form.node.span,
            status: text("status").and_then(|(at, text)| Some((at, number(&text)?))),
            body: form.node("body").map(of_node),
            has: form.node("has").map(of_node),
            headers: pairs(form, "headers").collect(),
            contains: text("contains"),
            fault: text("fault"),
        }
    }

    fn answers(&mut self, owner: &Filled<'_>) -> Vec<Answer> {
        owner.forms("answers").iter().filter_map(|answer| self.answer(answer)).collect()
    }

    fn answer(&mut self, form: &Filled<'_>) -> Option<Answer> {
        let to = form.scalar("to")?;
        let (system, operation) = self.operation(to)?;
        let says = self.says(form)?;
        let times = match form.text("times") {
            None => Some(1),
            Some("always") => None,
            Some(text) => Some(number(text)?),
        };
        let asked = form.scalar("asked").and_then(|text| self.program(text));
        let late = matches!(says, Says::Late);
        let takes = if late { Duration::ZERO } else { TAKES };
        let after = time_of(form, "after").unwrap_or(takes);
        let beside = if matches!(says, Says::Gives(_) | Says::Makes(_)) { headers(form) } else { Vec::new() };
        Some(Answer { at: to.span, system, operation, asked, after, times, says, beside })
    }

    fn says(&mut self, form: &Filled<'_>) -> Option<Says> {
        let (kind, _, node) = form.named()?;
        Some(match kind {
            "gives" => Says::Gives(bytes(node)),
            "makes" => Says::Makes(self.program(node.scalar()?)?),
            "fault" => Says::Fault {
                name: node.scalar()?.text.clone(),
                detail: form.node("detail").map_or_else(|| b"{}".as_slice().into(), bytes),
                reason: form.text("reason").unwrap_or("a fault").to_string(),
            },
            "status" => self.http(form, node.scalar()?)?,
            "cut" => match node.scalar()?.text.as_str() {
                "before" => Says::CutBefore,
                "after" => Says::CutAfter,
                _ => Says::CutInside,
            },
            _ => Says::Late,
        })
    }

    fn http(&mut self, form: &Filled<'_>, status: &Scalar) -> Option<Says> {
        let Some(code) = status.text.parse().ok().filter(|code| (100..600).contains(code)) else {
            self.cannot(status.span, format!("{} is no HTTP status", status.text), None);
            return None;
        };
        let mut headers = headers(form);
        let body = match (form.node("body"), form.text("text"), form.scalar("file")) {
            (Some(body), _, _) => {
                if !headers.iter().any(|(name, _)| &**name == "content-type") {
                    headers.push(("content-type".into(), b"application/json".to_vec()));
                }
                bytes(body).to_vec()
            }
            (None, Some(text), _) => text.as_bytes().to_vec(),
            (None, None, Some(path)) => self.file(path)?.to_vec(),
            (None, None, None) => Vec::new(),
        };
        Some(Says::Http { status: code, headers, body })
    }

    fn program(&mut self, text: &Scalar) -> Option<Program> {
        let program = Program::of(&text.text);
        if program.is_none() {
            self.cannot(
                text.span,
                "this is no expression of the mapping language".to_string(),
                Some("try it in a map, where its place is told".to_string()),
            );
        }
        program
    }

    /// `alerts.CHANNEL`, where a step tells it something.
    fn channel(&mut self, text: &Scalar, name: &str) -> Option<(usize, Option<usize>)> {
        let number = self.plan.systems.iter().position(|have| *have.name == *text.text);
        if number.is_none() {
            let told = self.plan.systems.iter().filter_map(|have| have.name.strip_prefix(CHANNEL_SYSTEM)?.strip_prefix('.'));
            let says = format!("no step tells a channel `{name}` anything");
            self.cannot(text.place(CHANNEL_SYSTEM.len() + 1, text.text.len()), says, did_you_mean(name, told));
        }
        Some((number?, Some(CHANNEL_OPERATION)))
    }

    /// `system.operation`, where the token endpoint counts as one.
    fn operation(&mut self, text: &Scalar) -> Option<(usize, Option<usize>)> {
        let (system, name) = text.text.split_once('.')?;
        if system == CHANNEL_SYSTEM {
            return self.channel(text, name);
        }
        let Some(number) = self.plan.systems.iter().position(|have| *have.name == *system) else {
            let help = did_you_mean(system, self.plan.systems.iter().map(|system| &*system.name));
            self.cannot(text.place(0, system.len()), format!("there is no system `{system}`"), help);
            return None;
        };
        let of = &self.plan.systems[number].system;
        if name == SIGN_IN && of.sign_in().is_some() {
            return Some((number, None));
        }
        let Some((operation, _)) = of.interface().operation(name) else {
            let help = did_you_mean(name, of.interface().operations.iter().map(|operation| &*operation.name));
            self.cannot(text.place(system.len() + 1, text.text.len()), format!("`{system}` has no operation `{name}`"), help);
            return None;
        };
        Some((number, Some(operation)))
    }

    fn happens(&mut self, form: &Filled<'_>) -> Option<Happens> {
        let (kind, _, node) = form.named()?;
        let what = match kind {
            "message" => Happening::Message(self.message(node)),
            "request" => Happening::Request(Box::new(self.knock(&form.form("request")?)?)),
            "poll" => Happening::Poll,
            "replay" => Happening::Replay,
            "discard" => Happening::Discard(node.scalar()?.text.as_str().into()),
            _ => Happening::Crash,
        };
        Some(Happens { at: time_of(form, "at"), what })
    }

    fn then(&mut self, form: &Filled<'_>) -> Then {
        let outcomes = form.key("outcomes").map(|key| {
            let counts = form.pairs("outcomes").iter().filter_map(|(word, node)| Some((word.text.clone(), number(&node.scalar()?.text)?)));
            (key.span, counts.collect())
        });
        Then {
            outcome: form.scalar("outcome").map(|word| (word.span, word.text.clone())),
            outcomes,
            dead: form.form("dead").map(|dead| Dead {
                at: form.key("dead").map_or(dead.node.span, |key| key.span),
                code: dead.text("code").map(str::to_string),
                step: dead.text("step").map(str::to_string),
                says: dead.text("says").map(str::to_string),
                undone: dead.text("undone").and_then(flag),
            }),
            requests: self.wanted(form, "requests"),
            polls: self.wanted(form, "polls"),
            reply: form.form("reply").map(|told| self.told(&told)),
            replies: form.key("replies").map(|key| (key.span, form.forms("replies").iter().map(|told| self.told(told)).collect())),
            cursor: form.node("cursor").map(of_node),
            breakers: pairs(form, "breakers").collect(),
            alerts: form.key("alerts").map(|key| (key.span, form.forms("alerts").iter().filter_map(notice).collect())),
            trail: form.key("trail").map(|key| {
                let lines = form.items("trail").iter().filter_map(|line| Some(line.scalar()?.text.clone()));
                (key.span, lines.collect())
            }),
            snapshot: form.scalar("snapshot").filter(|flag| flag.text == "true").map(|flag| flag.span),
        }
    }

    fn wanted(&mut self, form: &Filled<'_>, key: &str) -> Option<(Span, Vec<Wanted>)> {
        let at = form.key(key)?.span;
        let requests = form.forms(key).into_iter().filter_map(|request| {
            let to = request.scalar("to")?;
            self.operation(to)?;
            let text = |key: &str| request.scalar(key).map(|scalar| (scalar.span, scalar.text.clone()));
            let moment = |key: &str| Some((request.scalar(key)?.span, time_of(&request, key)?));
            Some(Wanted {
                at: to.span,
                to: to.text.clone(),
                with: request.node("with").map(of_node),
                body: request.node("body").map(of_node),
                has: request.node("has").map(of_node),
                items: text("items").and_then(|(at, text)| Some((at, number(&text)?))),
                headers: pairs(&request, "headers").collect(),
                url: text("url"),
                sent: request.node("sent").map(of_node),
                contains: text("contains"),
                key: text("key"),
                not_before: moment("not_before"),
                not_after: moment("not_after"),
            })
        });
        Some((at, requests.collect()))
    }

    // ---- maps

    fn records(&mut self, form: &Filled<'_>) -> Vec<Case> {
        let base = match (form.node("from"), form.scalar("from_file")) {
            (Some(node), _) => bytes(node),
            (None, Some(path)) => self.json_file(path).map_or_else(|| b"{}".as_slice().into(), |json| json.bytes),
            (None, None) => b"{}".as_slice().into(),
        };
        let mut cases: Vec<Case> = form.forms("cases").into_iter().filter_map(|case| self.record(&case, &base)).collect();
        if let Some(table) = form.form("table") {
            cases.extend(self.rows(&table, &base));
        }
        cases
    }

    fn record(&mut self, form: &Filled<'_>, base: &[u8]) -> Option<Case> {
        let name = form.scalar("case")?;
        let over = form.node("given").map_or_else(|| b"{}".as_slice().into(), bytes);
        let words =
            |key: &str| form.items(key).iter().filter_map(|item| Some((item.span, item.scalar()?.text.clone()))).collect::<Vec<_>>();
        let without: Vec<String> = words("without").into_iter().map(|(_, word)| word).collect();
        let record = Record {
            given: compare::over(base, &over, &without),
            at: name.span,
            has: form.node("then").map(of_node),
            lacks: words("lacks"),
            exactly: form.node("exactly").map(of_node),
            fails: form.form("fails").map(|fails| Fails {
                at: form.key("fails").map_or(fails.node.span, |key| key.span),
                code: fails.text("code").map(str::to_string),
                says: fails.text("says").map(str::to_string),
            }),
            snapshot: form.scalar("snapshot").filter(|flag| flag.text == "true").map(|flag| flag.span),
        };
        Some(Case { name: name.text.as_str().into(), at: name.span, what: What::Record(Box::new(record)) })
    }

    fn rows(&mut self, table: &Filled<'_>, base: &[u8]) -> Vec<Case> {
        let words = |key: &str| table.items(key).iter().filter_map(|item| Some(item.scalar()?.text.clone())).collect::<Vec<_>>();
        let (given, then) = (words("given"), words("then"));
        let mut cases = Vec::new();
        for (n, row) in table.items("rows").iter().enumerate() {
            let NodeKind::List(values) = &row.kind else { continue };
            let at = values.first().map_or(row.span, |value| value.span);
            if values.len() != given.len() + then.len() {
                let says = format!("{} values, and the table has {} and {} columns", values.len(), given.len(), then.len());
                self.to.error(&codes::TABLE, at, says, "null is written `~`".to_string());
                continue;
            }
            let (before, after) = values.split_at(given.len());
            let over = compare::nested(given.iter().map(String::as_str).zip(before.iter().map(bytes)));
            let made = compare::nested(then.iter().map(String::as_str).zip(after.iter().map(bytes)));
            let record = Record {
                given: compare::over(base, &over, &[]),
                at,
                has: Some(Json { at, bytes: made }),
                lacks: Vec::new(),
                exactly: None,
                fails: None,
                snapshot: None,
            };
            cases.push(Case { name: format!("row {}", n + 1).into(), at, what: What::Record(Box::new(record)) });
        }
        cases
    }

    fn file(&mut self, path: &Scalar) -> Option<&[u8]> {
        let Some(file) = self.bundle.find(&path.text) else {
            let help = did_you_mean(&path.text, self.bundle.iter().map(|(_, path, _)| path));
            let help = help.or_else(|| Some("paths count from the project's folder, as `tests/data/customer.json`".to_string()));
            self.cannot(path.span, format!("there is no file `{}`", path.text), help);
            return None;
        };
        Some(self.bundle.bytes(file))
    }

    fn json_file(&mut self, path: &Scalar) -> Option<Json> {
        let bytes: Arc<[u8]> = self.file(path)?.into();
        let room = spanwright_shape::room::Room::new();
        if let Err(fault) = json::read(&bytes, &room) {
            self.cannot(path.span, format!("`{}` is no JSON at byte {}: {}", path.text, fault.at, fault.says), None);
            return None;
        }
        Some(Json { at: path.span, bytes })
    }
}

fn notice(form: &Filled<'_>) -> Option<Notice> {
    let text = |key: &str| form.scalar(key).map(|scalar| (scalar.span, scalar.text.clone()));
    let moment = |key: &str| Some((form.scalar(key)?.span, time_of(form, key)?));
    let cause = form.scalar("cause")?;
    let channels = || form.items("to").iter().filter_map(|item| Some(item.scalar()?.text.clone())).collect();
    Some(Notice {
        at: cause.span,
        cause: cause.text.clone(),
        state: text("state"),
        of: text("of"),
        code: text("code"),
        count: text("count").and_then(|(at, text)| Some((at, number(&text)?))),
        severity: text("severity"),
        says: text("says"),
        to: form.key("to").map(|key| (key.span, channels())),
        not_before: moment("not_before"),
        not_after: moment("not_after"),
    })
}

fn time_of(form: &Filled<'_>, key: &str) -> Option<Duration> {
    match form.time(key)? {
        Given::Is(time) => Some(time),
        Given::Variable(name) => time(name),
    }
}

/// (place, name, value) of a mapping from names to texts.
fn pairs<'n>(form: &Filled<'n>, key: &str) -> impl Iterator<Item = (Span, String, String)> + use<'n> {
    form.pairs(key).iter().filter_map(|(name, value)| Some((name.span, name.text.clone(), value.scalar()?.text.clone())))
}

/// `headers:` of an answer.
fn headers(form: &Filled<'_>) -> Vec<(Arc<str>, Vec<u8>)> {
    pairs(form, "headers").map(|(_, name, value)| (name.to_ascii_lowercase().into(), value.into_bytes())).collect()
}

fn of_node(node: &Node) -> Json {
    let at = match &node.kind {
        NodeKind::Map(pairs) => pairs.first().map_or(node.span, |(key, _)| key.span),
        NodeKind::List(_) | NodeKind::Scalar(_) => node.span,
    };
    Json { at, bytes: bytes(node) }
}

fn bytes(node: &Node) -> Arc<[u8]> {
    let mut out = Vec::new();
    json::write_node(node, &mut out);
    out.into()
}
