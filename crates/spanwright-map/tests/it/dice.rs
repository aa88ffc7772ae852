//! Randomness that is the same on every machine: the seed of a failing case is all that it takes to see it again.

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    /// A die of its own for each seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// From 0 up to, and without, `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % sides
    }

    /// One of several.
    pub fn pick<'s, T: ?Sized>(&mut self, among: &[&'s T]) -> &'s T {
        among[self.roll(among.len())]
    }

    /// True one time in so many.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }
}
