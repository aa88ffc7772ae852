#![allow(clippy::unwrap_used)]

use std::time::Duration;

use spanwright_core::{
    connector::{Answers, Heard, Outcome, Reached, Refusal, Request, System, Verdict, Word},
    fact::Moment,
};

use spanwright_core::settings::{ClientProof, OAuth2};

use super::*;

fn variable(name: &str) -> Option<String> {
    let value = match name {
        "USER" => "anna",
        "PASSWORD" => "s:ö",
        "KEY" => "k 1&2",
        "URL" => "https://crm.example.com",
        "ID" => "client/1",
        "SECRET" => "ge:heim",
        "EVIL" => "x\r\nx-admin: 1",
        _ => return None,
    };
    Some(value.to_string())
}

fn with(token: Option<&str>) -> With<'_> {
    With { now: Moment(1_795_359_600_000_000), variable: &variable, token, request_key: "key-1", outcomes: &[], validator: None }
}

fn template(text: &str) -> Template {
    Template::parse(text)
}

/// `url | header: value | ...`, or what failed.
fn check(auth: Auth, token: Option<&str>, expected: &str) {
    let mut request = HttpRequest::new("GET", "https://a/b");
    let got = match sign(&auth, &with(token), &mut request) {
        Ok(()) => shown(&request),
        Err(failure) => format!("{} {}", failure.code.id, failure.says),
    };
    assert_eq!(got, expected);
}

fn shown(request: &HttpRequest) -> String {
    let headers = request.headers.iter().map(|(name, value)| format!(" | {name}: {}", String::from_utf8_lossy(value)));
    request.url.clone() + &headers.collect::<String>()
}

fn oauth2(scope: Option<&str>) -> Auth {
    Auth::OAuth2(Box::new(OAuth2 {
        token_url: template("${URL}/oauth/token"),
        client_id: template("${ID}"),
        proof: ClientProof::Secret(template("${SECRET}")),
        refresh_token: None,
        scope: scope.map(template),
        audience: None,
    }))
}

#[test]
fn each_way_of_showing_who_we_are() {
    check(Auth::None, None, "https://a/b");
    check(
        Auth::Basic { user: template("${USER}"), password: template("${PASSWORD}") },
        None,
        "https://a/b | authorization: Basic YW5uYTpzOsO2",
    );
    check(Auth::Bearer(template("t-${USER}")), None, "https://a/b | authorization: Bearer t-anna");
    check(Auth::ApiKey { place: KeyPlace::Header("X-Api-Key".into()), value: template("${USER}") }, None, "https://a/b | x-api-key: anna");
    check(Auth::ApiKey { place: KeyPlace::Query("api key".into()), value: template("${KEY}") }, None, "https://a/b?api%20key=k%201%262");
    check(oauth2(None), Some("t1"), "https://a/b | authorization: Bearer t1");
}

#[test]
fn what_is_not_set_is_named_and_no_value_is_shown() {
    check(
        Auth::Bearer(template("${NO_SUCH}")),
        None,
        "R2001 the variable `NO_SUCH` is not set: put it into the environment, or into the file of the chosen environment",
    );
    check(
        Auth::Bearer(template("${EVIL}")),
        None,
        "R2002 the value of the header `authorization` has a line break or another control character",
    );
    check(
        Auth::Basic { user: template("${SECRET}"), password: template("x") },
        None,
        "R2002 the user name of Basic auth has a `:`, which RFC 7617 does not allow",
    );
    check(oauth2(None), None, "R2018 there is no token: the sign-in comes first");
}

fn endpoint(scope: Option<&str>) -> TokenEndpoint {
    TokenEndpoint::of(&oauth2(scope), &"crm".into()).unwrap()
}

#[test]
fn only_oauth2_has_a_token_endpoint() {
    assert!(TokenEndpoint::of(&Auth::Bearer(template("x")), &"crm".into()).is_none());
}

#[test]
fn a_token_is_asked_for_with_a_form() {
    let Request::Http(request) = endpoint(Some("contacts write")).ask(0, &[], &with(None)).unwrap() else { panic!("not over HTTP") };
    assert_eq!(request.method, "POST");
    assert_eq!(
        String::from_utf8(request.body.clone()).unwrap(),
        "grant_type=client_credentials&client_id=client%2F1&client_secret=ge%3Aheim&scope=contacts%20write"
    );
    assert_eq!(
        shown(&request),
        "https://crm.example.com/oauth/token | content-type: application/x-www-form-urlencoded | accept: application/json"
    );
}

