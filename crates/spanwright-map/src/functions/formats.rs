//! `@csv`, `@uri` and their like: a value as text of a format. In front of a text they are for what stands inside:
//! `@uri "https://x.test/?q=\(.q)"`.

use std::fmt::Write;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Nulls, Result, Types, types::nothing};
use crate::run::{Kinds, Outcome, Stop, What};

const ANY: Types = Types { dot: Kinds::ALL, nulls: Nulls::Forgiven, arguments: Kinds::NONE, gives: Result::Text, can_fail: false };
const ROW: Types = Types::of(Kinds::LIST, Result::Text).can_fail();

/// What the character of code 0 becomes, which none of these formats can hold.
const NOUGHT: &str = "\\0";

/// `@text`
pub static TEXT: Function = Function {
    name: "@text",
    takes: &[""],
    about: "As `tostring`.",
    example: [r#"@text "no \(.)""#, "12.50", r#""no 12.50""#],
    ours: false,
    makes: Makes::Value { run: |asked| asked.run.to_text(asked.dot, asked.site).map(Value::Text), prepare: nothing, types: ANY },
};

/// `@json`
pub static JSON: Function = Function {
    name: "@json",
    takes: &[""],
    about: "As `tojson`.",
    example: [r#"@json "value: \(.)""#, r#""a""#, r#""value: \"a\"""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| asked.run.to_json(asked.dot, asked.site).map(Value::Text),
        prepare: nothing,
        types: ANY.takes_null(),
    },
};

/// `@csv`
pub static CSV: Function = Function {
    name: "@csv",
    takes: &[""],
    about: "A list as a row of CSV (RFC 4180): texts in quotes, null as nothing, numbers and flags as they are.",
    example: ["@csv", r#"["a\"b", 12.50, null, true]"#, r#""\"a\"\"b\",12.50,,true""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            row(asked, ",", |text, out| {
                let _ = write!(out, "\"{}\"", text.replace('"', "\"\"").replace('\0', NOUGHT));
            })
        },
        prepare: nothing,
        types: ROW,
    },
};

/// `@tsv`
pub static TSV: Function = Function {
    name: "@tsv",
    takes: &[""],
    about: "A list as a row with tabs between; tabs, line breaks and backslashes in texts are escaped.",
    example: ["@tsv", r#"["a", 1]"#, r#""a\t1""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            row(asked, "\t", |text, out| {
                text.chars().for_each(|c| match c {
                    '\t' => out.push_str("\\t"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\\' => out.push_str("\\\\"),
                    '\0' => out.push_str(NOUGHT),
                    other => out.push(other),
                });
            })
        },
        prepare: nothing,
        types: ROW,
    },
};

/// `@html`
pub static HTML: Function = Function {
    name: "@html",
    takes: &[""],
    about: "The text with `<`, `>`, `&` and quotes as entities.",
    example: ["@html", r#""a < b""#, r#""a &lt; b""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            put_through(asked, |text, out| {
                text.chars().for_each(|c| match c {
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '&' => out.push_str("&amp;"),
                    '\'' => out.push_str("&apos;"),
                    '"' => out.push_str("&quot;"),
                    '\0' => out.push_str(NOUGHT),
                    other => out.push(other),
                });
            })
        },
        prepare: nothing,
        types: ANY,
    },
};

/// `@uri`
pub static URI: Function = Function {
    name: "@uri",
    takes: &[""],
    about: "The text with every byte percent-encoded that is not unreserved in RFC 3986.",
    example: [r#"@uri "?q=\(.)""#, r#""ä b""#, r#""?q=%C3%A4%20b""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            put_through(asked, |text, out| {
                text.bytes().for_each(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
                    other => {
                        let digit = |four: u8| char::from(b"0123456789ABCDEF"[usize::from(four)]);
                        out.extend(['%', digit(other >> 4), digit(other & 15)]);
                    }
                });
            })
        },
        prepare: nothing,
        types: ANY,
    },
};

/// `@urid`
pub static URID: Function = Function {
    name: "@urid",
    takes: &[""],
    about: "The text without percent-encoding; what is no encoding, or no UTF-8, fails.",
    example: ["@urid", r#""%C3%A4%20b""#, r#""ä b""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let text = asked.run.to_text(asked.dot, asked.site)?;
            let decoded = percent_decoded(text).ok_or_else(|| asked.stop(What::Argument("the text is not percent-encoded")))?;
            asked.made_text(&decoded)
        },
        prepare: nothing,
        types: ANY.can_fail(),
    },
};

