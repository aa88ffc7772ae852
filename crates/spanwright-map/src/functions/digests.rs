//! Digests of texts, for keys that must not say what they are made of, and for targets that want them. They are no
//! protection of a secret: a map sees none.

use std::fmt::Write;

use md5::Md5;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Prepared, Result, Types, types::nothing};
use crate::{
    codes,
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind},
    run::{Kinds, Outcome},
};

/// What a digest costs however short the text is; a longer one costs more than its copy, too.
const DIGEST_STEPS: u32 = 20;

const TYPES: Types = Types::of(Kinds::TEXT, Result::Text);

/// `sha256`
pub static SHA256: Function = Function {
    name: "sha256",
    takes: &[""],
    about: "The SHA-256 of a text's UTF-8, in 64 hexadecimal digits.",
    example: ["sha256 | .[:16]", r#""abc""#, r#""ba7816bf8f01cfea""#],
    ours: true,
    makes: Makes::Value { run: digest::<Sha256>, prepare: nothing, types: TYPES },
};

/// `sha1`
pub static SHA1: Function = Function {
    name: "sha1",
    takes: &[""],
    about: "The SHA-1 of a text's UTF-8, in 40 hexadecimal digits; for systems that ask for it, since it is broken as a seal.",
    example: ["sha1 | .[:16]", r#""abc""#, r#""a9993e364706816a""#],
    ours: true,
    makes: Makes::Value { run: digest::<Sha1>, prepare: nothing, types: TYPES },
};

/// `md5`
pub static MD5: Function = Function {
    name: "md5",
    takes: &[""],
    about: "The MD5 of a text's UTF-8, in 32 hexadecimal digits; for systems that ask for it, since it is broken as a seal.",
    example: ["md5", r#""abc""#, r#""900150983cd24fb0d6963f7d28e17f72""#],
    ours: true,
    makes: Makes::Value { run: digest::<Md5>, prepare: nothing, types: TYPES },
};

/// `uuid`
pub static UUID: Function = Function {
    name: "uuid",
    takes: &["\"namespace\""],
    about: "The UUID that a name has in a namespace (version 5, RFC 9562 section 5.5): the same each time. The namespace is `dns`, `url`, `oid` or a UUID of your own.",
    example: [r#"uuid("dns")"#, r#""www.example.com""#, r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#],
    ours: true,
    makes: Makes::Value { run: uuid, prepare: namespace, types: Types::of(Kinds::TEXT, Result::Text).with(Kinds::TEXT) },
};

fn digest<'a, D: Digest>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let text = asked.text()?;
    asked.run.take_text(text.len(), asked.site)?;
    asked.run.take_steps(DIGEST_STEPS + u32::try_from(text.len() / 8).unwrap_or(u32::MAX), asked.site)?;
    asked.made_text(&hexadecimal(&D::digest(text)))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut made, byte| {
        let _ = write!(made, "{byte:02x}");
        made
    })
}

fn namespace(lowering: &mut Lowering<'_>, at: Place, arguments: &[Op]) -> Prepared {
    let name = match arguments {
        [Op { kind: OpKind::Literal(Literal::Text(name)), .. }] => &**name,
        _ => "",
    };
    let known = match name {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let digits: String = known.split('-').collect();
    match (known.len(), u128::from_str_radix(&digits, 16)) {
        (36, Ok(namespace)) if digits.len() == 32 => Prepared::Namespace(namespace.to_be_bytes()),
        _ => {
            let help = "write `uuid(\"dns\")`, `uuid(\"url\")`, `uuid(\"oid\")` or a UUID in quotes".to_string();
            lowering.fault(&codes::ARGUMENTS, at, "`uuid` wants a namespace that is written out", help);
            Prepared::Nothing
        }
    }
}

fn uuid<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let text = asked.text()?;
    asked.run.take_text(text.len(), asked.site)?;
    let Prepared::Namespace(namespace) = asked.prepared else { return Ok(Value::Null) };
    let digest = Sha1::new().chain_update(namespace).chain_update(text).finalize();
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hexadecimal(&bytes);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    asked.made_text(&parts.join("-"))
}
