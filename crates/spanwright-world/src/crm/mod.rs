//! The stand-in CRM: OAuth2 client credentials and a bulk upsert with an answer per contact, by `crm.openapi.yaml`.
//!
//! Its ledger has a line for each sign-in (`signed_in`), each bulk call (`answered`, or `cut` where the connection ended without an
//! answer), each contact that it took (`applied`) or did not (`refused`), and each answer given a second time (`stored`).

mod note;
mod problem;
mod settings;
mod weather;

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use problem::{errors_json, problem};
use weather::Weather;

pub use settings::{CrmScript, CrmSettings, Refusal};

use crate::{
    json::Json,
    ledger::{Ledger, Lines},
    memory::{Known, Memory, print},
    rules::{self, FieldError},
    server::{Answers, Asked, Reply, Server},
    stage::Stage,
    tokens::Tokens,
};

const JSON: &str = "application/json";

/// Contacts of a bulk call at most.
pub const CONTACTS_MOST: usize = 1_000;

/// A running CRM; dropped, it stops.
pub struct Crm {
    /// Its base URL.
    pub url: String,
    state: Arc<State>,
    server: Server,
}

struct State {
    settings: CrmSettings,
    ledger: Ledger,
    stage: Arc<Stage>,
    now: Mutex<Now>,
}

/// What changes while it runs.
struct Now {
    calls: u64,
    cut_at_call: Option<u64>,
    tokens: Tokens,
    memory: Memory,
    contacts: HashMap<String, Kept>,
    weather: Weather,
}

/// What is kept of a contact.
struct Kept {
    id: u64,
    text: String,
}

impl Crm {
    /// Starts on a port of loopback.
    ///
    /// # Errors
    /// The ledger cannot be opened, or there is no port.
    pub fn start(settings: CrmSettings) -> io::Result<Crm> {
        let stage = Arc::new(Stage::default());
        stage.set_changed_twice();
        Crm::start_on(settings, stage)
    }

    pub(crate) fn start_on(settings: CrmSettings, stage: Arc<Stage>) -> io::Result<Crm> {
        let ledger = Ledger::open(&settings.ledger, settings.flush)?;
        let tokens = Tokens::new(&settings.client_id, &settings.client_secret, settings.token_lives);
        let now = Now {
            calls: 0,
            cut_at_call: settings.script.cut_at_call,
            tokens,
            memory: Memory::default(),
            contacts: HashMap::new(),
            weather: Weather::Fair,
        };
        let state = Arc::new(State { settings, ledger, stage, now: Mutex::new(now) });
        let server = Server::start("crm", Arc::clone(&state) as Arc<dyn Answers>)?;
        Ok(Crm { url: server.url(), state, server })
    }

    /// How many contacts it keeps.
    pub fn contacts(&self) -> usize {
        self.state.now().contacts.len()
    }

    /// The file of the ledger, with all that happened so far.
    pub fn ledger(&self) -> &Path {
        self.state.ledger.flush();
        self.state.ledger.path()
    }

    /// Stops it and closes the ledger.
    pub fn stop(self) {
        drop(self.server);
        self.state.ledger.flush();
    }
}

impl Answers for State {
    fn answer(&self, asked: &Asked) -> Reply {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/oauth/token") => self.sign_in(asked),
            ("POST", "/v1/contacts/bulk-upsert") => self.upsert(asked),
            ("GET", path) if path.starts_with("/v1/contacts/") => self.get(asked),
            _ => problem(404, "there is no such thing here", &[]),
        }
    }
}

impl State {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign_in(&self, asked: &Asked) -> Reply {
        let answer = self.now().tokens.issue(asked, Instant::now());
        let mut lines = Lines::of_call(0);
        lines.line(if answer.is_ok() { "signed_in" } else { "sign_in_refused" }).end();
        self.ledger.append(&lines);
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn get(&self, asked: &Asked) -> Reply {
        let now = self.now();
        if !now.tokens.allow(asked, Instant::now()) {
            return problem(401, "the token is not good", &[]);
        }
        match asked.path.strip_prefix("/v1/contacts/").and_then(|id| now.contacts.get(id)) {
            Some(kept) => Reply::new(200, JSON, kept.text.clone()),
            None => problem(404, "there is no such contact", &[]),
        }
    }

    fn upsert(&self, asked: &Asked) -> Reply {
        let key = asked.header("idempotency-key").unwrap_or_default();
        let text = std::str::from_utf8(&asked.body).ok();
        // Reading is outside of the lock, so that two calls are read at once.
        let body = text.and_then(Json::read);
        let mut now = self.now();
        now.calls += 1;
        let call = now.calls;
        let mut lines = Lines::of_call(call);
        let mut reply = match self.door(asked, &mut now) {
            Some(refused) => refused,
            None => self.keyed(key, asked, body.as_ref(), &mut now, &mut lines),
        };
        reply.cut = reply.status == 200 && now.cut_at_call.take_if(|at| *at <= call).is_some();
        note::call(&reply, key, body.as_ref(), &mut lines);
        // Still under the lock: the ledger has calls in the order in which they were applied.
        self.ledger.append(&lines);
        reply
    }

