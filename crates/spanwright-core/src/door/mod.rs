//! The way in: requests to us become messages, and what a flow says becomes answers. Bytes and values only.
//!
//! A [`Door`] is what a [`System`](crate::connector::System) is on the way out, turned around: it takes a request apart
//! (who signed it, which operation it means, what its body holds) and writes the answer in the sender's own protocol.
//! The engine owns the socket, the journal and the clock. What always holds: a request that a door refused was not
//! taken; a message is answered for only when the journal has it.

use std::sync::Arc;

use spanwright_shape::{room::Room, shape::ShapeId};

use crate::{connector::With, interface::Interface};

pub mod at_once;
mod guard;
mod network;
pub mod pretend;
pub mod reception;
mod reply;
mod request;
mod route;
mod routes;
mod settings;

pub use guard::{Admitted, ClientSettings, Guard, JwtSettings, Keys, Proof};
pub use network::Network;
pub use pretend::{Brings, Carries, Pretended, Visit};
pub use reply::{HttpAnswer, Reply, Said, status_of};
pub use request::{Incoming, Received, Refused, Request};
pub use route::{METHODS, Route, Segment};
pub use routes::{Found, Routes};
pub use settings::{DoorKind, DoorSettings, Offered, WebhookSettings};

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
