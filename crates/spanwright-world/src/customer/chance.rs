//! Chance without chance: what looks random is a function of an index and the number of a field.

/// A number that looks random and is the same each time (splitmix64).
pub(super) fn roll(index: u64, field: u64) -> u64 {
    let mut mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(field.wrapping_mul(0xbf58_476d_1ce4_e5b9)).wrapping_add(1);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

pub(super) fn pick<T: Copy>(choices: &[T], index: u64, field: u64) -> T {
    choices[usize::try_from(roll(index, field) % choices.len() as u64).expect("smaller than a length")]
}

/// One in so many has it.
pub(super) fn one_in(many: u64, index: u64, field: u64) -> bool {
    roll(index, field).is_multiple_of(many)
}
