#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};

use spanwright_core::{door::Reply, fact::Moment};
use spanwright_shape::json;

use super::*;

type Headers<'h> = &'h [(&'h str, &'h [u8])];

/// A request as the engine hands it over.
fn request<'r>(query: &'r str, parameters: &'r [(&'r str, &'r str)], headers: Headers<'r>, body: &'r [u8]) -> Request<'r> {
    let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Request { method: "POST", origin: "http://a", path: "/orders/7", query, parameters, headers, body, from, certificate: None }
}

fn received(query: &str, parameters: &[(&str, &str)], headers: Headers<'_>, body: &[u8]) -> Result<String, (u16, String)> {
    let door = EndpointDoor::new(Route::parse("POST /orders/{id}").unwrap());
    let (room, with) =
        (Room::new(), With { now: Moment(0), variable: &|_| None, token: None, request_key: "", outcomes: &[], validator: None });
    let request = request(query, parameters, headers, body);
    match door.receive(&request, &with, &room).map_err(|refused| (refused.status, refused.failure.says))? {
        Received::Answer(_) => Err((0, "answered".into())),
        Received::Message(Incoming { body, beside, once, correlation, .. }) => {
            let mut out = Vec::new();
            json::write(&Value::Record(&[("body", body), ("beside", beside)]), &mut out);
            Ok(format!("{} {once:?} {correlation:?}", String::from_utf8(out).unwrap()))
        }
    }
}

const JSON: (&str, &[u8]) = ("content-type", b"application/json; charset=utf-8");

fn check_body(content_type: &str, body: &[u8], expected: Result<&str, (u16, &str)>) {
    let headers = [("content-type", content_type.as_bytes())];
    let got = received("", &[], &headers, body);
    match (got, expected) {
        (Ok(got), Ok(expected)) => assert!(got.starts_with(&format!("{{\"body\":{expected},\"beside\":")), "{content_type}: {got}"),
        (Err((status, says)), Err((expected, part))) => {
            assert!(status == expected && says.contains(part), "{content_type}: {status} {says}")
        }
        (got, expected) => panic!("{content_type}: {got:?}, and not {expected:?}"),
    }
}

#[test]
fn what_comes_beside_a_body_is_always_a_record_of_texts() {
    let headers: Headers<'_> = &[JSON, ("x-tenant", b"a"), ("x-tenant", b"b"), ("authorization", b"Bearer s3cret"), ("cookie", b"c=1")];
    let got = received("a=1&b=%C3%BC+x&a=2&flag", &[("id", "a%2Fb")], headers, b"{\"n\":12.50}").unwrap();
    assert_eq!(
        got,
        "{\"body\":{\"n\":12.50},\"beside\":{\"headers\":{\"content-type\":\"application/json; charset=utf-8\",\"x-tenant\":\"a, b\"},\
         \"query\":{\"a\":\"1,2\",\"b\":\"ü x\",\"flag\":\"\"},\"path\":{\"id\":\"a/b\"}}} None None"
    );
}

#[test]
fn a_body_is_read_by_its_type() {
    check_body("application/json", b"[1,2]", Ok("[1,2]"));
    check_body("application/vnd.order+json", b"{}", Ok("{}"));
    check_body("application/x-www-form-urlencoded", b"a=1&b=x+y&a=2", Ok("{\"a\":\"1,2\",\"b\":\"x y\"}"));
    check_body("text/plain", "grün".as_bytes(), Ok("\"grün\""));
    check_body("application/json", b"", Ok("null"));
}

#[test]
fn a_body_without_a_schema_has_one_shape_whatever_it_holds() {
    let one = "{\"name\":\"i\",\"space\":\"\",\"attributes\":{\"a\":\"1\"},\"text\":\"x & y\",\"children\":[]}";
    let root =
        |children: &str| format!("{{\"name\":\"o\",\"space\":\"urn:o\",\"attributes\":{{}},\"text\":\"\",\"children\":[{children}]}}");
    check_body("text/xml", b"<o xmlns='urn:o'>\n <i xmlns='' a='1'>x &amp; y</i>\n</o>", Ok(&root(one)));
    check_body("application/order+xml", b"<o xmlns='urn:o'/>", Ok(&root("")));
    check_body("application/xml", b"<o>", Err((400, "no XML at byte")));
    check_body("text/xml", b"<!DOCTYPE o [<!ENTITY e 'x'>]><o>&e;</o>", Err((400, "no XML at byte")));
    check_body("text/csv", b"a,b\r\n1,\"x, \"\"y\"\"\"\r\n\r\n2,\n", Ok("[{\"a\":\"1\",\"b\":\"x, \\\"y\\\"\"},{\"a\":\"2\",\"b\":\"\"}]"));
    check_body("text/csv", b"a,b\n1\n", Err((400, "line 2 has 1 fields, and there are 2 names")));
    check_body("text/csv", b"a\n\"1", Err((400, "line 2: a quote is not closed")));
    check_body("text/csv", b"a\n\"1\"x\n", Err((400, "line 2: a field has a quote, and neither begins nor ends with it")));
    check_body("application/x-ndjson", b"{\"a\":1}\n\n[2]\n", Ok("[{\"a\":1},[2]]"));
    check_body("application/jsonl", b"{}\n{", Err((400, "line 2 is no JSON")));
}

