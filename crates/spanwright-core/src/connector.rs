//! Connectors have no sockets: bytes and values only.
//!
//! What is open (REST, SOAP, GraphQL, ...) is a [`System`] in an explicit list; what is closed (the wires: HTTP, later
//! AMQP and files) is an enum that the engine owns. So the tests, the simulation and the real thing run the very
//! encoding, decoding and classifying that ships. Connectors classify, the core decides, the engine does.

use std::{io::BufRead, ops::ControlFlow, path::PathBuf, sync::Arc, time::Duration};

use spanwright_shape::{
    text::{Bundle, Code, Failure, Problem, Problems, Weight, codes as text_codes},
    value::Value,
};

use crate::{
    door::{ClientSettings, Door, DoorSettings, Guard},
    fact::Moment,
    interface::Interface,
    settings::{ChannelSettings, OutcomeWord, SystemSettings},
};

/// A kind of system: `soap:`, `rest:`. Checks; touches nothing.
pub trait Connector: Sync {
    /// The key that names it in `systems/NAME.yaml`.
    fn key(&self) -> &'static str;
    /// One paragraph for the reference.
    fn about(&self) -> &'static str;
    /// The codes that its checks and failures carry.
    fn codes(&self) -> Vec<&'static Code>;
    /// Reads the schema and proves the settings. `None`: the problems say why.
    fn system(&self, settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>>;

    /// Who may come in. `None`: the problems say why.
    fn guard(&self, clients: &[ClientSettings], to: &mut Problems) -> Option<Arc<dyn Guard>> {
        if let Some(first) = clients.first() {
            let says = format!("`{}:` knows no clients (`{}`)", self.key(), first.name);
            to.push(Problem { code: &text_codes::NOT_BUILT, weight: Weight::Error, at: None, says, help: None });
        }
        None
    }

    /// A channel that people are told through, where this connector knows how its kind is told.
    fn channel(&self, settings: &ChannelSettings) -> Option<Arc<dyn System>> {
        let _ = settings;
        None
    }

    /// A way in that speaks this protocol. `None`: the problems say why.
    fn door(&self, settings: &DoorSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn Door>> {
        let _ = bundle;
        to.error(&text_codes::NOT_BUILT, settings.at, format!("`{}:` is not served yet", self.key()), None);
        None
    }
}

/// One external system: turns calls into a request and what was heard into a verdict.
pub trait System: Send + Sync {
    /// What it can do.
    fn interface(&self) -> &Interface;

    /// The request that carries these calls: one call, or the items of one bulk operation in this order.
    ///
    /// # Errors
    /// A call that cannot be written (a missing variable, a body the schema does not allow); nothing was sent.
    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal>;

    /// What the answer means: one outcome a call, in the order of the calls.
    fn hear(&self, operation: usize, calls: &[Call<'_>], heard: Heard<'_>, with: &With<'_>, answers: Answers<'_>) -> Verdict;

    /// The list of what it shows whose entries hold an item each, as `value` (or `fault` and `raw`), beside its place:
    /// rows of a file, messages of a queue. The item is of the operation's body. `None`: what it shows is an answer.
    fn shows_items(&self) -> Option<&'static str> {
        None
    }

    /// Whether [`System::hear_pieces`] needs less memory than [`System::hear`].
    fn reads_pieces(&self) -> bool {
        false
    }

    /// Hears the answer to one call of which `list` (keys from the answer's root) may be too long for the memory: it is
    /// shown in pieces as they are read, whatever becomes of the rest. Where `show` breaks, nothing more is read.
    fn hear_pieces(&self, operation: usize, call: Call<'_>, heard: Heard<'_>, with: &With<'_>, list: &[&str], show: Show<'_>) -> Verdict {
        let _ = list;
        self.hear(operation, &[call], heard, with, Answers::Show(&mut whole(show)))
    }

    /// An answer as this system would give it, for tests and documents; nothing is asked for that.
    ///
    /// # Errors
    /// It could not say that, in words for the author of a test.
    fn pretend(&self, operation: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
        let _ = (operation, pretended);
        Err("this kind of system has no answers to pretend; give status and body".to_string())
    }

    /// The system that hands out tokens, where there is one; the desk asks it once for all. Its operation 0 takes no
    /// calls' bodies, and a delivered answer is JSON `{"token": TEXT, "lasts": SECONDS}`.
    fn sign_in(&self) -> Option<&dyn System> {
        None
    }

    /// The request that makes there be what the project names (`spanwright setup`), where something can be made.
    fn setup(&self, with: &With<'_>) -> Option<Result<Request, Refusal>> {
        let _ = with;
        None
    }
}

/// One call on its way to a system.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The idempotency key: the same on each try and after each restart.
    pub key: &'a str,
    /// The parameters: a record.
    pub with: Value<'a>,
    /// The body as JSON bytes, where there is one.
    pub body: Option<&'a [u8]>,
    /// Whether the body is proved to be of the operation's shape: whoever made it held each value against it, and nobody
    /// needs to look again.
    pub proved: bool,
    /// The correlation id, for the system's own logs.
    pub correlation: &'a str,
    /// W3C `traceparent`.
    pub trace: &'a str,
}

/// What a request may need beside the calls. Secrets are lent, never kept.
#[derive(Clone, Copy)]
pub struct With<'w> {
    /// The time now.
    pub now: Moment,
    /// The value of a `${VAR}`; `None` where it is not set.
    pub variable: &'w dyn Fn(&str) -> Option<String>,
    /// The token of the last sign-in.
    pub token: Option<&'w str>,
    /// The idempotency key of the whole request (of a batch: made of its items' keys in their order).
    pub request_key: &'w str,
    /// What the step says that answers mean, by status or declared fault: counts before what the operation says.
    pub outcomes: &'w [(Arc<str>, OutcomeWord)],
    /// What the last answer to the same request said of itself: the same is not wanted again.
    pub validator: Option<&'w Validator>,
}

