#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};

use spanwright_core::fact::Moment;
use spanwright_shape::json;

use super::{
    judge::{Wrong, examine, judge},
    scheme::{SecretFault, signed_address},
    *,
};

const VECTORS: &str = include_str!("../../tests/webhook-vectors.json");
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const TIME: i64 = 1_614_265_330;
const BODY: &[u8] = b"{\"test\": 2432232314}";
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

/// A request with these headers.
struct Captured {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    path: String,
    query: String,
}

impl Captured {
    fn standard(signature: &str) -> Captured {
        let headers = [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", signature)];
        Captured::of(&headers, BODY)
    }

    fn of(headers: &[(&str, &str)], body: &[u8]) -> Captured {
        let headers = headers.iter().map(|(name, value)| ((*name).to_string(), value.as_bytes().to_vec())).collect();
        Captured { headers, body: body.to_vec(), path: "/in".into(), query: String::new() }
    }

    fn with<T>(&self, work: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        work(&Request {
            method: "POST",
            origin: "https://mycompany.com",
            path: &self.path,
            query: &self.query,
            parameters: &[],
            headers: &headers,
            body: &self.body,
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
            certificate: None,
        })
    }

    fn judged(&self, scheme: &Scheme, secrets: &[&str], seconds: i64) -> Result<usize, Wrong> {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_string()).collect();
        self.with(|request| judge(scheme, &secrets, request, request.origin, Moment(seconds * 1_000_000)).map(|signed| signed.secret))
    }

    fn examined(&self, scheme: &Scheme, secret: &str, seconds: i64) -> String {
        let found = self.with(|request| examine(scheme, &[secret.to_string()], request, request.origin, Moment(seconds * 1_000_000)));
        match found {
            Ok(_) => "fits".into(),
            Err(finding) => format!("{}; {}", finding.wrong, finding.instead.unwrap_or_default()),
        }
    }
}

fn standard() -> Scheme {
    preset::scheme("standard").unwrap()
}

/// Each published vector, as signer and as verifier.
#[test]
fn every_vector_is_signed_and_verified() {
    let room = Room::new();
    let Ok(Value::List(vectors)) = json::read(VECTORS.as_bytes(), &room) else { panic!("no list") };
    let mut seen = 0;
    for vector in vectors {
        let text = |key: &str| vector.get(key).and_then(|value| value.text()).unwrap_or_default();
        let (body, signature, secret, time) = (text("body").as_bytes(), text("signature"), text("secret"), text("timestamp"));
        let name = text("name");
        let plain = |encoding| Scheme { encoding, ..preset::scheme("hmac").unwrap() };
        let (scheme, header): (Scheme, String) = match text("scheme") {
            "standard-webhooks-v1" | "standard-webhooks-v1a" => (standard(), signature.into()),
            "github" => (preset::scheme("github").unwrap(), signature.into()),
            "slack" => (preset::scheme("slack").unwrap(), signature.into()),
            "shopify" => (preset::scheme("shopify").unwrap(), signature.into()),
            "twilio" => (preset::scheme("twilio").unwrap(), signature.into()),
            "convoy-simple-hex" => (plain(Encoding::Hex), signature.into()),
            "rfc9421-hmac" => (Scheme { secret: SecretForm::Base64, ..plain(Encoding::Base64) }, signature.into()),
            "jws-hs256" => {
                let key = Encoding::Base64Url.read(secret).unwrap();
                let scheme = Scheme { secret: SecretForm::Hex, ..plain(Encoding::Base64Url) };
                assert_eq!(scheme.sign(&Encoding::Hex.write(&key), "", body).unwrap(), signature, "{name}");
                seen += 1;
                continue;
            }
            "content-digest-sha-256" => {
                assert_eq!(Encoding::Base64.write(ring::digest::digest(&ring::digest::SHA256, body).as_ref()), signature, "{name}");
                seen += 1;
                continue;
            }
            other => panic!("{name}: nobody knows the scheme {other}"),
        };
        seen += 1;
        let fields: Vec<(String, String)> = match vector.get("params") {
            Some(Value::Record(fields)) => {
                fields.iter().map(|(name, value)| ((*name).to_string(), value.text().unwrap().to_string())).collect()
            }
            _ => Vec::new(),
        };
        let content = scheme.content(text("id"), time, body, &signed_address(text("url"), &fields));
        assert_eq!(scheme.sign(secret, time, &content).unwrap(), header, "{name}: signed");
        let mut captured = Captured::of(&[(&*scheme.header, &header)], body);
        captured.headers.extend([("webhook-id", text("id")), ("webhook-timestamp", time)].map(|(n, v)| (n.into(), v.as_bytes().to_vec())));
        captured.headers.push(("x-slack-request-timestamp".into(), time.as_bytes().to_vec()));
        if let Some((_, rest)) = text("url").split_once("mycompany.com") {
            let (path, query) = rest.split_once('?').unwrap();
            (captured.path, captured.query) = (path.into(), query.into());
            captured.headers.push(("content-type".into(), b"application/x-www-form-urlencoded".to_vec()));
            let pairs: Vec<(&str, &str)> = fields.iter().rev().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            captured.body = crate::http::url::form(&pairs).into_bytes();
        }
        let verifier = match text("public_key") {
            "" => secret,
            public => public,
        };
        let now = time.parse().unwrap_or(0);
        assert_eq!(captured.judged(&scheme, &[verifier], now), Ok(0), "{name}: verified");
        // Laws of every scheme: an empty signature, the beginning of the right one, and the right one of another body.
        let worse = |header: &str, body: &[u8]| {
            let mut worse = Captured {
                headers: captured.headers.clone(),
                body: body.to_vec(),
                path: captured.path.clone(),
                query: captured.query.clone(),
            };
            worse.headers[0].1 = header.as_bytes().to_vec();
            worse.judged(&scheme, &[verifier], now)
        };
        assert!(worse("", &captured.body).is_err(), "{name}: empty");
        assert!(worse(&header[..header.len() / 2], &captured.body).is_err(), "{name}: cut");
        assert!(worse(&header, &[&captured.body[..], b"&a=1"].concat()).is_err(), "{name}: another body");
        assert!(captured.judged(&scheme, &[&format!("{verifier}A")], now).is_err(), "{name}: another secret");
    }
    assert_eq!(seen, vectors.len());
    assert!(seen >= 11);
}