    /// What keeps a call from being looked at.
    fn door(&self, asked: &Asked, now: &mut Now) -> Option<Reply> {
        let instant = Instant::now();
        if now.weather.turn(&self.settings.script, now.calls, instant, &self.stage) {
            now.tokens.forget();
        }
        match &mut now.weather {
            Weather::Away { .. } => Some(problem(503, "down for maintenance", &[])),
            Weather::Limited { calls_left } => {
                *calls_left -= 1;
                Some(Reply { retry_after_seconds: Some(1), ..problem(429, "too many calls", &[]) })
            }
            Weather::Fair | Weather::FairAgain if now.tokens.allow(asked, instant) => None,
            Weather::Fair | Weather::FairAgain => Some(problem(401, "the token is not good", &[])),
        }
    }

    /// The idempotency key decides whether a call is new.
    fn keyed(&self, key: &str, asked: &Asked, body: Option<&Json<'_>>, now: &mut Now, lines: &mut Lines) -> Reply {
        if key.len() < 16 {
            return problem(400, "Idempotency-Key is missing or too short", &[]);
        }
        let print = print(&asked.body);
        match now.memory.recall(key, print) {
            Known::Answered(answer) => {
                lines.line("stored").text("key", key).end();
                Reply::new(200, JSON, answer)
            }
            Known::OtherBody => problem(422, "this Idempotency-Key came with another body before", &[]),
            Known::New => {
                let reply = self.fresh(body, now, lines);
                if reply.status == 200 {
                    now.memory.remember(key, print, reply.body.clone());
                }
                reply
            }
        }
    }

    fn fresh(&self, body: Option<&Json<'_>>, now: &mut Now, lines: &mut Lines) -> Reply {
        let Some(body) = body else { return problem(400, "the body is not JSON", &[]) };
        let Some(Json::List(contacts)) = body.get("contacts") else { return problem(400, "`contacts` is not a list", &[]) };
        if contacts.is_empty() || contacts.len() > CONTACTS_MOST {
            return problem(422, "1 to 1,000 contacts", &[]);
        }
        let checked: Vec<_> = contacts.iter().map(|contact| (contact, rules::check(contact))).collect();
        let bad = checked.iter().enumerate().find(|(_, (_, errors))| !errors.is_empty());
        if let Some((index, (contact, errors))) = bad.filter(|_| self.settings.refusal == Refusal::WholeCall) {
            note::refused(contact, errors, lines);
            let errors = errors.iter().map(|error| FieldError { field: format!("contacts[{index}].{}", error.field), ..error.clone() });
            return problem(422, "a contact is not valid, and nothing was applied", &errors.collect::<Vec<_>>());
        }
        let results = checked.iter().enumerate().map(|(index, (contact, errors))| self.one(index, contact, errors, now, lines));
        Reply::new(200, JSON, format!(r#"{{"results":[{}]}}"#, results.collect::<Vec<_>>().join(",")))
    }

    /// Takes one contact, or does not; the result as JSON.
    fn one(&self, index: usize, contact: &Json<'_>, errors: &[FieldError], now: &mut Now, lines: &mut Lines) -> String {
        if !errors.is_empty() {
            note::refused(contact, errors, lines);
            return format!(r#"{{"index":{index},"status":422,"outcome":"refused","errors":{}}}"#, errors_json(errors));
        }
        let (id, status, outcome) = if self.settings.keeps_contacts { now.keep(contact) } else { (now.calls, 201, "created") };
        note::applied(contact, outcome, lines);
        format!(r#"{{"index":{index},"status":{status},"id":"c-{id}","outcome":"{outcome}"}}"#)
    }
}

impl Now {
    /// Keeps a contact: its id, the status and what became of it.
    fn keep(&mut self, contact: &Json<'_>) -> (u64, u16, &'static str) {
        let mut text = String::new();
        contact.write(&mut text);
        let next = self.contacts.len() as u64 + 1;
        match self.contacts.get_mut(contact.text("externalId").unwrap_or_default()) {
            Some(kept) if kept.text == text => (kept.id, 200, "unchanged"),
            Some(kept) => {
                kept.text = text;
                (kept.id, 200, "updated")
            }
            None => {
                self.contacts.insert(contact.text("externalId").unwrap_or_default().to_owned(), Kept { id: next, text });
                (next, 201, "created")
            }
        }
    }
}
