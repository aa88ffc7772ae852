//! Reading an answer: its headers, and its body within bounds.

use std::{
    io::{BufRead, Read},
    sync::Arc,
};

use spanwright_core::connector::Said;
use spanwright_shape::{json, value::Value};

/// Bytes of an answer that are read into memory.
pub const ANSWER_BYTES_MOST: usize = 64 << 20;
/// Bytes of a refusal that are read; it is only looked through for words.
pub const REFUSAL_BYTES_MOST: usize = 64 << 10;

/// Why a body could not be read whole.
#[derive(Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// The connection was cut inside it: after so many bytes, and why.
    Cut(usize, String),
    /// It has more bytes than this.
    TooLarge(usize),
}

impl BodyFault {
    /// In words that go on after "the answer".
    pub fn words(&self) -> String {
        match self {
            BodyFault::Cut(bytes, why) => format!("was cut after {bytes} bytes ({why})"),
            BodyFault::TooLarge(most) => format!("has more than {most} bytes"),
        }
    }
}

/// The whole body.
///
/// # Errors
/// It was cut, or has more than `most` bytes.
pub fn read_body(body: &mut dyn BufRead, most: usize) -> Result<Vec<u8>, BodyFault> {
    let mut bytes = Vec::new();
    match body.take(most as u64 + 1).read_to_end(&mut bytes) {
        Err(error) => Err(BodyFault::Cut(bytes.len(), error.to_string())),
        Ok(_) if bytes.len() > most => Err(BodyFault::TooLarge(most)),
        Ok(_) => Ok(bytes),
    }
}

/// The first header of a name, which is in lower case.
pub fn header<'h>(headers: &'h [(Arc<str>, Vec<u8>)], name: &str) -> Option<&'h [u8]> {
    headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
}

/// What the body says that it is, without parameters and in lower case; for people where it says nothing.
pub fn media_type(headers: &[(Arc<str>, Vec<u8>)]) -> String {
    let value = header(headers, "content-type").map(String::from_utf8_lossy).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence.is_empty() { "no content type".to_string() } else { super::excerpt::bounded(&essence) }
}

/// A good answer in JSON, as a server would give it.
pub fn said_json(value: &Value<'_>) -> Said {
    let mut body = Vec::new();
    json::write(value, &mut body);
    Said { status: 200, headers: vec![("content-type".into(), b"application/json".to_vec())], body }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Gives some bytes and then an error.
    struct Torn(&'static [u8]);

    impl Read for Torn {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            match std::mem::take(&mut self.0) {
                [] => Err(std::io::Error::other("connection reset")),
                bytes => {
                    into[..bytes.len()].copy_from_slice(bytes);
                    Ok(bytes.len())
                }
            }
        }
    }

    #[test]
    fn a_body_is_read_up_to_its_bound() {
        assert_eq!(read_body(&mut &b"12345"[..], 5), Ok(b"12345".to_vec()));
        assert_eq!(read_body(&mut &b"12345"[..], 4), Err(BodyFault::TooLarge(4)));
    }

    #[test]
    fn a_cut_body_says_where() {
        let mut body = BufReader::new(Torn(b"{\"a\""));
        assert_eq!(read_body(&mut body, 100), Err(BodyFault::Cut(4, "connection reset".into())));
    }

    #[test]
    fn the_media_type_is_bare() {
        let headers = [("content-type".into(), b"Text/HTML; charset=utf-8".to_vec())];
        assert_eq!(media_type(&headers), "text/html");
        assert_eq!(media_type(&[]), "no content type");
    }
}
