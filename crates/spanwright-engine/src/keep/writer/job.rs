//! What is handed to the writer. A job that nobody does any more answers when it is dropped: no caller waits for ever.

use spanwright_core::fact::{Fact, Receipt, Store, StoreFault};

/// One job.
pub enum Job {
    /// Facts that belong together.
    Commit(Vec<Fact>, Answer),
    /// A question.
    Ask(Question),
    /// The last one.
    End,
}

/// Whom to answer after a commit.
pub struct Answer(Option<Box<dyn FnOnce(Receipts) + Send>>);

/// What to do with the store.
pub struct Question(Option<Box<Asking>>);

type Receipts = Result<Vec<Receipt>, StoreFault>;
type Asking = dyn FnOnce(Asked<'_>) + Send;
type Asked<'s> = Result<&'s mut dyn Store, StoreFault>;

fn closed() -> StoreFault {
    StoreFault::Broken("the journal was closed".into())
}

impl Answer {
    pub fn new(answer: impl FnOnce(Receipts) + Send + 'static) -> Answer {
        Answer(Some(Box::new(answer)))
    }

    fn give(mut self, result: Receipts) {
        if let Some(answer) = self.0.take() {
            answer(result);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(answer) = self.0.take() {
            answer(Err(closed()));
        }
    }
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

/// Commits that share a transaction.
pub struct Group {
    /// All of their facts, in order.
    pub facts: Vec<Fact>,
    // With each, how many receipts are its own.
    answers: Vec<(usize, Answer)>,
}

impl Group {
    pub fn of(facts: Vec<Fact>, answer: Answer) -> Group {
        let receipts = receipts_of(&facts);
        Group { facts, answers: vec![(receipts, answer)] }
    }

    pub fn add(&mut self, mut facts: Vec<Fact>, answer: Answer) {
        self.answers.push((receipts_of(&facts), answer));
        self.facts.append(&mut facts);
    }

    /// Gives each its own receipts, or all of them the fault.
    pub fn answer(self, result: Receipts) {
        match result {
            Ok(receipts) => {
                let mut rest = receipts.into_iter();
                self.answers.into_iter().for_each(|(count, answer)| answer.give(Ok(rest.by_ref().take(count).collect())));
            }
            Err(fault) => self.answers.into_iter().for_each(|(_, answer)| answer.give(Err(fault.clone()))),
        }
    }
}

fn receipts_of(facts: &[Fact]) -> usize {
    facts.iter().filter(|fact| matches!(fact, Fact::Took(_) | Fact::Resent(_))).count()
}
