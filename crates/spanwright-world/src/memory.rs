//! What the CRM remembers of idempotency keys: the answer that it gave, and to which body.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use bytes::Bytes;

/// Keys remembered at most; the oldest go first.
pub(crate) const KEYS_MOST: usize = 10_000;

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Never seen.
    New,
    /// Seen with the same body: this was the answer.
    Answered(Bytes),
    /// Seen with another body.
    OtherBody,
}

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    answers: HashMap<String, (u64, Bytes)>,
    order: VecDeque<String>,
}

/// What is remembered of a body instead of the body.
pub(crate) fn print(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

impl Memory {
    pub fn recall(&self, key: &str, print: u64) -> Known {
        match self.answers.get(key) {
            None => Known::New,
            Some((seen, answer)) if *seen == print => Known::Answered(answer.clone()),
            Some(_) => Known::OtherBody,
        }
    }

    pub fn remember(&mut self, key: &str, print: u64, answer: Bytes) {
        if self.order.len() == KEYS_MOST {
            self.order.pop_front().map(|oldest| self.answers.remove(&oldest));
        }
        self.answers.insert(key.to_owned(), (print, answer));
        self.order.push_back(key.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gets_the_stored_answer_for_the_same_body_only() {
        let mut memory = Memory::default();
        memory.remember("k", print(b"a"), Bytes::from_static(b"answer"));
        assert_eq!(memory.recall("k", print(b"a")), Known::Answered(Bytes::from_static(b"answer")));
        assert_eq!(memory.recall("k", print(b"b")), Known::OtherBody);
        assert_eq!(memory.recall("other", print(b"a")), Known::New);
    }

    #[test]
    fn the_oldest_key_is_forgotten_first() {
        let mut memory = Memory::default();
        (0..=KEYS_MOST).for_each(|key| memory.remember(&key.to_string(), 0, Bytes::new()));
        assert_eq!((memory.recall("0", 0), memory.recall("1", 0)), (Known::New, Known::Answered(Bytes::new())));
    }
}
