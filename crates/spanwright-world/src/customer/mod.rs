//! The ERP's customers: each a function of its index and revision, so that a million cost no memory and every run sees the same.

mod chance;
mod item;
mod time;
mod xml;

use chance::{one_in, roll};
use item::Item;

pub use time::local_time;
pub(crate) use xml::escape;

/// The number of the customer at index 0.
pub const FIRST_NUMBER: u64 = 100_001;

/// What is wrong with a customer on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quirk {
    /// Nothing.
    #[default]
    None,
    /// There is no e-mail address, and the CRM does not take it.
    NoEmail,
    /// The credit limit is written `12,50`, which is no decimal.
    Malformed,
}

/// One customer in one state.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The key of the record.
    pub number: String,
    /// Local time of Berlin, without a zone: the version of the record.
    pub changed_at: String,
    /// As the ERP writes it.
    pub email: Option<String>,
    /// What is owed, in units of 0.00001.
    pub balance: i64,
    index: u64,
    revision: u32,
    quirk: Quirk,
    items: Vec<Item>,
}

impl Customer {
    /// The customer at an index in a revision; revision 0 is the first.
    pub fn of(index: u64, revision: u32, changed_at: String, quirk: Quirk) -> Customer {
        let items: Vec<Item> = (0..roll(index, 1) % 3).map(|item| Item::of(index, item)).collect();
        let balance = items.iter().map(Item::open).sum();
        let email = (quirk != Quirk::NoEmail).then(|| email(index, revision));
        Customer { number: number(index), changed_at, email, balance, index, revision, quirk, items }
    }

    /// The balance as the shortest decimal.
    pub fn balance_text(&self) -> String {
        let (sign, size) = if self.balance < 0 { ("-", self.balance.unsigned_abs()) } else { ("", self.balance.unsigned_abs()) };
        let text = format!("{sign}{}.{:05}", size / 100_000, size % 100_000);
        crate::json::plain(&text).to_owned()
    }

    /// The e-mail address as the CRM should have it.
    pub fn email_text(&self) -> String {
        self.email.as_deref().unwrap_or_default().to_lowercase()
    }

    /// Whether a reader of the schema refuses it.
    pub fn is_malformed(&self) -> bool {
        self.quirk == Quirk::Malformed
    }

    fn is_company(&self) -> bool {
        one_in(2, self.index, 2)
    }
}

fn number(index: u64) -> String {
    (FIRST_NUMBER + index).to_string()
}

fn email(index: u64, revision: u32) -> String {
    match revision {
        0 => format!("Customer.{index}@Mail{}.Example", index % 17),
        later => format!("Customer.{index}.r{later}@Mail{}.Example", index % 17),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rendered(index: u64, quirk: Quirk) -> String {
        let mut out = String::new();
        Customer::of(index, 0, local_time(0), quirk).write_xml(&mut out);
        out
    }

    #[test]
    fn the_same_index_is_the_same_customer() {
        assert_eq!(rendered(12, Quirk::None), rendered(12, Quirk::None));
        assert_ne!(rendered(12, Quirk::None), rendered(13, Quirk::None));
    }

    #[test]
    fn text_is_escaped() {
        let all: String = (0..200).map(|index| rendered(index, Quirk::None)).collect();
        assert!(all.contains("Söhne &amp; Partner") && all.contains("Blech &lt;und&gt; Rohr"), "names that need it are among them");
    }

    #[test]
    fn each_quirk_shows() {
        assert!(rendered(5, Quirk::Malformed).contains(">12,50<"));
        assert!(!rendered(5, Quirk::NoEmail).contains("<t:Email>") && rendered(5, Quirk::None).contains("<t:Email>"));
    }
}
