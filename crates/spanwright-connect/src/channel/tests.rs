//! What goes to each service, byte for byte, and what their answers mean: the shapes are those of the services' pages.

use std::time::Duration;

use spanwright_core::{fact::Moment, settings::ChannelSettings};
use spanwright_shape::text::{FileId, Span};

use super::*;

const NOWHERE: Span = Span { file: FileId(0), from: 0, to: 0 };
const NOTICE: &str = r#"{"key":"spanwright/shop/prod/dead_letters/orders/R2005","state":"raised","project":"shop","environment":"prod","cause":"dead_letters","of":"orders","code":"R2005","severity":"error","words":"orders: 3 dead letters (R2005 no <b> & \"x\")","look":"spanwright dead-letters --flow orders","since":"2026-09-21T14:13:20Z","count":3}"#;

fn channel(kind: &str) -> Arc<dyn System> {
    let settings = ChannelSettings {
        name: "ops".into(),
        kind: kind.into(),
        at: NOWHERE,
        to: Template::parse("${TO}"),
        url: None,
        bearer: (kind == "http").then(|| Template::parse("${TOKEN}")),
    };
    Channels.channel(&settings).expect("it is one of ours")
}

fn variable(name: &str) -> Option<String> {
    match name {
        "TO" => Some("https://hooks.example.com/services/T0/B0/x".into()),
        "TOKEN" => Some("geheim".into()),
        _ => None,
    }
}

fn with() -> With<'static> {
    With { now: Moment(0), variable: &variable, token: None, request_key: "", validator: None, outcomes: &[] }
}

