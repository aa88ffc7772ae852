//! What `systems/NAME.yaml` says, read and typed, before a connector has proved it against the schema.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::{FileId, Scalar, Span};

use crate::deliver::Hours;

/// Everything about one external system.
#[derive(Clone, Debug)]
pub struct SystemSettings {
    /// Its name.
    pub name: Arc<str>,
    /// The key that named its kind: `soap`, `rest`.
    pub kind: Arc<str>,
    /// Where the kind's key stands.
    pub at: Span,
    /// The pinned schema.
    pub schema: Option<FileId>,
    /// Where it is.
    pub url: Option<Template>,
    /// The zone of its times that carry none (an IANA name).
    pub zone: Option<Arc<str>>,
    /// How we show who we are.
    pub auth: Auth,
    /// The header that carries the correlation id; `x-correlation-id` where nothing is said.
    pub correlation: Arc<str>,
    /// What `operations:` adds to the schema's, or makes by hand.
    pub operations: Vec<OperationSettings>,
}

/// Text with `${VAR}` in it; filled in when a request is made, so that no plan holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Template {
    /// In order.
    pub parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// The value of a variable.
    Variable(String),
}

impl Template {
    /// Takes `text` apart at `${NAME}`; a `$` that begins no variable is text.
    pub fn parse(text: &str) -> Template {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(from) = rest.find("${") {
            let Some(length) = rest[from..].find('}') else { break };
            if from > 0 {
                parts.push(Part::Text(rest[..from].to_string()));
            }
            parts.push(Part::Variable(rest[from + 2..from + length].to_string()));
            rest = &rest[from + length + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_string()));
        }
        Template { parts }
    }

    /// The text with every variable filled in.
    ///
    /// # Errors
    /// The name of the first variable that has no value.
    pub fn fill(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Variable(name) => text.push_str(&variable(name).ok_or_else(|| name.clone())?),
            }
        }
        Ok(text)
    }

    /// The names of its variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}

/// How we show a system who we are.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// We do not.
    #[default]
    None,
    /// RFC 7617.
    Basic {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// RFC 6750, a fixed token.
    Bearer(Template),
    /// A key in a header or in the query.
    ApiKey {
        /// Where it goes.
        place: KeyPlace,
        /// The key.
        value: Template,
    },
    /// A signature over each request, made anew for each attempt.
    Hmac(SignSettings),
    /// A WS-Security user name token, in each envelope.
    Wsse(Wsse),
    /// RFC 6749: one sign-in for all calls.
    OAuth2(Box<OAuth2>),
    /// A call of the system's own hands out a session token, which every other call carries.
    Login(Box<Login>),
    /// A client certificate, on the connection.
    Mtls {
        /// The files.
        certificate: CertificateSettings,
        /// What the message shows besides.
        and: Box<Auth>,
    },
}

impl Auth {
    /// What is shown on the connection.
    pub fn certificate(&self) -> Option<&CertificateSettings> {
        match self {
            Auth::Mtls { certificate, .. } => Some(certificate),
            _ => None,
        }
    }

    /// That alone, without what the message shows.
    pub fn on_connection(&self) -> Auth {
        match self {
            Auth::Mtls { certificate, .. } => Auth::Mtls { certificate: certificate.clone(), and: Box::new(Auth::None) },
            _ => Auth::None,
        }
    }

    /// What is shown in the message itself.
    pub fn in_message(&self) -> &Auth {
        match self {
            Auth::Mtls { and, .. } => and,
            other => other,
        }
    }
}

/// `mtls: { cert, key, ca }`: files outside the project, read again when they change.
#[derive(Clone, Debug)]
pub struct CertificateSettings {
    /// Certificates, ours first: PEM.
    pub certificate: Template,
    /// The private key: PEM.
    pub key: Template,
    /// Whom we trust there, in place of the machine's authorities: PEM.
    pub ca: Option<Template>,
}

/// `oauth2:` client credentials (section 4.4), or a refresh token (section 6) where there is one.
#[derive(Clone, Debug)]
pub struct OAuth2 {
    /// The token endpoint.
    pub token_url: Template,
    /// Who we are.
    pub client_id: Template,
    /// And the proof.
    pub proof: ClientProof,
    /// What a person gave us once.
    pub refresh_token: Option<Template>,
    /// What we ask for, separated by blanks.
    pub scope: Option<Template>,
    /// For whom the token is, where the endpoint wants to know.
    pub audience: Option<Template>,
}

