//! Where a flow's messages come from.

use std::sync::Arc;

use spanwright_map::Program;

use super::{FilesRule, NextPage, Poll, Served};
use crate::{alert::Expect, schedule::Schedule};

/// Where a flow's messages come from.
pub struct Source {
    /// `flow.source`
    pub name: Arc<str>,
    /// How they come.
    pub kind: SourceKind,
    /// Only these.
    pub when: Option<Program>,
    /// Which event one is.
    pub once: Option<Program>,
    /// Which record one is about.
    pub key: Option<Program>,
    /// Which state of it.
    pub version: Option<Program>,
    /// When something must have come.
    pub expect: Option<Expect>,
}

/// How messages come.
pub enum SourceKind {
    /// We ask for them.
    Poll(Box<Poll>),
    /// They are brought to us.
    Door(Served),
    /// A clock makes them.
    Cron(Box<Cron>),
    /// Other flows hand them over.
    Handed,
    /// Dead letters of other flows.
    Letters(Letters),
}

/// `dead_letters:`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// Of these flows; of any where none is named.
    pub only: Vec<Arc<str>>,
    /// Never of these: what dead letters lead to by themselves.
    pub never: Vec<Arc<str>>,
}

impl Letters {
    /// Whether dead letters of this flow are told.
    pub fn takes(&self, flow: &str) -> bool {
        let named = |names: &[Arc<str>]| names.iter().any(|name| &**name == flow);
        (self.only.is_empty() || named(&self.only)) && !named(&self.never)
    }
}

/// `cron:`
#[derive(Clone, Debug)]
pub struct Cron {
    /// When.
    pub schedule: Schedule,
    /// What becomes of times that went by while nobody ran.
    pub missed: Missed,
}

/// What becomes of times that went by while nobody ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The last of them is taken.
    Once,
    /// Each is taken.
    All,
    /// None is.
    Skip,
}

impl Source {
    /// What the source of a flow is called: `flow.source`.
    pub fn name_of(flow: &str) -> Arc<str> {
        format!("{flow}.source").into()
    }

    /// The keys of the list that its items are in, where the page may be read in pieces: `each` is a plain path, and
    /// the next page's token does not hang on the items.
    pub fn list(&self) -> Option<Vec<&str>> {
        let poll = self.poll()?;
        if poll.files.is_some() {
            return Some(vec!["rows"]);
        }
        if poll.queue.is_some() {
            return Some(vec!["messages"]);
        }
        let each = poll.each.as_ref()?;
        let list = each.keys()?;
        let path = each.text().trim();
        let looks_at = |read: &Arc<str>| &**read == "." || leads_to(read, path) || leads_to(path, read);
        let hangs = poll.pages.as_ref().is_some_and(|pages| match &pages.next {
            NextPage::Token(take) => take.gives().reads.iter().any(looks_at),
            NextPage::Counted { .. } => true,
            NextPage::Link => false,
        });
        (!list.is_empty() && !hangs).then_some(list)
    }
}

/// Whether a path is the beginning of another, or all of it.
fn leads_to(path: &str, further: &str) -> bool {
    further.strip_prefix(path).is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'.' | b'[')))
}

impl Source {
    /// What is polled, where it is a poll.
    pub fn poll(&self) -> Option<&Poll> {
        match &self.kind {
            SourceKind::Poll(poll) => Some(poll),
            SourceKind::Door(_) | SourceKind::Cron(_) | SourceKind::Handed | SourceKind::Letters(_) => None,
        }
    }

    /// Its clock, where one drives it.
    pub fn cron(&self) -> Option<&Cron> {
        match &self.kind {
            SourceKind::Cron(cron) => Some(cron),
            SourceKind::Poll(_) | SourceKind::Door(_) | SourceKind::Handed | SourceKind::Letters(_) => None,
        }
    }

    /// Whether other flows hand its messages over.
    pub fn is_handed(&self) -> bool {
        matches!(self.kind, SourceKind::Handed)
    }

    /// Whose dead letters it takes, where it does.
    pub fn letters(&self) -> Option<&Letters> {
        match &self.kind {
            SourceKind::Letters(letters) => Some(letters),
            SourceKind::Poll(_) | SourceKind::Door(_) | SourceKind::Cron(_) | SourceKind::Handed => None,
        }
    }

    /// How files are read, where they are.
    pub fn files(&self) -> Option<&FilesRule> {
        self.poll()?.files.as_ref()
    }

    /// Whether it reads a queue.
    pub fn reads_queue(&self) -> bool {
        self.poll().is_some_and(|poll| poll.queue.is_some())
    }

    /// What is served, where others bring the messages.
    pub fn served(&self) -> Option<&Served> {
        match &self.kind {
            SourceKind::Door(served) => Some(served),
            SourceKind::Poll(_) | SourceKind::Cron(_) | SourceKind::Handed | SourceKind::Letters(_) => None,
        }
    }
}
