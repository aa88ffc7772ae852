//! A SOAP fault, 1.1 or 1.2, as it comes: real servers qualify its children wrongly, mix the versions and leave
//! prefixes unbound in codes, so that only local names count here.

use std::time::Duration;

use spanwright_shape::xml::{Event, Fault as XmlFault, Reader};

use crate::http::{excerpt, retry_after::RETRY_AFTER_MOST};

/// Names under which a detail says how long to wait, in seconds.
const WAIT_NAMES: [&str; 3] = ["RetryAfterSeconds", "RetryAfter", "retryAfterSeconds"];
/// Elements of a detail that are remembered by name.
const DETAIL_NAMES_MOST: usize = 16;

/// What a fault says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fault {
    /// `Server`, `Client.Auth`, `Receiver`: without its prefix.
    pub(super) code: String,
    /// SOAP 1.2's subcodes, or what stands behind the dots of a 1.1 code.
    pub(super) subcodes: Vec<String>,
    /// In words, bounded.
    pub(super) reason: String,
    /// The elements in the detail: namespace and local name.
    pub(super) details: Vec<(String, String)>,
    /// How long the detail asks us to wait.
    pub(super) wait: Option<Duration>,
}

impl Fault {
    /// Reads a `Fault` whose start was just read, up to its end.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Fault, XmlFault> {
        let mut reading = Reading { fault: Fault::default(), path: Vec::new(), text: String::new() };
        loop {
            match reader.read()? {
                Event::Start(name) => reading.start(reader.uri(name.space), name.local),
                Event::Text(text) => reading.text.push_str(&text),
                Event::End if reading.path.is_empty() => return Ok(reading.fault),
                Event::End => reading.end(),
                Event::Eof => return Ok(reading.fault),
            }
        }
    }

    /// The code as people write it: `Server.Busy`.
    pub(super) fn full_code(&self) -> String {
        let parts: Vec<&str> = std::iter::once(&self.code).chain(&self.subcodes).map(String::as_str).collect();
        excerpt::bounded(&parts.join("."))
    }
}

/// The reading of a fault: where we are in it, by local names.
struct Reading {
    fault: Fault,
    path: Vec<String>,
    text: String,
}

impl Reading {
    fn start(&mut self, uri: &str, local: &str) {
        let in_detail = matches!(self.path.as_slice(), [detail] if detail.eq_ignore_ascii_case("detail"));
        if in_detail && self.fault.details.len() < DETAIL_NAMES_MOST {
            self.fault.details.push((uri.to_string(), local.to_string()));
        }
        self.path.push(local.to_string());
        self.text.clear();
    }

    fn end(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["faultcode"] => self.code(text),
            ["Code", "Value"] => self.code(text),
            // Some servers write `value`, which no version knows.
            ["Code", .., "Subcode", "Value" | "value"] => self.fault.subcodes.push(local(text).to_string()),
            ["faultstring"] | ["Reason", "Text"] if self.fault.reason.is_empty() => self.fault.reason = excerpt::bounded(text),
            [detail, .., name] if detail.eq_ignore_ascii_case("detail") && WAIT_NAMES.contains(name) => self.fault.wait = seconds(text),
            _ => {}
        }
        self.path.pop();
    }

    fn code(&mut self, text: &str) {
        let mut parts = local(text).split('.').map(str::to_string);
        self.fault.code = parts.next().unwrap_or_default();
        self.fault.subcodes.extend(parts);
    }
}

/// A QName without its prefix, which may be unbound.
fn local(text: &str) -> &str {
    text.rsplit(':').next().unwrap_or(text)
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse::<u64>().ok().filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MOST))
}
