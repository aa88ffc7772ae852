//! Answers that a test or a document pretends.

use std::sync::Arc;

use spanwright_shape::value::Value;

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
