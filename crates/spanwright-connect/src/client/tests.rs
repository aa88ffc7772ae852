#![allow(clippy::unwrap_used)]

use std::{net::IpAddr, time::Duration};

use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use spanwright_core::{
    door::JwtSettings,
    settings::{SignSettings, Template},
};
use spanwright_shape::text::{FileId, Span};

use super::*;

const NOW: i64 = 1_700_000_000;
const AT: Span = Span { file: FileId(0), from: 0, to: 0 };

/// A key set that is there, or must be fetched.
struct Set(Option<String>);

impl Keys for Set {
    fn set(&self, _: &str) -> Option<Arc<str>> {
        self.0.as_deref().map(Arc::from)
    }

    fn may_be_asked_again(&self, _: &str) -> bool {
        false
    }
}

fn client(name: &str, proof: Proof, networks: &[&str], rate: Option<Rate>) -> ClientSettings {
    let networks = networks.iter().map(|text| Network::parse(text).unwrap()).collect();
    ClientSettings { name: name.into(), proof, networks, rate, may: None }
}

fn admitted(guard: &dyn Guard, headers: &[(&str, &str)], from: &str, seconds: i64, keys: &Set) -> Result<String, u16> {
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let from: IpAddr = from.parse().unwrap();
    let (origin, path) = ("https://a", "/in");
    let certificate = None;
    let request = Request { method: "POST", origin, path, query: "", parameters: &[], headers: &headers, body: b"{}", from, certificate };
    let with = With {
        now: Moment(seconds * 1_000_000),
        variable: &|name| Some(format!("{name}!")),
        token: None,
        request_key: "",
        outcomes: &[],
        validator: None,
    };
    match guard.admit(&request, &with, keys) {
        Ok(Admitted::Client(name)) => Ok(name.to_string()),
        Ok(Admitted::Wants(_)) => Err(0),
        Err(refused) => Err(refused.status),
    }
}

fn guard_of(clients: &[ClientSettings]) -> Arc<dyn Guard> {
    guard(clients, &mut Problems::new()).unwrap()
}

fn key_of(key: &str) -> (Template, Span) {
    (Template::parse(&Encoding::Hex.write(digest::digest(&digest::SHA256, key.as_bytes()).as_ref())), AT)
}

#[test]
fn each_client_is_told_by_its_own_proof() {
    let api_key = Proof::ApiKey { header: "x-api-key".into(), hashes: vec![key_of("old"), key_of("new")] };
    let basic = Proof::Basic { user: Template::parse("erp"), password: Template::parse("${PASSWORD}") };
    let signing = SignSettings { at: AT, preset: "hmac".into(), secret: Template::parse("${SECRET}"), options: Vec::new() };
    let all =
        [client("shop", api_key, &[], None), client("erp", basic, &["10.0.0.0/8"], None), client("pay", Proof::Hmac(signing), &[], None)];
    let guard = guard_of(&all);
    let check = |headers: &[(&str, &str)], from: &str, expected: Result<&str, u16>| {
        assert_eq!(admitted(&*guard, headers, from, NOW, &Set(None)), expected.map(String::from), "{headers:?}");
    };
    check(&[("x-api-key", "old")], "1.2.3.4", Ok("shop"));
    check(&[("x-api-key", "new")], "1.2.3.4", Ok("shop"));
    check(&[("x-api-key", "ne")], "1.2.3.4", Err(401));
    check(&[], "1.2.3.4", Err(401));
    let right = format!("Basic {}", STANDARD.encode("erp:PASSWORD!"));
    check(&[("authorization", &right)], "10.1.2.3", Ok("erp"));
    check(&[("authorization", &right)], "::ffff:10.1.2.3", Ok("erp"));
    check(&[("authorization", &right)], "11.1.2.3", Err(403));
    check(&[("authorization", &format!("Basic {}", STANDARD.encode("erp:PASSWORD")))], "10.1.2.3", Err(401));
    check(&[("authorization", "Basic !!")], "10.1.2.3", Err(401));
    check(&[("authorization", &right), ("authorization", &right)], "10.1.2.3", Err(401));
    let scheme = webhook::preset::scheme("hmac").unwrap();
    let signature = scheme.sign("SECRET!", "", b"{}").unwrap();
    check(&[("x-signature", &signature)], "1.2.3.4", Ok("pay"));
    check(&[("x-signature", "00")], "1.2.3.4", Err(401));
}

