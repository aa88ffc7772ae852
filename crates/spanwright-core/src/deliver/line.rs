//! The lines of a flow that is in order: a run waits until the one before it, of its record, is over.
//!
//! Whole runs stand in line, and not their effects: a map that fails, a call and a send are in order alike. Only the head
//! of a line is walked; the others are numbers here and lie in the journal, so that a long line costs no memory to speak
//! of and no record waits for another one's. **A head that waits for its next try keeps its line, and no other.** What
//! becomes of the line when its head dies is the flow's to say: `skip` lets the next one go, `block` keeps the line
//! standing until a person has replayed or discarded the dead letter.

use std::collections::{BTreeMap, HashMap};

use crate::{
    fact::{RunId, lane_of},
    plan::{InOrder, OrderBy, WhenDead},
};

/// All lines of one flow.
#[derive(Debug)]
pub struct Lines {
    flow: String,
    rule: InOrder,
    lines: HashMap<u64, Line>,
    /// The line of each run that holds one: its head, or a dead letter in it.
    holders: HashMap<RunId, u64>,
}

/// One line.
#[derive(Debug, Default)]
struct Line {
    /// Its head: in hand, or waiting for its next try.
    head: Option<RunId>,
    /// Those behind it, in the order in which they came.
    behind: BTreeMap<RunId, Waits>,
}

/// What waits in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// A run that will be walked.
    Alive,
    /// A dead letter: nothing behind it goes.
    Dead,
}

impl Lines {
    /// Of a flow that says this.
    pub fn new(flow: &str, rule: InOrder) -> Lines {
        Lines { flow: flow.to_string(), rule, lines: HashMap::new(), holders: HashMap::new() }
    }

    /// Whether a run may be walked now; otherwise it waits, and [`Lines::over`] names it when it is its turn. A run
    /// without a key is in no line.
    pub fn may_go(&mut self, run: RunId, key: Option<&str>) -> bool {
        let Some(lane) = self.lane(key) else { return true };
        let line = self.lines.entry(lane).or_default();
        if line.head == Some(run) {
            return true;
        }
        let first = line.behind.first_key_value().is_none_or(|(first, _)| run <= *first);
        if line.head.is_some() || !first {
            line.behind.insert(run, Waits::Alive);
            return false;
        }
        line.behind.remove(&run);
        line.head = Some(run);
        self.holders.insert(run, lane);
        true
    }

    /// Whose turn it is in the line of this record.
    pub fn first(&self, key: Option<&str>) -> Option<RunId> {
        self.lines.get(&self.lane(key)?)?.head
    }

    /// A run is over, dead or not. The one whose turn it is.
    pub fn over(&mut self, run: RunId, dead: bool) -> Option<RunId> {
        let lane = *self.holders.get(&run)?;
        let line = self.lines.entry(lane).or_default();
        if line.head == Some(run) {
            line.head = None;
        }
        if dead && self.rule.when_dead == WhenDead::Block {
            line.behind.insert(run, Waits::Dead);
        } else {
            line.behind.remove(&run);
            self.holders.remove(&run);
        }
        self.next(lane)
    }

    /// A dead letter was set aside. The one whose turn it is; nobody's, where it is none in its line: it goes again.
    pub fn set_aside(&mut self, run: RunId) -> Option<RunId> {
        let line = self.lines.get(self.holders.get(&run)?)?;
        if line.behind.get(&run) == Some(&Waits::Dead) { self.over(run, false) } else { None }
    }

    /// A run that was dead from the beginning, or that an earlier life left as a dead letter.
    pub fn is_dead(&mut self, run: RunId, key: Option<&str>) {
        if let (Some(lane), WhenDead::Block) = (self.lane(key), self.rule.when_dead) {
            self.lines.entry(lane).or_default().behind.insert(run, Waits::Dead);
            self.holders.insert(run, lane);
        }
    }

    /// How many wait behind this dead letter, where it blocks them.
    pub fn blocked_by(&self, run: RunId) -> Option<usize> {
        let line = self.lines.get(self.holders.get(&run)?)?;
        (line.head.is_none() && line.behind.first_key_value() == Some((&run, &Waits::Dead))).then(|| line.behind.len() - 1)
    }

    fn next(&mut self, lane: u64) -> Option<RunId> {
        let line = self.lines.get_mut(&lane)?;
        if line.head.is_some() {
            return None;
        }
        match line.behind.first_key_value().map(|(run, waits)| (*run, *waits)) {
            None => {
                self.lines.remove(&lane);
                None
            }
            Some((_, Waits::Dead)) => None,
            Some((run, Waits::Alive)) => {
                line.behind.remove(&run);
                line.head = Some(run);
                self.holders.insert(run, lane);
                Some(run)
            }
        }
    }

    fn lane(&self, key: Option<&str>) -> Option<u64> {
        match self.rule.by {
            OrderBy::All => Some(lane_of(&self.flow, "")),
            OrderBy::Key => key.map(|key| lane_of(&self.flow, key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(by: OrderBy, when_dead: WhenDead) -> Lines {
        Lines::new("in", InOrder { by, when_dead })
    }

    #[test]
    fn a_head_keeps_its_line_and_no_other() {
        let mut lines = lines(OrderBy::Key, WhenDead::Block);
        assert!(lines.may_go(RunId(1), Some("a")));
        assert!(!lines.may_go(RunId(2), Some("a")));
        assert!(lines.may_go(RunId(3), Some("b")) && lines.may_go(RunId(4), None));
        assert_eq!(lines.over(RunId(1), false), Some(RunId(2)));
        assert!(lines.may_go(RunId(2), Some("a")), "it comes back by the journal");
        assert_eq!(lines.over(RunId(2), false), None);
    }

    #[test]
    fn a_dead_head_blocks_until_a_person_has_seen_to_it() {
        let mut lines = lines(OrderBy::Key, WhenDead::Block);
        assert!(lines.may_go(RunId(1), Some("a")) && !lines.may_go(RunId(2), Some("a")));
        assert_eq!((lines.over(RunId(1), true), lines.blocked_by(RunId(1))), (None, Some(1)));
        assert!(lines.may_go(RunId(1), Some("a")), "replayed");
        assert_eq!(lines.set_aside(RunId(1)), None, "it goes again");
        assert_eq!(lines.over(RunId(1), true), None);
        assert_eq!(lines.set_aside(RunId(1)), Some(RunId(2)), "discarded");
    }

    #[test]
    fn a_dead_head_that_is_skipped_lets_the_next_go() {
        let mut lines = lines(OrderBy::All, WhenDead::Skip);
        assert!(lines.may_go(RunId(1), Some("a")) && !lines.may_go(RunId(2), Some("b")));
        assert_eq!(lines.over(RunId(1), true), Some(RunId(2)));
        assert!(!lines.may_go(RunId(1), Some("a")), "replayed, it waits for its turn");
    }

    #[test]
    fn after_a_restart_a_dead_letter_blocks_what_came_after_it_and_not_what_came_before() {
        let mut lines = lines(OrderBy::Key, WhenDead::Block);
        lines.is_dead(RunId(7), Some("a"));
        assert!(!lines.may_go(RunId(9), Some("a")) && lines.may_go(RunId(3), Some("a")));
        assert_eq!(lines.over(RunId(3), false), None);
        assert_eq!(lines.over(RunId(7), false), Some(RunId(9)));
    }
}
