//! Which customers the ERP has, in which state, in the order of their last change.
//!
//! A customer that never changed stands at its index; one that changed stands behind all others, as its `ChangedAt` is the newest.

use crate::customer::{Customer, Quirk, local_time};

/// Seconds between the changes of two neighbours: 2,000 customers are a day and a half of work.
pub const SPACING_SECONDS: u64 = 20;

/// The customers of an ERP.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// How many there are.
    pub customers: u64,
    /// Those with something wrong, by their index.
    quirks: Vec<(u64, Quirk)>,
    /// Index of each change, in order; a customer may change more than once.
    changes: Vec<u64>,
}

/// Where a page begins: the token between two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(u64);

/// Customers of one page, and where the next begins.
#[derive(Debug)]
pub struct Page {
    /// In the order of their last change.
    pub customers: Vec<Customer>,
    /// `None`: this was the last one.
    pub next: Option<Position>,
}

impl Position {
    /// The token's text.
    pub fn token(self) -> String {
        format!("p{}", self.0)
    }

    /// Reads a token that [`Position::token`] made.
    pub fn read(token: &str) -> Option<Position> {
        token.strip_prefix('p')?.parse().ok().map(Position)
    }
}

impl Catalog {
    /// So many customers, none of them odd.
    pub fn of(customers: u64) -> Catalog {
        Catalog { customers, ..Catalog::default() }
    }

    /// The customer at this index has a credit limit that is no decimal.
    #[must_use]
    pub fn with_malformed(mut self, index: u64) -> Catalog {
        self.quirks.push((index, Quirk::Malformed));
        self
    }

    /// The customer at this index has no e-mail address.
    #[must_use]
    pub fn without_email(mut self, index: u64) -> Catalog {
        self.quirks.push((index, Quirk::NoEmail));
        self
    }

    /// Changes a customer: it is now the newest.
    pub fn change(&mut self, index: u64) {
        self.changes.push(index);
    }

    /// The first position whose change is at `since` or later.
    pub fn since(&self, since: &str) -> Position {
        let (mut low, mut high) = (0, self.end());
        while low < high {
            let middle = low.midpoint(high);
            if changed_at(middle).as_str() < since { low = middle + 1 } else { high = middle }
        }
        Position(low)
    }

    /// Up to `size` customers from a position on.
    pub fn page(&self, from: Position, size: usize) -> Page {
        let mut customers = Vec::with_capacity(size.min(1_000));
        let mut at = from.0;
        while customers.len() < size && at < self.end() {
            customers.extend(self.at(at));
            at += 1;
        }
        Page { customers, next: (at < self.end()).then_some(Position(at)) }
    }

    fn end(&self) -> u64 {
        self.customers + self.changes.len() as u64
    }

    /// The customer whose last change is at this position, where there is one.
    fn at(&self, position: u64) -> Option<Customer> {
        let (index, since) = match position.checked_sub(self.customers) {
            None => (position, 0),
            Some(change) => {
                let change = usize::try_from(change).ok()?;
                (*self.changes.get(change)?, change + 1)
            }
        };
        let changed_later = self.changes[since..].contains(&index);
        (!changed_later).then(|| self.customer(index, position, self.changes[..since].iter().filter(|other| **other == index).count()))
    }

    fn customer(&self, index: u64, position: u64, revision: usize) -> Customer {
        let quirk = self.quirks.iter().find(|(odd, _)| *odd == index).map_or(Quirk::None, |(_, quirk)| *quirk);
        Customer::of(index, u32::try_from(revision).unwrap_or(u32::MAX), changed_at(position), quirk)
    }
}

fn changed_at(position: u64) -> String {
    local_time(position * SPACING_SECONDS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn numbers(page: &Page) -> Vec<&str> {
        page.customers.iter().map(|customer| customer.number.as_str()).collect()
    }

    #[test]
    fn pages_follow_one_another_until_the_last() {
        let catalog = Catalog::of(5);
        let first = catalog.page(catalog.since(""), 3);
        assert_eq!(numbers(&first), ["100001", "100002", "100003"]);
        let second = catalog.page(first.next.unwrap(), 3);
        assert_eq!((numbers(&second), second.next), (vec!["100004", "100005"], None));
    }

    #[test]
    fn a_changed_customer_is_served_once_in_its_newest_state() {
        let mut catalog = Catalog::of(3);
        let before = catalog.page(catalog.since(""), 9).customers[1].changed_at.clone();
        catalog.change(1);
        catalog.change(1);
        let page = catalog.page(catalog.since(""), 9);
        assert_eq!(numbers(&page), ["100001", "100003", "100002"]);
        assert!(page.customers[2].changed_at > before);
        assert_eq!(page.customers[2].email.as_deref(), Some("Customer.1.r2@Mail1.Example"));
    }

    #[test]
    fn only_what_changed_since_then_is_served() {
        let catalog = Catalog::of(10);
        let since = catalog.page(catalog.since(""), 10).customers[7].changed_at.clone();
        assert_eq!(numbers(&catalog.page(catalog.since(&since), 10)), ["100008", "100009", "100010"]);
    }

    #[test]
    fn a_token_reads_back() {
        assert_eq!(Position::read(&Position(12).token()), Some(Position(12)));
        assert_eq!(Position::read("x"), None);
    }
}
