//! The wires: one request out, one answer back, one try.
//!
//! The idea: whether a request *can have been read* is a fact, counted in bytes at the socket and not guessed from an
//! error's words. So we hold connections ourselves, and nothing below us retries, follows a redirect, reads a proxy
//! from the environment or signs in.
//!
//! What always holds: an exchange ends by its deadline, an answer is bounded ([`ANSWER_BYTES_MOST`]), and where the
//! connection is cut inside an answer the reader of its body meets an error at that byte.

mod address;
pub(crate) mod amqp;
mod answer;
mod budget;
mod connect;
mod counted;
pub(crate) mod files;
mod http;
mod idle;
mod pipe;
#[cfg(test)]
mod tests;
mod tls;

pub use answer::{Answer, AnswerBody, Reply};
pub use http::{Http, HttpSettings};
pub use tls::TlsFault;

/// Bytes of an answer's body that are read; what is longer is cut off there, and its reader is told.
pub const ANSWER_BYTES_MOST: usize = 64 << 20;
/// Bytes after which an answer that may be read in pieces is handed over while the rest still comes.
pub const PIECE_BYTES: usize = 1 << 20;
/// Bytes of a polled answer up to which it is read whole: its items then go to the disk together, and while they are on
/// their way the answer need not wait.
pub const WHOLE_BYTES_MOST: usize = 4 << 20;
/// Bytes of an answer that is read in pieces.
pub const PIPED_BYTES_MOST: u64 = 16 << 30;
/// Header lines that an answer may have.
pub const ANSWER_HEADERS_MOST: usize = 256;
/// Bytes of an answer's head.
pub const ANSWER_HEAD_BYTES_MOST: usize = 256 << 10;