/// How a client shows a token endpoint that it is the one.
#[derive(Clone, Debug)]
pub enum ClientProof {
    /// Not at all: a public client with a refresh token.
    None,
    /// A secret in the form.
    Secret(Template),
    /// A statement that it signs.
    Key(KeyProof),
}

/// `private_key_jwt`
#[derive(Clone, Debug)]
pub struct KeyProof {
    /// The private key: PEM, PKCS#8.
    pub key: Template,
    /// By which the endpoint knows it (`kid`).
    pub id: Option<Template>,
    /// `RS256`, `EdDSA`.
    pub algorithm: Arc<str>,
}

/// `login: OP, with, take, put, lasts`
#[derive(Clone, Debug)]
pub struct Login {
    /// The operation that signs in.
    pub operation: Scalar,
    /// What it is told: parameters and fields of its body, by their paths.
    pub with: Vec<(String, Template)>,
    /// The token, over its answer.
    pub take: Scalar,
    /// The header that carries the token; in lower case.
    pub header: Arc<str>,
    /// What stands before the token there.
    pub prefix: String,
    /// How long a session lasts.
    pub lasts: Option<Duration>,
}

/// One entry of `alerts:`.
#[derive(Clone, Debug)]
pub struct ChannelSettings {
    /// Its name.
    pub name: Arc<str>,
    /// `slack`, `pagerduty`, `http`.
    pub kind: Arc<str>,
    /// Where that stands.
    pub at: Span,
    /// What is behind it: an address or a key.
    pub to: Template,
    /// Where it is reached, where that is not its own.
    pub url: Option<Template>,
    /// The token that it wants to see.
    pub bearer: Option<Template>,
}

/// `hmac:` of a system that we sign requests to.
#[derive(Clone, Debug)]
pub struct SignSettings {
    /// Where the preset is named, or the block.
    pub at: Span,
    /// `standard`, `hmac`, ...
    pub preset: Arc<str>,
    /// The secret; of a list the first.
    pub secret: Template,
    /// What it changes of its preset.
    pub options: Vec<(Arc<str>, Template, Span)>,
}

/// `wsse: { user, password, form, timestamp }`
#[derive(Clone, Debug)]
pub struct Wsse {
    /// Where it stands.
    pub at: Span,
    /// The user.
    pub user: Template,
    /// The password.
    pub password: Template,
    /// A digest goes out, and not the password.
    pub digest: bool,
    /// How long a message is good; `None`: it does not say.
    pub timestamp: Option<Duration>,
}

/// Where an API key goes.
#[derive(Clone, Debug)]
pub enum KeyPlace {
    /// In this header.
    Header(String),
    /// In this query parameter.
    Query(String),
}

/// One entry of `operations:`.
#[derive(Clone, Debug)]
pub struct OperationSettings {
    /// Its name, with its place.
    pub name: Scalar,
    /// Made by hand: method in upper case and path with `{parameters}`.
    pub by_hand: Option<(&'static str, Scalar)>,
    /// `query:` the document, where its file is there.
    pub document: Option<FileId>,
    /// It names a document, whether that is there or not.
    pub names_document: bool,
    /// `safe:`
    pub safe: Option<bool>,
    /// `key:` the parameter that carries the idempotency key.
    pub key: Option<Scalar>,
    /// `headers:` of one made by hand: those of its parameters that are headers.
    pub headers: Vec<Scalar>,
    /// `outcomes:` by status code, declared fault or the text of a bulk outcome.
    pub outcomes: Vec<(Scalar, OutcomeWord)>,
    /// `bulk:`
    pub bulk: Option<BulkSettings>,
    /// `folder:`
    pub folder: Option<FolderSettings>,
    /// `queue:` or `exchange:`
    pub queue: Option<QueueSettings>,
}

/// `queue:` or `exchange:` of an operation, and what stands beside it.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// What it is called.
    pub name: Scalar,
    /// It is an exchange.
    pub is_exchange: bool,
    /// `type:`
    pub kind: Option<String>,
    /// The schema of a message.
    pub schema: Option<FileId>,
    /// `format:`
    pub format: Option<String>,
    /// Of a queue: exchanges that it is bound to, and the routing key.
    pub bind: Vec<(Scalar, Scalar)>,
}

