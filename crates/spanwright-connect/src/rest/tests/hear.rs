use spanwright_core::connector::Reached;

use super::*;

/// One call of an operation without settings; the answer is kept.
fn check(operation: &str, answer: Answer<'_>, expected: &str) {
    check_with(&shop(Vec::new()), operation, answer, expected);
}

fn check_with(system: &Arc<dyn System>, operation: &str, answer: Answer<'_>, expected: &str) {
    let verdict = verdict(system, operation, &answer);
    assert_eq!(verdict.outcomes.iter().map(words).collect::<Vec<_>>(), [expected]);
}

fn verdict(system: &Arc<dyn System>, operation: &str, answer: &Answer<'_>) -> Verdict {
    let room = Room::new();
    heard(system, operation, &calls(&[("{}", "{}")], &room), answer, Answers::Keep)
}

fn html(status: u16) -> Answer<'static> {
    Answer { status, headers: &[("content-type", "text/html; charset=utf-8")], body: "<html>sign in</html>" }
}

#[test]
fn a_call_that_happened_keeps_its_answer() {
    check("createOrder", json_answer(201, " {\"id\":\"1\",\"total\":1.10}\r\n"), r#"delivered {"id":"1","total":1.10}"#);
    check("deleteOrder", json_answer(204, ""), "delivered null");
    check("putOrder", json_answer(204, ""), "delivered null");
    check("putOrder", json_answer(200, "{}"), "delivered {}");
    check("createOrder", json_answer(204, ""), "delivered null");
}

#[test]
fn an_answer_is_only_kept_where_it_is_wanted() {
    let (room, system) = (Room::new(), shop(Vec::new()));
    let calls = calls(&[("{}", "{}")], &room);
    let dropped = heard(&system, "createOrder", &calls, &json_answer(201, "{}"), Answers::Drop);
    assert_eq!(dropped.outcomes, [Outcome::Delivered(None)]);
    let mut page = String::new();
    let mut show = |value: &Value<'_>| page = value.get("next").unwrap().text().unwrap().to_string();
    let shown = heard(&system, "listOrders", &calls, &json_answer(200, r#"{"items":[],"next":"p2"}"#), Answers::Show(&mut show));
    assert_eq!((shown.outcomes, page.as_str()), (vec![Outcome::Delivered(None)], "p2"));
}

#[test]
fn no_json_with_200_is_unknown_for_a_write_and_asked_again_for_a_read() {
    let says =
        |name: &str| format!("shop.{name} answered 200 OK with text/html, 20 bytes, which is no JSON (byte 0: a value was expected)");
    check("createOrder", html(200), &format!("unknown R2011: {}", says("createOrder")));
    check("getOrder", html(200), &format!("later R2011 Either: {}", says("getOrder")));
    check("putOrder", html(200), &format!("unknown R2011: {}", says("putOrder")));
    check("deleteOrder", html(200), "delivered null");
}

#[test]
fn truncated_and_empty_json_is_no_json() {
    let cut = "shop.createOrder answered 201 Created with application/json, 9 bytes, which is no JSON (byte 9: `,` or `}` was expected)";
    check("createOrder", json_answer(201, r#"{"no":"1""#), &format!("unknown R2011: {cut}"));
    let empty = "answered 200 OK with an empty body, which is no JSON (byte 0: it ends where a value was expected)";
    check("pay", json_answer(200, ""), &format!("unknown R2011: shop.pay {empty}"));
    check(
        "getOrder",
        json_answer(200, " \r\n"),
        "later R2011 Either: shop.getOrder answered 200 OK with application/json, 3 bytes, which is no JSON (byte 3: it ends where a value was expected)",
    );
}

#[test]
fn json_under_a_wrong_content_type_is_json() {
    check("createOrder", Answer { status: 201, headers: &[("content-type", "text/plain")], body: "{}" }, "delivered {}");
    check("createOrder", Answer { status: 201, headers: &[], body: "{}" }, "delivered {}");
}

#[test]
fn refusals_quote_their_words_and_never_their_body() {
    let problem = r#"{"title":"Not valid","detail":"no is missing","customer":"Miller"}"#;
    check(
        "createOrder",
        json_answer(422, problem),
        "never R2005: shop.createOrder answered 422 Unprocessable Content: Not valid: no is missing",
    );
    check("createOrder", html(400), "never R2005: shop.createOrder answered 400 Bad Request");
    for (status, phrase) in
        [(404, "Not Found"), (405, "Method Not Allowed"), (409, "Conflict"), (413, "Content Too Large"), (415, "Unsupported Media Type")]
    {
        check("createOrder", json_answer(status, ""), &format!("never R2005: shop.createOrder answered {status} {phrase}"));
    }
    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(5_000));
    check("createOrder", json_answer(400, &long), &format!("never R2005: shop.createOrder answered 400 Bad Request: {}…", "x".repeat(300)));
}

#[test]
fn what_may_pass_waits() {
    for (status, phrase) in [(408, "Request Timeout"), (425, "Too Early"), (503, "Service Unavailable")] {
        check("pay", json_answer(status, ""), &format!("later R2006 System: shop.pay answered {status} {phrase}"));
    }
    for (status, phrase) in [(500, "Internal Server Error"), (502, "Bad Gateway"), (504, "Gateway Timeout")] {
        check("getOrder", json_answer(status, ""), &format!("later R2006 Either: shop.getOrder answered {status} {phrase}"));
        // It may be done, under this key: it goes again under no other.
        check("pay", json_answer(status, ""), &format!("unknown R2010: shop.pay answered {status} {phrase}"));
        check("putOrder", json_answer(status, ""), &format!("unknown R2010: shop.putOrder answered {status} {phrase}"));
    }
    check("pay", json_answer(423, ""), "later R2006 Message: shop.pay answered 423 Locked");
}

#[test]
fn what_must_not_happen_twice_is_unknown_behind_a_gateway() {
    check("createOrder", json_answer(504, ""), "unknown R2010: shop.createOrder answered 504 Gateway Timeout");
    check("createOrder", json_answer(503, ""), "later R2006 System: shop.createOrder answered 503 Service Unavailable");
}

#[test]
fn a_503_with_retry_after_waits_that_long_and_pauses_the_system() {
    let at = |status, value: &str| {
        let headers = [("retry-after", value)];
        verdict(&shop(Vec::new()), "pay", &Answer { status, headers: &headers, body: "" })
    };
    let seconds = |seconds| Some(std::time::Duration::from_secs(seconds));
    let check = |status, value: &str, wait: Option<std::time::Duration>| {
        let verdict = at(status, value);
        assert!(matches!(verdict.outcomes.as_slice(), [Outcome::Later { after, .. }] if *after == wait), "{verdict:?}");
        assert_eq!(verdict.system, wait.map(spanwright_core::connector::Word::Pause));
    };
    check(503, "7", seconds(7));
    check(429, "Sun, 22 Nov 2026 15:02:00 GMT", seconds(120));
    check(429, "999999999", seconds(86_400));
    check(503, "Sun, 22 Nov 2020 15:02:00 GMT", None);
    check(429, "soon", None);
    assert_eq!(at(500, "7").system, seconds(7).map(spanwright_core::connector::Word::Pause));
    assert!(matches!(at(413, "7").outcomes.as_slice(), [Outcome::Later { .. }]));
}

/// The first request with this key is at work (draft-ietf-httpapi-idempotency-key-header): it is asked again, and nobody else waits.
#[test]
fn a_conflict_that_says_when_to_come_back_is_asked_again_under_its_key() {
    let headers = [("retry-after", "7")];
    let verdict = |operation, headers| verdict(&shop(Vec::new()), operation, &Answer { status: 409, headers, body: "" });
    let waits = verdict("pay", &headers);
    assert!(matches!(waits.outcomes.as_slice(), [Outcome::Later { after: Some(after), .. }] if after.as_secs() == 7), "{waits:?}");
    assert_eq!(waits.system, None);
    assert!(matches!(verdict("pay", &[]).outcomes.as_slice(), [Outcome::Never(_)]));
    assert!(matches!(verdict("createOrder", &headers).outcomes.as_slice(), [Outcome::Never(_)]), "it has no key");
}

/// Who looks at no key cannot say whether a try before it arrived: such a refusal has a code of its own.
#[test]
fn a_refusal_under_a_key_tells_whether_the_system_itself_may_have_said_it() {
    check("pay", json_answer(413, r#"{"title":"too large"}"#), "never R2023: shop.pay answered 413 Content Too Large: too large");
    check("pay", html(400), "never R2023: shop.pay answered 400 Bad Request");
    check("pay", json_answer(404, ""), "never R2023: shop.pay answered 404 Not Found");
    check("pay", json_answer(400, r#"{"title":"no iban"}"#), "never R2005: shop.pay answered 400 Bad Request: no iban");
    check("pay", json_answer(409, ""), "never R2022: shop.pay answered 409 Conflict");
    check("createOrder", json_answer(413, ""), "never R2005: shop.createOrder answered 413 Content Too Large");
}

/// A batch that goes again as it was, and what must not happen twice, wait by the system's pause.
#[test]
fn a_retry_after_beside_what_nobody_knows_pauses_the_system() {
    let headers = [("retry-after", "7")];
    let verdict = verdict(&shop(Vec::new()), "createOrder", &Answer { status: 500, headers: &headers, body: "" });
    assert!(matches!(verdict.outcomes.as_slice(), [Outcome::Unknown(_)]), "{verdict:?}");
    assert_eq!(verdict.system, Some(spanwright_core::connector::Word::Pause(std::time::Duration::from_secs(7))));
}

#[test]
fn refused_credentials_are_a_word_about_the_system() {
    for (status, phrase) in [(401, "Unauthorized"), (403, "Forbidden")] {
        let verdict = verdict(&shop(Vec::new()), "createOrder", &json_answer(status, r#"{"error":"expired"}"#));
        let says = format!("shop.createOrder answered {status} {phrase}: expired");
        assert_eq!(words(&verdict.outcomes[0]), format!("later R2007 System: {says}"));
        assert!(matches!(verdict.system, Some(spanwright_core::connector::Word::Credentials(why)) if why.says == says));
    }
}

#[test]
fn gone_is_the_endpoint_or_one_record() {
    let endpoint = verdict(&shop(Vec::new()), "createOrder", &json_answer(410, ""));
    assert!(matches!(endpoint.system, Some(spanwright_core::connector::Word::Gone(_))));
    assert_eq!(words(&endpoint.outcomes[0]), "later R2008 System: shop.createOrder answered 410 Gone");
    check("getOrder", json_answer(410, ""), "never R2005: shop.getOrder answered 410 Gone");
}

/// What follows from a redirect of this operation, and whether the system is held.
fn elsewhere(name: &str, status: u16, location: &str) -> (String, bool) {
    let headers = [("location", location)];
    let verdict = verdict(&shop(Vec::new()), name, &Answer { status, headers: &headers, body: "" });
    (words(&verdict.outcomes[0]), matches!(verdict.system, Some(spanwright_core::connector::Word::Gone(_))))
}

#[test]
fn a_redirect_for_good_holds_the_system_and_one_for_now_is_waited_for() {
    let new = "https://new.example.com/v2?secret=1";
    let says = "shop.getOrder answered 308 Permanent Redirect to https://new.example.com, which is not followed";
    assert_eq!(elsewhere("getOrder", 308, new), (format!("later R2017 System: {says}"), true));
    let says = "shop.getOrder answered 302 Found to https://new.example.com, which is not followed";
    assert_eq!(elsewhere("getOrder", 302, new), (format!("later R2017 System: {says}"), false));
}

#[test]
fn a_record_that_is_another_one_on_the_same_server_is_the_message_alone() {
    let says = "never R2017: shop.getOrder answered 301 Moved Permanently, which is not followed";
    assert_eq!(elsewhere("getOrder", 301, "/orders/8"), (says.to_string(), false));
}

#[test]
fn what_was_posted_and_answered_with_where_to_look_may_be_done() {
    let says = "unknown R2010: shop.createOrder answered 303 See Other, which is not followed";
    assert_eq!(elsewhere("createOrder", 303, "/orders/8"), (says.to_string(), false));
    let says = "later R2017 System: shop.createOrder answered 307 Temporary Redirect, which is not followed";
    assert_eq!(elsewhere("createOrder", 307, "/sorry"), (says.to_string(), false));
}

#[test]
fn what_the_user_says_comes_first() {
    let settings = operation("getOrder")
        .outcome("404", OutcomeWord::None)
        .outcome("4XX", OutcomeWord::Later)
        .outcome("200", OutcomeWord::Delivered)
        .outcome("503", OutcomeWord::Never);
    let system = shop(vec![settings]);
    check_with(&system, "getOrder", json_answer(404, "{}"), "delivered null");
    // It is this one that is not there yet, and no outage.
    check_with(&system, "getOrder", json_answer(418, ""), "later R2006 Message: shop.getOrder answered 418");
    check_with(&system, "getOrder", json_answer(429, ""), "later R2006 System: shop.getOrder answered 429 Too Many Requests");
    check_with(&system, "getOrder", json_answer(403, ""), "later R2006 System: shop.getOrder answered 403 Forbidden");
    check_with(&system, "getOrder", html(200), "delivered null");
    check_with(&system, "getOrder", json_answer(503, ""), "never R2005: shop.getOrder answered 503 Service Unavailable");
    check_with(&system, "getOrder", json_answer(500, ""), "later R2006 Either: shop.getOrder answered 500 Internal Server Error");
}

#[test]
fn a_line_that_breaks_says_whether_it_may_have_happened() {
    let (room, system) = (Room::new(), shop(Vec::new()));
    let calls = calls(&[("{}", "{}")], &room);
    let broken = |reached, why: &str| {
        let heard = Heard::Broken { reached, why: why.into() };
        words(&system.hear(number(&system, "createOrder"), &calls, heard, &with(), Answers::Keep).outcomes[0])
    };
    assert_eq!(
        broken(Reached::No, "connection refused"),
        "later R2009 System: shop.createOrder: the system was not reached: connection refused"
    );
    assert_eq!(broken(Reached::Maybe, "timed out"), "unknown R2010: shop.createOrder: the request was sent and no answer came: timed out");
}

/// Gives some bytes and then breaks.
struct Torn<'b>(&'b [u8]);

impl std::io::Read for Torn<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match std::mem::take(&mut self.0) {
            [] => Err(std::io::Error::other("connection reset")),
            bytes => {
                into[..bytes.len()].copy_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }
}

#[test]
fn an_answer_that_is_cut_counts_only_where_nobody_wants_it() {
    let (room, system) = (Room::new(), shop(Vec::new()));
    let calls = calls(&[("{}", "{}")], &room);
    let cut = |operation: &str, answers| {
        let mut body = std::io::BufReader::new(Torn(b"{\"no\""));
        let heard = Heard::Http { status: 200, headers: &[], body: &mut body };
        words(&system.hear(number(&system, operation), &calls, heard, &with(), answers).outcomes[0])
    };
    assert_eq!(cut("createOrder", Answers::Drop), "delivered");
    let says = "was cut after 5 bytes (connection reset)";
    assert_eq!(cut("createOrder", Answers::Keep), format!("unknown R2012: the answer of shop.createOrder {says}"));
    assert_eq!(cut("getOrder", Answers::Keep), format!("later R2012 Either: the answer of shop.getOrder {says}"));
}
