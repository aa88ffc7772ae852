//! The disk: how much may still be taken in before only that is left which the open runs need to come to their ends.
//!
//! Who looks at the disk does so now and then, and between two looks a fast sender takes in more than a small disk has left. So the
//! desk is told how much there is, and counts what it takes.

use super::Desk;
use crate::fact::{Fact, Took};

/// What a message takes in the journal beside its body: its rows, its first event, and where they are listed.
const TAKEN_BYTES: u64 = 1 << 10;
/// What an open run will still write until its end: tries, answers, what it ended as.
const OPEN_BYTES: u64 = 1 << 10;

/// What is left of it.
pub(super) struct Space {
    left: u64,
    /// Of what was taken in, what is not on the disk yet.
    unkept: u64,
}

impl Space {
    /// As much as anybody wants, until somebody says otherwise.
    pub fn unbounded() -> Space {
        Space { left: u64::MAX, unkept: 0 }
    }

    pub fn is(&mut self, left: u64) {
        self.left = left;
    }

    /// Something more may be taken in.
    pub fn has_some(&self) -> bool {
        self.left > 0
    }

    /// These go to the disk.
    pub fn takes(&mut self, facts: &[Fact]) {
        let bytes = taken_bytes(facts);
        self.left = self.left.saturating_sub(bytes);
        self.unkept += bytes;
    }

    /// These are on it.
    pub fn kept(&mut self, facts: &[Fact]) {
        self.unkept = self.unkept.saturating_sub(taken_bytes(facts));
    }
}

impl Desk {
    /// Bytes that the journal will need beside those that it has now: for what is on its way there, and for what is open.
    pub fn owes_bytes(&self) -> u64 {
        self.space.unkept + OPEN_BYTES * self.open_runs()
    }
}

fn taken_bytes(facts: &[Fact]) -> u64 {
    facts
        .iter()
        .filter_map(taken)
        .map(|took| TAKEN_BYTES + (took.body.len() + took.beside.as_ref().map_or(0, |beside| beside.len())) as u64)
        .sum()
}

fn taken(fact: &Fact) -> Option<&Took> {
    match fact {
        Fact::Took(took) => Some(took),
        Fact::Resent(resent) => Some(&resent.took),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        super::{Event, Word, stage::Stage},
        *,
    };

    const BODY: usize = 3 << 10;

    fn brings(stage: &mut Stage, n: u64) -> bool {
        stage.words.clear();
        stage.brings_under(&format!("\"{}\"", "x".repeat(BODY - 2)), Some(&n.to_string()));
        !matches!(stage.words[..], [Word::DiskFull])
    }

    #[test]
    fn what_is_taken_in_between_two_looks_at_the_disk_counts() {
        let mut stage = Stage::new();
        let one = TAKEN_BYTES + BODY as u64;
        stage.on(Event::Room(3 * one - 1));
        assert!((1..=3).all(|n| brings(&mut stage, n)), "the last one has some of it left");
        assert!(!brings(&mut stage, 4));
        assert_eq!(stage.desk.owes_bytes(), 3 * one, "they are on their way to the disk");
        // A look that has not seen them says what there is beside them.
        stage.on(Event::Room(1));
        assert!(brings(&mut stage, 5) && !brings(&mut stage, 6));
        stage.keeps();
        let open = stage.desk.standing(stage.now).open;
        assert!(open > 0 && stage.desk.owes_bytes() == open * OPEN_BYTES, "{open} are open");
    }
}
