//! One alert: what a channel is told, before it has the channel's form.

use spanwright_shape::{json, text::Failure};

use super::{Cause, CauseKind, Said, Severity};
use crate::{
    fact::{GateRow, Moment},
    run::rfc3339,
};

/// Characters of what was said that an alert quotes.
const QUOTED_MOST: usize = 300;
/// Bytes of a key by which a channel knows that two alerts are of one cause (PagerDuty takes no more).
const KEY_BYTES_MOST: usize = 255;

/// What is said of a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It stands.
    Raised,
    /// It stands still.
    Still,
    /// It is over.
    Over,
}

impl State {
    /// As it is written in a notice.
    pub fn word(self) -> &'static str {
        match self {
            State::Raised => "raised",
            State::Still => "still",
            State::Over => "over",
        }
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What is said.
    pub state: State,
    /// Of what.
    pub cause: Cause,
    /// How many messages.
    pub count: u64,
    /// Since when it stands.
    pub since: Moment,
    /// Since when it does not, where it is over.
    pub until: Option<Moment>,
    /// What was said last.
    pub why: Option<Failure>,
    /// What a step says, where one does.
    pub said: Option<Said>,
}

impl Notice {
    /// For a person, in one line.
    pub fn words(&self) -> String {
        let what = self.what();
        match self.state {
            State::Raised => what,
            State::Still => format!("still, since {}: {what}", rfc3339(self.since)),
            State::Over => format!("over: {}", self.was()),
        }
    }

    fn what(&self) -> String {
        let Cause { kind, of, code } = &self.cause;
        let because = self.because();
        match kind {
            CauseKind::Disk => "the disk is full: nothing is taken in until there is room, and of what is in hand only what may be sent \
                twice still goes; nothing is lost"
                .to_string(),
            CauseKind::Credentials => format!("{of} refuses our credentials: it is held until a person acts{because}"),
            CauseKind::Undo if code.is_empty() => format!("{of}: {} not get through", counted(self.count, "undo does", "undos do")),
            CauseKind::Undo => format!("{of}: {} could not be undone{because}", counted(self.count, "message", "messages")),
            CauseKind::Quarantine => {
                let messages = counted(self.count, "message was", "messages were");
                format!("{of}: {messages} in hand at several ends of the process, and set aside")
            }
            CauseKind::Breaker => format!("{of} is sick: its breaker is open, messages wait and spend no tries"),
            CauseKind::Held => format!("{} is held until a person resumes it{because}", plain(of)),
            CauseKind::Paused => format!("{of} is waited for{because}; messages spend no tries"),
            CauseKind::Source => format!("{of}: its source cannot be read{because}"),
            CauseKind::Silence => format!("{of}: nothing came{because}"),
            CauseKind::Trial => "this is a trial: nothing has happened".to_string(),
            CauseKind::DeadLetters => format!("{of}: {}{because}", counted(self.count, "dead letter", "dead letters")),
            CauseKind::Step => format!("{of}: {}", self.said.as_ref().map_or("", |said| &said.text)),
        }
    }

    fn was(&self) -> String {
        let Cause { kind, of, code } = &self.cause;
        match kind {
            CauseKind::Disk => "there is room on the disk again".to_string(),
            CauseKind::Credentials => format!("{of} takes our credentials again"),
            CauseKind::Undo => format!("{of}: no undo is stuck any more"),
            CauseKind::Quarantine => format!("{of}: what was set aside has been seen to"),
            CauseKind::Breaker => format!("{of} is well again"),
            CauseKind::Held => format!("{} goes on", plain(of)),
            CauseKind::Paused => format!("{of} is asked again"),
            CauseKind::Source => format!("{of}: its source is read again"),
            CauseKind::Silence => format!("{of}: something came again"),
            CauseKind::Trial => "this was a trial: nothing had happened".to_string(),
            CauseKind::DeadLetters => format!("{of}: no dead letters of {code} are left"),
            CauseKind::Step => format!("{of} says no more"),
        }
    }

    fn because(&self) -> String {
        match (&self.why, &*self.cause.code) {
            (Some(why), _) => format!(" ({} {})", why.code.id, why.says.chars().take(QUOTED_MOST).collect::<String>()),
            (None, "") => String::new(),
            (None, code) => format!(" ({code})"),
        }
    }

    /// The command that shows more.
    fn look(&self) -> String {
        let Cause { kind, of, .. } = &self.cause;
        match kind {
            CauseKind::Undo if !of.is_empty() => format!("spanwright messages --state stuck --flow {of}"),
            CauseKind::DeadLetters | CauseKind::Quarantine if !of.is_empty() => {
                format!("spanwright dead-letters --flow {of}")
            }
            CauseKind::Held => match GateRow::flow_of(of) {
                Some(flow) => format!("spanwright resume {flow} --flow"),
                None => format!("spanwright resume {of}"),
            },
            CauseKind::Paused => "spanwright held".to_string(),
            CauseKind::Silence => format!("spanwright messages --flow {of}"),
            CauseKind::Step => {
                format!("spanwright messages --correlation {}", self.said.as_ref().map_or("", |said| &said.correlation))
            }
            _ => "spanwright alerts".to_string(),
        }
    }

    /// How grave it is; of what a step says, in its own word.
    pub fn severity(&self) -> Severity {
        match self.cause.kind {
            CauseKind::Disk | CauseKind::Credentials => Severity::Critical,
            CauseKind::Undo | CauseKind::Quarantine | CauseKind::DeadLetters | CauseKind::Held | CauseKind::Source | CauseKind::Silence => {
                Severity::Error
            }
            CauseKind::Breaker | CauseKind::Paused | CauseKind::Trial => Severity::Warning,
            CauseKind::Step => self.said.as_ref().map_or(Severity::Warning, |said| said.severity),
        }
    }

