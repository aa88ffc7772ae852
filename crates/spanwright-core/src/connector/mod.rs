//! Connectors have no sockets: bytes and values only.
//!
//! What is open (REST, SOAP, GraphQL, ...) is a [`System`] in an explicit list; what is closed (the wires: HTTP, later
//! AMQP and files) is an enum that the engine owns. So the tests, the simulation and the real thing run the very
//! encoding, decoding and classifying that ships. Connectors classify, the core decides, the engine does.

use std::sync::Arc;

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

mod files;
mod heard;
mod http;
mod pretended;
mod queue;
mod verdict;

pub use files::{FileSeen, FilesHeard, FilesRequest, Finished};
pub use heard::{Answers, Heard, Part, Reached, Show, whole};
pub use http::{CORRELATION_DEFAULT, ClientCertificate, HttpRequest, SECRET_HEADERS, is_condition};
pub use pretended::{Pretended, Said};
pub use queue::{Broker, Confirm, Deliveries, Delivery, MESSAGE_BYTES_MOST, Publication, QueueHeard, QueueKind, QueueRequest, Topology};
pub use verdict::{Beside, Blame, Budget, Outcome, Verdict, Word};

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
    /// The time now, by the wall clock: what others sign is held against it, and what we sign is held against theirs. It may go backwards.
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
