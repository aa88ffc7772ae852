//! What is done with a broker of queues, and what it said.

use super::Reached;

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
    /// It closed the channel: code and words; and whether the message may have come before the one that these are about.
    Refused(u16, String, Reached),
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
    /// Nobody reads on: it returns when the broker has heard of all that is kept, or says nothing for too long. What was given
    /// beside it comes again.
    fn breaks_off(&mut self);
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
