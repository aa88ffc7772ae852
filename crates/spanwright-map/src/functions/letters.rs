//! Letters of all scripts: case, normal forms, accents. `ascii_downcase` is cheaper where ASCII will do.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{Asked, Function, Makes, Prepared, Result, Types, types::nothing};
use crate::{
    codes,
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind},
    run::{Kinds, Outcome},
};

const TYPES: Types = Types::of(Kinds::TEXT, Result::Text);

/// `downcase`
pub static DOWNCASE: Function = Function {
    name: "downcase",
    takes: &[""],
    about: "The text in lower case, letters of every script (Unicode's full mapping, no language's own).",
    example: ["downcase", r#""ÄPFEL""#, r#""äpfel""#],
    ours: true,
    makes: Makes::Value { run: |asked| changed(asked, str::to_lowercase), prepare: nothing, types: TYPES },
};

/// `upcase`
pub static UPCASE: Function = Function {
    name: "upcase",
    takes: &[""],
    about: "The text in upper case, letters of every script: `ß` becomes `SS`.",
    example: ["upcase", r#""straße""#, r#""STRASSE""#],
    ours: true,
    makes: Makes::Value { run: |asked| changed(asked, str::to_uppercase), prepare: nothing, types: TYPES },
};

/// `normalize`
pub static NORMALIZE: Function = Function {
    name: "normalize",
    takes: &["\"form\""],
    about: "The text in a normal form of Unicode (UAX 15): `NFC`, `NFD`, `NFKC` or `NFKD`. Texts that look alike compare equal then.",
    example: [r#"normalize("NFC") | length"#, r#""e\u0301""#, "1"],
    ours: true,
    makes: Makes::Value {
        run: |asked| match asked.argument_text(0)? {
            "NFC" => changed(asked, |text| text.nfc().collect()),
            "NFD" => changed(asked, |text| text.nfd().collect()),
            "NFKC" => changed(asked, |text| text.nfkc().collect()),
            _ => changed(asked, |text| text.nfkd().collect()),
        },
        prepare: form,
        types: Types::of(Kinds::TEXT, Result::Text).with(Kinds::TEXT),
    },
};

/// `without_accents`
pub static WITHOUT_ACCENTS: Function = Function {
    name: "without_accents",
    takes: &[""],
    about: "The text without accents and other marks, for targets that take plain letters only: `é` is `e`, `ä` is `a`, `ß` is `ss`, `ø` is `o`.",
    example: ["without_accents", r#""Żółć Größe""#, r#""Zolc Grosse""#],
    ours: true,
    makes: Makes::Value { run: |asked| changed(asked, plain), prepare: nothing, types: TYPES },
};

/// What a text costs however short it is.
const SHORT_STEPS: usize = 8;

fn changed<'a>(asked: &Asked<'a, '_>, change: fn(&str) -> String) -> Outcome<'a> {
    let text = asked.text()?;
    // A normal form has at most eighteen times the characters; a short text costs its tables all the same.
    asked.run.take_text(64 * SHORT_STEPS + text.len().saturating_mul(6), asked.site)?;
    asked.made_text(&change(text))
}

fn plain(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => made.push_str("ss"),
            'ẞ' => made.push_str("SS"),
            'æ' => made.push_str("ae"),
            'Æ' => made.push_str("AE"),
            'œ' => made.push_str("oe"),
            'Œ' => made.push_str("OE"),
            'þ' => made.push_str("th"),
            'Þ' => made.push_str("Th"),
            'ø' => made.push('o'),
            'Ø' => made.push('O'),
            'ł' => made.push('l'),
            'Ł' => made.push('L'),
            'đ' | 'ð' => made.push('d'),
            'Đ' | 'Ð' => made.push('D'),
            'ı' => made.push('i'),
            other => made.push(other),
        }
    }
    made
}

fn form(lowering: &mut Lowering<'_>, at: Place, arguments: &[Op]) -> Prepared {
    let known =
        matches!(arguments, [Op { kind: OpKind::Literal(Literal::Text(form)), .. }] if matches!(&**form, "NFC" | "NFD" | "NFKC" | "NFKD"));
    if !known {
        lowering.fault(&codes::ARGUMENTS, at, "`normalize` wants a normal form", "write `normalize(\"NFC\")`; NFD, NFKC, NFKD".to_string());
    }
    Prepared::Nothing
}

#[cfg(test)]
mod tests {
    #[test]
    fn letters_without_a_decomposition_have_their_usual_plain_ones() {
        for (text, expected) in
            [("Łódź", "Lodz"), ("Bjørn", "Bjorn"), ("Đorđe", "Dorde"), ("Þór", "Thor"), ("日本", "日本"), ("e\u{301}", "e")]
        {
            assert_eq!(super::plain(text), expected);
        }
    }
}
