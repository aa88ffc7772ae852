//! What happens to one message: participants, arrows between them, and frames around what is repeated or depends.

/// A sequence diagram.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    /// What it shows.
    pub title: String,
    /// From left to right.
    pub participants: Vec<String>,
    /// From top to bottom.
    pub items: Vec<Item>,
}

/// A thing in it.
#[derive(Clone, Debug)]
pub enum Item {
    /// Something said.
    Says {
        /// The participant's number.
        from: usize,
        /// The participant's number; the same for what it does by itself.
        to: usize,
        /// What.
        words: String,
        /// How it is drawn.
        arrow: Arrow,
    },
    /// A remark at a participant.
    Note {
        /// The participant's number.
        at: usize,
        /// What.
        words: String,
    },
    /// A frame: its kind and its parts, each under a condition.
    Frame {
        /// `loop`, `alt`, `opt`, `par`
        kind: &'static str,
        /// Condition and what is inside.
        parts: Vec<(String, Vec<Item>)>,
    },
}

/// How something said is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// A request.
    Asks,
    /// An answer.
    Answers,
    /// Something that did not arrive.
    Lost,
}