fn check(signature: &str, expected: Result<usize, Wrong>) {
    assert_eq!(Captured::standard(signature).judged(&standard(), &[SECRET], TIME), expected, "{signature}");
}

#[test]
fn what_the_official_libraries_refuse_is_refused() {
    check(SIGNATURE, Ok(0));
    for bad in [
        "v1,",
        "v1,g0hM9SsE",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        "v1,dawfeoifkpqwoekfpqoekf",
        "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        "v1,tFtCZ5RDCPxzWQRWXWPgrCgE2frDBe9gjpbWQxnVfsQ= v1,Mm7xgUVICxZfQ3bgf0h0Dof65L/IFx+PnZvnDWPCX6Q= \
         v1,9DfC1c3eeOrXB6w/5dIDydLNQaEyww5KalE5jLBZucE=",
        // The key used as it is written, and not decoded.
        "v1,ELhqG0Ku1gwOc1f4jyKdp3SFGFLAOdJ9bvpWLciCakI=",
        // The signature of the same JSON, written again.
        "v1,Vif40peJBP7Iyl0XGmu61n4MwdrcHov5CFREBpE0svs=",
    ] {
        check(bad, Err(Wrong::Mismatch));
    }
    for none in ["", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="] {
        check(none, Err(Wrong::NoSignature));
    }
    let bad = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    check(&format!("v1,{bad} v2,{bad} {SIGNATURE} v1,{bad}"), Ok(0));
    check("v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Err(Wrong::Mismatch));
}

#[test]
fn a_header_that_is_missing_is_named_and_one_that_is_twice_is_refused() {
    for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut captured = Captured::standard(SIGNATURE);
        captured.headers.retain(|(name, _)| name != header);
        assert_eq!(captured.judged(&standard(), &[SECRET], TIME), Err(Wrong::NoHeader(header.into())));
        let mut captured = Captured::standard(SIGNATURE);
        captured.headers.push((header.into(), b"x".to_vec()));
        assert_eq!(captured.judged(&standard(), &[SECRET], TIME), Err(Wrong::TwoHeaders(header.into())));
    }
}