#[test]
fn parts_of_a_form_are_a_list() {
    let body = b"--xx\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--xx\r\nContent-Disposition: form-data; \
        name=\"f\"; filename=\"a;b.bin\"\r\nContent-Type: image/png\r\n\r\n\xff\x00\r\n--xx--\r\n";
    let part = |name: &str, filename: &str, kind: &str, text: &str, base64: &str| {
        format!("{{\"name\":\"{name}\",\"filename\":{filename},\"type\":{kind},\"text\":{text},\"base64\":{base64}}}")
    };
    let (note, file) = (part("note", "null", "null", "\"hi\"", "null"), part("f", "\"a;b.bin\"", "\"image/png\"", "null", "\"/wA=\""));
    check_body("multipart/form-data; boundary=xx", body, Ok(&format!("[{note},{file}]")));
    for (content_type, body) in [
        ("multipart/form-data", &b"--xx--"[..]),
        ("multipart/form-data; boundary=xx", b"--xx\r\n"),
        ("multipart/form-data; boundary=xx", b"nothing"),
        ("multipart/form-data; boundary=xx", b"--xx\r\nX: y\r\n\r\nbody\r\n--xx--"),
    ] {
        check_body(content_type, body, Err((400, "")));
    }
}

#[test]
fn a_body_that_is_not_what_it_says_is_refused() {
    check_body("application/json", b"{\"a\":}", Err((400, "no JSON at byte 5")));
    check_body("application/json", b"\"\xff\"", Err((400, "no UTF-8 from byte 1")));
    check_body("application/json; charset=iso-8859-1", b"{}", Err((415, "charset `iso-8859-1`")));
    check_body("application/x-www-form-urlencoded", b"a=%ff", Err((400, "no percent-encoded UTF-8")));
    check_body("image/png", b"x", Err((415, "`image/png` is not read here")));
    check_body("", b"x", Err((415, "is not read here")));
    assert_eq!(received("", &[], &[], b"x").unwrap_err().0, 415);
    assert_eq!(received("a=%zz", &[], &[], b"").unwrap_err().0, 400);
    assert_eq!(received(&"a&".repeat(1_001), &[], &[], b"").unwrap_err().0, 400);
}

#[test]
fn a_key_is_the_same_with_quotes_and_without() {
    let key = |values: &[&str]| {
        let headers: Vec<(&str, &[u8])> = values.iter().map(|value| ("idempotency-key", value.as_bytes())).collect();
        received("", &[], &headers, b"").map(|got| got.split_once("}} ").unwrap().1.to_string()).map_err(|(status, _)| status)
    };
    assert_eq!(key(&["\"8e03978e\""]), Ok("Some(\"8e03978e\") None".into()));
    assert_eq!(key(&["8e03978e"]), Ok("Some(\"8e03978e\") None".into()));
    let long = "x".repeat(256);
    for bad in [&["a", "b"][..], &[""], &["\"\""], &["\"a"], &["a\"b"], &["gr\u{fc}n"], &[&long]] {
        assert_eq!(key(bad), Err(400), "{bad:?}");
    }
}

#[test]
fn a_correlation_id_is_taken_over_where_it_is_plain() {
    let of = |value: &[u8]| received("", &[], &[("x-correlation-id", value)], b"").unwrap().split_once("}} ").unwrap().1.to_string();
    assert_eq!(of(b"order-7"), "None Some(\"order-7\")");
    for bad in [&b"a b"[..], b"", &[b'x'; 129], b"a\xff"] {
        assert_eq!(of(bad), "None None");
    }
}

#[test]
fn a_reply_of_null_has_no_content() {
    let reply = |status, body: &[u8]| answer::json(&Said::Replied(&Reply { status, body: body.to_vec(), ..Reply::default() }));
    assert_eq!((reply(None, b"null").status, reply(None, b"{}").status, reply(Some(201), b"{}").status), (204, 200, 201));
    assert_eq!(reply(None, b"{\"a\":1}").body, b"{\"a\":1}");
}
