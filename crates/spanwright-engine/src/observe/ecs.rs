//! Lines as JSON in the Elastic Common Schema, one object a line.
//!
//! <https://www.elastic.co/guide/en/ecs-logging/overview/current/intro.html>: the first three keys in this order.

use spanwright_core::fact::Moment;
use spanwright_shape::json::write_text;

use super::line::Line;

/// The edition of the schema.
const ECS_VERSION: &str = "8.11.0";

/// Writes a line, with its line end.
pub(super) fn write(line: &Line, service: &str, out: &mut Vec<u8>) {
    let mut object = Object { out, empty: true };
    object.text("@timestamp", &timestamp(line.at));
    object.text("log.level", line.level.word());
    object.text("message", &line.message);
    object.text("ecs.version", ECS_VERSION);
    object.text("service.name", service);
    object.text("event.action", line.action);
    if let Some(outcome) = line.outcome {
        object.text("event.outcome", outcome);
    }
    if let Some(took) = line.took {
        // Nanoseconds, says ECS.
        object.number("event.duration", took.as_nanos());
    }
    if let Some(id) = line.id {
        object.text("trace.id", &format!("{id:032x}"));
    }
    if let Some(status) = line.status {
        object.number("http.response.status_code", u128::from(status));
    }
    if let Some(failure) = &line.failure {
        object.text("error.code", failure.code.id);
        object.text("error.message", &failure.says);
    }
    labels(line, &mut object);
    object.out.extend_from_slice(b"}\n");
}

fn labels(line: &Line, object: &mut Object<'_>) {
    if line.labels.is_empty() && line.id.is_none() {
        return;
    }
    object.key("labels");
    let mut labels = Object { out: &mut *object.out, empty: true };
    for (name, value) in &line.labels {
        labels.text(name, value);
    }
    if let Some(id) = line.id {
        labels.text("message_id", &message_id(id));
    }
    labels.out.push(b'}');
}

/// Keys and values, one after the other.
struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl Object<'_> {
    fn key(&mut self, key: &str) {
        self.out.push(if std::mem::take(&mut self.empty) { b'{' } else { b',' });
        write_text(key, self.out);
        self.out.push(b':');
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        write_text(value, self.out);
    }

    fn number(&mut self, key: &str, value: u128) {
        self.key(key);
        self.out.extend_from_slice(value.to_string().as_bytes());
    }
}

/// RFC 3339 in UTC with six digits behind the second, so that lines sort as text.
pub fn timestamp(at: Moment) -> String {
    match jiff::Timestamp::from_microsecond(at.0) {
        Ok(time) => format!("{time:.6}"),
        Err(_) => at.0.to_string(),
    }
}

/// A message's id as people see it: a UUID.
pub fn message_id(id: u128) -> String {
    let hex = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
