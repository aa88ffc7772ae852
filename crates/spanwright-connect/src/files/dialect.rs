//! How files are written: the dialect of CSV and the encoding, proved.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use spanwright_core::settings::CsvSettings;
use spanwright_shape::text::{Problems, Scalar};

use super::codes;

/// One CSV dialect.
#[derive(Clone, Debug)]
pub(crate) struct Dialect {
    pub delimiter: u8,
    pub quote: u8,
    /// What stands before a quote inside of quotes; `None`: a quote is doubled (RFC 4180).
    pub escape: Option<u8>,
    /// The first line has the names of the columns.
    pub header: bool,
    /// Names of the columns; of a file with a header those that are written, in this order.
    pub columns: Vec<Box<str>>,
}

impl Default for Dialect {
    fn default() -> Self {
        Dialect { delimiter: b',', quote: b'"', escape: None, header: true, columns: Vec::new() }
    }
}

impl Dialect {
    /// Proves the settings.
    pub fn of(settings: Option<&CsvSettings>, encoding: &'static Encoding, to: &mut Problems) -> Dialect {
        let Some(settings) = settings else { return Dialect::default() };
        let mut one = |given: &Option<Scalar>, otherwise: u8| match given {
            Some(text) => byte(text, encoding, to).unwrap_or(otherwise),
            None => otherwise,
        };
        let (delimiter, quote) = (one(&settings.delimiter, b','), one(&settings.quote, b'"'));
        let escape = settings.escape.as_ref().map(|_| one(&settings.escape, b'\\'));
        let columns = settings.columns.iter().map(|column| column.text.as_str().into()).collect::<Vec<Box<str>>>();
        if let (false, true, Some(at)) = (settings.header, columns.is_empty(), settings.header_at) {
            let help = "name them: `columns: [sku, price]`".to_string();
            to.error(&codes::FOLDER_SETTING, at, "without a header nobody knows what the columns are", help);
        }
        if let Some(text) = settings.delimiter.as_ref().or(settings.quote.as_ref()).filter(|_| delimiter == quote) {
            to.error(&codes::FOLDER_SETTING, text.span, "the delimiter and the quote are the same character", None);
        }
        for (n, column) in settings.columns.iter().enumerate() {
            if settings.columns[..n].iter().any(|before| before.text == column.text) {
                to.error(&codes::FOLDER_SETTING, column.span, format!("there are two columns `{}`", column.text), None);
            }
        }
        Dialect { delimiter, quote, escape, header: settings.header, columns }
    }
}

/// One ASCII character; `tab` is said so. In an encoding of several bytes a character, it must be none that is a part of another.
fn byte(text: &Scalar, encoding: &'static Encoding, to: &mut Problems) -> Option<u8> {
    let byte = match text.text.as_bytes() {
        b"tab" | b"\\t" => b'\t',
        [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n') => *byte,
        _ => {
            let help = "write one character, as `;`, or `tab`".to_string();
            to.error(&codes::FOLDER_SETTING, text.span, format!("`{}` is no single ASCII character", text.text), help);
            return None;
        }
    };
    let is_apart = encoding.is_single_byte() || encoding == UTF_8 || is_utf16(encoding) || byte < 0x30 || matches!(byte, b':' | b';');
    if !is_apart {
        let says = format!("in {} `{}` may be the second half of another character", encoding.name(), text.text);
        to.error(&codes::FOLDER_SETTING, text.span, says, "use `,`, `;` or `tab`".to_string());
    }
    is_apart.then_some(byte)
}

/// The encoding of a name.
pub(super) fn encoding(name: Option<&Scalar>, to: &mut Problems) -> &'static Encoding {
    let Some(name) = name else { return UTF_8 };
    let found = Encoding::for_label(name.text.as_bytes());
    if found.is_none() {
        let help = "as `utf-8`, `windows-1252`, `iso-8859-15`, `utf-16le`".to_string();
        to.error(&codes::FOLDER_SETTING, name.span, format!("there is no encoding `{}`", name.text), help);
    }
    found.unwrap_or(UTF_8)
}

pub(super) fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}
