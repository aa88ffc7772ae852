//! What is handed to the writer. A question that nobody asks any more answers when it is dropped: no caller waits for ever.

use spanwright_core::{
    desk::{Haste, Ticket},
    fact::{Fact, Receipt, Store, StoreFault},
};

/// One job.
pub enum Job {
    /// Facts that belong together.
    Commit(Ticket, Vec<Fact>, Haste),
    /// A question.
    Ask(Question),
    /// The last one.
    End,
}

/// What to do with the store.
pub struct Question(Option<Box<Asking>>);

type Asking = dyn FnOnce(Asked<'_>) + Send;
type Asked<'s> = Result<&'s mut dyn Store, StoreFault>;

fn closed() -> StoreFault {
    StoreFault::Broken("the journal was closed".into())
}

impl Question {
    pub fn new(question: impl FnOnce(Asked<'_>) + Send + 'static) -> Question {
        Question(Some(Box::new(question)))
    }

    pub fn ask(mut self, store: Asked<'_>) {
        if let Some(question) = self.0.take() {
            question(store);
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        if let Some(question) = self.0.take() {
            question(Err(closed()));
        }
    }
}

/// A commit that is durable.
#[derive(Debug)]
pub struct Kept {
    /// Which.
    pub ticket: Ticket,
    /// Its facts, given back.
    pub facts: Vec<Fact>,
    /// What the store said to them: one a `Took`.
    pub receipts: Vec<Receipt>,
}

/// Commits that share a transaction.
pub struct Group {
    /// All of their facts, in order.
    pub facts: Vec<Fact>,
    /// Whether somebody waits for one of them.
    pub haste: Haste,
    // With each, how many facts are its own.
    commits: Vec<(Ticket, usize)>,
}

impl Group {
    pub fn of(ticket: Ticket, facts: Vec<Fact>, haste: Haste) -> Group {
        Group { commits: vec![(ticket, facts.len())], facts, haste }
    }

    pub fn add(&mut self, ticket: Ticket, mut facts: Vec<Fact>, haste: Haste) {
        self.commits.push((ticket, facts.len()));
        self.facts.append(&mut facts);
        if haste == Haste::Now {
            self.haste = haste;
        }
    }

    /// Each with its own facts and receipts.
    pub fn kept(self, receipts: Vec<Receipt>) -> Vec<Kept> {
        let (mut facts, mut receipts) = (self.facts.into_iter(), receipts.into_iter());
        let kept = |(ticket, count)| {
            let facts: Vec<Fact> = facts.by_ref().take(count).collect();
            let receipts = receipts.by_ref().take(receipts_of(&facts)).collect();
            Kept { ticket, facts, receipts }
        };
        self.commits.into_iter().map(kept).collect()
    }
}

fn receipts_of(facts: &[Fact]) -> usize {
    facts.iter().filter(|fact| matches!(fact, Fact::Took(_) | Fact::Resent(_))).count()
}
