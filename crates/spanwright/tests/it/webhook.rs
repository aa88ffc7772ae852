//! `webhook verify` and `webhook sign` on captured requests.

#![allow(clippy::unwrap_used)]

use std::fs;

use crate::project::run;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
const HEADERS: &str = "POST /in HTTP/1.1\nWebhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek\nWebhook-Timestamp: 1614265330\n\
    Webhook-Signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n";
const BODY: &str = "{\"test\": 2432232314}";

fn check(headers: &str, body: &str, at: &str, code: i32, says: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let (secret, head, body) = (file("secret", SECRET), file("head.txt", headers), file("body", body));
    let ran =
        run(&["webhook", "verify", "--preset", "standard", "--secret-file", &secret, "--headers", &head, "--body", &body, "--at", at]);
    assert_eq!((ran.code, ran.out.trim_end()), (code, says), "{}", ran.err);
    assert!(!ran.out.contains("MfKQ9r8G") && !ran.err.contains("MfKQ9r8G"));
}

#[test]
fn one_captured_request_is_right_or_says_which_part_is_wrong() {
    check(HEADERS, BODY, "1614265330", 0, "the signature is right");
    check(HEADERS, BODY, "2021-02-25T15:02:10Z", 0, "the signature is right");
    let old =
        "wrong: timestamp\n  the timestamp is 3600 s old\n  the signature itself is right: this is an old request, or a clock is wrong";
    check(HEADERS, BODY, "1614268930", 1, old);
    let altered =
        "wrong: signature\n  no signature fits the body\n  the body was altered on its way: the JSON was parsed and written again (spaces)";
    check(HEADERS, "{\"test\":2432232314}", "1614265330", 1, altered);
    check(&HEADERS.replace("Webhook-Id", "X-Id"), BODY, "1614265330", 1, "wrong: headers\n  the header `webhook-id` is missing");
}

#[test]
fn what_is_signed_here_is_what_the_specification_prints() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    fs::write(path("secret"), SECRET).unwrap();
    fs::write(path("body"), BODY).unwrap();
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let (secret, body) = (path("secret"), path("body"));
    let ran =
        run(&["webhook", "sign", "--preset", "standard", "--secret-file", &secret, "--id", id, "--body", &body, "--at", "1614265330"]);
    let expected =
        format!("webhook-id: {id}\nwebhook-timestamp: 1614265330\nwebhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n");
    assert_eq!((ran.code, ran.out), (0, expected), "{}", ran.err);
    assert_eq!(run(&["webhook", "sign", "--preset", "paypal", "--secret-file", &secret, "--body", &body]).code, 2);
}

/// The example of Twilio's documentation has these fields; its signature is over the address and them, sorted.
#[test]
fn a_form_is_signed_as_twilio_signs_it_and_verified_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    fs::write(path("secret"), "12345").unwrap();
    fs::write(path("form"), "Digits=1234&To=%2B18005551212&From=%2B14158675310&Caller=%2B14158675310&CallSid=CA1234567890ABCDE").unwrap();
    let url = "https://example.com/myapp.php?foo=1&bar=2";
    let (secret, form) = (path("secret"), path("form"));
    let given = ["--preset", "twilio", "--secret-file", &secret, "--body", &form, "--url", url];
    let signed = run(&[&["webhook", "sign"], &given[..]].concat());
    let expected = "x-twilio-signature: L/OH5YylLD5NRKLltdqwSvS0BnU=\ncontent-type: application/x-www-form-urlencoded\n";
    assert_eq!((signed.code, signed.out.as_str()), (0, expected), "{}", signed.err);
    fs::write(path("head"), &signed.out).unwrap();
    let head = path("head");
    let verified = run(&[&["webhook", "verify", "--headers", &head], &given[..]].concat());
    assert_eq!((verified.code, verified.out.trim_end()), (0, "the signature is right"), "{}", verified.err);
}