#[test]
fn a_time_may_be_wrong_by_five_minutes_and_no_more() {
    let judged = |seconds| Captured::standard(SIGNATURE).judged(&standard(), &[SECRET], seconds);
    assert_eq!((judged(TIME + 300), judged(TIME - 300)), (Ok(0), Ok(0)));
    assert_eq!(judged(TIME + 301), Err(Wrong::TooOld(Duration::from_secs(301))));
    assert_eq!(judged(TIME - 301), Err(Wrong::TooNew(Duration::from_secs(301))));
    for bad in ["hello", "", "-1", "1614265330.0", "Infinity", " 1614265330", "99999999999999999999"] {
        let mut captured = Captured::standard(SIGNATURE);
        captured.headers[1].1 = bad.as_bytes().to_vec();
        let judged = captured.judged(&standard(), &[SECRET], TIME);
        assert!(matches!(judged, Err(Wrong::Time | Wrong::Dot | Wrong::TooNew(_))), "{bad}: {judged:?}");
    }
}

#[test]
fn secrets_are_read_as_the_scheme_writes_them() {
    let key = |secret: &str| standard().key(secret).map(|_| ());
    assert_eq!((key(""), key("whsec_"), key("whsec_!!")), (Err(SecretFault::Empty), Err(SecretFault::Empty), Err(SecretFault::Encoding)));
    assert_eq!(key("whpk_AAAA"), Err(SecretFault::Length));
    let judged = |secret: &str| Captured::standard(SIGNATURE).judged(&standard(), &[secret], TIME);
    assert_eq!(judged("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Ok(0), "without its prefix");
    // Padding may be left out.
    assert!(key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS").is_ok());
}

#[test]
fn while_a_secret_is_changed_the_old_one_and_the_new_one_fit() {
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let captured = Captured::standard(SIGNATURE);
    assert_eq!(captured.judged(&standard(), &[other, SECRET], TIME), Ok(1));
    assert_eq!(captured.judged(&standard(), &[SECRET, other], TIME), Ok(0));
    assert_eq!(captured.judged(&standard(), &[other], TIME), Err(Wrong::Mismatch));
}

#[test]
fn bytes_are_signed_and_not_text() {
    for (body, signature) in [
        (&b""[..], "v1,v48jdbgvh29KJz2Qc+ghw8G6vG3nAKnujWBg8oM/62A="),
        (b"\xff\xfe\x00\x01", "v1,W7qjtYy0OS8D2qv5IwYEFRY3HRjC2noXdGSKRY1DGWs="),
    ] {
        let captured = Captured { body: body.to_vec(), ..Captured::standard(signature) };
        assert_eq!(captured.judged(&standard(), &[SECRET], TIME), Ok(0));
    }
}

#[test]
fn each_signature_of_stripe_counts_and_the_rest_does_not() {
    let scheme = preset::scheme("stripe").unwrap();
    let secret = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
    let right = scheme.sign(secret, "1614265330", &scheme.content("", "1614265330", BODY, "")).unwrap();
    let hex = right.split_once("v1=").unwrap().1.to_string();
    let judged = |header: &str| Captured::of(&[("stripe-signature", header)], BODY).judged(&scheme, &[secret], TIME);
    assert_eq!(judged(&right), Ok(0));
    assert_eq!(judged(&format!("v1={hex},t=1614265330")), Ok(0), "whichever comes first");
    assert_eq!(judged(&format!("t=1614265330,v1={},v1={hex}", "0".repeat(64))), Ok(0), "two while the secret is changed");
    assert_eq!(judged(&format!("t=1614265330,v0={hex}")), Err(Wrong::NoSignature), "no lower scheme");
    assert_eq!(judged(&format!("v1={hex}")), Err(Wrong::Time));
    assert_eq!(judged(&format!("t=Infinity,v1={hex}")), Err(Wrong::Time));
    assert_eq!(judged(&format!("t=1614265331,v1={hex}")), Err(Wrong::Mismatch));
}

#[test]
fn twilio_signs_the_address_and_for_json_the_hash_of_the_body() {
    let scheme = preset::scheme("twilio").unwrap();
    let hash = Encoding::Hex.write(ring::digest::digest(&ring::digest::SHA256, BODY).as_ref());
    let query = format!("bodySHA256={hash}");
    let sign = |address: &str| scheme.sign("12345", "", &scheme.content("", "", b"", address)).unwrap();
    let captured = |signature: &str, body: &[u8]| {
        let mut captured = Captured::of(&[("x-twilio-signature", signature), ("content-type", "application/json")], body);
        captured.query = query.clone();
        captured.judged(&scheme, &["12345"], 0)
    };
    let signature = sign(&format!("https://mycompany.com/in?{query}"));
    assert_eq!(captured(&signature, BODY), Ok(0));
    assert_eq!(captured(&sign(&format!("https://mycompany.com:443/in?{query}")), BODY), Ok(0), "with its port");
    assert_eq!(captured(&signature, b"{}"), Err(Wrong::BodyHash));
}

#[test]
fn a_person_is_told_which_part_is_wrong() {
    let fits = |captured: Captured, secret: &str, seconds: i64, part: &str| {
        let said = captured.examined(&standard(), secret, seconds);
        assert!(said.contains(part), "{said}");
    };
    let body = |body: &[u8]| Captured { body: body.to_vec(), ..Captured::standard(SIGNATURE) };
    fits(Captured::standard(SIGNATURE), SECRET, TIME, "fits");
    fits(Captured::standard(SIGNATURE), SECRET, TIME + 3_600, "3600 s old; the signature itself is right");
    fits(body(b"{\"test\":2432232314}"), SECRET, TIME, "parsed and written again");
    fits(body(b"{\"test\": 2432232314}\n"), SECRET, TIME, "a line end was added");
    fits(body(b"\xEF\xBB\xBF{\"test\": 2432232314}"), SECRET, TIME, "byte order mark");
    fits(Captured::standard(SIGNATURE), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", TIME, "blanks or a line end around it");
    fits(
        Captured::standard("v1,ELhqG0Ku1gwOc1f4jyKdp3SFGFLAOdJ9bvpWLciCakI="),
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        TIME,
        "without decoding it",
    );
    fits(Captured::standard("v1,g0hM9SsE"), SECRET, TIME, "it is the beginning of the right one");
    fits(
        Captured::standard("v1,83484cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1"),
        SECRET,
        TIME,
        "written in hexadecimal digits",
    );
    fits(Captured::standard(SIGNATURE), "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", TIME, "no signature fits the body; ");
}

#[test]
fn what_is_signed_is_a_template() {
    assert!(preset::template("{id}.{timestamp}.{body}").is_ok_and(|pieces| pieces.len() == 5));
    for bad in ["{id}", "{body", "{secret}{body}", "body"] {
        assert!(preset::template(bad).is_err(), "{bad}");
    }
}

#[test]
fn every_preset_is_known() {
    for preset in preset::ALL {
        assert_eq!(&*preset::scheme(preset.name).unwrap().name, preset.name);
    }
    assert!(preset::scheme("paypal").is_none());
}

#[test]
fn a_scheme_tells_senders_which_headers_they_owe() {
    let check = |preset: &str, expected: &[&str]| {
        let headers = preset::scheme(preset).unwrap().headers();
        let told: Vec<String> = headers.iter().map(|header| format!("{} {:?}: {}", header.name, header.carries, header.about)).collect();
        assert_eq!(told, expected, "{preset}");
    };
    let (time, event) =
        ("When it was signed, in seconds since 1970; at most 300 s away from our clock.", "Which event it is: the same is taken once.");
    check(
        "slack",
        &[
            "x-slack-signature Signature: HMAC-SHA256 over `v0:{timestamp}:{body}`, in hexadecimal digits, behind `v0=`.",
            &format!("x-slack-request-timestamp Time: {time}"),
        ],
    );
    check(
        "github",
        &[
            "x-hub-signature-256 Signature: HMAC-SHA256 over `{body}`, in hexadecimal digits, behind `sha256=`.",
            &format!("x-github-delivery Event: {event}"),
        ],
    );
    check(
        "standard",
        &[
            "webhook-signature Signature: HMAC-SHA256 over `{id}.{timestamp}.{body}`, in base64, as `v1,SIGNATURE`.",
            &format!("webhook-timestamp Time: {time}"),
            &format!("webhook-id Event: {event}"),
        ],
    );
}
