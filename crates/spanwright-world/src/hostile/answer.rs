//! The behaviours of a hostile server.

use std::{fmt, sync::Arc, time::Duration};

use super::Received;
use crate::{envelope, erp::envelope_of};

/// What happens to one request.
#[derive(Clone)]
pub enum Answer {
    /// An answer with these headers beside `Content-Length`, and this body.
    Whole {
        /// The status.
        status: u16,
        /// Further headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The answer depends on what was received.
    By(Arc<dyn Fn(&Received) -> Answer + Send + Sync>),
    /// The body ends after so many bytes, although `Content-Length` promised all; then the connection ends.
    CutInAnswer(Box<Answer>, usize),
    /// The answer comes after this time.
    Slow(Box<Answer>, Duration),
    /// The connection ends before a byte is read.
    CutBeforeReading,
    /// The request is read, and the connection ends without an answer.
    CutAfterReading,
    /// Nothing is read and nothing is answered, for ever.
    HangBeforeReading,
    /// The request is read and nothing is answered, for ever.
    HangAfterReading,
}

impl Answer {
    /// A status with an empty body.
    pub fn status(status: u16) -> Answer {
        Answer::of(status, "text/plain", "")
    }

    /// A status with `Retry-After` in seconds.
    pub fn retry_after(status: u16, seconds: u64) -> Answer {
        Answer::status(status).with("retry-after", &seconds.to_string())
    }

    /// Any body.
    pub fn of(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        Answer::Whole { status, headers: vec![("content-type".into(), content_type.into())], body: body.into() }
    }

    /// A JSON body.
    pub fn json(status: u16, body: &str) -> Answer {
        Answer::of(status, "application/json", body)
    }

    /// A problem of RFC 9457.
    pub fn problem(status: u16, title: &str) -> Answer {
        Answer::of(status, "application/problem+json", format!(r#"{{"title":"{title}","status":{status}}}"#))
    }

    /// A SOAP 1.1 envelope, whole.
    pub fn xml(status: u16, body: &str) -> Answer {
        Answer::of(status, "text/xml; charset=utf-8", body)
    }

    /// Status 200 and a page for people: a proxy's, or a login's.
    pub fn html_200() -> Answer {
        Answer::of(200, "text/html", "<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>")
    }

    /// Status 200 and no body.
    pub fn empty_200() -> Answer {
        Answer::of(200, "text/xml; charset=utf-8", "")
    }

    /// An envelope that ends in the middle of a customer.
    pub fn truncated_envelope() -> Answer {
        let whole = envelope_of(1);
        Answer::xml(200, &whole[..whole.find("<t:Status>").expect("each customer has a status")])
    }

    /// A SOAP fault with the declared detail `BusyFault` of the example's WSDL.
    pub fn busy_fault(retry_after_seconds: u64) -> Answer {
        Answer::xml(500, &envelope::busy(retry_after_seconds))
    }

    /// A SOAP fault without detail.
    pub fn fault(code: &str, reason: &str) -> Answer {
        Answer::xml(500, &envelope::fault(code, reason, ""))
    }

    /// Status 200 and `not json` as JSON.
    pub fn not_json() -> Answer {
        Answer::json(200, "not json")
    }

    /// A bulk answer of the example's CRM: each contact of the request got this status.
    pub fn all_contacts(status: u16) -> Answer {
        Answer::By(Arc::new(move |received| {
            let results: Vec<_> = (0..count_contacts(received))
                .map(|index| format!(r#"{{"index":{index},"status":{status},"id":"c-{index}","outcome":"created"}}"#))
                .collect();
            Answer::json(200, &format!(r#"{{"results":[{}]}}"#, results.join(",")))
        }))
    }

    /// A page of the example's ERP with customers 100001 and so on, and no further page.
    pub fn customers(count: u64) -> Answer {
        Answer::xml(200, &envelope_of(count))
    }

    /// The same answer with a further header.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Answer {
        match self {
            Answer::Whole { status, mut headers, body } => {
                headers.push((name.to_owned(), value.to_owned()));
                Answer::Whole { status, headers, body }
            }
            other => other,
        }
    }
}

fn count_contacts(received: &Received) -> usize {
    let body: serde_json::Value = serde_json::from_slice(&received.body).unwrap_or_default();
    body["contacts"].as_array().map_or(0, Vec::len)
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Whole { status, body, .. } => write!(out, "Whole({status}, {} bytes)", body.len()),
            Answer::By(_) => write!(out, "By(..)"),
            Answer::CutInAnswer(answer, bytes) => write!(out, "CutInAnswer({answer:?}, {bytes})"),
            Answer::Slow(answer, time) => write!(out, "Slow({answer:?}, {time:?})"),
            Answer::CutBeforeReading => write!(out, "CutBeforeReading"),
            Answer::CutAfterReading => write!(out, "CutAfterReading"),
            Answer::HangBeforeReading => write!(out, "HangBeforeReading"),
            Answer::HangAfterReading => write!(out, "HangAfterReading"),
        }
    }
}
