//! The arena that one record's values live in; reset and not freed, and bounded.

use bumpalo::Bump;

/// Bytes that one record may take in its arena, all intermediate values included.
pub const ROOM_BYTES_MOST: usize = 64 << 20;

/// An arena for the values of one record.
#[derive(Default)]
pub struct Room {
    bump: Bump,
}

impl Room {
    /// An empty room.
    pub fn new() -> Room {
        Room::default()
    }

    /// Where to allocate.
    pub fn bump(&self) -> &Bump {
        &self.bump
    }

    /// A text that lives as long as the room.
    pub fn text(&self, text: &str) -> &str {
        self.bump.alloc_str(text)
    }

    /// Bytes taken so far.
    pub fn used(&self) -> usize {
        self.bump.allocated_bytes()
    }

    /// Forgets every value and keeps the memory for the next record.
    pub fn clear(&mut self) {
        self.bump.reset();
    }
}
