//! A record from its entries, in schema order, with what is missing and what is too much.

use crate::value::Value;
use crate::xsd::choice;
use crate::xsd::graph::{Complex, Member, MemberKind};
use crate::xsd::occurs::Occurs;

use super::reason::{Step, Wrong};
use super::{Decoding, EXTRA, INVALID, OPEN_SLOT, TYPE_SLOT};

/// Reasons that one [`INVALID`] spells out.
const REASONS_MOST: usize = 5;

impl<'a> Decoding<'a, '_> {
    pub(super) fn record(&mut self, complex: &'a Complex, frame: &Frame, nil: bool) -> Value<'a> {
        let mine = &mut self.entries[frame.base..];
        if !mine.is_sorted_by_key(|entry| entry.0) {
            mine.sort_by_key(|entry| entry.0);
        }
        self.fields.clear();
        let mut at = frame.base;
        for (n, member) in complex.members.iter().enumerate() {
            let from = at;
            while self.entries.get(at).is_some_and(|entry| entry.0 == n as u32) {
                at += 1;
            }
            self.field(member, from, at, nil);
        }
        self.leftovers(at);
        if !nil {
            self.choices(complex, frame);
        } else {
            self.fields.push(("$nil", Value::Bool(true)));
        }
        self.entries.truncate(frame.base);
        self.mark_invalid(frame);
        Value::Record(self.room.bump().alloc_slice_copy(&self.fields))
    }

    /// One member from its entries `from..to`.
    fn field(&mut self, member: &'a Member, from: usize, to: usize, nil: bool) {
        let found = to - from;
        let is_list = member.list;
        if found == 0 {
            if is_list && !member.in_choice && !matches!(member.kind, MemberKind::Any) && !nil {
                self.fields.push((&member.key, Value::List(&[])));
            }
            let demanded = member.occurs.least > 0 && !member.in_choice && !nil && !matches!(member.kind, MemberKind::Any);
            if demanded {
                self.wrong_at(member, "is missing");
            }
            return;
        }
        if is_list {
            let values = self.room.bump().alloc_slice_fill_iter(self.entries[from..to].iter().map(|entry| entry.1));
            self.fields.push((&member.key, Value::List(values)));
            return;
        }
        if found > 1 {
            self.wrong_at(member, "is there more than once");
        }
        self.fields.push((&member.key, self.entries[from].1));
    }

    fn wrong_at(&mut self, member: &'a Member, says: &str) {
        self.path.push(Step { key: &member.key, index: None });
        self.wrong(format!("\0{says}"));
        self.path.pop();
    }

    /// Entries that belong to no member, from `at` on.
    fn leftovers(&mut self, at: usize) {
        let open = self.entries[at..].iter().take_while(|entry| entry.0 == OPEN_SLOT).count();
        for n in at..at + open {
            if let Value::Record([field]) = self.entries[n].1 {
                self.fields.push(*field);
            }
        }
        let rest = &self.entries[at + open..];
        let types = rest.iter().take_while(|entry| entry.0 == TYPE_SLOT).count();
        if let Some((_, named)) = rest[..types].first() {
            self.fields.push(("@xsi:type", *named));
        }
        if rest.len() > types {
            let extra = self.room.bump().alloc_slice_fill_iter(rest[types..].iter().map(|entry| entry.1));
            self.fields.push((EXTRA, Value::List(extra)));
        }
    }

    /// Choices that were not made, or made twice.
    fn choices(&mut self, complex: &'a Complex, frame: &Frame) {
        let Some(particle) = &complex.particle else { return };
        let entries = &self.entries[frame.base..];
        let present = |member: u32| entries.binary_search_by_key(&member, |entry| entry.0).is_ok();
        if let Some(says) = choice::unmade(complex, particle, Occurs::ONCE, &present) {
            self.wrong(says);
        }
    }

    /// Puts [`INVALID`] first where this record is a list item, or the root, and something in it is wrong.
    fn mark_invalid(&mut self, frame: &Frame) {
        if self.reasons.len() == frame.reasons || !(frame.item || self.depth == 0) {
            return;
        }
        let mine = &self.reasons[frame.reasons..];
        let mut texts: Vec<String> = mine.iter().take(REASONS_MOST).map(|reason| reason.told(frame.steps)).collect();
        if mine.len() > REASONS_MOST {
            texts.push(format!("and {} more", mine.len() - REASONS_MOST));
        }
        self.fields.insert(0, (INVALID, Value::Text(self.room.text(&texts.join("; ")))));
        if self.items == 0 {
            let told: Vec<Wrong> = self.reasons.drain(frame.reasons..).map(|reason| reason.whole()).collect();
            self.told.extend(told);
        }
    }
}

/// Where an open record began.
pub(super) struct Frame {
    pub(super) base: usize,
    pub(super) reasons: usize,
    pub(super) steps: usize,
    pub(super) item: bool,
}
