//! Where others reach us: HTTP/1.1 and HTTP/2 on a socket of our own, and a message in the journal before anybody is answered.
//!
//! The way of a request: [`serve`] has the connection ([`streams`] where it carries many at once), [`request`] finds the door and reads the body, and lets the door
//! take it apart (a worker does, where that takes a while), the desk keeps it, and the word that comes back ([`waiters`]) is written by the door again. What a
//! flow answers without asking anybody ([`spanwright_core::door::at_once`]) is answered on the spot, and not kept.
//!
//! What always holds: we listen only when the desk is open, that is after recovery; a request behind which anything is owed
//! is answered with 2xx only when the journal has it; whatever a sender does (slow, large, cut, or deaf to its answer),
//! it costs a bounded time and a bounded memory.
//! When we stop, no new connection is taken, what was taken is answered, and then the sockets close.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::watch;

mod at_once;
mod attended;
mod coding;
mod keys;
mod lanes;
mod quick;
mod request;
mod sender;
mod serve;
mod state;
mod streams;
mod tls;
mod told;
mod turned_away;
mod waiters;

pub(crate) use at_once::AtOnce;
pub use state::Whereabouts;
pub(crate) use turned_away::Register;
pub use turned_away::TURNED_AWAY_A_MINUTE_MOST;
pub(crate) use waiters::Waiters;

pub(crate) use request::Office;
pub(crate) use serve::bind;

/// Bytes of the head of a request: its first line and its headers.
pub const HEAD_BYTES_MOST: usize = 32 << 10;
/// Headers of a request.
pub const HEADERS_MOST: usize = 100;
/// Time for the head of a request, and how long a connection may be idle.
pub const HEAD_TIME_MOST: std::time::Duration = std::time::Duration::from_secs(30);
/// Bytes of the body of a request.
pub const BODY_BYTES_MOST: usize = 10 << 20;
/// Time for the body of a request.
pub const BODY_TIME_MOST: std::time::Duration = std::time::Duration::from_secs(30);
/// How long an answer waits until its peer takes more of it: then the connection ends. As `send_timeout` of nginx has it, since a
/// system asks for more only once a good part of its buffer is free.
pub const ANSWER_STALLS_MOST: std::time::Duration = std::time::Duration::from_secs(60);
/// Bytes of bodies of all requests that are being read or wait for the disk.
pub const BODIES_BYTES_MOST: usize = 256 << 20;
/// Connections at once; more wait until one is over. On one of HTTP/2 each request that is open beside the first counts as a connection,
/// and is told to come again where there are so many.
pub const CONNECTIONS_MOST: usize = 16_384;
/// Requests at once on one connection of HTTP/2.
pub const STREAMS_MOST: u32 = 256;
/// Bytes of one request's body that are on their way on a connection of HTTP/2 before we have read any.
pub const STREAM_BYTES_MOST: u32 = 256 << 10;
/// The same for all requests of a connection together.
pub const STREAMS_BYTES_MOST: u32 = 1 << 20;
/// How long whoever is told that a connection of HTTP/2 ends has to say that it heard it.
pub const TOLD_TIME_MOST: std::time::Duration = std::time::Duration::from_secs(2);
/// How long a sender waits for the disk before it is told to send again.
pub const KEEP_TIME_MOST: std::time::Duration = std::time::Duration::from_secs(15);

/// Why we cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenFault {
    /// A variable of the address has no value.
    #[error("`listen`: the variable {0} has no value")]
    Variable(String),
    /// The certificate or its key cannot be used.
    #[error("`listen: tls`: {0}")]
    Tls(String),
    /// The address cannot be read or taken.
    #[error("listening on {address}: {why}")]
    Address {
        /// As it is written.
        address: String,
        /// Why.
        why: String,
    },
}

/// We listen. Dropped or closed, no new connection is taken.
pub(crate) struct Listening {
    /// Where.
    pub(crate) address: SocketAddr,
    stop: Arc<watch::Sender<bool>>,
    /// Who serves what was taken.
    _lanes: lanes::Lanes,
}

impl Listening {
    /// Takes no new connection, and lets go of each that is open when its request is answered.
    pub(crate) fn close(&self) {
        let _nobody = self.stop.send(true);
    }
}