    /// By which a channel knows that two alerts are of one cause.
    pub fn key(&self, project: &str, environment: &str) -> String {
        let Cause { kind, of, code } = &self.cause;
        // What a step says twice is two things, and what is tried twice is one.
        let which = self.said.as_ref().map_or(code, |said| &said.key);
        let key = format!("spanwright/{project}/{environment}/{}/{of}/{which}", kind.word());
        if key.len() <= KEY_BYTES_MOST { key } else { format!("spanwright/{}", blake3::hash(key.as_bytes()).to_hex()) }
    }

    /// As JSON, for a channel to make of it what it sends.
    pub fn to_json(&self, project: &str, environment: Option<&str>) -> Vec<u8> {
        let mut out = Vec::new();
        let environment = environment.unwrap_or_default();
        let key = self.key(project, environment);
        let texts = [
            ("key", key.as_str()),
            ("state", self.state.word()),
            ("project", project),
            ("environment", environment),
            ("cause", self.cause.kind.word()),
            ("of", plain(&self.cause.of)),
            ("code", &self.cause.code),
            ("severity", self.severity().word()),
            ("words", &self.words()),
            ("look", &self.look()),
            ("since", &rfc3339(self.since)),
            ("until", &self.until.map(rfc3339).unwrap_or_default()),
        ];
        out.push(b'{');
        for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
            json::write_text(name, &mut out);
            out.push(b':');
            json::write_text(text, &mut out);
            out.push(b',');
        }
        match &self.said {
            None => out.extend_from_slice(format!("\"count\":{}}}", self.count).as_bytes()),
            Some(said) => out.extend([&b"\"fields\":"[..], &said.fields, b"}"].concat()),
        }
        out
    }
}

/// `1 dead letter`, `2 dead letters`.
/// The name of a system or a flow, for a person.
fn plain(of: &str) -> &str {
    GateRow::flow_of(of).unwrap_or(of)
}

fn counted(count: u64, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: State, kind: CauseKind, of: &str, code: &str, count: u64, expected: &str) {
        let cause = Cause { kind, of: of.into(), code: code.into() };
        let notice = Notice { state, cause, count, since: Moment(1_790_000_000_000_000), until: None, why: None, said: None };
        assert_eq!(notice.words(), expected);
    }

    #[test]
    fn a_person_is_told_in_one_line() {
        use CauseKind::{Breaker, Credentials, DeadLetters, Disk, Held, Paused, Quarantine, Silence, Undo};
        use State::{Over, Raised, Still};
        check(Raised, DeadLetters, "orders", "R2005", 12, "orders: 12 dead letters (R2005)");
        check(Raised, DeadLetters, "orders", "R2005", 1, "orders: 1 dead letter (R2005)");
        check(Over, DeadLetters, "orders", "R2005", 12, "over: orders: no dead letters of R2005 are left");
        let since = "still, since 2026-09-21T14:13:20Z: ";
        check(Still, Breaker, "crm", "", 0, &format!("{since}crm is sick: its breaker is open, messages wait and spend no tries"));
        check(Raised, Credentials, "crm", "", 0, "crm refuses our credentials: it is held until a person acts");
        check(Over, Credentials, "crm", "", 0, "over: crm takes our credentials again");
        check(Raised, Held, "flow:orders", "", 0, "orders is held until a person resumes it");
        check(Raised, Undo, "checkout", "", 1, "checkout: 1 undo does not get through");
        check(Raised, Undo, "checkout", "R0011", 2, "checkout: 2 messages could not be undone (R0011)");
        check(Raised, Quarantine, "orders", "R0108", 1, "orders: 1 message was in hand at several ends of the process, and set aside");
        check(Raised, Paused, "crm", "", 0, "crm is waited for; messages spend no tries");
        check(Over, Paused, "crm", "", 0, "over: crm is asked again");
        check(Raised, Silence, "prices", "", 0, "prices: nothing came");
        check(Over, Silence, "prices", "", 0, "over: prices: something came again");
        check(Over, Disk, "", "", 0, "over: there is room on the disk again");
    }

    #[test]
    fn a_key_is_the_same_whatever_is_said_and_never_too_long() {
        let notice = |state, of: &str| Notice {
            state,
            cause: Cause::new(CauseKind::Breaker, &of.into()),
            count: 0,
            since: Moment(0),
            until: None,
            why: None,
            said: None,
        };
        assert_eq!(notice(State::Raised, "crm").key("shop", "prod"), "spanwright/shop/prod/breaker/crm/");
        assert_eq!(notice(State::Raised, "crm").key("shop", ""), notice(State::Over, "crm").key("shop", ""));
        assert!(notice(State::Raised, &"x".repeat(300)).key("shop", "prod").len() <= KEY_BYTES_MOST);
    }

    #[test]
    fn what_is_said_is_quoted_and_bounded() {
        let why = Failure::new(&crate::codes::PARAMETERS, "ü".repeat(1_000));
        let cause = Cause::stopped(&"orders".into(), why.code.id);
        let notice = Notice { state: State::Raised, cause, count: 3, since: Moment(0), until: None, why: Some(why), said: None };
        let json = String::from_utf8(notice.to_json("shop", Some("prod"))).unwrap_or_default();
        assert!(json.starts_with(r#"{"key":"spanwright/shop/prod/dead_letters/orders/R0104","state":"raised","#), "{json}");
        assert!(json.ends_with(r#""since":"1970-01-01T00:00:00Z","count":3}"#), "{json}");
        assert_eq!(json.matches('ü').count(), QUOTED_MOST);
    }
}
