//! What a stopped run owes when it goes on, and whether it may.
//!
//! Pure rules that every store follows, the preview of a replay too.

use std::cmp::Ordering;

use super::{EffectState, Moment, Phase, StoredEffect, Way};
use crate::{codes, run::compare};

/// The reasons for which a batch under one key does not go again as it went: whoever replays one of it has it go without the
/// others.
pub const APART: [&str; 2] = [codes::APART.id, codes::NO_LONGER_ASKED.id];

/// The generation of a question that was asked before a replay: what it was told then answers nothing now.
pub const OF_NO_ATTEMPT: u32 = u32::MAX;

/// The effects of a stopped run as a replay finds them.
///
/// What is done stays done. What was refused is owed in its next generation, since a peer that remembers refusals under
/// a key must not answer from memory. What is uncertain is owed in the same generation with the same bytes, and so is
/// what was given up while nobody knew whether an earlier try had arrived; together with what it went with under one key, unless
/// that is [`APART`], or goes `apart` from those that it went with. What was undone, or may have been, is owed
/// again in its next generation; the undos go. Questions stay, of no attempt that there is ([`OF_NO_ATTEMPT`]): where one was asked
/// before, it is asked anew before its effect is, in each replay.
pub fn owed_again(effects: Vec<StoredEffect>, at: Moment, apart: bool) -> Vec<StoredEffect> {
    let undone: Vec<_> = effects
        .iter()
        .filter(|known| known.effect.way == Way::Undo && may_have_happened(&known.state.phase))
        .map(|known| (known.effect.node.clone(), known.effect.item.clone()))
        .collect();
    let kept = effects.into_iter().filter(|known| known.effect.way != Way::Undo);
    kept.map(|mut known| {
        if known.effect.way == Way::Ask {
            known.state.generation = OF_NO_ATTEMPT;
            return known;
        }
        let was_undone = undone.iter().any(|(node, item)| *node == known.effect.node && *item == known.effect.item);
        known.state = state_again(known.state, was_undone, at, apart);
        known
    })
    .collect()
}

fn state_again(state: EffectState, was_undone: bool, at: Moment, apart: bool) -> EffectState {
    let owed = Phase::Owed { due: at };
    match &state.phase {
        _ if was_undone => next_generation(state, owed),
        Phase::Dead(_) if state.sent.is_none() => next_generation(state, owed),
        Phase::Dead(why) | Phase::Uncertain(why) => {
            let glued = state.glued.filter(|_| !apart && !APART.contains(&why.code.id));
            EffectState { phase: owed, tries: 0, first: None, failed: None, own_failures: 0, glued, ..state }
        }
        Phase::Owed { .. } | Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Superseded => state,
    }
}

fn next_generation(state: EffectState, owed: Phase) -> EffectState {
    EffectState { generation: state.generation + 1, ..EffectState::new(owed) }
}

/// Whether an effect is an undo, or failed for good, so that what came before it is undone: a word "undone by hand" is of that. Before it,
/// and after a replay, nothing is on its way back. A journal does not know which failures a flow forgives (`if_dead:` of a step): there a
/// word is taken, too, and is heeded if the step is undone after all.
pub fn begins_way_back(way: Way, phase: &Phase) -> bool {
    match way {
        Way::Do => phase.is_given_up(),
        Way::Undo => true,
        Way::Ask => false,
    }
}

fn may_have_happened(phase: &Phase) -> bool {
    match phase {
        Phase::Started { .. } | Phase::Done(_) | Phase::Uncertain(_) => true,
        Phase::Owed { .. } | Phase::Unchanged | Phase::Superseded | Phase::Dead(_) => false,
    }
}

/// Whether one state of a record is newer than another: by their versions where both have one and they differ, else by
/// the order in which they came. Versions are counters or ISO 8601 times; see [`compare`].
pub fn is_newer((version, came): (Option<&str>, i64), (than_version, than_came): (Option<&str>, i64)) -> bool {
    let by_version = match (version, than_version) {
        (Some(one), Some(other)) => compare(one, other),
        (_, _) => Ordering::Equal,
    };
    by_version.then(came.cmp(&than_came)) == Ordering::Greater
}

/// So many of the newest states of a record are looked through for one that a source lists again.
pub const STATES_LOOKED_AT_MOST: usize = 200;

/// Whether two versions of a record are of two states, one newer than the other.
pub fn is_other_state(version: &str, than: &str) -> bool {
    compare(version, than) != Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::is_newer;

    fn check(one: (Option<&str>, i64), other: (Option<&str>, i64), expected: bool) {
        assert_eq!(is_newer(one, other), expected, "{one:?} over {other:?}");
    }

    #[test]
    fn a_version_counts_before_the_order_of_arrival() {
        check((Some("10"), 1), (Some("9"), 2), true);
        check((Some("9"), 2), (Some("10"), 1), false);
        check((Some("007"), 2), (Some("7"), 1), true);
        check((Some("2026-07-02T08:00:00Z"), 1), (Some("2026-07-01T09:00:00Z"), 2), true);
    }

    #[test]
    fn without_two_versions_the_later_one_is_newer() {
        check((None, 2), (Some("99"), 1), true);
        check((None, 1), (None, 2), false);
        check((Some("1"), 2), (Some("1"), 1), true);
        check((None, 1), (None, 1), false);
    }
}
