//! `login:`: a call of the system's own hands out a session token, and every other call carries it.
//!
//! Two systems of one description: the one that is called, whose requests carry the token, and the same without it, of
//! which one operation is the sign-in. So a login is written, judged and tested like any other call, whether it is SOAP
//! or REST; the desk asks it once for all, before the session ends or after a 401.

use std::{sync::Arc, time::Duration};

use spanwright_core::{
    connector::{Answers, Blame, Call, Connector, Heard, Outcome, Pretended, Refusal, Request, Said, Show, System, Verdict, With, Word},
    interface::Interface,
    settings::{Auth, Login, SystemSettings, Template},
};
use spanwright_map::{Env, Program, Scope};
use spanwright_shape::{
    json,
    room::Room,
    text::{Bundle, Failure, Problems, did_you_mean},
    value::Value,
};

use super::fill;
use crate::codes;

/// How long a session is taken to last where nothing is said: until the system refuses it.
const LASTS_DEFAULT: Duration = Duration::from_secs(24 * 3600);

/// A system as its connector built it, with the login in front where `auth:` says so.
pub(crate) fn around(
    connector: &dyn Connector,
    built: Option<Arc<dyn System>>,
    settings: &SystemSettings,
    bundle: &Bundle,
    to: &mut Problems,
) -> Option<Arc<dyn System>> {
    let Auth::Login(login) = settings.auth.in_message() else { return built };
    let inner = built?;
    // What is wrong with the description has been said of the first one.
    let plain =
        connector.system(&SystemSettings { auth: settings.auth.on_connection(), ..settings.clone() }, bundle, &mut Problems::new())?;
    let door = LoginCall::check(login, plain, &settings.name, to)?;
    Some(Arc::new(LoggedIn { inner, door }))
}

/// A system behind its login.
struct LoggedIn {
    inner: Arc<dyn System>,
    door: LoginCall,
}

/// Parameters by name, and a body in JSON.
type Written = (Vec<(String, String)>, Vec<u8>);

/// The sign-in.
struct LoginCall {
    system: Arc<str>,
    plain: Arc<dyn System>,
    operation: usize,
    with: Vec<(String, Template)>,
    take: Program,
    lasts: Duration,
}

impl LoginCall {
    fn check(login: &Login, plain: Arc<dyn System>, system: &Arc<str>, to: &mut Problems) -> Option<LoginCall> {
        let interface = plain.interface();
        let name = &login.operation.text;
        let Some((operation, described)) = interface.operation(name) else {
            let help = did_you_mean(name, interface.operations.iter().map(|operation| &*operation.name));
            to.error(&codes::OPERATION, login.operation.span, format!("`{system}` has no operation `{name}`"), help);
            return None;
        };
        let mut shapes = (*interface.shapes).clone();
        let dot = described.gives;
        let take = Program::check(&login.take, &mut Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: None }, to)?;
        let lasts = login.lasts.unwrap_or(LASTS_DEFAULT);
        Some(LoginCall { system: system.clone(), plain, operation, with: login.with.clone(), take, lasts })
    }

    /// Parameters by their names; everything else is a field of the body, `Credentials.User` one inside another.
    fn written(&self, with: &With<'_>, room: &Room) -> Result<Written, Failure> {
        let interface = self.plain.interface();
        let operation = &interface.operations[self.operation];
        let (mut named, mut body) = (Vec::new(), Fields::default());
        for (path, template) in &self.with {
            let value = fill(template, with)?;
            match interface.shapes.field(operation.with, path).filter(|_| !operation.parameters_are_body()) {
                Some(_) => named.push((path.clone(), value)),
                None => body.set(path, value),
            }
        }
        let mut out = Vec::new();
        json::write(&body.value(room), &mut out);
        Ok((named, out))
    }

    fn with_call<T>(&self, with: &With<'_>, work: impl FnOnce(&[Call<'_>]) -> T) -> Result<T, Failure> {
        let room = Room::new();
        let (named, body) = self.written(with, &room)?;
        let named: Vec<(&str, Value<'_>)> = named.iter().map(|(name, value)| (name.as_str(), Value::Text(value))).collect();
        let takes_body = self.plain.interface().operations[self.operation].body.is_some();
        let call = Call {
            key: "",
            with: Value::Record(&named),
            body: takes_body.then_some(body.as_slice()),
            proved: false,
            correlation: "",
            trace: "",
        };
        Ok(work(&[call]))
    }

    fn token(&self, answer: &[u8]) -> Result<Vec<u8>, Failure> {
        let room = Room::new();
        let none = |why: &str| Failure::new(&codes::SIGN_IN, format!("the login of {} {why}", self.system));
        let answer = json::read(answer, &room).map_err(|_| none("answered what is no JSON"))?;
        let taken = self.take.one(&Env { dot: answer, names: &[] }, &room);
        let token = match taken.map_err(|fault| none(&format!("gave no token: {}", fault.failure.says)))? {
            Some(Value::Text(text)) if !text.is_empty() => text.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(none(&format!("answered without a token at `{}`", self.take.text()))),
        };
        let mut out = b"{\"token\":".to_vec();
        json::write_text(&token, &mut out);
        out.extend_from_slice(format!(",\"lasts\":{}}}", self.lasts.as_secs()).as_bytes());
        Ok(out)
    }

    /// A refused login is a word about us, not about a message.
    fn judged(&self, outcome: Outcome) -> Verdict {
        let refused = |why: Failure| Verdict::all(1, Outcome::Never(why.clone())).and(Word::Credentials(why));
        match outcome {
            Outcome::Delivered(answer) => match self.token(&answer.unwrap_or_default()) {
                Ok(token) => Verdict::all(1, Outcome::Delivered(Some(token))),
                Err(why) => refused(why),
            },
            Outcome::Never(why) => refused(Failure::new(&codes::SIGN_IN, format!("the login of {}: {}", self.system, why.says))),
            // To log in twice does no harm.
            Outcome::Unknown(why) => Verdict::all(1, Outcome::Later { why, after: None, blame: Blame::System }),
            later @ Outcome::Later { .. } => Verdict::all(1, later),
        }
    }
}

