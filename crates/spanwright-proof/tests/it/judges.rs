//! Other people's webhook libraries: they verify what we sign, and we verify what they sign.

use std::{
    net::{IpAddr, Ipv4Addr},
    process::Command,
    sync::Arc,
};

use serde_json::Value;
use spanwright_connect::webhook::{judge, preset};
use spanwright_core::{
    connector::With,
    door::{Admitted, ClientSettings, JwtSettings, Keys, Proof, Request},
    fact::Moment,
    settings::Template,
};
use spanwright_engine::clock::Clock;
use spanwright_proof::project::repository;
use spanwright_shape::text::{FileId, Problems, Span};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn node(script: &str, argument: &str) -> Value {
    let path = repository().join("tests/peers/webhooks").join(script);
    let output = Command::new("node").arg(path).arg(argument).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "run tests/peers/setup.sh, then this test again\n{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn standardwebhooks_and_svix_verify_what_we_sign_and_sign_what_we_verify() {
    let scheme = preset::scheme("standard").unwrap();
    let now = Clock::of_machine().now().0 / 1_000_000;
    let time = now.to_string();
    for body in ["{\"test\": 2432232314}", "", "{\"name\":\"Jürgen 🐘\",\"n\":12.50}\n"] {
        let signature = scheme.sign(SECRET, &time, &scheme.content("msg_1", &time, body.as_bytes(), "")).unwrap();
        let asked = serde_json::json!({ "secret": SECRET, "id": "msg_1", "time": now, "body": body, "signature": signature });
        let judged = node("judge.mjs", &asked.to_string());
        for library in ["standardwebhooks", "svix"] {
            // An empty body is no JSON, which is all that they object to behind the signature.
            let fits = judged[library]["verified"] == true || (body.is_empty() && judged[library]["verified"].to_string().contains("JSON"));
            assert!(fits, "{library} of {body:?}: {judged}");
            assert!(verified(judged[library]["signs"].as_str().unwrap(), &time, body.as_bytes(), now), "{library} of {body:?}: {judged}");
        }
        let forged = serde_json::json!({ "secret": SECRET, "id": "msg_2", "time": now, "body": body, "signature": signature });
        let judged = node("judge.mjs", &forged.to_string());
        assert!(judged["svix"]["verified"].to_string().contains("signature"), "a judge that never objects proves nothing: {judged}");
    }
}

/// A key set that is there.
struct Published(String);

impl Keys for Published {
    fn set(&self, _: &str) -> Option<Arc<str>> {
        Some(self.0.as_str().into())
    }

    fn may_be_asked_again(&self, _: &str) -> bool {
        false
    }
}

#[test]
fn tokens_that_jose_signs_are_verified_by_the_keys_that_it_publishes() {
    const NOW: i64 = 1_700_000_000;
    let issued = node("tokens.mjs", &NOW.to_string());
    let at = Span { file: FileId(0), from: 0, to: 0 };
    let guard = |algorithm: &str| {
        let settings = JwtSettings {
            issuer: Template::parse("https://id"),
            audience: Template::parse("orders"),
            jwks: Template::parse("https://id/jwks"),
            algorithms: vec![(algorithm.to_string(), at)],
            scopes: vec!["orders:write".into()],
            skew: std::time::Duration::from_secs(60),
        };
        let client = ClientSettings { name: "portal".into(), proof: Proof::Jwt(settings), networks: Vec::new(), rate: None, may: None };
        spanwright_connect::client::guard(&[client], &mut Problems::new()).unwrap()
    };
    let keys = Published(issued["set"].to_string());
    for algorithm in ["RS256", "PS256", "ES256", "ES384", "EdDSA"] {
        let token = issued["tokens"][algorithm].as_str().unwrap();
        let admitted = |token: &str, allowed: &str| {
            let bearer = format!("Bearer {token}");
            let headers: [(&str, &[u8]); 1] = [("authorization", bearer.as_bytes())];
            let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let (origin, path, certificate) = ("http://a", "/", None);
            let request =
                Request { method: "POST", origin, path, query: "", parameters: &[], headers: &headers, body: b"", from, certificate };
            let with =
                With { now: Moment(NOW * 1_000_000), variable: &|_| None, token: None, request_key: "", outcomes: &[], validator: None };
            matches!(guard(allowed).admit(&request, &with, &keys), Ok(Admitted::Client(_)))
        };
        assert!(admitted(token, algorithm), "{algorithm}");
        assert!(!admitted(token, if algorithm == "RS256" { "ES256" } else { "RS256" }), "{algorithm}: only what is allowed");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        assert!(!admitted(&format!("{}A.{signature}", &signed[..signed.len() - 1]), algorithm), "{algorithm}: other claims");
    }
}

fn verified(signature: &str, time: &str, body: &[u8], now: i64) -> bool {
    let headers: [(&str, &[u8]); 3] =
        [("webhook-id", b"msg_1"), ("webhook-timestamp", time.as_bytes()), ("webhook-signature", signature.as_bytes())];
    let request = Request {
        method: "POST",
        origin: "http://a",
        path: "/",
        query: "",
        parameters: &[],
        headers: &headers,
        body,
        from: IpAddr::V4(Ipv4Addr::LOCALHOST),
        certificate: None,
    };
    let scheme = preset::scheme("standard").unwrap();
    judge::judge(&scheme, &[SECRET.to_string()], &request, request.origin, Moment(now * 1_000_000)).is_ok()
}
