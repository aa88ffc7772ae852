//! The way in: requests to us become messages, and what a flow says becomes answers. Bytes and values only.
//!
//! A [`Door`] is what a [`System`](crate::connector::System) is on the way out, turned around: it takes a request apart
//! (who signed it, which operation it means, what its body holds) and writes the answer in the sender's own protocol.
//! The engine owns the socket, the journal and the clock. What always holds: a request that a door refused was not
//! taken; a message is answered for only when the journal has it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use spanwright_shape::{
    json,
    number::Number,
    room::Room,
    shape::ShapeId,
    text::{Failure, FileId, Span},
    value::Value,
};

use crate::{
    connector::With,
    interface::Interface,
    settings::{Rate, SignSettings, Template},
};

pub mod at_once;
pub mod pretend;
pub mod reception;
mod routes;

pub use pretend::{Brings, Carries, Pretended, Visit};
pub use routes::{Found, Routes};

/// One way in: a webhook endpoint, an HTTP endpoint, the facade of an API.
pub trait Door: Send + Sync {
    /// The methods and paths that it answers on.
    fn routes(&self) -> &[Route];

    /// What can be asked of it, in shapes. Of an operation, `body` is what comes in, `with` the parameters of its path,
    /// `gives` what a reply must fit and `refuses` its declared faults.
    fn interface(&self) -> &Interface;

    /// What comes beside the body, by the name that expressions see (`headers`, `query`, `path`), in the interface's arena.
    fn beside(&self, operation: usize) -> Vec<(&str, ShapeId)>;

    /// Headers by which a sender shows that a request is its own, where the door itself asks for them.
    fn signs(&self) -> Vec<SignHeader> {
        Vec::new()
    }

    /// What anybody may ask, whoever its clients are: a description of the interface.
    fn is_open_to(&self, request: &Request<'_>) -> bool {
        let _ = request;
        false
    }

    /// Takes a request apart.
    ///
    /// # Errors
    /// [`Refused`]: nothing was taken.
    fn receive<'r>(&'r self, request: &Request<'r>, with: &With<'_>, room: &'r Room) -> Result<Received<'r>, Refused>;

    /// Writes why a request is refused before it was taken apart, in the dialect that its head shows.
    fn refuse(&self, request: &Request<'_>, refused: &Refused) -> HttpAnswer {
        let _ = request;
        self.answer(None, &Said::Refused(refused))
    }

    /// Writes what is said to the sender. `asked` is `None` where the request was refused before it was known.
    fn answer(&self, asked: Option<Asked>, said: &Said<'_>) -> HttpAnswer;

    /// A request as a sender would make it, for tests and documents; nothing is sent.
    ///
    /// # Errors
    /// It cannot be said so, in words for the author of a test.
    fn pretend(&self, operation: usize, brings: &Brings<'_>, with: &With<'_>) -> Result<Pretended, String> {
        let _ = (operation, with);
        pretend::plain(self.routes().first().ok_or("it answers nowhere")?, brings)
    }
}

/// A header of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignHeader {
    /// Its name, in lower case.
    pub name: Arc<str>,
    /// What it carries.
    pub carries: Signs,
    /// The same for people: `HMAC-SHA256 over {timestamp}.{body}, in hex`.
    pub about: String,
}

/// What a header of a signed request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// The signature.
    Signature,
    /// When it was signed.
    Time,
    /// Which event it is.
    Event,
}

/// What was asked, as far as the answer must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which operation.
    pub operation: usize,
    /// The sender's dialect of the protocol, in the door's own numbers: SOAP has two versions.
    pub dialect: u8,
}

/// Decides who may come in, before a door sees a request.
pub trait Guard: Send + Sync {
    /// Who sends this?
    ///
    /// # Errors
    /// Nobody whom we know, or somebody who may not.
    fn admit(&self, request: &Request<'_>, with: &With<'_>, keys: &dyn Keys) -> Result<Admitted, Refused>;

    /// Headers that carry a secret, in lower case: no door sees them, so they are kept nowhere.
    fn secret_headers(&self) -> &[Arc<str>] {
        &[]
    }
}

/// Published key sets, as far as they were fetched.
pub trait Keys {
    /// The set of an address: JSON.
    fn set(&self, url: &str) -> Option<Arc<str>>;
    /// Whether it may be fetched anew by now.
    fn may_be_asked_again(&self, url: &str) -> bool;
}