/// What an answer says of its own state (RFC 9110, section 8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validator {
    /// `etag`
    pub tag: Option<Arc<str>>,
    /// `last-modified`
    pub modified: Option<Arc<str>>,
}

/// Why a request could not be made.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// One of the calls is to blame: its place in the list and why. The others may go without it.
    Call(usize, Failure),
    /// The system's settings are to blame (a variable that is not set): the system is held, no message is.
    System(Failure),
}

/// A request on one of the wires.
#[derive(Clone, Debug)]
pub enum Request {
    /// One HTTP exchange.
    Http(HttpRequest),
    /// Something to be done with a folder.
    Files(FilesRequest),
    /// Something to be done with a broker of queues.
    Queue(QueueRequest),
}

/// What is done with a broker of queues (AMQP 0-9-1).
#[derive(Clone, Debug)]
pub enum QueueRequest {
    /// Messages go out, and the broker says of each what became of it.
    Publish {
        /// Where.
        broker: Broker,
        /// The exchange; without a name, the one that has each queue by its name.
        exchange: String,
        /// In order.
        messages: Vec<Publication>,
    },
    /// The messages of a queue are read, as they come.
    Take {
        /// Where.
        broker: Broker,
        /// Its name.
        queue: String,
        /// So many may be on their way to us.
        prefetch: u16,
    },
    /// Exchanges, queues and bindings are there.
    Declare {
        /// Where.
        broker: Broker,
        /// What there is to be.
        topology: Topology,
    },
}

/// Where a broker is, and who we are there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Broker {
    /// Over TLS.
    pub tls: bool,
    /// A name or an address.
    pub host: String,
    /// TCP.
    pub port: u16,
    /// The virtual host.
    pub vhost: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Without the password.
impl std::fmt::Debug for Broker {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Broker { tls, host, port, vhost, user, password: _ } = self;
        write!(to, "Broker({user} at {host}:{port}/{vhost}, tls: {tls})")
    }
}

/// A message for a broker.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Which queues it is for.
    pub routing_key: String,
    /// The idempotency key: the same on each try.
    pub id: String,
    /// The correlation id.
    pub correlation: String,
    /// W3C `traceparent`.
    pub trace: String,
    /// What its body is.
    pub content_type: &'static str,
    /// In that form.
    pub body: Vec<u8>,
}

/// What there is to be at a broker; all of it durable.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Name and kind: `topic`, `direct`, `fanout`, `headers`.
    pub exchanges: Vec<(String, &'static str)>,
    /// Name and kind.
    pub queues: Vec<(String, QueueKind)>,
    /// Queue, exchange and routing key.
    pub bindings: Vec<(String, String, String)>,
}

/// How a broker keeps a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// On several nodes that agree (Raft).
    Quorum,
    /// On one node.
    Classic,
}

