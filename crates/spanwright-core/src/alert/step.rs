//! What a step of a flow tells people: `alert: CHANNEL`.
//!
//! A channel that steps tell is a system like any other, so what is said is an effect like any other: it is journaled,
//! tried again under one key, held back by a breaker of its own, and a dead letter where the channel refuses it. Nothing
//! of it goes through the [`Book`](super::Book): what a step says does not stand, and is never over.

use std::sync::Arc;

use spanwright_shape::{
    json,
    room::Room,
    shape::{RecordShape, Shape, Shapes, TextFacets},
    text::Failure,
    value::Value,
};

use super::{Cause, CauseKind, Notice, Severity, State};
use crate::{
    codes,
    connector::{Answers, Call, Heard, Refusal, Request, System, Verdict, With},
    fact::Moment,
    interface::{Interface, Operation, Repeat},
};

/// The kind of the systems that stand for channels, and the name under which each is known: `alerts.NAME`.
pub const CHANNEL_SYSTEM: &str = "alerts";
/// Characters of what is said.
pub const TEXT_CHARS_MOST: usize = 4_000;
/// Fields that a channel shows beside it, of those that can show only some.
pub const FIELDS_MOST: usize = 20;

/// What a step says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// In its words.
    pub text: Arc<str>,
    /// Further fields: a JSON record.
    pub fields: Arc<[u8]>,
    /// The idempotency key of the effect: the same on each try.
    pub key: Arc<str>,
    /// Which message it is about.
    pub correlation: Arc<str>,
    /// How grave it is.
    pub severity: Severity,
}

impl Said {
    /// Of the parameters and the body of a call.
    ///
    /// # Errors
    /// The body is no text, and nothing can be said.
    pub fn of(fields: Arc<[u8]>, body: Option<&[u8]>, key: &str, correlation: &str) -> Result<Said, Failure> {
        let room = Room::new();
        let body = json::read(body.unwrap_or(b"null"), &room).unwrap_or(Value::Null);
        let text = body.text().ok_or_else(|| Failure::new(&codes::EXPRESSION, "`text` gives no text, so there is nothing to say"))?;
        let text: String = text.chars().take(TEXT_CHARS_MOST).collect();
        Ok(Said { text: text.into(), fields, key: key.into(), correlation: correlation.into(), severity: Severity::Warning })
    }

    /// The same, as grave as this.
    #[must_use]
    pub fn as_grave_as(self, severity: Severity) -> Said {
        Said { severity, ..self }
    }

    /// As a notice of this flow.
    pub fn notice(self, flow: &Arc<str>, now: Moment) -> Notice {
        let cause = Cause::new(CauseKind::Step, flow);
        Notice { state: State::Raised, cause, count: 0, since: now, until: None, why: None, said: Some(self) }
    }
}

/// A channel as a system. It has an operation for each flow that may say something and each severity, named after both; its
/// parameters are the fields, its body is the text.
pub struct Told {
    channel: Arc<dyn System>,
    /// By the number of the operation.
    says: Vec<(Arc<str>, Severity)>,
    project: Arc<str>,
    environment: Option<Arc<str>>,
    interface: Interface,
}

impl Told {
    /// Told by these flows.
    pub fn by(flows: &[String], channel: Arc<dyn System>, project: &str, environment: Option<&str>) -> Told {
        let mut shapes = Shapes::default();
        let (any, text, nothing) = (shapes.add(Shape::Any), shapes.add(Shape::Text(TextFacets::default())), shapes.add(Shape::Null));
        let with = shapes.add(Shape::Record(RecordShape { rest: Some(any), ..RecordShape::default() }));
        let says = flows.iter().flat_map(|flow| Severity::ALL.map(|severity| (Arc::from(flow.as_str()), severity)));
        let says: Vec<(Arc<str>, Severity)> = says.collect();
        let operation = |(flow, severity): &(Arc<str>, Severity)| Operation {
            name: Told::operation(flow, *severity).into(),
            about: None,
            wire: "tells people".into(),
            with,
            fields: None,
            body: Some(text),
            gives: nothing,
            refuses: Vec::new(),
            // PagerDuty and whoever takes JSON know the key; that Slack says it twice does no harm.
            repeat: Repeat::Keyed,
            bulk: None,
        };
        let operations = says.iter().map(operation).collect();
        let interface = Interface { shapes: Arc::new(shapes), operations, ..Interface::default() };
        Told { channel, says, project: project.into(), environment: environment.map(Arc::from), interface }
    }

    /// The name of the operation by which a flow says something.
    pub fn operation(flow: &str, severity: Severity) -> String {
        format!("{flow} ({})", severity.word())
    }

    /// Which flow says something by an operation of this name, and how grave that is.
    pub fn says(operation: &str) -> Option<(&str, Severity)> {
        let (flow, severity) = operation.strip_suffix(')')?.rsplit_once(" (")?;
        Some((flow, Severity::of(severity)?))
    }

    fn notice(&self, operation: usize, call: &Call<'_>, now: Moment) -> Result<Vec<u8>, Failure> {
        let mut fields = Vec::new();
        json::write(&call.with, &mut fields);
        let (flow, severity) = &self.says[operation];
        let said = Said::of(fields.into(), call.body, call.key, call.correlation)?.as_grave_as(*severity);
        Ok(said.notice(flow, now).to_json(&self.project, self.environment.as_deref()))
    }
}

impl System for Told {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        let [call] = calls else {
            return Err(Refusal::System(Failure::new(&codes::NOT_WRITTEN, "a channel is told one thing at a time")));
        };
        let notice = self.notice(operation, call, with.now).map_err(|why| Refusal::Call(0, why))?;
        self.channel.ask(0, &[Call { with: Value::Record(&[]), body: Some(&notice), ..*call }], with)
    }

    fn hear(&self, _: usize, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, answers: Answers<'_>) -> Verdict {
        self.channel.hear(0, calls, heard, with, answers)
    }
}