/// Who came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// This client.
    Client(Arc<str>),
    /// Nobody can say before this key set is fetched.
    Wants(String),
}

/// One entry of `clients:`.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Its name.
    pub name: Arc<str>,
    /// How it shows who it is.
    pub proof: Proof,
    /// It comes from here; empty: from anywhere.
    pub networks: Vec<Network>,
    /// So many requests in a time.
    pub rate: Option<Rate>,
    /// Operations that it may ask for, and where each stands; `None`: all of them.
    pub may: Option<Vec<(Arc<str>, Span)>>,
}

/// How a client shows who it is.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A key in a header, by the SHA-256 of it; each is accepted.
    ApiKey {
        /// The header, in lower case.
        header: Arc<str>,
        /// Hexadecimal digits, and where they stand.
        hashes: Vec<(Template, Span)>,
    },
    /// RFC 7617.
    Basic {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// A WS-Security user name token in a SOAP envelope.
    Token {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// A JSON Web Token.
    Jwt(JwtSettings),
    /// A signature over the body.
    Hmac(SignSettings),
    /// A client certificate, by the SHA-256 of it.
    Mtls {
        /// Hexadecimal digits.
        fingerprints: Vec<Template>,
    },
    /// Only where it comes from.
    Address,
}

/// `jwt:` of a client.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// `iss`
    pub issuer: Template,
    /// `aud`
    pub audience: Template,
    /// Where the key set is published.
    pub jwks: Template,
    /// The only algorithms that count, and where each stands.
    pub algorithms: Vec<(String, Span)>,
    /// Each must be granted.
    pub scopes: Vec<String>,
    /// By how much clocks may differ.
    pub skew: Duration,
}

impl Proof {
    /// What `www-authenticate` says of it.
    pub fn challenge(&self) -> Option<&'static str> {
        match self {
            Proof::Basic { .. } => Some("Basic realm=\"spanwright\""),
            Proof::Jwt(_) => Some("Bearer"),
            Proof::ApiKey { .. } | Proof::Token { .. } | Proof::Hmac(_) | Proof::Mtls { .. } | Proof::Address => None,
        }
    }
}

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// `10.0.0.0/8`, `2001:db8::/32`, or one address. `None` where it is none.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= all)?,
            None => all,
        };
        Some(Network { address, bits })
    }

    /// Whether an address is in it. An IPv4 address in IPv6 clothes is that IPv4 address.
    pub fn holds(&self, address: IpAddr) -> bool {
        let wide = |address: IpAddr| match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, true),
            IpAddr::V6(address) => (u128::from(address), false),
        };
        let ((own, own_four), (other, other_four)) = (wide(self.address), wide(address.to_canonical()));
        let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
        own_four == other_four && own & mask == other & mask
    }
}

/// What a door is made from.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// The flow's, system's or API's name.
    pub name: Arc<str>,
    /// Where it is declared.
    pub at: Span,
    /// What it is.
    pub kind: DoorKind,
}

/// The kinds of ways in.
#[derive(Clone, Debug)]
pub enum DoorKind {
    /// `from: { http: METHOD /path }`
    Endpoint(Route),
    /// `apis/NAME.yaml`
    Api {
        /// The key that names its protocol: `soap`, `rest`.
        protocol: Arc<str>,
        /// The pinned schema.
        schema: Option<FileId>,
        /// Where it is served.
        path: Route,
        /// Callers sign in by a token in the message.
        by_token: bool,
    },
    /// `webhooks:` of a system.
    Webhook(WebhookSettings),
}

/// `webhooks: { preset, path, secret, id }`
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where the preset is named.
    pub at: Span,
    /// `stripe`, `github`, ...
    pub preset: Arc<str>,
    /// Where it is served.
    pub path: Route,
    /// The secrets; each is accepted.
    pub secrets: Vec<Template>,
    /// What a preset does not fix: `header`, `algorithm`, ... in the order in which they were written.
    pub options: Vec<(Arc<str>, Template, Span)>,
}

/// A method and a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `POST`; `None`: any.
    pub method: Option<&'static str>,
    /// Its segments.
    pub path: Vec<Segment>,
}

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// As it stands.
    Word(Arc<str>),
    /// `{id}`: one segment, whatever it holds.
    Parameter(Arc<str>),
}

