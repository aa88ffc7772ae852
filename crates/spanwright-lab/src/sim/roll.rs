//! Dice of a seed: xorshift, enough to disturb and the same for ever.

pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    pub fn roll(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `most`.
    pub fn up_to(&mut self, most: i64) -> i64 {
        (self.roll() >> 1) as i64 % most.max(1)
    }

    pub fn one_in(&mut self, most: i64) -> bool {
        self.up_to(most) == 0
    }

    pub fn percent(&mut self) -> i64 {
        self.up_to(100)
    }
}