#[test]
fn a_client_has_its_rate_and_gets_it_back_evenly() {
    let rate = Some(Rate { most: 2, per: Duration::from_secs(10) });
    let key = |name: &str| Proof::ApiKey { header: "x-api-key".into(), hashes: vec![key_of(name)] };
    let guard = guard_of(&[client("a", key("a"), &[], rate), client("b", key("b"), &[], rate)]);
    let asked = |name: &str, second: i64| admitted(&*guard, &[("x-api-key", name)], "1.2.3.4", NOW + second, &Set(None)).map(|_| ());
    assert_eq!((asked("a", 0), asked("a", 0), asked("a", 0)), (Ok(()), Ok(()), Err(429)));
    assert_eq!(asked("b", 0), Ok(()), "another client has its own");
    assert_eq!((asked("a", 4), asked("a", 5), asked("a", 6)), (Err(429), Ok(()), Err(429)));
}

fn jwt(algorithms: &[&str]) -> ClientSettings {
    let settings = JwtSettings {
        issuer: Template::parse("https://id"),
        audience: Template::parse("orders"),
        jwks: Template::parse("https://id/keys"),
        algorithms: algorithms.iter().map(|name| ((*name).to_string(), AT)).collect(),
        scopes: vec!["orders:write".into()],
        skew: Duration::from_secs(60),
    };
    client("portal", Proof::Jwt(settings), &[], None)
}