/// The methods that a route may name.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Route {
    /// `POST /orders/{id}`, or a path alone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Route, &'static str> {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => {
                let known = METHODS.into_iter().find(|known| *known == method);
                (Some(known.ok_or("the method is GET, POST, PUT, PATCH or DELETE")?), path.trim())
            }
            None => (None, text),
        };
        let rest = path.strip_prefix('/').ok_or("a path begins with `/`")?;
        let segments = rest.split('/').filter(|_| !rest.is_empty()).map(segment).collect::<Result<_, _>>()?;
        Ok(Route { method, path: segments })
    }

    /// The parameters of a path that fits, each still percent-encoded; `None` where it does not.
    pub fn fits<'p>(&'p self, path: &'p str) -> Option<Vec<(&'p str, &'p str)>> {
        let rest = path.strip_prefix('/')?;
        let mut given = rest.split('/').filter(|_| !rest.is_empty());
        let mut parameters = Vec::new();
        for segment in &self.path {
            match (segment, given.next()?) {
                (Segment::Word(word), given) if **word == *given => {}
                (Segment::Parameter(name), given) if !given.is_empty() => parameters.push((&**name, given)),
                (Segment::Word(_) | Segment::Parameter(_), _) => return None,
            }
        }
        given.next().is_none().then_some(parameters)
    }

    /// Whether some request would fit both.
    pub fn meets(&self, other: &Route) -> bool {
        let methods = self.method.is_none() || other.method.is_none() || self.method == other.method;
        let alike = |(one, other): (&Segment, &Segment)| match (one, other) {
            (Segment::Word(one), Segment::Word(other)) => one == other,
            (Segment::Parameter(_), _) | (_, Segment::Parameter(_)) => true,
        };
        methods && self.path.len() == other.path.len() && self.path.iter().zip(&other.path).all(alike)
    }

    /// The names of its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &Arc<str>> {
        self.path.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name),
            Segment::Word(_) => None,
        })
    }
}

impl std::fmt::Display for Route {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(method) = self.method {
            write!(to, "{method} ")?;
        }
        if self.path.is_empty() {
            return write!(to, "/");
        }
        self.path.iter().try_for_each(|segment| match segment {
            Segment::Word(word) => write!(to, "/{word}"),
            Segment::Parameter(name) => write!(to, "/{{{name}}}"),
        })
    }
}

fn segment(text: &str) -> Result<Segment, &'static str> {
    if let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        let good = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        return if good { Ok(Segment::Parameter(name.into())) } else { Err("a parameter is letters, digits and `_` in braces") };
    }
    let good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte));
    if good { Ok(Segment::Word(text.into())) } else { Err("a segment of a path has characters that stand for themselves, or is `{name}`") }
}

/// A request to us, complete.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// `POST`
    pub method: &'r str,
    /// As the sender addressed us, where a proxy told us: `https://hooks.example.com`.
    pub origin: &'r str,
    /// As it was sent, still percent-encoded.
    pub path: &'r str,
    /// Behind the `?`, as it was sent.
    pub query: &'r str,
    /// The parameters of the route, still percent-encoded.
    pub parameters: &'r [(&'r str, &'r str)],
    /// In order; names in lower case.
    pub headers: &'r [(&'r str, &'r [u8])],
    /// Decoded of transfer and content coding.
    pub body: &'r [u8],
    /// Who sent it, behind the proxies that we trust.
    pub from: IpAddr,
    /// The SHA-256 of the sender's certificate, where it showed one that we trust.
    pub certificate: Option<[u8; 32]>,
}

impl<'r> Request<'r> {
    /// The first header of a name, where it is text.
    pub fn header(&self, name: &str) -> Option<&'r str> {
        let (_, value) = self.headers.iter().find(|(have, _)| *have == name)?;
        std::str::from_utf8(value).ok()
    }

    /// How many headers have this name.
    pub fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(have, _)| *have == name).count()
    }
}

/// What a request is.
#[derive(Clone, Debug)]
pub enum Received<'r> {
    /// A message.
    Message(Incoming<'r>),
    /// No message: it is answered at once (a challenge, a description of the interface).
    Answer(HttpAnswer),
}