/// What a broker said.
pub enum QueueHeard<'h> {
    /// One a message, in their order.
    Confirmed(&'h [Confirm]),
    /// Messages come.
    Deliveries(&'h mut dyn Deliveries),
    /// It closed the channel or the connection before anything was done.
    Refused {
        /// AMQP 0-9-1, reply codes: 404 is not found, 403 is refused.
        code: u16,
        /// In its words.
        words: String,
    },
}

/// What became of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// The broker has it, in each queue that it was for.
    Taken,
    /// The broker could not take it.
    NotTaken,
    /// No queue wants it: the broker's words.
    Returned(String),
    /// The broker has blocked senders: nothing was sent. Its words.
    Blocked(String),
    /// It closed the channel: code and words.
    Refused(u16, String),
    /// The connection was lost: whether the message can have been read, and why.
    Lost(Reached, String),
}

/// Messages of a queue, as they come.
pub trait Deliveries {
    /// The next ones; none where nothing came for a while.
    ///
    /// # Errors
    /// Nothing will come any more, in words.
    fn next(&mut self) -> Result<Vec<Delivery>, String>;
    /// All that were given are on disk: the broker may forget them.
    fn kept(&mut self);
    /// It was read for long enough; whoever wants more asks again.
    fn is_time_up(&self) -> bool;
}

/// A message of a queue.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// Its own headers, and what the protocol says beside them (`routing-key`, `content-type`); names in lower case.
    pub headers: Vec<(String, String)>,
    /// `message-id`
    pub id: Option<String>,
    /// `correlation-id`
    pub correlation: Option<String>,
    /// `None`: it has more than [`MESSAGE_BYTES_MOST`], and stays in the queue.
    pub body: Option<Vec<u8>>,
}

/// Bytes of a message that is taken from a queue.
pub const MESSAGE_BYTES_MOST: usize = 16 << 20;

/// What is done with a folder of this machine.
#[derive(Clone, Debug)]
pub enum FilesRequest {
    /// The next file that nobody is writing is opened, and the one before it moved away.
    Take {
        /// The folder.
        folder: String,
        /// Which names: `*` and `?`.
        matches: String,
        /// So long nobody has touched it.
        settle: Duration,
        /// Where files go that were read, seen from the folder.
        done: String,
        /// Where those go that cannot be read.
        failed: String,
        /// What was read before.
        finished: Option<Finished>,
    },
    /// A file appears, whole, and once for its key.
    Put {
        /// The folder.
        folder: String,
        /// What it is called there.
        name: String,
        /// The same at each try.
        key: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
}

/// A file whose rows are all on disk.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it is called.
    pub name: Arc<str>,
    /// Of its content.
    pub digest: Arc<str>,
    /// As [`FileSeen::stamp`] said when it was opened.
    pub stamp: Arc<str>,
    /// It could not be read.
    pub failed: bool,
}

/// A file that was found.
#[derive(Clone, Debug)]
pub struct FileSeen {
    /// What it is called.
    pub name: String,
    /// Of its content: its identity.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
    /// Another one after every change.
    pub stamp: String,
}

/// What came of it.
pub enum FilesHeard<'h> {
    /// No file stands ready.
    Nothing,
    /// This one does.
    Found {
        /// Which.
        file: &'h FileSeen,
        /// What is in it.
        body: &'h mut dyn BufRead,
    },
    /// It is there.
    Put {
        /// What it is called.
        name: &'h str,
    },
    /// Another one of this name is there, and nothing was written.
    InTheWay {
        /// What it is called.
        name: &'h str,
    },
}

/// An HTTP request, complete.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: &'static str,
    /// Absolute.
    pub url: String,
    /// In order; names in lower case.
    pub headers: Vec<(Arc<str>, Vec<u8>)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// What the connection shows of us.
    pub certificate: Option<ClientCertificate>,
}

impl HttpRequest {
    /// One without headers, body and certificate.
    pub fn new(method: &'static str, url: impl Into<String>) -> HttpRequest {
        HttpRequest { method, url: url.into(), headers: Vec::new(), body: Vec::new(), certificate: None }
    }
}

/// A client certificate, by its PEM files. Connections are shared by what shows the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    /// Certificates, ours first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// Whom we trust there, in place of the machine's authorities.
    pub ca: Option<PathBuf>,
}

/// What came back.
pub enum Heard<'h> {
    /// An HTTP answer; reading the body may fail where the connection was cut inside it.
    Http {
        /// The status code.
        status: u16,
        /// In order; names in lower case.
        headers: &'h [(Arc<str>, Vec<u8>)],
        /// The body, decoded of transfer and content coding.
        body: &'h mut dyn BufRead,
    },
    /// What came of something with a folder.
    Files(FilesHeard<'h>),
    /// What a broker said.
    Queue(QueueHeard<'h>),
    /// No answer.
    Broken {
        /// Whether the request can have been read.
        reached: Reached,
        /// What happened, in words.
        why: String,
    },
}

/// Whether a request reached the other side: a fact of the wire, counted in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Certainly not: no connection, or not one byte written.
    No,
    /// Some or all of it was written and no answer came.
    Maybe,
}

