//! `private_key_jwt` (RFC 7523, OpenID Connect Core section 9): who we are, signed with a key that we alone have.

use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use spanwright_core::{connector::With, settings::KeyProof};
use spanwright_shape::{json, text::Failure};

use super::fill;
use crate::{codes, webhook::scheme::Encoding};

/// An assertion is good for so many seconds.
const GOOD_FOR_SECONDS: i64 = 60;

/// A signed statement for the endpoint at `audience`, good for a minute.
///
/// # Errors
/// The key cannot be used; it is not shown.
pub(super) fn assertion(proof: &KeyProof, client: &str, audience: &str, with: &With<'_>) -> Result<String, Failure> {
    let pem = fill(&proof.key, with)?;
    let id = proof.id.as_ref().map(|id| fill(id, with)).transpose()?;
    let unusable = |why: &str| Failure::new(&codes::SIGN_IN, format!("the private key cannot be used: {why}"));
    let der = pkcs8(&pem).ok_or_else(|| unusable("it is no PEM of a PKCS#8 key (`-----BEGIN PRIVATE KEY-----`)"))?;
    let signed = format!("{}.{}", head(&proof.algorithm, id.as_deref()), claims(client, audience, with));
    let signature = match &*proof.algorithm {
        "EdDSA" => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| unusable("it is no Ed25519 key"))?;
            pair.sign(signed.as_bytes()).as_ref().to_vec()
        }
        _ => {
            let pair = RsaKeyPair::from_pkcs8(&der).map_err(|why| unusable(&format!("{why}")))?;
            let mut signature = vec![0; pair.public().modulus_len()];
            // This padding draws nothing; the library wants a source all the same.
            let signing = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
            signing.map_err(|_| unusable("it signs nothing"))?;
            signature
        }
    };
    Ok(format!("{signed}.{}", Encoding::Base64Url.write(&signature)))
}

fn head(algorithm: &str, id: Option<&str>) -> String {
    let mut texts = vec![("alg", algorithm), ("typ", "JWT")];
    texts.extend(id.map(|id| ("kid", id)));
    Encoding::Base64Url.write(&object(&texts, ""))
}

/// No two have one `jti`: each has another time.
fn claims(client: &str, audience: &str, with: &With<'_>) -> String {
    let seconds = with.now.0.div_euclid(1_000_000);
    let jti = blake3::hash(format!("spanwright assertion 1\0{client}\0{audience}\0{}", with.now.0).as_bytes()).to_hex();
    let times = format!(",\"iat\":{seconds},\"exp\":{}", seconds + GOOD_FOR_SECONDS);
    Encoding::Base64Url.write(&object(&[("iss", client), ("sub", client), ("aud", audience), ("jti", &jti[..32])], &times))
}

fn object(texts: &[(&str, &str)], behind: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, text) in texts {
        out.push(if out.is_empty() { b'{' } else { b',' });
        json::write_text(name, &mut out);
        out.push(b':');
        json::write_text(text, &mut out);
    }
    out.extend_from_slice(behind.as_bytes());
    out.push(b'}');
    out
}

/// The bytes between the lines. A variable of an environment often has `\n` where the lines end.
fn pkcs8(pem: &str) -> Option<Vec<u8>> {
    let text = pem.replace("\\n", "\n");
    let (_, rest) = text.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (inside, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    Encoding::Base64.read(&inside.split_whitespace().collect::<String>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ring::signature::{ED25519, KeyPair, UnparsedPublicKey};
    use spanwright_core::{fact::Moment, settings::Template};

    use super::*;

    /// RFC 8410, section 10.3.
    const KEY: &str =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

    fn made(pem: &str, algorithm: &str) -> Result<String, Failure> {
        let pem = pem.to_string();
        let variable = move |name: &str| (name == "KEY").then(|| pem.clone());
        let with =
            With { now: Moment(1_790_000_000_123_456), variable: &variable, token: None, request_key: "", outcomes: &[], validator: None };
        let proof = KeyProof { key: Template::parse("${KEY}"), id: Some(Template::parse("k1")), algorithm: algorithm.into() };
        assertion(&proof, "erp-sync", "https://id.example.com/token", &with)
    }

    #[test]
    fn an_assertion_says_who_for_whom_and_how_long_and_is_signed() {
        let token = made(KEY, "EdDSA").unwrap();
        let pieces: Vec<&str> = token.split('.').collect();
        let text = |piece: &str| String::from_utf8(Encoding::Base64Url.read(piece).unwrap()).unwrap();
        assert_eq!(text(pieces[0]), r#"{"alg":"EdDSA","typ":"JWT","kid":"k1"}"#);
        let claims = text(pieces[1]);
        assert!(claims.starts_with(r#"{"iss":"erp-sync","sub":"erp-sync","aud":"https://id.example.com/token","jti":""#), "{claims}");
        assert!(claims.ends_with(r#"","iat":1790000000,"exp":1790000060}"#), "{claims}");
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8(KEY).unwrap()).unwrap();
        let signed = token.rsplit_once('.').unwrap();
        let signature = Encoding::Base64Url.read(signed.1).unwrap();
        UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref()).verify(signed.0.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn a_key_in_one_line_is_the_same_key() {
        assert_eq!(made(&KEY.replace('\n', "\\n"), "EdDSA").unwrap(), made(KEY, "EdDSA").unwrap());
    }

    #[test]
    fn a_key_that_is_none_is_said_and_not_shown() {
        for (pem, algorithm, why) in [("c2VjcmV0", "RS256", "it is no PEM"), (KEY, "RS256", "WrongAlgorithm")] {
            let failure = made(pem, algorithm).unwrap_err();
            assert!(failure.code.id == "R2018" && failure.says.contains(why) && !failure.says.contains("c2VjcmV0"), "{}", failure.says);
        }
    }
}
