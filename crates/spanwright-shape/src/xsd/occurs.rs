//! How often something may stand in a content model.

/// `minOccurs` and `maxOccurs`; `None` is `unbounded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurs {
    /// At least.
    pub least: u32,
    /// At most.
    pub most: Option<u32>,
}

impl Occurs {
    /// Exactly once.
    pub const ONCE: Occurs = Occurs { least: 1, most: Some(1) };
    /// Not at all.
    pub const NEVER: Occurs = Occurs { least: 0, most: Some(0) };

    /// Whether it may come more than once.
    pub fn repeats(self) -> bool {
        self.most.is_none_or(|most| most > 1)
    }

    /// This inside of something that occurs `outer` often.
    pub fn times(self, outer: Occurs) -> Occurs {
        let most = match (self.most, outer.most) {
            (Some(0), _) | (_, Some(0)) => Some(0),
            (Some(a), Some(b)) => Some(a.saturating_mul(b)),
            _ => None,
        };
        Occurs { least: self.least.saturating_mul(outer.least), most }
    }

    /// This followed by that.
    pub fn plus(self, other: Occurs) -> Occurs {
        let most = self.most.zip(other.most).map(|(a, b)| a.saturating_add(b));
        Occurs { least: self.least.saturating_add(other.least), most }
    }

    /// Either this or that.
    pub fn or(self, other: Occurs) -> Occurs {
        Occurs { least: self.least.min(other.least), most: self.most.zip(other.most).map(|(a, b)| a.max(b)) }
    }
}