/// A message that came in.
#[derive(Clone, Debug)]
pub struct Incoming<'r> {
    /// Which operation it means.
    pub operation: usize,
    /// The dialect that its sender speaks; see [`Asked`].
    pub dialect: u8,
    /// The body.
    pub body: Value<'r>,
    /// What came beside it: `$headers`, `$query`, `$path`. A record of records.
    pub beside: Value<'r>,
    /// Which event it is, in the sender's own words (`Idempotency-Key`, a webhook's id).
    pub once: Option<String>,
    /// The sender's correlation id.
    pub correlation: Option<String>,
}

/// Why a request was not taken.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The HTTP status that says it best.
    pub status: u16,
    /// Why. It is told to the sender, so it holds no secret and no value of the message.
    pub failure: Failure,
    /// Further headers of the answer (`retry-after`, `www-authenticate`).
    pub headers: Vec<(Arc<str>, Vec<u8>)>,
}

impl Refused {
    /// With this status, for this reason.
    pub fn new(status: u16, failure: Failure) -> Refused {
        Refused { status, failure, headers: Vec::new() }
    }

    /// As `application/problem+json` (RFC 9457).
    pub fn problem(&self) -> HttpAnswer {
        let title = reason(self.status);
        let number = Number::int(i64::from(self.status));
        let fields = [
            ("title", Value::Text(title)),
            ("status", Value::Number(number)),
            ("detail", Value::Text(&self.failure.says)),
            ("code", Value::Text(self.failure.code.id)),
        ];
        let mut body = Vec::new();
        json::write(&Value::Record(&fields), &mut body);
        let mut headers = vec![(Arc::from("content-type"), b"application/problem+json".to_vec())];
        headers.extend(self.headers.iter().cloned());
        HttpAnswer { status: self.status, headers, body }
    }

    /// With a further header.
    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Refused {
        self.headers.push((name.into(), value.into()));
        self
    }
}

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
fn reason(status: u16) -> &'static str {
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

    fn check(route: &str, path: &str, expected: Option<&[(&str, &str)]>) {
        assert_eq!(Route::parse(route).unwrap().fits(path).as_deref(), expected, "{route} {path}");
    }

    #[test]
    fn a_path_fits_segment_by_segment() {
        check("POST /orders/{id}", "/orders/7", Some(&[("id", "7")]));
        check("POST /orders/{id}", "/orders/a%2Fb", Some(&[("id", "a%2Fb")]));
        check("POST /orders/{id}/lines/{n}", "/orders/7/lines/1", Some(&[("id", "7"), ("n", "1")]));
        check("/", "/", Some(&[]));
        for other in ["/orders", "/orders/", "/orders/7/", "/Orders/7", "orders/7", "/orders//7", "/orders/7/x"] {
            check("POST /orders/{id}", other, None);
        }
    }

    #[test]
    fn what_is_no_route_is_told() {
        for bad in
            ["orders", "FETCH /orders", "post /orders", "POST orders", "POST /a//b", "POST /{}", "POST /a b", "POST /{a-b}", "POST /ü"]
        {
            assert!(Route::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Route::parse("POST /a/{id}").unwrap().to_string(), "POST /a/{id}");
    }

    #[test]
    fn two_routes_meet_where_one_request_fits_both() {
        let meets = |one: &str, other: &str| Route::parse(one).unwrap().meets(&Route::parse(other).unwrap());
        assert!(meets("POST /a/{x}", "POST /a/b") && meets("/a", "POST /a"));
        assert!(!meets("POST /a", "GET /a") && !meets("POST /a", "POST /a/b") && !meets("POST /a/b", "POST /a/c"));
    }

    #[test]
    fn networks() {
        let holds = |network: &str, address: &str| Network::parse(network).unwrap().holds(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && holds("0.0.0.0/0", "1.2.3.4") && holds("1.2.3.4", "1.2.3.4"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && holds("10.0.0.0/8", "::ffff:10.0.0.1") && holds("::/0", "::1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1") && !holds("1.2.3.4/32", "1.2.3.5") && !holds("::/0", "1.2.3.4"));
        for bad in ["10.0.0.0/33", "::/129", "10.0.0", "a/8", "10.0.0.0/", ""] {
            assert!(Network::parse(bad).is_none(), "{bad}");
        }
    }

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