/// What to do with the answers of delivered calls.
pub enum Answers<'s> {
    /// Nobody wants them.
    Drop,
    /// Keep each as JSON bytes in its outcome.
    Keep,
    /// Show the decoded answer (of a poll: the page) while it lives.
    Show(&'s mut dyn FnMut(&Value<'_>)),
}

/// Where the pieces of an answer go.
pub type Show<'s> = &'s mut dyn FnMut(&Value<'_>, Part) -> ControlFlow<()>;

/// Shows an answer that is read whole as its own last piece.
pub fn whole(show: Show<'_>) -> impl FnMut(&Value<'_>) {
    move |answer| {
        let _ = show(answer, Part::Rest);
    }
}

/// What of an answer a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Some items of its list, in their order; what else is in it counts for nothing yet.
    Items,
    /// The answer without the items that were shown before; the last piece of one that was delivered.
    Rest,
}

/// One exchange, one verdict.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// One a call, in their order.
    pub outcomes: Vec<Outcome>,
    /// The request was refused as a whole without a word on its items: a batch is split to find the bad one.
    pub refused_whole: bool,
    /// A word about the system, not about the messages.
    pub system: Option<Word>,
    /// What stood beside an answer.
    pub beside: Option<Box<Beside>>,
}

/// What stood beside an answer that was delivered: for whoever reads on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The address of the next page (RFC 8288, `rel="next"`).
    pub next: Option<Arc<str>>,
    /// Its state.
    pub validator: Option<Arc<Validator>>,
    /// Nothing has changed since the validator that we sent: there is no body.
    pub unchanged: bool,
    /// Fields in it that the schema does not have: the system is newer than our copy.
    pub drift: u32,
}

/// What became of one call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It happened. The answer as JSON, where it was to be kept.
    Delivered(Option<Vec<u8>>),
    /// It did not happen and may be tried again, not before this long (`Retry-After`).
    Later {
        /// What was said.
        why: Failure,
        /// The server's own wish.
        after: Option<Duration>,
        /// Who is sick: a sick system is waited for by age, a sick message by tries.
        blame: Blame,
    },
    /// Nobody knows whether it happened.
    Unknown(Failure),
    /// It did not happen and never will as it is.
    Never(Failure),
}

/// What a system is to have answered.
#[derive(Clone, Copy, Debug)]
pub enum Pretended<'p> {
    /// All is well, and this is the answer.
    Gives(Value<'p>),
    /// A fault that its description declares.
    Fault {
        /// Its name.
        name: &'p str,
        /// What is in it.
        detail: Value<'p>,
        /// What it says to people.
        reason: &'p str,
    },
}

/// An HTTP answer, complete.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The status code.
    pub status: u16,
    /// In order; names in lower case.
    pub headers: Vec<(Arc<str>, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Who is to blame for a "not now".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The system: every message would have fared the same (connection, 5xx, 429).
    System,
    /// This message: others in the same request fared better, or the answer is about it (a lock, a 423).
    Message,
}

/// A word about the system.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// Hold everything for so long.
    Pause(Duration),
    /// Our credentials were refused: sign in again, else hold and tell a person. Costs no message a try.
    Credentials(Failure),
    /// The endpoint says that it is gone for good, or somewhere else for good.
    Gone(Failure),
}

/// What a server says is left of its limit (`RateLimit`, `X-RateLimit-*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Requests.
    pub left: u32,
    /// How long until there are more.
    pub reset: Duration,
}

impl Verdict {
    /// The same outcome for each of `calls`.
    pub fn all(calls: usize, outcome: Outcome) -> Verdict {
        Verdict { outcomes: vec![outcome; calls], refused_whole: false, system: None, beside: None }
    }

    /// With so many fields in the answer that the schema does not have.
    pub fn drifted(mut self, fields: usize) -> Verdict {
        if fields > 0 {
            let beside = self.beside.get_or_insert_default();
            beside.drift = beside.drift.saturating_add(u32::try_from(fields).unwrap_or(u32::MAX));
        }
        self
    }

    /// How many of those there were.
    pub fn drift(&self) -> u32 {
        self.beside.as_ref().map_or(0, |beside| beside.drift)
    }

    /// With a word about the system.
    pub fn and(mut self, word: Word) -> Verdict {
        self.system = Some(word);
        self
    }
}
