//! The ways in, where they are served, and what a flow serves there.

use std::{sync::Arc, time::Duration};

use crate::{
    door::{ClientSettings, Door, Guard, Network},
    settings::Template,
};

/// One way in.
pub struct DoorPlan {
    /// Its name, for people.
    pub name: Arc<str>,
    /// Requests to messages, and answers.
    pub door: Arc<dyn Door>,
    /// Who may come in; `None`: anybody.
    pub guard: Option<Arc<dyn Guard>>,
    /// The same, for documents.
    pub clients: Vec<ClientSettings>,
}

/// `listen:`
#[derive(Clone, Debug)]
pub struct Listen {
    /// `ADDRESS:PORT`
    pub http: Template,
    /// The certificate that we show.
    pub tls: Option<TlsPlan>,
    /// Proxies that we trust to say who a sender is.
    pub proxies: Vec<Network>,
}

/// `tls:`: files outside the project, read again when they change.
#[derive(Clone, Debug)]
pub struct TlsPlan {
    /// Certificates, ours first: PEM.
    pub certificate: Template,
    /// The private key: PEM.
    pub key: Template,
    /// Whose client certificates we trust: PEM.
    pub client_ca: Option<Template>,
}

/// An operation of a door that a flow serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The door's number.
    pub door: usize,
    /// The operation's number.
    pub operation: usize,
    /// The sender waits so long for a reply; `None`: it is told at once that the message is kept.
    pub reply_within: Option<Duration>,
    /// What it is told when that was not long enough.
    pub late: Late,
    /// The same event with another body, path or query is refused.
    pub same_body: bool,
    /// One without a key of its sender's (`Idempotency-Key`) is refused.
    pub wants_key: bool,
}

/// What is said to a sender when the reply takes longer than it waits. The flow goes on in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// That the message is kept, and where to ask for it.
    Accepted,
    /// That it took too long.
    TimedOut,
}
