//! Bytes to text: UTF-8, UTF-16 and a short list of declared single-byte encodings.
//!
//! A byte order mark wins, then the charset of the transport (WS-I Basic Profile R1019), then the XML declaration.
//! What is not on the list is refused by name: guessing an encoding spoils names and addresses in silence.

use std::borrow::Cow;

use super::fault::{Fault, FaultKind};

/// Bytes looked at for the XML declaration's encoding.
const DECLARATION_BYTES_MOST: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { little: bool },
    Ascii,
    Latin1,
    Latin9,
    Windows1252,
}

/// The document's text, borrowed where it is UTF-8; `charset` is the transport's, where it named one.
///
/// # Errors
/// [`FaultKind::Encoding`] where bytes are not in the encoding that they claim, or it is none that we read.
pub fn text<'i>(bytes: &'i [u8], charset: Option<&str>) -> Result<Cow<'i, str>, Fault> {
    let (encoding, from) = encoding(bytes, charset)?;
    let rest = &bytes[from..];
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(rest).map(Cow::Borrowed).map_err(|fault| not_in(from + fault.valid_up_to(), "UTF-8")),
        Encoding::Utf16 { little } => utf16(rest, little).map(Cow::Owned),
        Encoding::Ascii => ascii(rest).map(Cow::Borrowed),
        Encoding::Latin1 => Ok(Cow::Owned(rest.iter().map(|byte| char::from(*byte)).collect())),
        Encoding::Latin9 => Ok(Cow::Owned(rest.iter().map(|byte| latin9(*byte)).collect())),
        Encoding::Windows1252 => windows1252(rest).map(Cow::Owned),
    }
}

/// The charset of a Content-Type, where it names one.
pub fn charset_of(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })
}

fn encoding(bytes: &[u8], charset: Option<&str>) -> Result<(Encoding, usize), Fault> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => return Ok((Encoding::Utf8, 3)),
        [0xFF, 0xFE, ..] => return Ok((Encoding::Utf16 { little: true }, 2)),
        [0xFE, 0xFF, ..] => return Ok((Encoding::Utf16 { little: false }, 2)),
        [b'<', 0, ..] => return Ok((Encoding::Utf16 { little: true }, 0)),
        [0, b'<', ..] => return Ok((Encoding::Utf16 { little: false }, 0)),
        _ => {}
    }
    match charset.filter(|name| !name.is_empty()).or_else(|| declared(bytes)) {
        None => Ok((Encoding::Utf8, 0)),
        Some(name) => named(name).map(|encoding| (encoding, 0)),
    }
}

fn named(name: &str) -> Result<Encoding, Fault> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Ok(Encoding::Utf8),
        // Without a mark and without `<` in either order these bytes are not UTF-16, whatever the label says.
        "utf-16" | "utf-16le" | "utf-16be" => Ok(Encoding::Utf8),
        "us-ascii" | "ascii" => Ok(Encoding::Ascii),
        "iso-8859-1" | "latin1" => Ok(Encoding::Latin1),
        "iso-8859-15" | "latin9" => Ok(Encoding::Latin9),
        "windows-1252" | "cp1252" => Ok(Encoding::Windows1252),
        _ => Err(Fault::new(
            FaultKind::Encoding,
            0,
            format!("the encoding `{name}` is not read here; UTF-8, UTF-16, ISO-8859-1, ISO-8859-15, windows-1252 and us-ascii are"),
        )),
    }
}

fn declared(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES_MOST)];
    let end = memchr::memchr(b'>', head)?;
    let declaration = std::str::from_utf8(head[..end].strip_prefix(b"<?xml")?).ok()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next()
}

fn not_in(at: usize, name: &str) -> Fault {
    Fault::new(FaultKind::Encoding, at, format!("byte {at} is not {name}; it may be Latin-1 without saying so"))
}

fn ascii(bytes: &[u8]) -> Result<&str, Fault> {
    match bytes.iter().position(|byte| !byte.is_ascii()) {
        Some(at) => Err(not_in(at, "us-ascii")),
        None => std::str::from_utf8(bytes).map_err(|fault| not_in(fault.valid_up_to(), "us-ascii")),
    }
}

fn utf16(bytes: &[u8], little: bool) -> Result<String, Fault> {
    if !bytes.len().is_multiple_of(2) {
        return Err(Fault::new(FaultKind::EndOfFile, bytes.len(), "UTF-16 text ends inside a character"));
    }
    let units = bytes
        .chunks_exact(2)
        .map(|pair| if little { u16::from_le_bytes([pair[0], pair[1]]) } else { u16::from_be_bytes([pair[0], pair[1]]) });
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .map_err(|_| Fault::new(FaultKind::Encoding, 0, "a lone surrogate in UTF-16 text"))
}

fn latin9(byte: u8) -> char {
    match byte {
        0xA4 => '€',
        0xA6 => 'Š',
        0xA8 => 'š',
        0xB4 => 'Ž',
        0xB8 => 'ž',
        0xBC => 'Œ',
        0xBD => 'œ',
        0xBE => 'Ÿ',
        _ => char::from(byte),
    }
}

fn windows1252(bytes: &[u8]) -> Result<String, Fault> {
    const HIGH: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•', '–', '—', '˜',
        '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    let one = |(at, byte): (usize, &u8)| match byte {
        0x80..=0x9F => match HIGH[usize::from(byte - 0x80)] {
            '\0' => Err(not_in(at, "windows-1252")),
            c => Ok(c),
        },
        _ => Ok(char::from(*byte)),
    };
    bytes.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], charset: Option<&str>, expected: &str) {
        assert_eq!(text(bytes, charset).as_deref(), Ok(expected));
    }

    #[test]
    fn utf8_is_borrowed_with_or_without_a_mark() {
        assert!(matches!(text("<a>ü</a>".as_bytes(), None), Ok(Cow::Borrowed("<a>ü</a>"))));
        check("\u{FEFF}<a/>".as_bytes(), None, "<a/>");
    }

    #[test]
    fn declared_and_transported_encodings_are_read() {
        check(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xFC</a>", None, "<?xml version='1.0' encoding='ISO-8859-1'?><a>ü</a>");
        check(b"<a>\xFC\x80</a>", Some("windows-1252"), "<a>ü€</a>");
        check(b"<a>\xA4</a>", Some("iso-8859-15"), "<a>€</a>");
        check(b"<\0a\0/\0>\0", None, "<a/>");
        check(b"\xFE\xFF\0<\0a\0/\0>", None, "<a/>");
    }

    #[test]
    fn the_transport_wins_over_the_declaration() {
        check(b"<?xml version='1.0' encoding='UTF-8'?><a>\xFC</a>", Some("ISO-8859-1"), "<?xml version='1.0' encoding='UTF-8'?><a>ü</a>");
    }

    #[test]
    fn wrong_and_unknown_encodings_are_faults() {
        assert_eq!(text(b"<a>\xFC</a>", None).err().map(|fault| (fault.kind, fault.at)), Some((FaultKind::Encoding, 3)));
        assert_eq!(text(b"<a/>", Some("ebcdic")).err().map(|fault| fault.kind), Some(FaultKind::Encoding));
    }

    #[test]
    fn a_charset_is_found_in_a_content_type() {
        assert_eq!(charset_of("text/xml; charset=\"utf-8\""), Some("utf-8"));
        assert_eq!(charset_of("text/xml"), None);
    }
}
