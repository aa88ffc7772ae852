//! One declaration, many readers: what may be written where.
//!
//! A [`Form`] declares the keys of one mapping, each with its kind, its need and a sentence for people. The same
//! declaration reads a [`crate::text::Node`] and names every fault in it ([`Form::read`]), hands out typed values ([`Filled`]),
//! and writes the JSON Schema for editors ([`schema`]) and the reference ([`reference`]). Whatever the grammar
//! reserves is declared, also what is not built yet: it is refused by name, and never ignored.

mod filled;
mod kind;
mod read;
mod reference;
mod schema;
mod spelled;
mod variable;

pub use filled::{Filled, Given};
pub use kind::{Kind, MapKey};
pub use reference::{part, reference};
pub use schema::schema;
pub use spelled::{decimal, flag, is_name, number, percent, rate, size, time};
pub use variable::{Variable, variables, whole_variable};

/// The keys of one mapping.
#[derive(Debug)]
pub struct Form {
    /// What a problem calls it: `limits`, `step`.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// The keys that it has in any case.
    pub keys: &'static [Key],
    /// The keys of which one names the thing.
    pub one_of: OneOf,
}

/// Whether one of several keys names the thing, with options of its own beside it.
#[derive(Debug)]
pub enum OneOf {
    /// There is no such key.
    No,
    /// Exactly one.
    Must(&'static [Choice]),
    /// One at most.
    May(&'static [Choice]),
}

/// A key that names the thing (`poll:`), and the options that then stand beside it.
#[derive(Debug)]
pub struct Choice {
    /// The naming key.
    pub key: Key,
    /// Its options.
    pub with: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What stands behind it.
    pub kind: Kind,
    /// Whether it can be left out.
    pub need: Need,
    /// What it is for, in a sentence: the user's documentation.
    pub about: &'static str,
    /// Whether we can do what it says.
    pub built: Built,
}

/// Whether a key can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It cannot.
    Must,
    /// It can.
    May,
}

/// Whether this version does what a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Built {
    /// It does.
    Now,
    /// The grammar reserves it.
    NotYet,
}

impl Key {
    /// A key that cannot be left out.
    pub const fn must(name: &'static str, kind: Kind, about: &'static str) -> Key {
        Key { name, kind, need: Need::Must, about, built: Built::Now }
    }

    /// A key that can be left out.
    pub const fn may(name: &'static str, kind: Kind, about: &'static str) -> Key {
        Key { name, kind, need: Need::May, about, built: Built::Now }
    }

    /// A key that the grammar reserves.
    pub const fn not_yet(name: &'static str, about: &'static str) -> Key {
        Key { name, kind: Kind::Value, need: Need::May, about, built: Built::NotYet }
    }
}

impl Choice {
    /// A naming key and its options.
    pub const fn of(name: &'static str, kind: Kind, about: &'static str, with: &'static [Key]) -> Choice {
        Choice { key: Key::must(name, kind, about), with }
    }

    /// A naming key that the grammar reserves.
    pub const fn not_yet(name: &'static str, about: &'static str) -> Choice {
        Choice { key: Key::not_yet(name, about), with: &[] }
    }
}

impl Form {
    /// A form without a naming key.
    pub const fn of(name: &'static str, about: &'static str, keys: &'static [Key]) -> Form {
        Form { name, about, keys, one_of: OneOf::No }
    }

    /// Its choices, where it has any.
    pub fn choices(&self) -> &'static [Choice] {
        match self.one_of {
            OneOf::No => &[],
            OneOf::Must(choices) | OneOf::May(choices) => choices,
        }
    }

    /// Every form that can be reached from these, each once, in the order of their first mention.
    pub fn reachable(roots: &[&'static Form]) -> Vec<&'static Form> {
        let mut found: Vec<&'static Form> = Vec::new();
        for root in roots {
            gather(root, &mut found);
        }
        found
    }

    fn every_key(&self) -> impl Iterator<Item = &'static Key> {
        let choices = self.choices().iter().flat_map(|choice| std::iter::once(&choice.key).chain(choice.with));
        self.keys.iter().chain(choices)
    }
}

fn gather(form: &'static Form, found: &mut Vec<&'static Form>) {
    if found.iter().any(|known| std::ptr::eq(*known, form)) {
        return;
    }
    found.push(form);
    for key in form.every_key() {
        gather_kind(&key.kind, found);
    }
}

fn gather_kind(kind: &'static Kind, found: &mut Vec<&'static Form>) {
    match kind {
        Kind::Form(form) => gather(form, found),
        Kind::List(inner) | Kind::Map(_, inner) => gather_kind(inner, found),
        Kind::Either(kinds) => kinds.iter().for_each(|kind| gather_kind(kind, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
