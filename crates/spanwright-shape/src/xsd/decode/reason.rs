//! Why something is not what its type demands, with the path to it.

use super::Decoding;

impl Decoding<'_, '_> {
    /// Notes why what the path leads to is not what its type demands.
    pub(super) fn wrong(&mut self, says: String) {
        let at = self.reader.place().0;
        self.reasons.push(Reason { path: self.path.clone(), says, at });
    }
}

/// Something that is not what its type demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The byte of the document at which that was seen.
    pub at: usize,
    /// In words, with the path from the element on. Holds no value of the message.
    pub says: String,
}

/// A step of the path to what is being read.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) key: &'a str,
    pub(super) index: Option<u32>,
}

/// Why something is not what its type demands.
pub(super) struct Reason<'a> {
    path: Vec<Step<'a>>,
    says: String,
    at: usize,
}

impl Reason<'_> {
    pub(super) fn whole(&self) -> Wrong {
        Wrong { at: self.at, says: self.told(0) }
    }

    /// In words, with the path from the record on.
    pub(super) fn told(&self, from: usize) -> String {
        let mut path = String::new();
        for step in self.path.iter().skip(from) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(step.key);
            if let Some(index) = step.index {
                path.push_str(&format!("[{index}]"));
            }
        }
        match (self.says.strip_prefix('\0'), path.is_empty()) {
            (Some(says), _) => format!("{path} {says}"),
            (None, true) => self.says.clone(),
            (None, false) => format!("{path}: {}", self.says),
        }
    }
}