impl OperationSettings {
    /// An operation of which nothing is said but its name.
    pub fn named(name: Scalar) -> OperationSettings {
        OperationSettings {
            name,
            by_hand: None,
            document: None,
            names_document: false,
            safe: None,
            key: None,
            headers: Vec::new(),
            outcomes: Vec::new(),
            bulk: None,
            folder: None,
            queue: None,
        }
    }
}

/// `folder:` of an operation, and what stands beside it.
#[derive(Clone, Debug)]
pub struct FolderSettings {
    /// Under the system's own.
    pub folder: Scalar,
    /// `match:` which files are read.
    pub matches: Option<Scalar>,
    /// What a written file is called.
    pub name: Option<Scalar>,
    /// `csv`, `jsonl`, `json`, `xml`
    pub format: Scalar,
    /// The schema of a row, and where it is named.
    pub rows: Option<(FileId, Scalar)>,
    /// The dialect.
    pub csv: Option<CsvSettings>,
    /// As browsers name it.
    pub encoding: Option<Scalar>,
    /// The path of the repeated element.
    pub element: Option<Scalar>,
}

/// `csv:`
#[derive(Clone, Debug)]
pub struct CsvSettings {
    /// Where it stands.
    pub at: Span,
    /// One character.
    pub delimiter: Option<Scalar>,
    /// One character.
    pub quote: Option<Scalar>,
    /// One character.
    pub escape: Option<Scalar>,
    /// Whether the first line has the names of the columns.
    pub header: bool,
    /// Where that is said.
    pub header_at: Option<Span>,
    /// Their names.
    pub columns: Vec<Scalar>,
}

/// What a user says that an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeWord {
    /// It happened.
    Delivered,
    /// It happened and there is no answer: null.
    None,
    /// Try again.
    Later,
    /// Nobody knows.
    Unknown,
    /// It never will.
    Never,
}

/// `bulk: { most, bytes, items, answers, match, outcome }`
#[derive(Clone, Debug)]
pub struct BulkSettings {
    /// Where it stands.
    pub at: Span,
    /// Items in one request.
    pub most: u32,
    /// Bytes of items in one request.
    pub bytes: Option<u64>,
    /// The list in the request that takes the items: a path of keys. Where there is only one, nobody need say it.
    pub items: Option<Scalar>,
    /// The list of answers in the answer: an expression over it.
    pub answers: Option<Scalar>,
    /// `position` (`None`), or the expression over an answer that gives the item's key.
    pub matched: Option<Scalar>,
    /// The outcome of one answer: a status number, a flag, or a text listed in `outcomes`.
    pub outcome: Option<Scalar>,
    /// All items happen or none does, whatever the answer says of each.
    pub atomic: bool,
}

/// `limits:`
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Requests in a time, all flows together.
    pub rate: Option<Rate>,
    /// Requests at once, all flows together.
    pub concurrency: u32,
    /// For one exchange, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// Requests that may go at once after a quiet time, within the rate.
    pub burst: u32,
    /// Requests from midnight to midnight of its zone.
    pub per_day: Option<u64>,
    /// Hours at which it is not called.
    pub closed: Vec<Hours>,
    /// The zone of its days and hours; UTC where nothing is said.
    pub zone: Option<Arc<str>>,
    /// Whether what its answers say of what is left (`RateLimit`, `X-RateLimit-*`) sets the pace.
    pub learn: bool,
}

/// So many in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub most: u32,
    /// In which time.
    pub per: Duration,
}

/// Requests at once to a system of which nothing is said.
pub const CONCURRENCY_DEFAULT: u32 = 8;
/// Time for one exchange with a system of which nothing is said.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

impl Default for Limits {
    fn default() -> Self {
        Limits {
            rate: None,
            concurrency: CONCURRENCY_DEFAULT,
            timeout: TIMEOUT_DEFAULT,
            burst: 1,
            per_day: None,
            closed: Vec::new(),
            zone: None,
            learn: false,
        }
    }
}
