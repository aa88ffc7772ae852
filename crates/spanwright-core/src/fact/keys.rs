//! Identities that outlive restarts, replays and deploys: made of names and random ids, never of row numbers or plans.

use std::sync::{Arc, OnceLock};

use super::RunId;

/// 128 random bits: one (message, flow).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Root(pub u128);

/// A step's name, unique in its flow.
pub type NodeName = Arc<str>;

/// Which item of an `each` (`3`, nested `3/0`); empty outside of one.
pub type Item = Arc<str>;

/// The item under which a flow's reply to its sender is kept; items of an `each` are numbers.
pub const ANSWER: &str = "answer";

/// BLAKE3 of some bytes.
pub type Print = [u8; 32];
/// The print of no bytes that anybody knows: what a system has of a record after a try that was never heard of.
pub const NOBODY_KNOWS: Print = [0; 32];

/// Doing, undoing, or asking whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// The effect.
    Do,
    /// Its undo.
    Undo,
    /// The question after an unknown outcome. Its generation is the number of the attempt that it asks about.
    Ask,
}

/// One effect of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectKey {
    /// The run, in its store.
    pub run: RunId,
    /// The step.
    pub node: NodeName,
    /// The item.
    pub item: Item,
    /// The way.
    pub way: Way,
}

/// The print of some bytes.
pub fn print_of(pieces: &[&[u8]]) -> Print {
    let mut hasher = blake3::Hasher::new();
    for piece in pieces {
        hasher.update(&(piece.len() as u64).to_le_bytes());
        hasher.update(piece);
    }
    *hasher.finalize().as_bytes()
}

/// The item of an effect outside any `each`.
pub fn no_item() -> Item {
    static EMPTY: OnceLock<Item> = OnceLock::new();
    EMPTY.get_or_init(|| "".into()).clone()
}

impl EffectKey {
    /// The idempotency key, 32 hexadecimal digits: the first 128 bits of
    /// BLAKE3("spanwright effect 1", root, node, item, way, generation).
    pub fn idempotency_key(&self, root: Root, generation: u32) -> String {
        let way: &[u8] = match self.way {
            Way::Do => b"do",
            Way::Undo => b"undo",
            Way::Ask => b"ask",
        };
        let print = print_of(&[
            b"spanwright effect 1",
            &root.0.to_be_bytes(),
            self.node.as_bytes(),
            self.item.as_bytes(),
            way,
            &generation.to_be_bytes(),
        ]);
        hex(&print[..16])
    }
}

/// The key of a request: of one effect its own, whether others might have gone with it or not; of several one that is made of theirs in
/// their order, so that the same composition has the same key.
pub fn request_key(keys: &[&str]) -> String {
    if let [one] = keys {
        return (*one).to_string();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"spanwright batch 1");
    for key in keys {
        hasher.update(key.as_bytes());
        hasher.update(b"\n");
    }
    hex(&hasher.finalize().as_bytes()[..16])
}

/// The lane of a record in an order scope; never 0, which means unordered.
pub fn lane_of(scope: &str, key: &str) -> u64 {
    let print = print_of(&[b"spanwright lane 1", scope.as_bytes(), key.as_bytes()]);
    let mut first = [0; 8];
    first.copy_from_slice(&print[..8]);
    u64::from_be_bytes(first).max(1)
}

/// Two digits a byte, in small letters.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(run: i64, node: &str, way: Way) -> EffectKey {
        EffectKey { run: RunId(run), node: node.into(), item: no_item(), way }
    }

    #[test]
    fn a_key_depends_on_names_and_root_and_not_on_the_row() {
        let one = key(1, "crm.upsert", Way::Do).idempotency_key(Root(7), 0);
        assert_eq!(one, key(99, "crm.upsert", Way::Do).idempotency_key(Root(7), 0));
        assert_eq!(one.len(), 32);
        for other in [
            key(1, "crm.upsert", Way::Do).idempotency_key(Root(8), 0),
            key(1, "crm.upsert", Way::Do).idempotency_key(Root(7), 1),
            key(1, "crm.upsert", Way::Undo).idempotency_key(Root(7), 0),
            key(1, "crm.other", Way::Do).idempotency_key(Root(7), 0),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn keys_are_the_same_in_every_edition() {
        // Golden: peers remember keys across our upgrades.
        assert_eq!(key(1, "crm.upsertContacts", Way::Do).idempotency_key(Root(1), 0), "21c34cd71bcef3287330c72cc7a50acb");
    }

    #[test]
    fn the_same_composition_has_the_same_key_and_what_is_alone_has_its_own() {
        assert_eq!(request_key(&["a", "b"]), request_key(&["a", "b"]));
        assert_ne!(request_key(&["a", "b"]), request_key(&["b", "a"]));
        assert_eq!(request_key(&["a"]), "a");
    }
}
