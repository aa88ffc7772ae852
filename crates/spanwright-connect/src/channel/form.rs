//! A notice in the form of each service.
//!
//! - Slack, incoming webhooks: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>; `&`, `<` and
//!   `>` are written as entities, or they would begin links and mentions.
//! - PagerDuty, Events API v2: <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>; the same `dedup_key`
//!   raises, repeats and resolves one incident.

use spanwright_core::alert::FIELDS_MOST;
use spanwright_shape::{json, value::Value};

/// Characters of a field's value, for people.
const FIELD_CHARS_MOST: usize = 300;
/// Characters of a PagerDuty summary.
const SUMMARY_CHARS_MOST: usize = 1024;

fn text<'v>(notice: &Value<'v>, name: &str) -> &'v str {
    notice.get(name).and_then(|value| value.text()).unwrap_or_default()
}

/// `shop` or `shop (prod)`
fn whose(notice: &Value<'_>) -> String {
    match (text(notice, "project"), text(notice, "environment")) {
        (project, "") => project.to_string(),
        (project, environment) => format!("{project} ({environment})"),
    }
}

pub fn slack(notice: &Value<'_>) -> Vec<u8> {
    let sign = match (text(notice, "state"), text(notice, "cause"), text(notice, "severity")) {
        ("over", _, _) => ":large_green_circle:",
        (_, "step", "info") => ":large_blue_circle:",
        (_, "step", "warning") => ":large_yellow_circle:",
        (_, "step", "critical") => ":rotating_light:",
        (_, _, _) => ":red_circle:",
    };
    let look = match text(notice, "look") {
        "" => String::new(),
        _ if text(notice, "state") == "over" => String::new(),
        look => format!("\n`{}`", escaped(look)),
    };
    let words = format!("{sign} *{}* {}{}{look}", escaped(&whose(notice)), escaped(text(notice, "words")), fields(notice));
    object(&[("text", &words)])
}

/// What a step says beside its words, a line each; what is no single value stays JSON.
fn fields(notice: &Value<'_>) -> String {
    let Some(Value::Record(fields)) = notice.get("fields") else { return String::new() };
    let line = |(name, value): &(&str, Value<'_>)| {
        let mut json = Vec::new();
        json::write(value, &mut json);
        let shown = value.text().map_or_else(|| String::from_utf8_lossy(&json).into_owned(), str::to_string);
        let shown: String = shown.chars().take(FIELD_CHARS_MOST).collect();
        format!("\n{}: {}", escaped(name), escaped(&shown))
    };
    fields.iter().take(FIELDS_MOST).map(line).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub fn pagerduty(notice: &Value<'_>, routing_key: &str) -> Vec<u8> {
    let over = text(notice, "state") == "over";
    let action = if over { "resolve" } else { "trigger" };
    let mut out = object(&[("routing_key", routing_key), ("event_action", action), ("dedup_key", text(notice, "key"))]);
    out.pop();
    out.extend_from_slice(b",\"payload\":");
    let summary: String = format!("{}: {}", whose(notice), text(notice, "words")).chars().take(SUMMARY_CHARS_MOST).collect();
    let severity = match text(notice, "severity") {
        "" => "error",
        severity => severity,
    };
    let mut payload = object(&[
        ("summary", &summary),
        ("source", text(notice, "project")),
        ("severity", severity),
        ("component", text(notice, "of")),
        ("class", text(notice, "cause")),
    ]);
    payload.pop();
    out.append(&mut payload);
    out.extend_from_slice(b",\"custom_details\":");
    json::write(notice, &mut out);
    out.extend_from_slice(b"},\"client\":\"Spanwright\"}");
    out
}

pub fn plain(notice: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    json::write(notice, &mut out);
    out
}

/// Of texts; without those that are empty.
fn object(texts: &[(&str, &str)]) -> Vec<u8> {
    let record: Vec<(&str, Value<'_>)> =
        texts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (*name, Value::Text(text))).collect();
    let mut out = Vec::new();
    json::write(&Value::Record(&record), &mut out);
    out
}