impl System for LoginCall {
    fn interface(&self) -> &Interface {
        self.plain.interface()
    }

    fn ask(&self, _operation: usize, _calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        self.with_call(with, |calls| self.plain.ask(self.operation, calls, with)).map_err(Refusal::System)?
    }

    fn hear(&self, _operation: usize, _calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, _answers: Answers<'_>) -> Verdict {
        let verdict = self.with_call(with, |calls| self.plain.hear(self.operation, calls, heard, with, Answers::Keep));
        let outcome = match verdict {
            Ok(verdict) => match (verdict.system, verdict.outcomes.into_iter().next()) {
                (Some(Word::Credentials(why) | Word::Gone(why)), _) => Outcome::Never(why),
                (_, Some(outcome)) => outcome,
                (_, None) => Outcome::Never(Failure::new(&codes::SIGN_IN, "the login was not heard")),
            },
            Err(why) => Outcome::Never(why),
        };
        self.judged(outcome)
    }

    /// A session, where it can be told from the answer's path alone what one looks like.
    fn pretend(&self, _operation: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
        let (Pretended::Gives(Value::Null), Some(keys)) = (pretended, self.take.keys()) else {
            return self.plain.pretend(self.operation, pretended);
        };
        let (room, mut fields) = (Room::new(), Fields::default());
        fields.set(&keys.join("."), "a-session".to_string());
        self.plain.pretend(self.operation, &Pretended::Gives(fields.value(&room)))
    }
}

impl System for LoggedIn {
    fn interface(&self) -> &Interface {
        self.inner.interface()
    }

    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        self.inner.ask(operation, calls, with)
    }

    fn hear(&self, operation: usize, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, answers: Answers<'_>) -> Verdict {
        self.inner.hear(operation, calls, heard, with, answers)
    }

    fn reads_pieces(&self) -> bool {
        self.inner.reads_pieces()
    }

    fn hear_pieces(&self, operation: usize, call: Call<'_>, heard: Heard<'_>, with: &With<'_>, list: &[&str], show: Show<'_>) -> Verdict {
        self.inner.hear_pieces(operation, call, heard, with, list, show)
    }

    fn pretend(&self, operation: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
        self.inner.pretend(operation, pretended)
    }

    fn sign_in(&self) -> Option<&dyn System> {
        Some(&self.door)
    }
}

/// Texts by paths, on their way to a record.
#[derive(Default)]
struct Fields {
    text: Option<String>,
    inside: Vec<(String, Fields)>,
}

impl Fields {
    fn set(&mut self, path: &str, value: String) {
        let mut at = self;
        for name in path.split('.') {
            let known = at.inside.iter().position(|(have, _)| have == name);
            let place = known.unwrap_or_else(|| {
                at.inside.push((name.to_string(), Fields::default()));
                at.inside.len() - 1
            });
            at = &mut at.inside[place].1;
        }
        at.text = Some(value);
    }

    fn value<'r>(&self, room: &'r Room) -> Value<'r> {
        match &self.text {
            Some(text) => Value::Text(room.text(text)),
            None => {
                let fields: Vec<(&'r str, Value<'r>)> =
                    self.inside.iter().map(|(name, inside)| (room.text(name), inside.value(room))).collect();
                Value::Record(room.bump().alloc_slice_copy(&fields))
            }
        }
    }
}
