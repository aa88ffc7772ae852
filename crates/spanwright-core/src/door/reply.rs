//! What a flow says to whoever waits, and the answer that goes out.

use std::sync::Arc;

use spanwright_shape::{json, number::Number, room::Room, value::Value};

use super::Refused;

/// What is said to a sender.
#[derive(Clone, Debug)]
pub enum Said<'s> {
    /// The message is kept, and will be seen to.
    Accepted {
        /// Its id, as people see it.
        id: &'s str,
        /// The path under which its state can be asked.
        at: &'s str,
    },
    /// What the flow replied.
    Replied(&'s Reply),
    /// The flow ended and replied nothing.
    Finished {
        /// The message's id.
        id: &'s str,
    },
    /// The same event had been taken before.
    Repeated,
    /// No flow takes such a message.
    LeftOut,
    /// Not taken, or not done.
    Refused(&'s Refused),
}

/// What a `reply:` or `fault:` step said. It lies in the journal as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// `status:`
    pub status: Option<u16>,
    /// `headers:`
    pub headers: Vec<(String, String)>,
    /// The declared fault, where it is one.
    pub fault: Option<String>,
    /// The body as JSON.
    pub body: Vec<u8>,
}

impl Reply {
    /// As it lies in the journal.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        if let Some(status) = self.status {
            out.extend_from_slice(format!("\"status\":{status},").as_bytes());
        }
        if let Some(fault) = &self.fault {
            out.extend_from_slice(b"\"fault\":");
            json::write_text(fault, &mut out);
            out.push(b',');
        }
        if !self.headers.is_empty() {
            let fields: Vec<(&str, Value<'_>)> = self.headers.iter().map(|(name, value)| (name.as_str(), Value::Text(value))).collect();
            out.extend_from_slice(b"\"headers\":");
            json::write(&Value::Record(&fields), &mut out);
            out.push(b',');
        }
        out.extend_from_slice(b"\"body\":");
        out.extend_from_slice(if self.body.is_empty() { b"null" } else { &self.body });
        out.push(b'}');
        out
    }

    /// From the journal; `None` where it is no reply of ours.
    pub fn read(bytes: &[u8]) -> Option<Reply> {
        let room = Room::new();
        let Ok(Value::Record(fields)) = json::read(bytes, &room) else { return None };
        let mut reply = Reply::default();
        for (name, value) in fields {
            match (*name, value) {
                ("status", Value::Number(status)) => reply.status = status_of(status),
                ("fault", Value::Text(fault)) => reply.fault = Some((*fault).to_string()),
                ("headers", Value::Record(headers)) => {
                    let texts = headers.iter().filter_map(|(name, value)| Some(((*name).to_string(), value.text()?.to_string())));
                    reply.headers = texts.collect();
                }
                ("body", value) => json::write(value, &mut reply.body),
                _ => return None,
            }
        }
        Some(reply)
    }
}

/// What a status is called (RFC 9110); empty for one that we do not send.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        507 => "Insufficient Storage",
        _ => "",
    }
}

/// A number that is a status of an answer.
pub fn status_of(number: &Number<'_>) -> Option<u16> {
    number.as_i64().and_then(|status| u16::try_from(status).ok()).filter(|status| (200..=599).contains(status))
}

/// An answer, complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// In order; names in lower case.
    pub headers: Vec<(Arc<str>, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reply_is_read_back_as_it_was_written() {
        let full = Reply {
            status: Some(201),
            headers: vec![("location".into(), "/orders/7".into())],
            fault: Some("NotFound".into()),
            body: b"{\"n\":12.50}".to_vec(),
        };
        for reply in [full, Reply { body: b"null".to_vec(), ..Reply::default() }] {
            assert_eq!(Reply::read(&reply.to_bytes()), Some(reply));
        }
        assert_eq!(Reply::read(b"[1]"), None);
    }
}