fn token(head: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", Encoding::Base64Url.write(head.as_bytes()), Encoding::Base64Url.write(claims.as_bytes()));
    let signature = Encoding::Base64Url.write(&sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

#[test]
fn a_token_is_right_in_every_part_or_refused() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let x = Encoding::Base64Url.write(pair.public_key().as_ref());
    let set = Set(Some(format!("{{\"keys\":[{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"1\",\"use\":\"sig\",\"x\":\"{x}\"}}]}}")));
    let guard = guard_of(&[jwt(&["EdDSA"])]);
    let head = "{\"alg\":\"EdDSA\",\"kid\":\"1\"}";
    let claims = format!("{{\"iss\":\"https://id\",\"aud\":[\"x\",\"orders\"],\"exp\":{},\"scope\":\"a orders:write\"}}", NOW + 10);
    let check = |head: &str, claims: &str, expected: Result<&str, u16>| {
        let bearer = format!("Bearer {}", token(head, claims, |signed| pair.sign(signed).as_ref().to_vec()));
        assert_eq!(admitted(&*guard, &[("authorization", &bearer)], "1.2.3.4", NOW, &set), expected.map(String::from), "{head} {claims}");
    };
    check(head, &claims, Ok("portal"));
    check(head, &claims.replace(&format!("{}", NOW + 10), &format!("{}", NOW - 59)), Ok("portal"));
    for (from, to) in [
        ("https://id", "https://evil"),
        ("\"orders\"]", "\"order\"]"),
        (&*format!("{}", NOW + 10), &*format!("{}", NOW - 60)),
        ("\"exp\"", "\"xp\""),
        ("orders:write", "orders:read"),
        ("{\"iss\"", "{\"nbf\":1700000061,\"iss\""),
    ] {
        check(head, &claims.replace(from, to), Err(401));
    }
    for bad in [
        "{\"alg\":\"none\",\"kid\":\"1\"}",
        "{\"alg\":\"HS256\",\"kid\":\"1\"}",
        "{\"kid\":\"1\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"2\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"1\",\"crit\":[\"x\"]}",
    ] {
        check(bad, &claims, Err(401));
    }
    let unsigned = format!("Bearer {}", token("{\"alg\":\"none\"}", &claims, |_| Vec::new()));
    let forged = format!("Bearer {}", token(head, &claims, |_| vec![0; 64]));
    for bad in [&*unsigned, &*forged, "Bearer a.b", "Bearer", "Bearer a.b.c"] {
        assert_eq!(admitted(&*guard, &[("authorization", bad)], "1.2.3.4", NOW, &set), Err(401), "{bad}");
    }
    let right = format!("Bearer {}", token(head, &claims, |signed| pair.sign(signed).as_ref().to_vec()));
    assert_eq!(admitted(&*guard, &[("authorization", &right)], "1.2.3.4", NOW, &Set(None)), Err(0), "the key set is fetched first");
    // Confusion: the project's algorithm counts, and the key must be of its kind.
    assert_eq!(admitted(&*guard_of(&[jwt(&["RS256"])]), &[("authorization", &right)], "1.2.3.4", NOW, &set), Err(401));
}

#[test]
fn elliptic_keys_are_verified_too() {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = (Encoding::Base64Url.write(&point[1..33]), Encoding::Base64Url.write(&point[33..]));
    let set = Set(Some(format!("{{\"keys\":[{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{x}\",\"y\":\"{y}\"}}]}}")));
    let claims = format!("{{\"iss\":\"https://id\",\"aud\":\"orders\",\"exp\":{},\"scp\":[\"orders:write\"]}}", NOW + 10);
    let bearer =
        format!("Bearer {}", token("{\"alg\":\"ES256\"}", &claims, |signed| pair.sign(&random, signed).unwrap().as_ref().to_vec()));
    assert_eq!(admitted(&*guard_of(&[jwt(&["ES256"])]), &[("authorization", &bearer)], "1.2.3.4", NOW, &set), Ok("portal".into()));
}

#[test]
fn what_cannot_be_a_proof_is_told_when_the_project_is_read() {
    let mut problems = Problems::new();
    let hash = Proof::ApiKey { header: "x-api-key".into(), hashes: vec![(Template::parse("abc"), AT)] };
    assert!(guard(&[client("a", hash, &[], None), jwt(&["HS256"])], &mut problems).is_none());
    assert_eq!(problems.errors(), 2);
}

/// An envelope with a text token, of a nonce.
fn signed(user: &str, password: &str, nonce: &str) -> String {
    let (wsse, wsu) = (crate::soap::wsse::WSSE, crate::soap::wsse::WSU);
    format!(
        "<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><S:Header><w:Security xmlns:w='{wsse}' xmlns:u='{wsu}'>\
         <w:UsernameToken><w:Username>{user}</w:Username><w:Password>{password}</w:Password><w:Nonce>{nonce}</w:Nonce>\
         <u:Created>2023-11-14T22:13:20Z</u:Created></w:UsernameToken></w:Security></S:Header><S:Body><a/></S:Body></S:Envelope>"
    )
}

#[test]
fn a_token_in_the_message_says_which_client_it_is_and_counts_once() {
    let proof = |user: &str| Proof::Token { user: Template::parse(user), password: Template::parse(&format!("${{{user}}}")) };
    let guard = guard_of(&[client("first", proof("A"), &[], None), client("second", proof("B"), &["10.0.0.0/8"], None)]);
    let came = |body: &str, seconds: i64| {
        let headers: [(&str, &[u8]); 1] = [("content-type", b"text/xml; charset=utf-8")];
        let (from, body) = ("10.0.0.1".parse().unwrap(), body.as_bytes());
        let request = Request {
            method: "POST",
            origin: "https://a",
            path: "/",
            query: "",
            parameters: &[],
            headers: &headers,
            body,
            from,
            certificate: None,
        };
        let variable = |name: &str| Some(format!("{name}!"));
        let with =
            With { now: Moment(seconds * 1_000_000), variable: &variable, token: None, request_key: "", outcomes: &[], validator: None };
        match guard.admit(&request, &with, &Set(None)) {
            Ok(Admitted::Client(name)) => name.to_string(),
            Ok(Admitted::Wants(_)) => "wants".to_string(),
            Err(refused) => format!("{} {}", refused.status, refused.failure.says),
        }
    };
    assert_eq!(came(&signed("A", "A!", "bm9uY2Ux"), NOW), "first");
    assert_eq!(came(&signed("B", "B!", "bm9uY2Ux"), NOW), "second");
    assert_eq!(came(&signed("A", "A!", "bm9uY2Ux"), NOW + 9), "401 this token came before");
    assert_eq!(came(&signed("A", "B!", "bm9uY2Uy"), NOW), "401 the user name or the password is not right");
    assert_eq!(came(&signed("C", "C!", "bm9uY2Uy"), NOW), "401 the user name or the password is not right");
    assert_eq!(came(&signed("A", "A!", "bm9uY2Uz"), NOW + 301), "401 the message is too old, or the clocks do not agree");
    assert_eq!(came("<a/>", NOW), "401 the request does not show who sends it");
    assert_eq!(came("<a", NOW), "401 the envelope cannot be read");
    // A block behind the Body is none of the Header, and two blocks mean two things.
    let good = signed("A", "A!", "bm9uY2U0");
    let (from, to) = (good.find("<S:Header>").unwrap(), good.find("<S:Body>").unwrap());
    let header = &good[from..to];
    let moved = format!("{}{}{header}</S:Envelope>", &good[..from], good[to..].trim_end_matches("</S:Envelope>"));
    assert_eq!(came(&moved, NOW), "401 the request does not show who sends it");
    let twice = good.replace("</S:Header>", &format!("{}</S:Header>", &header[10..header.len() - 11]));
    assert!(came(&twice, NOW).starts_with("401 there is more than one token"), "{}", came(&twice, NOW));
}
