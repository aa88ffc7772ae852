//! What is wrong, where, and what to write instead.
//!
//! A check takes `to: &mut Problems`, adds to it and goes on; a check that returns `None` has said why.
//! What the *user* wrote wrong is a [`Problem`]. What went wrong while a message was on its way is a
//! [`Failure`]: the same catalogue of codes, no place.

use super::Span;

/// One kind of problem. `spanwright explain ID` prints its page; every crate lists its own in `codes::ALL`.
#[derive(Debug)]
pub struct Code {
    /// A letter and four digits, for ever the same.
    pub id: &'static str,
    /// One line: what is wrong.
    pub title: &'static str,
    /// The page, in Markdown: what it means, an example, what to do.
    pub page: &'static str,
}

impl PartialEq for &'static Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It will not run.
    Error,
    /// It runs, and may not be what was meant.
    Warning,
}

impl Weight {
    /// `error` or `warning`.
    pub fn word(self) -> &'static str {
        match self {
            Weight::Error => "error",
            Weight::Warning => "warning",
        }
    }
}

/// Something that the user wrote wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which kind.
    pub code: &'static Code,
    /// How bad.
    pub weight: Weight,
    /// Where; `None` only where no file is to blame.
    pub at: Option<Span>,
    /// What is wrong, in one sentence.
    pub says: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub struct Problems {
    all: Vec<Problem>,
}

impl Problems {
    /// None yet.
    pub fn new() -> Problems {
        Problems::default()
    }

    /// Adds an error.
    pub fn error(&mut self, code: &'static Code, at: Span, says: impl Into<String>, help: impl Into<Option<String>>) {
        self.all.push(Problem { code, weight: Weight::Error, at: Some(at), says: says.into(), help: help.into() });
    }

    /// Adds a warning.
    pub fn warning(&mut self, code: &'static Code, at: Span, says: impl Into<String>, help: impl Into<Option<String>>) {
        self.all.push(Problem { code, weight: Weight::Warning, at: Some(at), says: says.into(), help: help.into() });
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.all.push(problem);
    }

    /// All of them, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.all.iter()
    }

    /// How many errors.
    pub fn errors(&self) -> usize {
        self.all.iter().filter(|problem| problem.weight == Weight::Error).count()
    }

    /// How many in all.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Why a message did not get on, in words for the person on call. Never holds a value of the message or a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Which kind.
    pub code: &'static Code,
    /// What happened, in one sentence: map, field, line, path and kind; or system, status and what it said.
    pub says: String,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(code: &'static Code, says: impl Into<String>) -> Failure {
        Failure { code, says: says.into() }
    }
}
