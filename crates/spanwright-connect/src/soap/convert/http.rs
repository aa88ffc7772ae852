//! An exchange as it was captured: a status or request line, header fields, an empty line, and the message.

use spanwright_shape::xml;

use super::Way;

/// What the head of a captured message says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Requests begin with a method, answers with a version.
    pub way: Way,
    /// The status of an answer.
    pub status: Option<u16>,
    /// The `Content-Type`.
    pub content_type: Option<String>,
    /// The `SOAPAction`, or the `action` of a SOAP 1.2 content type; without its quotes.
    pub action: Option<String>,
}

impl Head {
    /// The charset that the transport names.
    pub fn charset(&self) -> Option<&str> {
        self.content_type.as_deref().and_then(xml::charset_of)
    }

    /// Whether the message has parts: SOAP with Attachments, or MTOM.
    pub fn is_multipart(&self) -> bool {
        self.content_type.as_deref().is_some_and(|media| media.trim().to_ascii_lowercase().starts_with("multipart/"))
    }
}

/// Methods that a captured request begins with.
const METHODS: [&str; 3] = ["POST ", "PUT ", "GET "];
/// Bytes of a head.
const HEAD_BYTES_MOST: usize = 64 << 10;

/// The head, where there is one, and where the message begins.
pub fn split(bytes: &[u8]) -> (Head, usize) {
    let none = (Head::default(), 0);
    let window = &bytes[..bytes.len().min(HEAD_BYTES_MOST)];
    let is_answer = window.starts_with(b"HTTP ") || window.starts_with(b"HTTP/");
    if !is_answer && !METHODS.iter().any(|method| window.starts_with(method.as_bytes())) {
        return none;
    }
    let Some((end, skip)) = blank_line(window) else { return none };
    let Ok(text) = std::str::from_utf8(&window[..end]) else { return none };
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split_ascii_whitespace().nth(1)).and_then(|word| word.parse().ok());
    let mut head =
        Head { way: if is_answer { Way::Answer } else { Way::Request }, status: status.filter(|_| is_answer), ..Head::default() };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "content-type" => {
                head.action = head.action.or_else(|| parameter(value, "action"));
                head.content_type = Some(value.trim().to_string());
            }
            "soapaction" => head.action = Some(value.trim().trim_matches('"').to_string()),
            _ => {}
        }
    }
    (head, end + skip)
}

fn blank_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let at = |what: &[u8]| bytes.windows(what.len()).position(|window| window == what).map(|n| (n, what.len()));
    [at(b"\r\n\r\n"), at(b"\n\n")].into_iter().flatten().min()
}

fn parameter(media: &str, wanted: &str) -> Option<String> {
    media.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_string())
    })
}