#[test]
fn a_missing_variable_holds_the_system_and_no_message() {
    let Auth::OAuth2(grant) = oauth2(None) else { panic!("it is") };
    let grant = OAuth2 { client_id: template("${NO_SUCH}"), ..*grant };
    let endpoint = TokenEndpoint::of(&Auth::OAuth2(Box::new(grant)), &"crm".into());
    let refusal = endpoint.unwrap().ask(0, &[], &with(None)).unwrap_err();
    assert!(matches!(refusal, Refusal::System(failure) if failure.code.id == "R2001"));
}

#[test]
fn a_refresh_token_is_shown_instead_and_a_public_client_has_no_secret() {
    let Auth::OAuth2(grant) = oauth2(None) else { panic!("it is") };
    let grant = OAuth2 { proof: ClientProof::None, refresh_token: Some(template("r-${KEY}")), audience: Some(template("crm")), ..*grant };
    let Request::Http(request) =
        TokenEndpoint::of(&Auth::OAuth2(Box::new(grant)), &"crm".into()).unwrap().ask(0, &[], &with(None)).unwrap()
    else {
        panic!("it goes over HTTP")
    };
    assert_eq!(
        String::from_utf8(request.body).unwrap(),
        "grant_type=refresh_token&refresh_token=r-k%201%262&client_id=client%2F1&audience=crm"
    );
}

fn hear(status: u16, headers: &[(&str, &str)], body: &str) -> Verdict {
    let headers: Vec<(Arc<str>, Vec<u8>)> = headers.iter().map(|(name, value)| (Arc::from(*name), value.as_bytes().to_vec())).collect();
    let heard = Heard::Http { status, headers: &headers, body: &mut body.as_bytes() };
    endpoint(None).hear(0, &[], heard, &with(None), Answers::Keep)
}

/// `delivered {...}`, `later [wait] CODE says`, `never CODE says`.
fn outcome(verdict: &Verdict) -> String {
    match verdict.outcomes.as_slice() {
        [Outcome::Delivered(Some(answer))] => format!("delivered {}", String::from_utf8_lossy(answer)),
        [Outcome::Later { why, after, .. }] => format!("later {after:?} {} {}", why.code.id, why.says),
        [Outcome::Never(why)] => format!("never {} {}", why.code.id, why.says),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_token_and_how_long_it_lasts() {
    let given = |body| outcome(&hear(200, &[], body));
    assert_eq!(given(r#"{"access_token":"a\"b","token_type":"bearer","expires_in":3600}"#), r#"delivered {"token":"a\"b","lasts":3600}"#);
    assert_eq!(given(r#"{"access_token":"t","expires_in":0}"#), given(r#"{"access_token":"t"}"#), "that says nothing");
    assert_eq!(given(r#"{"access_token":"t","expires_in":"60"}"#), r#"delivered {"token":"t","lasts":60}"#);
    assert_eq!(given(r#"{"access_token":"t"}"#), r#"delivered {"token":"t","lasts":300}"#);
}

#[test]
fn a_refused_client_is_a_word_about_credentials() {
    for status in [400, 401, 403] {
        let verdict = hear(status, &[], r#"{"error":"invalid_client"}"#);
        let words = format!("the token endpoint of crm answered {}: invalid_client", crate::http::status::words(status));
        assert_eq!(outcome(&verdict), format!("never R2018 {words}"));
        assert_eq!(verdict.system, Some(Word::Credentials(Failure::new(&codes::SIGN_IN, words))));
    }
}

#[test]
fn an_endpoint_that_cannot_now_is_asked_again() {
    let verdict = hear(503, &[("retry-after", "7")], "busy");
    assert_eq!(outcome(&verdict), "later Some(7s) R2006 the token endpoint of crm answered 503 Service Unavailable");
    assert_eq!(verdict.system, Some(Word::Pause(Duration::from_secs(7))));
    let none = "without a bearer token";
    assert_eq!(outcome(&hear(200, &[], "<html>")), format!("later None R2018 the token endpoint of crm answered 200 OK {none}"));
    assert_eq!(outcome(&hear(200, &[], "{}")), format!("later None R2018 the token endpoint of crm answered 200 OK {none}"));
    let mac = r#"{"access_token":"t","token_type":"mac"}"#;
    assert_eq!(outcome(&hear(200, &[], mac)), format!("later None R2018 the token endpoint of crm answered 200 OK {none}"));
}

#[test]
fn an_endpoint_that_is_not_reached_is_asked_again() {
    for reached in [Reached::No, Reached::Maybe] {
        let verdict = endpoint(None).hear(0, &[], Heard::Broken { reached, why: "timed out".into() }, &with(None), Answers::Drop);
        assert_eq!(outcome(&verdict), "later None R2009 the token endpoint of crm was not reached: timed out");
    }
}
