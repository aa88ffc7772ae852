//! Other people's webhook libraries: they verify what we sign, and we verify what they sign.

use std::{
    net::{IpAddr, Ipv4Addr},
    process::Command,
};

use serde_json::Value;
use spanwright_connect::webhook::{judge, preset};
use spanwright_core::{door::Request, fact::Moment};
use spanwright_engine::clock::Clock;
use spanwright_proof::project::repository;

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
    };
    let scheme = preset::scheme("standard").unwrap();
    judge::judge(&scheme, &[SECRET.to_string()], &request, request.origin, Moment(now * 1_000_000)).is_ok()
}