fn sent(kind: &str, notice: &str) -> HttpRequest {
    let call = Call {
        key: "",
        with: spanwright_shape::value::Value::Record(&[]),
        body: Some(notice.as_bytes()),
        proved: false,
        correlation: "",
        trace: "",
    };
    match channel(kind).ask(0, &[call], &with()) {
        Ok(Request::Http(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn check(kind: &str, notice: &str, expected: &str) {
    assert_eq!(String::from_utf8_lossy(&sent(kind, notice).body), expected);
}

#[test]
fn slack_gets_one_text_without_markup_of_others() {
    check(
        "slack",
        NOTICE,
        r#"{"text":":red_circle: *shop (prod)* orders: 3 dead letters (R2005 no &lt;b&gt; &amp; \"x\")\n`spanwright dead-letters --flow orders`"}"#,
    );
    check(
        "slack",
        &NOTICE.replace("raised", "over").replace("prod\",\"cause", "\",\"cause"),
        r#"{"text":":large_green_circle: *shop* orders: 3 dead letters (R2005 no &lt;b&gt; &amp; \"x\")"}"#,
    );
}

#[test]
fn what_a_step_says_is_no_fault_and_its_fields_are_lines_of_their_own() {
    let said = r#"{"key":"spanwright/shop/prod/step/orders/k1","state":"raised","project":"shop","environment":"prod","cause":"step","of":"orders","severity":"warning","words":"orders: 7 is large","look":"spanwright messages --correlation c-1","since":"2026-09-21T14:13:20Z","fields":{"total":12000.50,"who":"<Ada>","lines":[1,2]}}"#;
    check(
        "slack",
        said,
        r#"{"text":":large_yellow_circle: *shop (prod)* orders: 7 is large\ntotal: 12000.50\nwho: &lt;Ada&gt;\nlines: [1,2]\n`spanwright messages --correlation c-1`"}"#,
    );
    check("http", said, said);
}

#[test]
fn pagerduty_gets_one_incident_a_cause_that_is_raised_and_resolved() {
    let details = |notice: &str| notice.to_string();
    let event = |action: &str, notice: &str| {
        format!(
            r#"{{"routing_key":"https://hooks.example.com/services/T0/B0/x","event_action":"{action}","dedup_key":"spanwright/shop/prod/dead_letters/orders/R2005","payload":{{"summary":"shop (prod): orders: 3 dead letters (R2005 no <b> & \"x\")","source":"shop","severity":"error","component":"orders","class":"dead_letters","custom_details":{}}},"client":"Spanwright"}}"#,
            details(notice)
        )
    };
    check("pagerduty", NOTICE, &event("trigger", NOTICE));
    let still = NOTICE.replace("raised", "still");
    check("pagerduty", &still, &event("trigger", &still));
    let over = NOTICE.replace("raised", "over");
    check("pagerduty", &over, &event("resolve", &over));
    assert_eq!(sent("pagerduty", NOTICE).url, PAGERDUTY_URL);
}

#[test]
fn an_address_gets_the_notice_and_the_token() {
    check("http", NOTICE, NOTICE);
    let headers = sent("http", NOTICE).headers;
    let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, String::from_utf8_lossy(value).into_owned())).collect();
    assert_eq!(headers, [("content-type", "application/json".to_string()), ("authorization", "Bearer geheim".to_string())]);
}

fn heard(status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let headers: Vec<(Arc<str>, Vec<u8>)> = headers.iter().map(|(name, value)| ((*name).into(), value.as_bytes().to_vec())).collect();
    let heard = Heard::Http { status, headers: &headers, body: &mut body.as_bytes() };
    match channel("slack").hear(0, &[], heard, &with(), Answers::Drop).outcomes.pop() {
        Some(Outcome::Delivered(None)) => "delivered".into(),
        Some(Outcome::Later { why, after, .. }) => {
            format!("later {} {} {}", after.unwrap_or(Duration::ZERO).as_secs(), why.code.id, why.says)
        }
        Some(Outcome::Never(why)) => format!("never {} {}", why.code.id, why.says),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_slack_answers() {
    assert_eq!(heard(200, &[], "ok"), "delivered");
    let never = |status, said| format!("never R2701 the channel `ops` answered {}: {said}", status::words(status));
    for (code, said) in [
        (400, "invalid_payload"),
        (403, "action_prohibited"),
        (404, "channel_not_found"),
        (404, "no_service"),
        (410, "channel_is_archived"),
    ] {
        assert_eq!(heard(code, &[], said), never(code, said));
    }
    assert_eq!(heard(500, &[], "rollup_error"), "later 0 R2702 the channel `ops` answered 500 Internal Server Error: rollup_error");
    assert_eq!(heard(429, &[("retry-after", "30")], ""), "later 30 R2702 the channel `ops` answered 429 Too Many Requests");
}

#[test]
fn what_pagerduty_answers() {
    assert_eq!(heard(202, &[], r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#), "delivered");
    let invalid = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#;
    assert_eq!(
        heard(400, &[], invalid),
        "never R2701 the channel `ops` answered 400 Bad Request: Event object is invalid: Length of 'routing_key' is incorrect (should be 32 characters)"
    );
    assert_eq!(
        heard(429, &[], r#"{"status":"throttle exceeded","message":"Requests for this service are arriving too quickly."}"#),
        "later 0 R2702 the channel `ops` answered 429 Too Many Requests: Requests for this service are arriving too quickly."
    );
}

#[test]
fn a_redirect_is_not_followed_and_a_page_is_not_quoted() {
    assert_eq!(heard(302, &[("location", "http://169.254.169.254/")], "<html>"), "never R2701 the channel `ops` answered 302 Found");
}

#[test]
fn an_address_that_is_none_is_said_without_showing_it() {
    let settings = ChannelSettings {
        name: "ops".into(),
        kind: "slack".into(),
        at: NOWHERE,
        to: Template::parse("ftp://secret"),
        url: None,
        bearer: None,
    };
    let refusal = Channels.channel(&settings).expect("it is one of ours").ask(0, &[], &with()).expect_err("it is no address");
    assert!(matches!(refusal, Refusal::System(why) if why.code.id == "R2002" && !why.says.contains("secret")));
}

#[test]
fn how_grave_a_step_says_it_is_is_seen_in_each_channel() {
    let said = |severity: &str| {
        format!(r#"{{"key":"k","state":"raised","project":"shop","cause":"step","of":"orders","severity":"{severity}","words":"w"}}"#)
    };
    let body = |kind: &str, severity: &str| String::from_utf8_lossy(&sent(kind, &said(severity)).body).into_owned();
    let signs = [
        ("info", ":large_blue_circle:"),
        ("warning", ":large_yellow_circle:"),
        ("error", ":red_circle:"),
        ("critical", ":rotating_light:"),
    ];
    for (severity, sign) in signs {
        assert!(body("slack", severity).contains(sign), "{severity}");
        let field = format!(r#""severity":"{severity}""#);
        assert!(body("pagerduty", severity).contains(&field) && body("http", severity).contains(&field), "{severity}");
    }
}
