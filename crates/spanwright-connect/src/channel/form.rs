//! A notice in the form of each service.
//!
//! - Slack, incoming webhooks: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>; `&`, `<` and
//!   `>` are written as entities, or they would begin links and mentions.
//! - PagerDuty, Events API v2: <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>; the same `dedup_key`
//!   raises, repeats and resolves one incident.

use spanwright_shape::{json, value::Value};

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
    let sign = if text(notice, "state") == "over" { ":large_green_circle:" } else { ":red_circle:" };
    let look = match text(notice, "look") {
        "" => String::new(),
        _ if text(notice, "state") == "over" => String::new(),
        look => format!("\n`{}`", escaped(look)),
    };
    let words = format!("{sign} *{}* {}{look}", escaped(&whose(notice)), escaped(text(notice, "words")));
    object(&[("text", &words)])
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
