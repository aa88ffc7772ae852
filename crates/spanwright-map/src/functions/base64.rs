//! Base64 in the alphabet of URLs and file names (RFC 4648 section 5); the other one is `@base64`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Function, Makes, Result, Types, types::nothing};
use crate::run::{Kinds, What};

/// `base64url`
pub static BASE64URL: Function = Function {
    name: "base64url",
    takes: &[""],
    about: "The bytes of a text in Base64 of the URL alphabet, without padding.",
    example: ["base64url", r#""a>b?""#, r#""YT5iPw""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let text = asked.text()?;
            asked.run.take_text(text.len(), asked.site)?;
            asked.made_text(&URL_SAFE_NO_PAD.encode(text))
        },
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Text),
    },
};

/// `base64urld`
pub static BASE64URLD: Function = Function {
    name: "base64urld",
    takes: &[""],
    about: "The text of Base64 of the URL alphabet, padded or not; what is no UTF-8 fails.",
    example: ["base64urld", r#""YT5iPw""#, r#""a>b?""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let text = asked.text()?;
            asked.run.take_text(text.len(), asked.site)?;
            let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
            match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(decoded) => asked.made_text(&decoded),
                None => Err(asked.stop(What::Argument("the text is no Base64 of UTF-8"))),
            }
        },
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Text).can_fail(),
    },
};
