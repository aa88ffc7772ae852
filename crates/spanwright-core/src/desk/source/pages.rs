//! How far a source has read within a round, and what one more page means for it.
//!
//! Pages have names that tell them apart, or all have the same one (a scroll): then the server goes on by itself, and a page whose answer
//! was not heard cannot be asked for again. What was read before is known by its key, so a round may begin anew at any time.

use std::sync::Arc;

use crate::{
    connector::Validator,
    plan::ROUND_PAGES_MOST,
    run::intake::{self, Page},
};

/// A round so far.
#[derive(Default)]
pub(super) struct Round {
    /// The greatest cursor.
    pub reached: Option<Arc<[u8]>>,
    /// The token of the page to ask for.
    pub page: Option<Arc<[u8]>>,
    /// What was read of this page.
    pub read: Read,
    /// What the page before it held, and the token under which that was asked for.
    before: (Read, Option<Arc<[u8]>>),
    /// Pages that were read.
    pub pages: u32,
    /// So many were at most: a round that begins anew has not come further.
    furthest: u32,
    /// The second page was asked for, and that was not heard: nobody knows yet what the third one is called.
    second_unheard: bool,
    /// What the only page said of itself.
    pub fresh: Option<Arc<Validator>>,
}

/// What a page held: the same twice is the same page.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub items: u32,
    left_out: u32,
    /// Of all its items, in their order.
    prints: u64,
}

impl Read {
    pub fn add(&mut self, page: &Page) {
        self.items += page.arrivals.len() as u32;
        self.left_out += page.left_out;
        for arrival in &page.arrivals {
            self.prints = self.prints.rotate_left(1) ^ intake::short(&arrival.print);
        }
        self.prints = self.prints.rotate_left(1) ^ page.left_prints;
    }

    fn is_empty(&self) -> bool {
        self.items == 0 && self.left_out == 0
    }
}

impl Round {
    /// A page, or the rest of it, was read. `None`: where it is the third one, the second was lost, and the round begins anew. Else whether
    /// the round has come further than before.
    pub fn came(&mut self, page: &Page, by_link: Option<bool>) -> Option<bool> {
        if std::mem::take(&mut self.second_unheard) && by_link.is_some() && page.next == self.page {
            self.begin_anew();
            return None;
        }
        self.pages += 1;
        self.read.add(page);
        let is_further = self.pages > self.furthest;
        self.furthest = self.furthest.max(self.pages);
        Some(is_further)
    }

    /// Whether the page that was read is the last one; `None` where pages lead in a circle. Some servers give the same token for each page,
    /// and with the last one, too, which then has no items. `by_link`: the next page is named by an address, and the last one may name its
    /// own; `None`: what is not read in pages says only whether there is more.
    pub fn is_last(&self, page: &Page, by_link: Option<bool>) -> Option<bool> {
        let repeats = page.next == self.page;
        match &page.next {
            _ if self.has_too_many() => None,
            None => Some(true),
            Some(_) if repeats && (by_link.is_none() || self.read.is_empty()) => Some(true),
            Some(_) if repeats && self.holds_the_same() => (by_link == Some(true)).then_some(true),
            Some(_) => Some(false),
        }
    }

    pub fn has_too_many(&self) -> bool {
        self.pages > ROUND_PAGES_MOST
    }

    /// Whether this page is the one before it once more.
    pub fn holds_the_same(&self) -> bool {
        !self.read.is_empty() && self.read == self.before.0
    }

    /// The next page comes under this token.
    pub fn turn(&mut self, next: Option<Arc<[u8]>>) {
        self.before = (self.read, std::mem::replace(&mut self.page, next));
    }

    /// An answer may have been given, and was not heard.
    pub fn was_not_heard(&mut self) {
        if self.page.is_some() {
            self.second_unheard |= self.pages <= 1;
            if self.page == self.before.1 {
                self.begin_anew();
            }
        }
    }

    fn begin_anew(&mut self) {
        *self = Round { furthest: self.furthest, ..Round::default() };
    }
}
