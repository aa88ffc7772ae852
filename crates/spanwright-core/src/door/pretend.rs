//! A request as a sender would make it, for tests and documents: nothing is sent.

use std::{fmt::Write as _, sync::Arc};

use spanwright_shape::{json, value::Value};

use super::{HttpAnswer, Route, Segment};

/// Where senders of pretended requests think that we are.
pub const ORIGIN: &str = "http://spanwright.test";

/// What a sender brings, before it is written in the door's protocol.
#[derive(Clone, Copy, Debug)]
pub struct Brings<'b> {
    /// Values of the path's parameters.
    pub path: &'b [(String, String)],
    /// Behind the `?`.
    pub query: &'b [(String, String)],
    /// Names in lower case; these come before those that the protocol adds.
    pub headers: &'b [(String, String)],
    /// The body.
    pub body: Carries<'b>,
}

/// A body.
#[derive(Clone, Copy, Debug)]
pub enum Carries<'b> {
    /// None.
    Nothing,
    /// A value, written as the protocol writes it.
    Value(Value<'b>),
    /// Exactly these bytes.
    Bytes(&'b [u8]),
}

/// A request, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pretended {
    /// `POST`
    pub method: String,
    /// Percent-encoded.
    pub path: String,
    /// Percent-encoded, without the `?`.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request to a door and what came of it, as a test made them.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The door's number.
    pub door: usize,
    /// The operation's.
    pub operation: usize,
    /// What it shows.
    pub case: Arc<str>,
    /// Values of the path's parameters.
    pub parameters: Vec<(String, String)>,
    /// Values of the query.
    pub query: Vec<(String, String)>,
    /// The client that a test said it is.
    pub client: Option<Arc<str>>,
    /// The request.
    pub asked: Pretended,
    /// The answer.
    pub answer: HttpAnswer,
}

impl Pretended {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_slice())
    }

    /// Adds a header, where there is none of its name.
    pub fn add_header(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        if self.header(name).is_none() {
            self.headers.push((name.to_string(), value.into()));
        }
    }
}

/// The request of a sender that speaks HTTP and JSON.
///
/// # Errors
/// A parameter of the path has no value.
pub fn plain(route: &Route, brings: &Brings<'_>) -> Result<Pretended, String> {
    let mut made = Pretended { method: route.method.unwrap_or("POST").to_string(), ..Pretended::default() };
    for segment in &route.path {
        made.path.push('/');
        match segment {
            Segment::Word(word) => made.path.push_str(word),
            Segment::Parameter(name) => {
                let given = brings.path.iter().find(|(have, _)| **have == **name);
                let (_, value) =
                    given.ok_or_else(|| format!("the path has a parameter `{name}`: write `request: {{ path: {{ {name}: .. }} }}`"))?;
                encode(value, &mut made.path);
            }
        }
    }
    if made.path.is_empty() {
        made.path.push('/');
    }
    for (n, (name, value)) in brings.query.iter().enumerate() {
        made.query.push_str(if n > 0 { "&" } else { "" });
        encode(name, &mut made.query);
        made.query.push('=');
        encode(value, &mut made.query);
    }
    made.headers = brings.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone().into_bytes())).collect();
    match brings.body {
        Carries::Nothing => {}
        Carries::Bytes(bytes) => made.body = bytes.to_vec(),
        Carries::Value(value) => {
            json::write(&value, &mut made.body);
            made.add_header("content-type", "application/json");
        }
    }
    Ok(made)
}

/// Unreserved characters stand for themselves (RFC 3986, section 2.3).
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => drop(write!(out, "%{other:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_request_is_written_from_its_parts() {
        let pair = |name: &str, value: &str| vec![(name.to_string(), value.to_string())];
        let (path, query) = (pair("id", "a/b"), pair("q", "ü &"));
        let brings = Brings { path: &path, query: &query, headers: &[], body: Carries::Value(Value::Bool(true)) };
        let made = plain(&Route::parse("PUT /orders/{id}").unwrap(), &brings).unwrap();
        assert_eq!((&*made.method, &*made.path, &*made.query), ("PUT", "/orders/a%2Fb", "q=%C3%BC%20%26"));
        assert_eq!((made.header("content-type"), &*made.body), (Some(b"application/json".as_slice()), b"true".as_slice()));
        let nothing = Brings { path: &[], ..brings };
        assert!(plain(&Route::parse("PUT /orders/{id}").unwrap(), &nothing).unwrap_err().contains("parameter `id`"));
    }
}