/// `@sh`
pub static SH: Function = Function {
    name: "@sh",
    takes: &[""],
    about: "The text in single quotes, as a shell reads it; of a list each item, with spaces between.",
    example: ["@sh", r#"["it's", 1]"#, r#""'it'\\''s' 1""#],
    ours: false,
    makes: Makes::Value { run: shell, prepare: nothing, types: ANY.can_fail() },
};

/// `@base64`
pub static BASE64: Function = Function {
    name: "@base64",
    takes: &[""],
    about: "The bytes of the text in Base64 (RFC 4648 section 4), padded.",
    example: ["@base64", r#""Grüße""#, r#""R3LDvMOfZQ==""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| put_through(asked, |text, out| base64::engine::general_purpose::STANDARD.encode_string(text, out)),
        prepare: nothing,
        types: ANY,
    },
};

/// `@base64d`
pub static BASE64D: Function = Function {
    name: "@base64d",
    takes: &[""],
    about: "The text of Base64, padded or not; bytes that are no UTF-8 become U+FFFD.",
    example: ["@base64d", r#""R3LDvMOfZQ==""#, r#""Grüße""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let text = asked.run.to_text(asked.dot, asked.site)?;
            asked.run.take_text(text.len(), asked.site)?;
            let coded = text.split('=').next().unwrap_or_default();
            let config =
                GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent);
            let bytes = GeneralPurpose::new(&STANDARD, config).decode(coded);
            let bytes = bytes.map_err(|_| asked.stop(What::Argument("the text is no Base64")))?;
            asked.made_text(&as_jq_reads(&bytes))
        },
        prepare: nothing,
        types: ANY.can_fail(),
    },
};

/// UTF-8 as jq repairs it: U+FFFD for a bad sequence. One that the end cuts off takes all behind its first byte with it.
fn as_jq_reads(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, ..] = rest {
        let (taken, read) = sequence(*first, rest);
        text.push(read.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[taken..];
    }
    text
}

/// How many bytes a sequence takes, and the character that they spell.
fn sequence(first: u8, bytes: &[u8]) -> (usize, Option<char>) {
    let length = match first {
        0x00..=0x7F => return (1, Some(char::from(first))),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        0x80..=0xC1 | 0xF5..=0xFF => return (1, None),
    };
    let Some(whole) = bytes.get(..length) else { return (bytes.len(), None) };
    let tail = whole[1..].iter().take_while(|byte| **byte & 0xC0 == 0x80).count();
    if tail + 1 < length {
        return (tail + 1, None);
    }
    (length, std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()))
}

/// The value as text, and what is made of it.
fn put_through<'a>(asked: &Asked<'a, '_>, change: fn(&str, &mut String)) -> Outcome<'a> {
    let text = asked.run.to_text(asked.dot, asked.site)?;
    asked.run.take_text(text.len(), asked.site)?;
    let mut made = String::with_capacity(text.len());
    change(text, &mut made);
    asked.made_text(&made)
}

/// What the text of one item of a list costs, however short it is.
pub(super) const STEPS_A_CELL: u32 = 4;

fn row<'a>(asked: &Asked<'a, '_>, between: &str, quoted: fn(&str, &mut String)) -> Outcome<'a> {
    let mut made = String::new();
    for (n, item) in asked.list()?.iter().enumerate() {
        asked.run.take_steps(STEPS_A_CELL, asked.site)?;
        if n > 0 {
            made.push_str(between);
        }
        match item {
            Value::Null => (),
            Value::Text(text) => {
                asked.run.take_text(text.len(), asked.site)?;
                quoted(text, &mut made);
            }
            Value::Number(_) | Value::Bool(_) => made.push_str(asked.run.to_text(*item, asked.site)?),
            Value::List(_) | Value::Record(_) => return Err(scalar_wanted(asked, item)),
        }
    }
    asked.made_text(&made)
}

pub(super) fn scalar_wanted(asked: &Asked<'_, '_>, item: &Value<'_>) -> Stop {
    let wants = Kinds::TEXT.or(Kinds::NUMBER).or(Kinds::FLAG).or(Kinds::NULL);
    asked.stop(What::Kind { who: asked.who, wants, got: item.kind() })
}

fn shell<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let single = [asked.dot];
    let items = asked.dot.list().unwrap_or(&single);
    let mut made = String::new();
    for (n, item) in items.iter().enumerate() {
        asked.run.take_steps(STEPS_A_CELL, asked.site)?;
        if n > 0 {
            made.push(' ');
        }
        match item {
            Value::Text(text) => {
                asked.run.take_text(text.len(), asked.site)?;
                let _ = write!(made, "'{}'", text.replace('\'', "'\\''").replace('\0', NOUGHT));
            }
            Value::List(_) | Value::Record(_) => return Err(scalar_wanted(asked, item)),
            scalar => made.push_str(asked.run.to_text(*scalar, asked.site)?),
        }
    }
    asked.made_text(&made)
}

/// `None`: a percent sign without two hexadecimal digits, or bytes that are no UTF-8.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = behind;
            continue;
        }
        let (digits, behind) = behind.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}
