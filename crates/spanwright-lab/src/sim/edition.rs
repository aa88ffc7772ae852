//! What of the plan a deploy may change. Each story has a few editions of its plan, and each life begins with one of them, while
//! messages of the others are open.

use super::roll::Dice;

/// An edition of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edition {
    /// Items of one request at most, of the steps that may gather some; none where each goes alone.
    pub ship: Option<usize>,
    pub log: Option<usize>,
    pub upsert: Option<usize>,
    pub publish: Option<usize>,
    pub hand: Option<usize>,
    /// A parcel is handed over at all.
    pub hands: bool,
    /// Each parcel of a batch has a key of its own.
    pub key_an_item: bool,
    /// Of the states of a record that wait, only the newest goes.
    pub newest_only: bool,
    /// A state that was sent before is not sent again.
    pub unchanged: bool,
    /// Whom an order tells of itself is another system.
    pub told_elsewhere: bool,
    /// The events of all accounts are in one line.
    pub all_in_order: bool,
    /// A parcel is insured first, and insured no more where it is not handed over.
    pub insures: bool,
    /// A label is printed: from then on nothing is taken back.
    pub labels: bool,
}

/// Editions of one story, at most.
const EDITIONS_MOST: i64 = 4;

impl Edition {
    /// Without anything that is only there while a plan changes.
    pub const FIRST: Edition = Edition {
        ship: Some(8),
        log: Some(4),
        upsert: Some(5),
        publish: Some(4),
        hand: Some(5),
        hands: true,
        key_an_item: false,
        newest_only: true,
        unchanged: true,
        told_elsewhere: false,
        all_in_order: false,
        insures: false,
        labels: false,
    };

    /// The editions of a story: of each second one, the first alone.
    pub fn of_story(dice: &mut Dice) -> Vec<Edition> {
        let mut editions = vec![Edition::FIRST];
        if dice.one_in(2) {
            let count = 1 + dice.up_to(EDITIONS_MOST);
            editions.extend((1..count).map(|_| Edition::rolled(dice)));
        }
        editions.dedup();
        editions
    }

    fn rolled(dice: &mut Dice) -> Edition {
        let batch = |dice: &mut Dice| [None, Some(2), Some(5), Some(8)][dice.up_to(4) as usize];
        Edition {
            ship: batch(dice),
            log: batch(dice),
            upsert: batch(dice),
            publish: batch(dice),
            hand: batch(dice),
            hands: !dice.one_in(4),
            key_an_item: dice.one_in(4),
            newest_only: dice.one_in(2),
            unchanged: dice.one_in(2),
            told_elsewhere: dice.one_in(2),
            all_in_order: dice.one_in(2),
            insures: dice.one_in(2),
            labels: dice.one_in(2),
        }
    }
}
